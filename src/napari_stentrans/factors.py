"""Factors: counts <-> log-normalised genes <-> a few spatial factors; sparse, never dense whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.svd import PASSES, Products, Standardised, truncated_svd

FloatArray = NDArray[np.float32]

SEEN = 0.1
"""Factors are found on genes seen in more than this share of the spots (METHOD: protocols)."""
OVERSAMPLING = 12


def library_sizes(counts: sp.csc_matrix) -> NDArray[np.float64]:
    """Counts of all genes (spot,) of counts (spot, gene)."""
    return np.asarray(counts.sum(1), float).ravel()


def lognorm(
    counts: sp.csc_matrix, totals: NDArray[np.float64], median_total: float
) -> sp.csc_matrix:
    """log1p of counts (spot, gene) scaled to the median library size; shares the structure.

    Parameters
    ----------
    counts
        (spot, gene) raw counts.
    totals
        (spot,) library sizes, counts of all genes.
    median_total
        Library size that every spot is scaled to.
    """
    scale = (median_total / np.maximum(totals, 1)).astype(np.float32)
    data = np.log1p(counts.data * scale[counts.indices])
    return sp.csc_matrix((data, counts.indices, counts.indptr), shape=counts.shape, copy=False)


@dataclass(frozen=True, eq=False)
class Factors:
    """A truncated SVD of standardised, log-normalised genes.

    gene = mean + scores @ loadings[gene], in log-normalised units.

    Attributes
    ----------
    scores
        (spot, factor) of the fitted spots: mean 0, variance 1.
    loadings
        (gene, factor), in log-normalised units of each gene.
    mean
        (gene,) mean log-normalised expression at the fitted spots.
    explained
        (factor,) share of the variance of the standardised genes.
    """

    scores: FloatArray
    loadings: FloatArray
    mean: FloatArray
    explained: FloatArray

    def decode(self, scores: FloatArray, genes: NDArray[np.intp] | slice) -> FloatArray:
        """Log-normalised expression (site, gene) of some genes from scores (site, factor)."""
        values = self.mean[genes] + scores @ self.loadings[genes].T
        return np.maximum(values, 0, out=values)

    def decode_std(self, std: FloatArray, genes: NDArray[np.intp] | slice) -> FloatArray:
        """Standard deviation (site, gene) from that of independent factors (site, factor)."""
        return np.sqrt((std**2) @ (self.loadings[genes] ** 2).T)

    def subset(self, genes: NDArray[np.intp]) -> Factors:
        """The same factors for some of the genes."""
        return replace(self, loadings=self.loadings[genes], mean=self.mean[genes])


def often_seen(counts: sp.csc_matrix, n_spots: int | None = None) -> NDArray[np.bool_]:
    """Genes (gene,) of counts (spot, gene) seen in more than ``SEEN`` of all or so many spots."""
    return np.asarray(counts.getnnz(0) > SEEN * (n_spots or counts.shape[0]))


def genes_to_model(
    values: sp.csc_matrix, varies: NDArray[np.bool_], n_factors: int, most: int | None = None
) -> NDArray[np.bool_]:
    """Genes (gene,) that factors are found on: those that vary and, if they do, are often seen.

    At most ``most`` of them, those seen in the most spots.
    """
    seen = varies & often_seen(values)
    seen = seen if seen.sum() >= min(2 * n_factors, varies.sum()) else varies
    if most is None or seen.sum() <= most:
        return seen
    order = np.argsort(np.where(seen, -values.getnnz(0), 1), kind="stable")
    return np.isin(np.arange(len(seen)), order[:most])


def fit_factors(
    counts: sp.csc_matrix,
    n_factors: int,
    *,
    median_total: float | None = None,
    most: int | None = None,
    seed: int = 0,
) -> Steps[Factors]:
    """Find the factors of raw counts (spot, gene), all spots with at least one count.

    Loadings of all genes, also the rarely seen ones, follow by regression on the scores.

    Parameters
    ----------
    median_total
        Library size that every spot is scaled to; by default the median one.
    most
        Genes that factors are found on at most: those seen in the most spots.

    Yields
    ------
    Progress
        One per pass over the counts.
    """
    yield Progress(Stage.FACTORS, 0, PASSES)
    totals = library_sizes(counts)
    values = lognorm(counts, totals, median_total or float(np.median(totals)))
    every = Standardised(Products(values))
    seen, n_spots = genes_to_model(values, every.varies, n_factors, most), len(totals)
    if not seen.any():  # one spot, or every spot the same
        return flat_factors(n_spots, every.mean)
    z = every if seen.all() else Standardised(Products(values[:, seen]))
    shape = n_spots, int(seen.sum())
    steps = truncated_svd(
        z.dot, z.tdot, shape, n_factors, seed, oversampling=OVERSAMPLING, from_genes=True
    )
    left, singular, _ = yield from steps
    explained = singular**2 / (n_spots * shape[1])
    keep = explained > 1e-8
    if not keep.any():  # what varies is rounding
        return flat_factors(n_spots, every.mean)
    scores, explained = _fix_signs(left[:, keep]), explained[keep]
    scores = (scores - scores.mean(0)) / np.maximum(scores.std(0), 1e-12)
    loadings = every.tdot(scores) * every.sd[:, None] / n_spots
    yield Progress(Stage.FACTORS, PASSES, PASSES)
    found = scores, loadings, every.mean, explained
    return Factors(*(np.asarray(part, np.float32) for part in found))


def flat_factors(n_spots: int, mean: FloatArray) -> Factors:
    """One factor of nothing, where nothing varies."""
    scores, loadings = (np.zeros((n, 1), np.float32) for n in (n_spots, len(mean)))
    return Factors(scores, loadings, mean, np.zeros(1, np.float32))


def _fix_signs(vectors: FloatArray) -> FloatArray:
    """Singular vectors whose largest entry is positive: the same on every machine."""
    largest = np.abs(vectors).argmax(0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
