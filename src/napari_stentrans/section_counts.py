"""Which matrix of an AnnData holds the counts, made CSC and checked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from napari_stentrans.errors import SectionError, StentransWarning
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.anndata_parts import AnnDataParts

VALUES_AT_ONCE = 4_000_000
RESULT, EXPECTED = "stentrans", 'layers["counts"]'
"""Key in ``uns`` of a result of this program, and where its expected counts are."""


def counts_of(adata: ad.AnnData | AnnDataParts) -> tuple[sp.csc_matrix, pd.DataFrame]:
    """Raw counts (spot, gene) as CSC float32, and their gene table."""
    candidates: list[tuple[str, object, pd.DataFrame]] = []
    if adata.X is not None:
        candidates.append(("X", adata.X, adata.var))
    if "counts" in adata.layers:
        candidates.append((EXPECTED, adata.layers["counts"], adata.var))
    if adata.raw is not None:
        candidates.append(("raw", adata.raw.X, adata.raw.var))
    if not candidates:
        raise SectionError('No counts: X is empty and there is no layers["counts"] or raw.')
    if RESULT in adata.uns:
        candidates.sort(key=lambda found: found[0] != EXPECTED)
        _, matrix, var = candidates[0]
        warnings.warn(_result_in_words(adata), StentransWarning, stacklevel=3)
        return _as_csc(matrix), var
    matrices = [(name, _as_csc(matrix), var) for name, matrix, var in candidates]
    for name, matrix, var in matrices:
        if are_whole(matrix.data):
            if name != "X":
                warnings.warn(
                    f"X does not hold whole numbers; counts are taken from {name}.",
                    StentransWarning,
                    stacklevel=3,
                )
            return matrix, var
    usable = [found for found in matrices if _are_positive(found[1].data)]
    name, matrix, var = next(iter(usable), matrices[0])
    if name != matrices[0][0]:
        warnings.warn(
            f"X holds negative values, as scaled data do; values are taken from {name}.",
            StentransWarning,
            stacklevel=3,
        )
    if usable:
        warnings.warn(
            "Expected raw counts (whole numbers) in X, found fractions: they are used as they "
            'are. Put raw counts into X or layers["counts"] for better results.',
            StentransWarning,
            stacklevel=3,
        )
    return matrix, var


def _result_in_words(adata: ad.AnnData | AnnDataParts) -> str:
    """Say that values are what this program expects, not what was measured."""
    found = adata.obs.get("provenance")
    measured = "" if found is None else f" ({int((found == 'measured').sum()):,} at measured spots)"
    return (
        f"These {adata.n_obs:,} sites{measured} are a result of this program: expected counts are "
        "read, not measured ones. Open the section that it was made from to run on what was "
        "measured."
    )


def _are_positive(values: NDArray[np.float32]) -> bool:
    """Whether all are finite and not below 0."""
    return bool(np.isfinite(values).all() and (values >= 0).all())


def are_whole(values: NDArray[np.float32]) -> bool:
    """Whether all are whole numbers; a part at a time, to need no copy of them all."""
    parts = (values[i : i + VALUES_AT_ONCE] for i in range(0, len(values), VALUES_AT_ONCE))
    return all(bool(np.isfinite(p).all() and (p == np.rint(p)).all()) for p in parts)


def _as_csc(matrix: object) -> sp.csc_matrix:
    """CSC float32 with sorted indices and no stored zeros; a copy."""
    if not sp.issparse(matrix):
        matrix = np.asarray(matrix)
    try:
        _check_indices(matrix)
        with np.errstate(over="ignore"):
            csc = sp.csc_matrix(matrix, dtype=np.float32, copy=True)
    except (ValueError, TypeError) as error:
        raise SectionError(f"Counts must be a whole matrix of numbers: {error}.") from error
    csc.sum_duplicates()
    csc.eliminate_zeros()
    return csc


def _check_indices(matrix: Any) -> None:
    """Raise ValueError where indices leave the matrix: scipy trusts them, and crashes Python."""
    if getattr(matrix, "format", None) in ("csr", "csc"):
        if {matrix.indices.dtype.kind, matrix.indptr.dtype.kind} - set("iu"):
            raise ValueError("indices of a sparse matrix must be whole numbers")
        matrix.check_format(full_check=True)


def check_counts(counts: sp.csc_matrix) -> None:
    """Raise SectionError where counts are not finite, negative, or all zero."""
    bad = ~np.isfinite(counts.data)
    if bad.any():
        raise SectionError(
            f"Counts must be finite, found {int(bad.sum())} NaN or infinite values. "
            "Replace them by 0 or remove their spots."
        )
    negative = counts.data < 0
    if negative.any():
        raise SectionError(
            f"Counts must not be negative, found {int(negative.sum())} negative values "
            f"(lowest {counts.data.min():g}). Give raw counts, not scaled or centred values."
        )
    if counts.nnz == 0:
        raise SectionError(
            f"All counts of {some(counts.shape[0], 'spot')} and {some(counts.shape[1], 'gene')} "
            "are zero. "
            "Check that the right matrix was chosen."
        )
