"""Packing: spots of a lattice as the cells of a dense grid, for the published network.

The network sees a map as an image of H x W cells, one for each spot, and answers with one of
2H x 2W cells: the measured spots at its even rows and columns, the sites half a step between
them at the rest. Agrees with the published packing, but a grid with an odd number of rows or
columns keeps its last one in training, where the published program drops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stentrans.errors import EnhancementFailed

if TYPE_CHECKING:
    from napari_stentrans.lattice import Lattice

Cells = NDArray[np.int64]

OF_NODE = 0.4
"""A site this near to a lattice node, in spacings, is that node: spots whose positions were
measured by hand lie up to 0.3 off, and the sites between the nodes 0.5."""


@dataclass(frozen=True)
class Packing:
    """How array coordinates (row, column) become cells of the packed grid and back.

    Attributes
    ----------
    origin
        Array row and column of the cell (0, 0).
    step
        Array rows and columns from one packed cell to the next.
    stagger
        Columns by which every odd packed row begins later: hex rows are packed to the left.
    lean
        Columns by which the rows half a step between packed rows begin before the row above.
    """

    origin: tuple[int, int]
    step: tuple[int, int]
    stagger: int = 0
    lean: float = 0.0

    @classmethod
    def of(cls, nodes: Cells, lattice: Lattice) -> Packing:
        """Packing of the spots at nodes (spot, 2), row and column, of a square or hex lattice.

        Where the spots are only every other row and every other one in a row, as when a
        section is thinned to be up-sampled, the cells are these spots. The spots left out are
        then the sites in between. In hex the thinned rows are not staggered against each
        other; the spots left out between two rows begin one column further left.
        """
        low = nodes.min(0)
        row, column = int(low[0]), int(low[1])
        full = (1, 1) if lattice.kind == "square" else (1, 2)
        twice = (2 * full[0], 2 * full[1])
        if ((nodes - low) % twice == 0).all():
            return cls((row, column), twice, lean=0 if lattice.kind == "square" else 1)
        if lattice.kind == "square":
            return cls((row, column), full)
        # The first packed row is an even row of the lattice, as published, spots in it or not.
        return cls((row - row % 2, column - (column - lattice.parity) % 2), full, 1, 0.5)

    def coarser(self, nodes: Cells) -> Packing:
        """Packing of every other row and column of this one; nodes (spot, 2) as in ``of``.

        The network trains to get from it to this one. It begins with the first row in use.
        """
        empty = 2 * self.step[0] if nodes[:, 0].min() > self.origin[0] else 0
        origin = (self.origin[0] + empty, self.origin[1])
        return Packing(origin, (2 * self.step[0], 2 * self.step[1]), lean=self.stagger)

    def cells(self, rc: ArrayLike) -> Cells:
        """Cells (site, 2) of the map of twice the size that sites rc (site, 2) are nearest to.

        Cells of sites above or left of the grid are negative.
        """
        rc = np.asarray(rc, float)
        row = np.rint((rc[:, 0] - self.origin[0]) * 2 / self.step[0]).astype(np.int64)
        column = np.rint((rc[:, 1] - self._begin(row)) * 2 / self.step[1]).astype(np.int64)
        return np.column_stack([row, column])

    def rc(self, cells: ArrayLike) -> NDArray[np.float64]:
        """Array row and column (cell, 2) of cells (cell, 2) of the map of twice the size."""
        row, column = np.asarray(cells, np.int64).T
        return np.column_stack(
            [self.origin[0] + row * self.step[0] / 2, self._begin(row) + column * self.step[1] / 2]
        )

    def _begin(self, row: NDArray[np.int64]) -> NDArray[np.float64]:
        """Array column at which rows of the map of twice the size begin."""
        return self.origin[1] + self.stagger * (row // 2 % 2) - self.lean * (row % 2)


@dataclass(frozen=True, eq=False)
class PackedSpots:
    """The spots of a section in the packed grid.

    Attributes
    ----------
    packing
        The cells and their array coordinates.
    shape
        Rows and columns (H, W) of the packed grid.
    cell
        (spot,) cell of each spot in the flat H x W map.
    train_shape
        Rows and columns of the training target; the training input is its even ones.
    train_spot, train_cell
        Spots that training sees, and their cells in the flat training target.
    """

    packing: Packing
    shape: tuple[int, int]
    cell: Cells
    train_shape: tuple[int, int]
    train_spot: Cells
    train_cell: Cells

    @classmethod
    def of(cls, xy: NDArray[np.float64], lattice: Lattice) -> PackedSpots:
        """Pack spots at positions xy (spot, 2), full-resolution pixels.

        Raises
        ------
        EnhancementFailed
            When there are no spots.
        """
        if len(xy) == 0:
            raise EnhancementFailed(
                "There are no observed spots to learn from; lose fewer of them."
            )
        nodes = lattice.nodes(xy)
        packing = Packing.of(nodes, lattice)
        cells = packing.cells(nodes) // 2
        rows, columns = cells.max(0) + 1
        target = packing.coarser(nodes).cells(nodes)
        spot = np.flatnonzero((target >= 0).all(1))
        high, wide = 2 * (target.max(0) // 2 + 1)
        return cls(
            packing,
            (int(rows), int(columns)),
            cells[:, 0] * columns + cells[:, 1],
            (int(high), int(wide)),
            spot,
            target[spot, 0] * wide + target[spot, 1],
        )

    def sites(self, xy: NDArray[np.float64], lattice: Lattice) -> Cells:
        """(site,) cell in the flat 2H x 2W map of each site xy (site, 2), full-resolution pixels.

        A site outside the map gets the nearest cell at its border.
        """
        nodes = lattice.nodes(xy)
        off = np.linalg.norm(lattice.xy(nodes) - xy, axis=1) / lattice.spacing
        rc = np.where(off[:, None] < OF_NODE, nodes, lattice.rc(xy))
        rows, columns = self.shape
        row, column = np.clip(self.packing.cells(rc), 0, (2 * rows - 1, 2 * columns - 1)).T
        return np.asarray(row * 2 * columns + column)
