"""Small copies of tissue images, whatever the size of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.io.levels import reduced, rim_colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage

BRIGHT = 99.8
"""Percentile of an image that is shown as white where values are stretched."""
DARK = 64
"""Bytes of grey below which nothing is seen."""


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


def displayable(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Pixels (row, column) or (row, column, 3 or 4) as colours (row, column, 3) that all can show.

    Colours that are partly transparent lie on white. Numbers other than bytes, and greys that are
    too dark to be seen, as those of fluorescence are, are stretched to the range of bytes.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 4 and pixels.dtype == np.uint8:
        alpha = pixels[..., 3:].astype(np.uint16)
        laid = pixels[..., :3] * alpha + np.uint16(255) * (255 - alpha)
        return np.asarray((laid + 127) // 255, np.uint8)
    grey = pixels.ndim == 2
    planes = pixels[..., None] if grey else pixels[..., :3]
    if planes.dtype == bool:
        planes = planes * np.uint8(255)
    elif planes.dtype != np.uint8 or (grey and np.percentile(planes, BRIGHT) < DARK):
        planes = _stretched(planes, from_darkest=grey)
    return np.ascontiguousarray(np.broadcast_to(planes, (*planes.shape[:2], 3)))


def _stretched(planes: NDArray[Any], *, from_darkest: bool) -> NDArray[np.uint8]:
    values = np.nan_to_num(planes.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = np.percentile(values, [100 - BRIGHT, BRIGHT])
    if not from_darkest:
        low, high = min(low, 0.0), 1.0 if DARK / 255 < high <= 1 else high  # 1.0 is white
    return np.asarray(np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255, np.uint8)
