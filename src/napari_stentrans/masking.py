"""Self-supervised hold-outs: spots that are hidden on purpose to see how well a method does.

Those that hide spots take positions in units of the spot spacing and return a bool array (spot,),
True where a spot is held out. ``halves`` hides half of the counts of every spot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_stentrans.lattice import Lattice

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

AT_ONCE = 1 << 18
"""Counts that are halved at a time: they stay in the cache."""


def random_spots(n_spots: int, fraction: float, rng: np.random.Generator) -> Mask:
    """Single spots, drawn at random: the task of denoising."""
    held_out = np.zeros(n_spots, bool)
    count = int(np.clip(round(fraction * n_spots), 1, max(n_spots - 1, 1)))
    held_out[rng.choice(n_spots, min(count, n_spots), replace=False)] = n_spots > 1
    return held_out


def blobs(
    units: Array,
    fraction: float,
    rng: np.random.Generator,
    radius: tuple[float, float] = (2.0, 3.5),
) -> Mask:
    """Ellipses around random spots until at least ``fraction`` is held out: lost regions.

    Parameters
    ----------
    units
        (spot, 2) positions in units of the spot spacing.
    fraction
        Share of the spots to hold out, below 1.
    radius
        Smallest and largest radius of an ellipse before it is stretched, in spacings.
    """
    held_out = np.zeros(len(units), bool)
    most = len(units) - 1
    while held_out.sum() < min(fraction * len(units), most):
        size, stretch = rng.uniform(*radius), rng.uniform(0.6, 1.6)
        turn = rng.uniform(0, np.pi)
        offset = units - units[rng.integers(len(units))]
        along = offset @ (np.cos(turn), np.sin(turn)) / stretch
        across = offset @ (-np.sin(turn), np.cos(turn)) * stretch
        inside = along**2 + across**2 < size**2
        if (held_out | inside).all():  # a section smaller than a blob keeps its farthest spot
            inside[(along**2 + across**2).argmax()] = False
            if (held_out | inside).all():
                break
        held_out |= inside
    return held_out


def thinning(lattice: Lattice, xy: Array, rng: np.random.Generator) -> Mask:
    """All spots but a quarter, every other row and column: the task of doubling the resolution.

    Irregular sections hold out three random quarters.

    Parameters
    ----------
    lattice
        The lattice of the spots.
    xy
        (spot, 2) positions (x, y), full-resolution pixels.
    """
    if lattice.kind == "irregular":
        return random_spots(len(xy), 0.75, rng)
    nodes = lattice.nodes(xy)
    column_step = 2 if lattice.kind == "square" else 4
    start = nodes[rng.integers(len(nodes))]
    offset = nodes - start
    kept = (offset[:, 0] % 2 == 0) & (offset[:, 1] % column_step == 0)
    return np.asarray(~kept)


def halves(counts: sp.csc_matrix, rng: np.random.Generator) -> tuple[sp.csc_matrix, sp.csc_matrix]:
    """Split counts (spot, gene) at random into two halves whose noise is independent."""
    drawn = np.empty(len(counts.data), np.float32)
    rest = np.empty_like(drawn)
    for start in range(0, len(drawn), AT_ONCE):
        block = slice(start, start + AT_ONCE)
        whole = np.rint(counts.data[block]).astype(np.int64)
        drawn[block] = rng.binomial(whole, 0.5)
        rest[block] = whole - drawn[block].astype(np.int64)
    return _without_zeros(drawn, counts), _without_zeros(rest, counts)


def _without_zeros(data: NDArray[np.float32], like: sp.csc_matrix) -> sp.csc_matrix:
    kept = np.flatnonzero(data > 0)
    ends = np.searchsorted(kept, like.indptr).astype(like.indptr.dtype)
    return sp.csc_matrix((data.take(kept), like.indices.take(kept), ends), like.shape)
