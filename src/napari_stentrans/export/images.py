"""Tissue images as exports need them: small, whatever the size of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.io.levels import reduced

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
