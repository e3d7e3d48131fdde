"""Spot positions of Space Ranger: ``tissue_positions`` as CSV (v1, v2) or parquet (Visium HD)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    DAMAGED,
    delimiter_of,
    first_of_each,
    open_text,
    plain_suffix,
    reading,
)
from napari_stentrans.io.tables import parquet_of

if TYPE_CHECKING:
    from pathlib import Path

POSITION_FILES = (
    "tissue_positions.csv",
    "tissue_positions.csv.gz",
    "tissue_positions_list.csv",
    "tissue_positions_list.csv.gz",
    "tissue_positions.parquet",
)
"""Names of the positions, the newest first."""

COLUMNS = (
    "barcode",
    "in_tissue",
    "array_row",
    "array_col",
    "pxl_row_in_fullres",
    "pxl_col_in_fullres",
)
"""Columns by name, and in this order in the files of Space Ranger 1, which have no header."""


def read_positions(path: Path) -> pd.DataFrame:
    """Read positions of spots; whether a CSV has a header is found out.

    Returns
    -------
    (spot, 5) numbers under the names of ``COLUMNS``, indexed by barcode, each barcode once.

    Raises
    ------
    ReadError
        When columns are missing or hold no numbers, the file is damaged, or pyarrow is needed.
    """
    table = _read_parquet(path) if plain_suffix(path) == ".parquet" else _read_csv(path)
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ReadError(
            f"'{path}' lacks the columns {', '.join(missing)}; it has "
            f"{', '.join(map(str, table.columns))}. Expected {', '.join(COLUMNS)}."
        )
    if table.empty:
        raise ReadError(f"'{path}' holds no positions. {DAMAGED}")
    numbers = table[list(COLUMNS[1:])].set_axis(pd.Index(table["barcode"].astype(str)), axis=0)
    with reading(path, f"Expected numbers in {', '.join(COLUMNS[1:])}."):
        numbers = numbers.apply(pd.to_numeric)
        numbers = numbers.astype(dict.fromkeys(COLUMNS[1:4], int))
    return numbers.iloc[first_of_each(numbers.index, "barcodes", path)]


def _read_csv(path: Path) -> pd.DataFrame:
    with reading(path, f"Expected a table with the columns {', '.join(COLUMNS)}."):
        with open_text(path) as file:
            line = file.readline()
        delimiter = delimiter_of(line) or ","
        first = line.split(delimiter)
        has_header = not (len(first) > 1 and first[1].strip().strip('"').isdecimal())
        table = pd.read_csv(
            path,
            sep=delimiter,
            header=0 if has_header else None,
            skipinitialspace=True,
            encoding="utf-8-sig",
            dtype={"barcode" if has_header else 0: str},  # numbers are names, too
        )
    if not has_header:
        if table.shape[1] != len(COLUMNS):
            raise ReadError(
                f"'{path}' must have {len(COLUMNS)} columns ({', '.join(COLUMNS)}), got "
                f"{table.shape[1]}. Take the file as Space Ranger wrote it."
            )
        table.columns = pd.Index(COLUMNS)
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    with reading(path):
        return parquet_of(path).read_table(path).to_pandas()
