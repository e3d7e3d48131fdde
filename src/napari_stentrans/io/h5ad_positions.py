"""Where the positions of an AnnData table lie: in ``obsm``, or in columns of ``obs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import SectionError
from napari_stentrans.io._shared import FOREIGN_ERRORS, unplaced, warn
from napari_stentrans.io.elements import read_elem

if TYPE_CHECKING:
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
"""Columns of ``obs`` (x, y) that are taken where nothing else gives positions."""


def positions_in(file: Any, obs: pd.DataFrame) -> NDArray[np.float64] | None:
    """(spot, 2 or more) positions as they stand, without a word; None where there are none."""
    for key in POSITION_KEYS:
        if key in file.get("obsm", {}):
            try:
                found = np.asarray(read_elem(file["obsm"][key]), float)
            except FOREIGN_ERRORS:  # said when the section is read
                return None
            return found if found.ndim == 2 and found.shape[1] >= 2 else None
    pair = _columns(obs) or ("array_col", "array_row")
    try:
        return obs[list(pair)].to_numpy(float)
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
        xy = _from_columns(adata.obs)
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


def _columns(obs: pd.DataFrame) -> tuple[str, str] | None:
    """Columns (x, y) of positions; None where array coordinates are to be taken."""
    on_array = {"array_row", "array_col"} <= set(obs.columns)
    pairs = (*PIXEL_COLUMNS, *(() if on_array else POINT_COLUMNS))
    return next((pair for pair in pairs if set(pair) <= set(obs.columns)), None)


def _from_columns(obs: pd.DataFrame) -> NDArray[np.float64] | None:
    """(spot, 2) positions (x, y) from columns; None where array coordinates are to be taken."""
    pair = _columns(obs)
    if pair is None:
        return None
    if pair in POINT_COLUMNS:
        warn(f"Positions are taken from the columns {pair[0]!r} and {pair[1]!r} of obs.")
    try:
        return np.asarray(obs[list(pair)].to_numpy(float))
    except (ValueError, TypeError) as error:
        raise SectionError(f"{pair[0]} and {pair[1]} of obs must be numbers: {error}.") from error
