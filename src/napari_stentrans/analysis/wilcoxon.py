"""Wilcoxon's rank-sum test of many genes, on sparse columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]
    Keys = NDArray[np.uint32]

ONE = np.uint32(1)


def rank_sum(values: sp.csc_matrix, region: NDArray[np.intp]) -> Array:
    """Two-sided p-values (gene,) of region 0 against region 1, corrected for ties.

    The normal approximation with a correction for continuity, as ``scipy.stats.mannwhitneyu`` has
    it for samples that are not tiny.

    Parameters
    ----------
    values
        (spot, gene) with no value below zero; zeros are one tie, and are never made. Only their
        order counts.
    region
        (spot,) 0, 1, or -1 for spots that take no part.
    """
    of = region.astype(np.int8).take(values.indices)
    column = np.repeat(np.arange(values.shape[1]), np.diff(values.indptr))
    keys: Keys = np.left_shift(values.data.astype(np.float32).view(np.uint32), ONE)
    keys |= of.view(np.uint8) & ONE  # in place of the sign, which values do not have
    part = (of >= 0) & (values.data > 0)
    if not part.all():
        column, keys = column[part], keys[part]
    nonzero = np.bincount(column, minlength=values.shape[1])
    ends = np.cumsum(nonzero)
    for start, end in zip((ends - nonzero).tolist(), ends.tolist(), strict=True):
        keys[start:end].sort()
    n_one, n = int((region == 0).sum()), int((region >= 0).sum())
    return _of_sorted(keys, column, nonzero, n_one, n)


def _of_sorted(keys: Keys, column: Indices, nonzero: Indices, n_one: int, n: int) -> Array:
    """P-values of keys that are sorted by column: value, and 1 for region 1, in one number."""
    n_genes, zeros = len(nonzero), n - nonzero.astype(float)
    to_rank = zeros + 1 - (np.cumsum(nonzero) - nonzero)
    one = np.flatnonzero((keys & ONE) == 0)
    gene = column[one]
    seen_one = np.bincount(gene, minlength=n_genes)
    ranks = np.bincount(gene, one, n_genes) + seen_one * to_rank
    ranks += (n_one - seen_one) * (zeros + 1) / 2
    gene, shift, cubes = _ties(keys, column)
    ranks += np.bincount(gene, shift, n_genes)
    ties = np.bincount(gene, cubes, n_genes) + zeros**3 - zeros
    spread = n_one * (n - n_one) / 12 * (n + 1 - ties / (n * (n - 1.0)))
    away = np.abs(ranks - n_one * (n + 1) / 2) - 0.5
    score = np.maximum(away, 0) / np.sqrt(np.maximum(spread, 1e-12))
    return np.asarray(2 * ndtr(-score))


def _ties(keys: Keys, column: Indices) -> tuple[Indices, Array, Array]:
    """Of runs of one value: their gene, what they add to the ranks of region 0, and n^3 - n."""
    like_next = ((keys[1:] ^ keys[:-1]) < 2) & (column[1:] == column[:-1])
    same = np.flatnonzero(like_next)
    first = same[np.diff(same, prepend=-2) > 1]
    last = same[np.diff(same, append=len(keys) + 1) > 1] + 1
    tied = (last - first + 1).astype(float)
    # in a run those of region 0 stand first, at ranks that are lower than the mean of the run
    in_one = tied - _sums(keys & ONE, first, last)
    return column[first], in_one * (tied - in_one) / 2, tied**3 - tied


def _sums(values: Keys, first: Indices, last: Indices) -> Array:
    """Sums of values over the runs from first to last, which stand in order and do not meet."""
    if not len(first):
        return np.empty(0)
    ends = np.stack([first, last + 1], 1).ravel()
    return np.add.reduceat(np.append(values, np.uint32(0)), ends)[::2].astype(float)
