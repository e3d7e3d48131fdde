"""Factors for the transformer: what all genes share, and what genes with a pattern share.

Three sets of factors. The plain one is the truncated SVD of standardised genes, in which deep
spots count more. For the spatial one each gene is first weighted by its spatial share (how much of
its variance is a smooth field) and averaged locally. The even one is the plain one with every spot
counted alike: it errs on other genes. A gene is decoded as (1 - EVEN) x (plain + g x spatial) /
(1 + g) + EVEN x even, g its spatial share: genes with a pattern of their own follow it, the others
the tissue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_stentrans.factors import (
    Factors,
    FloatArray,
    flat_factors,
    genes_to_model,
    library_sizes,
    lognorm,
)
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.svd import Products, Standardised, truncated_svd
from napari_stentrans.windows import windows

Array = NDArray[np.float64]

LENGTH = 3.0
"""Range, in spacings, of the field that spatial shares are measured with."""
SHARES = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9])[:, None]
SHARE_WINDOWS, GENES_AT_ONCE = 4, 2000
EVEN, EVEN_FACTORS = 0.25, 10
"""Weight of the even set, and factors in it at most."""
SMOOTHED, SMOOTHING = 24, 1.5
"""Spots in a local average, and the distance, in spacings, at which their weight is 1/e."""
WEAKEST = 5
"""The last factors of a set, which the prominence of the others is told by."""


@dataclass(frozen=True, eq=False)
class SpatialFactors(Factors):
    """Factors of which the first ``n_plain`` are the plain set; then the spatial and the even one.

    ``explained`` is 0 for the other sets: how alike two tissues are is told by the plain set.

    Attributes
    ----------
    prominence
        (factor,) log of its variance over that of the weakest factors of its set.
    n_plain
        Number of plain factors.
    plain_share
        Share of what is decoded that comes from the plain set, mean over genes.
    """

    prominence: FloatArray
    n_plain: int
    plain_share: float = 1.0


def spot_weights(totals: Array) -> Array:
    """Weights (spot,) of mean 1 by library size: the square root, for noise falls with depth."""
    weight = np.sqrt(np.maximum(totals, 1))
    return weight / weight.mean()


def fit_spatial_factors(
    counts: sp.csc_matrix, units: Array, n_factors: int, *, median_total: float, seed: int = 0
) -> Steps[SpatialFactors]:
    """Find the sets of factors of raw counts (spot, gene), all spots with counts.

    Factors are found on genes seen in more than a tenth of the spots. The others are decoded by
    regression on the plain and the even set.

    Parameters
    ----------
    units
        (spot, 2) positions in spacings.
    n_factors
        Factors in the plain and in the spatial set, at most; small sections have fewer.

    Yields
    ------
    Progress
        After every pass over the counts.
    """
    yield Progress(Stage.FACTORS, 0, 3)
    totals = library_sizes(counts)
    values, weight = lognorm(counts, totals, median_total), spot_weights(totals)
    yield Progress(Stage.FACTORS, 1, 3)
    y = Products(values)
    all_deep, all_even = Standardised(y, weight), Standardised(y)
    yield Progress(Stage.FACTORS, 2, 3)
    seen = genes_to_model(values, all_deep.varies, n_factors)
    if not seen.any():  # every spot the same
        return _flat(len(units), all_even.mean)
    deep, even = all_deep, all_even
    if not seen.all():
        part = Products(values[:, seen])
        deep, even = Standardised(part, weight), Standardised(part)
    sets = yield from _sets(deep, even, units, n_factors, seed)
    if not len(sets.plain):  # what varies is rounding
        return _flat(len(units), all_even.mean)
    return _decoded(sets, deep, even, all_deep, all_even, seen)


class _Sets(NamedTuple):
    """Right singular vectors (k, gene) of each set.

    ``singular`` (k,) values of the plain set, ``g`` (gene,) spatial shares.
    """

    singular: Array
    plain: FloatArray
    spatial: FloatArray
    even: FloatArray
    g: FloatArray


def _sets(
    deep: Standardised, even: Standardised, units: Array, n_factors: int, seed: int
) -> Steps[_Sets]:
    n, n_genes = shape = len(units), len(deep.mean)
    k, w = min(n_factors, max(n - 2, 1)), np.sqrt(deep.weight)[:, None].astype(np.float32)
    _, singular, plain = yield from truncated_svd(
        lambda x: w * deep.dot(x), lambda x: deep.tdot(w * x), shape, k, seed
    )
    if not len(plain):
        return _Sets(singular, plain, plain, plain, plain)
    g = yield from _spatial_share(deep, units, n_genes)
    average, gene = _local_average(units), g[:, None]
    _, _, spatial = yield from truncated_svd(
        lambda x: average @ (w * deep.dot(gene * x)),
        lambda x: gene * deep.tdot(w * (average.T @ x)),
        shape,
        k,
        seed,
    )
    steps = truncated_svd(even.dot, even.tdot, shape, min(k, EVEN_FACTORS), seed)
    return _Sets(singular, plain, spatial, (yield from steps).right, g)


def _decoded(
    sets: _Sets,
    deep: Standardised,
    even: Standardised,
    all_deep: Standardised,
    all_even: Standardised,
    seen: NDArray[np.bool_],
) -> SpatialFactors:
    """Scores and loadings; those of rare genes by regression on the plain and the even set."""
    singular, plain, spatial, evenly, g = sets
    n, n_plain = len(deep.weight), len(plain)
    scores = np.hstack([deep.dot(plain.T), deep.dot(g[:, None] * spatial.T), even.dot(evenly.T)])
    middle, sd = scores.mean(0, dtype=float), scores.std(0, dtype=float) + 1e-9
    scores = ((scores - middle) / sd).astype(np.float32)
    share = (1 - EVEN) / (1 + g)
    own = np.vstack([np.vstack([plain, spatial]) * (share * deep.sd), EVEN * evenly * even.sd])
    loadings = np.zeros((len(seen), len(sd)), np.float32)
    loadings[seen] = (own * sd[:, None]).T
    rare = np.flatnonzero(~seen & all_deep.varies)
    for z, portion, at in (
        (all_deep, 1 - EVEN, slice(n_plain)),
        (all_even, EVEN, slice(len(sd) - len(evenly), None)),
    ):
        slopes = z.tdot(z.weight[:, None] * scores[:, at])[rare] / n
        loadings[rare, at] = portion * slopes * z.sd[rare, None]
    strengths = [singular**2, *np.split(sd[n_plain:] ** 2, [len(spatial)])]
    mean = (1 - EVEN) * all_deep.mean + EVEN * all_even.mean
    explained = np.pad(singular**2 / (n * len(g)), (0, len(sd) - n_plain))
    return SpatialFactors(
        scores=scores,
        loadings=loadings,
        mean=(mean + loadings @ (middle / sd) * seen).astype(np.float32),
        explained=explained.astype(np.float32),
        prominence=np.concatenate([np.log(s / s[-WEAKEST:].mean()) for s in strengths if len(s)]),
        n_plain=n_plain,
        plain_share=float(share.mean()),
    )


def _flat(n_spots: int, mean: FloatArray) -> SpatialFactors:
    flat = flat_factors(n_spots, mean)
    return SpatialFactors(**vars(flat), prominence=np.zeros(1, np.float32), n_plain=1)


def _spatial_share(z: Standardised, units: Array, n_genes: int) -> Steps[FloatArray]:
    """Posterior mean (gene,) of the share of a gene's variance that is a field of range LENGTH."""
    every = windows(units)
    some = every[:: -(-len(every) // SHARE_WINDOWS)]
    evidence = np.zeros((len(SHARES), n_genes))
    for i, part in enumerate(some):
        spots = part.spots
        distance = cdist(units[spots], units[spots]).astype(np.float32)
        spectrum, vectors = eigh(np.exp(-distance / LENGTH), driver="evd")
        variance, n = SHARES * np.maximum(spectrum, 0) + 1 - SHARES, len(spots)
        for start in range(0, n_genes, GENES_AT_ONCE):
            yield Progress(Stage.FACTORS, i * n_genes + start, len(some) * n_genes)
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
