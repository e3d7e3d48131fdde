"""Factors for the transformer: what all genes share, and what genes with a pattern share.

Two sets of factors. The plain one is the truncated SVD of standardised genes, in which deep spots
count more. For the spatial one each gene is first weighted by its spatial share (how much of its
variance is a smooth field) and averaged locally. A gene is decoded as (plain + g x spatial) /
(1 + g), g its spatial share: genes with a pattern of their own follow it, the others the tissue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_stentrans.factors import SEEN, Factors, FloatArray, lognorm, product_with
from napari_stentrans.progress import Progress, Steps
from napari_stentrans.windows import windows

Array = NDArray[np.float64]
Operator = Callable[[FloatArray], FloatArray]

STAGE = "finding spatial factors"
POWER_ITERATIONS, OVERSAMPLING = 4, 10
LENGTH = 3.0
"""Range, in spacings, of the field that spatial shares are measured with."""
SHARES = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9])[:, None]
SHARE_WINDOWS, GENES_AT_ONCE = 4, 2000
SMOOTHED, SMOOTHING = 24, 1.5
"""Spots in a local average, and the distance, in spacings, at which their weight is 1/e."""
WEAKEST = 5
"""The last factors of a set, which the prominence of the others is told by."""


@dataclass(frozen=True, eq=False)
class SpatialFactors(Factors):
    """Factors of which the first ``n_plain`` are the plain set and the rest the spatial one.

    ``explained`` is 0 for the spatial set: how alike two tissues are is told by the plain set.

    Attributes
    ----------
    prominence
        (factor,) log of its variance over that of the weakest factors of its set.
    n_plain
        Number of plain factors.
    """

    prominence: FloatArray
    n_plain: int


class Standardised:
    """(Y - mean) / sd of log-normalised genes Y (spot, gene) as an operator; spots have weights.

    Attributes
    ----------
    mean, sd
        (gene,) weighted mean and standard deviation; sd is 1 where a gene does not vary.
    """

    def __init__(self, values: sp.csc_matrix, weight: Array) -> None:
        self._values = values
        self._by_spot, self._by_gene = product_with(values.tocsr()), product_with(values.T)
        w = weight / weight.sum()
        self.mean = (values.T @ w).astype(np.float32)
        sd = np.sqrt(np.maximum(values.power(2).T @ w - self.mean.astype(float) ** 2, 0))
        self.sd = np.where(sd > 1e-6, sd, 1).astype(np.float32)

    def dot(self, genes: FloatArray) -> FloatArray:
        """Multiply from the right: (gene, k) -> (spot, k)."""
        genes = (genes / self.sd[:, None]).astype(np.float32)
        return self._by_spot(genes) - self.mean @ genes

    def tdot(self, spots: FloatArray) -> FloatArray:
        """Multiply the transpose: (spot, k) -> (gene, k)."""
        spots = spots.astype(np.float32)
        product = self._by_gene(spots) - np.outer(self.mean, spots.sum(0))
        return np.asarray(product / self.sd[:, None])

    def dense(self, spots: NDArray[np.intp], genes: slice) -> FloatArray:
        """Some spots and genes as an array (spot, gene)."""
        rows = self._values[:, genes][spots].toarray()
        return np.asarray((rows - self.mean[genes]) / self.sd[genes])


def svd(
    dot: Operator, tdot: Operator, shape: tuple[int, int], k: int, seed: int
) -> Steps[tuple[Array, FloatArray]]:
    """Truncated SVD of an operator (spot, gene): singular values and right vectors (k, gene).

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4). Directions that
    are empty but for rounding are left out.
    """
    width = min(k + OVERSAMPLING, *shape)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((shape[0], width)).astype(np.float32)
    for i in range(POWER_ITERATIONS):
        genes = np.linalg.qr(tdot(basis))[0]
        yield Progress(STAGE, 2 * i, 2 * POWER_ITERATIONS)
        basis = np.linalg.qr(dot(genes))[0]
        yield Progress(STAGE, 2 * i + 1, 2 * POWER_ITERATIONS)
    genes = tdot(basis).astype(float)
    squares, turn = np.linalg.eigh(genes.T @ genes)
    squares, turn = squares[::-1][:k], turn[:, ::-1][:, :k]
    keep = squares > 1e-6 * max(squares[0], 1e-6)
    singular = np.sqrt(squares[keep])
    return singular, (genes @ turn[:, keep] / singular).T.astype(np.float32)


def spot_weights(totals: Array) -> Array:
    """Weights (spot,) of mean 1 by library size: the square root, for noise falls with depth."""
    weight = np.sqrt(np.maximum(totals, 1))
    return weight / weight.mean()


def fit_spatial_factors(
    counts: sp.csc_matrix, units: Array, n_factors: int, *, median_total: float, seed: int = 0
) -> Steps[SpatialFactors]:
    """Find the two sets of factors of raw counts (spot, gene), all spots with counts.

    Factors are found on genes seen in more than a tenth of the spots. The others are decoded by
    regression on the plain set.

    Parameters
    ----------
    units
        (spot, 2) positions in spacings.
    n_factors
        Factors in each set, at most; small sections have fewer.

    Yields
    ------
    Progress
        After every pass over the counts.
    """
    yield Progress(STAGE, 0, 3)
    totals = np.asarray(counts.sum(1), float).ravel()
    values, weight = lognorm(counts, totals, median_total), spot_weights(totals)
    yield Progress(STAGE, 1, 3)
    everything = Standardised(values, weight)
    yield Progress(STAGE, 2, 3)
    n, varies = len(units), everything.sd != 1
    seen = varies & (values.getnnz(0) > SEEN * n)
    seen = seen if seen.sum() >= min(2 * n_factors, varies.sum()) else varies
    if not seen.any():  # every spot the same
        return _flat(n, everything.mean)
    z = everything if seen.all() else Standardised(values[:, seen], weight)
    k, shape = min(n_factors, max(n - 2, 1)), (n, int(seen.sum()))
    w = np.sqrt(weight)[:, None].astype(np.float32)
    singular, plain = yield from svd(
        lambda x: w * z.dot(x), lambda x: z.tdot(w * x), shape, k, seed
    )
    if not len(plain):  # what varies is rounding
        return _flat(n, everything.mean)
    g = yield from _spatial_share(z, units, shape[1])
    a, gc = _local_average(units), g[:, None]
    _, spatial = yield from svd(
        lambda x: a @ (w * z.dot(gc * x)), lambda x: gc * z.tdot(w * (a.T @ x)), shape, k, seed
    )
    scores = np.hstack([z.dot(plain.T), z.dot(gc * spatial.T)]).astype(float)
    middle, sd = scores.mean(0), scores.std(0) + 1e-9
    scores = (scores - middle) / sd
    loadings = np.zeros((len(seen), len(sd)), np.float32)
    loadings[seen] = (np.vstack([plain, spatial]) * sd[:, None] * (z.sd / (1 + g))).T
    rare = np.flatnonzero(~seen & varies)
    slopes = everything.tdot(weight[:, None] * scores[:, : len(plain)])[rare] / n
    loadings[rare, : len(plain)] = slopes * everything.sd[rare, None]
    strengths = [singular**2, sd[len(plain) :] ** 2]
    return SpatialFactors(
        scores=scores.astype(np.float32),
        loadings=loadings,
        mean=everything.mean + loadings @ (middle / sd).astype(np.float32) * seen,
        explained=np.append(singular**2 / (n * shape[1]), np.zeros(len(spatial))).astype(
            np.float32
        ),
        prominence=np.concatenate([np.log(s / s[-WEAKEST:].mean()) for s in strengths if len(s)]),
        n_plain=len(plain),
    )


def _flat(n_spots: int, mean: FloatArray) -> SpatialFactors:
    zero = np.zeros(1, np.float32)
    scores, loadings = np.zeros((n_spots, 1), np.float32), np.zeros((len(mean), 1), np.float32)
    return SpatialFactors(scores, loadings, mean, zero, zero, 1)


def _spatial_share(z: Standardised, units: Array, n_genes: int) -> Steps[FloatArray]:
    """Posterior mean (gene,) of the share of a gene's variance that is a field of range LENGTH."""
    every = windows(units)
    some = every[:: -(-len(every) // SHARE_WINDOWS)]
    evidence = np.zeros((len(SHARES), n_genes))
    for i, (spots, _) in enumerate(some):
        distance = cdist(units[spots], units[spots]).astype(np.float32)
        spectrum, vectors = eigh(np.exp(-distance / LENGTH), driver="evd")
        variance, n = SHARES * np.maximum(spectrum, 0) + 1 - SHARES, len(spots)
        for start in range(0, n_genes, GENES_AT_ONCE):
            yield Progress(STAGE, i * n_genes + start, len(some) * n_genes)
            genes = slice(start, start + GENES_AT_ONCE)
            scale = (1 / variance) @ (vectors.T @ z.dense(spots, genes)) ** 2 / n + 1e-9
            evidence[:, genes] -= (n * np.log(scale) + np.log(variance).sum(1)[:, None]) / 2
    weight = np.exp(evidence - evidence.max(0))
    return np.asarray((weight * SHARES).sum(0) / weight.sum(0), np.float32)


def _local_average(units: Array) -> sp.csr_matrix:
    """Sparse matrix (spot, spot) that averages over the spots around."""
    n, k = len(units), min(SMOOTHED, len(units))
    distance, index = cKDTree(units).query(units, np.arange(1, k + 1))
    weight = np.exp(-distance / SMOOTHING)
    weight = (weight / weight.sum(1, keepdims=True)).astype(np.float32)
    return sp.csr_matrix((weight.ravel(), index.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
