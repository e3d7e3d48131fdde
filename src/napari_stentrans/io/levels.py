"""Levels of image pyramids: pieces that are read on demand, and smaller copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.section_image import SectionImage

OVERVIEW = 32_000_000
"""Most pixels of the finest level that is computed and kept in memory."""
MOST_PIXELS = 8_000_000
"""Of an image that is looked at as a whole."""
SMALLEST_LEVEL = 1024
BAND_BYTES = 64_000_000


@dataclass(frozen=True, eq=False)
class Level:
    """One level of a pyramid; a piece of it is read when it is asked for.

    Attributes
    ----------
    shape
        (row, column) or (row, column, 3 or 4).
    dtype
        uint8 where there are colours.
    piece
        Returns the pixels of rows and columns, which are integers or slices.
    band
        Rows that are best read together.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    piece: Callable[[Any, Any], NDArray[Any]]
    band: int = 1

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Pixels of integers and slices; only these are read."""
        key = key if isinstance(key, tuple) else (key,)
        all_of_it = (slice(None),) * (self.ndim - len(key) + (Ellipsis in key))
        at = key.index(Ellipsis) if Ellipsis in key else len(key)
        parts: tuple[Any, ...] = (*key[:at], *all_of_it, *key[at + 1 :])
        rows, columns = parts[:2]
        _ = range(self.shape[0])[rows], range(self.shape[1])[columns]  # or an IndexError
        colours: Any = (..., *parts[2:])
        return self.piece(rows, columns)[colours]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All pixels."""
        return np.asarray(self[:], dtype)


def coarser_levels(coarsest: Level) -> list[NDArray[Any]]:
    """Levels below one that is still large, in memory; none where it is small."""
    found: list[NDArray[Any]] = []
    if max(coarsest.shape[:2]) <= SMALLEST_LEVEL:
        return found
    factor = 2
    while coarsest.shape[0] * coarsest.shape[1] / factor**2 > OVERVIEW:
        factor *= 2
    found.append(reduced(coarsest, factor))
    while max(found[-1].shape[:2]) > SMALLEST_LEVEL:
        found.append(reduced(found[-1], 2))
    return found


def reduced(pixels: Any, factor: int) -> NDArray[Any]:
    """Pixels at 1 / factor of the size: means of bytes, or every factor-th of other numbers."""
    per_row = max(int(np.prod(pixels.shape[1:])) * pixels.dtype.itemsize, 1)
    least = max(getattr(pixels, "band", 1), factor)
    step = max(BAND_BYTES // per_row // least, 1) * least
    step += -step % factor
    bands = []
    for top in range(0, pixels.shape[0], step):
        band = np.asarray(pixels[top : top + step])
        if pixels.dtype == np.uint8:
            bands.append(np.asarray(Image.fromarray(band).reduce(factor)))
        else:
            bands.append(band[::factor, ::factor])
    return np.concatenate(bands)


def as_bytes(pixels: NDArray[Any]) -> NDArray[Any]:
    """Colours as bytes, whatever they were; their full range is that of their type."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * np.uint8(255)
    top = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else max(pixels.max(), 1)
    return np.asarray(np.clip(pixels / top * 255, 0, 255), np.uint8)


def rim_colour(pixels: NDArray[Any]) -> NDArray[Any]:
    """Median of the outermost pixels (row, column, ...): what is likely to lie beyond them."""
    rim = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    return np.asarray(np.median(np.concatenate(rim), axis=0)).astype(pixels.dtype)


def working_copy(
    image: SectionImage, spacing: float, per_spacing: float
) -> tuple[NDArray[np.uint8], float]:
    """Pixels (row, column, channel) as bytes at a convenient size, and image pixels to one of them.

    ``spacing`` of the spots is in full-resolution pixels; so many pixels to one are wanted.
    """
    finest = image.levels[0]
    wanted = max(
        spacing * image.scale / per_spacing,
        np.sqrt(finest.shape[0] * finest.shape[1] / MOST_PIXELS),
        1.0,
    )
    level = finest
    for other in image.levels[1:]:
        if finest.shape[0] / other.shape[0] <= wanted * 1.01:
            level = other
    already = finest.shape[0] / level.shape[0]
    factor = max(round(wanted / already), 1)
    small = reduced(level, factor) if factor > 1 else np.asarray(level)
    small = as_bytes(small)
    if small.ndim == 3 and small.shape[2] in (2, 4):  # the last one says how opaque it is
        small = small[..., :-1]
    return small if small.ndim == 3 else small[..., None], already * factor
