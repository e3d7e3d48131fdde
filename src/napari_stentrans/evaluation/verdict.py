"""Verdict: whether the enhanced map of a gene is to be trusted, from its score at hidden spots."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

HARDLY = 0.2
"""Correlation at hidden spots below which a map says little."""


class Verdict(IntEnum):
    """What hidden spots say of a gene; all but ``BETTER`` are doubtful."""

    BETTER = 0
    HARDLY_PREDICTABLE = 1
    NO_BETTER = 2


def verdicts(ours: ArrayLike, plain: ArrayLike, spots: int) -> NDArray[np.int64]:
    """Verdict on each gene.

    A gene that its map predicts with a correlation below ``HARDLY`` is hardly predictable, however
    the plain method does. Of the others, one is better whose gain is more than the noise of a
    correlation.

    Parameters
    ----------
    ours, plain
        (gene,) correlations of the enhanced map and of the plain method at the hidden spots.
    spots
        How many spots were hidden.

    Returns
    -------
    (gene,) values of ``Verdict``.
    """
    ours, plain = np.asarray(ours, float), np.asarray(plain, float)
    hardly = ours < HARDLY
    better = ours - plain > noise(ours, spots)
    return np.select(
        [hardly, better], [Verdict.HARDLY_PREDICTABLE, Verdict.BETTER], Verdict.NO_BETTER
    )


def noise(correlation: ArrayLike, spots: int) -> NDArray[np.float64]:
    """Standard error of correlations (gene,) over independent spots.

    (1 - r^2) / sqrt(n - 1), Pearson and Filon (1898), Phil. Trans. R. Soc. A 191. It bounds that
    of the gain too where the scores of both maps scatter together, correlated by 0.5 or more,
    which maps of the same spots scored on the same values usually do.
    """
    return np.asarray((1 - np.square(correlation, dtype=float)) / np.sqrt(max(spots - 1, 1)))
