"""Sections as ``.h5ad``: with their scale and a small copy of their tissue image."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import anndata as ad

from napari_stentrans.errors import StentransWarning
from napari_stentrans.export.files import beside, check_file, target
from napari_stentrans.export.h5ad import write_whole
from napari_stentrans.export.images import from_corner

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section

MOST_IMAGE_PIXELS = 2000
"""Along a side of an image that is put into the file, as in Space Ranger's hires image."""


def write_section(section: Section, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a section as ``.h5ad`` so that ``read_section`` gives it back.

    Counts, names, positions and tables are those of ``section.adata``. ``uns["spatial"]`` holds
    the tissue image of at most 2,000 pixels a side, its scale, and micrometres per pixel. An image
    that does not begin at the position (0, 0) gets a border up to there, since an ``.h5ad`` file
    knows a scale and no offset.

    Raises
    ------
    WriteError
        When the ending is another one, the file is there and may not be replaced, or it cannot
        be written. No half-written file is left.

    Warns
    -----
    StentransWarning
        When spots lie at negative positions, and the image has to be cut off there.
    """
    path = target(path)
    check_file(path, ".h5ad", overwrite=overwrite)
    with beside(path) as fresh:
        write_whole(to_anndata(section), fresh)
    return path


def to_anndata(section: Section) -> ad.AnnData:
    """Shallow copy of ``section.adata`` with image and scales in ``uns["spatial"]``."""
    adata, factors, images = section.adata, _factors(section), {}
    for image in section.images[:1]:
        pixels, scale = from_corner(image, MOST_IMAGE_PIXELS)
        if min(image.origin) < 0 and (section.xy < 0).any():
            warnings.warn(
                "Spots lie at negative positions, where an .h5ad file can hold no image: the "
                "tissue image is cut off there.",
                StentransWarning,
                stacklevel=3,
            )
        if pixels.size:
            images["hires"], factors["tissue_hires_scalef"] = pixels, scale
    spatial = {section.name.replace("/", "_"): {"images": images, "scalefactors": factors}}
    return ad.AnnData(
        adata.X,
        adata.obs,
        adata.var,
        uns={**adata.uns, "spatial": spatial},
        obsm=dict(adata.obsm),
        varm=dict(adata.varm),
    )


def _factors(section: Section) -> dict[str, Any]:
    """Scale factors of the section that are not of an image, and micrometres per pixel."""
    records = section.adata.uns.get("spatial") or {}
    first: Any = next(iter(records.values()), {}) if isinstance(records, dict) else {}
    known = first.get("scalefactors") or {} if isinstance(first, dict) else {}
    factors = {key: value for key, value in known.items() if not key.endswith("_scalef")}
    if section.um_per_px is not None:
        factors["microns_per_pixel"] = section.um_per_px
    return factors
