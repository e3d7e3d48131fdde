"""Tissue images as exports need them: small, whatever the size of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.io.levels import reduced, rim_colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage


def overview(image: SectionImage, most: int) -> tuple[NDArray[Any], float]:
    """Small copy of an image; a large one is never whole in memory.

    Parameters
    ----------
    image
        The image; of its pyramid the finest level that is small enough is taken.
    most
        Most pixels along a side.

    Returns
    -------
    pixels
        (row, column) or (row, column, 3 or 4).
    scale
        Their number per full-resolution pixel.
    """
    level = next((lv for lv in image.levels if max(lv.shape[:2]) <= most), image.levels[-1])
    scale = image.scale * (level.shape[1] / image.shape[1])
    factor = -(-max(level.shape[:2]) // most)
    pixels = reduced(level, factor) if factor > 1 else np.asarray(level)
    if pixels.ndim == 3 and pixels.shape[2] == 2:  # grey and alpha
        pixels = pixels[..., 0]
    return pixels, scale / factor


def from_corner(image: SectionImage, most: int) -> tuple[NDArray[Any], float]:
    """Small copy, as ``overview``, of an image as if it began at the position (0, 0).

    For formats that know the scale of an image and no origin. What lies at negative positions is
    cut off; where the image begins later, there is a border in the colour of its rim.
    """
    if not any(image.origin):
        return overview(image, most)
    size = np.array(image.shape[1::-1])
    whole = size + np.maximum(image.origin, 0) * image.scale
    pixels, scale = overview(image, max(int(most * size.max() / whole.max()), 1))
    column, row = (round(at * scale) for at in image.origin)
    pixels = pixels[max(-row, 0) :, max(-column, 0) :]
    if not pixels.size:
        return pixels, scale
    rows, columns = np.add(pixels.shape[:2], np.maximum((row, column), 0))
    found = np.empty((rows, columns, *pixels.shape[2:]), pixels.dtype)
    found[...] = rim_colour(pixels)
    found[-pixels.shape[0] :, -pixels.shape[1] :] = pixels
    return found, scale
