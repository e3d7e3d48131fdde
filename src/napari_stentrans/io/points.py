"""What the readers of cells, beads and bins share: counts and positions to a Section."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    first_of_each,
    match_barcodes,
    repeated_names_allowed,
    unplaced,
    warn,
)
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage

_ROUNDED = re.compile(r"\d(\.\d+)?e\+?\d+|\d{15}0{1,}(\.0*)?", re.IGNORECASE)
"""Long numbers in powers of ten, or of which no more than 15 digits are left."""
TECHNICAL_FOLDERS = ("outs", "region_0", "analysis", "processed")
"""Folders whose names say nothing about the section; the one above them does."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of cells with their names.

    Attributes
    ----------
    counts
        (cell, gene) raw counts, CSR.
    names
        (cell,) as they stand in the file.
    var
        (gene, ...) table, gene names as the index.
    """

    counts: sp.csr_matrix
    names: pd.Index
    var: pd.DataFrame

    @classmethod
    def of(cls, counts: sp.csr_matrix, names: Sequence[str], genes: Sequence[str]) -> Cells:
        """Cells whose genes have nothing but a name."""
        return cls(counts, pd.Index(names), pd.DataFrame(index=pd.Index(genes, dtype=object)))

    def without(self, *controls: str) -> Cells:
        """Leave out the columns whose names begin like this: probes that measure no gene."""
        genes = self.var.index.astype(str)
        keep = np.flatnonzero(~genes.str.lower().str.startswith(tuple(map(str.lower, controls))))
        if len(keep) == len(genes):
            return self
        counts = sp.csr_matrix(sp.csc_matrix(self.counts)[:, keep])
        return Cells(counts, self.names, self.var.iloc[keep])


def place(
    cells: Cells,
    positions: pd.DataFrame,
    *,
    source: Path,
    name: str,
    um_per_px: float | None,
    images: Sequence[SectionImage] = (),
    wanted: NDArray[np.bool_] | None = None,
) -> Section:
    """Put cells where their positions say.

    Parameters
    ----------
    cells
        The counts.
    positions
        (cell, 2) x and y in pixels, indexed by the names of the cells.
    source, name, um_per_px, images
        As in Section.
    wanted
        (row,) rows of the positions whose cells are wanted; all where it is not given.

    Raises
    ------
    ReadError
        When there are no counts, no cell has a position, or names were rounded to the same one.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When cells stand more than once, or have no position, or positions no cell.
    """
    if not cells.counts.nnz:
        raise ReadError(f"{source} holds no counts of genes in cells. Check that it is whole.")
    for names in (positions.index, cells.names):
        _refuse_rounded(names, source)
    first = first_of_each(positions.index, "positions", source)
    positions = positions.iloc[first]
    rows = first_of_each(cells.names, "cells", source)
    names = cells.names[rows]
    at = match_barcodes(names, positions.index)
    placed = at >= 0
    if not placed.any():
        raise ReadError(
            f"No cell of {source} has a position: the counts are named like "
            f"{next(iter(names), '')!r}, the positions like {next(iter(positions.index), '')!r}. "
            "Check that both are of the same section"
            + (_rounded_hint(names) or _rounded_hint(positions.index) or ".")
        )
    if not placed.all():
        warn(f"{unplaced(placed, 'cell')} left out (first: {names[~placed][0]!r}).")
    alone = np.ones(len(positions), bool)
    alone[at[placed]] = False
    if alone.any():
        warn(
            f"{int(alone.sum()):,} of {len(alone):,} positions have no counts and were left out "
            f"(first: {positions.index[alone][0]!r})."
        )
    if wanted is not None:
        placed[placed] = wanted[first][at[placed]]
        if not placed.any():
            raise ReadError(f"{source} has no counts where cells are wanted. Choose others.")
    with repeated_names_allowed():
        parts = AnnDataParts(
            X=cells.counts[rows[placed]],
            obs=pd.DataFrame(index=names[placed].astype(str)),
            var=cells.var,
            obsm={"spatial": positions.to_numpy(float)[at[placed]]},
        )
    return Section.from_anndata(parts, images=images, um_per_px=um_per_px, source=source, name=name)


def _refuse_rounded(names: pd.Index, source: Path) -> None:
    """Raise where several cells have one name because long numbers were rounded."""
    twice = names[names.duplicated(keep=False)].map(str)
    rounded = [name for name in twice if _ROUNDED.fullmatch(name)]
    if rounded:
        raise ReadError(
            f"{source}: {len(rounded):,} cells have names that others have too, because long "
            f"numbers were rounded, such as {rounded[0]!r}; a spreadsheet or a program that stores "
            "them as fractions does that. Which cell is which cannot be told: take the files as "
            "they were exported."
        )


def _rounded_hint(names: pd.Index) -> str:
    rounded = next((name for name in map(str, names) if _ROUNDED.fullmatch(name)), None)
    return f", and that long numbers were not rounded, as {rounded!r} may be." if rounded else ""


def name_of(path: Path) -> str:
    """Name of a section after its folder, or the folder above one with a technical name."""
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    while folder.name in TECHNICAL_FOLDERS:
        folder = folder.parent
    return folder.name or "section"
