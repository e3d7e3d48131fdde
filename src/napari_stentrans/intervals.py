"""Intervals around an estimate: where the expression lies, and where a new measurement would.

Expression is taken for normal around its estimate. A measurement is not: it comes from a count, so
that it is often 0, and never between 0 and what one count stands for. It is taken for a normal
variable that reads as 0 below half a count, with the mean and the standard deviation that were
predicted. What such intervals hold of measurements that were left out then says which level is to
be asked for (``Coverage``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
FloatArray = NDArray[np.float32]

STEPS, FARTHEST = 18, -5.0
"""Steps of the search for the normal variable behind a measurement, and where it begins."""
LEVELS = np.array([0.1, 0.3, 0.5, 0.6, 0.68, 0.75, 0.82, 0.88, 0.92, 0.95, 0.97, 0.985, 0.995])
"""Levels that are tried on measurements that were left out."""
KINDS = np.array([0.0, 0.05, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 1.0])
"""Borders between kinds of genes, which scatter differently: shares of measurements that are 0."""
DOUBT = 200.0
"""Measurements that the level itself is worth, so that a few do not say much."""


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


def half_count(totals: Array, median_total: float) -> Array:
    """Log-normalised value of half a count at library sizes (site,)."""
    return np.log1p(0.5 * median_total / np.maximum(totals, 1))


@dataclass(frozen=True, eq=False)
class Behind:
    """The normal variable behind measurements, which read as 0 below ``least``.

    Attributes
    ----------
    mean, std
        Of the normal variable.
    least
        Log-normalised value of half a count.
    """

    mean: Array
    std: Array
    least: Array

    @classmethod
    def of(cls, mean: FloatArray, std: FloatArray, least: Array) -> Behind:
        """Find it from the mean and standard deviation of the measurement.

        For each place of ``least``, in standard deviations below the mean of the normal variable,
        one scale gives the wanted mean; the spread that goes with it falls from place to place.
        """
        wanted = np.maximum(mean.astype(float), 1e-4)
        least = np.broadcast_to(least, wanted.shape)
        spread = np.maximum(std.astype(float), 1e-6)
        low = np.full(wanted.shape, FARTHEST)
        above = 4 + 4 * np.maximum(wanted - least, 0) / spread
        high = np.where(wanted < least, ndtri(np.minimum(wanted / least, 1 - 1e-9)), above)
        high = np.maximum(high, low)
        for _ in range(STEPS):
            place = (low + high) / 2
            scale, now = _spread(place, wanted, least)
            low, high = np.where(now > spread, place, low), np.where(now > spread, high, place)
        scale, _ = _spread(low, wanted, least)
        return cls(least + low * scale, scale, least)

    @property
    def zeros(self) -> Array:
        """Share of measurements that are 0."""
        return ndtr((self.least - self.mean) / self.std)

    def interval(self, level: float | Array) -> tuple[Array, Array]:
        """Low and high ends of what holds the share ``level`` of the measurements, or more.

        As much is left out below as above. Where that would cut through the zeros, all of them
        are in and what is left out lies above.
        """
        tail = (1 - level) / 2
        all_zeros = self.zeros > tail
        reach = self.std * -ndtri(tail)
        low = np.where(all_zeros, 0, self.mean - reach)
        high = np.where(all_zeros, self.mean + self.std * ndtri(level), self.mean + reach)
        return low, np.where(high < self.least, 0, high)


def _spread(place: Array, mean: Array, least: Array) -> tuple[Array, Array]:
    """Scale of the normal variable with which measurements have a mean, and their spread then."""
    seen, density = ndtr(place), np.exp(-(place**2) / 2) / np.sqrt(2 * np.pi)
    beyond = place * seen + density
    scale = np.maximum((mean - least * seen) / beyond, 1e-6)
    squares = least**2 * seen + 2 * least * scale * beyond
    squares += scale**2 * ((place**2 + 1) * seen + place * density)
    return scale, np.sqrt(np.maximum(squares - mean**2, 0))


@dataclass(frozen=True, eq=False)
class Coverage:
    """What intervals hold of measurements that were left out.

    Attributes
    ----------
    held
        (kind, level) share of the measurements that lie in the interval of each of ``LEVELS``, for
        the kinds of genes between ``KINDS``.
    zeros
        (gene,) share of measurements that are 0.
    """

    held: FloatArray
    zeros: FloatArray

    def subset(self, genes: NDArray[np.intp]) -> Coverage:
        """The same for some of the genes."""
        return Coverage(self.held, self.zeros[genes])

    @staticmethod
    def held_of(measured: FloatArray, behind: Behind, zeros: Array) -> FloatArray:
        """Find ``held`` from measurements (spot, gene) left out and what was said of them.

        Parameters
        ----------
        zeros
            (gene,) share of measurements that are 0, of the genes of ``measured``.
        """
        kind = np.clip(np.searchsorted(KINDS, zeros, "right") - 1, 0, len(KINDS) - 2)
        n = np.bincount(kind, minlength=len(KINDS) - 1) * float(len(measured))
        held = np.empty((len(n), len(LEVELS)))
        for i, level in enumerate(LEVELS):
            low, high = behind.interval(level)
            inside = ((measured >= low) & (measured <= high)).sum(0)
            found = np.bincount(kind, inside, len(n))
            held[:, i] = (found + DOUBT * level) / (n + DOUBT)
        return held.astype(np.float32)

    def asked(self, at: NDArray[np.intp], level: float) -> Array:
        """Level (gene,) to ask for so that the interval holds ``level`` of the measurements."""
        middles = (KINDS[:-1] + KINDS[1:]) / 2
        ends = np.concatenate([[0], LEVELS, [1]])
        levels = []
        for zeros in self.zeros[at]:
            held = [np.interp(zeros, middles, column) for column in self.held.T]
            rising = np.maximum.accumulate(np.concatenate([[0], held, [1]]))
            levels.append(np.interp(level, rising, ends))
        return np.clip(levels, 1e-3, 1 - 1e-4)
