"""Repair and sharpen spatial transcriptomics: fill, double the resolution, denoise.

>>> from napari_stentrans import EnhanceConfig, enhance, read_section
>>> section = read_section("outs")  # doctest: +SKIP
>>> result = enhance(section, lost, EnhanceConfig(upscale=2))  # doctest: +SKIP
>>> result.gene("Ttr").mean  # doctest: +SKIP

What there is stands in ``__init__.pyi``. A name is imported when it is first asked for, so that
nobody waits for torch who does not run anything.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
