"""Kernels in space as sums over nodes, coarser and coarser: z'Kz of any gene, nothing n x n.

A Gaussian kernel of range L is what two Gaussian windows of width L / sqrt(2) around the nodes of
a grid have in common, so z'Kz is the sum over the nodes of the square of what the window sees of z.
The windows of the next range are made of those of the last: each step has a quarter of the nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from napari_stentrans.analysis.permutation import Invariants
from napari_stentrans.svd import product_with

if TYPE_CHECKING:
    from napari_stentrans.analysis.residuals import Covariates
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.svd import Operator

Array = NDArray[np.float64]

SHORTEST = 1.0
"""Range of the first kernel, in spacings; each next one is twice that of the last."""
LONGEST = 16.0
OF_EXTENT = 0.5
"""No kernel but the first is longer than this share of the section's longer side."""
BETWEEN_NODES = 1.25
"""Distance of nodes in widths of a window: the sum over them is a Gaussian to a thousandth."""
REACH = 3.0
"""Windows end at so many widths."""
ROWS = 1_000
"""Rows of a kernel that its invariants are measured on, where there are more than twice as many."""
ELEMENTS = 16_000_000
"""Elements of rows that are in memory at a time."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """Gaussian kernels of rising range over spots, free of what covariates explain.

    Attributes
    ----------
    ranges
        (kernel,) distance, in spacings, at which a kernel has fallen to exp(-1/2).
    steps
        Windows (node, spot) of the first kernel, and (node, node before) of those that follow.
    covariates
        What kernels and values are freed of.
    """

    ranges: tuple[float, ...]
    steps: tuple[sp.csr_matrix, ...]
    covariates: Covariates

    @classmethod
    def of(cls, units: Array, covariates: Covariates) -> Kernels:
        """Make the kernels over spots.

        Parameters
        ----------
        units
            (spot, 2) positions, in spacings.
        covariates
            What values are freed of, such as log depth.
        """
        extent = float(np.ptp(units, axis=0).max())
        ranges = [SHORTEST]
        while 2 * ranges[-1] <= min(LONGEST, OF_EXTENT * extent):
            ranges.append(2 * ranges[-1])
        places, steps, before = units - units.min(0), [], 0.0
        for length in ranges:
            width = length / np.sqrt(2)
            nodes, step = _windows(places, np.sqrt(width**2 - before**2), BETWEEN_NODES * width)
            places, before = nodes, width
            steps.append(step)
        return cls(tuple(ranges), tuple(steps), covariates)

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return len(self.covariates.basis)

    @cached_property
    def _products(self) -> list[Operator]:
        return [product_with(step) for step in self.steps]

    def statistics(self, z: FloatArray) -> Array:
        """Make z'Kz (kernel, column) of columns z (spot, column) of mean 0, K without its trace."""
        seen, found = self.covariates.residuals(z), np.empty((len(self.ranges), z.shape[1]))
        noise = np.einsum("ng,ng->g", z, z, dtype=float)
        for i, product in enumerate(self._products):
            seen = product(seen)
            found[i] = np.einsum("ng,ng->g", seen, seen, dtype=float)
        return found - np.outer(self._traces, noise)

    @cached_property
    def _windows(self) -> list[sp.csr_matrix]:
        """Windows (node, spot) of each kernel."""
        windows = [self.steps[0]]
        for step in self.steps[1:]:
            windows.append((step @ windows[-1]).tocsr())
        return windows

    @cached_property
    def _diagonals(self) -> Array:
        """Diagonal (kernel, spot) of each kernel, free of the covariates."""
        found, q = [], self.covariates.basis.astype(float)
        for windows in self._windows:
            seen = windows @ q
            own = np.asarray(windows.multiply(windows).sum(0), float).ravel()
            cross = ((windows.T @ seen) * q).sum(1)
            found.append(own - 2 * cross + ((q @ (seen.T @ seen)) * q).sum(1))
        return np.array(found)

    @cached_property
    def _traces(self) -> Array:
        """(kernel,) what to take of the identity from each kernel to have no trace."""
        return np.asarray(self._diagonals.sum(1) / (self.n_spots - 1))

    def invariants(self, seed: int) -> list[Invariants]:
        """What permutation moments need to know of each kernel without its trace.

        Of a section of many spots, some rows of a kernel stand for all.
        """
        n = self.n_spots
        rows = np.arange(n)
        if n > 2 * ROWS:
            rows = np.sort(np.random.default_rng(seed).choice(n, ROWS, replace=False))
        return [self._invariants(kernel, rows) for kernel in range(len(self.ranges))]

    def _invariants(self, kernel: int, rows: NDArray[np.intp]) -> Invariants:
        n, trace, windows = self.n_spots, self._traces[kernel], self._windows[kernel]
        d = self._diagonals[kernel] - trace * (1 - 1 / n)
        see, back = product_with(windows), product_with(windows.T.tocsr())
        free = self.covariates.residuals
        of_d = see(free(np.asarray(d[:, None], np.float32)))
        sums = np.zeros(5)
        for part in np.array_split(rows, max(1, len(rows) * n // ELEMENTS)):
            unit = np.zeros((n, len(part)), np.float32)
            unit[part, np.arange(len(part))] = 1
            row = free(back(see(free(unit)))) - trace * (unit - 1 / n)
            again = free(back(see(free(row)))) - trace * row
            square = np.einsum("ng,ng->g", row, row, dtype=float)
            sums += (
                square.sum(),
                np.vdot(row, again),
                np.vdot(row, row**2),
                square @ d[part],
                np.vdot(again, again),
            )
        t2, t3, u, r, t4 = (np.asarray(value) for value in sums * n / len(rows))
        dkd = (of_d.astype(float) ** 2).sum() - trace * ((d - d.mean()) ** 2).sum()
        s2, s3, b = (np.asarray(v) for v in ((d**2).sum(), (d**3).sum(), dkd))
        return Invariants(t2, t3, s2, s3, u, r, b, t4)


def _windows(places: Array, width: float, apart: float) -> tuple[Array, sp.csr_matrix]:
    """Nodes (node, 2) of a grid, and Gaussian windows (node, place) of some width around them."""
    reach = int(np.ceil(REACH * width / apart))
    steps = np.indices((2 * reach + 1,) * 2).reshape(2, -1).T - reach
    nearest = np.rint(places / apart).astype(np.int64)
    rows, columns, weights = [], [], []
    stride = int(nearest[:, 1].max()) + 4 * reach + 1
    for step in steps:
        node = nearest + step
        square = ((node * apart - places) ** 2).sum(1) / width**2
        near = np.flatnonzero(square <= REACH**2)
        rows.append((node[near] + 2 * reach) @ [stride, 1])
        columns.append(near)
        weights.append(np.exp(-square[near] / 2))
    codes, at = np.unique(np.concatenate(rows), return_inverse=True)
    shape = len(codes), len(places)
    data = np.concatenate(weights).astype(np.float32)
    windows = sp.csr_matrix((data, (at, np.concatenate(columns))), shape)
    return (np.column_stack(np.divmod(codes, stride)) - 2 * reach) * apart, windows
