"""Tissue that no spot covers: the outline of the tissue in its image, against the spots.

Otsu (1979) splits saturation, and brightness, into two classes. Of the three readings (coloured,
dark or bright is tissue) the one is taken that tells the spots best from what is around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_stentrans.errors import SectionError
from napari_stentrans.image_fit import decoded_images, on_image
from napari_stentrans.progress import Progress, Steps, drain

if TYPE_CHECKING:
    from napari_stentrans.section import Section, SectionImage

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

RICH = 0.75
"""Spots with more counts than this quantile lie on tissue, also where all spots are listed."""
SMOOTHED = 0.2
"""Standard deviation of the blur before the split, in spacings: nuclei and pores are no border."""
LEAST_CONTRAST = 0.25
"""Share of rich spots on tissue less that of the surroundings; below it there is no outline."""


def uncovered_sites(section: Section) -> Array:
    """Positions (site, 2) of lattice nodes on tissue that hold no spot; see the steps below.

    Raises
    ------
    SectionError
        When the section has no image, or its tissue does not stand out in it.
    """
    return drain(uncovered_steps(section))


def uncovered_steps(section: Section) -> Steps[Array]:
    """Find the tissue, then the lattice nodes whose cell it fills at least by half.

    Only tissue that hangs together with spots counts: what lies apart may be dust, ink or another
    section. Nodes farther than the raster's margin from the spots are left out.
    """
    yield Progress("finding the tissue", 0, 2)
    tissue = tissue_on_raster(section)
    yield Progress("finding the tissue", 1, 2)
    spots = section.raster.index >= 0
    parts, _ = ndimage.label(tissue | spots)
    with_spots = np.isin(parts, np.unique(parts[spots]))
    return section.raster.unmeasured(tissue & with_spots & ~spots, section.xy)


def enclosed_sites(section: Section) -> Array:
    """Positions (site, 2) of places without a spot that spots surround; no image is needed.

    Some are holes of the tissue itself, such as vessels: a person has to look.
    """
    empty = section.raster.index < 0
    parts, _ = ndimage.label(empty)
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    return section.raster.unmeasured(empty & ~np.isin(parts, np.unique(rim)), section.xy)


def tissue_on_raster(section: Section) -> Mask:
    """(row, column) mask on the section's raster, True on tissue; False beyond the image.

    Raises
    ------
    SectionError
        When the section has no image, or its tissue does not stand out in it.
    """
    if not section.images:
        raise SectionError(
            "The section has no image, so the outline of its tissue is not known. Open it with "
            "its image, or mark what was not captured with the brush or the polygon."
        )
    image = next(decoded_images(section.images), None)
    if image is None or not on_image(image, section.xy).any():
        raise SectionError(
            "No spot lies on the tissue image, or it cannot be read, so it shows no outline. Mark "
            "what was not captured with the brush or the polygon."
        )
    best, contrast = outlined(section, image)
    if contrast < LEAST_CONTRAST:
        raise SectionError(
            "The tissue does not stand out from its surroundings in the image "
            f"{image.name!r}. Mark what was not captured with the brush or the polygon."
        )
    return best


def outlined(section: Section, image: SectionImage) -> tuple[Mask, float]:
    """Tissue on the raster (row, column) as an image shows it, and how well it fits the spots.

    That is the share of rich spots on tissue less that of the surroundings.
    """
    readings, inside = _on_raster(section, image)
    rich = section.raster.paint(section.totals >= np.quantile(section.totals, RICH)) & inside
    around = (section.raster.index < 0) & inside
    best, contrast = np.zeros(inside.shape, bool), 0.0
    for tissue in readings if rich.any() and around.any() else ():
        apart = float(tissue[rich].mean() - tissue[around].mean())
        if apart > contrast:
            best, contrast = tissue, apart
    return best, contrast


def tissue_readings(pixels: NDArray[np.generic], blur: float) -> list[Mask]:
    """What may be tissue in pixels (row, column, ...): what is coloured, dark or bright.

    ``blur`` is the standard deviation of the blur before the split, in pixels.
    """
    colours = pixels.reshape(*pixels.shape[:2], -1)[..., :3].astype(np.float32)
    bright = colours.mean(2)
    readings = [-bright, bright]
    if colours.shape[2] == 3:
        top = colours.max(2)
        readings.insert(0, (top - colours.min(2)) / np.maximum(top, 1e-6))
    return [_split(ndimage.gaussian_filter(reading, blur)) for reading in readings]


def _on_raster(section: Section, image: SectionImage) -> tuple[list[Mask], Mask]:
    """What each reading of the image takes for tissue (row, column), and where the image is."""
    raster = section.raster
    pixels = np.asarray(image.data)
    step = max(int(raster.pixel * image.scale / 2), 1)
    pixels, scale = pixels[::step, ::step], image.scale / step
    xy = np.floor((raster.pixel_xy() - image.origin + 0.5) * scale).astype(np.int64)
    column, row = xy[..., 0], xy[..., 1]
    rows, columns = pixels.shape[:2]
    inside = (row >= 0) & (column >= 0) & (row < rows) & (column < columns)
    row, column = row.clip(0, rows - 1), column.clip(0, columns - 1)
    tissues = tissue_readings(pixels, SMOOTHED * section.lattice.spacing * scale)
    return [tissue[row, column] & inside for tissue in tissues], inside


def _split(values: NDArray[np.float32]) -> Mask:
    """(row, column) True in the upper of two classes."""
    from skimage.filters import threshold_otsu

    if np.ptp(values) == 0:
        return np.zeros(values.shape, bool)
    return np.asarray(values > threshold_otsu(values))
