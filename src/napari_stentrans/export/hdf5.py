"""HDF5 files on disks that may become full.

Where a disk refuses to take what HDF5 writes, the library cannot close its file any more, and the
whole program crashes with it, the window and its results too. It therefore writes to a file that
always takes everything; what the disk refused is said when HDF5 has closed it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import h5py

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def hdf5_to_write(path: Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """A new HDF5 file, and what raises OSError as soon as the disk does not take it any more.

    Raises
    ------
    OSError
        When the disk did not take it all.
    """
    with path.open("w+b", buffering=0) as file:
        lasting = _Lasting(file)
        with h5py.File(lasting, "w") as hdf5:
            yield hdf5, lasting.check
        lasting.check()


class _Lasting:
    """A file that takes whatever is written: what the disk refuses is kept in memory.

    It has the methods that h5py asks of a file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at = self._end = 0
        self._refused: OSError | None = None
        self._kept: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise OSError where the disk has refused something."""
        if self._refused is not None:
            raise self._refused

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position: from the beginning, from here or from the end."""
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        """Position."""
        return self._at

    def write(self, data: bytes | memoryview) -> int:
        """Write all of the data; never fails."""
        if self._refused is None:
            try:
                self._write_whole(memoryview(data))
            except OSError as error:
                self._refused = error
        if self._refused is not None:
            self._kept.append((self._at, bytes(data)))
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def read(self, size: int) -> bytes:
        """Read so many bytes; h5py knows by this method that it is a file."""
        buffer = bytearray(size)
        return bytes(buffer[: self.readinto(memoryview(buffer))])

    def readinto(self, buffer: memoryview) -> int:
        """Read what was written, whoever has it."""
        begin, n = self._at, min(len(buffer), max(self._end - self._at, 0))
        self._file.seek(begin)
        found = self._file.read(n)
        buffer[:n] = found + bytes(n - len(found))
        for at, data in self._kept:
            low, high = max(at, begin), min(at + len(data), begin + n)
            if low < high:
                buffer[low - begin : high - begin] = data[low - at : high - at]
        self._at += n
        return n

    def truncate(self, size: int) -> int:
        """Make the file this long."""
        self._end = size
        try:
            self._file.truncate(size)
        except OSError as error:
            self._refused = self._refused or error
        return size

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def _write_whole(self, data: memoryview) -> None:
        self._file.seek(self._at)
        while data:
            data = data[self._file.write(data) :]
