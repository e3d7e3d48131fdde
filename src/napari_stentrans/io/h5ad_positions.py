"""Where the positions of an AnnData table lie: in ``obsm``, or in columns of ``obs``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import SectionError
from napari_stentrans.io._shared import FOREIGN_ERRORS, unplaced, warn
from napari_stentrans.io.axes import Axes, axes_of
from napari_stentrans.io.elements import read_elem
from napari_stentrans.section_positions import positions_from_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    import anndata as ad
    import pandas as pd
    from numpy.typing import NDArray

POSITION_KEYS = ("spatial", "X_spatial")
"""Where positions (x, y) lie in ``obsm``, the best first."""
PIXEL_COLUMNS = (
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("pixel_x", "pixel_y"),
)
"""Columns of ``obs`` (x, y) that hold pixels; they win over array_row and array_col."""
POINT_COLUMNS = (
    ("x", "y"),
    ("X", "Y"),
    ("x_centroid", "y_centroid"),
    ("center_x", "center_y"),
    ("x_location", "y_location"),
    ("spatial_x", "spatial_y"),
)
"""Columns of ``obs`` (x, y) that are taken where nothing else gives positions, the best first;
where none of them is there, columns that are named like positions in any other way are."""
NAMED_LIKE = re.compile(
    r"(x_)?((spatial|spot|cell|tissue|image|px|pixel)_?)?"
    r"(xy|xyz|coord|coords|coordinates?|positions?|locations?|locs?|centroids?|centers?)(_?(xy|loc|px))?",
    re.IGNORECASE,
)
"""Names in ``obsm`` of what is taken for positions where no column is."""


def positions_in(file: Any, obs: pd.DataFrame) -> NDArray[np.float64] | None:
    """(spot, 2 or more) positions as they stand, without a word; None where there are none."""
    for key in POSITION_KEYS:
        if key in file.get("obsm", {}):
            try:
                found = np.asarray(read_elem(file["obsm"][key]), float)
            except FOREIGN_ERRORS:  # said when the section is read
                return None
            return found if found.ndim == 2 and found.shape[1] >= 2 else None
    axes = _axes(obs)
    try:
        if axes is not None:
            return _values(obs, axes)
        if _on_array(obs):
            return obs[["array_col", "array_row"]].to_numpy(float)
        named = _named_like(file.get("obsm", {}))
        return None if named is None else np.asarray(read_elem(file["obsm"][named]), float)
    except FOREIGN_ERRORS:
        return None


def with_positions(adata: ad.AnnData | AnnDataParts) -> ad.AnnData | AnnDataParts:
    """Put positions under ``obsm["spatial"]``; spots without a position are left out.

    Warns
    -----
    StentransWarning
        When spots are left out, or positions come from columns of any table.
    """
    for key in POSITION_KEYS:
        if key in adata.obsm:
            adata.obsm["spatial"] = np.asarray(adata.obsm[key])
            break
    else:
        xy = _elsewhere(adata)
        if xy is None:
            return adata
        adata.obsm["spatial"] = xy
    xy = adata.obsm["spatial"]
    if xy.dtype.kind != "f" or xy.ndim != 2:
        return adata
    placed = np.isfinite(xy[:, :2]).all(1)
    if placed.all() or not placed.any():
        return adata
    warn(f"{unplaced(placed, 'spot')} left out.")
    whole = adata.adata if isinstance(adata, AnnDataParts) else adata
    return whole[placed].copy()


def _on_array(obs: pd.DataFrame) -> bool:
    return {"array_row", "array_col"} <= set(obs.columns)


def _axes(obs: pd.DataFrame) -> Axes | None:
    """Columns of positions; None where array coordinates or ``obsm`` are to be asked."""
    pairs = (*PIXEL_COLUMNS, *(() if _on_array(obs) else POINT_COLUMNS))
    for x, y in pairs:
        if {x, y} <= set(obs.columns):
            return Axes(x, y)
    return None if _on_array(obs) else axes_of(obs.select_dtypes("number").columns)


def _values(obs: pd.DataFrame, axes: Axes) -> NDArray[np.float64]:
    """(spot, 2) positions (x, y) from columns, also from those of an array."""
    xy = np.asarray(obs[[axes.x, axes.y]].to_numpy(float))
    return positions_from_array(xy[:, ::-1]) if axes.array else xy


def _named_like(obsm: Mapping[str, Any]) -> str | None:
    """Key of two or three columns whose name says that they are positions."""
    for key, part in obsm.items():
        shape: tuple[int, ...] = getattr(part, "shape", ())
        if NAMED_LIKE.fullmatch(key) and len(shape) == 2 and shape[1] in (2, 3):
            return key
    return None


def _elsewhere(adata: ad.AnnData | AnnDataParts) -> NDArray[np.float64] | None:
    """(spot, 2) positions (x, y) where no usual place has them; None where array coordinates do."""
    axes = _axes(adata.obs)
    if axes is not None:
        if (axes.x, axes.y) not in PIXEL_COLUMNS:
            warn(f"Positions are taken from the columns {axes.x!r} and {axes.y!r} of obs.")
        try:
            return _values(adata.obs, axes)
        except (ValueError, TypeError) as error:
            raise SectionError(f"{axes.x} and {axes.y} of obs must be numbers: {error}.") from error
    key = None if _on_array(adata.obs) else _named_like(adata.obsm)
    if key is None:
        return None
    warn(f"Positions are taken from obsm[{key!r}].")
    return np.asarray(adata.obsm[key])
