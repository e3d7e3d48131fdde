"""MERSCOPE: Vizgen's tables ``cell_by_gene`` and ``cell_metadata``; positions in micrometres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.io.choices import no_choices
from napari_stentrans.io.points import Cells, name_of, place
from napari_stentrans.io.tables import find_column, header_of, read_columns, read_counts, tables_in

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

COUNTS, METADATA = "cell_by_gene", "cell_metadata"
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
choices = no_choices


def read(path: Path, chosen: Chosen) -> Section:
    """Read the cells of a MERSCOPE region; its folder or one of the two tables was given.

    Raises
    ------
    ReadError
        When a table is missing or damaged, or a folder holds several regions.
    SectionError
        When counts or positions make no sense.
    """
    folder = path if path.is_dir() else path.parent
    counts_file, metadata = _only(folder, COUNTS, path), _only(folder, METADATA, path)
    header = header_of(metadata)
    # The first column names the cells; it has no name of its own in most versions.
    cell = find_column(header, "EntityID", "cell", "cell_id") or header[0]
    positions = read_columns(metadata, ("center_x", "center_y"), (cell,)).set_index(cell)
    names, genes, counts = read_counts(counts_file)
    cells = Cells.of(counts, names, genes).without(*BLANKS)
    return place(cells, positions, source=path, name=name_of(folder), um_per_px=1.0)


def _is_metadata(header: list[str]) -> bool:
    return {"center_x", "center_y"} <= set(header)


def _named(folder: Path, part: str) -> list[Path]:
    found = [table for table in tables_in(folder) if part in table.name]
    return [t for t in found if part == COUNTS or _is_metadata(header_of(t))]


def _only(folder: Path, part: str, path: Path) -> Path:
    """Table of a folder with ``part`` in its name; the one that was given, where it is one."""
    if part in path.name and path.is_file():
        return path
    found = _named(folder, part)
    if len(found) != 1:
        raise ReadError(
            f"'{folder}' must hold one table {part}.csv, found "
            f"{', '.join(p.name for p in found) or 'none'}. Give each region a folder of its own."
        )
    return found[0]
