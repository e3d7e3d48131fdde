"""Which matrix of an ``.h5ad`` file holds the counts, and its rows as CSR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from napari_stentrans.io.elements import read_elem

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLED = 100_000
"""Values of a matrix that are looked at, at its start, middle and end each."""

MOST_RUNS = 64
"""Rows in more pieces than these are read in one go, with what lies between them."""

BLOCK = 4_000_000
"""Values of a dense matrix that are held at a time."""

COUNT_WORDS = ("count", "raw", "umi")


def matrices_in(file: Any) -> dict[str, Any]:
    """Matrices of spots x genes: "X", "layers/NAME" and "raw", those that are there."""
    layers = file.get("layers", {})
    nodes = {
        "X": file.get("X"),
        **{f"layers/{name}": layers[name] for name in layers},
        "raw": file["raw"].get("X") if hasattr(file.get("raw"), "keys") else None,
    }
    return {name: node for name, node in nodes.items() if _is_matrix(node)}


def counts_among(matrices: dict[str, Any]) -> str:
    """Name of the matrix that holds whole numbers: X first, then what is named for counts.

    Where none does, it is the first without negative values, those named for counts before other
    layers: X is often scaled for a plot, and what it was before is in ``raw``.
    """
    named = [name for name in matrices if any(word in name.lower() for word in COUNT_WORDS)]
    named.sort(key=lambda name: name != "layers/counts")
    for name in [*(n for n in ("X",) if n in matrices), *named]:
        if _holds_counts(matrices[name]):
            return name
    rest = [name for name in matrices if name not in named and name != "X"]
    ordered = [*(n for n in ("X",) if n in matrices), *named, *rest]
    return next((name for name in ordered if is_positive(matrices[name])), ordered[0])


def is_positive(node: Any) -> bool:
    """Whether samples of a matrix are finite and not below 0, and not all zero."""
    values = _sampled(node)
    return bool(values.any() and np.isfinite(values).all() and (values >= 0).all())


def read_rows(node: Any, rows: NDArray[np.int64]) -> sp.csr_matrix:
    """(row, gene) CSR of the given rows, in rising order, of a matrix in the file.

    Raises
    ------
    ValueError
        When its parts do not fit together.
    """
    if not hasattr(node, "keys"):
        return _dense_rows(node, rows)
    if node.attrs.get("encoding-type") == "csr_matrix":
        return _csr_rows(node, rows)
    matrix = read_elem(node)
    matrix.check_format(full_check=True)
    return sp.csr_matrix(matrix)[rows]


def _is_matrix(node: Any) -> bool:
    if hasattr(node, "keys"):
        return {"data", "indices", "indptr"} <= set(node)
    return getattr(node, "ndim", 0) == 2


def _holds_counts(node: Any) -> bool:
    """Whether samples of a matrix are whole numbers, and not all zero."""
    values = _sampled(node)
    return bool(values.any() and np.isfinite(values).all() and (values == np.rint(values)).all())


def _sampled(node: Any) -> NDArray[np.float64]:
    """(value,) some values of a matrix, from its start, middle and end."""
    data = node["data"] if hasattr(node, "keys") else node
    step = max(SAMPLED // int(np.prod(data.shape[1:]) or 1), 1)
    starts = (0, (data.shape[0] - step) // 2, data.shape[0] - step)
    samples = [np.ravel(data[max(start, 0) : max(start, 0) + step]) for start in starts]
    return np.concatenate(samples).astype(float)


def _dense_rows(data: Any, rows: NDArray[np.int64]) -> sp.csr_matrix:
    step = max(BLOCK // max(data.shape[1], 1), 1)
    blocks = []
    for start in range(0, data.shape[0], step):
        wanted = rows[(rows >= start) & (rows < start + step)] - start
        if len(wanted):
            blocks.append(sp.csr_matrix(data[start : start + step][wanted]))
    return sp.vstack(blocks, "csr") if blocks else sp.csr_matrix((0, data.shape[1]))


def _csr_rows(node: Any, rows: NDArray[np.int64]) -> sp.csr_matrix:
    shape = tuple(int(n) for n in node.attrs["shape"])
    ends = np.asarray(node["indptr"][:], np.int64)
    length = min(node["data"].shape[0], node["indices"].shape[0])
    if len(ends) != shape[0] + 1 or (np.diff(ends, prepend=0) < 0).any() or ends[-1] > length:
        raise ValueError(f"a matrix of {shape} does not fit its {length} values")
    if not len(rows):
        return sp.csr_matrix((0, shape[1]))
    pieces = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
    if len(pieces) > MOST_RUNS:
        span = np.arange(rows[0], rows[-1] + 1)
        return _csr_rows(node, span)[rows - rows[0]]
    slices = [slice(ends[piece[0]], ends[piece[-1] + 1]) for piece in pieces]
    lengths = np.diff(ends)[rows]
    parts = [np.concatenate([node[key][at] for at in slices]) for key in ("data", "indices")]
    matrix = sp.csr_matrix((*parts, np.append(0, np.cumsum(lengths))), (len(rows), shape[1]))
    matrix.check_format(full_check=True)
    return matrix
