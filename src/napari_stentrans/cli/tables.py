"""Tables that a command prints, as text or JSON, or writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from napari_stentrans.export import beside

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def as_text(table: pd.DataFrame) -> str:
    """Rows in columns of one width; what is not known is empty."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.4g}", na_rep="")


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows for JSON; numbers that are not known are null."""
    rows: list[dict[str, object]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows


def write_table(table: pd.DataFrame, path: Path) -> list[Path]:
    """Write a table as CSV, with its index where that has a name; returns the file."""
    with beside(path) as fresh:
        table.to_csv(fresh, index=table.index.name is not None, float_format="%.6g")
    return [path]
