"""Tables of cells: what they are, by their header; positions; counts streamed into sparse."""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import TYPE_CHECKING, TextIO

import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    FOREIGN_ERRORS,
    delimiter_of,
    open_text,
    plain_suffix,
    reading,
)
from napari_stentrans.io.legacy_table import LONGEST_PEEK, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import scipy.sparse as sp

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet")
LARGEST_EXACT = 2**53
"""Whole numbers below this are exact where they are stored as fractions."""
MOST_TABLES = 50
"""A folder with more tables than this is not looked through."""


def tables_in(folder: Path) -> list[Path]:
    """Tables that lie in a folder itself, in order; none where it is full of them."""
    if not folder.is_dir():
        return []
    found = sorted(p for p in folder.iterdir() if plain_suffix(p) in SUFFIXES and p.is_file())
    return found if len(found) <= MOST_TABLES else []


def fields_of(line: str) -> list[str]:
    """Fields of a line, without quotes and the blanks around them."""
    line = line.rstrip("\r\n")
    delimiter = delimiter_of(line)
    if delimiter is None:
        return [field.strip('"') for field in line.split()]
    if '"' not in line:
        return [field.strip() for field in line.split(delimiter)]
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def stamp(path: Path) -> tuple[Path, int, int]:
    """What tells whether a file is still the same: what is read of it may be kept until then."""
    try:
        stat = path.stat()
    except OSError:
        return path, 0, 0
    return path, stat.st_mtime_ns, stat.st_size


def peek(path: Path) -> list[list[str]]:
    """Fields of the first two lines of a text that are no comments; [] for anything else."""
    return _peek(*stamp(path))


@lru_cache(maxsize=MOST_TABLES)
def _peek(path: Path, changed: int, size: int) -> list[list[str]]:
    try:
        with open_text(path) as file:
            lines = [file.readline(LONGEST_PEEK)]
            while lines[0].startswith("#"):
                lines = [file.readline(LONGEST_PEEK)]
            lines.append(file.readline(LONGEST_PEEK))
    except FOREIGN_ERRORS:
        return []
    return [fields_of(line) for line in lines if line.strip()]


def first_rows(path: Path, rows: int, longest: int = LONGEST_PEEK) -> list[list[str]]:
    """Fields of the first lines of a text below its header, or of the beginnings of long lines."""
    found: list[list[str]] = []
    with open_text(path) as file:
        line = file.readline(LONGEST_PEEK)
        while line.startswith("#"):
            line = file.readline(LONGEST_PEEK)
        while len(found) < rows and (line := file.readline(LONGEST_PEEK)).strip():
            found.append(
                fields_of(line) if len(line) <= longest else fields_of(line[:longest])[:-1]
            )
    return found


def header_of(path: Path) -> list[str]:
    """Names of the columns, as they stand; [] where the file is no table, or cannot be read."""
    if not path.is_file() or plain_suffix(path) not in SUFFIXES:
        return []
    if plain_suffix(path) != ".parquet":
        return _named(*peek(path)[:2])
    try:
        return [str(name) for name in parquet_of(path).read_schema(path).names]
    except (ReadError, *FOREIGN_ERRORS):
        return []


def _named(header: Sequence[str] = (), row: Sequence[str] = ()) -> list[str]:
    """Names of all columns that the first row has.

    R leaves out that of the first one; some programs end their lines with a mark.
    """
    more = len(row) - len(header)
    if more == 1 and row[-1]:
        return ["", *header]
    return [*header, *[""] * more]


def find_column(header: Iterable[str], *names: str) -> str | None:
    """Return the first of the names that a header has, as it stands there.

    As it is written, else in another case.
    """
    columns = list(header)
    known = {column.lower(): column for column in reversed(columns)}
    for name in names:
        if name in columns or name.lower() in known:
            return name if name in columns else known[name.lower()]
    return None


def read_columns(
    path: Path,
    columns: Sequence[str],
    text: Sequence[str] = (),
    header: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read some columns of a table: ``columns`` as numbers, ``text`` as str.

    ``header`` names the columns of a text that does not.

    Raises
    ------
    ReadError
        When the table is damaged, lacks a column, or holds no numbers where they are expected.
    """
    wanted = [*text, *columns]
    with reading(path, f"Expected a table with the columns {', '.join(map(repr, wanted))}."):
        if plain_suffix(path) == ".parquet":
            table = (
                parquet_of(path).read_table(path, columns=wanted).to_pandas(ignore_metadata=True)
            )
        else:
            with open_text(path) as file:
                table = next(read_text_columns(file, wanted, text, header=header))
        table = table[wanted]
        for column in columns:
            table[column] = pd.to_numeric(table[column]).astype(float)
        for column in text:
            words = plain_suffix(path) != ".parquet"
            table[column] = table[column].fillna("nan") if words else table[column].map(_as_text)
    if table.empty:
        raise ReadError(f"'{path}' holds no rows. The file may be cut off: copy it again.")
    return table


def read_counts(path: Path) -> tuple[pd.Index, pd.Index, sp.csr_matrix]:
    """Names of rows and columns, and the numbers (row, column) of a text table, line by line.

    The first column names the rows, the first line the columns; all else are numbers.

    Raises
    ------
    ReadError
        When the table is damaged, has ragged rows, or holds anything but numbers.
    """
    with reading(path, "Expected a table of counts with names in its first column and line."):
        rows, columns, counts = read_rows(path)
    return pd.Index(rows), pd.Index(columns), counts


def read_text_columns(
    file: TextIO,
    wanted: Sequence[str],
    text: Sequence[str] = (),
    chunk: int | None = None,
    header: Sequence[str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Some columns of an open text table, all rows at once or ``chunk`` rows at a time.

    Columns are found by their place in the header, because the first may have no name. All are
    parsed, so that lines that are too long are noticed.
    Lines that begin with # above the header are skipped. ``header`` is of a text without one.
    """
    begin = file.tell()
    line = file.readline()
    while line.startswith("#"):
        begin = file.tell()
        line = file.readline()
    if header is None:
        begin = file.tell()
        header = _named(fields_of(line), fields_of(file.readline()))
    file.seek(begin)
    missing = [column for column in wanted if column not in header]
    if missing:
        raise ValueError(f"it has no column {', '.join(map(repr, missing))}")
    places = [header.index(column) for column in wanted]
    parser = pd.read_csv(
        file,
        sep=delimiter_of(line) or r"\s+",
        header=None,
        names=range(len(header)),
        dtype={place: str for place, column in zip(places, wanted, strict=True) if column in text},
        skipinitialspace=True,
        low_memory=False,
        chunksize=chunk,
    )
    for table in parser if chunk else (parser,):
        yield table[places].set_axis(list(wanted), axis=1)


def parquet_columns(path: Path) -> set[str]:
    """Names of the columns of a parquet file that hold numbers.

    Raises
    ------
    ReadError
        When the file is damaged, or pyarrow is not installed.
    """
    with reading(path):
        schema = parquet_of(path).read_schema(path)
        kinds = {field.name: str(field.type) for field in schema}
    numbers = ("int", "uint", "float", "double", "halffloat", "decimal")
    return {name for name, kind in kinds.items() if kind.startswith(numbers)}


def parquet_chunks(path: Path, columns: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
    """Some columns of a parquet file, ``rows`` rows at a time."""
    for batch in parquet_of(path).ParquetFile(path).iter_batches(rows, columns=list(columns)):
        yield batch.to_pandas()


def _as_text(value: object) -> str:
    """Name of a cell as text; of numbers that were stored as fractions, the whole ones."""
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def parquet_of(path: Path):  # type: ignore[no-untyped-def]
    """``pyarrow.parquet``, which comes with an extra; ReadError where it is not installed."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ReadError(
            f"'{path}' is a parquet file, which needs the package pyarrow: "
            "pip install 'napari-stentrans[hd]'"
        ) from error
    return parquet
