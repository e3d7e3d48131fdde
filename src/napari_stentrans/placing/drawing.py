"""A picture that is turned, mirrored or stretched is drawn anew along x and y."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from napari_stentrans.io.levels import as_bytes, reduced, rim_colour
from napari_stentrans.placing.affines import Affine, at, corners_of
from napari_stentrans.progress import Progress, Steps
from napari_stentrans.section import SectionImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

MOST_PIXELS = 25_000_000
"""Of an image that is drawn anew."""
AROUND = 0.25
"""What is drawn of a picture around the spots, as a share of their extent."""
TILE = 1024
"""Pixels along a side of what is drawn at once."""


def drawn_steps(section: Section, image: SectionImage, affine: Affine) -> Steps[SectionImage]:
    """Draw a picture along x and y, as far as it lies around the spots.

    Not finer than it is, and of at most 25 million pixels. Beyond the picture lies the colour of
    its rim.
    """
    low, high = _extent(section, image.shape, affine)
    own = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    side = max(own, float(np.sqrt(np.prod(high - low) / MOST_PIXELS)))
    columns, rows = np.maximum(np.ceil((high - low) / side), 1).astype(int)
    source = _Source.of(image, side / own)
    # From corners of the drawn pixels to corners of those of the source.
    edges = np.array([[side, 0, low[0]], [0, side, low[1]], [0, 0, 1]])
    back = (np.linalg.inv(np.vstack([affine, (0, 0, 1)])) @ edges)[:2]
    back[:, 2] += 0.5
    back /= source.shrunk
    drawn = np.empty((rows, columns, *source.rim.shape), source.rim.dtype)
    tiles = [(top, left) for top in range(0, rows, TILE) for left in range(0, columns, TILE)]
    for done, (top, left) in enumerate(tiles):
        yield Progress("laying the image below the spots", done, len(tiles))
        size = (min(TILE, rows - top), min(TILE, columns - left))
        matrix = back.copy()
        matrix[:, 2] = at(back, np.array([[left, top]]))[0]
        drawn[top : top + size[0], left : left + size[1]] = source.tile(matrix, size)
    origin = (float(low[0] + 0.5), float(low[1] + 0.5))
    return SectionImage(image.name, partial(np.asarray, drawn), 1 / side, origin)


def colours_of(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels without the last channel where that says how opaque they are; colours as bytes."""
    if pixels.ndim == 3 and pixels.shape[2] == 2:
        return pixels[..., 0]
    return as_bytes(pixels[..., :3]) if pixels.ndim == 3 else pixels


class _Source:
    """A level of a picture that tiles are drawn of.

    Parameters
    ----------
    level
        The level.
    shrunk
        Pixels of the finest level to one of its.
    factor
        Pixels of the level that are averaged, along a side, before one is drawn.
    rim
        (), or (3,) colour beyond the picture.
    """

    def __init__(self, level: Any, shrunk: float, factor: int, rim: NDArray[Any]) -> None:
        self._level, self.shrunk, self._factor, self.rim = level, shrunk, factor, rim

    @classmethod
    def of(cls, image: SectionImage, wanted: float) -> _Source:
        """Coarsest level that shows enough, where ``wanted`` of its finest pixels become one."""
        levels, finest = image.levels, image.levels[0]
        factors = [finest.shape[0] / level.shape[0] for level in levels]
        best = max(i for i, factor in enumerate(factors) if i == 0 or factor <= 1.01 * wanted)
        rim = rim_colour(colours_of(np.asarray(levels[-1])))
        return cls(levels[best], factors[best], max(int(wanted / factors[best]), 1), rim)

    def tile(self, matrix: Affine, size: tuple[int, int]) -> NDArray[Any]:
        """(rows, columns, ...) drawn; ``matrix`` leads to the level, from corner to corner."""
        factor, within = self._factor, np.array(self._level.shape[1::-1])
        corners = at(matrix, corners_of(size) + 0.5)
        low = np.floor(corners.min(0) / factor - 2).astype(int).clip(0) * factor
        high = np.minimum(np.ceil(corners.max(0) + 2 * factor).astype(int), within)
        if (high - low < factor).any():  # beyond the picture
            return np.broadcast_to(self.rim, (*size, *self.rim.shape))
        pixels = colours_of(np.asarray(self._level[low[1] : high[1], low[0] : high[0]]))
        pixels = reduced(pixels, factor) if factor > 1 else pixels
        matrix = matrix.copy()
        matrix[:, 2] -= low
        return _transformed(pixels, matrix / factor, size, self.rim)


def _extent(
    section: Section, shape: tuple[int, ...], affine: Affine
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners (x, y) of what is drawn: the picture, where it lies around the spots."""
    low, high = section.xy.min(0), section.xy.max(0)
    around = AROUND * float((high - low).max()) + 2 * section.lattice.spacing
    corners = at(affine, corners_of(shape))
    return np.maximum(low - around, corners.min(0)), np.minimum(high + around, corners.max(0))


def _transformed(
    pixels: NDArray[Any], matrix: Affine, size: tuple[int, int], rim: NDArray[Any]
) -> NDArray[Any]:
    """Pixels drawn on another grid, between four neighbours each."""
    planes = [pixels] if pixels.ndim == 2 else list(np.moveaxis(pixels, -1, 0))
    drawn = [
        Image.fromarray(np.ascontiguousarray(plane, np.float32)).transform(
            size[::-1],
            Image.Transform.AFFINE,
            tuple(matrix.ravel()),
            resample=Image.Resampling.BILINEAR,
            fillcolor=float(beyond),
        )
        for plane, beyond in zip(planes, np.atleast_1d(rim), strict=True)
    ]
    found = np.stack([np.asarray(plane) for plane in drawn], axis=-1)
    if pixels.dtype.kind in "iu":
        found = np.rint(found)
    return found.reshape(*size, *rim.shape).astype(pixels.dtype)
