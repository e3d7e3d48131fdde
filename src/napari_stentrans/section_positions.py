"""Where the spots of an AnnData lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import SectionError

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.anndata_parts import AnnDataParts


def positions_of(
    adata: ad.AnnData | AnnDataParts,
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """(spot, 2) pixel positions (x, y) and, where known, (spot, 2) array row and column."""
    rc = None
    if {"array_row", "array_col"} <= set(adata.obs.columns):
        try:
            rc = adata.obs[["array_row", "array_col"]].to_numpy(float)
        except (ValueError, TypeError) as error:
            raise SectionError(
                f'obs["array_row"], obs["array_col"] must be numbers: {error}.'
            ) from error
    if "spatial" in adata.obsm:
        xy = np.asarray(adata.obsm["spatial"])
        if xy.ndim != 2 or xy.shape[1] < 2:
            raise SectionError(
                f'obsm["spatial"] must have the shape ({adata.n_obs}, 2), got {xy.shape}.'
            )
        try:
            return xy[:, :2].astype(float), rc
        except (ValueError, TypeError) as error:
            raise SectionError(f'obsm["spatial"] must hold numbers: {error}.') from error
    if rc is None:
        raise SectionError(
            'No positions: expected obsm["spatial"] (x, y in full-resolution pixels) or '
            f'obs["array_row"] and obs["array_col"]; obsm has {list(adata.obsm)}.'
        )
    return positions_from_array(rc), rc


def positions_from_array(rc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (x, y) for spots of which only array row and column are known, spacing 1.

    Rows that are all staggered by one are taken as hex.
    """
    if np.isfinite(rc).all() and len(rc) > 2 and (rc.sum(1) % 2 == rc[0].sum() % 2).all():
        return np.asarray(rc[:, ::-1] * [0.5, 3**0.5 / 2])
    return np.asarray(rc[:, ::-1], float)
