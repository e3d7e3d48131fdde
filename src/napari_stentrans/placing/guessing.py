"""Where a picture may lie: its own pixels, its tissue below the spots, or all of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from napari_stentrans.io.levels import as_bytes, reduced
from napari_stentrans.io.library_images import LEAST_INSIDE
from napari_stentrans.placing.affines import Affine, fitted, moved, of_scale, through
from napari_stentrans.placing.drawing import colours_of
from napari_stentrans.section import SectionImage
from napari_stentrans.tissue import LEAST_CONTRAST, outlined, tissue_readings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section

LOOKED_AT = 512
"""Pixels along a side of the copy in which the tissue is sought."""
BLUR = 4.0
"""Standard deviation of the blur of that copy, in its pixels."""
LEAST_PART = 0.2
"""Parts of the tissue smaller than this share of the largest are dust, or another section."""
LEAST_SPAN = 0.1
"""Positions that span less of a picture's side than this are hardly those of its pixels."""
LEAST_SPACING = 2.0
"""Nor are those of spots that are fewer pixels apart."""
LEAST_COUNTS = 0.1
"""Spots with less than this share of the median of all lie beside the tissue."""


def guess(section: Section, image: SectionImage) -> Affine:
    """Where a picture may lie: (2, 3) from its own pixels to full-resolution positions.

    Where the spots lie on the picture's own pixels, these are taken. Else its tissue is laid below
    the spots: coloured, dark or bright, whatever tells rich spots best from what is around them.
    Where no tissue stands out, the picture as a whole is laid below the spots.
    """
    if _are_its_pixels(section, image):
        return of_scale(1.0)
    small, shrunk = _small(image)
    xy = section.xy[section.totals >= LEAST_COUNTS * section.median_total]
    half = section.lattice.spacing / 2
    low, high = xy.min(0) - half, xy.max(0) + half
    best, contrast = fitted((0, 0), small.shape[1::-1], low, high), LEAST_CONTRAST
    copy = SectionImage("small", partial(np.asarray, small))
    for tissue in tissue_readings(small, BLUR):
        box = _box(tissue)
        if box is None:
            continue
        affine = fitted(*box, low, high)
        _, apart = outlined(section, moved(affine, copy))
        if apart > contrast:
            best, contrast = affine, apart
    return through(best, of_scale(shrunk))


def _are_its_pixels(section: Section, image: SectionImage) -> bool:
    """Whether positions look like those of the picture's own pixels."""
    size = np.array(image.shape[1::-1]) / image.scale
    inside = ((section.xy >= 0) & (section.xy <= size)).all(1).mean() >= LEAST_INSIDE
    wide = (np.ptp(section.xy, axis=0) >= LEAST_SPAN * size).all()
    return bool(inside and wide and section.lattice.spacing >= LEAST_SPACING)


def _small(image: SectionImage) -> tuple[NDArray[Any], float]:
    """Small copy of a picture as bytes, and pixels of its own frame to one of the copy's."""
    small = [level for level in image.levels if max(level.shape[:2]) >= LOOKED_AT]
    level = small[-1] if small else image.levels[0]
    factor = max(max(level.shape[:2]) // LOOKED_AT, 1)
    pixels = reduced(level, factor) if factor > 1 else np.asarray(level)
    shrunk = image.levels[0].shape[1] / level.shape[1] * factor
    return as_bytes(colours_of(pixels)), shrunk / image.scale


def _box(tissue: NDArray[np.bool_]) -> tuple[ArrayLike, ArrayLike] | None:
    """Corners (x, y) of what is large of a mask; None where there is nothing."""
    parts, n = ndimage.label(tissue)
    if not n:
        return None
    areas = np.bincount(parts.ravel())[1:]
    large = np.isin(parts, 1 + np.flatnonzero(areas >= LEAST_PART * areas.max()))
    rows, columns = np.flatnonzero(large.any(1)), np.flatnonzero(large.any(0))
    return (columns[0], rows[0]), (columns[-1] + 1, rows[-1] + 1)
