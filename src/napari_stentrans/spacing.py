"""Spacing: how far spots lie apart, and which of scattered ones are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError, cKDTree

Array = NDArray[np.float64]


def typical_spacing(xy: Array) -> float:
    """Median distance to the nearest other place, pixels; 1 for a single spot."""
    places = np.unique(xy, axis=0)
    if len(places) < 2:
        return 1.0
    distance, _ = cKDTree(places).query(places, 2)
    return float(np.median(distance[:, 1]))


def mean_spacing(xy: Array) -> float:
    """Side of the square that one of scattered spots has to itself, pixels.

    Of six neighbours within distance d: d * sqrt(pi / 6), the median over the spots.
    """
    places = np.unique(xy, axis=0)
    if len(places) < 8:
        return typical_spacing(xy)
    distance, _ = cKDTree(places).query(places, 7)
    return float(np.median(distance[:, 6]) * np.sqrt(np.pi / 6))


def delaunay_links(xy: Array, longest: float) -> NDArray[np.int64]:
    """Edges (pair, 2) of the Delaunay triangulation that are not longer than given."""
    try:
        triangles = Delaunay(xy).simplices
    except (QhullError, ValueError):  # fewer than three spots, or all on a line
        return np.asarray(cKDTree(xy).query_pairs(longest, output_type="ndarray"), np.int64)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    short = np.linalg.norm(xy[edges[:, 0]] - xy[edges[:, 1]], axis=1) <= longest
    return np.asarray(edges[short], np.int64)
