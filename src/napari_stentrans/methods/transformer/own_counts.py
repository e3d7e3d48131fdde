"""How far a spot's own counts are to be believed beyond what its neighbours say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.factors import library_sizes, lognorm
from napari_stentrans.grid_kriging import GridKriging
from napari_stentrans.masking import halves
from napari_stentrans.methods.transformer.factors import SpatialFactors, spot_weights
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.svd import Products, Standardised, truncated_svd
from napari_stentrans.windows import windows

if TYPE_CHECKING:
    import scipy.sparse as sp

Array = NDArray[np.float64]
WINDOWS = 2
"""So many windows of a large section are looked at."""


def own_evidence(
    counts: sp.csc_matrix, units: Array, factors: SpatialFactors, seed: int
) -> Steps[Array]:
    """Matrix (plain factor, plain factor): what of a spot's own scores repeats in new counts.

    The counts are split into two binomial halves, which have independent noise. The slope of one
    half's scores beyond the smooth field on the other's, factor by factor, taken to full depth
    and turned into the basis of the factors: 0 trusts the neighbours, 1 the spot. The mean over
    a few windows.
    """
    every = windows(units)
    some = [part.spots for part in every[:: -(-len(every) // WINDOWS)]]
    total = np.zeros((factors.n_plain, factors.n_plain))
    for spots in some:
        total += yield from _of_window(counts[spots], units[spots], factors, seed)
    return total / len(some)


def _of_window(
    counts: sp.csc_matrix, units: Array, factors: SpatialFactors, seed: int
) -> Steps[Array]:
    """Do the same for the spots of one window."""
    k = factors.n_plain
    both = halves(counts, np.random.default_rng(seed))
    sizes = [library_sizes(half) for half in both]
    kept = (sizes[0] > 0) & (sizes[1] > 0)
    weight = spot_weights(sizes[0][kept] + sizes[1][kept])
    za, zb = (
        Standardised(Products(lognorm(half[kept], n[kept], float(np.median(n[kept])))), weight)
        for half, n in zip(both, sizes, strict=True)
    )
    w = np.sqrt(weight)[:, None].astype(np.float32)
    dot, tdot = (lambda x: w * za.dot(x)), (lambda x: za.tdot(w * x))
    shape = int(kept.sum()), counts.shape[1]
    v = (yield from truncated_svd(dot, tdot, shape, k, seed, stage=Stage.OWN_COUNTS)).right
    if not len(v):  # the halves do not vary
        return np.zeros((k, k))
    a = za.dot(v.T).astype(float)
    b = zb.dot(v.T * (zb.sd / za.sd)[:, None]).astype(float)
    a, b = a - a.mean(0), b - b.mean(0)
    sd = a.std(0) + 1e-9
    kriging = GridKriging(units[kept], a / sd)
    for _ in kriging.fit():
        yield Progress(Stage.OWN_COUNTS, 0, 1)
    field = kriging.at_observed() * sd
    beyond = a - field
    slope = (beyond * (b - field)).sum(0) / np.maximum((beyond**2).sum(0), 1e-9)
    slope = np.clip(slope, 0, 1)
    slope = 2 * slope / (1 + slope)  # half the depth -> full depth (Spearman-Brown)
    basis = factors.loadings[:, :k].T.astype(float)
    size = np.linalg.norm(basis, axis=1) + 1e-12
    directions = v * za.sd
    directions = directions / (np.linalg.norm(directions, axis=1, keepdims=True) + 1e-12)
    turn = (basis / size[:, None]) @ directions.T
    return np.asarray(size[:, None] * (turn * slope) @ turn.T / size)
