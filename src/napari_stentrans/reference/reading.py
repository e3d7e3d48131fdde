"""Reading of single cells: AnnData files and 10x matrices, only the rows that are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.io import h5ad
from napari_stentrans.io._shared import plain_stem, plain_suffix, reading, repeated_names_allowed
from napari_stentrans.io.elements import read_elem
from napari_stentrans.io.h5ad_counts import counts_among, matrices_in, read_rows
from napari_stentrans.io.tenx_matrix import MTX, read_matrix
from napari_stentrans.reference.cells import Cells, drawn, types_of

if TYPE_CHECKING:
    import anndata as ad

    from napari_stentrans.record_facts import ReferenceFacts

MATRICES = ("matrix.mtx", "matrix.mtx.gz")
EXPECTED = (
    "Expected an AnnData (.h5ad, .zarr), a 10x matrix (.h5), or a folder with matrix.mtx, barcodes "
    "and features."
)


def cells_of(
    reference: Cells | ad.AnnData | str | Path, cell_type: str | None = None, seed: int = 0
) -> Cells:
    """Take, or read, a reference.

    Parameters
    ----------
    cell_type
        Column of ``obs`` that names types, of an AnnData or a path.

    Raises
    ------
    ReadError
        When a path holds no single cells, or is damaged.
    SectionError
        When it cannot be a reference; see ``Cells.from_anndata``.
    """
    if isinstance(reference, Cells):
        return reference
    if isinstance(reference, str | Path):
        return read_cells(reference, cell_type, seed)
    if not hasattr(reference, "var_names"):
        raise SectionError(
            f"Expected an AnnData of single cells or its path, got {type(reference).__name__}."
        )
    return Cells.from_anndata(reference, cell_type, seed=seed)


def again(facts: ReferenceFacts | None, seed: int) -> Cells | None:
    """Reference of a recorded run, which was drawn with this seed.

    Raises
    ------
    ReadError
        When it cannot be read.
    SectionError
        When the record does not say where it was, or other cells are there now.
    """
    if facts is None:
        return None
    if facts.source is None:
        raise SectionError(
            f"The record does not say where the reference {facts.name} was, since it was not read "
            "from a file. Repeat the run in Python, with reference=."
        )
    cells = read_cells(facts.source, facts.cell_type, seed)
    if cells.digest != facts.digest:
        raise SectionError(
            f"The reference {facts.source} has changed since the run: its digest was "
            f"{facts.digest} and is {cells.digest}. Give the same data."
        )
    return cells


def read_cells(path: str | Path, cell_type: str | None = None, seed: int = 0) -> Cells:
    """Read single cells as a reference: an AnnData (.h5ad, .zarr) or a 10x matrix (.h5, mtx).

    Parameters
    ----------
    cell_type
        Column of ``obs`` that names types.
    seed
        Of the draw, where there are more cells than are looked at.

    Raises
    ------
    ReadError
        When the path holds no single cells, or is damaged.
    SectionError
        When they cannot be a reference: no counts, negative or logged values, too few cells.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise ReadError(f"There is no reference at '{path}'. Check the path.")
    name = plain_stem(path)
    if h5ad.claims(path):
        return _read_anndata(path, name, cell_type, seed)
    folder = path.is_dir() and any((path / matrix).is_file() for matrix in MATRICES)
    if not folder and plain_suffix(path) != ".h5" and not MTX.search(path.name):
        raise ReadError(f"'{path}' holds no single cells that can be read. {EXPECTED}")
    if cell_type is not None:
        raise SectionError(
            f"'{path}' is a 10x matrix, which has no column {cell_type!r} of cell types. Put them "
            "into obs of an AnnData (.h5ad), or leave the column out."
        )
    matrix = read_matrix(path)
    rows = drawn(len(matrix.barcodes), None, seed)
    counts = (matrix.counts if len(rows) == len(matrix.barcodes) else matrix.counts[rows]).tocsc()
    n_all = len(matrix.barcodes)
    return Cells.of_counts(counts.astype(np.float32), matrix.var, None, name, path, n_all, None)


def _read_anndata(path: Path, name: str, cell_type: str | None, seed: int) -> Cells:
    with reading(path, EXPECTED), repeated_names_allowed(), h5ad.opened(path) as file:
        obs, matrices = read_elem(file["obs"]), matrices_in(file)
        if not matrices:
            raise SectionError(f"'{path}' has no counts: X is empty, no layers and no raw.")
        types = None if cell_type is None else types_of(obs, cell_type, name)
        rows, chosen = drawn(len(obs), types, seed), counts_among(matrices)
        counts = read_rows(matrices[chosen], rows)
        var = read_elem(file["raw/var" if chosen == "raw" else "var"])
    parts = AnnDataParts(counts, obs.iloc[rows], var)
    taken = None if types is None else types[rows]
    return Cells.of_parts(parts, taken, name, path, len(obs), cell_type)
