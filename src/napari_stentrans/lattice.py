"""Lattice: how the spots of a section are arranged, and which sites can be predicted.

Array coordinates ``rc`` are (row, column). On a square lattice neighbours are one row or one
column apart. On a hex lattice they follow 10x Visium: neighbours in a row are two columns
apart, the next row is staggered by one. Irregular spots have ``rc`` = (y, x) / spacing.
Positions ``xy`` are full-resolution pixels (x, y), as in ``obsm["spatial"]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from napari_stentrans.errors import SectionError
from napari_stentrans.spacing import delaunay_links, mean_spacing, typical_spacing
from napari_stentrans.wording import some_of

Kind = Literal["square", "hex", "irregular"]
Array = NDArray[np.float64]

STEPS: dict[Kind, Array] = {
    "square": np.array([(0, 1), (1, 0), (0, -1), (-1, 0)], float),
    "hex": np.array([(0, 2), (1, 1), (1, -1), (0, -2), (-1, -1), (-1, 1)], float),
}
"""Offsets (row, column) of a spot's nearest neighbours; the first half has no opposites in it."""

ON_LATTICE = 0.25
"""A spot further than this from its lattice node, in spacings, does not lie on the lattice."""

FURTHEST = 1e12
"""No position is further from the origin, pixels; larger numbers are damage."""

LONGEST_LINK = 1.6
"""Irregular spots further apart than this, in spacings, are not neighbours."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """A lattice and the affine map from its array coordinates to pixels.

    Attributes
    ----------
    kind
        "square", "hex" or "irregular".
    origin
        (2,) position (x, y) of array coordinate (0, 0), full-resolution pixels.
    basis
        (2, 2) rows are the step (x, y) in pixels of one row and of one column.
    parity
        Hex only: (row + column) % 2 of every spot; 0 in 10x Visium.
    """

    kind: Kind
    origin: Array
    basis: Array
    parity: int = 0

    @classmethod
    def of(cls, xy: ArrayLike, rc: ArrayLike | None = None) -> Lattice:
        """Find the lattice that spots lie on.

        Parameters
        ----------
        xy
            (spot, 2) positions (x, y), full-resolution pixels.
        rc
            (spot, 2) array row and column of each spot, where they are known.

        Raises
        ------
        SectionError
            When there are no spots, or positions are not finite or beyond all measure, or all
            lie in one place.
        """
        xy = np.asarray(xy, float)
        if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) == 0:
            raise SectionError(f"Positions must have the shape (spots, 2), got {xy.shape}.")
        off = int((~np.isfinite(xy).all(1)).sum())
        if off:
            raise SectionError(
                f"{some_of(off, len(xy), 'spot', 'has', 'have')} no finite "
                "position. Remove these spots, or give their positions."
            )
        if np.abs(xy).max() > FURTHEST:
            raise SectionError(
                f"A spot lies at {xy.flat[np.abs(xy).argmax()]:g}, further than {FURTHEST:g} "
                "pixels from the origin. Check which columns hold the positions."
            )
        if len(xy) > 1 and np.ptp(xy, axis=0).max() == 0:
            raise SectionError(
                f"All {len(xy)} spots lie in one place ({xy[0, 0]:g}, {xy[0, 1]:g}). "
                "Check which columns hold the positions."
            )
        if rc is not None:
            lattice = _from_array(xy, np.asarray(rc, float))
            if lattice is not None:
                return lattice
        return _from_positions(xy)

    @cached_property
    def spacing(self) -> float:
        """Distance between the centres of neighbouring spots, full-resolution pixels."""
        if self.kind == "irregular":
            return float(np.abs(self.basis).max())
        return float(np.linalg.norm(STEPS[self.kind] @ self.basis, axis=1).mean())

    @property
    def area_of_a_spot(self) -> float:
        """Area that a spot has to itself, square full-resolution pixels."""
        return float(abs(np.linalg.det(self.basis)) * (2 if self.kind == "hex" else 1))

    @cached_property
    def _inverse(self) -> Array:
        return np.asarray(np.linalg.inv(self.basis), np.float64)

    def rc(self, xy: ArrayLike) -> Array:
        """Array coordinates (row, column), not rounded, of positions xy (site, 2) in pixels."""
        return np.asarray((np.asarray(xy, float) - self.origin) @ self._inverse)

    def xy(self, rc: ArrayLike) -> Array:
        """Positions (x, y) in pixels of array coordinates rc (site, 2)."""
        return np.asarray(np.asarray(rc, float) @ self.basis + self.origin)

    def nodes(self, xy: ArrayLike) -> NDArray[np.int64]:
        """Array coordinates of the lattice node nearest to each position (square and hex)."""
        rc = self.rc(xy)
        if self.kind != "hex":
            return np.rint(rc).astype(np.int64)
        # Two rectangular sublattices, even and odd rows; the nearer of the two candidates wins.
        candidates = np.stack(
            [
                2 * np.rint((rc - start) / 2) + start
                for start in [(0, self.parity), (1, 1 - self.parity)]
            ]
        )
        distance = np.linalg.norm((candidates - rc) @ self.basis, axis=2)
        return np.asarray(candidates[distance.argmin(0), np.arange(len(rc))], np.int64)

    def halved(self) -> Lattice:
        """The lattice of the 2x sites: half the spacing, every spot on it."""
        return Lattice(self.kind, self.origin, self.basis / 2)

    def neighbours(self, xy: ArrayLike) -> NDArray[np.int64]:
        """Pairs (pair, 2) of indices of neighbouring spots, each pair once.

        On a lattice: one step apart. Irregular: Delaunay edges up to 1.6 spacings.
        """
        xy = np.asarray(xy, float)
        if self.kind == "irregular":
            return delaunay_links(xy, LONGEST_LINK * self.spacing)
        nodes = self.nodes(xy)
        tree, pairs = cKDTree(nodes), []
        for step in STEPS[self.kind][: len(STEPS[self.kind]) // 2]:
            distance, other = tree.query(nodes + step, distance_upper_bound=0.5)
            found = np.isfinite(distance)
            pairs.append(np.column_stack([np.flatnonzero(found), other[found]]))
        return np.concatenate(pairs).astype(np.int64)

    def between(self, xy: ArrayLike) -> Array:
        """Positions (site, 2) in pixels of the sites that 2x adds between the spots at xy.

        Square: the midpoint of two neighbours, and the middle of four spots of which at least
        three are there. Hex and irregular: the midpoint of two neighbours. These are the sites
        that the published rule keeps, besides the measured ones: a site half a step from two
        spots, unless it touches just two and both diagonally (METHOD: golden/lattice_*.npz; the
        published square code also drops the last row or column of an odd grid, which is a slip
        that is not repeated here). Spots stay where they are: there is no half-pixel shift.
        """
        xy = np.asarray(xy, float)
        if self.kind != "square":
            pairs = self.neighbours(xy)
            middles = (xy[pairs[:, 0]] + xy[pairs[:, 1]]) / 2
            if self.kind == "irregular":
                return middles
            return self.xy(unique_rows(np.rint(2 * self.rc(middles)).astype(np.int64)) / 2)
        nodes = np.unique(self.nodes(xy), axis=0)
        around = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
        sites = np.concatenate([2 * nodes + step for step in around])
        sites, touching = np.unique(sites, axis=0, return_counts=True)
        at_node = (sites % 2 == 0).all(1)
        diagonal = (sites % 2 == 1).all(1)
        return self.xy(sites[~at_node & (touching >= np.where(diagonal, 3, 2))] / 2)

    def fill(self, covered_xy: ArrayLike, spots_xy: ArrayLike) -> Array:
        """Candidate sites without a spot, one per lattice node nearest to any of covered_xy.

        Irregular sections get the nodes of a square grid one spacing apart that keep at least
        half a spacing from every spot.
        """
        covered_xy = np.asarray(covered_xy, float).reshape(-1, 2)
        nodes = unique_rows(self.nodes(covered_xy))
        sites = self.xy(nodes)
        distance, _ = cKDTree(np.asarray(spots_xy, float)).query(sites)
        return np.asarray(sites[distance > 0.5 * self.spacing])


def unique_rows(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distinct rows of nodes (node, 2), in order; much faster than ``np.unique(axis=0)``."""
    if not len(nodes):
        return nodes
    low = nodes.min(0)
    width = int(np.ptp(nodes[:, 1])) + 1
    row, column = np.divmod(np.unique((nodes[:, 0] - low[0]) * width + nodes[:, 1] - low[1]), width)
    return np.column_stack([row, column]) + low


def _fit_affine(xy: Array, rc: Array) -> tuple[Array, Array]:
    """Least-squares (origin, basis) such that xy = origin + rc @ basis."""
    design = np.column_stack([np.ones(len(rc)), rc])
    solution, *_ = np.linalg.lstsq(design, xy, rcond=None)
    return np.asarray(solution[0], np.float64), np.asarray(solution[1:], np.float64)


def _from_array(xy: Array, rc: Array) -> Lattice | None:
    """Lattice from array coordinates; None where they do not describe the positions."""
    if rc.shape != xy.shape or not np.isfinite(rc).all() or (rc != np.rint(rc)).any():
        return None
    if np.linalg.matrix_rank(rc - rc.mean(0)) < 2 or len(np.unique(rc, axis=0)) < len(rc):
        return None
    parity = rc.sum(1) % 2
    kind: Kind = "hex" if len(rc) > 2 and (parity == parity[0]).all() else "square"
    origin, basis = _fit_affine(xy, rc)
    if abs(np.linalg.det(basis)) < 1e-12:
        return None
    lattice = Lattice(kind, origin, basis, int(parity[0]) if kind == "hex" else 0)
    # Legacy ST positions are measured by hand, so half a spacing is allowed where rows are known.
    off = np.linalg.norm(lattice.xy(rc) - xy, axis=1) / lattice.spacing
    return lattice if np.quantile(off, 0.95) < 2 * ON_LATTICE else None


def _from_positions(xy: Array) -> Lattice:
    """Lattice from positions alone."""
    spacing = typical_spacing(xy)
    irregular = Lattice("irregular", np.zeros(2), mean_spacing(xy) * np.array([(0.0, 1), (1, 0)]))
    if len(xy) < 12:
        return irregular
    pairs = cKDTree(xy).query_pairs(1.25 * spacing, output_type="ndarray")
    if len(pairs) < len(xy) / 2:
        return irregular
    link = (xy[pairs[:, 1]] - xy[pairs[:, 0]]) @ np.array([1, 1j])
    for kind, fold in (("hex", 6), ("square", 4)):
        order = np.exp(1j * fold * np.angle(link)).mean()
        if abs(order) < 0.7:
            continue
        lattice = _grow(kind, xy, spacing, float(np.angle(order)) / fold)  # type: ignore[arg-type]
        if lattice is not None:
            return lattice
    return irregular


def _grow(kind: Kind, xy: Array, spacing: float, angle: float) -> Lattice | None:
    """Fit a lattice of known spacing and angle, from the middle outwards."""
    angle = (angle + np.pi / 6) % (np.pi / 3) - np.pi / 6 if kind == "hex" else angle
    along = spacing * np.array([np.cos(angle), np.sin(angle)])
    down = spacing * np.array([-np.sin(angle), np.cos(angle)])
    basis = np.stack([down, along]) if kind == "square" else np.stack([down * 3**0.5, along]) / 2
    middle = xy[np.linalg.norm(xy - np.median(xy, axis=0), axis=1).argmin()]
    lattice, radius = Lattice(kind, middle, basis), 4 * spacing
    distance = np.linalg.norm(xy - middle, axis=1)
    while True:
        near = distance <= radius
        rc = lattice.nodes(xy[near]).astype(float)
        if np.linalg.matrix_rank(rc - rc.mean(0)) == 2:
            lattice = Lattice(kind, *_fit_affine(xy[near], rc))
        if near.all():
            break
        radius *= 1.5
    nodes = lattice.nodes(xy)
    off = np.linalg.norm(lattice.xy(nodes) - xy, axis=1) / lattice.spacing
    if np.quantile(off, 0.95) > ON_LATTICE or len(np.unique(nodes, axis=0)) < len(nodes):
        return None
    shift = nodes.min(0)
    if kind == "hex" and shift.sum() % 2:
        shift = shift - [0, 1]
    return Lattice(kind, lattice.xy(shift[None])[0], lattice.basis)
