"""Damage that the tissue image shows: folds, bubbles and ink.

Everything is judged by optical density (the light that is missing, as its logarithm) against the
tissue around, on the raster of the spots. In a fold two sheets lie on each other, so both dyes
double, in a band. Under a bubble all colours are pale, in a disc that is not bare glass.
Haematoxylin and eosin both take more of the green light than of the red (Ruifrok and Johnston
2001); the ink of a blue, green or black pen does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_stentrans.io.levels import working_copy
from napari_stentrans.tissue_image import DARK, STAINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_stentrans.section import Section

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

PER_UNIT, UNIT_UM = 16, 100.0
"""Image pixels along a unit that are looked at. A unit is a spacing, but 100 um at least."""
FINE, COARSE = 0.1, 0.25
"""Standard deviations of the blurs, in units: nuclei are no damage."""
AROUND, REFERENCES = 200, 5000
"""Spots whose median is the usual tissue of a place, and spots that are asked, at most."""
LEAST_STAIN = 0.05
"""Density of eosin, and of all, below which there is too little of it to be doubled."""
DOUBLED, BOTH = 1.5, (1.25, 1.4)
"""Density of a fold, and of its haematoxylin and its eosin, in those of the tissue around."""
FOLD_AREA, FOLD_HALF, FOLD_LONG = 2.0, 1.5, 1.6
"""Least area in square units, largest half width in units, and least area in discs of that width.

The largest such band in two H&E sections of tumours has an area of 0.4."""
PALE = (0.55, 0.65)
"""Density under a bubble, in that of the tissue around; either may give its disc."""
BUBBLE_HALF, ROUND, BARE = 0.8, 1.5, 0.02
"""Least radius in units, largest area in discs of that radius, density over that of glass."""
HALVED = 0.5
"""Density in a bubble, in that just outside of it, at most."""
INK, BLACK, INK_AREA = 0.2, 1.1, 1.0
"""Red density over green, density of all three, least area in square units."""
STAIN = 0.2
"""Where more of the tissue than this seems to be ink, that is how it was stained."""


class View(NamedTuple):
    """The image on the raster of the spots.

    Attributes
    ----------
    fine
        (row, column, 3) densities of red, green and blue, a little blurred.
    coarse
        (row, column) mean density, more blurred.
    spots
        (row, column) True on the cells of spots.
    unit
        Raster pixels to a unit.
    usual
        Gives for a map (row, column) that of its usual values: medians of the spots around.
    """

    fine: NDArray[np.float32]
    coarse: NDArray[np.float32]
    spots: Mask
    unit: float
    usual: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def shown_damage(section: Section) -> dict[str, Mask]:
    """Spots (spot,) that lie half or more in a fold, a bubble or ink, by these names.

    Empty where there is no image in colours of stained tissue that lies below the spots.
    """
    view = _view(section)
    if view is None:
        return {}
    found = {"bubble": bubbles(view), "fold": folds(view), "pen": ink(view)}
    return {kind: section.raster.lost(mask) for kind, mask in found.items()}


def folds(view: View) -> Mask:
    """Bands (row, column) in which both dyes are about doubled."""
    dyes = view.fine @ STAINS.astype(np.float32)
    mean = view.fine.mean(2)
    usual = [view.usual(part) for part in (dyes[..., 0], dyes[..., 1], mean)]
    enough = (usual[1] > LEAST_STAIN) & (usual[2] > LEAST_STAIN)
    blue, pink, dark = (
        part / np.maximum(normal, LEAST_STAIN / 2)
        for part, normal in zip((dyes[..., 0], dyes[..., 1], mean), usual, strict=True)
    )
    both = view.spots & enough & (blue > BOTH[0]) & (pink > BOTH[1]) & (dark > DOUBLED)
    small = max(round(view.unit / 8), 1)
    found = np.zeros_like(both)
    for part, area, half in _parts(_opened(_closed(both, small), small), view.unit):
        slim = half <= FOLD_HALF and area >= FOLD_LONG * np.pi * half**2
        found[part] |= area >= FOLD_AREA and slim
    return found


def bubbles(view: View) -> Mask:
    """Discs (row, column) in which all is pale, but that are not bare glass."""
    usual = view.usual(view.coarse)
    pale = view.coarse / np.maximum(usual, LEAST_STAIN / 2)
    far = ndimage.distance_transform_edt(~view.spots) > view.unit
    known = far & np.isfinite(view.coarse)
    glass = float(np.median(view.coarse[known])) if known.any() else 0.0
    found = np.zeros_like(view.spots)
    for threshold in PALE:
        disc = _opened(view.spots & (usual > LEAST_STAIN) & (pale < threshold), view.unit / 2)
        for part, area, half in _parts(disc, view.unit):
            if half < BUBBLE_HALF or area > ROUND * np.pi * half**2:
                continue
            away = ndimage.distance_transform_edt(~part) / view.unit
            rim = view.spots & (away > 1 / 3) & (away < 1)
            here, there = (float(np.median(view.coarse[m])) for m in (part, rim))
            found[part] |= glass + BARE < here < HALVED * there
    return found


def ink(view: View) -> Mask:
    """Strokes (row, column) of what takes more red light than green, or nearly all light."""
    red, green = view.fine[..., 0], view.fine[..., 1]
    drawn = view.spots & ((red - green > INK) | (view.fine.min(2) > BLACK))
    found = np.zeros_like(drawn)
    if drawn.sum() > STAIN * view.spots.sum():
        return found
    for part, area, _ in _parts(drawn, view.unit):
        found[part] = area >= INK_AREA
    return found


def _view(section: Section) -> View | None:
    """Look at a section's image; None where it has none that could be judged."""
    image = max(section.images, key=lambda i: i.shape[0] * i.shape[1], default=None)
    if image is None or len(image.shape) != 3 or image.shape[2] < 3:
        return None
    spacing, um = section.lattice.spacing, section.um_per_px
    unit = spacing if um is None else max(spacing, UNIT_UM / um)
    pixels, shrunk = working_copy(image, unit, PER_UNIT)
    if np.median(pixels[::4, ::4]) < DARK:  # fluorescence, or nothing
        return None
    per_pixel = shrunk / image.scale
    density = -np.log((pixels[..., :3].astype(np.float32) + 8) / 263)
    raster = section.raster
    where = ((raster.pixel_xy() - image.origin + 0.5) / per_pixel - 0.5)[..., ::-1]
    at = np.moveaxis(where, -1, 0)
    inside = ((at >= -0.5) & (at < np.array(density.shape[:2])[:, None, None] - 0.5)).all(0)
    spots = (raster.index >= 0) & inside
    if not spots.any():
        return None
    blur = unit / per_pixel

    def drawn(channel: NDArray[np.float32], width: float) -> NDArray[np.float32]:
        blurred = ndimage.gaussian_filter(channel, width * blur)
        found = ndimage.map_coordinates(blurred, at, order=1, mode="nearest")
        return np.where(inside, found, np.float32(np.nan))

    fine = np.stack([drawn(density[..., i], FINE) for i in range(3)], -1)
    coarse = drawn(density.mean(2), COARSE)
    return View(fine, coarse, spots, unit / raster.pixel, _usual(section, spots))


def _usual(section: Section, spots: Mask) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Make what gives the usual values of a map: of each spot, those of the spots around it."""
    raster = section.raster
    row, column = raster.pixel_of(section.xy).T
    seen = np.flatnonzero(spots[row, column])
    asked = seen[:: max(len(seen) // REFERENCES, 1)]
    near = cKDTree(section.xy[asked]).query(section.xy[asked], min(AROUND, len(asked)))[1]
    nearest = cKDTree(section.xy[asked]).query(section.xy)[1]
    near = near.reshape(len(asked), -1)

    def usual(values: NDArray[np.float32]) -> NDArray[np.float32]:
        medians = np.median(values[row[asked], column[asked]][near], axis=1)
        return np.where(spots, medians[nearest][raster.index], np.float32(np.nan))

    return usual


def _parts(mask: Mask, unit: float) -> Iterator[tuple[Mask, float, float]]:
    """Parts (row, column) that hang together, their areas in square units and half widths."""
    labels, n = ndimage.label(mask)
    numbers = np.arange(1, n + 1)
    if not n:
        return
    areas = ndimage.sum(mask, labels, numbers) / unit**2
    halves = ndimage.maximum(ndimage.distance_transform_edt(mask), labels, numbers) / unit
    for number in numbers[areas >= min(FOLD_AREA, INK_AREA)]:
        yield labels == number, float(areas[number - 1]), float(halves[number - 1])


def _opened(mask: Mask, reach: float) -> Mask:
    """Mask without what is thinner than twice ``reach`` pixels."""
    core = ndimage.distance_transform_edt(mask) > reach
    return np.asarray(ndimage.distance_transform_edt(~core) <= reach) & bool(core.any())


def _closed(mask: Mask, reach: float) -> Mask:
    """Mask with the gaps filled that are thinner than twice ``reach`` pixels."""
    return np.asarray(~_opened(~mask, reach)) if mask.any() else mask
