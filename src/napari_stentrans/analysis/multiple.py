"""Many tests at once: false discovery rates, and one p-value of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST = 0.99
"""Larger p-values count as this: one test that says nothing must not outvote the others."""


def false_discovery_rates(pvalues: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values of Benjamini and Hochberg (1995): call all up to 5% to be wrong in 5%.

    Parameters
    ----------
    pvalues
        (test,) p-values; NaN where there was no test, and so in the result.
    """
    p = np.asarray(pvalues, float)
    adjusted, known = np.full(p.shape, np.nan), np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1)[::-1])[::-1]
    return adjusted


def combined(pvalues: ArrayLike) -> NDArray[np.float64]:
    """One p-value (column,) of several (test, column) that need not be independent.

    The Cauchy combination of Liu and Xie (2020), all tests with the same weight.
    """
    p = np.clip(np.asarray(pvalues, float), 1e-300, LARGEST)
    mean = (1 / np.tan(np.pi * p)).mean(0)
    return np.asarray(np.arctan2(1, mean) / np.pi)
