"""Factors: counts <-> log-normalised genes <-> a few spatial factors; sparse, never dense whole."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray = NDArray[np.float32]

SEEN = 0.1
"""Factors are found on genes seen in more than this share of the spots (METHOD: protocols)."""
OVERSAMPLING, POWER_ITERATIONS = 12, 4
GENE_BLOCK = 2048


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


def product_with(matrix: sp.csr_matrix) -> Callable[[FloatArray], FloatArray]:
    """Make the product of a sparse float32 matrix with dense columns.

    By torch: the numbers of SciPy in a third of the time, and the window goes on meanwhile,
    since Python's lock is let go.
    """
    indptr, indices, data = map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data))
    tensor = torch.sparse_csr_tensor(indptr, indices, data, size=matrix.shape)
    return lambda dense: (tensor @ torch.from_numpy(np.ascontiguousarray(dense))).numpy()


with warnings.catch_warnings():  # torch says once that these are in beta
    warnings.simplefilter("ignore", UserWarning)
    product_with(sp.csr_matrix((1, 1), dtype=np.float32))


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


def fit_factors(
    counts: sp.csc_matrix,
    n_factors: int,
    *,
    median_total: float | None = None,
    seed: int = 0,
) -> Steps[Factors]:
    """Find the factors of raw counts (spot, gene), all spots with at least one count.

    Randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4) on the
    standardised matrix, which is centred implicitly and stays sparse. Loadings of all genes,
    also the rarely seen ones, follow by regression on the scores.

    Yields
    ------
    Progress
        One per pass over the counts.
    """
    stage, passes = Stage.FACTORS, 2 * POWER_ITERATIONS + 3
    yield Progress(stage, 0, passes)
    totals = np.asarray(counts.sum(1), float).ravel()
    values = lognorm(counts, totals, median_total or float(np.median(totals)))
    n_spots = values.shape[0]
    mean = np.asarray(values.mean(0), np.float32).ravel()
    squares = np.asarray(values.power(2).sum(0), np.float32).ravel()
    sd = np.sqrt(np.maximum(squares / n_spots - mean**2, 0))
    seen = (values.getnnz(0) > SEEN * n_spots) & (sd > 1e-6)
    if seen.sum() < min(2 * n_factors, (sd > 1e-6).sum()):
        seen = sd > 1e-6
    if not seen.any():  # one spot, or every spot the same: nothing varies
        flat = np.zeros((n_spots, 1), np.float32)
        return Factors(flat, np.zeros((len(mean), 1), np.float32), mean, np.zeros(1, np.float32))
    yield Progress(stage, 1, passes)
    chosen = values if seen.all() else values[:, seen]
    by_spot, by_gene = product_with(chosen.tocsr()), product_with(chosen.T)
    shift = (mean[seen] / sd[seen])[:, None]
    rank = min(n_factors + OVERSAMPLING, n_spots, int(seen.sum()))

    def forward(genes: FloatArray) -> FloatArray:  # Z @ genes
        return by_spot(genes / sd[seen, None]) - (shift * genes).sum(0)

    def backward(spots: FloatArray) -> FloatArray:  # Z.T @ spots
        return by_gene(spots) / sd[seen, None] - shift * spots.sum(0)

    start = np.random.default_rng(seed).standard_normal((int(seen.sum()), rank), np.float32)
    basis, _ = np.linalg.qr(forward(start))
    for i in range(POWER_ITERATIONS):
        yield Progress(stage, 2 + 2 * i, passes)
        genes, _ = np.linalg.qr(backward(basis))
        yield Progress(stage, 3 + 2 * i, passes)
        basis, _ = np.linalg.qr(forward(genes))
    left, singular, _ = np.linalg.svd(backward(basis).T, full_matrices=False)
    scores = _fix_signs(basis @ left[:, :n_factors])
    explained = singular[:n_factors] ** 2 / (n_spots * seen.sum())
    keep = explained > 1e-8
    scores, explained = scores[:, keep], explained[keep]
    yield Progress(stage, passes - 1, passes)
    scores = (scores - scores.mean(0)) / np.maximum(scores.std(0), 1e-12)
    loadings = (product_with(values.T)(scores) - np.outer(mean, scores.sum(0))) / n_spots
    yield Progress(stage, passes, passes)
    return Factors(
        scores.astype(np.float32), loadings.astype(np.float32), mean, explained.astype(np.float32)
    )


def _fix_signs(vectors: FloatArray) -> FloatArray:
    """Singular vectors whose largest entry is positive: the same on every machine."""
    largest = np.abs(vectors).argmax(0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
