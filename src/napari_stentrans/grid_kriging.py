"""Kriging by evidence: all kernels, lengths and signal shares on a grid, weighed by likelihood.

Column = constant + field + noise. Choosing the likeliest range and signal share, as plain kriging
does, is a gamble in a small section; here every pair on the grid predicts, weighed by its marginal
likelihood with the variance at its maximum (Rasmussen and Williams 2006, section 5.2; leave-one-out
in closed form, equations 5.10 to 5.12). One eigendecomposition per kernel serves all columns and
all shares. Positions are in spacings. Long loops yield after each kernel.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from copy import copy
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

Array = NDArray[np.float64]
Known = NDArray[np.floating[Any]]


class Kernel(NamedTuple):
    """How alike two spots are.

    ``kind`` is exponential ("exp") or Matern-3/2 ("m32"), ``length`` in spacings, ``likeness`` the
    share of the field's variance that is linear in what is known of the spots besides positions;
    ``of`` says which evidence that is, where there are several kinds.
    """

    kind: str
    length: float
    likeness: float = 0.0
    of: int = 0


T = TypeVar("T")
Ticks = Generator[None, None, T]
"""A computation that yields None every few tenths of a second and returns T."""

KERNELS = (
    *(Kernel("exp", length) for length in (0.75, 1.5, 3.0, 6.0, 12.0, 24.0)),
    *(Kernel("m32", length) for length in (1.0, 2.0, 4.0, 8.0)),
)
SHARES = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97])
"""Candidate shares of a column's variance that are spatial; the rest is noise."""
CONSTANT = 1.0
"""Network variance of the unknown constant, in units of the field's variance."""
NEGLIGIBLE = 1e-3
"""Grid points with less posterior weight than this, for every column, are left out."""
SITES_AT_ONCE = 2048


class GridKriging:
    """The posterior over (kernel, share) of every column of some values, and its predictions.

    Parameters
    ----------
    xy
        (spot, dimension) positions, in spacings.
    values
        (spot, column), about mean 0 and variance 1.
    kernels
        The kernels to weigh against each other.
    features
        (spot, feature) what else is known of the spots, of mean squared length 1; one array for
        each kind of evidence.

    Attributes
    ----------
    evidence
        (column,) log marginal likelihood, averaged over the grid.
    signal, log_length
        (column,) posterior mean of the share that is spatial and of the log length.
    noise
        (column,) variance of the noise.
    """

    def __init__(
        self,
        xy: Array,
        values: Array,
        kernels: Sequence[Kernel] = KERNELS,
        features: Sequence[Known] = (),
    ) -> None:
        self.xy, self.values, self.kernels = xy, values, kernels
        self.features = features

    def fit(self) -> Ticks[None]:
        """Weigh the grid."""
        n, columns = self.values.shape
        distance, share = cdist(self.xy, self.xy).astype(np.float32), SHARES[:, None]
        alike = [(known @ known.T).astype(np.float32) for known in self.features]
        self._likelihood = np.empty((len(self.kernels), len(SHARES), columns))
        self._scale = np.empty_like(
            self._likelihood
        )  # variance of the columns at maximum likelihood
        self._eigen = []
        for i, kernel in enumerate(self.kernels):
            spectrum, vectors = eigh(
                _covariance(distance, alike, kernel),
                driver="evd",
                overwrite_a=True,
                check_finite=False,
            )
            spectrum, along = np.maximum(spectrum, 0), vectors.T @ self.values
            variance = share * spectrum + 1 - share
            self._scale[i] = (1 / variance) @ (along * along) / n + 1e-9
            spread = np.log(variance).sum(1)[:, None]
            self._likelihood[i] = -0.5 * (n * np.log(self._scale[i]) + spread)
            self._eigen.append((spectrum, vectors, along))
            yield
        self._weigh(np.ones(len(self.kernels), bool))

    def by(self, kernels: Sequence[Kernel]) -> GridKriging:
        """The same, once it is fitted, by some of its kernels only."""
        other = copy(self)
        other._weigh(np.array([kernel in kernels for kernel in self.kernels]))
        return other

    def _weigh(self, taken: NDArray[np.bool_]) -> None:
        """Weigh the kernels (kernel,) that are taken, and shares, by their likelihood."""
        share, likelihood = SHARES[:, None], self._likelihood[taken]
        top = likelihood.max((0, 1))
        some = np.exp(likelihood - top)
        self.evidence = top + np.log(some.mean((0, 1)))
        weight = np.zeros_like(self._likelihood)
        weight[taken] = some
        weight /= weight.sum((0, 1))
        weight *= weight.max((1, 2), keepdims=True) >= NEGLIGIBLE
        self._weight = weight / weight.sum((0, 1))
        self._used = [i for i in range(len(self.kernels)) if self._weight[i].max() > 0]
        lengths = np.log([kernel.length for kernel in self.kernels])
        self.signal = (self._weight.sum(0) * share).sum(0)
        self.log_length = (self._weight.sum(1) * lengths[:, None]).sum(0)
        self.noise = (self._weight * self._scale * (1 - share)).sum((0, 1))

    def predict(
        self, xy: Array, features: Sequence[Known] = (), *, variance: bool = True
    ) -> Ticks[tuple[Array, Array]]:
        """Mean and variance (site, column) of the noise-free field; variance 0 if not wanted."""
        shape, share = (len(xy), self.values.shape[1]), SHARES[:, None]
        mean, var = np.zeros(shape), np.zeros(shape)
        for start in range(0, len(xy), SITES_AT_ONCE):
            at = slice(start, start + SITES_AT_ONCE)
            distance = cdist(xy[at], self.xy).astype(np.float32)
            pairs = zip(features, self.features, strict=True)
            alike = [(there[at] @ here.T).astype(np.float32) for there, here in pairs]
            length = [(there[at] ** 2).sum(1)[:, None] for there in features]
            for i in self._used:
                (spectrum, vectors, along), weight = self._eigen[i], self._weight[i]
                inverse = 1 / (share * spectrum + 1 - share)
                kernel = self.kernels[i]
                cross, likeness = _covariance(distance, alike, kernel), kernel.likeness
                mean[at] += cross @ (vectors @ (((share * inverse).T @ weight) * along))
                if variance:
                    scaled = weight * self._scale[i]
                    prior = 1 - likeness + CONSTANT
                    if likeness:
                        prior = prior + likeness * length[kernel.of]
                    var[at] += prior * (share * scaled).sum(0)
                    var[at] -= (cross @ vectors) ** 2 @ ((share**2 * inverse).T @ scaled)
                yield
        return mean, np.maximum(var, 1e-6) if variance else var

    def at_observed(self) -> Array:
        """Mean (spot, column) of the noise-free field at the observed spots: smoothing."""
        share, mean = SHARES[:, None], np.zeros(self.values.shape)
        for i in self._used:
            spectrum, vectors, along = self._eigen[i]
            kept = (share / (share * spectrum + 1 - share)).T @ self._weight[i]
            mean += vectors @ (spectrum[:, None] * kept * along)
        return mean

    def leave_one_out(self) -> Ticks[tuple[Array, Array]]:
        """Mean of every spot given the others, and its variance with noise, (spot, column).

        The weights of the grid are those of all spots.
        """
        mean, var = np.zeros(self.values.shape), np.zeros(self.values.shape)
        for i in self._used:
            spectrum, vectors, along = self._eigen[i]
            squares, along = vectors**2, along.astype(np.float32)
            for j in np.flatnonzero(self._weight[i].max(1) > NEGLIGIBLE):
                inverse = (1 / (SHARES[j] * spectrum + 1 - SHARES[j])).astype(np.float32)
                diagonal, weight = (squares @ inverse)[:, None], self._weight[i, j]
                residual = vectors @ (inverse[:, None] * along) / diagonal
                mean += weight * (self.values - residual)
                var += weight * self._scale[i, j] / diagonal
            yield
        return mean, var


def _covariance(
    distance: NDArray[np.float32], alike: Sequence[NDArray[np.float32]], kernel: Kernel
) -> NDArray[np.float32]:
    """Covariance of a field of variance 1 at some distances, plus the constant."""
    a = distance / np.float32(kernel.length / (1 if kernel.kind == "exp" else np.sqrt(3)))
    field = (1 if kernel.kind == "exp" else 1 + a) * np.exp(-a)
    if kernel.likeness:
        field = (1 - np.float32(kernel.likeness)) * field + np.float32(kernel.likeness) * alike[
            kernel.of
        ]
    return np.asarray(field + np.float32(CONSTANT))
