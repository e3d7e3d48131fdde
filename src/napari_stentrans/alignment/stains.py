"""What the tissue images of two sections show at their spots, in terms that both share.

Each section is compared with itself first (mean 0, variance 1), so that one may be stained deeper
than the other. Images say nothing of lost spots here: only spots that take part are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_stentrans.errors import ReadError
from napari_stentrans.image_fit import on_image, warn_unreadable, whole_images
from napari_stentrans.io.levels import working_copy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.section import Section, SectionImage

PER_SPACING = 12
"""Pixels to a spacing that are looked at."""
AROUND = 0.4
"""Standard deviation, in spacings, of the window around a spot."""
LEAST_ON_IMAGE = 0.9
"""Share of the spots that must lie on an image."""


def stains_at(section: Section, xy: NDArray[np.float64]) -> FloatArray | None:
    """How dark, how blue and how even the tissue is around positions xy (spot, 2), pixels.

    Returns
    -------
    (spot, feature), each with mean 0 and variance 1, or 0 where nothing is seen; None without an
    image that most of the positions lie on, and that shows something.

    Warns
    -----
    StentransWarning
        When an image cannot be read.
    """
    for image in whole_images(section.images):
        if on_image(image, xy).mean() < LEAST_ON_IMAGE:
            continue
        try:
            return _looked_at(image, section.lattice.spacing, xy)
        except ReadError as error:  # found late, since large images stay in their file
            warn_unreadable(image, error)
    return None


def _looked_at(image: SectionImage, spacing: float, xy: NDArray[np.float64]) -> FloatArray | None:
    pixels, shrunk = working_copy(image, spacing, PER_SPACING)
    density = -np.log((pixels.astype(np.float32) + 8) / 263)  # of light that is missing
    dark = density.mean(-1)
    maps = [dark]
    if density.shape[-1] > 2:
        maps.append(density[..., 0] - density[..., 2])
    wide = AROUND * spacing * image.scale / shrunk
    mean, square = (ndimage.gaussian_filter(one, wide) for one in (dark, dark**2))
    maps = [ndimage.gaussian_filter(one, wide) for one in maps]
    maps.append(np.sqrt(np.maximum(square - mean**2, 0)))
    where = (((xy - image.origin) * image.scale)[:, ::-1].T + 0.5) / shrunk - 0.5
    found = np.stack([ndimage.map_coordinates(one, where, order=1, mode="nearest") for one in maps])
    found = found[found.std(1) > 1e-3]
    if not len(found):
        return None
    found = (found - found.mean(1)[:, None]) / found.std(1)[:, None]
    return np.asarray(found.T, np.float32)
