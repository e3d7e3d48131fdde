"""Pictures that no file places: a first guess where they lie, and images of a section made of them.

A picture that is moved and scaled alike along both sides is taken as it is. One that is turned,
mirrored or stretched is drawn once on a grid of its own along x and y, so that all that looks at
images needs to know a scale and an origin only.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.image_fit import with_whole_images
from napari_stentrans.io.images import lazy_image
from napari_stentrans.paths import absolute
from napari_stentrans.placing.affines import Affine, checked, is_plain, moved, of_scale, through
from napari_stentrans.placing.drawing import drawn_steps
from napari_stentrans.placing.guessing import guess
from napari_stentrans.progress import Progress, Steps, drain
from napari_stentrans.section_image import Placed, SectionImage

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.record_facts import PlacedImage
    from napari_stentrans.section import Section

__all__ = [
    "Affine",
    "again_steps",
    "checked_picture",
    "guess",
    "image_steps",
    "lies_below",
    "picture_of",
    "with_image",
]

LEAST_SIZE = 8
"""Pixels along a side that a picture must have."""


def with_image(
    section: Section,
    picture: str | Path | SectionImage | NDArray[np.generic],
    affine: ArrayLike | None = None,
    *,
    scale: float | None = None,
) -> Section:
    """Section with a picture of its tissue, in place of the images that it has.

    Parameters
    ----------
    section
        Not changed.
    picture
        A PNG, JPEG or TIFF file, pixels (row, column) or (row, column, 3 or 4), or an image.
    affine
        (2, 3) or (3, 3): positions (x, y) in the picture's pixels, 0 at the centre of the first
        one, to full-resolution positions. Guessed from the outline of the tissue where neither
        this nor ``scale`` is given: look at the result before you trust it.
    scale
        Picture pixels per full-resolution pixel, in place of ``affine``, where both begin at the
        same corner.

    Raises
    ------
    ReadError
        When the file is no image.
    SectionError
        When the affine cannot be used, or the picture does not lie below the spots.
    """
    path = absolute(picture) if isinstance(picture, str | Path) else None
    if isinstance(picture, SectionImage):
        image = picture
    else:
        image = picture_of(path if path is not None else np.asarray(picture))
    if affine is not None and scale is not None:
        raise SectionError("Expected affine or scale, got both. Give one.")
    if scale is not None:
        affine = of_scale(scale)
    elif affine is None:
        affine = guess(section, image)
    return drain(image_steps(section, image, affine, path))


def picture_of(source: Path | NDArray[np.generic], name: str = "picture") -> SectionImage:
    """Image of a file, or of pixels, whose frame is that of its own pixels.

    Raises
    ------
    ReadError
        When the file is no image, or does not fit into memory.
    SectionError
        When pixels have no shape of an image, or are too few.
    """
    if isinstance(source, Path):
        image = lazy_image(source, source.name)
    else:
        image = SectionImage(name, partial(np.asarray, source))
    return checked_picture(image)


def checked_picture(image: SectionImage) -> SectionImage:
    """Return an image that can be laid below spots.

    Raises
    ------
    SectionError
        When its pixels have no shape of an image, or are too few.
    """
    shape = image.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (2, 3, 4)):
        raise SectionError(
            f"{image.name} has the shape {shape}; expected (rows, columns) or (rows, columns, 3 "
            "or 4 colours). Save a single plane of it, or its colours."
        )
    if min(shape[:2]) < LEAST_SIZE:
        raise SectionError(
            f"{image.name} has {shape[1]} x {shape[0]} pixels: too few to show tissue. Choose "
            "another file."
        )
    return image


def image_steps(
    section: Section, image: SectionImage, affine: ArrayLike, path: Path | None = None
) -> Steps[Section]:
    """Lay a picture below the spots; see ``with_image``.

    Raises
    ------
    SectionError
        When the affine cannot be used, or the picture does not lie below the spots.
    """
    affine = checked(affine)
    before = section.images[0].placed if section.images else None
    old = section.images if before is None else before.instead_of
    placed = Placed(image, affine, path, old)
    whole = through(affine, of_scale(image.scale))
    yield Progress("laying the image below the spots", 0, 1)
    if not lies_below(section, image.shape, whole):
        raise SectionError("No spot lies on the picture. Move it below the spots, or leave it out.")
    if is_plain(whole, image.shape):
        laid = moved(whole, image)
    else:
        laid = yield from drawn_steps(section, image, whole)
    return with_whole_images(section.with_images((replace(laid, placed=placed),)))


def again_steps(section: Section, facts: PlacedImage | None) -> Steps[Section]:
    """Lay the picture of a record or a session below the spots again; None changes nothing.

    Raises
    ------
    ReadError
        When it is not there any more, or was not in a file.
    """
    if facts is None:
        return section
    if facts.path is None:
        raise ReadError(
            "The tissue image was a layer of napari, and is in no file. Save it as a TIFF, and "
            "lay that below the spots."
        )
    path = Path(facts.path)
    yield Progress(f"reading {path.name}", 0, 1)
    return (yield from image_steps(section, picture_of(path), facts.affine, path))


def lies_below(section: Section, shape: tuple[int, ...], affine: Affine) -> bool:
    """Whether spots lie on a picture of the shape (row, column, ...)."""
    back = np.linalg.inv(affine[:, :2])
    there = (section.xy - affine[:, 2]) @ back.T
    rows, columns = shape[:2]
    return bool(((there >= -0.5) & (there <= (columns - 0.5, rows - 0.5))).all(1).any())
