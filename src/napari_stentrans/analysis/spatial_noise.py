"""How much a difference of two regions varies by chance, where places nearby are alike.

A gene's relative deviation from the mean of its region is taken as the sum of two parts: one of
each patch by itself, and one that patches share the more the nearer they are, ``exp(-distance /
length)``. How long and how large that is, is not known: every pair of a grid is weighed by how
likely it makes the gene's deviations (REML, the scale integrated out), times how often it is the
case among all genes. The distribution of a difference is the weighted mean over the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

if TYPE_CHECKING:
    from napari_stentrans.analysis.patches import Patches

Array = NDArray[np.float64]

SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8)
"""Of the variance of a typical patch that it shares with others."""
N_LENGTHS = 6
"""From a patch to half of the section."""
ROUNDS, FLAT = 8, 0.2
"""How often the prior is made anew, and the least of it that is alike for all cases."""
STEPS, NEAR = 8, 1e-9
"""Of the search for the width of an interval, and the relative step that ends it: the next one
would be its square."""
TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Spread:
    """Distribution of the chance difference of each gene: a mixture of t distributions.

    Attributes
    ----------
    weights
        (gene, case) how likely each case of the grid is; rows sum to 1.
    std
        (gene, case) scale of the t distribution.
    freedom
        Degrees of freedom of each.
    """

    weights: Array
    std: Array
    freedom: int

    @property
    def variance(self) -> Array:
        """(gene,) mean of the squared scales."""
        return np.asarray((self.weights * self.std**2).sum(1))

    def pvalues(self, difference: Array) -> Array:
        """Two-sided p-values (gene,) of differences (gene,)."""
        tails = stdtr(self.freedom, -np.abs(difference)[:, None] / self.std)
        return np.asarray(np.clip(2 * (self.weights * tails).sum(1), 0, 1))

    def half_width(self, level: float) -> Array:
        """(gene,) half the width of an interval that holds a share ``level`` of differences."""
        beyond = (1 - level) / 2
        normal = -float(ndtri(beyond))
        std = self.std * (-float(stdtrit(self.freedom, beyond)) / normal)  # quick, and as wide
        low, high = normal * std.min(1), normal * std.max(1)
        at = normal * np.sqrt((self.weights * std**2).sum(1))
        for _ in range(STEPS):  # of Newton, for the logarithm of the tail by that of the width
            scaled = at[:, None] / std
            tail = (self.weights * ndtr(-scaled)).sum(1)
            slope = (self.weights * scaled * np.exp(-(scaled**2) / 2)).sum(1) / np.sqrt(2 * np.pi)
            low, high = np.where(tail > beyond, at, low), np.where(tail > beyond, high, at)
            step = tail / np.maximum(slope, TINY) * np.log(np.maximum(tail, TINY) / beyond)
            following = at * np.exp(np.clip(step, -1, 1))
            between = (following >= low) & (following <= high)
            last, at = at, np.where(between, following, np.sqrt(low * high))
            if np.allclose(at, last, rtol=NEAR, atol=0):
                break
        return np.asarray(at)


@dataclass(frozen=True, eq=False)
class _Length:
    """One length: directions (direction, patch) in which patches vary apart from each other.

    ``eigen`` (direction,) is how much of what is shared lies in each, ``between`` (2, 2) the
    covariance of the means of the two regions.
    """

    basis: NDArray[np.float32]
    eigen: Array
    between: Array


class SpatialNoise:
    """What is the same for all genes of a comparison of region 0 with region 1.

    Parameters
    ----------
    patches
        Of the two regions.
    exposure
        (patch,) counts of all genes: how much a patch says.
    """

    def __init__(self, patches: Patches, exposure: Array) -> None:
        own = exposure.mean() / exposure
        inside = np.stack([patches.region == 0, patches.region == 1], 1).astype(float)
        weights = inside * exposure[:, None]
        self._weights = weights / weights.sum(0)
        self._own = self._weights.T @ (own[:, None] * self._weights)
        means = inside / np.sqrt(own)[:, None]
        free = np.linalg.qr(means, mode="complete")[0][:, 2:] / np.sqrt(own)[:, None]
        self.freedom = free.shape[1]
        longest = 0.5 * patches.extent
        lengths = np.geomspace(min(0.7 * patches.width, longest), longest, N_LENGTHS)
        self._lengths = [self._length(patches.correlation(length), free) for length in lengths]

    def _length(self, shared: Array, free: Array) -> _Length:
        eigen, vectors = np.linalg.eigh(free.T @ shared @ free)
        basis = np.asarray((free @ vectors).T, np.float32)
        return _Length(basis, np.maximum(eigen, 0), self._weights.T @ shared @ self._weights)

    def cases(self, deviations: NDArray[np.float32], scale: Array) -> tuple[Array, Array]:
        """Log likelihood and standard deviation (gene, case) of the difference, by case.

        Parameters
        ----------
        deviations
            (patch, gene), on a scale on which both regions scatter alike.
        scale
            (gene, 2) factor from that scale to that of the difference, in each region.
        """
        likely, variance = [], []
        signed = scale * [1, -1]
        for at, length in enumerate(self._lengths):
            squares = (length.basis @ deviations) ** 2
            for share in SHARES[at > 0 :]:  # nothing shared is the same at any length
                spectrum = 1 - share + share * length.eigen
                total = np.asarray(np.float32(1 / spectrum) @ squares, float)
                total = np.maximum(total, TINY)
                likely.append(-0.5 * (np.log(spectrum).sum() + self.freedom * np.log(total)))
                between = (1 - share) * self._own + share * length.between
                of = ((signed @ between) * signed).sum(1)
                variance.append(of * total / self.freedom)
        return np.stack(likely, 1), np.sqrt(np.maximum(np.stack(variance, 1), TINY))


def weighed(likely: Array) -> Array:
    """Weights (gene, case) of log likelihoods, with the prior that all genes together suggest."""
    likely = np.exp(likely - likely.max(1, keepdims=True))
    flat = np.full(likely.shape[1], 1 / likely.shape[1])
    prior = flat
    for _ in range(ROUNDS):
        weights = likely * prior
        weights /= weights.sum(1, keepdims=True)
        prior = (1 - FLAT) * weights.mean(0) + FLAT * flat
    return weights
