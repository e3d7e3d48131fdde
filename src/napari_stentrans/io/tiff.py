"""Large TIFF images as pyramids whose finest levels stay in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from napari_stentrans.io._shared import reading
from napari_stentrans.io.levels import Level, Piece, as_bytes, coarser_levels, reduced
from napari_stentrans.io.tiff_segments import PageReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

IN_MEMORY = 16_000_000
"""Images of more pixels stay in the file."""
COLOURED = (2, 5, 6, 8)
"""Photometric interpretations of colours: RGB, CMYK, YCbCr, CIELab."""
CHANNEL_AXES = "CIQ"
MOST_CHANNELS = 64
DIMMEST, BRIGHTEST = 0.02, 0.998
"""Quantiles of a channel that are black and full colour."""


def tiff_levels(path: Path) -> list[Any] | None:
    """Levels of a TIFF, the finest first; those of large images stay in the file.

    The levels that the file holds are taken. Where its coarsest is still large, further ones
    are computed, tile by tile. Of an image with several channels the first three are shown as
    red, green and blue, each stretched from its dimmest to its brightest values.

    Returns
    -------
    Arrays (row, column) or (row, column, 3 or 4 colours); colours are bytes. None for an image
    that is neither large nor of several channels: it is read whole as it is.

    Raises
    ------
    ValueError
        When it is a stack of images, or its pixels cannot be read in pieces.
    """
    with tifffile.TiffFile(path) as tiff:
        levels = [_planes(path, series) for series in _series_of(tiff)]
    is_large = levels[0][0].shape[0] * levels[0][0].shape[1] > IN_MEMORY
    if not is_large and len(levels[0]) == 1:
        return None
    stretch = _limits(levels[-1]) if len(levels[-1]) > 1 else None
    found: list[Any] = [_level(planes, stretch) for planes in levels]
    if not is_large:
        return [np.asarray(found[0])]
    return [*found, *coarser_levels(found[-1])]


def _series_of(tiff: tifffile.TiffFile) -> list[tifffile.TiffPageSeries]:
    """Series of the pyramid, the finest first, whether the file calls it one or not."""
    first = tiff.series[0]
    found = list(first.levels)
    if len(found) > 1:
        return found
    rows, columns = _plane_shape(first)
    for other in tiff.series[1:]:
        if other.dtype != first.dtype or other.ndim != first.ndim:
            continue
        r, c = _plane_shape(other)
        factor = rows / max(r, 1)
        if r < _plane_shape(found[-1])[0] / 1.5 and abs(c * factor - columns) <= 2 * factor:
            found.append(other)
    return found


def _plane_shape(series: tifffile.TiffPageSeries) -> tuple[int, int]:
    return int(series.keyframe.imagelength), int(series.keyframe.imagewidth)


def _planes(path: Path, series: tifffile.TiffPageSeries) -> list[Any]:
    """Readers of the channels of a level: one for grey or colours, else one each."""
    page, count = series.keyframe, int(np.prod(series.shape))
    per_plane = int(page.imagelength) * int(page.imagewidth) * int(page.samplesperpixel)
    n_planes = count // per_plane
    axes = "".join(a for a, n in zip(series.axes, series.shape, strict=True) if n > 1)
    others = axes.replace("Y", "").replace("X", "").replace("S", "")
    if n_planes > 1 and (
        n_planes > MOST_CHANNELS or len(others) != 1 or others not in CHANNEL_AXES
    ):
        raise ValueError(
            f"it is a stack of images of shape {series.shape} ({series.axes}); save a single plane"
        )
    if series.dataoffset is not None and page.is_memmappable:
        planes: list[Any] = _mapped(path, series, n_planes)
    else:
        pages: list[Any] = [series.pages[at] for at in range(n_planes)]
        if any(page is None for page in pages):
            raise ValueError("some of its planes are missing")
        planes = [PageReader(path, page.aspage()) for page in pages]
    samples = int(page.samplesperpixel)
    coloured = samples in (1, 2, 4) or int(page.photometric) in COLOURED
    if n_planes == 1 and not coloured:
        return [_Channel(planes[0], at) for at in range(samples)]
    return planes


@dataclass(frozen=True, eq=False)
class _Channel:
    """One of the samples of a page whose samples are no colours."""

    whole: Any
    at: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.whole.shape[:2])

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.whole.dtype)

    @property
    def rows_of_a_segment(self) -> int:
        return int(self.whole.rows_of_a_segment)

    def __call__(self, top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
        return np.asarray(self.whole(top, bottom, left, right)[..., self.at])


@dataclass(frozen=True, eq=False)
class _Mapped:
    """A plane whose pixels lie in the file as they are; it is mapped while a piece is read."""

    path: Path
    stored: np.dtype[Any]
    offset: int
    inner: tuple[int, int, int]
    separate: bool
    rows_of_a_segment: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        rows, columns, samples = self.inner
        if self.separate:
            samples, rows, columns = self.inner
        return (rows, columns) if samples == 1 else (rows, columns, samples)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.stored.newbyteorder("=")

    def __call__(self, top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
        with reading(self.path):
            pixels = np.memmap(self.path, self.stored, "r", self.offset, self.inner)
        if self.separate:
            pixels = np.moveaxis(pixels, 0, -1)
        piece = np.array(pixels[top:bottom, left:right], self.dtype)
        return piece.reshape(piece.shape[:2] + self.shape[2:])


def _mapped(path: Path, series: tifffile.TiffPageSeries, n_planes: int) -> list[_Mapped]:
    page = series.keyframe
    dtype = np.dtype(f"{series.parent.byteorder}{np.dtype(page.dtype).char}")  # type: ignore[union-attr]
    (rows, columns), samples = _plane_shape(series), int(page.samplesperpixel)
    separate = page.planarconfig == 2 and samples > 1
    inner = (samples, rows, columns) if separate else (rows, columns, samples)
    size, start = dtype.itemsize * rows * columns * samples, int(series.dataoffset or 0)
    if start + n_planes * size > path.stat().st_size:
        raise ValueError("it is cut off")
    return [_Mapped(path, dtype, start + at * size, inner, separate) for at in range(n_planes)]


def _level(planes: Sequence[Any], stretch: NDArray[np.float64] | None) -> Level:
    """Put planes together into what can be shown."""
    first, band = planes[0], planes[0].rows_of_a_segment
    if stretch is not None:
        return Level((*first.shape[:2], 3), np.dtype(np.uint8), _colours(planes, stretch), band)
    if len(first.shape) == 2 or first.shape[2] == 2:  # grey, maybe with alpha
        grey = first if len(first.shape) == 2 else lambda *box: first(*box)[..., 0]
        return Level(tuple(first.shape[:2]), first.dtype, grey, band)
    samples = min(first.shape[2], 4) if first.shape[2] <= 4 else 3
    shape = (*first.shape[:2], samples)
    return Level(shape, np.dtype(np.uint8), lambda *box: as_bytes(first(*box)[..., :samples]), band)


def _colours(planes: Sequence[Any], stretch: NDArray[np.float64]) -> Piece:
    def piece(top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
        out = np.zeros((bottom - top, right - left, 3), np.uint8)
        for at, (plane, (low, high)) in enumerate(zip(planes[:3], stretch, strict=False)):
            values = plane(top, bottom, left, right).astype(np.float32)
            out[..., at] = np.clip((values - low) / (high - low), 0, 1) * 255
        return out

    return piece


def _limits(planes: Sequence[Any]) -> NDArray[np.float64]:
    """(channel, 2) black and full colour of the first three; of three of bytes, as they are."""
    if len(planes) == 3 and planes[0].dtype == np.uint8:
        return np.array([(0, 255)] * 3)
    found = []
    for plane in planes[:3]:
        rows, columns = plane.shape[:2]
        level = Level((rows, columns), plane.dtype, plane, plane.rows_of_a_segment)
        sample = reduced(level, max(int((rows * columns / 1e6) ** 0.5), 1))
        low, high = np.quantile(sample, (DIMMEST, BRIGHTEST))
        found.append((low, high if high > low else low + 1))
    return np.array(found)
