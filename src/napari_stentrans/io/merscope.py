"""MERSCOPE: Vizgen's tables ``cell_by_gene`` and ``cell_metadata``; positions in micrometres.

A folder may hold those of several segmentations, named before or after these words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.io.affixes import Couples, choice_of, chosen_couple, couples
from napari_stentrans.io.points import Cells, name_of, place
from napari_stentrans.io.tables import find_column, header_of, read_columns, read_counts, tables_in

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Choice, Chosen
    from napari_stentrans.section import Section

COUNTS, METADATA = "cell_by_gene", "cell_metadata"
SEGMENTATION = "segmentation"
BLANKS = ("Blank-", "Blank_")
"""Barcodes that stand for no gene begin like this."""


def claims(path: Path) -> bool:
    """Whether the path is a folder with MERSCOPE's tables, or one of them."""
    if path.is_dir():
        return bool(_named(path, COUNTS) and _named(path, METADATA))
    if COUNTS in path.name:
        return bool(header_of(path)) and bool(_named(path.parent, METADATA))
    return METADATA in path.name and _is_metadata(header_of(path))


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Which of several segmentations."""
    return choice_of(_couples(path), SEGMENTATION, "Segmentation")


def read(path: Path, chosen: Chosen) -> Section:
    """Read the cells of a MERSCOPE region; its folder or one of the two tables was given.

    Raises
    ------
    ReadError
        When a table is missing or damaged.
    SectionError
        When counts or positions make no sense.
    """
    folder = path if path.is_dir() else path.parent
    counts_file, metadata = chosen_couple(_couples(path), SEGMENTATION, chosen, path)
    header = header_of(metadata)
    # The first column names the cells; it has no name of its own in most versions.
    cell = find_column(header, "EntityID", "cell", "cell_id") or header[0]
    positions = read_columns(metadata, ("center_x", "center_y"), (cell,)).set_index(cell)
    names, genes, counts = read_counts(counts_file)
    cells = Cells.of(counts, names, genes).without(*BLANKS)
    return place(cells, positions, source=path, name=name_of(folder), um_per_px=1.0)


def _is_metadata(header: list[str]) -> bool:
    return {"center_x", "center_y"} <= set(header)


def _couples(path: Path) -> Couples:
    folder = path if path.is_dir() else path.parent
    return couples(path, COUNTS, _named(folder, COUNTS), METADATA, _named(folder, METADATA))


def _named(folder: Path, part: str) -> list[Path]:
    found = [table for table in tables_in(folder) if part in table.name]
    return [t for t in found if part == COUNTS or _is_metadata(header_of(t))]
