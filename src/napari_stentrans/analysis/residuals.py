"""Residuals: how far counts lie from what the depth of their spots alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray

LEAST_OVERDISPERSION = 0.01
LEAST_SPREAD = 1e-4
DEPTH_POWERS = (1, 2)
"""Residuals are freed of these powers of log depth, too."""
RANK = 1e-6
"""Covariates that add less than this to the others are left out."""


@dataclass(frozen=True, eq=False)
class Covariates:
    """What values of spots are freed of.

    Attributes
    ----------
    basis
        (spot, k) orthonormal columns, among whose sums is the constant one.
    """

    basis: FloatArray

    @classmethod
    def of_depth(cls, totals: NDArray[np.float64]) -> Covariates:
        """Mean and log depth, of library sizes (spot,)."""
        log = np.log(totals)
        log = (log - log.mean()) / max(float(log.std()), 1e-9)
        design = np.column_stack([np.ones(len(log)), *(log**power for power in DEPTH_POWERS)])
        left, singular, _ = np.linalg.svd(design / np.sqrt(len(log)), full_matrices=False)
        return cls(np.asarray(left[:, singular > RANK * singular[0]], np.float32))

    def residuals(self, values: FloatArray) -> FloatArray:
        """Values (spot, column) without what these explain."""
        return np.asarray(values - self.basis @ (self.basis.T @ values), np.float32)


def count_residuals(counts: FloatArray, totals: NDArray[np.float64]) -> FloatArray:
    """Variance-stabilised residuals (spot, gene) of counts (spot, gene) given library sizes.

    A gene that is nowhere more than elsewhere has the share of its total in every spot. What
    counts differ from that is divided by the spread of a negative binomial, whose overdispersion
    is that of the gene by moments (Pearson residuals), and its arcsinh tames the far tail.
    Log-normalised values are not as good: their spread depends on depth, so genes look spatial
    where depth is.
    """
    expected = np.outer(totals, counts.sum(0, dtype=float) / totals.sum()).astype(np.float32)
    beyond = counts - expected
    excess = (beyond**2).sum(0, dtype=float) - expected.sum(0, dtype=float)
    squares = (expected**2).sum(0, dtype=float)
    overdispersion = np.maximum(excess / np.maximum(squares, 1e-30), LEAST_OVERDISPERSION)
    spread = np.sqrt(expected + expected**2 * overdispersion.astype(np.float32))
    return np.arcsinh(beyond / np.maximum(spread, 1e-12))


def standardised(values: FloatArray, covariates: Covariates) -> FloatArray:
    """Values (spot, gene) freed of covariates, mean 0 and variance 1; 0 where they do not vary."""
    rest = covariates.residuals(values)
    rest -= rest.mean(0)
    spread = rest.std(0)
    varies = spread > LEAST_SPREAD * np.maximum(np.abs(values).max(0), 1e-30)
    return np.asarray(rest / np.where(varies, spread, np.inf), np.float32)
