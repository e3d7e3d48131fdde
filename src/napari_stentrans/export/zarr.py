"""AnnData as a zarr store (``.zarr``), a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anndata as ad
import numpy as np
import zarr

from napari_stentrans.export.matrices import ENCODING, MATRICES, Matrix, chunks_of, stream

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps

ZARR_FORMAT: Final = 2
"""Which older programs read too."""


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write all that ``to_anndata`` gives; ``std`` is always part of it."""
    adata = enhancement.skeleton(genes)
    group = zarr.open_group(path, mode="w", zarr_format=ZARR_FORMAT)
    ad.io.write_elem(group, "/", adata)
    yield from stream(empty_matrices(group, adata.shape), enhancement, genes)
    zarr.consolidate_metadata(group.store)


def empty_matrices(group: zarr.Group, shape: tuple[int, int]) -> list[Matrix]:
    """Matrices of an AnnData in a zarr group, to be filled."""
    return [
        group.create_array(
            name,
            shape=shape,
            dtype=np.float32,
            chunks=chunks_of(shape),
            attributes=dict(ENCODING),
            overwrite=True,
        )
        for name in MATRICES
    ]
