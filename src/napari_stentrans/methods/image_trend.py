"""The tissue image as a trend under kriging, where it helps on hidden spots.

Column = ridge regression on what the image shows + residual, which is kriged (regression kriging:
Hengl, Heuvelink and Rossiter 2007). The penalty of each column is the one whose closed-form
leave-one-out error is least (Golub, Heath and Wahba 1979); it may be infinite, which is no trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.factors import Factors, FloatArray, fit_factors
from napari_stentrans.methods.base import LeftOut, Prediction
from napari_stentrans.methods.gate import (
    GENES_AT_ONCE,
    HIDDEN,
    ImageTrust,
    Trial,
    around_middle,
    judge_image,
    too_few_to_tell,
    trials,
)
from napari_stentrans.progress import Progress, Steps, named
from napari_stentrans.windows import spacing

if TYPE_CHECKING:
    from collections.abc import Callable

    import scipy.sparse as sp

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.methods.base import FactorMethod, Method

Array = NDArray[np.float64]

STAGE = "checking the tissue image on hidden spots"
PENALTIES = np.array([0.01, 0.1, 1.0, 10.0, 100.0, np.inf])
"""Candidate penalties, in units of the mean squared singular value of what the image shows."""


@dataclass(frozen=True, eq=False)
class Trend:
    """Ridge regression of columns on what the image shows.

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
        """Trend (site, column) where the image shows ``shown`` (site, component)."""
        return np.asarray(self.constant + shown @ self.weights, np.float32)

    def variance(self, shown: FloatArray) -> FloatArray:
        """Variance (site, column) of the trend."""
        return np.asarray((shown @ self.along) ** 2 @ self.doubt, np.float32)


def krige_with_image(
    method: Method,
    xy: Array,
    columns: FloatArray,
    sites: Array,
    shown: tuple[FloatArray, FloatArray] | None,
) -> Steps[Prediction]:
    """Predict columns (spot, column) at sites (site, 2).

    ``shown`` is what the tissue image shows at the spots and at the sites, (., component); None
    where it is not to be used.
    """
    if shown is None:
        yield from method.fit(xy, columns)
        return (yield from method.predict(sites, slice(None)))
    here, there = shown
    trend = Trend.of(here, columns)
    yield from method.fit(xy, columns - trend.at(here))
    mean, std = yield from method.predict(sites, slice(None))
    if std is not None:
        std = np.sqrt(std**2 + trend.variance(there))
    return Prediction(mean + trend.at(there), std)


def left_out(
    method: FactorMethod, columns: FloatArray, shown: tuple[FloatArray, FloatArray] | None
) -> Steps[LeftOut]:
    """Predict columns (spot, column) at each spot from the others, after ``krige_with_image``.

    No spot moves the trend alone.
    """
    others = yield from method.left_out()
    if shown is None:
        return others
    trend = Trend.of(shown[0], columns)
    return LeftOut(others.mean + trend.at(shown[0]), others.var + trend.variance(shown[0]))


def image_helps(
    counts: sp.csc_matrix,
    xy: Array,
    shown: FloatArray,
    config: EnhanceConfig,
    make: Callable[[], Method],
    median_total: float,
) -> Steps[ImageTrust]:
    """Find out whether the image helps to predict hidden spots, and by how much.

    Parameters
    ----------
    counts
        (spot, gene) raw counts of the observed spots.
    xy
        (spot, 2) their positions, full-resolution pixels.
    shown
        (spot, component) what the tissue image shows there.
    make
        Makes the method that works on columns.
    """
    units = xy / spacing(xy)
    some = around_middle(units)
    few = too_few_to_tell(len(some))
    if few is not None:
        return few
    counts, xy, units, shown = counts[some], xy[some], units[some], shown[some]
    found = []
    for trial in trials(counts, units, config.seed, median_total, once=False):
        steps = _try(trial, xy, shown, config, make, median_total)
        found.append((yield from named(STAGE, steps)))
    without, with_image = np.array(found).T
    return judge_image(without, with_image, int(HIDDEN * len(units)))


def _try(
    trial: Trial,
    xy: Array,
    shown: FloatArray,
    config: EnhanceConfig,
    make: Callable[[], Method],
    median_total: float,
) -> Steps[list[float]]:
    """Mean correlation over genes at hidden spots, without the image and with it."""
    factors = yield from fit_factors(
        trial.seen, config.n_factors, median_total=median_total, seed=config.seed
    )
    here, there = xy[~trial.hidden], xy[trial.hidden]
    found = []
    for pair in trial.pairs(shown):
        mean, _ = yield from krige_with_image(make(), here, factors.scores, there, pair)
        found.append((yield from _correlation(trial.truth, trial.genes, factors, mean)))
    return found


def _correlation(
    truth: sp.csc_matrix, genes: NDArray[np.intp], factors: Factors, mean: FloatArray
) -> Steps[float]:
    """Mean over genes of the correlation of predicted factors (spot, factor) with the truth."""
    total = 0.0
    for start in range(0, len(genes), GENES_AT_ONCE):
        yield Progress("comparing", start, len(genes))
        at = genes[start : start + GENES_AT_ONCE]
        measured, predicted = (
            (values - values.mean(0)) / (values.std(0) + 1e-6)
            for values in (truth[:, at].toarray(), factors.decode(mean, at))
        )
        total += float((measured * predicted).mean(0).sum())
    return total / max(len(genes), 1)
