"""What shared genes that were held out say of genes that nobody measured.

A gene that the section lacks is trusted as far as shared genes were well predicted that behave
like it in the reference: how well it follows from the shared genes there, how high and how often
it is seen, how much it varies, and how much of that is left in the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.reference.moments import Of

SHRINK = 0.1
"""Of the regressions on few genes."""
TINY = 1e-4


class Tried(NamedTuple):
    """Shared genes (gene,) that were held out, and what was measured of them.

    Attributes
    ----------
    traits
        (gene, trait), as of ``traits``.
    mean, variance
        As measured, log-normalised, over the spots.
    told, together
        Variance of what is told over the spots, and its covariance with what was measured.
    """

    traits: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    told: NDArray[np.float64]
    together: NDArray[np.float64]

    @property
    def reached(self) -> NDArray[np.float64]:
        """(gene,) correlation of what is told with what was measured."""
        both = np.sqrt(self.variance * self.told)
        return np.where(both > 0, self.together / np.where(both > 0, both, 1), 0.0)

    @classmethod
    def joined(cls, parts: Sequence[Tried]) -> Tried:
        """All genes of several."""
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def traits(of: Of, fits: NDArray[np.floating], told: NDArray[np.floating]) -> NDArray[np.float64]:
    """(gene, trait) of genes: from the cells, how well they follow, and the variance told."""
    left = np.sqrt(told) / np.maximum(of.sd, TINY)
    return np.column_stack(
        [fits, np.log(of.mean + TINY), np.log(of.sd + TINY), of.seen, np.log(left + 10 * TINY)]
    )


@dataclass(frozen=True, eq=False)
class Line:
    """Ridge regression on standardised traits."""

    middle: NDArray[np.float64]
    scale: NDArray[np.float64]
    slope: NDArray[np.float64]
    offset: float

    @classmethod
    def of(cls, traits: NDArray[np.float64], values: NDArray[np.float64]) -> Line:
        """Learn values (gene,) from traits (gene, trait)."""
        middle, scale = traits.mean(0), traits.std(0) + 1e-9
        x = (traits - middle) / scale
        gram = x.T @ x + SHRINK * len(x) * np.eye(x.shape[1])
        offset = float(values.mean())
        return cls(middle, scale, np.linalg.solve(gram, x.T @ (values - offset)), offset)

    def at(self, traits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (gene,) to expect."""
        return np.asarray((traits - self.middle) / self.scale @ self.slope + self.offset)


@dataclass(frozen=True, eq=False)
class Lessons:
    """What was learned.

    Attributes
    ----------
    trust, level, doubt
        Correlation to expect of a gene with its measurements; its mean in the section; the
        logarithm of how far, squared, a measurement lies from what is told.
    spread
        What deviations from the mean are multiplied by, from cells to the section.
    highest
        Mean that was seen in the section.
    """

    trust: Line
    level: Line
    doubt: Line
    spread: float
    highest: float

    @classmethod
    def of(cls, tried: Tried) -> Lessons:
        """Learn of genes that were held out."""
        spread = float(max(tried.together.sum() / max(tried.told.sum(), 1e-12), 0.0))
        level = Line.of(tried.traits, tried.mean)
        off = tried.variance - 2 * spread * tried.together + spread**2 * tried.told
        off = np.maximum(off + (tried.mean - level.at(tried.traits)) ** 2, TINY)
        return cls(
            Line.of(tried.traits, tried.reached),
            level,
            Line.of(tried.traits, np.log(off)),
            spread,
            float(tried.mean.max()),
        )
