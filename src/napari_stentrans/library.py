"""What scanpy and squidpy draw a section with: its library in ``uns["spatial"]``.

Both draw circles of ``spot_diameter_fullres`` over the image "hires", and neither draws anything
where one of the two is missing. A section without an image therefore gets a white sheet, which
``read_section`` does not take for an image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import StentransError
from napari_stentrans.io._shared import FOREIGN_ERRORS, warn
from napari_stentrans.io.overviews import displayable, from_corner
from napari_stentrans.library_record import SHEET

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section, SectionImage

MOST_IMAGE_PIXELS = 2000
"""Along a side of an image that is put into a library, as in Space Ranger's hires image."""
CANNOT_BE_READ = (StentransError, *FOREIGN_ERRORS)
SHEET_PIXELS = 200
"""Along the longer side of a white sheet."""


def library_of(section: Section, *, halved: bool = False, images: bool = True) -> dict[str, Any]:
    """Record of a library: images, scale factors, and what is known beside them.

    Parameters
    ----------
    section
        Where the images lie. The first that can be read becomes "hires", of at most 2,000
        pixels a side and as colours; "lowres" goes along where there is one.
    halved
        Whether sites lie half as far from each other as the spots of the section.
    images
        Whether images are read at all.

    Returns
    -------
    dict
        ``images``, (row, column, 3) uint8 by name, which begin at the position (0, 0);
        ``scalefactors``: image pixels per full-resolution pixel, the diameter of a site in
        full-resolution pixels, and micrometres per pixel where they are known.

    Warns
    -----
    StentransWarning
        When an image cannot be read, or lies at negative positions and is cut off there.
    """
    factors = _factors(section)
    if halved:
        factors["spot_diameter_fullres"] /= 2
    record: dict[str, Any] = {"images": {}, "scalefactors": factors}
    if not images:
        return record
    found = _small_copies(section)
    if not found:
        found["hires"] = _sheet(section.xy)
        record["metadata"] = {SHEET: True}
    for name, (pixels, scale) in found.items():
        record["images"][name], factors[f"tissue_{name}_scalef"] = pixels, scale
    return record


def _factors(section: Section) -> dict[str, Any]:
    """Scale factors of the section that are not of an image; how wide a spot is drawn is one.

    Where that is not known, neighbours touch.
    """
    records = section.adata.uns.get("spatial") or {}
    first: Any = next(iter(records.values()), {}) if isinstance(records, dict) else {}
    known = first.get("scalefactors") if isinstance(first, dict) else {}
    known = known if isinstance(known, dict) else {}
    factors = {key: value for key, value in known.items() if not key.endswith("_scalef")}
    width = factors.get("spot_diameter_fullres")
    if not (isinstance(width, int | float | np.number) and 0 < width < np.inf):
        width = section.lattice.spacing
    factors["spot_diameter_fullres"] = float(width)
    if section.um_per_px is not None:
        factors["microns_per_pixel"] = section.um_per_px
    return factors


def _small_copies(section: Section) -> dict[str, tuple[NDArray[np.uint8], float]]:
    """Image to draw on, and a smaller one where the section has it: pixels and scale by name."""
    found: dict[str, tuple[NDArray[np.uint8], float]] = {}
    for image in sorted(section.images, key=lambda image: image.name != "hires"):
        name = "lowres" if found and image.name == "lowres" else "hires"
        if name not in found and (copied := _small_copy(image, section)) is not None:
            found[name] = copied
    return found


def _small_copy(image: SectionImage, section: Section) -> tuple[NDArray[np.uint8], float] | None:
    try:
        pixels, scale = from_corner(image, MOST_IMAGE_PIXELS)
    except CANNOT_BE_READ as error:
        warn(f"The image {image.name!r} is left out: {error}")
        return None
    if min(image.origin) < 0 and (section.xy < 0).any():
        warn(
            "Spots lie at negative positions, where a library can hold no image: the tissue image "
            "is cut off there."
        )
    return (displayable(pixels), scale) if pixels.size else None


def _sheet(xy: NDArray[np.float64]) -> tuple[NDArray[np.uint8], float]:
    """White sheet below positions (site, 2), full-resolution pixels, and its scale."""
    far = np.maximum(xy.max(0), 1.0) + np.ptp(xy, axis=0).max() * 0.05
    scale = SHEET_PIXELS / float(far.max())
    columns, rows = np.maximum(np.ceil(far * scale), 1).astype(int)
    return np.full((rows, columns, 3), 255, np.uint8), scale
