"""Several sections in one ``.h5ad`` table: which obs column tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem

if TYPE_CHECKING:
    from collections.abc import Iterator

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

MOST_SECTIONS = 200
FEWEST_SPOTS = 4
"""Columns whose values stand for fewer spots than these, on average, name no sections."""
STACKED = 1.5
"""Groups whose boxes have this many times the area of the box of all lie on top of each other."""


@dataclass(frozen=True, eq=False)
class Sections:
    """The sections of a table.

    Attributes
    ----------
    by
        What tells them apart, in words: 'obs["library_id"]'.
    names
        (section,) names, at least two.
    of_spot
        (spot,) index of every spot's section, -1 where it belongs to none.
    """

    by: str
    names: tuple[str, ...]
    of_spot: NDArray[np.int64]

    def rows(self, name: str) -> NDArray[np.int64]:
        """Rows of the table that belong to a section, rising."""
        return np.flatnonzero(self.of_spot == self.names.index(name))


def libraries_in(file: h5py.File) -> list[str]:
    """Names of the libraries in ``uns["spatial"]``."""
    spatial = file.get("uns/spatial")
    if not isinstance(spatial, h5py.Group):
        return []
    return [name for name in spatial if isinstance(spatial[name], h5py.Group)]


def sections_in(file: h5py.File) -> Sections | None:
    """Find the sections of a table; None where it holds one, as far as the file tells.

    A column of ``obs`` whose values are libraries of ``uns["spatial"]`` tells them apart, else
    a column with one of the usual names, else the names of libraries in the barcodes.
    """
    libraries = set(libraries_in(file))
    columns = list(_columns(file, all_of_them=len(libraries) > 1))
    for column in columns:
        if len(libraries) > 1 and set(column.names) <= libraries:
            return column
    for column in columns:
        name = column.by.lower()[5:-2]
        if name in USUAL_COLUMNS or (name in UNSURE_COLUMNS and _stacked(file, column.of_spot)):
            return column
    return _by_barcode(file, sorted(libraries)) if len(libraries) > 1 else None


def _columns(file: h5py.File, *, all_of_them: bool) -> Iterator[Sections]:
    """Columns of obs with 2 to 200 values, the usual ones first."""
    obs = file["obs"]
    usual = (*USUAL_COLUMNS, *UNSURE_COLUMNS)
    listed = [name for name in obs.attrs["column-order"] if name in obs]
    names = [n for n in listed if n.lower() in usual or (all_of_them and _may_be_names(obs[n]))]
    names.sort(key=lambda n: usual.index(n.lower()) if n.lower() in usual else len(usual))
    # anndata 0.7 keeps the categories of all columns in a place of their own
    frame = read_elem(obs) if names and "__categories" in obs else None
    for name in names:
        values = read_elem(obs[name]) if frame is None else frame[name].array
        if getattr(values, "dtype", None) is not None and values.dtype.kind in "fcMm":
            continue
        codes, found = pd.factorize(values)
        if isinstance(values, pd.Categorical):  # in the order of the categories
            found = [c for c in values.categories if c in set(found)]
            codes = pd.Index(found).get_indexer(values)
        if 2 <= len(found) <= min(MOST_SECTIONS, len(values) // FEWEST_SPOTS):
            yield Sections(f'obs["{name}"]', tuple(map(str, found)), np.asarray(codes, np.int64))


def _may_be_names(node: Any) -> bool:
    return isinstance(node, h5py.Group) or node.dtype.kind in "OSU" or "categories" in node.attrs


def _stacked(file: h5py.File, of_spot: NDArray[np.int64]) -> bool:
    """Whether groups of spots lie on top of each other, as sections do in their own pixels."""
    spatial = file.get("obsm/spatial", file.get("obsm/X_spatial"))
    if not isinstance(spatial, h5py.Dataset) or spatial.ndim != 2 or spatial.shape[1] < 2:
        return False
    xy = np.asarray(spatial[:, :2], float)
    boxes = [np.ptp(xy[of_spot == at], axis=0).prod() for at in range(of_spot.max() + 1)]
    return bool(sum(boxes) > STACKED * np.ptp(xy, axis=0).prod())


def _by_barcode(file: h5py.File, libraries: list[str]) -> Sections | None:
    """Sections by a library's name at the start or the end of every barcode."""
    obs = file["obs"]
    barcodes = pd.Series(read_elem(obs[obs.attrs["_index"]])).astype(str)
    of_spot = np.full(len(barcodes), -1)
    for at, library in enumerate(libraries):
        of_spot[barcodes.str.startswith(library) | barcodes.str.endswith(library)] = at
    if (of_spot < 0).any() or len(set(of_spot)) < 2:
        return None
    used = sorted(set(of_spot))
    names = tuple(libraries[at] for at in used)
    return Sections("the barcodes", names, np.searchsorted(used, of_spot))
