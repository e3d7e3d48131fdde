"""AnnData files (``.h5ad``): one section of a table, with its counts, positions and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
from anndata.io import read_elem

from napari_stentrans.errors import SectionError
from napari_stentrans.io._shared import (
    FOREIGN_ERRORS,
    open_hdf5,
    reading,
    repeated_names_allowed,
    unplaced,
    warn,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.h5ad_counts import counts_among, matrices_in, read_rows
from napari_stentrans.io.h5ad_sections import libraries_in, sections_in
from napari_stentrans.io.images import library_images
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import h5py
    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen

SUFFIX = ".h5ad"
REMEDY = "Expected an AnnData file (.h5ad) that is whole: write or copy it again."

POSITION_KEYS = ("spatial", "X_spatial")
"""Where positions (x, y) lie in ``obsm``, the best first."""
PIXEL_COLUMNS = (
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("pixel_x", "pixel_y"),
)
"""Columns of ``obs`` (x, y) that hold pixels; they win over array_row and array_col."""
POINT_COLUMNS = (
    ("x", "y"),
    ("X", "Y"),
    ("x_centroid", "y_centroid"),
    ("center_x", "center_y"),
    ("x_location", "y_location"),
    ("spatial_x", "spatial_y"),
)
"""Columns of ``obs`` (x, y) that are taken where nothing else gives positions."""


def claims(path: Path) -> bool:
    """Whether the path is an ``.h5ad`` file, by its name."""
    return path.is_file() and path.suffix.lower() == SUFFIX


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Which section, where the table holds several, and which matrix is the counts.

    Raises
    ------
    ReadError
        When the file is damaged or is no AnnData file.
    """
    with reading(path, REMEDY), repeated_names_allowed(), open_hdf5(path) as file:
        if _is_old(file):
            return ()
        found = []
        if sections := sections_in(file):
            found.append(Choice("section", "Section", sections.names, sections.names[0]))
        matrices = matrices_in(file)
        if len(matrices) > 1:
            found.append(
                Choice("counts", "Counts", tuple(matrices), counts_among(matrices), parts=False)
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
    name = path.stem
    with reading(path, REMEDY), repeated_names_allowed(), open_hdf5(path) as file:
        adata = ad.read_h5ad(path) if _is_old(file) else _read_parts(file, path, chosen)
    if "section" in chosen:
        name = f"{name}_{chosen['section']}"
    adata = _with_positions(adata)
    record: dict[str, Any] = next(iter(adata.uns.get("spatial", {}).values()), {})
    images = library_images(record, adata.obsm.get("spatial"))
    return Section.from_anndata(adata, images=images, source=path, name=name)


def _is_old(file: h5py.File) -> bool:
    """Whether anndata before 0.7 wrote the file; it is read whole, with nothing to choose."""
    return "encoding-type" not in file["obs"].attrs


def _read_parts(file: h5py.File, path: Path, chosen: Chosen) -> ad.AnnData:
    """Read the rows of the chosen section, with the chosen counts as X; no layers, no graphs."""
    rows, library = _rows_of(file, path, chosen)
    matrices = matrices_in(file)
    if not matrices:
        raise SectionError(
            f"'{path}' has no counts: X is empty and there are no layers and no raw."
        )
    counts = chosen.get("counts", next(iter(matrices)))
    if counts != "X" and "X" in matrices and counts == counts_among(matrices):
        warn(f"X does not hold whole numbers; counts are taken from {counts}.")
    obs, var = read_elem(file["obs"]), read_elem(file["raw/var" if counts == "raw" else "var"])
    lost: list[str] = []
    obsm = _members(file, "obsm", lost)
    uns = _members(file, "uns", lost, lambda key: key != "spatial")
    if library is not None:
        spatial = _members(file, "uns/spatial", lost, lambda key: key == library)
        uns["spatial"] = spatial
    varm = {} if counts == "raw" else _members(file, "varm", lost)
    if lost:
        warn(f"Parts of {path.name} cannot be read and were left out: {', '.join(lost)}.")
    part = obs.iloc[rows]
    for column in part.columns[part.dtypes == "category"]:
        part = part.assign(**{column: part[column].cat.remove_unused_categories()})
    return ad.AnnData(
        read_rows(matrices[counts], rows),
        part,
        var,
        uns=uns,
        obsm={key: _taken(value, rows) for key, value in obsm.items()},
        varm=varm,
    )


def _rows_of(file: h5py.File, path: Path, chosen: Chosen) -> tuple[NDArray[np.int64], str | None]:
    """Rows of the chosen section, and its library in ``uns["spatial"]`` if it has one."""
    libraries = libraries_in(file)
    sections = sections_in(file)
    if sections is None:
        if len(libraries) > 1:
            warn(
                f'uns["spatial"] of {path.name} holds {len(libraries)} libraries and nothing in '
                f"obs tells whose the spots are: all spots are read, with images of "
                f"{libraries[0]!r}. Add a column library_id to obs."
            )
        n_spots = len(file["obs"][file["obs"].attrs["_index"]])
        return np.arange(n_spots), libraries[0] if libraries else None
    name = chosen["section"]
    alone = libraries[0] if len(libraries) == 1 else None
    return sections.rows(name), name if name in libraries else alone


def _members(
    file: h5py.File, group: str, lost: list[str], wanted: Callable[[str], bool] = lambda key: True
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


def _with_positions(adata: ad.AnnData) -> ad.AnnData:
    """Put positions under ``obsm["spatial"]``; spots without a position are left out."""
    for key in POSITION_KEYS:
        if key in adata.obsm:
            adata.obsm["spatial"] = np.asarray(adata.obsm[key])
            break
    else:
        xy = _from_columns(adata.obs)
        if xy is None:
            return adata
        adata.obsm["spatial"] = xy
    xy = adata.obsm["spatial"]
    if xy.dtype.kind != "f" or xy.ndim != 2:
        return adata
    placed = np.isfinite(xy[:, :2]).all(1)
    if placed.all() or not placed.any():
        return adata
    warn(f"{unplaced(placed, 'spot')} left out.")
    return adata[placed].copy()


def _from_columns(obs: pd.DataFrame) -> NDArray[np.float64] | None:
    """(spot, 2) positions (x, y) from columns; None where array coordinates are to be taken."""
    on_array = {"array_row", "array_col"} <= set(obs.columns)
    for pair in (*PIXEL_COLUMNS, *(() if on_array else POINT_COLUMNS)):
        if not set(pair) <= set(obs.columns):
            continue
        if pair in POINT_COLUMNS:
            warn(f"Positions are taken from the columns {pair[0]!r} and {pair[1]!r} of obs.")
        try:
            return np.asarray(obs[list(pair)].to_numpy(float))
        except (ValueError, TypeError) as error:
            raise SectionError(
                f"{pair[0]} and {pair[1]} of obs must be numbers: {error}."
            ) from error
    return None
