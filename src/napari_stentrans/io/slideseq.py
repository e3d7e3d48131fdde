"""Slide-seq: a digital expression table (genes x beads) and a table of bead locations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import delimiter_of, open_text, plain_stem, reading
from napari_stentrans.io.choices import no_choices
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import (
    find_column,
    peek,
    read_counts,
    tables_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

UM_PER_PX = 0.65
"""Micrometres per pixel of the bead locations (Stickels et al. 2021)."""
_BEAD = re.compile(r"[ACGTN]{8,}(-\d+)?")


def claims(path: Path) -> bool:
    """Whether the path is a table of genes x beads, or a folder with one and its beads."""
    if path.is_dir():
        tables = tables_in(path)
        return any(map(_is_expression, tables)) and any(map(_is_beads, tables))
    return _is_expression(path) or (_is_beads(path) and any(_expressions(path.parent)))


recognises = claims
choices = no_choices


def read(path: Path, chosen: Chosen) -> Section:
    """Read the beads of a puck; its folder or one of the two tables was given.

    Raises
    ------
    ReadError
        When a table is missing or damaged, or a folder holds several pucks.
    SectionError
        When counts or positions make no sense.
    """
    expression = path if _is_expression(path) else _only(path, "digital expression", _expressions)
    beads = path if _is_beads(path) else _only(path, "bead locations", _bead_tables)
    genes, names, counts = read_counts(expression)
    cells = Cells.of(sp.csr_matrix(counts.T), names, genes)
    name = plain_stem(expression).removesuffix(".digital_expression")
    return place(cells, _locations(beads), source=path, name=name, um_per_px=UM_PER_PX)


def _is_expression(path: Path) -> bool:
    """Whether columns are named by the bases of beads and rows are not."""
    lines = peek(path) if path.is_file() else []
    if len(lines) < 2 or len(lines[0]) < 2 or len(lines[1]) < 2:
        return False
    return bool(_BEAD.fullmatch(lines[0][-1])) and not _BEAD.fullmatch(lines[1][0])


def _is_beads(path: Path) -> bool:
    """Whether the rows are beads with two numbers, under a header or not."""
    lines = peek(path) if path.is_file() else []
    return bool(lines) and _layout(lines) is not None


def _layout(lines: list[list[str]]) -> tuple[int, int, int, int] | None:
    """Lines of header, and which columns are bead, x and y; None where they are not there."""
    header, row = lines[0], lines[-1]
    bead = next((i for i, field in enumerate(row) if _BEAD.fullmatch(field)), None)
    if bead is None or len(row) < bead + 3:
        return None
    x, y = find_column(header, "xcoord", "x"), find_column(header, "ycoord", "y")
    if x is not None and y is not None:
        return 1, bead, header.index(x), header.index(y)
    plain = len(row) == bead + 3 and _BEAD.fullmatch(header[min(bead, len(header) - 1)])
    return (0, bead, bead + 1, bead + 2) if plain else None


def _expressions(folder: Path) -> list[Path]:
    return [table for table in tables_in(folder) if _is_expression(table)]


def _bead_tables(folder: Path) -> list[Path]:
    return [table for table in tables_in(folder) if _is_beads(table)]


def _only(path: Path, what: str, find: Callable[[Path], list[Path]]) -> Path:
    folder = path if path.is_dir() else path.parent
    found = find(folder)
    if len(found) != 1:
        raise ReadError(
            f"'{folder}' must hold one table of {what}, found "
            f"{', '.join(p.name for p in found) or 'none'}. Give each puck a folder of its own."
        )
    return found[0]


def _locations(path: Path) -> pd.DataFrame:
    """(bead, 2) x and y in pixels, indexed by the bases of the bead."""
    lines, bead, x, y = _layout(peek(path)) or (1, 0, 1, 2)
    with reading(path, "Expected a table of beads with x and y."), open_text(path) as file:
        separator = delimiter_of(file.readline()) or r"\s+"
        file.seek(0)
        table = pd.read_csv(file, sep=separator, header=None, skiprows=lines, usecols=[bead, x, y])
        xy = table[[x, y]].apply(pd.to_numeric)
    return xy.set_axis(pd.Index(table[bead].astype(str)), axis=0)
