"""Levels of image pyramids: pieces that are read on demand, and smaller copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Piece = Callable[[int, int, int, int], NDArray[Any]]
"""Pixels of rows and columns (top, bottom, left, right), without the last ones."""

OVERVIEW = 32_000_000
"""Most pixels of the finest level that is computed and kept in memory."""
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
        Returns the pixels of rows and columns ``(top, bottom, left, right)``.
    band
        Rows that are best read together.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    piece: Piece
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
        """Pixels of integers, slices and arrays of indices; only what they span is read."""
        key = key if isinstance(key, tuple) else (key,)
        dots = [at for at, part in enumerate(key) if part is Ellipsis]
        for at in dots[:1]:
            fill = (slice(None),) * (self.ndim - len(key) + 1)
            key = (*key[:at], *fill, *key[at + 1 :])
        key = (*key, *(slice(None),) * (self.ndim - len(key)))
        (top, bottom, rows), (left, right, columns) = map(_span, key[:2], self.shape)
        if top >= bottom or left >= right:
            none = np.empty((bottom - top, right - left, *self.shape[2:]), self.dtype)
            return none[(rows, columns, *key[2:])]
        return self.piece(top, bottom, left, right)[(rows, columns, *key[2:])]

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


def _span(key: Any, length: int) -> tuple[int, int, Any]:
    """First and behind-last index that a key spans, and the key within that span."""
    if isinstance(key, slice):
        indices = range(*key.indices(length))
        if not indices:
            return 0, 0, slice(0, 0)
        low, high = min(indices[0], indices[-1]), max(indices[0], indices[-1])
        start = 0 if indices.step > 0 else None
        return low, high + 1, slice(start, None, indices.step)
    if isinstance(key, np.ndarray):
        positions = np.where(key < 0, key + length, key)
        if not key.size:
            return 0, 0, positions
        first, last = int(positions.min()), int(positions.max())
        if first < 0 or last >= length:
            raise IndexError(f"indices are out of bounds for an axis of {length}")
        return first, last + 1, positions - first
    at = int(key)
    if not -length <= at < length:
        raise IndexError(f"index {at} is out of bounds for an axis of {length}")
    return at % length, at % length + 1, 0
