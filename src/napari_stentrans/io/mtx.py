"""Matrix Market files, as count matrices are written in them.

``scipy.io.mmread`` is faster, but a damaged file can make it end the whole program.
"""

from __future__ import annotations

from itertools import islice
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

if TYPE_CHECKING:
    from collections.abc import Iterator

BANNER = ("%%matrixmarket", "matrix", "coordinate")
FIELDS = ("integer", "real", "unsigned-integer")
KINDS = {0: np.int32, 1: np.int32, 2: np.float32}
LONGEST_LINE = 10_000
MOST_COMMENTS = 1000


def read_mtx(file: IO[bytes]) -> sp.coo_matrix:
    """Read a general coordinate matrix of numbers; (row, column), float32.

    Raises
    ------
    ValueError
        When the file is of another kind, cut off, or names places outside the matrix.
    """
    lines = iter(lambda: file.readline(LONGEST_LINE), b"")
    words = next(lines, b"").decode().lower().split()
    if tuple(words[:3]) != BANNER or words[3] not in FIELDS or words[4:] != ["general"]:
        raise ValueError("its first line is not '%%MatrixMarket matrix coordinate integer general'")
    rows, columns, entries = _sizes(lines)
    table = pd.read_csv(
        file, sep=r"\s+", header=None, names=range(3), dtype=KINDS, index_col=False, comment="%"
    )
    if len(table) != entries:
        raise ValueError(f"it says {entries} entries and holds {len(table)}")
    row, column, value = (table[i].to_numpy() for i in range(3))
    if entries and not (1 <= row.min() <= row.max() <= rows):
        raise ValueError(f"it names rows {row.min()} to {row.max()} of {rows}")
    if entries and not (1 <= column.min() <= column.max() <= columns):
        raise ValueError(f"it names columns {column.min()} to {column.max()} of {columns}")
    return sp.coo_matrix((value, (row - 1, column - 1)), (rows, columns))


def _sizes(lines: Iterator[bytes]) -> list[int]:
    """Rows, columns and entries, from the first line that is no comment."""
    line = next((s for s in islice(lines, MOST_COMMENTS) if s.strip() and s[:1] != b"%"), b"")
    sizes = [int(word) for word in line.split()]
    if len(sizes) != 3 or min(sizes) < 0:
        raise ValueError(f"expected rows, columns and entries, found {line[:40]!r}")
    return sizes
