"""A guess made exact: turn, scale, stretch and shift by which the factors agree best."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from napari_stentrans.alignment.search import OUTLINE, Guess, Points, Raster, raster, scored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans.factors import FloatArray

Array = NDArray[np.float64]

STRETCH = 0.1
"""Logarithm of a stretch that is as usual; twice as much costs four times."""
STRETCH_COST = 0.03
LEAST_SHARE = 0.4
"""Share of the smaller section on the other below which a map is pushed back."""
LITTLE = 1e-3


class Affine(NamedTuple):
    """u = linear @ v + shift: neighbour to section, in spacings around their middles."""

    linear: Array
    shift: Array

    def back(self, u: Array) -> Array:
        """Positions of the neighbour (site, 2) of positions u (site, 2)."""
        return np.asarray((u - self.shift) @ np.linalg.inv(self.linear).T)


class Found(NamedTuple):
    """An affine map, as a beginning and what was changed of it, and how well it fits."""

    score: float
    start: Affine
    change: Array
    radius: float

    @property
    def affine(self) -> Affine:
        """The map."""
        return changed(self.start, self.change, self.radius)


def unchanged(start: Affine, radius: float) -> Found:
    """Map to begin with; ``radius`` is that of the tissue, so that all numbers move it alike."""
    return Found(-np.inf, start, np.zeros(6), radius)


def affine_of(guess: Guess) -> Affine:
    """Map of a guess."""
    c, s = np.cos(guess.turn), np.sin(guess.turn)
    flip = np.diag([-1.0 if guess.mirror else 1.0, 1.0])
    return Affine(np.array([[c, -s], [s, c]]) @ flip, guess.shift)


def changed(start: Affine, p: Array, radius: float) -> Affine:
    """Map changed by p: turn, scale, two stretches (all times the radius), shift x and y."""
    turn, scale, even, skew = p[:4] / radius
    c, s = np.cos(turn), np.sin(turn)
    size = np.hypot(even, skew)
    grow, _ = _sinhc(size)
    stretch = np.cosh(size) * np.eye(2) + grow * np.array([[even, skew], [skew, -even]])
    linear = np.exp(scale) * stretch @ np.array([[c, -s], [s, c]]) @ start.linear
    return Affine(linear, start.shift + p[4:6])


class Table:
    """A raster whose cells are rows, so that places are looked up at once."""

    def __init__(self, grid: Raster) -> None:
        stack = np.concatenate([grid.maps, grid.tissue[None]])
        self.cells = np.ascontiguousarray(stack.reshape(len(stack), -1).T, np.float32)
        self.origin, self.cell = grid.origin, grid.cell
        self.rows, self.columns = grid.tissue.shape

    def at(self, uv: Array) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Maps times tissue, and tissue, 0 to 1, the last column, at positions (site, 2).

        Linear between cells. Then their slopes along x and along y.
        """
        where = np.clip((uv - self.origin) / self.cell, 0, (self.columns - 1.01, self.rows - 1.01))
        corner = where.astype(np.intp)
        x, y = (where - corner).T.astype(np.float32)[:, :, None]
        first = corner[:, 1] * self.columns + corner[:, 0]
        left, right = self.cells[first], self.cells[first + 1]
        below, below_right = self.cells[first + self.columns], self.cells[first + self.columns + 1]
        upper, lower = left + (right - left) * x, below + (below_right - below) * x
        along_x = (right - left) * (1 - y) + (below_right - below) * y
        along_y = lower - upper
        return upper + along_y * y, along_x / self.cell, along_y / self.cell


def weighted_correlation(
    mine: FloatArray, theirs: FloatArray, weights: Array, trust: FloatArray
) -> float:
    """Correlation over factors and sites (site, factor); sites count by ``trust`` (site,)."""
    share = trust / max(float(trust.sum()), 1e-9)
    mean, other = share @ mine, share @ theirs
    both = float((share @ (mine * theirs) - mean * other) @ weights)
    mine_var = float((share @ mine**2 - mean**2) @ weights)
    their_var = float((share @ theirs**2 - other**2) @ weights)
    return both / float(np.sqrt(max(mine_var * their_var, 1e-12)))


class Objective:
    """How well the neighbour's maps, moved, fit the section's spots.

    Parameters
    ----------
    blur
        Of the maps, in spacings.
    most
        Spots of the section that are looked at.
    """

    def __init__(
        self, section: Points, neighbour: Points, weights: Array, blur: float, most: int
    ) -> None:
        cell = max(blur / 2, 0.35)
        own, theirs = raster(section, cell, blur), raster(neighbour, cell, blur)
        self.weights, self.table = weights.astype(np.float32), Table(theirs)
        n = len(section.uv)
        rng = np.random.default_rng(0)
        some = np.arange(n) if n <= most else rng.choice(n, most, replace=False)
        self.uv = section.uv[some]
        found = Table(own).at(self.uv)[0]
        self.values = np.asarray(found[:, :-1] / np.maximum(found[:, -1:], LITTLE), np.float32)
        self.areas = float(own.tissue.sum()) * cell**2, float(theirs.tissue.sum()) * cell**2

    def __call__(self, affine: Affine) -> float:
        """Score of a map, without the cost of its stretch."""
        return self.sloped(affine)[0]

    def sloped(self, affine: Affine) -> tuple[float, Array, float]:
        """Score; its slope (spot, 2) as the neighbour's places move; that as its area grows."""
        found, *along = self.table.at(affine.back(self.uv))
        r, by_map, by_tissue = sloped_correlation(self.values, found, self.weights)
        area, other = self.areas[0], self.areas[1] * abs(float(np.linalg.det(affine.linear)))
        overlap, least = float(found[:, -1].mean()) * area, min(area, other)
        share = float(min(max(overlap / least, 1e-3), 1.0))
        by_share = (r / (2 * np.sqrt(share)) + (share < LEAST_SHARE)) * (share < 1)
        by_overlap = by_share / least + 2 * OUTLINE / (area + other)
        by_area = -2 * OUTLINE * overlap / (area + other) ** 2
        by_area -= by_share * share / least if other < area else 0
        by_map *= np.float32(np.sqrt(share))
        by_tissue = by_tissue * np.sqrt(share) + by_overlap * area / len(self.uv)
        slopes = [(by_map * step[:, :-1]).sum(1) + by_tissue * step[:, -1] for step in along]
        score = scored(r, overlap, area, other) - max(0.0, LEAST_SHARE - share)
        return score, np.stack(slopes, 1).astype(float), by_area * other


def sloped_correlation(
    mine: FloatArray, found: FloatArray, weights: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Weighted correlation with maps times tissue, and with tissue as the last column.

    Then its slopes as a map (site, factor), times tissue, and as the tissue (site,) changes.
    """
    tissue, product = found[:, -1], found[:, :-1]
    theirs = product / np.maximum(tissue, LITTLE)[:, None]
    total = max(float(tissue.sum()), 1e-3)
    mean, other = tissue @ mine / total, product.sum(0) / total
    mine, centred = mine - mean, theirs - other
    both = (tissue[:, None] * mine * centred).sum(0) / total
    mine_var = max(float((tissue @ mine**2) @ weights) / total, 1e-6)
    their_var = max(float((tissue @ centred**2) @ weights) / total, 1e-6)
    root = np.sqrt(mine_var * their_var)
    r = float(both @ weights) / root
    by_map = (mine / root - (r / their_var) * centred) * (weights / total)
    by_tissue = -(float(both @ weights) + mine @ (weights * other)) / root
    by_tissue -= r / 2 * ((mine**2 @ weights) / mine_var - 1)
    by_tissue -= r / 2 * (((other**2 - theirs**2) @ weights) / their_var - 1)
    return r, by_map, by_tissue / total


def climbed(found: Found, objective: Objective, *, rigid: bool = False, steps: int = 30) -> Found:
    """Best map near one: turn and shift alone where ``rigid``, else also scale and stretch."""
    free = np.array([0, 4, 5] if rigid else range(6), np.intp)
    _, start, begin, radius = found
    p = begin.copy()

    def cost(q: Array) -> tuple[float, Array]:
        p[free] = q
        score, slopes, by_area = objective.sloped(changed(start, p, radius))
        slope = slope_of_numbers(start, p, radius, slopes.T @ objective.uv, slopes.sum(0))
        slope[1] += 2 / radius * by_area
        strain = p[1:4] / (radius * STRETCH)
        slope[1:4] -= 2 * STRETCH_COST * strain / (radius * STRETCH)
        return STRETCH_COST * float(strain @ strain) - score, -slope[free]

    options = {"maxiter": steps, "gtol": 1e-4}
    best = minimize(cost, begin[free], jac=True, method="BFGS", options=options)
    p[free] = best.x
    return Found(-float(best.fun), start, p, radius)


def slope_of_numbers(
    start: Affine, p: Array, radius: float, turning: Array, moving: Array
) -> Array:
    """Slope (6,) of a score by the numbers of a map, from those by its places.

    ``turning`` (2, 2) is the sum of slope times place, ``moving`` (2,) that of the slopes.
    """
    affine = changed(start, p, radius)
    inverse = np.linalg.inv(affine.linear)
    # A place is inverse @ (u - shift), and the inverse changes by -inverse @ change @ inverse.
    by_linear = -inverse.T @ (turning - np.outer(moving, affine.shift)) @ inverse.T
    by_change = [float((by_linear * change).sum()) for change in _changes(start, p, radius)]
    return np.array([*by_change, *(-inverse.T @ moving)])


def _changes(start: Affine, p: Array, radius: float) -> Iterator[Array]:
    """How the linear part of ``changed`` changes with turn, scale and the two stretches."""
    turn, scale, even, skew = p[:4] / radius
    c, s = np.cos(turn), np.sin(turn)
    turned = np.exp(scale) / radius * np.array([[c, -s], [s, c]]) @ start.linear
    size = np.hypot(even, skew)
    grow, more = _sinhc(size)
    axes = np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    skewed = even * axes[0] + skew * axes[1]
    stretch = np.cosh(size) * np.eye(2) + grow * skewed
    yield stretch @ np.array([[0.0, -1.0], [1.0, 0.0]]) @ turned
    yield stretch @ turned
    for amount, axis in zip((even, skew), axes, strict=True):
        yield (grow * (amount * np.eye(2) + axis) + amount * more * skewed) @ turned


def _sinhc(size: float) -> tuple[float, float]:
    """sinh(size) / size, and its slope over size."""
    if size < 1e-4:
        return 1.0, 1 / 3
    grow = float(np.sinh(size)) / size
    return grow, (float(np.cosh(size)) - grow) / size**2


def turn_of(affine: Affine) -> tuple[float, bool]:
    """Radians by which it turns, after mirroring left to right where it does."""
    mirror = bool(np.linalg.det(affine.linear) < 0)
    u, _, v = np.linalg.svd(affine.linear @ np.diag([-1.0 if mirror else 1.0, 1.0]))
    turn = u @ v
    return float(np.arctan2(turn[1, 0], turn[0, 0])), mirror


def same(one: Affine, other: Affine, apart: float) -> bool:
    """Whether two maps are one: within 20 degrees and a distance, both mirrored or neither."""
    (turn, mirror), (other_turn, other_mirror) = turn_of(one), turn_of(other)
    near = float(np.linalg.norm(one.shift - other.shift)) < apart
    return mirror == other_mirror and near and np.cos(turn - other_turn) > np.cos(np.radians(20))
