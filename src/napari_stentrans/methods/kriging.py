"""Kriging: each column is a Gaussian process over the section, with noise.

Column = mean + field + noise; the field has variance ``share`` and an exponential covariance
exp(-distance / length), the noise the rest. Length and share are chosen per column by marginal
likelihood on a grid (Rasmussen and Williams 2006, chapters 2 and 5; Stein 1999). Estimates
come with the standard deviation of the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.method_table import Method, Rates
from napari_stentrans.methods.base import LeftOut, Prediction, Values
from napari_stentrans.methods.by_factors import by_factors
from napari_stentrans.methods.neighbourhoods import Neighbourhoods
from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.lattice import Lattice

LENGTHS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Candidate correlation lengths, in spot spacings."""
SHARES = (0.03, 0.1, 0.25, 0.5, 0.75, 0.94)
"""Candidate shares of a column's variance that are spatial; the rest is noise."""
EXACT_BELOW = 3000
"""With more observed spots than this a site looks at its nearest spots only."""
BLOCK = 256
"""Spots in one block of the composite likelihood."""
STD_NEIGHBOURS = 32
SITES_AT_ONCE = 1024
VALUES_AT_ONCE = 1 << 20
"""Values (site, neighbour, column) that are weighed together: they stay in the cache."""


class Kriging:
    """Kriging of columns, exact in small sections and local in large ones."""

    scale: Literal["lognorm", "counts"] = "lognorm"

    def __init__(self, config: EnhanceConfig, lattice: Lattice) -> None:
        self.lattice = lattice
        self.neighbours = config.neighbours

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Choose length and share of each column (spot, column) by marginal likelihood."""
        self.units = self._units(xy)
        columns = np.asarray(values[:, slice(None)], np.float32)
        self.mean = columns.mean(0)
        self.sd = np.maximum(columns.std(0), 1e-6)
        self.values = torch.from_numpy((columns - self.mean) / self.sd)
        likelihood = []
        for i, length in enumerate(LENGTHS):
            yield Progress(Stage.RANGE, i, len(LENGTHS))
            likelihood.append(self._likelihood(length))
        table = torch.stack(likelihood)  # (length, share, column)
        best = table.flatten(0, 1).argmax(0)
        self.length = torch.tensor(LENGTHS)[best // len(SHARES)]
        self.share = torch.tensor(SHARES)[best % len(SHARES)]
        # The length of a column that is nearly all noise matters little: not worth its own system.
        self.length[self.share <= SHARES[1]] = LENGTHS[len(LENGTHS) // 2]
        yield Progress(Stage.RANGE, len(LENGTHS), len(LENGTHS))

    def predict(
        self, xy: NDArray[np.float64], columns: NDArray[np.intp] | slice
    ) -> Steps[Prediction]:
        """Mean and standard deviation of the noise-free field at sites xy (site, 2)."""
        units = self._units(xy)
        chosen = torch.arange(self.values.shape[1])[columns]
        if len(self.units) <= EXACT_BELOW:
            mean = yield from self._exact(units, chosen)
            _, std = yield from self._local(units, chosen, STD_NEIGHBOURS, only_std=True)
        else:
            mean, std = yield from self._local(units, chosen, self.neighbours)
        at = chosen.numpy()
        return Prediction(mean.numpy() * self.sd[at] + self.mean[at], std.numpy() * self.sd[at])

    def smoothed(self, exact_below: int) -> Steps[FloatArray]:
        """Mean (spot, column) of the noise-free field at the fitted spots, and nothing else.

        Exact up to so many spots, else from the nearest ones.
        """
        columns = torch.arange(self.values.shape[1])
        if len(self.units) <= exact_below:
            mean = yield from self._exact(self.units, columns)
        else:
            mean, _ = yield from self._local(self.units, columns, self.neighbours)
        return np.asarray(mean.numpy() * self.sd + self.mean)

    def left_out(self) -> Steps[LeftOut]:
        """Mean and variance of the noise-free field at each fitted spot from its neighbours."""
        columns = torch.arange(self.values.shape[1])
        steps = self._local(self.units, columns, STD_NEIGHBOURS, own=True)
        mean, std = yield from steps
        return LeftOut(mean.numpy() * self.sd + self.mean, (std.numpy() * self.sd) ** 2)

    def _units(self, xy: NDArray[np.float64]) -> Tensor:
        """Positions (site, 2) in spot spacings, around the origin of the lattice."""
        return torch.from_numpy((xy - self.lattice.origin) / self.lattice.spacing).float()

    def _groups(self, columns: Tensor) -> list[tuple[float, float, Tensor]]:
        """(length, share, positions in columns) of columns that share both."""
        pairs = torch.stack([self.length[columns], self.share[columns]], 1)
        return [
            (
                float(length),
                float(share),
                torch.nonzero((pairs == pairs.new_tensor([length, share])).all(1))[:, 0],
            )
            for length, share in pairs.unique(dim=0).tolist()
        ]

    def _likelihood(self, length: float) -> Tensor:
        """Composite log likelihood (share, column) for one length, summed over compact blocks."""
        shares = torch.tensor(SHARES)[:, None]
        total = torch.zeros(len(SHARES), self.values.shape[1])
        for spots in _blocks(self.units.numpy(), BLOCK):
            units = self.units[spots]
            spectrum, vectors = torch.linalg.eigh(torch.exp(-_distances(units, units) / length))
            power = (vectors.T @ self.values[spots]) ** 2
            variance = shares * spectrum.clamp_min(0) + 1 - shares  # (share, eigenvalue)
            total -= 0.5 * (variance.log().sum(1, keepdim=True) + (1 / variance) @ power)
        return total

    def _exact(self, units: Tensor, columns: Tensor) -> Steps[Tensor]:
        """Mean (site, column) from all observed spots."""
        groups = self._groups(columns)
        distances = _distances(self.units, self.units)
        weights = torch.empty(len(self.units), len(columns))
        for i, (length, share, at) in enumerate(groups):
            yield Progress(Stage.KRIGING, i, 2 * len(groups))
            covariance = torch.exp(distances * (-1 / length)).mul_(share)
            covariance.diagonal().add_(1 - share)
            factor = torch.linalg.cholesky(covariance)
            weights[:, at] = share * torch.cholesky_solve(self.values[:, columns[at]], factor)
        by_length = self.length[columns]
        mean = torch.empty(len(units), len(columns))
        for start in range(0, len(units), SITES_AT_ONCE):
            yield Progress(Stage.KRIGING, len(units) + start, 2 * len(units))
            part = slice(start, start + SITES_AT_ONCE)
            distances = _distances(units[part], self.units)
            for length in by_length.unique().tolist():
                at = by_length == length
                mean[part, at] = torch.exp(distances * (-1 / length)) @ weights[:, at]
        return mean

    def _local(
        self,
        units: Tensor,
        columns: Tensor,
        neighbours: int,
        *,
        only_std: bool = False,
        own: bool = False,
    ) -> Steps[tuple[Tensor, Tensor]]:
        """Mean and standard deviation (site, column) from the nearest observed spots.

        ``own`` where the sites are these spots: each from the others.
        """
        groups = self._groups(columns)
        local = Neighbourhoods(self.units, units, neighbours, self.lattice, own=own)
        mean, std = torch.zeros(len(units), len(columns)), torch.zeros(len(units), len(columns))
        parts = torch.arange(len(local.offsets)).split(SITES_AT_ONCE)
        for i, part in enumerate(parts):
            stage = Stage.UNCERTAINTY if only_std else Stage.KRIGING
            yield Progress(stage, i, len(parts))
            sites = torch.nonzero(torch.isin(local.pattern, part))[:, 0]
            pattern = local.pattern[sites] - part[0]
            distances = _distances(local.offsets[part], local.offsets[part])
            towards = local.offsets[part].norm(dim=2)
            for length, share, at in groups:
                weights, spread = _solve(distances, towards, length, share)
                std[sites[:, None], at] = spread[pattern, None]
                if not only_std:
                    values, near = self.values[:, columns[at]], local.nearest[sites]
                    mean[sites[:, None], at] = _weighed(values, near, weights, pattern)
        return mean, std


def _solve(
    distances: Tensor, towards: Tensor, length: float, share: float
) -> tuple[Tensor, Tensor]:
    """Kriging weights (pattern, neighbour) and standard deviation (pattern,).

    ``distances`` (pattern, neighbour, neighbour) between neighbours and ``towards`` (pattern,
    neighbour) to the site, in spacings.
    """
    covariance = torch.exp(distances * (-1 / length)).mul_(share)
    covariance.diagonal(dim1=1, dim2=2).add_(1 - share)
    target = torch.exp(towards * (-1 / length)).mul_(share)[..., None]
    weights = torch.cholesky_solve(target, torch.linalg.cholesky(covariance))
    spread = (share - (weights * target).sum((1, 2))).clamp_min(0).sqrt()
    return weights[..., 0], spread


def _weighed(values: Tensor, nearest: Tensor, weights: Tensor, pattern: Tensor) -> Tensor:
    """Sums (site, column) of values (spot, column) at neighbours (site, neighbour) of sites.

    Of any number of sites: on a lattice nearly all have one pattern (site,), whose weights
    (pattern, neighbour) they share.
    """
    found = torch.empty(len(nearest), values.shape[1])
    step = max(1, VALUES_AT_ONCE // (nearest.shape[1] * values.shape[1]))
    for start in range(0, len(nearest), step):
        sites = slice(start, start + step)
        at = weights[pattern[sites]], values[nearest[sites]]
        found[sites] = torch.einsum("sn,snc->sc", *at)
    return found


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """Distances between positions (..., a, 2) and (..., b, 2)."""
    # The faster way through a matrix product loses small distances to rounding.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def _blocks(units: NDArray[np.float64], size: int) -> Iterator[NDArray[np.intp]]:
    """Split spots into compact blocks of at most ``size``, halving the longer side each time."""
    pending = [np.arange(len(units))]
    while pending:
        spots = pending.pop()
        if len(spots) <= size:
            yield spots
            continue
        axis = int(np.ptp(units[spots], axis=0).argmax())
        order = spots[np.argsort(units[spots, axis], kind="stable")]
        pending += [order[: len(order) // 2], order[len(order) // 2 :]]


def smooth(
    xy: NDArray[np.float64],
    values: FloatArray,
    lattice: Lattice,
    *,
    exact_below: int,
    neighbours: int,
) -> Steps[FloatArray]:
    """Columns (spot, column) at spots xy (spot, 2) without their noise; ``Method.smooth``."""
    kriging = Kriging(EnhanceConfig(neighbours=neighbours), lattice)
    yield from kriging.fit(xy, values)
    return (yield from kriging.smoothed(exact_below))


METHODS = [
    Method(
        name="kriging",
        summary=(
            "Weighs the spots around by how far each pattern of the tissue reaches: accurate, "
            "takes seconds, says how sure it is."
        ),
        run=by_factors(Kriging),
        smooth=smooth,
        rates=Rates(0.01, 1.4e-4, 2.7e-5, 1.5e-7, 0.0, 10, 6_000, 800),
        n_factors=20,
        evidence=True,
        std=True,
        instant=True,
        settings=("factors", "neighbours"),
    )
]
