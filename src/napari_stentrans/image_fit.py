"""Images that can be looked at: whole ones, and how many spots lie on them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import StentransError, StentransWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_stentrans.section import Section, SectionImage

BEYOND = 0.01
"""Share of spots beyond the edge of the image that is not worth a word."""
MOSTLY = 0.5
FITS, WIDE = 0.95, 0.2
"""Share of spots on an image, and of its sides that they span, where an explanation holds."""


def on_image(image: SectionImage, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(spot,) whether positions xy (spot, 2), full-resolution pixels, lie on an image.

    Raises
    ------
    ReadError
        When the image cannot be read.
    """
    return _inside((xy - image.origin) * image.scale, image.size)


def spots_on_images(section: Section) -> int | None:
    """Number of spots that lie on the image that most lie on; None where there is no image."""
    counts = [int(on_image(image, section.xy).sum()) for image in whole_images(section.images)]
    return max(counts, default=None)


def whole_images(images: Sequence[SectionImage]) -> Iterator[SectionImage]:
    """Images whose pixels can be read, one after the other.

    Warns
    -----
    StentransWarning
        When one cannot be read; it is left out.
    """
    return _readable(images, "size")  # read here, where its file does not tell


def decoded_images(images: Sequence[SectionImage]) -> Iterator[SectionImage]:
    """Like ``whole_images``, for those whose pixels are wanted now: damage in them is found.

    Warns
    -----
    StentransWarning
        When one cannot be read; it is left out.
    """
    return _readable(images, "levels")


def _readable(images: Sequence[SectionImage], part: str) -> Iterator[SectionImage]:
    """Images of which a part can be read; the others are left out with a warning."""
    for image in images:
        try:
            getattr(image, part)
        except StentransError as error:
            warn_unreadable(image, error)
            continue
        yield image


def warn_unreadable(image: SectionImage, error: Exception) -> None:
    """Say that an image is left out because it cannot be read."""
    warnings.warn(f"The image {image.name!r} is left out: {error}", StentransWarning, stacklevel=3)


def with_whole_images(section: Section) -> Section:
    """Section without images that cannot be read, those first that spots lie on.

    Warns
    -----
    StentransWarning
        When an image cannot be read, or spots do not lie on it.
    """
    images, xy = tuple(whole_images(section.images)), _under_tissue(section)
    found = {image: int(on_image(image, xy).sum()) for image in images}
    if note := _note(section, xy, found):
        warnings.warn(note, StentransWarning, stacklevel=2)
    images = tuple(sorted(images, key=lambda image: found[image] == 0))
    return section if images == section.images else section.with_images(images)


def _under_tissue(section: Section) -> NDArray[np.float64]:
    """(spot, 2) positions of the spots under tissue: around it HD's lie beyond the image too."""
    in_tissue = section.obs.get("in_tissue")
    under = None if in_tissue is None else np.asarray(in_tissue == 1, bool)
    return section.xy[under] if under is not None and under.any() else section.xy


def _note(section: Section, xy: NDArray[np.float64], found: dict[SectionImage, int]) -> str:
    """What is wrong with where spots xy (spot, 2) lie, in one sentence where images are alike."""
    n, said = len(xy), []
    beside = {image: count for image, count in found.items() if count < (1 - BEYOND) * n}
    while beside:
        image, count = next(iter(beside.items()))
        alike = [other for other, on in beside.items() if abs(on - count) <= BEYOND * n]
        which = f"image{'s' * (len(alike) > 1)} {', '.join(other.name for other in alike)}"
        rest = "it tells nothing of the others" if count else "nothing can be learned from it"
        said.append(
            f"{count:,} of {n:,} spots lie on the {which}: {rest}{_why(section, xy, image)}."
        )
        beside = {other: on for other, on in beside.items() if other not in alike}
    return " ".join(said)


def _why(section: Section, xy: NDArray[np.float64], image: SectionImage) -> str:
    """What would bring spots xy (spot, 2) onto an image, as a hint; nothing is done about it."""
    at = xy - image.origin
    scales = {1.0: "if positions were pixels of this image already (a scale of 1)"}
    for other in section.images:
        scales.setdefault(other.scale, f"at the scale of {other.name} ({other.scale:.4g})")
    ways = [(at * scale, words) for scale, words in scales.items() if scale != image.scale]
    here = at * image.scale
    ways += [
        (here[:, ::-1], "if x and y were swapped"),
        (here * (1, -1), "if y had the other sign"),
        (here * (-1, 1), "if x had the other sign"),
    ]
    for there, words in ways:
        if _inside(there, image.size).mean() >= FITS and _spans(there, image.size):
            return f". They would lie on it {words}: check the positions and the scale factors"
    if on_image(image, xy).mean() >= MOSTLY:  # as in Visium HD, beyond its edge
        return ""
    return ". Check that image, positions and scale factors are of the same section"


def _inside(there: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    return np.asarray(((there >= 0) & (there <= (size[1], size[0]))).all(1))


def _spans(there: NDArray[np.float64], size: tuple[int, int]) -> bool:
    return bool((np.ptp(there, axis=0) >= WIDE * np.array(size[::-1])).any())
