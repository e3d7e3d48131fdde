"""The first guess: all turns, mirror images and shifts of a neighbour's factor maps, coarsely.

Maps of both sections lie on grids of a few dozen cells. For each turn the weighted correlation of
all factors is found for every shift at once, over the cells where both have tissue, by Fourier
transforms (masked normalised cross-correlation, Padfield 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps

Array = NDArray[np.float64]
Spectrum = NDArray[np.complex64]
T = TypeVar("T", float, NDArray[np.float64])

ALIGNING = "aligning the neighbouring section"
TURNS, AFTER = 36, 12
"""Turns that are tried, and steps thereafter."""
MOST_CELLS = 36
"""Cells along the longer side of a section, at most."""
LEAST_OVERLAP = 0.5
"""Share of the smaller section that must lie on the other."""
OUTLINE = 0.15
"""What it counts that the outlines lie on each other, where the factors count 1."""
MIRROR_COST = 0.03
FILLED = 0.35
"""Share of the usual density of spots at which a place is tissue."""
PER_TURN = 2
ALIKE = 3
"""Shifts that are nearer than so many cells are one."""


class Points(NamedTuple):
    """Spots of a section in spacings around its middle, and their factors.

    Attributes
    ----------
    uv
        (spot, 2) positions.
    values
        (spot, factor).
    """

    uv: Array
    values: NDArray[np.float32]


class Guess(NamedTuple):
    """A rigid map of the neighbour, in spacings around the middles, and how well it fits."""

    score: float
    turn: float
    mirror: bool
    shift: Array


class Raster(NamedTuple):
    """Factor maps on a grid.

    Attributes
    ----------
    maps
        (factor, row, column), 0 where there is no tissue.
    tissue
        (row, column) 1 on tissue, else 0.
    origin
        (x, y) of the first cell.
    cell
        Side of a cell.
    """

    maps: FloatArray
    tissue: FloatArray
    origin: Array
    cell: float


def pooled(points: Points, side: float) -> Points:
    """Means of the spots of each square of this side, where there are many more than squares."""
    squares = np.floor(points.uv / side).astype(np.int64)
    squares -= squares.min(0)
    _, of, n = np.unique(
        squares[:, 0] * (squares[:, 1].max() + 1) + squares[:, 1],
        return_inverse=True,
        return_counts=True,
    )
    if 2 * len(n) > len(points.uv):
        return points
    columns = [*points.uv.T, *points.values.T]
    means = np.stack([np.bincount(of, column) / n for column in columns], 1)
    return Points(means[:, :2], np.asarray(means[:, 2:], np.float32))


def raster(points: Points, cell: float, blur: float) -> Raster:
    """Draw factors on a grid; a cell is the Gaussian mean, ``blur`` wide, of the spots around."""
    margin = 3 * max(blur, cell)
    low, high = points.uv.min(0) - margin, points.uv.max(0) + margin
    columns, rows = np.ceil((high - low) / cell).astype(int) + 2
    at = (points.uv - low) / cell
    corner = np.floor(at).astype(int)
    part = at - corner
    k = points.values.shape[1]
    sums = np.zeros((k + 1, rows * columns))
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            index = (corner[:, 1] + dy) * columns + corner[:, 0] + dx
            sums[k] += np.bincount(index, share, rows * columns)
            for i in range(k):
                sums[i] += np.bincount(index, share * points.values[:, i], rows * columns)
    sums = ndimage.gaussian_filter(
        sums.reshape(k + 1, rows, columns), (0, blur / cell, blur / cell), mode="constant"
    )
    density = sums[k]
    usual = np.median(density[corner[:, 1], corner[:, 0]])
    tissue = density > FILLED * usual
    maps = np.where(tissue, sums[:k] / np.maximum(density, 1e-9), 0)
    return Raster(maps.astype(np.float32), tissue.astype(np.float32), low, cell)


def turned(uv: Array, turn: float, *, mirror: bool) -> Array:
    """Positions mirrored left to right, then turned by radians."""
    x, y = (-uv[:, 0] if mirror else uv[:, 0]), uv[:, 1]
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([c * x - s * y, s * x + c * y], 1)


class _Fixed:
    """The section's side of the correlation. Factors are as large as they count."""

    def __init__(self, grid: Raster, room: int) -> None:
        self.grid = grid
        self.size = [fft.next_fast_len(n + room, real=True) for n in grid.tissue.shape]
        self.tissue, self.maps, self.squares = self._spectra(grid)

    def _spectra(self, grid: Raster) -> tuple[Spectrum, Spectrum, Spectrum]:
        """Of the tissue, of each factor, and of the sum of their squares."""
        stack = np.concatenate([grid.tissue[None], grid.maps, (grid.maps**2).sum(0)[None]])
        found = fft.rfft2(stack, self.size)
        return found[0], found[1:-1], found[-1]

    def scores(self, other: Raster) -> Array:
        """Score (row, column) of every shift; -inf where too little overlaps."""
        tissue, maps, squares = (spectrum.conj() for spectrum in self._spectra(other))
        sums = np.stack([
            self.tissue * tissue, np.einsum("kyx,kyx->yx", self.maps, maps),
            self.squares * tissue, self.tissue * squares,
        ])  # fmt: skip
        overlap, product, mine_square, their_square = fft.irfft2(sums, self.size)
        mine, theirs = (fft.irfft2(m, self.size) for m in (self.maps * tissue, self.tissue * maps))
        n = np.maximum(overlap, 1e-6)
        covariance = product - np.einsum("kyx,kyx->yx", mine, theirs) / n
        mine_var = mine_square - np.einsum("kyx,kyx->yx", mine, mine) / n
        their_var = their_square - np.einsum("kyx,kyx->yx", theirs, theirs) / n
        areas = self.grid.tissue.sum(), other.tissue.sum()
        least = 1e-6 * n.max()
        r = covariance / np.sqrt(np.maximum(mine_var, least) * np.maximum(their_var, least))
        found = scored(r, n, *areas)
        return np.asarray(np.where(n >= LEAST_OVERLAP * min(areas), found, -np.inf), float)


def scored(r: T, overlap: T, area: float, other_area: float) -> T:
    """Correlation and outline in one number: factors count by how much of them was compared."""
    share = np.clip(overlap / min(area, other_area), 0, 1)
    dice = 2 * overlap / (area + other_area)
    return r * np.sqrt(share) + OUTLINE * dice


def guesses(
    section: Points, neighbour: Points, weights: Array, turns: int = TURNS
) -> Steps[list[Guess]]:
    """Best guesses of all turns, the best first."""
    extent = max(float(np.ptp(p.uv, axis=0).max()) for p in (section, neighbour))
    root = np.sqrt(weights).astype(np.float32)
    cell = max(extent / MOST_CELLS, 0.7)
    blur = max(1.2 * cell, 1.0)
    section, neighbour = pooled(section, cell / 2), pooled(neighbour, cell / 2)
    section, neighbour = (p._replace(values=p.values * root) for p in (section, neighbour))
    grid = raster(section, cell, blur)
    # Margins hold no tissue, and may lie on each other from the other side.
    fixed, found = _Fixed(grid, int(np.ceil(np.sqrt(2) * extent / cell))), []
    for i in range(turns):
        yield Progress(ALIGNING, i, turns + AFTER)
        for mirror in (False, True):
            turn = 2 * np.pi * i / turns
            moved = Points(turned(neighbour.uv, turn, mirror=mirror), neighbour.values)
            other = raster(moved, cell, blur)
            for score, step in _peaks(fixed.scores(other), grid.tissue.shape):
                shift = grid.origin - other.origin + step * cell
                found.append(Guess(score - MIRROR_COST * mirror, turn, mirror, shift))
    return sorted(found, key=lambda guess: -guess.score)


def _peaks(score: Array, most: tuple[int, ...]) -> Iterator[tuple[float, Array]]:
    """Best few shifts (x, y), in cells, that are not next to each other, and their scores.

    From ``most`` (row, column) on, a shift is one to the other side.
    """
    rows, columns = score.shape
    near = np.arange(-ALIKE, ALIKE + 1)
    for _ in range(PER_TURN):
        row, column = np.unravel_index(int(score.argmax()), score.shape)
        best = float(score[row, column])
        if not np.isfinite(best):
            return
        y, x = row - rows * (row >= most[0]), column - columns * (column >= most[1])
        yield best, np.array([x, y], float)
        score[np.ix_((row + near) % rows, (column + near) % columns)] = -np.inf


def distinct(found: list[Guess], most: int, apart: float) -> list[Guess]:
    """The best of guesses that differ: mirrored or not, 20 degrees or a few spacings apart."""
    kept: list[Guess] = []
    for guess in found:
        if not any(
            guess.mirror == other.mirror
            and np.cos(guess.turn - other.turn) > np.cos(np.radians(25))
            and np.linalg.norm(guess.shift - other.shift) < apart
            for other in kept
        ):
            kept.append(guess)
        if len(kept) == most:
            break
    return kept
