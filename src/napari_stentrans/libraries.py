"""Which library of ``uns["spatial"]`` belongs to the spots: by its name, else by its image."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

USUAL_COLUMNS = (
    "library_id",
    "library",
    "section",
    "section_id",
    "sample",
    "sample_id",
    "sample_name",
    "slide",
    "slide_id",
    "slice",
    "slice_id",
    "capture_area",
    "image_id",
)
"""Names of columns, in lower case, that tell sections apart."""

UNSURE_COLUMNS = ("batch", "orig.ident")
"""Names of columns that do so only where their groups lie on top of each other."""

ON_IMAGE = 0.95
"""Share of the spots that lie on the image of their own library."""
ALIKE = 0.1
"""Scale factors of libraries that differ by less than this, relatively, are those of one kind."""
KEPT_FACTORS = ("spot_diameter_fullres", "microns_per_pixel")
TOLD = 5
"""Names that a note tells."""


class Match(NamedTuple):
    """A library, and what is to be said about it.

    Attributes
    ----------
    library
        Its name; None where none belongs to the spots.
    note
        "" where the names say it.
    """

    library: str | None
    note: str = ""


def library_of(
    records: Mapping[str, Any],
    obs: pd.DataFrame,
    xy: NDArray[Any] | None,
    section: str | None = None,
    sections: Sequence[str] = (),
    *,
    stacked: bool = True,
) -> Match:
    """Find the library of a section, never that of another one.

    Parameters
    ----------
    records
        Library -> its record in ``uns["spatial"]``: nested dictionaries, or groups of a file.
    obs
        (spot, ...) of the section.
    xy
        (spot, 2) positions (x, y), full-resolution pixels.
    section, sections
        Name of the section, and of all in the table, where there are several.
    stacked
        Whether the sections of the table lie in pixels of their own, so that no image is of two.
    """
    names = list(records)
    if not names:
        return Match(None)
    by_section = _alike(sections, names)
    told = by_section.get(section or "") or _told_by_obs(obs, names, alone=section is None)
    if told is not None:
        same = told == section or told in _constants(obs)
        return Match(told, "" if same else f"{_images_of(told)}, by its name.")
    if len(names) == 1 and (len(sections) < 2 or not stacked):
        called = _constants(obs, usual=True)
        note = f"{_images_of(names[0])}; obs says {called[0]!r}." if called else ""
        return Match(names[0], note)
    others = {library for name, library in by_section.items() if name != section}
    fitting = [n for n in names if n not in others and lies_on(records[n], xy)]
    if len(names) > 1 and len(fitting) == 1:
        return Match(fitting[0], f"{_images_of(fitting[0])}, the only one on whose image they lie.")
    some = ", ".join(names[:TOLD]) + ", ..." * (len(names) > TOLD)
    whose = "the spots are of" if section is None else f"the section {section!r} is"
    return Match(
        None,
        f'uns["spatial"] has {len(names)} libraries ({some}) and nothing tells which {whose}: no '
        "image is taken. Add a column library_id to obs with the names of the libraries.",
    )


def common_factors(records: Mapping[str, Any]) -> dict[str, float]:
    """Scale factors that nearly all libraries agree on: what kind of slide they are."""
    found = {}
    for key in KEPT_FACTORS:
        values = [_number(_part(record, "scalefactors", key)) for record in records.values()]
        known = np.array([value for value in values if value])
        if len(known) == len(values) and np.ptp(known) <= ALIKE * known.max():
            found[key] = float(np.median(known))
    return found


def lies_on(record: Any, xy: NDArray[Any] | None) -> bool:
    """Whether nearly all positions (spot, 2) lie on an image of a library."""
    images = _part(record, "images")
    if xy is None or xy.ndim != 2 or not hasattr(images, "keys"):
        return False
    for name in images:
        shape: Any = getattr(images[name], "shape", ())
        scale = _number(_part(record, "scalefactors", f"tissue_{name}_scalef"))
        if len(shape) < 2 or not scale:
            continue
        there = np.asarray(xy[:, :2], float) * scale
        return bool(((there >= 0) & (there <= (shape[1], shape[0]))).all(1).mean() >= ON_IMAGE)
    return False


def _images_of(library: str) -> str:
    return f'Images are those of the library {library!r} of uns["spatial"]'


def _part(record: Any, *keys: str) -> Any:
    for key in keys:
        if not hasattr(record, "keys") or key not in record:
            return None
        record = record[key]
    return record


def _number(value: Any) -> float:
    try:
        return float(value[()]) if hasattr(value, "shape") else float(value)
    except (TypeError, ValueError):
        return 0.0


def _constants(obs: pd.DataFrame, *, usual: bool = False) -> list[str]:
    """Values that all spots share in a column of names, or in one that is called for samples."""
    found = []
    for name in obs:
        told = USUAL_COLUMNS + UNSURE_COLUMNS
        if (str(name).lower() not in told) if usual else obs[name].dtype.kind in "fcMmb":
            continue
        values = obs[name].unique()
        if len(values) == 1 and not pd.isna(values[0]):
            found.append(str(values[0]))
    return found


def _told_by_obs(obs: pd.DataFrame, libraries: Sequence[str], *, alone: bool) -> str | None:
    """Library that values of obs name; None where none does, or values name several.

    Names that are only alike count where there are no other sections (``alone``).
    """
    found = set(_constants(obs)) & set(libraries)
    if alone and not found:
        found = set(_alike(_constants(obs, usual=True), libraries).values())
    return found.pop() if len(found) == 1 else None


def _alike(names: Sequence[str], libraries: Sequence[str]) -> dict[str, str]:
    """Name -> the library that is called alike, where there is just one, and it is no other's."""
    found = {name: name for name in names if name in libraries}
    for split in (_words, _runs):
        free = [library for library in libraries if library not in found.values()]
        fitting = {
            name: [library for library in free if _within(split(name), split(library))]
            for name in names
            if name not in found
        }
        wanted = Counter(library for some in fitting.values() for library in some)
        found |= {n: ls[0] for n, ls in fitting.items() if len(ls) == 1 and wanted[ls[0]] == 1}
    return found


def _words(name: str) -> tuple[str, ...]:
    """Words of a name in lower case, numbers without zeros before them."""
    words = [word for word in re.split(r"[^0-9a-z]+", name.lower().removesuffix(".0")) if word]
    return tuple(word.lstrip("0") or "0" if word.isdecimal() else word for word in words)


def _runs(name: str) -> tuple[str, ...]:
    """Words of a name, letters and digits apart."""
    return _words(re.sub(r"(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])", "_", name))


def _within(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the words of one name stand together in the other."""
    short, long = sorted((one, other), key=len)
    starts = range(len(long) - len(short) + 1)
    return bool(short) and any(long[at : at + len(short)] == short for at in starts)
