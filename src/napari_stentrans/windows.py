"""Windows: a section cut into overlapping parts, so that what is exact in each stays linear."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
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
NEAREST = 16
"""So many spots around a site say which windows it belongs to, the nearest one the most."""


class Part(NamedTuple):
    """A window of a section.

    Attributes
    ----------
    spots
        (spot,) indices of its spots and of those of its halo.
    sites
        (site,) indices of the sites that it has a share in.
    share
        (site,) its share in each of them; those of all windows add up to 1.
    """

    spots: Indices
    sites: Indices
    share: Array


def windows(units: Array, sites: Array | None = None) -> list[Part]:
    """Cut a section into compact windows by halving the longer side.

    Sites near a border belong to the windows on both sides, by shares that change gradually
    across it, so that no border shows in a map.

    Parameters
    ----------
    units
        (spot, 2) positions in spacings.
    sites
        (site, 2) positions to predict at.
    """
    sites = units[:0] if sites is None else sites
    if len(units) <= SINGLE:
        return [Part(np.arange(len(units)), np.arange(len(sites)), np.ones(len(sites)))]
    cores = _halved(units)
    core_of = np.empty(len(units), np.intp)
    for i, core in enumerate(cores):
        core_of[core] = i
    tree = cKDTree(units)
    distance, near = tree.query(sites, NEAREST)
    around = core_of[near]  # (site, neighbour)
    boxes = np.stack([_box(units[core], sites[around[:, 0] == i]) for i, core in enumerate(cores)])
    shares = _shares(sites, around, distance, boxes)
    parts = []
    for i, box in enumerate(boxes):
        at = slice(*shares.indptr[i : i + 2])
        here = shares.indices[at].astype(np.intp)
        parts.append(Part(_inside(units, tree, box), here, shares.data[at]))
    return parts


def _box(core: Array, sites: Array) -> Array:
    """Corners (2, 2) of what a window looks at."""
    low, high = core.min(0) - REACH, core.max(0) + REACH
    inside = np.concatenate([core, sites.clip(low, high)])
    return np.stack([inside.min(0) - HALO, inside.max(0) + HALO])


def _inside(units: Array, tree: cKDTree, box: Array) -> Indices:
    """Indices of the spots in a box."""
    low, high = box
    near = tree.query_ball_point((low + high) / 2, float(np.linalg.norm(high - low)) / 2)
    spots = np.sort(np.asarray(near, np.intp))
    return spots[((units[spots] >= low) & (units[spots] <= high)).all(1)]


def _shares(sites: Array, around: Indices, distance: Array, boxes: Array) -> sp.csc_array:
    """Share (site, window) of the windows in sites, by whose the spots around are.

    The weight of a spot falls to zero with its distance. Windows that do not look at a site have
    no share in it, but for the one of its nearest spot.
    """
    weight = 1 - distance / np.maximum(distance[:, -1:], 1e-9) + 1e-3
    row = np.repeat(np.arange(len(sites)), around.shape[1])
    shares = sp.coo_array((weight.ravel(), (row, around.ravel())), (len(sites), len(boxes)))
    shares.sum_duplicates()
    row, window = shares.coords
    low, high = boxes[window, 0], boxes[window, 1]
    looked_at = ((sites[row] >= low) & (sites[row] <= high)).all(1)
    shares.data *= looked_at | (around[row, 0] == window)
    shares.data /= np.bincount(row, shares.data)[row]
    shares.eliminate_zeros()
    return shares.tocsc()


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
