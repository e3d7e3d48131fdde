"""One page of a TIFF, read a piece at a time: only the tiles or strips that a piece lies on."""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from napari_stentrans.io._shared import reading

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

KEPT_BYTES = 64_000_000
"""Decoded tiles or strips of a page that are kept, bytes."""
LARGEST_SEGMENT = 256_000_000
"""A tile or strip of more bytes is not decoded."""

_NO_CODEC = (ValueError, KeyError, AttributeError, NotImplementedError, ImportError)
"""What tifffile raises where the package imagecodecs is not installed."""
_SHORT, _LONG, _BYTES = 3, 4, 7
_PHOTOMETRIC, _FILL_ORDER, _PREDICTOR, _SAMPLE_FORMAT = 262, 266, 317, 339
_JPEG_TABLES, _SUBSAMPLING = 347, 530
_CARRIED_TAGS = {
    **dict.fromkeys((_PHOTOMETRIC, _FILL_ORDER, _PREDICTOR, _SAMPLE_FORMAT), _SHORT),
    **{_JPEG_TABLES: _BYTES, _SUBSAMPLING: _SHORT},
}
"""Tags of a page, and their types, that a decoder needs."""


class PageReader:
    """A page of a TIFF; the file is opened for as long as a piece is read.

    Attributes
    ----------
    shape
        (row, column) or (row, column, sample).
    dtype
        Of the values, in the byte order of this machine.
    """

    def __init__(self, path: Path, page: tifffile.TiffPage) -> None:
        self._path, self._page = path, page
        rows, columns = int(page.imagelength), int(page.imagewidth)
        samples = int(page.samplesperpixel)
        self.shape: tuple[int, ...] = (rows, columns, samples)[: 2 if samples == 1 else 3]
        self.dtype = np.dtype(page.dtype or np.uint8).newbyteorder("=")
        self._separate = page.planarconfig == 2 and samples > 1
        self._step = (
            (int(page.tilelength), int(page.tilewidth))
            if page.is_tiled
            else (min(int(page.rowsperstrip), rows), columns)
        )
        self._across = -(-columns // self._step[1])
        self._down = -(-rows // self._step[0])
        self._offsets, self._lengths = page.dataoffsets, page.databytecounts
        per_value = self.dtype.itemsize * (1 if self._separate else samples)
        size = self._step[0] * self._step[1] * per_value
        if size > LARGEST_SEGMENT:
            raise ValueError(
                f"its pixels are packed into pieces of {size / 1e9:.1f} GB; save it with tiles"
            )
        page.decode  # noqa: B018 - built while the file is open
        self._tables = page.jpegtables
        self._carried = {code: page.tags[code].value for code in _CARRIED_TAGS if code in page.tags}
        self._order = page.parent.byteorder
        self._segment = lru_cache(max(KEPT_BYTES // max(size, 1), 1))(self._decoded)

    @property
    def rows_of_a_segment(self) -> int:
        """Rows of a tile or strip."""
        return self._step[0]

    def __call__(self, top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
        """Pixels of rows top to bottom and columns left to right, without the last ones.

        Raises
        ------
        ReadError
            When the file is damaged or compressed in a way that is not read here.
        """
        with reading(self._path):
            return self._piece(top, bottom, left, right)

    def _piece(self, top: int, bottom: int, left: int, right: int) -> NDArray[Any]:
        out = np.zeros((bottom - top, right - left, *self.shape[2:]), self.dtype)
        height, width = self._step
        for j in range(top // height, -(-bottom // height)):
            for i in range(left // width, -(-right // width)):
                y0, x0 = max(j * height, top), max(i * width, left)
                for sample in range(self.shape[2] if self._separate else 1):
                    tile = self._segment((sample * self._down + j) * self._across + i)
                    if tile is None:
                        continue
                    part = tile[y0 - j * height : bottom - j * height]
                    part = part[:, x0 - i * width : right - i * width]
                    where = out[y0 - top :, x0 - left :][: part.shape[0], : part.shape[1]]
                    if self._separate:
                        where[..., sample] = part[..., 0]
                    else:
                        where[...] = part if len(self.shape) == 3 else part[..., 0]
        return out

    def _decoded(self, index: int) -> NDArray[Any] | None:
        """(row, column, sample) of a tile or strip; None where the file leaves it out."""
        length = int(self._lengths[index])
        if length == 0:
            return None
        with self._path.open("rb") as file:
            file.seek(int(self._offsets[index]))
            data = file.read(length)
        if len(data) < length:
            raise ValueError("it is cut off")
        try:
            decoded = self._page.decode(data, index, jpegtables=self._tables)[0]
        except _NO_CODEC as error:
            return self._by_pillow(data, index, error)
        return None if decoded is None else decoded[0]

    def _by_pillow(self, data: bytes, index: int, error: Exception) -> NDArray[Any]:
        """Decode a tile or strip as a TIFF of its own, which Pillow reads."""
        height, width = self._step
        if not self._page.is_tiled:
            height = min(height, self.shape[0] - index % self._down * height)
        try:
            with Image.open(io.BytesIO(self._as_file(data, height, width))) as image:
                pixels = np.asarray(image)
        except (OSError, SyntaxError, ValueError, struct.error) as second:
            name = getattr(self._page.compression, "name", self._page.compression)
            raise ValueError(
                f"its compression {name} is not read here ({str(second) or error}); install the "
                "package imagecodecs, or save it with another compression"
            ) from second
        return cast("NDArray[Any]", pixels.reshape(height, width, -1).astype(self.dtype))

    def _as_file(self, data: bytes, height: int, width: int) -> bytes:
        samples = 1 if self._separate else int(self._page.samplesperpixel)
        bits = [int(b) for b in np.ravel(self._page.bitspersample)][:1] * samples
        tags: list[tuple[int, int, Any]] = [
            (256, _LONG, [width]),
            (257, _LONG, [height]),
            (258, _SHORT, bits),
            (259, _SHORT, [int(self._page.compression)]),
            (277, _SHORT, [samples]),
            (278, _LONG, [height]),
            (279, _LONG, [len(data)]),
            (284, _SHORT, [1]),
        ]
        for code, value in self._carried.items():
            kind = _CARRIED_TAGS[code]
            values = value if kind == _BYTES else [int(v) for v in np.ravel(value)]
            if code == _PHOTOMETRIC and self._separate:
                values = [1]  # each of its planes is grey
            tags.append((code, kind, values[:samples] if code == _SAMPLE_FORMAT else values))
        return _tiff(self._order, tags, data)


def _tiff(order: str, tags: list[tuple[int, int, Any]], data: bytes) -> bytes:
    """File of one strip: header, directory, values of tags, data (TIFF 6.0, section 2)."""
    count = len(tags) + 1
    end = 8 + 2 + 12 * count + 4
    extra, entries = b"", []
    for code, kind, values in tags:
        letter = {_SHORT: "H", _LONG: "I"}.get(kind)
        packed = struct.pack(f"{order}{len(values)}{letter}", *values) if letter else bytes(values)
        if len(packed) > 4:
            field = struct.pack(f"{order}I", end + len(extra))
            extra += packed + b"\0" * (len(packed) % 2)
        else:
            field = packed.ljust(4, b"\0")
        entries.append((code, struct.pack(f"{order}HHI", code, kind, len(values)) + field))
    entries.append((273, struct.pack(f"{order}HHII", 273, _LONG, 1, end + len(extra))))
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = b"".join(entry for _, entry in sorted(entries))
    head = mark + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", count)
    return head + directory + b"\0\0\0\0" + extra + data
