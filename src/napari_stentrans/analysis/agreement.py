"""Agreement: how alike two ways are to put the same things into groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def overlaps(one: ArrayLike, other: ArrayLike) -> NDArray[np.int64]:
    """Count (group of one, group of other) of the things in both, for codes from 0."""
    a, b = np.asarray(one, np.intp), np.asarray(other, np.intp)
    table = sp.coo_array((np.ones(len(a), np.int64), (a, b)))
    return np.asarray(table.toarray())


def adjusted_rand(one: ArrayLike, other: ArrayLike) -> float:
    """Adjusted Rand index of two groupings: 1 where equal, about 0 by chance.

    Hubert and Arabie 1985. Groups may be named by anything that can be sorted.
    """
    a, b = (np.unique(np.asarray(some), return_inverse=True)[1] for some in (one, other))
    table = overlaps(a, b).astype(float)

    def pairs(n: NDArray[np.float64]) -> float:
        return float((n * (n - 1)).sum() / 2)

    both, in_a, in_b = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    every = pairs(np.array([float(len(a))]))
    expected, most = in_a * in_b / max(every, 1), (in_a + in_b) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def found_again(one: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """(group of one,) share of a group in both, of all in either: that of the likest group.

    The Jaccard index, as in the cluster-wise stability of Hennig (2007). Codes from 0; negative
    ones are in no group.
    """
    a, b = np.asarray(one, np.intp) + 1, np.asarray(other, np.intp) + 1
    a, b = np.maximum(a, 0), np.maximum(b, 0)
    table = overlaps(a, b).astype(float)
    either = table.sum(1)[:, None] + table.sum(0) - table
    alike = (table / np.maximum(either, 1))[1:, 1:]
    return np.asarray(alike.max(1, initial=0))
