"""Giotto's layout: a table of genes x cells, and a table of nothing but x and y beside it.

The rows of positions have no names: they stand in the order of the columns of counts. Giotto
draws y upwards, so positions in pixels of an image are kept as x and -y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    FOREIGN_ERRORS,
    delimiter_of,
    is_number,
    open_text,
    plain_stem,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.cells import PAIRS
from napari_stentrans.io.choices import no_choices
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.io.legacy_table import is_spot_table
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import (
    TEXT_SUFFIXES,
    find_column,
    peek,
    read_counts,
    tables_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

FEWEST_CELLS = 3
"""A row with fewer numbers may be anything."""


@dataclass(frozen=True)
class _Pair:
    expression: Path
    positions: Path


def claims(path: Path) -> bool:
    """Whether the path is one of such a pair of tables, or a folder with one pair."""
    return _pair(path) is not None


recognises = claims
choices = no_choices


def read(path: Path, chosen: Chosen) -> Section:
    """Read a table of genes x cells and the positions beside it.

    y is negated where no y is positive: images count it downwards.

    Raises
    ------
    ReadError
        When a table is damaged, or there are more or fewer positions than cells.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When y was negated, or an image was left out because its place is not known.
    """
    pair = _pair(path)
    if pair is None:
        raise ReadError(f"'{path}' must hold one table of genes x cells and one of x and y.")
    genes, names, counts = read_counts(pair.expression)
    xy = _read_positions(pair.positions)
    if len(xy) != len(names):
        raise ReadError(
            f"{pair.positions} has {len(xy):,} positions, {pair.expression.name} has "
            f"{len(names):,} cells (columns). Give the positions of these cells, in their order."
        )
    if (xy[1] <= 0).all() and (xy[1] < 0).any():
        xy[1] = -xy[1]
        warn(f"{pair.positions.name} counts y upwards (x and -y): y was turned round.")
    images = [p.name for p in pair.expression.parent.iterdir() if p.suffix in IMAGE_SUFFIXES]
    if images:
        warn(f"{', '.join(sorted(images)[:3])}: left out, no file says where it lies.")
    return place(
        Cells.of(sp.csr_matrix(counts.T), names, genes),
        xy.set_axis(names, axis=0),
        source=path,
        name=plain_stem(pair.expression).removesuffix("_expr"),
        um_per_px=None,
    )


def _pair(path: Path) -> _Pair | None:
    """Table of counts and table of positions, by as many cells; None where it is not clear.

    Where the two are alone, they belong together even if the numbers differ, which is an error.
    """
    tables = [t for t in tables_in(path if path.is_dir() else path.parent) if _is_text(t)]
    if not path.is_dir() and not (path in tables and (_is_positions(path) or _n_cells(path))):
        return None
    positions = [table for table in tables if _is_positions(table)]
    cells = {table: _n_cells(table) for table in tables} if positions else {}
    alone = len(tables) == 2
    found = [
        _Pair(table, other)
        for table, n in cells.items()
        for other in positions
        if n and (path.is_dir() or path in (table, other)) and (alone or _n_rows(other) == n)
    ]
    return found[0] if len(found) == 1 else None


def _is_text(path: Path) -> bool:
    return plain_suffix(path) in TEXT_SUFFIXES


def _is_positions(path: Path) -> bool:
    """Whether a table begins with two lines of two numbers."""
    lines = peek(path)
    return len(lines) == 2 and all(len(line) == 2 and all(map(is_number, line)) for line in lines)


def _n_rows(path: Path) -> int:
    """Lines of a text that are not blank; 0 where it cannot be read."""
    try:
        with open_text(path) as file:
            return sum(1 for line in file if line.strip())
    except FOREIGN_ERRORS:
        return 0


def _n_cells(path: Path) -> int:
    """Cells of a table of genes x cells, by its first two lines; 0 for anything else."""
    lines = peek(path)
    if len(lines) < 2:
        return 0
    header, (gene, *values) = lines
    known = any(find_column(header, x) and find_column(header, y) for x, y in PAIRS)
    if known or is_number(gene) or len(header) - len(values) not in (0, 1):
        return 0
    if len(values) < FEWEST_CELLS or not all(map(is_number, values)) or is_spot_table(path):
        return 0
    return len(values)


def _read_positions(path: Path) -> pd.DataFrame:
    """(cell, 2) x and y as they stand, as columns 0 and 1."""
    with reading(path, "Expected a table of x and y, without names."), open_text(path) as file:
        separator = delimiter_of(file.readline()) or r"\s+"
        file.seek(0)
        table = pd.read_csv(file, sep=separator, header=None)
        if table.shape[1] != 2:
            raise ValueError(f"it has {table.shape[1]} columns")
        return table.apply(pd.to_numeric).astype(float)
