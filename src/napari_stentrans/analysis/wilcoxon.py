"""Wilcoxon's rank-sum test of many genes, on sparse columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def rank_sum(values: sp.csc_matrix, region: NDArray[np.intp]) -> Array:
    """Two-sided p-values (gene,) of region 0 against region 1, corrected for ties.

    The normal approximation with a correction for continuity, as ``scipy.stats.mannwhitneyu`` has
    it for samples that are not tiny.

    Parameters
    ----------
    values
        (spot, gene) with no value below zero; zeros are one tie, and are never made.
    region
        (spot,) 0, 1, or -1 for spots that take no part.
    """
    of = region[values.indices]
    part = np.flatnonzero((of >= 0) & (values.data > 0))
    column = np.repeat(np.arange(values.shape[1]), np.diff(values.indptr))[part]
    keys = values.data[part].astype(np.float32).view(np.uint32).astype(np.int64)
    keys |= column << 31  # a float above zero leaves its highest bit unused
    keys <<= 1
    keys |= of[part]
    keys.sort()
    n_one, n = int((region == 0).sum()), int((region >= 0).sum())
    nonzero = np.bincount(column, minlength=values.shape[1])
    return _of_sorted(keys, nonzero, n_one, n)


def _of_sorted(keys: NDArray[np.int64], nonzero: NDArray[np.intp], n_one: int, n: int) -> Array:
    """P-values of sorted keys: gene, value, and 1 for the other region, in one number each."""
    n_genes, zeros = len(nonzero), n - nonzero.astype(float)
    to_rank = zeros + 1 - np.concatenate([[0], np.cumsum(nonzero)[:-1]])
    one = np.flatnonzero((keys & 1) == 0)
    gene = keys[one] >> 32
    seen_one = np.bincount(gene, minlength=n_genes)
    ranks = np.bincount(gene, one, n_genes) + seen_one * to_rank
    ranks += (n_one - seen_one) * (zeros + 1) / 2
    gene, shift, cubes = _ties(keys)
    ranks += np.bincount(gene, shift, n_genes)
    ties = np.bincount(gene, cubes, n_genes) + zeros**3 - zeros
    spread = n_one * (n - n_one) / 12 * (n + 1 - ties / (n * (n - 1.0)))
    away = np.abs(ranks - n_one * (n + 1) / 2) - 0.5
    score = np.maximum(away, 0) / np.sqrt(np.maximum(spread, 1e-12))
    return np.asarray(2 * ndtr(-score))


def _ties(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array, Array]:
    """Of runs of one value: their gene, what they add to the ranks of region 0, and n^3 - n."""
    same = np.flatnonzero((keys[1:] | 1) == (keys[:-1] | 1))  # each with the one after it
    first = same[np.diff(same, prepend=-2) > 1]
    last = same[np.diff(same, append=len(keys) + 1) > 1] + 1
    tied = (last - first + 1).astype(float)
    # in a run those of region 0 stand first, at ranks that are lower than the mean of the run
    in_one = tied - _sums(keys & 1, first, last)
    return keys[first] >> 32, in_one * (tied - in_one) / 2, tied**3 - tied


def _sums(values: NDArray[np.int64], first: NDArray[np.intp], last: NDArray[np.intp]) -> Array:
    """Sums of values over the runs from first to last, which stand in order and do not meet."""
    if not len(first):
        return np.empty(0)
    ends = np.stack([first, last + 1], 1).ravel()
    return np.add.reduceat(np.append(values, 0), ends)[::2].astype(float)
