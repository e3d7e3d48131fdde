"""Borders: between clusters of sites, drawn by what each site is like and by its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.intp]
    Array = NDArray[np.float64]

NEIGHBOURS = 6
LIKE = 0.5
"""Log odds for the cluster of a neighbour, for each of the six."""
ROUND = 0.5
"""How far the covariance of the clusters is drawn to a round one."""
PASSES = 5


def neighbours_of(xy: Array) -> Codes:
    """(site, neighbour) the nearest other sites of each, six where there are so many."""
    k = min(NEIGHBOURS, len(xy) - 1)
    return np.asarray(cKDTree(xy).query(xy, range(2, k + 2))[1], np.intp)


def settled(codes: Codes, latent: Array, around: Codes) -> Codes:
    """Let every site choose its cluster again, until none changes: codes (site,) from 0.

    A hidden Markov random field (Besag 1986): Gaussian clusters of their own sizes with a common
    covariance, and a preference for the cluster of the neighbours (site, neighbour). No cluster
    is lost.
    """
    n, latent = int(codes.max()) + 1, np.asarray(latent, float)
    for _ in range(PASSES):
        chosen = (_distances(codes, n, latent) - 2 * LIKE * _votes(codes, n, around)).argmin(1)
        if len(np.unique(chosen)) < n or (chosen == codes).all():
            break
        codes = chosen
    return codes


def _distances(codes: Codes, n: int, latent: Array) -> Array:
    """Minus twice the log likelihood (site, cluster), but for what is the same for all."""
    size = np.bincount(codes, minlength=n)
    sums = [np.bincount(codes, column, minlength=n) for column in latent.T]
    centres = np.stack(sums, 1) / size[:, None]
    off = latent - centres[codes]
    spread = off.T @ off / len(latent)
    mean = np.trace(spread) / len(spread)
    spread = (1 - ROUND) * spread + (ROUND * mean + 1e-9) * np.eye(len(spread))
    whiten = np.linalg.inv(np.linalg.cholesky(spread)).T
    square = cdist(latent @ whiten, centres @ whiten, "sqeuclidean")
    return np.asarray(square - 2 * np.log(size / len(latent)))


def _votes(codes: Codes, n: int, around: Codes) -> Array:
    """How many neighbours (site, cluster) are in each cluster."""
    cell = np.arange(len(codes))[:, None] * n + codes[around]
    return np.bincount(cell.ravel(), minlength=len(codes) * n).reshape(-1, n).astype(float)
