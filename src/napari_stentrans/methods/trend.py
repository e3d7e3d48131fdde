"""Evidence as a trend under kriging.

Column = ridge regression on what is known of the sites + residual, which is kriged (regression
kriging: Hengl, Heuvelink and Rossiter 2007). The penalty of each column is the one whose
closed-form leave-one-out error is least (Golub, Heath and Wahba 1979); it may be infinite, which
is no trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.methods.base import FloatArray, LeftOut, Prediction

if TYPE_CHECKING:
    from napari_stentrans.methods.base import FactorPredictor, Pairs, Predictor
    from napari_stentrans.progress import Steps

Array = NDArray[np.float64]

PENALTIES = np.array([0.01, 0.1, 1.0, 10.0, 100.0, np.inf])
"""Candidate penalties, in units of the mean squared singular value of what is known."""


@dataclass(frozen=True, eq=False)
class Trend:
    """Ridge regression of columns on what is known of the sites.

    Attributes
    ----------
    constant
        (column,) mean of each column.
    weights
        (component, column).
    along, doubt
        (component, component) directions, and (component, column) variance of the weights there.
    """

    constant: Array
    weights: Array
    along: Array
    doubt: Array

    @classmethod
    def of(cls, shown: FloatArray, columns: FloatArray) -> Trend:
        """Fit columns (spot, column) to what is shown at the spots (spot, component)."""
        constant = columns.mean(0, dtype=float)
        centred = columns - constant
        left, singular, along = np.linalg.svd(shown.astype(float), full_matrices=False)
        power, aligned = singular**2, left.T @ centred
        penalties = PENALTIES * max(power.mean(), 1e-12)
        errors = np.empty((len(penalties), columns.shape[1]))
        for i, penalty in enumerate(penalties):
            kept = (power / (power + penalty))[:, None]
            leverage = left**2 @ kept + 1 / len(columns)
            residual = (centred - left @ (kept * aligned)) / np.maximum(1 - leverage, 1e-6)
            errors[i] = (residual**2).mean(0)
        penalty = penalties[errors.argmin(0)]
        shrunk = 1 / (power[:, None] + penalty)
        weights = along.T @ (shrunk * singular[:, None] * aligned)
        return cls(constant, weights, along.T, shrunk * errors.min(0))

    def at(self, shown: FloatArray) -> FloatArray:
        """Trend (site, column) where what is known is ``shown`` (site, component)."""
        return np.asarray(self.constant + shown @ self.weights, np.float32)

    def variance(self, shown: FloatArray) -> FloatArray:
        """Variance (site, column) of the trend."""
        return np.asarray((shown @ self.along) ** 2 @ self.doubt, np.float32)


def predict_with(
    predictor: Predictor, xy: Array, columns: FloatArray, sites: Array, pairs: Pairs
) -> Steps[Prediction]:
    """Predict columns (spot, column) at sites (site, 2), with the evidence in ``pairs``."""
    if not pairs:
        yield from predictor.fit(xy, columns)
        return (yield from predictor.predict(sites, slice(None)))
    here, there = (np.hstack([pair[i] for pair in pairs]) for i in range(2))
    trend = Trend.of(here, columns)
    yield from predictor.fit(xy, columns - trend.at(here))
    mean, std = yield from predictor.predict(sites, slice(None))
    if std is not None:
        std = np.sqrt(std**2 + trend.variance(there))
    return Prediction(mean + trend.at(there), std)


def left_out(predictor: FactorPredictor, columns: FloatArray, pairs: Pairs) -> Steps[LeftOut]:
    """Predict columns (spot, column) at each spot from the others, after ``predict_with``.

    No spot moves the trend alone.
    """
    others = yield from predictor.left_out()
    if not pairs:
        return others
    here = np.hstack([pair.here for pair in pairs])
    trend = Trend.of(here, columns)
    return LeftOut(others.mean + trend.at(here), others.var + trend.variance(here))
