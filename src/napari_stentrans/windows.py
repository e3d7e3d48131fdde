"""Windows: a section cut into overlapping parts, so that what is exact in each stays linear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

SINGLE = 700
"""Sections of up to this many spots are one window."""
CORE = 330
"""Spots that a window stands for; with its halo it holds about twice as many."""
HALO = 3.5
"""How far a window looks beyond its own spots and sites, in spacings."""
REACH = 10.0
"""Sites farther than this from a window's spots do not stretch it further."""


def spacing(xy: Array) -> float:
    """Median distance (same unit as ``xy``) of spots (spot, 2) to their nearest neighbour."""
    if len(xy) < 2:
        return 1.0
    distance = float(np.median(cKDTree(xy).query(xy, 2)[0][:, 1]))
    return distance if distance > 0 else 1.0


def windows(units: Array, sites: Array | None = None) -> list[tuple[Indices, Indices]]:
    """Cut a section into compact windows by halving the longer side.

    Parameters
    ----------
    units
        (spot, 2) positions in spacings.
    sites
        (site, 2) positions to predict at; each belongs to the window of its nearest spot.

    Returns
    -------
    list of (spots, sites)
        Indices. Spots are those of the window and of its halo; every site is in one window.
    """
    sites = units[:0] if sites is None else sites
    if len(units) <= SINGLE:
        return [(np.arange(len(units)), np.arange(len(sites)))]
    cores = _halved(units)
    label = np.empty(len(units), np.intp)
    for i, core in enumerate(cores):
        label[core] = i
    tree = cKDTree(units)
    mine = label[tree.query(sites)[1]] if len(sites) else label[:0]
    found = []
    for i, core in enumerate(cores):
        at = np.flatnonzero(mine == i)
        low, high = units[core].min(0), units[core].max(0)
        inside = np.concatenate([units[core], sites[at].clip(low - REACH, high + REACH)])
        low, high = inside.min(0) - HALO, inside.max(0) + HALO
        near = tree.query_ball_point((low + high) / 2, float(np.linalg.norm(high - low)) / 2)
        spots = np.sort(np.asarray(near, np.intp))
        spots = spots[((units[spots] >= low) & (units[spots] <= high)).all(1)]
        found.append((spots, at))
    return found


def _halved(units: Array) -> list[Indices]:
    """Split spots by the median of their longer side until no part has more than CORE."""
    pending, parts = [np.arange(len(units))], []
    while pending:
        spots = pending.pop()
        if len(spots) <= CORE:
            parts.append(spots)
            continue
        axis = int(np.ptp(units[spots], axis=0).argmax())
        order = spots[np.argsort(units[spots, axis], kind="stable")]
        pending += [order[: len(order) // 2], order[len(order) // 2 :]]
    return parts
