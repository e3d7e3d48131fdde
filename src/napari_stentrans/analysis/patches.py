"""Patches: neighbouring spots put together, so that few places stand for a section of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

MOST = 200
"""Patches of a comparison."""
POINTS = 4
"""Places in a patch, by which the distance of two patches is known."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Compact groups of spots, each of one region.

    Attributes
    ----------
    members
        (patch, spot) 1 where a spot lies in a patch.
    region
        (patch,) region of each.
    points
        (point, 2) places in them, full-resolution pixels (x, y).
    shares
        (patch, point) share of a patch that a point stands for; rows sum to 1.
    """

    members: sp.csr_matrix
    region: Indices
    points: Array
    shares: sp.csr_matrix

    @classmethod
    def of(cls, xy: Array, region: Indices, most: int = MOST) -> Patches:
        """Cut each region into patches of about as many spots.

        Parameters
        ----------
        xy
            (spot, 2) positions, full-resolution pixels.
        region
            (spot,) region of each spot, from 0; spots with -1 are in no patch.
        """
        size = max((region >= 0).sum() / most, 1.0)
        patches: list[Indices] = []
        for code in range(region.max() + 1):
            among = np.flatnonzero(region == code)
            patches += _cut(xy, among, max(round(len(among) / size), 1))
        points = [list(_cut(xy, patch, min(POINTS, len(patch)))) for patch in patches]
        places = np.array([xy[at].mean(0) for parts in points for at in parts])
        shares = [
            [len(at) / len(whole) for at in parts]
            for whole, parts in zip(patches, points, strict=True)
        ]
        first = np.array([patch[0] for patch in patches])
        return cls(
            _rows([np.ones(len(patch)) for patch in patches], len(xy), np.concatenate(patches)),
            region[first],
            places,
            _rows(shares, len(places), np.arange(len(places))),
        )

    def __len__(self) -> int:
        return len(self.region)

    def correlation(self, length: float) -> Array:
        """(patch, patch) mean of ``exp(-distance / length)`` between their places."""
        between = np.exp(-cdist(self.points, self.points) / length)
        return np.asarray(self.shares @ (self.shares @ between).T)

    @property
    def extent(self) -> float:
        """Diagonal of the box around them, full-resolution pixels."""
        return float(np.linalg.norm(np.ptp(self.points, axis=0)))

    @property
    def width(self) -> float:
        """Median distance of a patch to the nearest other, full-resolution pixels."""
        middles = self.shares @ self.points
        apart = cdist(middles, middles)
        np.fill_diagonal(apart, np.inf)
        return float(np.median(apart.min(1)))


def _cut(xy: Array, spots: Indices, parts: int) -> Iterator[Indices]:
    """Cut spots into so many parts of like size, each time across the longer side."""
    if parts == 1:
        yield spots
        return
    half = parts // 2
    at = len(spots) * half // parts
    longer = int(np.ptp(xy[spots], axis=0).argmax())
    order = spots[np.argsort(xy[spots, longer], kind="stable")]
    yield from _cut(xy, order[:at], half)
    yield from _cut(xy, order[at:], parts - half)


def _rows(
    values: Sequence[Sequence[float] | Array], n_columns: int, columns: Indices
) -> sp.csr_matrix:
    """Rows of values that stand, one after the other, in these columns."""
    ends = np.concatenate([[0], np.cumsum([len(row) for row in values])])
    return sp.csr_matrix((np.concatenate(values), columns, ends), (len(values), n_columns))
