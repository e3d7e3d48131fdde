"""Ways to split the spots of a table: by a column of ``obs``, by barcodes, by planes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Labels = NDArray[np.int64]

MOST_PARTS = 200
FEWEST_SPOTS = 4
"""Values that stand for fewer spots than these, on average, name no sections."""
MARKS = "-_.:#~|/ "
"""What stands between a barcode and what is put before or behind it."""
CORE = re.compile(r"[ACGTN]{8,}")
"""The bases of a barcode."""
PLACES = {"array_row", "array_col", "x", "y"}
"""Columns that say where a spot lies, not what it belongs to."""
SAME_BASES = 0.25
"""Share of the spots of a smaller part whose bases stand in another part too: other libraries."""


@dataclass(frozen=True, eq=False)
class Parts:
    """A way to split the spots of a table into parts, such as its sections.

    Attributes
    ----------
    by
        What tells them apart, in words: 'obs["library_id"]'.
    names
        (part,) names, at least two.
    of_spot
        (spot,) index of every spot's part, -1 where it belongs to none.
    """

    by: str
    names: tuple[str, ...]
    of_spot: Labels

    def rows(self, name: str) -> Labels:
        """Rows of the table that belong to a part, rising."""
        return np.flatnonzero(self.of_spot == self.names.index(name))

    @property
    def column(self) -> str:
        """Name of the column of ``obs``; "" where no column tells the parts apart."""
        return self.by[5:-2] if self.by.startswith("obs[") else ""


def parts_by(by: str, values: Sequence[object] | pd.Series) -> Parts | None:
    """Split spots by values (spot,); None where these are too few, or too many."""
    codes, found = pd.factorize(values)
    if isinstance(getattr(values, "dtype", None), pd.CategoricalDtype):
        present = set(found)
        found = [c for c in pd.Series(values).cat.categories if c in present]
        codes = pd.Index(found).get_indexer(pd.Index(values))
    if not 2 <= len(found) <= min(MOST_PARTS, len(codes) // FEWEST_SPOTS):
        return None
    names = tuple(map(_plain, found))
    return Parts(by, names, np.asarray(codes, np.int64)) if len(set(names)) == len(names) else None


def parts_of_columns(obs: pd.DataFrame) -> Iterator[Parts]:
    """Split spots by each column that has few values."""
    for name in obs:
        if name in PLACES:
            continue
        if obs[name].dtype.kind not in "cMm" and (parts := parts_by(f'obs["{name}"]', obs[name])):
            yield parts


def parts_of_barcodes(barcodes: pd.Index) -> list[Parts]:
    """Split spots by what stands before and behind their barcodes, the surest way first."""
    names = pd.Series(barcodes.astype(str))
    cores = names.str.extract(f"^(.*?)({CORE.pattern})(.*)$", expand=True)
    if cores[1].notna().all():
        affixes = [(cores[0], cores[2])]
    else:
        marks = re.escape(MARKS)
        last = names.str.extract(f"[{marks}]([^{marks}]*)$", expand=False).fillna("")
        first = names.str.extract(f"^([^{marks}]*)[{marks}]", expand=False).fillna("")
        letters = names.str.extract(r"^(\D*)", expand=False)
        none = pd.Series("", names.index)
        affixes = [(none, last), (first, none), (letters, none)]
    found = (_by_affixes(*pair) for pair in affixes)
    return [parts for parts in found if parts is not None]


def libraries_of_barcodes(barcodes: pd.Index) -> Parts | None:
    """Split spots by barcodes whose bases repeat from part to part: each part is a library.

    Within a library no barcode stands twice; the spots of all Visium slides share their bases.
    """
    for parts in parts_of_barcodes(barcodes):
        bases = pd.Series(barcodes.astype(str)).str.extract(f"({CORE.pattern})", expand=False)
        if bases.isna().any() or pd.DataFrame({0: bases, 1: parts.of_spot}).duplicated().any():
            continue
        repeated = bases.duplicated(keep=False).groupby(parts.of_spot).mean()
        if repeated.min() >= SAME_BASES:
            return parts
    return None


def planes(depth: NDArray[np.float64]) -> Parts | None:
    """Split spots by their third coordinate (spot,), where it has few values."""
    return parts_by('the third column of obsm["spatial"]', depth)


def _by_affixes(before: pd.Series, behind: pd.Series) -> Parts | None:
    varied = [affix for affix in (before, behind) if affix.nunique() > 1]
    if not varied:
        return None
    values = [_without_common(affix) for affix in varied]
    joined = values[0] if len(values) == 1 else values[0] + " " + values[1]
    return parts_by("the barcodes", joined.to_numpy(object))


def _without_common(affix: pd.Series) -> pd.Series:
    """Affixes (spot,) without the whole words that all of them begin with."""
    each = sorted(set(affix))
    cuts = [at + 1 for at, letter in enumerate(each[0]) if letter in MARKS]
    cut = max((at for at in cuts if each[-1].startswith(each[0][:at])), default=0)
    short = {name: name[cut:].strip(MARKS) for name in each}
    if len(set(short.values())) < len(each):
        short = {name: name.strip() for name in each}
    return affix.map({name: text or "(none)" for name, text in short.items()})


def _plain(value: object) -> str:
    """Name of a part: numbers that are whole without a decimal point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)
