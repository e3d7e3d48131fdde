"""Results to files: ``save`` finds the format by the ending, one module per format."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.errors import WriteError
from napari_stentrans.export import h5ad, ometiff, spatialdata, table, zarr
from napari_stentrans.export.figures import ENDINGS as FIGURE_ENDINGS
from napari_stentrans.export.figures import MOST_GENES as MOST_IN_FIGURE
from napari_stentrans.export.figures import check_figure, figure_steps, save_figure, save_plot
from napari_stentrans.export.files import (
    beside,
    check_ending,
    check_file,
    check_place,
    ending_of,
    target,
    write_errors,
)
from napari_stentrans.export.masks import ENDINGS as MASK_ENDINGS
from napari_stentrans.export.masks import save_mask
from napari_stentrans.export.sections import write_section
from napari_stentrans.progress import Steps, drain
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad

    from napari_stentrans.enhancement import Enhancement

__all__ = [
    "ENDINGS",
    "FIGURE_ENDINGS",
    "MASK_ENDINGS",
    "MOST_GENES",
    "MOST_IN_FIGURE",
    "beside",
    "check_figure",
    "check_file",
    "check_target",
    "figure_steps",
    "record_path",
    "save",
    "save_figure",
    "save_mask",
    "save_plot",
    "save_steps",
    "write_h5ad",
    "write_section",
]


MOST_GENES = GENES_AT_ONCE
"""Genes in a table or in maps: viewers list every channel, and the rows of a table are whole."""


class _Write(Protocol):
    """Writes a result to a path that is free, one Progress per block."""

    def __call__(
        self, enhancement: Enhancement, path: Path, genes: list[str] | None, *, std: bool
    ) -> Steps[None]: ...


@dataclass(frozen=True)
class _Format:
    """What there is to know about a format.

    ``most_genes`` None means any number; ``is_store`` that it is a folder, a zarr store;
    ``needs`` is the package, and the extra of ours, that it cannot do without.
    """

    endings: tuple[str, ...]
    write_steps: _Write
    most_genes: int | None = None
    is_store: bool = False
    needs: str | None = None


_FORMATS = {
    "h5ad": _Format((".h5ad",), h5ad.write_steps),
    "zarr": _Format((".zarr",), zarr.write_steps, is_store=True),
    "spatialdata": _Format(
        (".sdata.zarr",), spatialdata.write_steps, is_store=True, needs="spatialdata"
    ),
    "ome-tiff": _Format((".ome.tif", ".ome.tiff"), ometiff.write_steps, MOST_GENES),
    "csv": _Format((".csv", ".csv.gz"), table.write_steps, MOST_GENES),
}
ENDINGS = tuple(ending for form in _FORMATS.values() for ending in form.endings)
"""Endings of the files that a result is written to."""


def save(
    enhancement: Enhancement,
    path: str | Path,
    *,
    genes: list[str] | None = None,
    overwrite: bool = False,
    format: str | None = None,  # noqa: A002 - the word that a caller expects
    std: bool = False,
) -> list[Path]:
    """Write an enhancement, and its run record as ``.run.json`` beside it.

    Parameters
    ----------
    enhancement
        The result of a run.
    path
        Where to write. Its ending says what: AnnData (``.h5ad``, ``.zarr``), SpatialData
        (``.sdata.zarr``), gene maps (``.ome.tif``) or a table (``.csv``, ``.csv.gz``).
    genes
        Genes to write; all when not given. Maps and tables hold 256 at most.
    overwrite
        Replace files that are there.
    format
        "h5ad", "zarr", "spatialdata", "ome-tiff" or "csv", instead of what the ending says.
    std
        Write the standard deviation also to maps, which leave it out otherwise.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    WriteError
        When the ending is another one, files are there and may not be replaced, there are too
        many genes for the format, a package that it needs is missing, or the disk is full or
        does not let it be written. No half-written file is left, and what was there stays.
    GeneNotFound
        When a gene is not part of the result.
    """
    steps = save_steps(enhancement, path, genes=genes, overwrite=overwrite, format=format, std=std)
    return drain(steps)


def save_steps(
    enhancement: Enhancement,
    path: str | Path,
    *,
    genes: list[str] | None = None,
    overwrite: bool = False,
    format: str | None = None,  # noqa: A002
    std: bool = False,
) -> Steps[list[Path]]:
    """Do what ``save`` does, one Progress per block; closing it leaves no file."""
    return _save_steps(
        enhancement, target(path), genes=genes, overwrite=overwrite, format=format, std=std
    )


def _save_steps(
    enhancement: Enhancement,
    path: Path,
    *,
    genes: list[str] | None,
    overwrite: bool,
    format: str | None,  # noqa: A002
    std: bool,
) -> Steps[list[Path]]:
    names = None if genes is None else enhancement.names(genes)
    n_genes = len(enhancement.genes if names is None else names)
    text = enhancement.record.model_dump_json(indent=2) + "\n"
    check_target(path, overwrite=overwrite, format=format, n_genes=n_genes, record=text)
    record = record_path(path)
    with beside(record) as fresh_record, beside(path) as fresh:
        fresh_record.write_text(text, encoding="utf-8")
        yield from _format_of(path, format).write_steps(enhancement, fresh, names, std=std)
    return [path, record]


def check_target(
    path: Path,
    *,
    overwrite: bool,
    format: str | None = None,  # noqa: A002
    n_genes: int | None = None,
    record: str | None = None,
) -> None:
    """Raise WriteError where ``path`` cannot be a result; cheap, to be called before a long run.

    Parameters
    ----------
    path, overwrite, format
        As in ``save``.
    n_genes
        How many genes are to be written, where that is known.
    record
        Text of the run record: where the very same one is there already, it stays.
    """
    path = target(path)
    chosen = _format_of(path, format)
    if chosen.needs is not None and find_spec(chosen.needs) is None:
        raise WriteError(
            f"'{path.name}' needs the package {chosen.needs}, which is not installed. Install "
            f"napari-stentrans[{chosen.needs}], or write .zarr or .h5ad."
        )
    if n_genes == 0:
        raise WriteError("No gene was chosen to be written. Name at least one.")
    if n_genes is not None and chosen.most_genes is not None and n_genes > chosen.most_genes:
        raise WriteError(
            f"'{path.name}' would hold {some(n_genes, 'gene')}; {chosen.endings[0]} files are for "
            f"{chosen.most_genes} at most. Choose some genes, or write .h5ad or .zarr."
        )
    run_record = record_path(path)
    with write_errors(path):
        same = record is not None and _text_of(run_record) == record
    companions = () if same else (run_record,)
    check_place(path, overwrite=overwrite, companions=companions, store=chosen.is_store)


def record_path(path: Path) -> Path:
    """Where the run record of a result lies: beside it, with the ending .run.json."""
    ending = ending_of(path, ENDINGS) or path.suffix
    return path.with_name(f"{path.name[: len(path.name) - len(ending)]}.run.json")


def write_h5ad(adata: ad.AnnData, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write any AnnData as ``.h5ad``, beside the target first; errors as in ``save``."""
    path = target(path)
    check_file(path, ".h5ad", overwrite=overwrite)
    with beside(path) as fresh:
        h5ad.write_whole(adata, fresh)
    return path


def _format_of(path: Path, name: str | None) -> _Format:
    if name is None:
        ending = check_ending(path, ENDINGS)
        return next(form for form in _FORMATS.values() if ending in form.endings)
    if name not in _FORMATS:
        raise WriteError(f"format must be one of {', '.join(_FORMATS)}; got {name!r}.")
    return _FORMATS[name]


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
