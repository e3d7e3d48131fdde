"""CosMx: NanoString's flat files ``exprMat_file`` and ``metadata_file``.

Positions are global pixels as they stand in the file, whose y points up the slide: the map is
seen mirrored against the images of the fields of view.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import is_number, open_text, reading, warn
from napari_stentrans.io.affixes import Couples, choice_of, chosen_couple, couples
from napari_stentrans.io.cells import VALUES_AT_ONCE
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import (
    find_column,
    first_rows,
    header_of,
    read_columns,
    read_text_columns,
    tables_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

COUNTS, METADATA = "exprMat_file", "metadata_file"
SAMPLE = "sample"
X, Y = "CenterX_global_px", "CenterY_global_px"
CONTROLS = ("NegPrb", "Negative", "SystemControl", "FalseCode")
"""Columns of probes that measure no gene begin like this."""
PIXELS_UM = ("0.12", "0.18")
"""Micrometres per pixel: of the instruments that are sold, and of the first, public release."""
CELL_COLUMNS = ("cell_ID", "cell_id", "cellID", "cell", "cell_name")
"""What a column of numbers, or of names such as "c_1_3_117", is called."""
LINES_LOOKED_AT = 50
_NAME = re.compile(r"c_(?:(\d+)_)?(\d+)_(\d+)")
"""Slide, field of view and number of a cell."""


def claims(path: Path) -> bool:
    """Whether the path is a folder with CosMx's flat files, or one of the two."""
    if path.is_dir():
        return bool(_named(path, COUNTS) and _named(path, METADATA))
    header = header_of(path)
    if find_column(header, *CELL_COLUMNS) is None:
        return False
    return COUNTS in path.name or (METADATA in path.name and {X, Y} <= set(header))


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Which of several slides, and the length of a pixel, which the files do not say."""
    pixel = Choice("pixel", "Micrometres per pixel", PIXELS_UM, PIXELS_UM[0], parts=False)
    return (*choice_of(_couples(path), SAMPLE, "Sample"), pixel)


def read(path: Path, chosen: Chosen) -> Section:
    """Read the cells of a CosMx slide; its folder or one of the two files was given.

    Counts outside cells (``cell_ID`` 0), control probes, and lines without counts are left out.

    Raises
    ------
    ReadError
        When a file is missing or damaged, or does not name cells.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When lines hold no counts.
    """
    counts_file, metadata = chosen_couple(_couples(path), SAMPLE, chosen, path)
    keys = _Keys.of(metadata)
    table = read_columns(metadata, (X, Y), keys.columns)
    positions = table[[X, Y]].set_axis(keys.names(table), axis=0)
    name = counts_file.name[: counts_file.name.index(COUNTS)].strip("_-. ") or "section"
    return place(
        _read_counts(counts_file).without(*CONTROLS),
        positions,
        source=path,
        name=name,
        um_per_px=float(chosen["pixel"]),
    )


@dataclass(frozen=True)
class _Keys:
    """Columns that name a cell: field of view and number, or a name that holds both."""

    fov: str | None
    number: str | None
    name: str | None

    @classmethod
    def of(cls, path: Path) -> _Keys:
        """Find them by their names and by what stands below."""
        header = header_of(path)
        with reading(path):
            lines = first_rows(path, LINES_LOOKED_AT)
        numbers: list[str] = []
        names: list[str] = []
        for column in dict.fromkeys(c for word in CELL_COLUMNS if (c := _exactly(header, word))):
            values = [line[at] for line in lines if (at := header.index(column)) < len(line)]
            (numbers if all(map(is_number, values)) else names).append(column)
        fov = find_column(header, "fov")
        found = cls(fov, next(iter(numbers), None), next(iter(names), None))
        if not found.columns:
            raise ReadError(
                f"{path} must have the columns fov and cell_ID, or cell, got "
                f"{', '.join(header[:3])}. Take the file as it was exported."
            )
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns to read: two numbers, else the name."""
        if self.fov is not None and self.number is not None:
            return self.fov, self.number
        return () if self.name is None else (self.name,)

    def names(self, table: pd.DataFrame) -> pd.Index:
        """Name cells by field of view and number, such as "c_3_117"; 0 is outside cells."""
        if len(self.columns) == 2:
            fov, number = (table[column].map(_whole) for column in self.columns)
            return pd.Index("c_" + fov + "_" + number)
        names = table[self.columns[0]].str.strip()
        parts = names.str.extract(_NAME)
        one_slide = parts[0].nunique() <= 1
        short = "c_" + parts[1] + "_" + parts[2]
        return pd.Index(names.where(short.isna(), short) if one_slide else names)


def _whole(text: str) -> str:
    """Whole number as it is written without fractions: "12" for "12.0"."""
    return re.sub(r"\.0*$", "", str(text).strip())


def _exactly(header: list[str], name: str) -> str | None:
    return name if name in header else next((c for c in header if c.lower() == name.lower()), None)


def _read_counts(path: Path) -> Cells:
    """Counts of cells by gene, some lines at a time; those outside cells are left out."""
    keys, genes = _Keys.of(path), _genes(path)
    names: list[str] = []
    empty: list[str] = []
    parts = []
    remedy = "Expected a table with a line for each cell and a column for each gene."
    with reading(path, remedy), open_text(path) as file:
        for table in _chunks(file, keys, genes):
            values = table[genes].apply(pd.to_numeric).to_numpy(np.float32)
            named = keys.names(table)
            filled = ~np.isnan(values).all(1)
            inside = ~named.str.endswith("_0")
            empty.extend(named[inside & ~filled])
            parts.append(sp.csr_matrix(values[filled & inside]))
            names.extend(named[filled & inside])
    if empty:
        twice = len(set(empty) & set(names))
        warn(
            f"{path.name}: {len(empty):,} empty lines were left out, {twice:,} of them of cells "
            "that have their counts in another line."
        )
    counts = sp.csr_matrix(sp.vstack(parts)) if parts else sp.csr_matrix((0, len(genes)))
    return Cells.of(counts, names, genes)


def _chunks(file: TextIO, keys: _Keys, genes: list[str]) -> Iterator[pd.DataFrame]:
    columns = [*keys.columns, *genes]
    rows = max(VALUES_AT_ONCE // len(columns), 1)
    yield from read_text_columns(file, columns, keys.columns, rows)


def _genes(path: Path) -> list[str]:
    """Columns that count: those that name no cell and below which no text stands."""
    header = header_of(path)
    keys = {"fov", "slide", "slide_id", "slide_id_numeric", "version", ""}
    keys |= {name.lower() for name in CELL_COLUMNS}
    columns = {name: at for at, name in reversed(list(enumerate(header)))}
    lines = first_rows(path, LINES_LOOKED_AT)
    texts = {
        at for line in lines for at, value in enumerate(line) if value and not is_number(value)
    }
    found = [name for name, at in columns.items() if name.lower() not in keys and at not in texts]
    if len(header) - header.count("") > len(set(header) - {""}):
        warn(f"{path.name}: columns that have the name of another were left out.")
    return sorted(found, key=header.index)


def _couples(path: Path) -> Couples:
    folder = path if path.is_dir() else path.parent
    return couples(path, COUNTS, _named(folder, COUNTS), METADATA, _named(folder, METADATA))


def _named(folder: Path, part: str) -> list[Path]:
    return [table for table in tables_in(folder) if part in table.name]
