"""Write results: streamed in blocks, beside the target first, renamed when whole."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from napari_stentrans.enhancement import GENES_AT_ONCE, Enhancement
from napari_stentrans.errors import WriteError
from napari_stentrans.progress import Progress, Steps, drain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import anndata as ad

SITES_IN_CHUNK = 1024


def record_path(path: Path) -> Path:
    """Where the run record of a result lies: beside it, with the ending .run.json."""
    return path.with_suffix(".run.json")


def save(
    enhancement: Enhancement,
    path: str | Path,
    *,
    genes: list[str] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write an enhancement as ``.h5ad`` and its run record as ``.run.json`` beside it.

    Parameters
    ----------
    enhancement
        The result of a run.
    path
        Where to write; the ending must be ``.h5ad``.
    genes
        Genes to write; all when not given.
    overwrite
        Replace files that are there.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    WriteError
        When the ending is another one, files are there and may not be replaced, or the
        folder cannot be written to. No half-written file is left.
    """
    return drain(save_steps(enhancement, path, genes=genes, overwrite=overwrite))


def save_steps(
    enhancement: Enhancement,
    path: str | Path,
    *,
    genes: list[str] | None = None,
    overwrite: bool = False,
) -> Steps[list[Path]]:
    """Do what ``save`` does, one Progress per block of genes; closing it leaves no file."""
    path = Path(path)
    check_target(path, overwrite=overwrite)
    record = record_path(path)
    with beside(path) as fresh:
        adata = enhancement.skeleton(genes)
        adata.write_h5ad(fresh)
        with h5py.File(fresh, "r+") as file:
            yield from _stream(file, enhancement, genes, adata.shape)
    with beside(record) as fresh:
        fresh.write_text(enhancement.record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [path, record]


def write_h5ad(adata: ad.AnnData, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write any AnnData as ``.h5ad``, beside the target first; errors as in ``save``."""
    path = Path(path)
    check_target(path, overwrite=overwrite, with_record=False)
    with beside(path) as fresh:
        adata.write_h5ad(fresh)
    return path


def check_target(path: Path, *, overwrite: bool, with_record: bool = True) -> None:
    """Raise WriteError where ``path`` cannot be a result; cheap, to be called before a long run."""
    companions = (record_path(path),) if with_record else ()
    check_file(path, ".h5ad", overwrite=overwrite, companions=companions)


def check_file(
    path: Path, ending: str, *, overwrite: bool, companions: tuple[Path, ...] = ()
) -> None:
    """Raise WriteError where ``path`` and what goes with it cannot be written."""
    if path.suffix != ending:
        raise WriteError(
            f"The result is written as {ending}, got {path.name!r}. Name it NAME{ending}."
        )
    if path.is_dir():
        raise WriteError(f"{path} is a folder. Give the name of a file in it.")
    folder = path.parent
    if not folder.is_dir():
        raise WriteError(f"The folder {folder} does not exist. Make it first.")
    if not os.access(folder, os.W_OK):
        raise WriteError(f"The folder {folder} may not be written to. Choose another one.")
    there = [str(target) for target in (path, *companions) if target.exists()]
    if there and not overwrite:
        raise WriteError(
            f"{' and '.join(there)} would be replaced. Choose another name, or allow overwriting."
        )


def _stream(
    file: h5py.File, enhancement: Enhancement, genes: list[str] | None, shape: tuple[int, int]
) -> Steps[None]:
    """Write X and the layers block by block, in the encoding of anndata's dense arrays."""
    matrices = []
    if "X" in file:
        del file["X"]
    chunks = (min(shape[0], SITES_IN_CHUNK), min(shape[1], GENES_AT_ONCE))
    for name in ("X", "layers/counts", "layers/std"):
        matrix = file.create_dataset(name, shape, np.float32, chunks=chunks, compression="lzf")
        matrix.attrs["encoding-type"], matrix.attrs["encoding-version"] = "array", "0.2.0"
        matrices.append(matrix)
    for at, mean, std in enhancement.blocks(genes):
        yield Progress("writing genes", at.start, shape[1])
        for matrix, values in zip(
            matrices, (mean, enhancement.expected_counts(mean), std), strict=True
        ):
            matrix[:, at] = values


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of ``path`` that takes its place if all goes well."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
        umask = os.umask(0)
        os.umask(umask)
        fresh.chmod(0o666 & ~umask)
        fresh.replace(path)
    except OSError as error:
        raise WriteError(
            f"{path} could not be written: {error}. Check the free space and the folder."
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
