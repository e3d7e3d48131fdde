"""Differences below rounding are none: the one place that says what rounding is.

A run rounds otherwise on another processor, with another number of threads, and even on the same
processor where libraries of linear algebra go by where an array lies in memory. Later steps
enlarge that: values of two runs with the same settings differ by up to some 1e-5 of the largest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

ROUNDING = 1e-4
"""A difference below this share of the largest value of a gene is none; no colour shows it."""


def difference(values: FloatArray, others: FloatArray) -> FloatArray:
    """Values minus others, (site,) or (site, gene); 0 where that is rounding, NaN where one is.

    What is rounding goes by the largest value of each gene in either.
    """
    apart = values - others
    largest = np.fmax.reduce(np.fmax(np.abs(values), np.abs(others)), axis=0, initial=0)
    return np.where(np.abs(apart) <= ROUNDING * largest, np.zeros((), apart.dtype), apart)
