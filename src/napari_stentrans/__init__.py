"""Repair and sharpen spatial transcriptomics: fill, double the resolution, denoise.

>>> from napari_stentrans import EnhanceConfig, enhance, read_section
>>> section = read_section("outs")  # doctest: +SKIP
>>> result = enhance(section, lost, EnhanceConfig(upscale=2))  # doctest: +SKIP
>>> result.gene("Ttr").mean  # doctest: +SKIP
"""

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.damage import Damage, find_damage
from napari_stentrans.enhancement import Enhancement, GeneMap
from napari_stentrans.errors import StentransError, StentransWarning
from napari_stentrans.evaluation import Evaluation, evaluate, evaluate_steps
from napari_stentrans.intervals import Intervals
from napari_stentrans.io import read_mask, read_regions, read_section
from napari_stentrans.pipeline import enhance, enhance_steps
from napari_stentrans.placing import with_image
from napari_stentrans.record import RunRecord
from napari_stentrans.section import Section, SectionImage
from napari_stentrans.simulate import simulate_section, true_expression

__all__ = [
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
    "enhance",
    "enhance_steps",
    "evaluate",
    "evaluate_steps",
    "find_damage",
    "read_mask",
    "read_regions",
    "read_section",
    "simulate_section",
    "true_expression",
    "with_image",
]
