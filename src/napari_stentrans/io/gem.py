"""Stereo-seq: a GEM table (one line a gene at a spot of the chip), summed in square bins.

The spots (DNA nanoballs) of the chips that are sold lie 0.5 um apart; those of the first, in
Chen et al. 2022, also 0.715 um. The table does not say which: 0.5 um is taken, so that bin 50
is 25 um. Positions are in spots of the chip, as in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import open_text, plain_stem, plain_suffix, reading
from napari_stentrans.io.choices import Choice
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
UM_PER_PX = 0.5
COUNTS = ("MIDCount", "MIDCounts", "UMICount", "UMICounts")
GENES = ("geneName", "geneID", "gene")
"""Newer tables have names beside identifiers."""
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
    """Side of a bin, in spots of the chip."""
    return (Choice("bin", "Bin (spots of the chip, 0.5 um)", BINS, DEFAULT_BIN, parts=False),)


def read(path: Path, chosen: Chosen) -> Section:
    """Read a GEM table, a part at a time, into bins on a square lattice.

    Raises
    ------
    ReadError
        When the table is damaged or is of another kind.
    SectionError
        When its counts make no sense.
    """
    side = int(chosen["bin"])
    columns = _columns(path)
    if columns is None:
        raise ReadError(
            f"'{path}' is not a GEM table: expected the columns geneID, x, y and MIDCount below "
            "its comments. Export it again."
        )
    genes: dict[str, int] = {}
    parts = []
    with reading(path, "Expected a GEM table of Stereo-seq."), open_text(path) as file:
        for table in read_text_columns(file, columns, columns[:1], ROWS_AT_ONCE):
            parts.append(_summed(table, side, genes))
    if not genes:
        raise ReadError(f"'{path}' holds no rows. The file may be cut off: copy it again.")
    bins, counts = _merged(parts, len(genes))
    row, column = bins >> 32, bins & (2**32 - 1)
    adata = ad.AnnData(
        X=counts,
        obs=pd.DataFrame(
            {"array_row": row, "array_col": column},
            index=[f"{x * side}_{y * side}" for x, y in zip(column, row, strict=True)],
        ),
        var=pd.DataFrame(index=pd.Index(list(genes), dtype=object)),
        obsm={"spatial": (np.column_stack([column, row]) + 0.5) * side - 0.5},
    )
    name = f"{plain_stem(path)}_bin{side}"
    return Section.from_anndata(adata, um_per_px=UM_PER_PX, source=path, name=name)


def _columns(path: Path) -> list[str] | None:
    """Return what gene, x, y and count are called in the header; None where one is missing."""
    header = next(iter(peek(path)), [])
    found = [find_column(header, *names) for names in (GENES, ("x",), ("y",), COUNTS)]
    return [name for name in found if name] if all(found) else None


_Part = tuple["NDArray[np.int64]", sp.csr_matrix]


def _summed(table: pd.DataFrame, side: int, genes: dict[str, int]) -> _Part:
    """Bins of some lines, as row << 32 | column, and their counts (bin, gene)."""
    gene, xy, count = table.iloc[:, 0], table.iloc[:, 1:3], table.iloc[:, 3]
    xy, count = xy.apply(pd.to_numeric).to_numpy(float), pd.to_numeric(count).to_numpy(float)
    if not ((xy >= 0) & (xy < FURTHEST)).all() or gene.isna().any():
        raise ValueError("x and y must be 0 or more, and every line must name a gene")
    if not np.isfinite(count).all() or (count < 0).any():
        raise ValueError("counts must be numbers from 0 up")
    codes, names = pd.factorize(gene)
    known = np.array([genes.setdefault(str(name), len(genes)) for name in names], np.int64)
    at = (xy // side).astype(np.int64)
    bins, where = np.unique(at[:, 1] << 32 | at[:, 0], return_inverse=True)
    shape = len(bins), len(genes)
    return bins, sp.csr_matrix((count.astype(np.float32), (where, known[codes])), shape)


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
