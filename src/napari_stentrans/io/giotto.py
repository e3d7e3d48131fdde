"""Giotto's layout: a table of genes x cells, and a table of positions without names beside it.

The rows of positions stand in the order of the columns of counts. Giotto draws y upwards, so
positions in pixels of an image are kept as x and -y. Positions with names: see ``pairs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    is_number,
    match_barcodes,
    plain_stem,
    plain_suffix,
    warn,
)
from napari_stentrans.io.axes import Axes, axes_of
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.io.legacy_table import is_spot_table
from napari_stentrans.io.pairs import SAMPLE, alike, most_alike
from napari_stentrans.io.places import Places
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import (
    TEXT_SUFFIXES,
    header_of,
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
    places: Places


def claims(path: Path) -> bool:
    """Whether the path is one of such a pair of tables, or a folder with some."""
    return bool(_pairs(path))


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Which of several pairs; else which plane of the only one."""
    pairs = _pairs(path)
    names = tuple(pairs)
    if len(names) > 1:
        return (Choice(SAMPLE, "Sample", names, names[0]),)
    return pairs[names[0]].places.choices() if names else ()


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
    pairs = _pairs(path)
    pair = pairs[chosen.get(SAMPLE, next(iter(pairs)))]
    genes, names, counts = read_counts(pair.expression)
    file, table = pair.places.path, pair.places.table
    if len(table) != len(names):
        raise ReadError(
            f"{file} has {len(table):,} positions, {pair.expression.name} has "
            f"{len(names):,} cells (columns). Give the positions of these cells, in their order."
        )
    if pair.places.ids:
        warn(f"{file.name} numbers its rows and names no cells: they were taken in their order.")
    images = [p.name for p in pair.expression.parent.iterdir() if p.suffix in IMAGE_SUFFIXES]
    if images:
        warn(f"{', '.join(sorted(images)[:3])}: left out, no file says where it lies.")
    return place(
        Cells.of(sp.csr_matrix(counts.T), names, genes),
        pair.places.placed(None).set_axis(names, axis=0),
        source=path,
        name=plain_stem(pair.expression).removesuffix("_expr"),
        um_per_px=1.0 if pair.places.axes.um else None,
        wanted=pair.places.wanted(chosen),
    )


def _pairs(path: Path) -> dict[str, _Pair]:
    """Name -> table of counts and table of positions, by as many cells.

    Where the two are alone, they belong together even if the numbers differ, which is an error.
    """
    tables = [t for t in tables_in(path if path.is_dir() else path.parent) if _is_text(t)]
    if not path.is_dir() and path not in tables:
        return {}
    positions = [places for table in tables if (places := _unnamed(table))]
    where = {places.path for places in positions}
    cells = {t: n for t in tables if t not in where and (n := _n_cells(t))} if positions else {}
    alone = len(tables) == 2
    rows = {places.path: _n_rows(places) for places in positions}
    found = [
        _Pair(table, places)
        for table, n in cells.items()
        for places in positions
        if (alone or rows[places.path] == n) and not _names_match(table, places)
    ]
    found = most_alike(found, lambda pair: (pair.expression, pair.places.path))
    if len(found) > 1:
        found = [pair for pair in found if alike(pair.expression, pair.places.path)]
    if len({pair.expression for pair in found}) < len(found):
        return {}  # several tables of as many positions: not clear
    return {
        plain_stem(pair.expression).removesuffix("_expr"): pair
        for pair in found
        if path.is_dir() or path in (pair.expression, pair.places.path)
    }


def _is_text(path: Path) -> bool:
    return plain_suffix(path) in TEXT_SUFFIXES


def _unnamed(path: Path) -> Places | None:
    """Table of positions without names: two or three numbers a line, with or without a header.

    Numbers of rows, as R and pandas write them where there are no names, name no cells.
    """
    lines = peek(path)
    if len(lines) < 2:
        return None
    if all(len(line) in (2, 3) and all(map(is_number, line)) for line in lines):
        names = ("x", "y", "z")[: len(lines[0])]
        return Places(path, names, axes_of(names) or Axes("x", "y"), headed=False)
    places = Places.of(path)
    if places is None or not places.headed or not all(map(is_number, lines[1])):
        return None
    if not places.ids:
        return places
    try:
        numbers = list(places.table[places.ids[0]])
    except ReadError:
        return None
    count = len(numbers)
    consecutive = (list(map(str, range(begin, begin + count))) for begin in (0, 1))
    return places if numbers in consecutive else None


def _names_match(expression: Path, places: Places) -> bool:
    """Whether the numbers of rows are names of cells all the same."""
    if not places.ids:
        return False
    known = pd.Index(places.table[places.ids[0]].unique())
    return bool((match_barcodes(header_of(expression), known) >= 0).any())


def _n_rows(places: Places) -> int:
    """Positions of a table; 0 where it cannot be read."""
    try:
        return len(places.table)
    except ReadError:
        return 0


def _n_cells(path: Path) -> int:
    """Cells of a table of genes x cells, by its first two lines; 0 for anything else."""
    lines = peek(path)
    if len(lines) < 2:
        return 0
    header, (gene, *values) = lines
    if axes_of(header) or is_number(gene) or len(header) - len(values) not in (0, 1):
        return 0
    if len(values) < FEWEST_CELLS or not all(map(is_number, values)) or is_spot_table(path):
        return 0
    return len(values)
