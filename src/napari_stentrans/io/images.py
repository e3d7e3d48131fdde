"""Image files: read whole, or as a SectionImage that is read when it is first looked at."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import plain_suffix, reading, warn
from napari_stentrans.io.tiff import tiff_levels
from napari_stentrans.section_image import UNREADABLE, SectionImage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

POINTER = b"version https://git-lfs"
"""What stands in place of a file that Git LFS did not fetch."""
JPEG_END, JPEG_TAIL = b"\xff\xd9", 65_536
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".btf")
REMEDY = "Expected a PNG, JPEG or TIFF image; if it is one, it may be damaged."
MOST_PIXELS = 100_000_000
"""Pixels of colour that are decoded at once; together with their copies they take 1 GB."""
KEPT_MODES = ("1", "L", "LA", "I", "I;16", "F", "RGB", "RGBA")
"""Pillow modes whose numbers are the pixels; palettes and print colours are converted."""


def lazy_image(path: Path, name: str, scale: float = 1.0) -> SectionImage:
    """Make an image of the section that is read when it is first looked at.

    Large TIFFs stay in the file, as pyramids. JPEGs of more than 100 megapixels are decoded at
    a half, a quarter or an eighth of their size. Of an image with several channels the first
    three are its colours; ``read_pixels`` returns all of them.
    """
    factor = _jpeg_reduction(path)
    try:
        rows, columns = image_size(path)
    except ReadError:  # said when the image is looked at
        return SectionImage(name, partial(_load, path, factor), scale / factor)
    header = (rows // factor, columns // factor)
    return SectionImage(name, partial(_load, path, factor), scale / factor, header=header)


def whole_image(path: Path, name: str, scale: float = 1.0) -> SectionImage | None:
    """Like ``lazy_image``; None for a file that is no image, or is cut off.

    Warns
    -----
    StentransWarning
        When it is left out.
    """
    if problem := image_problem(path):
        warn(f"The image {path.name} is left out: {problem}.")
        return None
    return lazy_image(path, name, scale)


def image_problem(path: Path) -> str:
    """What is wrong with an image file, as told without its pixels; "" for nothing."""
    if path.is_symlink() and not path.exists():
        return "it is a link to a file that is not there"
    try:
        with path.open("rb") as file:
            start = file.read(len(POINTER))
        if not start:
            return "the file is empty"
        if start == POINTER:
            return "it is a pointer of Git LFS; fetch the file itself (git lfs pull)"
        _check_whole(path)
    except UNREADABLE as error:
        return _problem_in_words(path, error)
    return ""


def _problem_in_words(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "it may not be read"
    if isinstance(error, UnidentifiedImageError):
        with path.open("rb") as file:
            target = file.read(256).decode(errors="replace").strip()
        if len(target) < 256 and target.isprintable() and ("/" in target or "." in target):
            return f"it holds the text {target!r}, as a link that was copied as a file does"
        return "it is no PNG, JPEG or TIFF image"
    return f"it is damaged or cut off ({str(error).strip('.') or type(error).__name__})"


def _check_whole(path: Path) -> None:
    """Raise where an image is of no known kind, or its file ends before its pixels do."""
    if _is_tiff(path) and path.suffix.lower() != ".gz":
        with tifffile.TiffFile(path) as tiff:
            page = tiff.series[0].keyframe
            parts = zip(page.dataoffsets, page.databytecounts, strict=False)
            if max((at + n for at, n in parts), default=1) > path.stat().st_size:
                raise ValueError("its pixels end early")
        return
    if _is_tiff(path):
        return  # said when it is looked at
    with _pillow(path) as image:
        kind = image.format
        if kind == "PNG":
            image.verify()
    if kind == "JPEG" and path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - JPEG_TAIL, 0))
            if JPEG_END not in file.read():
                raise ValueError("its end is missing")


def _load(path: Path, factor: int) -> NDArray[np.generic] | list[Any]:
    """Pixels of an image to look at, or the levels of its pyramid."""
    with reading(path, REMEDY):
        if _is_tiff(path) and path.suffix.lower() != ".gz":
            levels = tiff_levels(path)
            if levels is not None:
                return levels
        elif factor == 1:
            _check_size(path)
        else:
            with _pillow(path) as image:
                rows, columns = image.height // factor, image.width // factor
                image.draft(image.mode, (columns, rows))
                return plane_of(
                    np.asarray(image if image.mode in KEPT_MODES else image.convert("RGB"))
                )
    return read_pixels(path)


def _jpeg_reduction(path: Path) -> int:
    """How many times smaller a JPEG is decoded to stay within 100 megapixels; 1 for others."""
    if plain_suffix(path) not in (".jpg", ".jpeg"):
        return 1
    try:
        rows, columns = image_size(path)
    except ReadError:  # said when the image is looked at
        return 1
    return next((f for f in (1, 2, 4) if rows * columns / f**2 <= MOST_PIXELS), 8)


def _check_size(path: Path) -> None:
    """Refuse images that are read whole and are too large for that."""
    with _pillow(path) as image:
        bands = 1 if len(image.getbands()) == 1 else 4
        if image.width * image.height * bands > 4 * MOST_PIXELS:
            raise ValueError(
                f"its {image.width} x {image.height} pixels do not fit into memory and this kind "
                "of file gives them only whole; save it as a TIFF with tiles"
            )


def read_pixels(path: Path) -> NDArray[np.generic]:
    """Pixels of an image file, (row, column), (row, column, 2 to 4) or (channel, row, column).

    Raises
    ------
    ReadError
        When the file is no image, is damaged, or is a stack of images.
    """
    with reading(path, REMEDY):
        pixels = _read_tiff(path) if _is_tiff(path) else _read_with_pillow(path)
        pixels = plane_of(pixels)
    if pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ReadError(
            f"'{path}' must hold one image (rows, columns) or (rows, columns, 3 or 4 colours), "
            f"got an array of shape {pixels.shape}. Save a single plane of it."
        )
    return pixels


def image_size(path: Path) -> tuple[int, int]:
    """(rows, columns) of an image file, from its header."""
    with reading(path):
        if _is_tiff(path):
            with tifffile.TiffFile(path) as tiff:
                page = tiff.series[0].keyframe
                return int(page.imagelength), int(page.imagewidth)
        with _pillow(path) as image:
            return image.height, image.width


def is_coloured(path: Path) -> bool:
    """Whether an image file holds colours or several channels, from its header."""
    with reading(path):
        if _is_tiff(path):
            with tifffile.TiffFile(path) as tiff:
                series = tiff.series[0]
                return int(series.keyframe.samplesperpixel) >= 3 or "C" in series.axes
        with _pillow(path) as image:
            return len(image.getbands()) >= 3


def _is_tiff(path: Path) -> bool:
    return plain_suffix(path) in (".tif", ".tiff", ".btf")


def _read_tiff(path: Path) -> NDArray[np.generic]:
    try:
        return np.asarray(tifffile.imread(path))
    except ValueError:  # a compression that tifffile leaves to another package
        return _read_with_pillow(path)


def _read_with_pillow(path: Path) -> NDArray[np.generic]:
    with _pillow(path) as image:
        try:
            return np.asarray(image if image.mode in KEPT_MODES else image.convert("RGBA"))
        except SyntaxError as error:  # what Pillow raises for a broken PNG chunk
            raise ValueError(str(error)) from error


@contextmanager
def _pillow(path: Path) -> Iterator[Image.Image]:
    """Open an image of any size: Pillow takes whole-slide images for an attack."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file, Image.open(cast("IO[bytes]", file)) as image:
                yield image
        else:
            with Image.open(path) as image:
                yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def plane_of(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Drop leading axes of length 1 and put colours last."""
    while pixels.ndim > 2 and pixels.shape[0] == 1:
        pixels = pixels[0]
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim == 3 and pixels.shape[-1] not in (2, 3, 4) and pixels.shape[0] in (3, 4):
        pixels = np.moveaxis(pixels, 0, -1)
    return pixels
