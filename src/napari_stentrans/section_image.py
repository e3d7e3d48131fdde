"""SectionImage: an image of the tissue, read when it is first looked at."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import ReadError, StentransError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

UNREADABLE = (
    *(OSError, EOFError, KeyError, IndexError, TypeError, ValueError, RuntimeError),
    *(MemoryError, OverflowError, SyntaxError, zlib.error),
)
"""What the packages below raise for an image that is damaged or not there."""


@dataclass(frozen=True, eq=False)
class SectionImage:
    """An image of the tissue that is read when it is first looked at.

    Attributes
    ----------
    name
        What to call it, for example "hires".
    load
        Returns the pixels, (row, column) or (row, column, 3 or 4), or the levels of their
        pyramid as a list, the finest first: arrays, or objects that are sliced like arrays.
    scale
        Image pixels per full-resolution pixel, as in Space Ranger's scale factors:
        a full-resolution position, less ``origin``, times ``scale`` is a position in this image.
    origin
        Full-resolution (x, y) of the image's corner; (0, 0) where it begins with the positions.
    placed
        What is known of an image that a person laid below the spots; None for other images.
    header
        (row, column) of the finest level, where that is known before the pixels are read.
    """

    name: str
    load: Callable[[], NDArray[np.generic] | list[Any]]
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    placed: Placed | None = None
    header: tuple[int, int] | None = None

    @cached_property
    def levels(self) -> tuple[Any, ...]:
        """Levels of the pyramid, the finest first; those of large images stay in their file.

        Raises
        ------
        ReadError
            When they cannot be read.
        """
        try:
            loaded = self.load()
        except StentransError:
            raise
        except UNREADABLE as error:
            cause = str(error).rstrip(". ") or type(error).__name__
            raise ReadError(f"it cannot be read: {cause}.") from error
        return tuple(loaded) if isinstance(loaded, list) else (loaded,)

    @property
    def size(self) -> tuple[int, int]:
        """(row, column) of the finest level; its file tells, where that is possible.

        Raises
        ------
        ReadError
            When its pixels have to be read and cannot.
        """
        rows, columns = self.header or self.shape[:2]
        return int(rows), int(columns)

    @property
    def shape(self) -> tuple[int, ...]:
        """(row, column) or (row, column, 3 or 4) of the finest level."""
        return tuple(self.levels[0].shape)

    @property
    def data(self) -> NDArray[np.generic]:
        """The pixels of the finest level, all in memory; ask a large image for its levels."""
        return np.asarray(self.levels[0])


@dataclass(frozen=True, eq=False)
class Placed:
    """How an image was laid below the spots.

    Attributes
    ----------
    original
        The picture as it was before.
    affine
        (2, 3): positions (x, y) in the pixels of the original file, 0 at the centre of the first
        one, to full-resolution positions.
    path
        Where the picture was read from; None where it was not read from a file.
    instead_of
        Images that the section had before.
    """

    original: SectionImage
    affine: NDArray[np.float64]
    path: Path | None = None
    instead_of: tuple[SectionImage, ...] = ()
