"""Large TIFF images as pyramids whose finest levels stay in the file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from napari_stentrans.io._shared import reading
from napari_stentrans.io.levels import Level, as_bytes, coarser_levels, reduced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

IN_MEMORY = 16_000_000
"""Images of more pixels stay in the file."""
KEPT_BYTES = 64_000_000
"""Decoded tiles or strips of a level that are kept, bytes."""
LARGEST_SEGMENT = 256_000_000
"""A tile or strip of more bytes is not decoded."""
COLOURED = (2, 5, 6, 8)
"""Photometric interpretations of colours: RGB, CMYK, YCbCr, CIELab."""
CHANNEL_AXES = ("C", "I", "Q")
MOST_CHANNELS = 64
DIMMEST, BRIGHTEST = 0.02, 0.998
"""Quantiles of a channel that are black and full colour."""


def tiff_levels(path: Path) -> list[Any] | None:
    """Levels of a TIFF, the finest first; those of large images stay in the file.

    The levels that the file holds are taken. Where its coarsest is still large, further ones
    are computed, piece by piece. Of an image with several channels the first three are shown as
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


class _InFile:
    """Pixels of a level as the file has them; it is open only while some are read."""

    def __init__(self, path: Path, series: tifffile.TiffPageSeries) -> None:
        import zarr  # here, since most sections have no large image
        from zarr.experimental.cache_store import CacheStore
        from zarr.storage import MemoryStore

        page, stored = series.keyframe, np.dtype(series.dtype)
        self._path, self.dtype, self.band = path, stored.newbyteorder("="), 1
        if series.dataoffset is not None and page.is_memmappable:
            # Mapped: zarr would read a whole strip, and all of an image is often one strip.
            in_file = stored.newbyteorder(page.parent.byteorder)
            self._open: Any = partial(
                np.memmap, path, in_file, "r", series.dataoffset, series.shape
            )
            return
        size = int(np.prod(page.chunks)) * stored.itemsize
        if size > LARGEST_SEGMENT:
            raise ValueError(
                f"its pixels are packed into pieces of {size / 1e9:.1f} GB; save it with tiles"
            )
        segments = series.aszarr(level=0, _openfiles=0)  # opens it for each
        kept = CacheStore(segments, cache_store=MemoryStore(), max_size=max(KEPT_BYTES, size))
        pixels = zarr.open_array(kept, mode="r")
        self.band = int(page.chunks[0])
        self._open = lambda: pixels

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray[Any]:
        """Pixels of integers and slices.

        Raises
        ------
        ReadError
            When the file is damaged or compressed in a way that is not read here.
        """
        with reading(self._path):
            return np.array(self._open()[key], self.dtype)


def _planes(path: Path, series: tifffile.TiffPageSeries) -> list[Level]:
    """Channels of a level: one, grey (row, column) or colours (row, column, sample), or several."""
    page, lengths = series.keyframe, dict(zip(series.axes, series.shape, strict=True))
    samples = lengths.get("S", 1)
    channel = "".join(axis for axis, n in lengths.items() if n > 1 and axis not in "YXS")
    if channel and (channel not in CHANNEL_AXES or lengths[channel] > MOST_CHANNELS or samples > 1):
        raise ValueError(
            f"it is a stack of images of shape {series.shape} ({series.axes}); save a single plane"
        )
    if any(part is None for part in series):
        raise ValueError("some of its planes are missing")
    if not channel and samples not in (1, 2, 4) and int(page.photometric) not in COLOURED:
        channel = "S"
    pixels, before = _InFile(path, series), "S" in series.axes[:-1]

    def piece(at: int, rows: Any, columns: Any) -> NDArray[Any]:
        where = {"Y": rows, "X": columns, "S": slice(None), channel: at}
        found = pixels[tuple(where.get(axis, 0) for axis in series.axes)]
        return np.moveaxis(found, 0, -1) if channel != "S" and before else found

    shape = _plane_shape(series) + ((samples,) if samples > 1 and channel != "S" else ())
    return [
        Level(shape, pixels.dtype, partial(piece, at), pixels.band)
        for at in range(lengths.get(channel, 1))
    ]


def _level(planes: Sequence[Level], stretch: NDArray[np.float64] | None) -> Level:
    """Put planes together into what can be shown."""
    first, band, size = planes[0], planes[0].band, planes[0].shape[:2]
    if stretch is not None:
        return Level((*size, 3), np.dtype(np.uint8), partial(_colours, planes, stretch), band)
    if first.ndim == 2:
        return first
    if first.shape[2] == 2:  # grey and alpha
        return Level(size, first.dtype, lambda *key: first[*key, 0], band)
    n = 4 if first.shape[2] == 4 else 3
    return Level((*size, n), np.dtype(np.uint8), lambda *key: as_bytes(first[*key, :n]), band)


def _colours(
    planes: Sequence[Level], stretch: NDArray[np.float64], rows: Any, columns: Any
) -> NDArray[np.uint8]:
    shown = []
    for plane, (low, high) in zip(planes[:3], stretch, strict=False):
        values = plane[rows, columns].astype(np.float32)
        shown.append((np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8))
    black = [np.zeros_like(shown[0])] * (3 - len(shown))
    return np.stack([*shown, *black], axis=-1)


def _limits(planes: Sequence[Level]) -> NDArray[np.float64]:
    """(channel, 2) black and full colour of the first three; of three of bytes, as they are."""
    if len(planes) == 3 and planes[0].dtype == np.uint8:
        return np.array([(0, 255)] * 3)
    found = []
    for plane in planes[:3]:
        sample = reduced(plane, max(int((plane.size / 1e6) ** 0.5), 1))
        low, high = np.quantile(sample, (DIMMEST, BRIGHTEST))
        found.append((low, high if high > low else low + 1))
    return np.array(found)
