"""Affine maps from pictures to positions, and what they make of an image.

All are (2, 3) and map positions (x, y); 0 is the centre of the first pixel.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stentrans.errors import SectionError
from napari_stentrans.section import SectionImage

Affine = NDArray[np.float64]
"""(2, 3): positions (x, y) in one frame to another."""
EXACT = 0.25
"""Pixels by which the corners of a picture may be off when it is taken as not turned."""


def checked(affine: ArrayLike) -> Affine:
    """(2, 3) affine, from (2, 3) or (3, 3).

    Raises
    ------
    SectionError
        When it has another shape, is not finite, or makes a line of the picture.
    """
    found = np.asarray(affine, float)
    if found.shape == (3, 3) and np.allclose(found[2], (0, 0, 1)):
        found = found[:2]
    if found.shape != (2, 3) or not np.isfinite(found).all():
        raise SectionError(
            "Expected a finite affine of the shape (2, 3), from the picture's pixels (x, y) to "
            f"full-resolution positions, got {np.asarray(affine)!r}."
        )
    sizes = np.linalg.svd(found[:, :2], compute_uv=False)
    if sizes[1] <= 1e-6 * sizes[0]:
        raise SectionError(
            "The affine makes a line of the picture. Give one that keeps both its sides."
        )
    return found


def of_scale(scale: float) -> Affine:
    """(2, 3) of an image with ``scale`` pixels per pixel of the frame that it begins with."""
    if not (np.isfinite(scale) and scale > 0):
        raise SectionError(f"Expected a scale above 0, got {scale}.")
    offset = 0.5 / scale - 0.5
    return np.array([[1 / scale, 0, offset], [0, 1 / scale, offset]])


def through(outer: Affine, inner: Affine) -> Affine:
    """(2, 3) of the inner affine, then the outer one."""
    return np.asarray(outer @ np.vstack([inner, (0, 0, 1)]))


def at(affine: Affine, xy: NDArray[Any]) -> NDArray[np.float64]:
    """Where positions (n, 2) come to lie."""
    return np.asarray(xy @ affine[:, :2].T + affine[:, 2])


def corners_of(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(4, 2) corners (x, y) of an image, from top left round to bottom left."""
    rows, columns = shape[:2]
    return np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)]) - 0.5


def is_plain(affine: Affine, shape: tuple[int, ...]) -> bool:
    """Whether an affine only moves and scales, up to a part of a pixel at the corners."""
    side = float(np.trace(affine[:, :2]) / 2)
    if side <= 0:
        return False
    off = corners_of(shape) @ (affine[:, :2] - side * np.eye(2)).T
    return bool(np.abs(off).max() <= EXACT * side)


def moved(affine: Affine, image: SectionImage) -> SectionImage:
    """Image as it is, with the scale and origin that a plain affine says."""
    side = float(np.trace(affine[:, :2]) / 2)
    x, y = affine[:, 2] + 0.5 - side / 2
    return SectionImage(image.name, partial(_levels, image), 1 / side, (float(x), float(y)))


def _levels(image: SectionImage) -> Any:
    return list(image.levels) if len(image.levels) > 1 else image.levels[0]


def fitted(
    low: ArrayLike, high: ArrayLike, to_low: NDArray[np.float64], to_high: NDArray[np.float64]
) -> Affine:
    """Affine that lays one box on the middle of another, with the same area; no side is bent."""
    low, high = np.asarray(low, float) - 0.5, np.asarray(high, float) - 0.5
    side = float(np.sqrt((to_high - to_low).prod() / (high - low).prod()))
    offset = (to_low + to_high) / 2 - side * (low + high) / 2
    return np.column_stack([side * np.eye(2), offset])
