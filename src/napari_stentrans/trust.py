"""What hidden spots say about one kind of evidence, and whether it is to be used for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]

TOGETHER = 10
"""Spots of a blob err together: so many count as one."""
GAIN, SPREAD, WORTH, SURE = 0.01, 0.03, 0.003, 0.6
"""Mean and spread of gains of correlation before anything is known of a section. Evidence is used
where a gain that is worth it is so probable. Wrong images gain -.019 to .003, since kriging weighs
the kernels of evidence by what the observed spots say of them."""
LEAST = 0.01
"""Least correlation that a gain is a share of."""


class Trust(NamedTuple):
    """What hidden spots say about one kind of evidence.

    Attributes
    ----------
    used
        Whether it is to be used.
    hidden
        Spots hidden at a time.
    without, with_it
        Mean correlation, over genes and trials, at the hidden spots; None where too few could be
        hidden to tell.
    error
        Standard error of their difference.
    """

    used: bool
    hidden: int
    without: float | None = None
    with_it: float | None = None
    error: float = 0.0

    def findings(self, name: str) -> dict[str, float]:
        """What the run record keeps; the gain is relative: 0.1 is a tenth."""
        found = {f"{name}_used": float(self.used), f"{name}_hidden": float(self.hidden)}
        if self.without is None or self.with_it is None:
            return found
        gain = (self.with_it - self.without) / max(self.without, LEAST)
        return found | {
            f"{name}_gain": round(gain, 3),
            f"correlation_without_{name}": round(self.without, 3),
            f"correlation_with_{name}": round(self.with_it, 3),
            f"correlation_error_{name}": round(self.error, 4),
        }


def judge(without: Array, with_it: Array, hidden: int) -> Trust:
    """Decide whether evidence is to be used, given what hidden spots (spot,) hit without and with.

    The gain, of which all trials speak together, has a normal prior and posterior. TOGETHER spots
    count as one.
    """
    better = with_it - without
    gain, error = float(better.mean()), float(np.sqrt(TOGETHER * better.var() / len(better)))
    weight = SPREAD**2 / (SPREAD**2 + error**2)
    expected, doubt = weight * gain + (1 - weight) * GAIN, np.sqrt(weight) * error
    used = bool(expected - WORTH >= ndtri(SURE) * doubt)
    return Trust(used, hidden, float(without.mean()), float(with_it.mean()), error)
