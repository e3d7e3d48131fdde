"""The column of a table of positions that says which spots lie on tissue, not on glass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.io.choices import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SPOTS = Choice("spots", "Spots", ("on tissue", "all"), "on tissue", parts=False, before="all")
"""Offered where some of the spots that were counted do not lie on tissue."""

COLUMNS = (
    *("selected", "in_tissue", "under_tissue", "on_tissue", "is_tissue", "is_in_tissue"),
    *("intissue", "undertissue", "ontissue", "tissue", "is_selected", "keep", "inside"),
)
"""What it is called, in lower case; blanks, dots and hyphens are read as underscores."""
AMBIGUOUS = {"tissue", "keep", "inside"}
"""Those that may say something else, such as which organ it is."""
YES = {"1", "1.0", "true", "t", "yes", "y", "tissue", "in", "inside", "on", "selected", "keep"}
NO = {"0", "0.0", "false", "f", "no", "n", "glass", "background", "out", "outside", "off"}
NO |= {"unselected", "not selected", "drop", "none", "nan", "na", ""}


def tissue_column(header: Iterable[object]) -> str | None:
    """Name of the column that says it, as it stands; None where there is none."""
    named = {_plain(name): str(name) for name in header}
    return next((named[name] for name in COLUMNS if name in named), None)


def on_tissue(table: pd.DataFrame) -> tuple[NDArray[np.bool_] | None, str]:
    """(row,) whether the table says that a spot lies on tissue; None where it does not say.

    And what is to be said of a column that cannot be used, "" for nothing.
    """
    column = tissue_column(table.columns)
    if column is None:
        return None, ""
    words = table[column].map(lambda value: str(value).strip().lower())
    tissue, glass = words.isin(YES).to_numpy(bool), words.isin(NO).to_numpy(bool)
    strange = words[~tissue & ~glass]
    if len(strange) == len(words) and _plain(column) in AMBIGUOUS:
        return None, ""
    if len(strange):
        return None, (
            f"its column {column!r} does not tell tissue from glass: expected 1 or 0, found "
            f"{strange.iloc[0]!r}. All spots are kept."
        )
    if not tissue.any():
        return None, f"its column {column!r} is 1 for no spot. All spots are kept."
    return tissue, ""


def _plain(name: object) -> str:
    plain = str(name).strip().lower()
    for mark in " .-":
        plain = plain.replace(mark, "_")
    return plain
