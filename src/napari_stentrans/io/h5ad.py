"""AnnData files (``.h5ad``): one section of a table, with its counts, positions and images."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError, SectionError
from napari_stentrans.io._shared import (
    FOREIGN_ERRORS,
    holds_anndata,
    open_hdf5,
    plain_stem,
    plain_suffix,
    reading,
    repeated_names_allowed,
    warn,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.elements import read_elem
from napari_stentrans.io.h5ad_counts import counts_among, is_positive, matrices_in, read_rows
from napari_stentrans.io.h5ad_positions import positions_in, with_positions
from napari_stentrans.io.h5ad_sections import libraries_in, lie_over_each_other, sections_in
from napari_stentrans.io.library_images import library_images
from napari_stentrans.libraries import common_factors, library_of
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.parts import Parts

SUFFIX, OTHERS = ".h5ad", (".h5", ".hdf5")
EXPECTED = "layers/counts"
"""Where a result of this program holds its expected counts."""
REMEDY = "Expected an AnnData file (.h5ad) that is whole: write or copy it again."


def claims(path: Path) -> bool:
    """Whether the path is an AnnData: an ``.h5ad``, an HDF5 file of that kind, or a zarr store."""
    if path.is_dir():
        return is_anndata_store(path)
    suffix = plain_suffix(path)
    if path.suffix.lower() == ".gz":  # what it is shows when it is unpacked
        return suffix in (SUFFIX, *OTHERS)
    return path.is_file() and (suffix == SUFFIX or (suffix in OTHERS and holds_anndata(path)))


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Which section, where the table holds several, and which matrix is the counts.

    Raises
    ------
    ReadError
        When the file is damaged or is no AnnData file.
    """
    with reading(path, REMEDY), repeated_names_allowed(), opened(path) as file:
        if _is_old(file):
            return ()
        found = []
        if sections := sections_in(file):
            found.append(Choice("section", "Section", sections.names, sections.names[0]))
        matrices = matrices_in(file)
        if len(matrices) > 1:
            found.append(
                Choice("counts", "Counts", tuple(matrices), _default(file, matrices), parts=False)
            )
        return tuple(found)


def read(path: Path, chosen: Chosen) -> Section:
    """Read one section of an ``.h5ad`` file; only its own rows and its own matrix are read.

    Positions come from ``obsm["spatial"]`` or ``obsm["X_spatial"]`` (x, y in full-resolution
    pixels), else from columns of ``obs``: pixels by name, array_row and array_col, or x and y.

    Raises
    ------
    ReadError
        When the file is damaged or is no AnnData file.
    SectionError
        When counts or positions are missing or make no sense.

    Warns
    -----
    StentransWarning
        When X does not hold the counts, or a part was left out.
    """
    name = plain_stem(path)
    with reading(path, REMEDY), repeated_names_allowed(), opened(path) as file:
        old = _is_old(file)
        adata = read_elem(file) if old else _read_parts(file, path, chosen)
    if "section" in chosen:
        name = f"{name}_{chosen['section']}"
    adata = with_positions(adata)
    spatial = adata.uns.get("spatial")
    record: Any = next(iter(spatial.values()), {}) if isinstance(spatial, dict) else {}
    record = record if isinstance(record, dict) else {}
    images = None if old else library_images(record, adata.obsm.get("spatial"))
    return Section.from_anndata(adata, images=images, source=path, name=name)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open what holds an AnnData: an HDF5 file, gzipped or not, or a zarr store."""
    if path.is_dir():
        import zarr

        yield zarr.open_group(path, mode="r")
        return
    with open_hdf5(path) as file:
        if "obs" not in file and "matrix" in file:
            raise ReadError(
                f"'{path}' is a 10x count matrix. Unpack it beside the folder spatial, or call it "
                "filtered_feature_bc_matrix.h5.gz."
            )
        yield file


def is_anndata_store(path: Path) -> bool:
    """Whether a folder is the zarr store of an AnnData, by what is written about it."""
    for name, inner in (("zarr.json", "attributes"), (".zattrs", "")):
        try:
            about = json.loads((path / name).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        about = about.get(inner, {}) if inner else about
        return isinstance(about, dict) and about.get("encoding-type") == "anndata"
    return False


def _is_old(file: Any) -> bool:
    """Whether anndata before 0.7 wrote the file; it is read whole, with nothing to choose."""
    return "encoding-type" not in file["obs"].attrs


def _read_parts(file: Any, path: Path, chosen: Chosen) -> AnnDataParts:
    """Read the rows of the chosen section, with the chosen counts as X; no layers, no graphs."""
    rows, sections = _rows_of(file, chosen)
    matrices = matrices_in(file)
    if not matrices:
        raise SectionError(
            f"'{path}' has no counts: X is empty and there are no layers and no raw."
        )
    counts = chosen.get("counts", next(iter(matrices)))
    default = _default(file, matrices)
    if counts != "X" and "X" in matrices and counts == default and not _is_result(file):
        warn(f"X does not hold whole numbers; counts are taken from {counts}.")
    obs, var = read_elem(file["obs"]), read_elem(file["raw/var" if counts == "raw" else "var"])
    lost: list[str] = []
    obsm = _members(file, "obsm", lost)
    uns = _members(file, "uns", lost, lambda key: key != "spatial")
    if libraries_in(file):
        uns["spatial"] = _spatial(file, obs, rows, sections, lost)
    varm = {} if counts == "raw" else _members(file, "varm", lost)
    if lost:
        warn(f"Parts of {path.name} cannot be read and were left out: {', '.join(lost)}.")
    part = obs.iloc[rows]
    for column in part.columns[part.dtypes == "category"]:
        part = part.assign(**{column: part[column].cat.remove_unused_categories()})
    values = read_rows(matrices[counts], rows)
    if values.nnz and values.data.min() < 0:
        raise SectionError(_no_counts(counts, float(values.data.min()), matrices))
    return AnnDataParts(
        values,
        part,
        var,
        uns=uns,
        obsm={key: _taken(value, rows) for key, value in obsm.items()},
        varm=varm,
    )


def _is_result(file: Any) -> bool:
    """Whether the file is a result of this program."""
    return "stentrans" in file.get("uns", {})


def _default(file: Any, matrices: dict[str, Any]) -> str:
    """Matrix that is taken unless chosen; the expected counts of a result of this program."""
    if _is_result(file) and EXPECTED in matrices:
        return EXPECTED
    return counts_among(matrices)


def _no_counts(counts: str, lowest: float, matrices: dict[str, Any]) -> str:
    """Say what else there is where a matrix cannot be counts."""
    others = [name for name, node in matrices.items() if name != counts and is_positive(node)]
    remedy = (
        f"Take {' or '.join(others)}: --choose counts={others[0]}."
        if others
        else f"None of {', '.join(matrices)} is without negative values. Put raw counts into "
        "layers/counts."
    )
    return (
        f"Counts must not be negative, and {counts} holds scaled or centred values (lowest "
        f"{lowest:g}). {remedy}"
    )


def _rows_of(file: Any, chosen: Chosen) -> tuple[NDArray[np.int64], Parts | None]:
    """Rows of the chosen section, and how the table is split where it holds several."""
    sections = sections_in(file)
    if sections is None:
        return np.arange(int(file["obs"][file["obs"].attrs["_index"]].shape[0])), None
    return sections.rows(chosen["section"]), sections


def _spatial(
    file: Any, obs: pd.DataFrame, rows: NDArray[np.int64], sections: Parts | None, lost: list[str]
) -> dict[str, Any]:
    """``uns["spatial"]`` of the section: its own library; of others only what all agree on."""
    records = {name: file["uns/spatial"][name] for name in libraries_in(file)}
    xy = positions_in(file, obs)
    name: str | None = None
    names: tuple[str, ...] = ()
    stacked = False
    if sections is not None:
        at = sections.of_spot[rows[0]]
        names, name = sections.names, sections.names[at]
        stacked = xy is None or lie_over_each_other(xy[:, :2], sections.of_spot)
    here = None if xy is None else xy[rows]
    match = library_of(records, obs.iloc[rows], here, name, names, stacked=stacked)
    if match.note:
        warn(match.note)
    if match.library is None:
        factors = common_factors(records)
        return {name or "section": {"scalefactors": factors}} if factors else {}
    return _members(file, "uns/spatial", lost, lambda key: key == match.library)


def _members(
    file: Any, group: str, lost: list[str], wanted: Callable[[str], bool] = lambda key: True
) -> dict[str, Any]:
    """Elements of a group by name; those that cannot be read are added to ``lost``."""
    found = {}
    for key in filter(wanted, file.get(group, {})):
        try:
            found[key] = read_elem(file[group][key])
        except FOREIGN_ERRORS:
            lost.append(f"{group}/{key}")
    return found


def _taken(value: Any, rows: NDArray[np.int64]) -> Any:
    return value.iloc[rows] if hasattr(value, "iloc") else value[rows]
