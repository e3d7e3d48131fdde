"""AnnData files (``.h5ad``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np

from napari_stentrans.export.hdf5 import hdf5_to_write
from napari_stentrans.export.matrices import ENCODING, MATRICES, chunks_of, stream

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps


def write_steps(
    enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
) -> Steps[None]:
    """Write all that ``to_anndata`` gives; ``std`` is always part of it."""
    adata = enhancement.skeleton(genes)
    with hdf5_to_write(path) as (file, check):
        ad.io.write_elem(file, "/", adata)
        matrices = []
        for name in MATRICES:
            matrix = file.require_group("/").create_dataset(
                name, adata.shape, np.float32, chunks=chunks_of(adata.shape), compression="lzf"
            )
            matrix.attrs.update(ENCODING)
            matrices.append(matrix)
        for step in stream(matrices, enhancement, genes):
            check()
            yield step


def write_whole(adata: ad.AnnData, path: Path) -> None:
    """Write an AnnData that is in memory."""
    with hdf5_to_write(path) as (file, _):
        ad.io.write_elem(file, "/", adata)
