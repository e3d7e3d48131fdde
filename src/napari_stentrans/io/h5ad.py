"""AnnData files (``.h5ad``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad

from napari_stentrans.io._shared import reading, repeated_names_allowed
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Choice, Chosen

SUFFIX = ".h5ad"


def claims(path: Path) -> bool:
    """Whether the path is an ``.h5ad`` file, by its name."""
    return path.is_file() and path.suffix.lower() == SUFFIX


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Nothing to choose."""
    return ()


def read(path: Path, chosen: Chosen) -> Section:
    """Read an ``.h5ad`` file; see Section.from_anndata for what it must hold.

    Raises
    ------
    ReadError
        When the file is damaged or is no AnnData file.
    SectionError
        When counts or positions are missing or make no sense.
    """
    remedy = "Expected an AnnData file (.h5ad) that is whole: write or copy it again."
    with reading(path, remedy), repeated_names_allowed():
        adata = ad.read_h5ad(path)
    return Section.from_anndata(adata, source=path, name=path.stem)
