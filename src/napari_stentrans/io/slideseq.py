"""Slide-seq: a digital expression table (genes x beads) and a table of bead locations.

The two are read as any pair of tables that name the same cells. What is known of Slide-seq alone
is its scale; it is claimed only where the files are called as Slide-seq's are, the names of the
beads are bases, and the beads lie on no lattice, as spots of other arrays do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.io.cells import read_pair
from napari_stentrans.io.pairs import choices_of_pairs, chosen_pair, pairs_of
from napari_stentrans.io.tables import peek, tables_in

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Choice, Chosen
    from napari_stentrans.io.pairs import Pair
    from napari_stentrans.section import Section

UM_PER_PX = 0.65
"""Micrometres per pixel of the bead locations (Stickels et al. 2021)."""
_BEAD = re.compile(r"[ACGTN]{8,15}")
_FILES = re.compile(r"puck|bead|slide-?_?seq|digital_expression|mappeddge", re.IGNORECASE)


def claims(path: Path) -> bool:
    """Whether the path is a table of genes x beads, or of its beads, or a folder with both."""
    pairs = pairs_of(path)
    if pairs:
        return all(map(_is_puck, pairs.values()))
    return path.is_file() and _is_expression(path)


def recognises(path: Path) -> bool:
    """Whether it claims the path."""
    return claims(path)


def choices(path: Path) -> tuple[Choice, ...]:
    """Which puck of a folder with several."""
    return choices_of_pairs(path, pairs_of(path))


def read(path: Path, chosen: Chosen) -> Section:
    """Read the beads of a puck; its folder or one of the two tables was given.

    Raises
    ------
    ReadError
        When a table is missing or damaged.
    SectionError
        When counts or positions make no sense.
    """
    pairs = pairs_of(path)
    if not pairs:
        beside = ", ".join(table.name for table in tables_in(path.parent) if table != path)
        raise ReadError(
            f"'{path.parent}' must hold one table of bead locations, found {beside or 'none'}. "
            f"Expected the beads of {path.name} with x and y."
        )
    pair = chosen_pair(pairs, chosen)
    name = re.split(r"\.digital_expression", pair.counts.name)[0].split(".")[0]
    section = read_pair(pair, path, name, chosen)
    lies_free = section.lattice.kind == "irregular" and section.um_per_px is None
    return section.with_facts(um_per_px=UM_PER_PX) if lies_free else section


def _is_puck(pair: Pair) -> bool:
    """Whether a pair is called as files of Slide-seq are, and its cells by bases alone."""
    called = _FILES.search(pair.counts.name) or _FILES.search(pair.places.path.name)
    named = {pair.places.axes.x.lower(), pair.places.axes.y.lower()} == {"xcoord", "ycoord"}
    names = pair.places.first.get(pair.column, [])
    return bool(called or named) and all(_BEAD.fullmatch(name) for name in names)


def _is_expression(path: Path) -> bool:
    """Whether a table is called so, its columns are named by bases, and its rows are not."""
    lines = peek(path)
    if len(lines) < 2 or len(lines[0]) < 2 or len(lines[1]) < 2 or not _FILES.search(path.name):
        return False
    return bool(_BEAD.fullmatch(lines[0][-1])) and not _BEAD.fullmatch(lines[1][0])
