"""Parser of legacy Spatial Transcriptomics tables: line by line into a sparse matrix."""

from __future__ import annotations

import csv
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import FOREIGN_ERRORS, delimiter_of, is_number, open_text, reading
from napari_stentrans.wording import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

REMEDY = "Expected a table of counts with spots named ROWxCOL, such as 10x13."
LONGEST_PEEK = 8_000_000
"""Characters of a line that are looked at to tell what a file is."""

TOLD = 40
"""Characters of a line that an error repeats."""

POSITION_COLUMN = "pixel_x"
"""A table with this column gives positions of spots, not counts."""

_SPOT = re.compile(r"(?:.*_|X)?(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(?:_\d+)?", re.IGNORECASE)
_BLANKS = " \t\r\n,;"


@dataclass(frozen=True, eq=False)
class SpotTable:
    """Counts of a table with their names.

    Attributes
    ----------
    counts
        (spot, gene) numbers as they stand in the table, CSR, float32.
    spots
        (spot,) names as they stand in the table.
    genes
        (gene,) names.
    """

    counts: sp.csr_matrix
    spots: pd.Index
    genes: pd.Index


def is_spot_table(path: Path) -> bool:
    """Tell by its first two lines whether a file is a table of spots."""
    try:
        with open_text(path) as file:
            header, row = file.readline(LONGEST_PEEK), file.readline(LONGEST_PEEK)
    except FOREIGN_ERRORS:
        return False
    delimiter = delimiter_of(header)
    columns, first = _split(header, delimiter), _split(row, delimiter)[:1]
    if POSITION_COLUMN in columns:
        return False
    return any(_SPOT.fullmatch(name) for name in (*columns[-1:], *first))


def read_spot_table(path: Path) -> SpotTable:
    """Read a table of spots x genes or genes x spots; which it is, the names tell.

    Only one row is dense at a time.

    Raises
    ------
    ReadError
        When the file is damaged, is not text, has ragged rows, or names no spots.
    """
    with reading(path, REMEDY):
        rows, columns, counts = read_rows(path)
    if _SPOT.fullmatch(rows[0]):
        return SpotTable(counts, pd.Index(rows), pd.Index(columns))
    if _SPOT.fullmatch(columns[0]):
        return SpotTable(sp.csr_matrix(counts.T), pd.Index(columns), pd.Index(rows))
    raise ReadError(
        f"'{path}' names no spots: its first row is {rows[0]!r} and its first column "
        f"{columns[0]!r}. {REMEDY}"
    )


def spots_of(path: Path) -> list[str]:
    """Names of the spots of a table; its numbers are not looked at.

    Raises
    ------
    ReadError
        When the file is damaged.
    """
    with reading(path, REMEDY), open_text(path) as file:
        header = file.readline()
        delimiter = delimiter_of(header)
        columns = _split(header, delimiter)
        rows = [name for _, name, _ in _rows(file, delimiter)]
    found = rows if rows and _SPOT.fullmatch(rows[0]) else columns
    return [name for name in found if _SPOT.fullmatch(name)]


def read_rows(path: Path) -> tuple[list[str], list[str], sp.csr_matrix]:
    """Names of the rows, names of the columns, and the numbers (row, column) of a text table.

    Raises
    ------
    ReadError
        When there are no rows of numbers: it is text of another kind.
    ValueError
        When it is empty, rows are ragged, or hold anything but numbers after their name.
    """
    with open_text(path) as file:
        header = file.readline()
        delimiter = delimiter_of(header)
        columns = _split(header, delimiter)
        if POSITION_COLUMN in columns:
            raise ValueError("it holds positions of spots, not counts")
        rows, counts = _parse_rows(file, delimiter)
    if not header.strip(_BLANKS) and not rows:
        raise ValueError("the file is empty")
    if not counts.shape[1]:
        found = "has no rows below it" if not rows else "has no numbers in the rows below it"
        raise ReadError(
            f"'{path}' is not a table of counts: its first line is {_begin(header)!r}, and it "
            f"{found}. {REMEDY}"
        )
    return rows, _column_names(columns, counts.shape[1]), counts


def array_coordinates(spots: Sequence[str] | pd.Index, path: Path) -> NDArray[np.float64]:
    """(spot, 2) the two numbers of every spot's name, not rounded.

    Raises
    ------
    ReadError
        When a name is not ROWxCOL.
    """
    hits = [_SPOT.fullmatch(spot) for spot in spots]
    strange = [spot for spot, hit in zip(spots, hits, strict=True) if hit is None]
    if strange:
        raise ReadError(
            f"{path}: {some_of(len(strange), len(hits), 'spot', 'is', 'are')} not named ROWxCOL "
            "(first: "
            f"{strange[0]!r}). Rename or remove them."
        )
    return np.array([hit.groups() for hit in hits if hit], float)


def _split(line: str, delimiter: str | None) -> list[str]:
    """Fields of a line, without quotes."""
    line = line.rstrip(_BLANKS)
    if delimiter is None:
        return [field.strip('"') for field in line.split()]
    return next(csv.reader([line], delimiter=delimiter), [])


def _begin(line: str) -> str:
    """Beginning of a line, to be told."""
    line = line.strip(_BLANKS)
    return line if len(line) <= TOLD else f"{line[:TOLD]}…"


def _parse_rows(file: TextIO, delimiter: str | None) -> tuple[list[str], sp.csr_matrix]:
    """Names of the rows, and their numbers as CSR (row, column)."""
    names: list[str] = []
    indices, data, ends = [], [], [0]
    width = 0
    for number, name, text in _rows(file, delimiter):
        values = _numbers(text, delimiter, number)
        if names and len(values) != width:
            raise ValueError(f"line {number} has {len(values)} values, expected {width}")
        width = len(values)
        filled = np.flatnonzero(values)
        names.append(name)
        indices.append(filled.astype(np.int32))
        data.append(values[filled])
        ends.append(ends[-1] + len(filled))
    if not width:
        return names, sp.csr_matrix((len(names), 0), dtype=np.float32)
    parts = (np.concatenate(data), np.concatenate(indices), np.array(ends))
    return names, sp.csr_matrix(parts, (len(names), width))


def _rows(file: TextIO, delimiter: str | None) -> Iterator[tuple[int, str, str]]:
    """Line number, row name and the text of the numbers, for each line that is not blank."""
    for number, line in enumerate(file, start=2):
        line = line.rstrip(_BLANKS)
        if not line:
            continue
        if line.startswith('"'):
            name, _, rest = line[1:].partition('"')
            yield number, name, rest.lstrip(_BLANKS)
        else:
            name, *rest_ = line.split(delimiter, 1)
            yield number, name, rest_[0] if rest_ else ""


def _numbers(text: str, delimiter: str | None, line: int) -> NDArray[np.float32]:
    """Numbers of a row; whole ones, as counts are, parse ten times as fast as fractions."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy before 2.3 only warns
        for kind in (np.int64, np.float64):
            try:
                return np.fromstring(text, kind, sep=delimiter or " ").astype(np.float32)
            except (ValueError, DeprecationWarning):
                continue
    strange = next((f for f in text.split(delimiter) if not is_number(f)), "an empty field")
    raise ValueError(f"line {line} holds {strange!r} where a number is expected")


def _column_names(header: list[str], width: int) -> list[str]:
    """Names of the columns: R leaves out the name of the first column, others leave it blank."""
    if len(header) == width + 1:
        return header[1:]
    if len(header) == width and header[0]:
        return header
    named = len([name for name in header if name])
    raise ValueError(f"line 1 names {named} columns, the rows have {width} values")
