"""What the readers share: the border where foreign errors become ours, names, text files."""

from __future__ import annotations

import gzip
import re
import shutil
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO, cast

import h5py
import numpy as np
import pandas as pd

from napari_stentrans.errors import ReadError, StentransError, StentransWarning
from napari_stentrans.wording import some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

FOREIGN_ERRORS = (
    OSError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    RuntimeError,  # h5py raises it for some damaged files
    MemoryError,  # sizes in a damaged header
    OverflowError,
    zlib.error,
)
"""What the libraries under the readers raise for files that are damaged or of another kind."""

DAMAGED = "The file may be damaged or cut off: copy or download it again."


@contextmanager
def reading(path: Path, remedy: str = DAMAGED) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into a ReadError with path and remedy."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # Section refuses what they leave
            yield
    except StentransError:
        raise
    except UnicodeDecodeError as error:
        raise ReadError(
            f"'{path}' is not UTF-8 text (byte {error.start}). Save it as UTF-8 and try again."
        ) from error
    except FOREIGN_ERRORS as error:
        cause = str(error).strip("'\" .\n") or type(error).__name__
        raise ReadError(f"'{path}' cannot be read: {cause}. {remedy}") from error


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Path of a file as it was before gzip: a copy, which goes when the block ends."""
    if path.suffix.lower() != ".gz":
        yield path
        return
    with TemporaryDirectory(prefix="stentrans-") as folder:
        plain = Path(folder) / path.stem
        with gzip.open(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
        yield plain


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file, gzipped or not, to read.

    Raises
    ------
    ValueError
        When it is empty or of another kind, in plain words; h5py's are about signatures.
    """
    with unpacked(path) as plain:
        with plain.open("rb") as start:  # says first if it may not be read
            if not start.read(1):
                raise ValueError("the file is empty")
        if not h5py.is_hdf5(plain):
            raise ValueError(f"it is not an HDF5 file, which {plain.suffix} files are")
        with h5py.File(plain) as file:
            yield file


def holds_anndata(path: Path) -> bool:
    """Whether an HDF5 file holds an AnnData, whatever it is called; False where it is none."""
    try:
        with h5py.File(path) as file:
            return {"obs", "var"} <= set(file)
    except FOREIGN_ERRORS:
        return False


@contextmanager
def repeated_names_allowed() -> Iterator[None]:
    """Keep anndata quiet about repeated names: Section says it once, in its own words.

    And about files of its earlier versions, which it reads.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* was written without encoding metadata")
        warnings.filterwarnings("ignore", message=".* names are not unique", category=UserWarning)
        yield


def warn(message: str) -> None:
    """Warn a person that something in the input was mended or left out."""
    warnings.warn(message, StentransWarning, stacklevel=3)


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, gzipped or not, as UTF-8 with or without a byte order mark."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
        yield cast("TextIO", file)


def plain_suffix(path: Path) -> str:
    """Suffix in lower case without ``.gz``: ".tsv" for ``A1.TSV.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def plain_stem(path: Path) -> str:
    """File name without its suffix and ``.gz``: "A1" for ``A1.tsv.gz``."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem


def delimiter_of(line: str) -> str | None:
    """Tell what separates the fields of a line: tab, comma or semicolon; None means blanks."""
    counts = {mark: line.count(mark) for mark in "\t,;"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else None


def is_number(text: str) -> bool:
    """Whether a field of a table is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


_ENDING = re.compile(r"-\d+$")
_WHOLE = re.compile(r"^(\d+)\.0+$")
_NOT_IN_R = re.compile(r"[^0-9A-Za-z.]")
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda name: _ENDING.sub("", name),
    lambda name: _WHOLE.sub(r"\1", name),
    lambda name: _NOT_IN_R.sub(".", name).removeprefix("X"),
)
"""How a name is written: as it stands, without "-1" at its end, as a whole number, by R."""


def match_barcodes(wanted: Sequence[str] | pd.Index, known: pd.Index) -> NDArray[np.int64]:
    """(wanted,) index of each wanted barcode among the known, unique ones; -1 where absent.

    Where not one of them fits, other spellings are compared: without a "-1" (or "-2", ...) at
    the end, "12" for "12.0", and as R writes names of columns ("X1.2" for "1-2").
    """
    found = np.full(len(wanted), -1, np.int64)
    for spelt in _SPELLINGS:
        plain = known if spelt is str else known.map(lambda name, spelt=spelt: spelt(str(name)))
        names = wanted if spelt is str else [spelt(str(name)) for name in wanted]
        if plain.is_unique:
            found = np.asarray(plain.get_indexer(pd.Index(names)), np.int64)
            if (found >= 0).any():
                break
    return found


def first_of_each(names: pd.Index, what: str, path: Path) -> NDArray[np.int64]:
    """(row,) indices of the first row of every name; warns where names stand more than once."""
    repeated = names.duplicated()
    if repeated.any():
        warn(
            f"{int(repeated.sum())} {what} stand more than once in {path.name} (first: "
            f"{names[repeated][0]!r}); only the first row of each is kept."
        )
    return np.flatnonzero(~repeated)


def unplaced(placed: NDArray[np.bool_], thing: str) -> str:
    """Say how many things have no position (thing,) and were, to be followed by "left out"."""
    left = int((~placed).sum())
    said = ("has no position and was", "have no position and were")
    return some_of(left, len(placed), thing, *said)
