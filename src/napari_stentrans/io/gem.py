"""Stereo-seq: a GEM table (one line a gene at a spot of the chip), summed in bins or in cells.

The spots (DNA nanoballs) of the chips that are sold lie 0.5 um apart; those of the first, in
Chen et al. 2022, also 0.715 um. The table does not say which: 0.5 um is taken, so that bin 50
is 25 um. Positions are in spots of the chip: those of the table and ``#OffsetX``, ``#OffsetY``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    is_number,
    open_text,
    plain_stem,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import find_column, peek, read_text_columns
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen

SUFFIXES = (".gem", ".tsv", ".txt", ".csv")
BINS = ("20", "50", "100", "200")
DEFAULT_BIN = "50"
CELLS = "cells"
UM_PER_PX = 0.5
COUNTS = ("MIDCount", "MIDCounts", "UMICount", "UMICounts", "MID_count", "UMI_count")
GENES = ("geneName", "gene_name", "geneID", "gene_id", "gene")
"""Newer tables have names beside identifiers."""
CELL_COLUMNS = ("CellID", "cell_id", "cell", "label", "CellLabel", "cell_label")
OUTSIDE = {"0", "-1", "", "nan", "na", "none"}
"""What stands in the column of cells where a spot lies in none."""
REMEDY = "Expected a GEM table of Stereo-seq."
_OFFSET = re.compile(r"#\s*Offset_?([XY])\s*[=:]?\s*(\S+)", re.IGNORECASE)
ROWS_AT_ONCE = 2_000_000
FURTHEST = 2**31
"""Coordinates beyond this are no spots of a chip."""


def claims(path: Path) -> bool:
    """Whether the path is a GEM table, by its header."""
    if not path.is_file() or plain_suffix(path) not in SUFFIXES:
        return False
    return plain_suffix(path) == ".gem" or _columns(path) is not None


def recognises(path: Path) -> bool:
    """Whether the header is that of a GEM table."""
    return claims(path) and _columns(path) is not None


def choices(path: Path) -> tuple[Choice, ...]:
    """Side of a bin, in spots of the chip; or cells, where the table names them."""
    cells = (CELLS,) if _cell_column(path) else ()
    label = "Bin (spots of the chip, 0.5 um)"
    return (Choice("bin", label, (*cells, *BINS), (*cells, DEFAULT_BIN)[0], parts=False),)


def read(path: Path, chosen: Chosen) -> Section:
    """Read a GEM table, a part at a time, into bins on a square lattice or into its cells.

    A cell lies in the middle of its counts.

    Raises
    ------
    ReadError
        When the table is damaged or is of another kind.
    SectionError
        When its counts make no sense.

    Warns
    -----
    StentransWarning
        When the table names cells, or some counts lie outside of them.
    """
    columns = _columns(path)
    if columns is None:
        raise ReadError(
            f"'{path}' is not a GEM table: expected the columns geneID, x, y and MIDCount below "
            "its comments. Export it again."
        )
    cell = _cell_column(path)
    if chosen["bin"] == CELLS and cell:
        with reading(path, REMEDY):
            return _read_cells(path, columns, cell)
    if cell:
        warn(
            f"{path.name}: its column {cell!r} names cells; squares of {chosen['bin']} spots are "
            "read (bin=cells reads the cells)."
        )
    with reading(path, REMEDY):
        return _read_bins(path, columns, int(chosen["bin"]))


def _read_bins(path: Path, columns: list[str], side: int) -> Section:
    genes: dict[str, int] = {}
    offset = _offset(path)
    parts = [_summed(table, side, genes, offset) for table in _tables(path, columns)]
    if not genes:
        raise ReadError(f"'{path}' holds no rows. The file may be cut off: copy it again.")
    bins, counts = _merged(parts, len(genes))
    row, column = bins >> 32, bins & (2**32 - 1)
    whole = AnnDataParts(
        X=counts,
        obs=pd.DataFrame(
            {"array_row": row, "array_col": column},
            index=[f"{x * side}_{y * side}" for x, y in zip(column, row, strict=True)],
        ),
        var=pd.DataFrame(index=pd.Index(list(genes), dtype=object)),
        obsm={"spatial": (np.column_stack([column, row]) + 0.5) * side - 0.5},
    )
    name = f"{plain_stem(path)}_bin{side}"
    return Section.from_anndata(whole, um_per_px=UM_PER_PX, source=path, name=name)


def _read_cells(path: Path, columns: list[str], cell: str) -> Section:
    """Sum the counts of each cell, and put it where the middle of them lies."""
    genes: dict[str, int] = {}
    cells: dict[str, int] = {}
    parts: list[_Part] = []
    places: list[NDArray[np.float64]] = []
    outside = total = 0.0
    for table in _tables(path, columns, cell):
        names = table[cell].fillna("").str.strip().str.replace(r"\.0*$", "", regex=True)
        count = pd.to_numeric(table.iloc[:, 3]).to_numpy(float)
        inside = ~names.str.lower().isin(OUTSIDE).to_numpy(bool)
        total, outside = total + count.sum(), outside + count[~inside].sum()
        codes, found = pd.factorize(names[inside])
        known = np.array([cells.setdefault(str(name), len(cells)) for name in found], np.int64)
        parts.append(_counted(table[inside], known[codes], genes))
        xy = table.iloc[:, 1:3].apply(pd.to_numeric).to_numpy(float)[inside]
        sums = np.column_stack([xy * count[inside, None], count[inside]])
        places.append(_added(sums, known[codes], len(cells)))
    if not cells:
        raise ReadError(f"'{path}' has no counts in cells. Take bins of spots: bin=50.")
    if outside:
        warn(f"{path.name}: {outside / total:.0%} of its counts lie outside cells, left out.")
    _, counts = _merged(parts, len(genes))
    sums = np.zeros((len(cells), 3))
    for part in places:
        sums[: len(part)] += part
    xy = sums[:, :2] / sums[:, 2:] + _offset(path)
    return place(
        Cells.of(counts, list(cells), list(genes)),
        pd.DataFrame(xy, pd.Index(list(cells), dtype=object)),
        source=path,
        name=f"{plain_stem(path)}_cells",
        um_per_px=UM_PER_PX,
    )


def _tables(path: Path, columns: list[str], cell: str | None = None) -> Iterator[pd.DataFrame]:
    """Gene, x, y, count and, if wanted, cell of some lines at a time."""
    text = (columns[0], *([cell] if cell else []))
    with open_text(path) as file:
        yield from read_text_columns(file, [*columns, *text[1:]], text, ROWS_AT_ONCE)


def _offset(path: Path) -> NDArray[np.int64]:
    """(2,) x and y of the table's origin on the chip, by the comments above it; 0 without."""
    found = {"X": 0, "Y": 0}
    with open_text(path) as file:
        while (line := file.readline()).startswith("#"):
            if hit := _OFFSET.match(line):
                if not is_number(hit[2]) or not float(hit[2]).is_integer():
                    raise ValueError(f"its line {line.strip()!r} gives no whole number")
                found[hit[1].upper()] = int(float(hit[2]))
    return np.array([found["X"], found["Y"]], np.int64)


def _cell_column(path: Path) -> str | None:
    """Column that says in which cell a spot lies."""
    return find_column(next(iter(peek(path)), []), *CELL_COLUMNS)


def _columns(path: Path) -> list[str] | None:
    """Return what gene, x, y and count are called in the header; None where one is missing."""
    header = next(iter(peek(path)), [])
    found = [find_column(header, *names) for names in (GENES, ("x",), ("y",), COUNTS)]
    return [name for name in found if name] if all(found) else None


_Part = tuple["NDArray[np.int64]", sp.csr_matrix]


def _summed(
    table: pd.DataFrame, side: int, genes: dict[str, int], offset: NDArray[np.int64]
) -> _Part:
    """Bins of some lines, as row << 32 | column, and their counts (bin, gene)."""
    xy = table.iloc[:, 1:3].apply(pd.to_numeric).to_numpy(float) + offset
    if not ((xy >= 0) & (xy < FURTHEST)).all():
        raise ValueError("x and y must be 0 or more, and every line must name a gene")
    at = (xy // side).astype(np.int64)
    return _counted(table, at[:, 1] << 32 | at[:, 0], genes)


def _counted(table: pd.DataFrame, units: NDArray[np.int64], genes: dict[str, int]) -> _Part:
    """Bins or cells of some lines, by number, and their counts (unit, gene)."""
    gene, count = table.iloc[:, 0], pd.to_numeric(table.iloc[:, 3]).to_numpy(float)
    if gene.isna().any():
        raise ValueError("x and y must be 0 or more, and every line must name a gene")
    if not np.isfinite(count).all() or (count < 0).any():
        raise ValueError("counts must be numbers from 0 up")
    codes, names = pd.factorize(gene)
    known = np.array([genes.setdefault(str(name), len(genes)) for name in names], np.int64)
    found, where = np.unique(units, return_inverse=True)
    shape = len(found), len(genes)
    return found, sp.csr_matrix((count.astype(np.float32), (where, known[codes])), shape)


def _added(
    values: NDArray[np.float64], units: NDArray[np.int64], n_units: int
) -> NDArray[np.float64]:
    """(unit, column) sums of values (line, column) over the lines of each unit."""
    return np.column_stack([np.bincount(units, column, n_units) for column in values.T])


def _merged(parts: list[_Part], n_genes: int) -> _Part:
    """Sum the parts, two at a time."""
    while len(parts) > 1:
        parts = [_sum_of(parts[i : i + 2], n_genes) for i in range(0, len(parts), 2)]
    return _sum_of(parts, n_genes)


def _sum_of(parts: list[_Part], n_genes: int) -> _Part:
    bins = np.unique(np.concatenate([part for part, _ in parts]))
    rows, columns, values = zip(*_entries(parts, bins), strict=True)
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return bins, sp.csr_matrix(entries, (len(bins), n_genes))


def _entries(parts: list[_Part], bins: NDArray[np.int64]) -> Iterator[tuple[Any, ...]]:
    for part, counts in parts:
        entries = counts.tocoo()
        yield np.searchsorted(bins, part)[entries.row], entries.col, entries.data
