"""Sections as ``.h5ad``: with their scale and a small copy of their tissue image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad

from napari_stentrans.export.files import beside, check_file, target
from napari_stentrans.export.h5ad import write_whole
from napari_stentrans.library import library_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section


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
    adata = section.adata
    spatial = {section.name.replace("/", "_"): library_of(section)}
    return ad.AnnData(
        adata.X,
        adata.obs,
        adata.var,
        uns={**adata.uns, "spatial": spatial},
        obsm=dict(adata.obsm),
        varm=dict(adata.varm),
    )
