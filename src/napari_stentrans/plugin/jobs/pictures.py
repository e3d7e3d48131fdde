"""Pictures that are laid below the spots: read, guessed and taken, off the window's thread."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.io.images import image_size
from napari_stentrans.placing import checked_picture, guess, image_steps, lies_below, picture_of
from napari_stentrans.plugin.layers.images import shown_pixels
from napari_stentrans.plugin.layers.tags import TAG
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.picture import Picture
from napari_stentrans.progress import Progress
from napari_stentrans.section import SectionImage

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.frame import Frame
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

REMEDY = "Select an Image layer that shows the tissue, in grey or in colours, and try again."


def file_steps(section: Section, path: Path) -> Steps[Picture]:
    """Read a picture, and guess where it lies."""
    yield Progress(f"reading {path.name}", 0, 1)
    image = picture_of(path)
    pixels = shown_pixels(image)
    yield Progress("finding the tissue", 0, 1)
    return Picture(image, pixels, guess(section, image), path)


def layer_steps(section: Section, layer: Image, frame: Frame) -> Steps[Picture]:
    """Take the picture of a layer: where a person has moved it to, else where it may lie."""
    yield Progress(f"reading {layer.name}", 0, 1)
    image = _image_of(layer)
    pixels = shown_pixels(image)
    yield Progress("finding the tissue", 0, 1)
    affine = frame.affine_of(layer)
    own = np.allclose(layer.data_to_world(np.eye(2)[0]), (1, 0))
    if own or not lies_below(section, image.shape, affine):
        affine = guess(section, image)
    return Picture(image, pixels, affine, _file_of(layer, image))


def placed_steps(section: Section) -> Steps[Picture]:
    """Take up again the picture that is the tissue image of a section."""
    placed = section.images[0].placed
    if placed is None:
        raise SectionError("The tissue image of this section lies where its file says.")
    yield Progress(f"reading {placed.original.name}", 0, 1)
    return Picture(placed.original, shown_pixels(placed.original), placed.affine, placed.path)


def used_steps(
    section: Section, picture: Picture, affine: NDArray[np.float64]
) -> Steps[tuple[Section, Any]]:
    """Take a picture as the tissue image of a section: the section, and what is shown."""
    found = yield from image_steps(section, picture.image, affine, picture.path)
    return (yield from _shown_steps(found))


def without_steps(section: Section) -> Steps[tuple[Section, Any]]:
    """Give a section the images that it had before a picture was laid: section, and pixels."""
    placed = section.images[0].placed
    return (yield from with_steps(section, placed.instead_of if placed else ()))


def with_steps(section: Section, images: tuple[SectionImage, ...]) -> Steps[tuple[Section, Any]]:
    """Give a section other images: the section, and what is shown."""
    return (yield from _shown_steps(section.with_images(images)))


def picture_layer_of(viewer: ViewerModel) -> Image:
    """Return the active layer, which is to be the picture.

    Raises
    ------
    SectionError
        When it is no picture, or shows a section already.
    """
    layer = viewer.layers.selection.active
    if not isinstance(layer, Image):
        what = "No layer is selected" if layer is None else f"{layer.name!r} is no Image layer"
        raise SectionError(f"{what}. {REMEDY}")
    if TAG in layer.metadata:
        raise SectionError(f"{layer.name!r} belongs to a section already. {REMEDY}")
    if layer.ndim != 2:
        raise SectionError(f"{layer.name!r} has {layer.ndim} axes and is no flat picture. {REMEDY}")
    return layer


def turned(affine: NDArray[np.float64], shape: tuple[int, ...], how: str) -> NDArray[np.float64]:
    """Affine (2, 3) of a picture that is turned right by a quarter, or mirrored, where it lies."""
    middle = affine[:, :2] @ ((shape[1] - 1) / 2, (shape[0] - 1) / 2) + affine[:, 2]
    change = np.array([[0.0, -1], [1, 0]] if how == "turn" else [[-1.0, 0], [0, 1]])
    return np.column_stack([change @ affine[:, :2], change @ (affine[:, 2] - middle) + middle])


def _shown_steps(section: Section) -> Steps[tuple[Section, Any]]:
    yield Progress("preparing the image", 0, 1)
    pixels = shown_pixels(section.images[0]) if section.images else None
    GeneIndex.of(section)  # kept, since it takes long with many genes
    return section, pixels


def _image_of(layer: Image) -> SectionImage:
    levels = list(layer.data) if layer.multiscale else [layer.data]
    return checked_picture(SectionImage(layer.name, partial(list, levels)))


def _file_of(layer: Image, image: SectionImage) -> Path | None:
    """File that a layer was read from, where that holds the same picture."""
    path = layer.source.path
    with suppress(ReadError):
        if path is not None and image_size(Path(path)) == image.shape[:2]:
            return Path(path)
    return None
