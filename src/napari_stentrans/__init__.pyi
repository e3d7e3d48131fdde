from . import (
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
    pipeline,
    placing,
    record,
    section,
    simulate,
)
from .annotation import Annotation
from .config import EnhanceConfig, PublishedConfig
from .damage import Damage, find_damage
from .enhancement import Enhancement, GeneMap
from .errors import StentransError, StentransWarning
from .evaluation import Evaluation, evaluate, evaluate_steps
from .intervals import Intervals
from .io import read_mask, read_regions, read_section
from .pipeline import enhance, enhance_steps
from .placing import with_image
from .record import RunRecord
from .section import Section, SectionImage
from .simulate import simulate_section, true_expression

__all__ = [
    "Annotation",
    "Damage",
    "EnhanceConfig",
    "Enhancement",
    "Evaluation",
    "GeneMap",
    "Intervals",
    "PublishedConfig",
    "RunRecord",
    "Section",
    "SectionImage",
    "StentransError",
    "StentransWarning",
    "analysis",
    "annotation",
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
    "intervals",
    "io",
    "pipeline",
    "placing",
    "read_mask",
    "read_regions",
    "read_section",
    "record",
    "section",
    "simulate",
    "simulate_section",
    "true_expression",
    "with_image",
]
