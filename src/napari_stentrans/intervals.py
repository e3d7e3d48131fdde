"""Intervals around an estimate: where the expression lies, and where a new measurement would."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float32]


class Intervals(NamedTuple):
    """Two intervals of one gene at each site, (site,) log-normalised; NaN where not known.

    Attributes
    ----------
    estimate_low, estimate_high
        Where the expression itself lies, without the noise of a measurement.
    measurement_low, measurement_high
        Where a new measurement would lie.
    """

    estimate_low: FloatArray
    estimate_high: FloatArray
    measurement_low: FloatArray
    measurement_high: FloatArray


def check_level(level: float) -> None:
    """Make sure that a level is a share.

    Raises
    ------
    ValueError
        When it is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: give a share above 0 and below 1, such as 0.68.")


def around(mean: FloatArray, std: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Low and high ends of the interval of a normal variable; expression is never below 0."""
    reach = np.float32(ndtri((1 + level) / 2)) * std
    return np.maximum(mean - reach, 0), np.maximum(mean + reach, 0)
