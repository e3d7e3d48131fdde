"""SpotRaster: an image of spot indices; it draws values and turns painted pixels into spots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_stentrans.errors import MaskError
from napari_stentrans.lattice import unique_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.lattice import Lattice

MARGIN = 4.0
"""Empty border around the spots, in spacings: room to paint tissue beyond the capture area."""
MOST_PIXELS = 4_000_000
MOST_SIDE = 4000
FINEST = 6
"""Raster pixels along one spacing, at most; fewer where the raster would grow too large."""
REACH = 0.75
"""An irregular spot colours pixels up to this far, in spacings."""


@dataclass(frozen=True, eq=False)
class SpotRaster:
    """An image of spot indices in full-resolution pixel coordinates.

    Attributes
    ----------
    index
        (row, column) spot that a raster pixel belongs to, -1 where there is none.
    pixel
        Side of a raster pixel, full-resolution pixels.
    origin
        (2,) position (x, y) of the centre of raster pixel (0, 0), full-resolution pixels.
    lattice
        The lattice of the spots.
    n_spots
        Number of spots, whether or not each has a pixel.
    """

    index: NDArray[np.int32]
    pixel: float
    origin: NDArray[np.float64]
    lattice: Lattice
    n_spots: int

    @classmethod
    def of(cls, xy: ArrayLike, lattice: Lattice, margin: float = MARGIN) -> SpotRaster:
        """Draw the cells of spots at xy (spot, 2); a cell is all that is nearest to its spot.

        On a lattice a cell ends where that of the empty neighbouring node would begin.
        """
        xy = np.asarray(xy, float)
        low = xy.min(0) - (margin + 0.5) * lattice.spacing
        extent = np.ptp(xy, axis=0) + (2 * margin + 1) * lattice.spacing
        cells = float((extent / lattice.spacing).prod())
        most = MOST_SIDE * lattice.spacing / extent.max()
        per_spacing = min(np.sqrt(MOST_PIXELS / cells), FINEST, most)
        per_spacing = np.floor(per_spacing) if per_spacing >= 1 else per_spacing
        pixel = lattice.spacing / per_spacing
        columns, rows = np.ceil(extent / pixel).astype(int)
        origin = low + pixel / 2
        empty = np.full((rows, columns), -1, np.int32)
        raster = cls(empty, pixel, origin, lattice, len(xy))
        centres = raster.pixel_xy().reshape(-1, 2)
        ghosts = _empty_nodes(xy, lattice)
        reach = (REACH if lattice.kind == "irregular" else 1.0) * lattice.spacing
        _, owner = cKDTree(np.concatenate([xy, ghosts])).query(
            centres, distance_upper_bound=reach, workers=-1
        )
        index = np.where(owner < len(xy), owner, -1).astype(np.int32).reshape(rows, columns)
        _give_every_spot_a_pixel(index, raster.pixel_of(xy))
        return cls(index, pixel, origin, lattice, len(xy))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the raster."""
        return self.index.shape[0], self.index.shape[1]

    def pixel_xy(self) -> NDArray[np.float64]:
        """(row, column, 2) positions (x, y) of the pixel centres, full-resolution pixels."""
        rows, columns = self.shape
        x = self.origin[0] + self.pixel * np.arange(columns)
        y = self.origin[1] + self.pixel * np.arange(rows)
        return np.stack(np.meshgrid(x, y), axis=-1)

    def pixel_of(self, xy: ArrayLike) -> NDArray[np.int64]:
        """(site, 2) raster row and column of the pixel that holds each position, clipped."""
        rc = np.rint((np.asarray(xy, float) - self.origin) / self.pixel)[:, ::-1]
        return np.clip(rc, 0, np.array(self.shape) - 1).astype(np.int64)

    def draw(self, values: ArrayLike, blank: float = np.nan) -> NDArray[np.float32]:
        """(row, column) image of values (spot,); ``blank`` where there is no spot."""
        values = np.asarray(values, np.float32)
        if values.shape != (self.n_spots,):
            raise MaskError(f"Expected one value per spot, ({self.n_spots},), got {values.shape}.")
        return np.append(values, np.float32(blank))[self.index]

    def paint(self, spots: ArrayLike) -> NDArray[np.bool_]:
        """(row, column) mask that is True on the cells of the chosen spots (bool per spot)."""
        spots = np.asarray(spots, bool)
        if spots.shape != (self.n_spots,):
            raise MaskError(
                f"A mask of spots must have the shape ({self.n_spots},), got {spots.shape}."
            )
        return np.append(spots, False)[self.index]

    def paint_sites(self, sites: ArrayLike) -> NDArray[np.bool_]:
        """(row, column) mask that is True on the cells of lattice nodes (site, 2) without a spot.

        The inverse of ``unmeasured``, for sites that came from it.
        """
        numbers, nodes = self.empty_nodes
        wanted = self.lattice.nodes(np.asarray(sites, float).reshape(-1, 2))
        if not len(wanted) or not len(nodes):
            return np.zeros(self.shape, bool)
        distance, _ = cKDTree(wanted).query(nodes, distance_upper_bound=0.5)
        return np.append(np.isfinite(distance), False)[numbers]

    def lost(self, painted: ArrayLike) -> NDArray[np.bool_]:
        """(spot,) True where at least half of a spot's cell is painted.

        Parameters
        ----------
        painted
            (row, column) labels or bool on this raster; anything but 0 is painted.

        Raises
        ------
        MaskError
            When the mask does not have the shape of this raster.
        """
        painted = self._checked(painted)
        covered = np.bincount(self.index[painted & (self.index >= 0)], minlength=self.n_spots)
        return np.asarray(2 * covered >= self._areas) & (covered > 0)

    def unmeasured(self, painted: ArrayLike, xy: ArrayLike) -> NDArray[np.float64]:
        """(site, 2) positions (x, y) of painted places without a spot, one per lattice node.

        A node counts when at least half of its cell is painted. ``xy`` are the spots.
        """
        numbers, nodes = self.empty_nodes
        covered = numbers[self._checked(painted) & (numbers >= 0)]
        if not len(covered):
            return np.empty((0, 2))
        count = np.bincount(covered, minlength=len(nodes))
        area = self.lattice.area_of_a_spot
        full = nodes[(count > 0) & (2 * count * self.pixel**2 >= area)]
        return self.lattice.fill(self.lattice.xy(full), xy) if len(full) else np.empty((0, 2))

    @cached_property
    def empty_nodes(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Which lattice node each pixel without a spot belongs to; slow when first asked for.

        (row, column) number of the node, -1 where there is a spot; and (node, 2) the nodes.
        """
        row, column = np.nonzero(self.index < 0)
        numbers = np.full(self.shape, -1, np.int32)
        if not len(row):
            return numbers, np.empty((0, 2), np.int64)
        found = self.lattice.nodes(self.origin + self.pixel * np.column_stack([column, row]))
        low, width = found.min(0), int(np.ptp(found[:, 1])) + 1
        keys, which = np.unique((found - low) @ [width, 1], return_inverse=True)
        numbers[row, column] = which
        return numbers, np.column_stack(np.divmod(keys, width)) + low

    @cached_property
    def _areas(self) -> NDArray[np.int64]:
        """(spot,) raster pixels of each cell."""
        return np.bincount(self.index[self.index >= 0], minlength=self.n_spots)

    def _checked(self, painted: ArrayLike) -> NDArray[np.bool_]:
        painted = np.asarray(painted)
        if painted.shape != self.shape:
            raise MaskError(
                f"The mask must have the shape of the map, {self.shape}, got {painted.shape}: "
                "paint on the map of this section."
            )
        return np.asarray(painted != 0)


def _empty_nodes(xy: NDArray[np.float64], lattice: Lattice) -> NDArray[np.float64]:
    """Positions of the lattice nodes next to spots that hold no spot themselves."""
    if lattice.kind == "irregular":
        return np.empty((0, 2))
    nodes = lattice.nodes(xy)
    reach = range(-2, 3)
    steps = [
        (r, c)
        for r in reach
        for c in (reach if lattice.kind == "square" else range(-4, 5))
        if lattice.kind == "square" or (r + c) % 2 == 0
    ]
    around = unique_rows(np.concatenate([nodes + step for step in steps]))
    sites = lattice.xy(around)
    distance, _ = cKDTree(xy).query(sites, workers=-1)
    return np.asarray(sites[distance > 0.5 * lattice.spacing])


def _give_every_spot_a_pixel(index: NDArray[np.int32], home: NDArray[np.int64]) -> None:
    """Let spots that are crowded out of the raster have the pixel that they lie in."""
    n_spots = len(home)
    areas = np.bincount(index[index >= 0], minlength=n_spots)
    for spot in np.flatnonzero(areas == 0):
        row, column = home[spot]
        holder = index[row, column]
        if holder < 0 or areas[holder] > 1:
            index[row, column] = spot
            areas[spot] = 1
            if holder >= 0:
                areas[holder] -= 1
