"""AnnData files (``.h5ad``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np

from napari_stentrans.errors import WriteError
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
    try:
        with h5py.File(path, "w") as file:
            ad.io.write_elem(file, "/", adata)
            matrices = []
            for name in MATRICES:
                matrix = file.require_group("/").create_dataset(
                    name, adata.shape, np.float32, chunks=chunks_of(adata.shape), compression="lzf"
                )
                matrix.attrs.update(ENCODING)
                matrices.append(matrix)
            yield from stream(matrices, enhancement, genes)
    except RuntimeError as error:  # what h5py raises where a file cannot be closed
        raise WriteError(
            f"'{path.name}' could not be written: {error}. Check the free space and the folder."
        ) from error
