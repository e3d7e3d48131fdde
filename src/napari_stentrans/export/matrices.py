"""The matrices of a result, written block by block into the skeleton of an AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement

MATRICES = ("X", "layers/counts", "layers/std")
ENCODING = {"encoding-type": "array", "encoding-version": "0.2.0"}
"""What anndata calls a dense array."""
SITES_IN_CHUNK = 1024


class Matrix(Protocol):
    """A matrix (site, gene) on disk."""

    def __setitem__(self, at: tuple[slice, slice], values: NDArray) -> None:  # type: ignore[type-arg]
        """Write some of its columns."""
        ...


def chunks_of(shape: tuple[int, int]) -> tuple[int, int]:
    """Chunks (site, gene) of a matrix on disk: one holds the genes that come at once."""
    return max(min(shape[0], SITES_IN_CHUNK), 1), max(min(shape[1], GENES_AT_ONCE), 1)


def stream(
    matrices: list[Matrix], enhancement: Enhancement, genes: list[str] | None
) -> Steps[None]:
    """Write mean, expected counts and std of the genes, in the order of ``MATRICES``."""
    n_genes = len(enhancement.genes if genes is None else genes)
    for at, mean, std in enhancement.blocks(genes):
        yield Progress("writing genes", at.start, n_genes)
        blocks = (mean, enhancement.expected_counts(mean), std)
        for matrix, values in zip(matrices, blocks, strict=True):
            matrix[:, at] = values
