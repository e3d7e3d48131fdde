"""Clusters: average linkage of points, small clusters merged; many points by micro-clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Codes = NDArray[np.intp]
    Array = NDArray[np.float64]

DIRECT = 3000
"""Up to so many points each is a leaf of the tree; of more, micro-clusters are."""
MICRO = 1500
PASSES = 4
"""Passes of k-means that makes micro-clusters, over as many points as ``SAMPLE`` at most."""
SAMPLE = 20_000
AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Tree:
    """Average linkage of points: which two clusters are merged, the nearest first.

    Attributes
    ----------
    points
        (point, dimension).
    leaf
        (point,) leaf of the tree that each point is part of.
    merged
        (merge, 2) a leaf of either cluster that is merged.
    sizes
        (merge, 2) number of points of either.
    """

    points: Array
    leaf: Codes
    merged: Codes
    sizes: Array

    @classmethod
    def of(cls, points: Array, seed: int = 0) -> Tree:
        """Make the tree of points (point, dimension) by Euclidean distance."""
        points = np.asarray(points, float)
        leaf = np.arange(len(points)) if len(points) <= DIRECT else _micro(points, seed)
        centres, size = _centres(points, leaf)
        return cls(points, leaf, *_average_linkage(centres, size))

    def cut(self, n: int, least: float = 1) -> Codes:
        """(point,) cluster of each point, from 0: at most ``n`` of at least ``least`` points.

        The tree is cut where ``n`` clusters are so large; the points of smaller ones, which are
        outliers, join the cluster with the nearest centre. Where there are not so many large
        clusters at all, smaller ones count.
        """
        n_leaves = len(self.merged) + 1
        while True:
            n_large = self._large(least)[: n_leaves - min(n, n_leaves) + 1]
            enough = np.flatnonzero(n_large >= n)
            if len(enough):
                of_leaf = self._components(int(enough[-1]))
                size = np.bincount(of_leaf[self.leaf])
                return self._joined(of_leaf[self.leaf], size >= least)
            if least <= 1:
                return self._components(n_leaves - min(n, n_leaves))[self.leaf]
            least = max(least / 2, 1)

    def _large(self, least: float) -> Codes:
        """(merges,) number of clusters of at least ``least`` points after 0, 1, ... merges."""
        merged = self.sizes.sum(1) >= least
        gained = merged.astype(int) - (self.sizes >= least).sum(1)
        start = int((np.bincount(self.leaf) >= least).sum())
        return np.asarray(start + np.concatenate([[0], np.cumsum(gained)]), np.intp)

    def _components(self, n_merges: int) -> Codes:
        """(leaf,) cluster after so many merges."""
        n = len(self.merged) + 1
        ends = self.merged[:n_merges]
        links = sp.coo_array((np.ones(n_merges, bool), (ends[:, 0], ends[:, 1])), (n, n))
        return np.asarray(connected_components(links, directed=False)[1], np.intp)

    def _joined(self, found: Codes, large: NDArray[np.bool_]) -> Codes:
        centres, _ = _centres(self.points, found)
        code = np.cumsum(large) - 1
        codes, small = code[found], np.flatnonzero(~large[found])
        codes[small] = _nearest(self.points[small], centres[large])
        return np.asarray(codes)


def by_size(codes: Codes) -> Codes:
    """Codes from 0, the largest cluster first; of equal ones the one whose point comes first."""
    found, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.lexsort((first, -np.bincount(codes)))
    rank = np.empty(len(found), np.intp)
    rank[order] = np.arange(len(found))
    return rank[codes]


def _average_linkage(centres: Array, size: Array) -> tuple[Codes, Array]:
    """Merges (merge, 2) of clusters with centres and sizes, and sizes of what is merged.

    By nearest-neighbour chains:
    Murtagh and Contreras 2012. ``scipy.cluster.hierarchy.linkage`` knows no sizes.
    """
    n, size = len(centres), size.copy()
    distance = cdist(centres, centres).astype(np.float32)
    np.fill_diagonal(distance, np.inf)
    merged, height = np.empty((n - 1, 2), np.intp), np.empty(n - 1)
    sizes = np.empty((n - 1, 2))
    left, chain = np.ones(n, bool), [0]
    for step in range(n - 1):
        if not chain:
            chain.append(int(left.argmax()))
        while True:
            last = chain[-1]
            nearest = int(distance[last].argmin())
            if len(chain) > 1 and distance[last, chain[-2]] <= distance[last, nearest]:
                nearest = chain[-2]
                break
            chain.append(nearest)
        del chain[-2:]
        merged[step], height[step] = (last, nearest), distance[last, nearest]
        sizes[step] = size[last], size[nearest]
        row = size[last] * distance[last] + size[nearest] * distance[nearest]
        row /= size[last] + size[nearest]
        row[last] = np.inf
        size[last] += size[nearest]
        left[nearest] = False
        distance[last], distance[:, last] = row, row
        distance[nearest], distance[:, nearest] = np.inf, np.inf
    order = np.argsort(height, kind="stable")
    return merged[order], sizes[order]


def _micro(points: Array, seed: int) -> Codes:
    """(point,) micro-cluster of each of many points, by k-means of a sample of them."""
    rng = np.random.default_rng(seed)
    some = points[rng.choice(len(points), min(SAMPLE, len(points)), replace=False)]
    centres = some[:MICRO]
    for _ in range(PASSES):
        nearest = _nearest(some, centres)
        mean, size = _centres(some, nearest, len(centres))
        centres = np.where(size[:, None] > 0, mean, centres)
    return np.unique(_nearest(points, centres), return_inverse=True)[1]


def _centres(points: Array, codes: Codes, n: int = 0) -> tuple[Array, Array]:
    """Means (cluster, dimension) and sizes (cluster,) of clusters."""
    size = np.bincount(codes, minlength=n).astype(float)
    sums = [np.bincount(codes, column, minlength=n) for column in points.T]
    return np.stack(sums, 1) / np.maximum(size, 1)[:, None], size


def _nearest(points: Array, centres: Array) -> Codes:
    """(point,) position of the nearest centre."""
    nearest = np.empty(len(points), np.intp)
    for block in _blocks(len(points)):
        square = (centres**2).sum(1) - 2 * points[block] @ centres.T
        nearest[block] = square.argmin(1)
    return nearest


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, AT_ONCE):
        yield slice(start, start + AT_ONCE)
