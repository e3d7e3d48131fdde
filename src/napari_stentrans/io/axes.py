"""Which columns of a table are positions, by their names: x and y, row and column, z.

Names of a pair are the same but for the word of their axis: ``pxl_row`` and ``pxl_col``,
``CenterX_global_px`` and ``CenterY_global_px``. The order of the columns does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_AXIS = r"(x|y|z|rows?|cols?|columns?)"
_BEFORE = "sdim|dim|coord|coords|cent(?:er|re|roid)|image?|pxl|pixel|px|pos|loc|spatial|array"
_AFTER = f"{_BEFORE}|coordinates?|position|location|pixels?|um|microns?|px"
_TOKEN = re.compile(f"(?:(?P<before>{_BEFORE})?{_AXIS}|{_AXIS}(?P<after>{_AFTER}))")
_MAYBE = re.compile(r"[xyz]|row|col", re.IGNORECASE)
_KIND = {"x": "x", "y": "y", "z": "z", "r": "y", "c": "x"}
_OTHERS = re.compile(
    r"\b(local|fov|min|max|bbox|umap|tsne|pca?|width|height|std|sd|var|order|num|n|id|new)\b"
)
"""Words of columns that are no places on the slide."""
_UM = re.compile(r"\b(um|microns?|micrometers?|micrometres?)\b")
_PIXELS = re.compile(r"\b(pxl|pixels?|px|image?|fullres)\b")
_CENTRES_UM = {"*_centroid", "center_*", "centroid_*"}
"""Names of Xenium and MERSCOPE, which are in micrometres."""


@dataclass(frozen=True)
class Axes:
    """Columns of positions of a table.

    Attributes
    ----------
    x, y
        Names of the columns, as they stand.
    z
        Name of the column of planes or depths, if there is one.
    um
        Whether x and y are micrometres.
    array
        Whether x and y are column and row of an array.
    """

    x: str
    y: str
    z: str | None = None
    um: bool = False
    array: bool = False


def axes_of(header: Iterable[str]) -> Axes | None:
    """Columns of positions, the surest where there are several; None where there are none."""
    return _axes_of(tuple(header))


@lru_cache(maxsize=32)
def _axes_of(header: tuple[str, ...]) -> Axes | None:
    stems: dict[tuple[str, bool], dict[str, str]] = {}
    for name in header:
        if found := _axis(name):
            kind, stem, rows = found
            stems.setdefault((stem, rows), {}).setdefault(kind, name)
    pairs = [(*_rank(stem, rows), stem, rows) for stem, rows in stems]
    for _, um, stem, rows in sorted(pairs, key=lambda pair: pair[0]):
        names = stems[stem, rows]
        if {"x", "y"} <= set(names):
            z = names.get("z") or _any_z(stems)
            return Axes(names["x"], names["y"], z, um, rows and not _PIXELS.search(_words(stem)))
    return None


def is_place(name: str) -> bool:
    """Whether a column is named like a position, of whatever kind."""
    return _axis(name) is not None or _axis(name, others=True) is not None


def _any_z(stems: dict[tuple[str, bool], dict[str, str]]) -> str | None:
    return next((names["z"] for names in stems.values() if "z" in names), None)


def _rank(stem: str, rows: bool) -> tuple[int, bool]:
    """How sure a pair is, the lowest first, and whether it is in micrometres."""
    words = _words(stem)
    um = bool(_UM.search(words)) or stem in _CENTRES_UM
    if um:
        return 0, True
    if _PIXELS.search(words):
        return 1, False
    return (3 if rows else 2), False


def _words(stem: str) -> str:
    return stem.replace("_", " ").replace("*", " ")


def _axis(name: str, others: bool = False) -> tuple[str, str, bool] | None:
    """Axis of a column ("x", "y", "z"), the rest of its name, whether it is row or column."""
    if not _MAYBE.search(name):  # quickly, since a table may have 100,000 columns
        return None
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).lower()
    plain = plain.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    tokens = [token for token in re.split(r"[^0-9a-z]+", plain) if token]
    if not others and _OTHERS.search(" ".join(tokens)):
        return None
    hits = [(i, hit) for i, token in enumerate(tokens) if (hit := _TOKEN.fullmatch(token))]
    if len(hits) != 1:
        return None
    at, hit = hits[0]
    axis = hit.group(2) or hit.group(3)
    glued = f"{hit.group('before') or ''}*{hit.group('after') or ''}"
    rest = [*tokens[:at], glued, *tokens[at + 1 :]]
    return _KIND[axis[0]], "_".join(rest), axis[0] in "rc"
