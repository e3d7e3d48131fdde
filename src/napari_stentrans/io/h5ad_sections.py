"""Several sections in one AnnData table: what tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_stentrans.io.elements import read_elem
from napari_stentrans.io.h5ad_positions import positions_in
from napari_stentrans.layout import Layout
from napari_stentrans.libraries import UNSURE_COLUMNS, USUAL_COLUMNS
from napari_stentrans.parts import (
    Parts,
    libraries_of_barcodes,
    parts_by,
    parts_of_barcodes,
    parts_of_columns,
    planes,
)
from napari_stentrans.stacks import fewest_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

STACKED = 1.5
"""Groups whose boxes have this many times the area of the box of all lie on top of each other."""


def libraries_in(file: Any) -> list[str]:
    """Names of the libraries in ``uns["spatial"]``."""
    spatial = file.get("uns/spatial")
    if not hasattr(spatial, "keys"):
        return []
    return [name for name in spatial if hasattr(spatial[name], "keys")]


def sections_in(file: Any) -> Parts | None:
    """Find the sections of a table; None where it holds one, as far as can be told.

    A column of ``obs`` whose values are libraries of ``uns["spatial"]`` tells them apart, else
    a column with one of the usual names, else the names of libraries in the barcodes. Where spots
    lie over each other, it is whatever column or part of the barcodes puts each part in order; at
    last planes, and barcodes whose bases repeat.
    """
    obs = read_elem(file["obs"])
    positions = positions_in(file, obs)
    xy = np.full((len(obs), 2), np.nan) if positions is None else positions[:, :2]
    placed = np.asarray(np.isfinite(xy).all(1))
    layout = Layout(xy[placed], _array_of(obs, placed)) if placed.sum() > 1 else None
    named = _named(file, obs, xy, layout, placed)
    if layout is None:
        return next(iter(named), None)
    for parts in named:
        if not layout.stacked_within(parts.of_spot[placed]):
            return parts
    ways = (*parts_of_columns(obs), *parts_of_barcodes(obs.index))
    found = fewest_parts(layout, ways, placed) or next(iter(named), None)
    if found is None and positions is not None and positions.shape[1] > 2:
        found = planes(positions[:, 2])
    return found or libraries_of_barcodes(obs.index)


def _named(
    file: Any,
    obs: pd.DataFrame,
    xy: NDArray[np.float64],
    layout: Layout | None,
    placed: NDArray[np.bool_],
) -> list[Parts]:
    """Parts whose names say that they are sections, the surest first.

    Names that may say it count for cells whose groups lie on top of each other.
    """
    libraries = libraries_in(file)
    columns = list(parts_of_columns(obs))
    found = [p for p in columns if len(libraries) > 1 and set(p.names) <= set(libraries)]
    known = {
        parts.column.lower(): parts for parts in columns if obs[parts.column].dtype.kind != "f"
    }
    found += [known[name] for name in USUAL_COLUMNS if name in known]
    unsure = [known[name] for name in UNSURE_COLUMNS if name in known]
    if layout is not None and layout.lattice is not None:
        found += [parts for parts in unsure if layout.split_by(parts.of_spot[placed])]
    else:
        found += [parts for parts in unsure if lie_over_each_other(xy, parts.of_spot)]
    by_barcode = _by_library_in_barcode(obs.index, libraries) if len(libraries) > 1 else None
    return found if by_barcode is None else [*found, by_barcode]


def _array_of(obs: pd.DataFrame, placed: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """(spot, 2) array row and column of spots with a position, where they are known."""
    if not {"array_row", "array_col"} <= set(obs.columns):
        return None
    try:
        return np.asarray(obs.loc[placed, ["array_row", "array_col"]].to_numpy(float))
    except (ValueError, TypeError):  # said when the section is made
        return None


def lie_over_each_other(xy: NDArray[np.float64], of_spot: NDArray[np.int64]) -> bool:
    """Whether groups of spots lie on top of each other, as sections do in their own pixels."""
    known = np.isfinite(xy).all(1)
    xy, of_spot = xy[known], of_spot[known]
    groups = [xy[of_spot == at] for at in range(of_spot.max(initial=-1) + 1)]
    boxes = [np.ptp(group, axis=0).prod() for group in groups if len(group)]
    return bool(boxes and sum(boxes) > STACKED * np.ptp(xy, axis=0).prod())


def _by_library_in_barcode(barcodes: pd.Index, libraries: list[str]) -> Parts | None:
    """Sections by a library's name at the start or the end of every barcode."""
    names = pd.Series(barcodes.astype(str))
    of_spot = pd.Series(None, names.index, dtype=object)
    for library in sorted(libraries):
        of_spot[names.str.startswith(library) | names.str.endswith(library)] = library
    return None if of_spot.isna().any() else parts_by("the barcodes", of_spot)
