from . import (
    alignment,
    analysis,
    annotation,
    config,
    damage,
    enhancement,
    errors,
    evaluation,
    export,
    intervals,
    io,
    neighbours,
    pipeline,
    placing,
    record,
    reference,
    section,
    simulate,
)
from .alignment import Alignment, align, align_steps, by_hand, from_landmarks
from .annotation import Annotation
from .config import EnhanceConfig, PublishedConfig
from .damage import Damage, find_damage
from .enhancement import Enhancement, GeneMap
from .errors import StentransError, StentransWarning
from .evaluation import Evaluation, evaluate, evaluate_steps
from .intervals import Intervals
from .io import read_mask, read_regions, read_section
from .neighbours import Neighbour
from .pipeline import enhance, enhance_steps
from .placing import with_image
from .record import RunRecord
from .reference import Cells, read_cells
from .section import Section, SectionImage
from .simulate import simulate_cells, simulate_section, simulate_serial, true_expression

__all__ = [
    "Alignment",
    "Annotation",
    "Cells",
    "Damage",
    "EnhanceConfig",
    "Enhancement",
    "Evaluation",
    "GeneMap",
    "Intervals",
    "Neighbour",
    "PublishedConfig",
    "RunRecord",
    "Section",
    "SectionImage",
    "StentransError",
    "StentransWarning",
    "align",
    "align_steps",
    "alignment",
    "analysis",
    "annotation",
    "by_hand",
    "config",
    "damage",
    "enhance",
    "enhance_steps",
    "enhancement",
    "errors",
    "evaluate",
    "evaluate_steps",
    "evaluation",
    "export",
    "find_damage",
    "from_landmarks",
    "intervals",
    "io",
    "neighbours",
    "pipeline",
    "placing",
    "read_cells",
    "read_mask",
    "read_regions",
    "read_section",
    "record",
    "reference",
    "section",
    "simulate",
    "simulate_cells",
    "simulate_section",
    "simulate_serial",
    "true_expression",
    "with_image",
]
