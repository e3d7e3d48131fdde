"""Named regions of spots: tables of labels, and GeoJSON outlines that have names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import KDTree
from skimage.measure import points_in_poly

from napari_stentrans.annotation import Annotation
from napari_stentrans.errors import MaskError, ReadError
from napari_stentrans.io._shared import (
    delimiter_of,
    is_number,
    match_barcodes,
    open_text,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.masks import BARCODE_SUFFIXES, OUTLINE_SUFFIXES, polygons_of
from napari_stentrans.progress import Progress
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

SUFFIXES = (*BARCODE_SUFFIXES, *OUTLINE_SUFFIXES)
LABELS = (
    "label", "labels", "region", "regions", "annotation", "annotations", "class", "classification",
    "domain", "domains", "cluster", "clusters", "ground_truth", "cell_type", "layer",
)  # fmt: skip
"""Columns that hold labels, the first that is there."""
PIXELS = (
    ("pixel_x", "pixel_y"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("x", "y"),
)
"""Columns of positions (x, y) in full-resolution pixels."""
ARRAY = (("array_row", "array_col"), ("row", "col"), ("x", "y"))
"""Columns of array coordinates, in the order of ``obs["array_row"]`` and ``obs["array_col"]``."""
LEAST_SHARE = 0.5
"""Of the rows of a table that must be spots of the section."""
NAMES = ("name", "label", "region", "class")
"""Properties of an outline that name it, where it has no classification as QuPath gives it."""


def read_regions(path: str | Path, section: Section, column: str | None = None) -> Annotation:
    """Read named regions of a section.

    Parameters
    ----------
    path
        A table with a header (``.csv``, ``.tsv``, ``.txt``): barcodes, array coordinates or
        full-resolution pixels, and a column of labels; or outlines with names (``.geojson``) in
        full-resolution pixels, as QuPath writes them.
    section
        Whose spots are meant.
    column
        Column of labels, where a table has several.

    Raises
    ------
    ReadError
        When the file is missing, damaged, names nothing, or has several columns of labels.
    MaskError
        When the spots are those of another section.

    Warns
    -----
    StentransWarning
        When rows are no spots of this section, or a spot has several labels.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise ReadError(f"'{path}' is not a file. Check the path of the regions.")
    suffix = plain_suffix(path)
    if suffix not in SUFFIXES:
        raise ReadError(f"'{path}' holds no regions: expected one of {', '.join(SUFFIXES)}.")
    labels = _outlined if suffix in OUTLINE_SUFFIXES else _tabled
    annotation = Annotation.of(labels(path, section, column))
    if not annotation.names:
        raise ReadError(f"'{path}' names no region of this section: it has no names in it.")
    return annotation


def read_regions_steps(path: Path, section: Section) -> Steps[Annotation]:
    """Do what ``read_regions`` does, for a worker."""
    yield Progress(f"reading {path.name}", 0, 1)
    return read_regions(path, section)


def _tabled(path: Path, section: Section, column: str | None) -> list[str]:
    """(spot,) label of each spot in a table; "" where it has none."""
    table = _table(path)
    spots, used = _spots_of(table, section)
    n_known = int((spots >= 0).sum())
    if n_known < max(LEAST_SHARE * len(table), 1):
        raise MaskError(
            f"'{path.name}' is not about the spots of this section: of its {len(table):,} rows "
            f"{n_known:,} are found by barcode, array coordinates or position. The spots are named "
            f"like {section.adata.obs_names[0]!r}. Give a table with their barcodes and labels."
        )
    if n_known < len(table):
        warn(
            f"{len(table) - n_known:,} of {len(table):,} rows of {path.name} are no spots of this "
            "section; they are left out."
        )
    labels = [""] * section.n_spots
    again = 0
    for spot, label in zip(spots, table[_labels_of(table, used, path, column)], strict=True):
        if spot >= 0 and labels[spot] and labels[spot] != label:
            again += 1
        elif spot >= 0:
            labels[spot] = label
    if again:
        warn(
            f"{some(again, 'spot')} with several labels in {path.name}; the first of each is kept."
        )
    return labels


def _table(path: Path) -> pd.DataFrame:
    with reading(path, "Expected a table with a header."), open_text(path) as file:
        first = file.readline()
        file.seek(0)
        delimiter = delimiter_of(first) or r"\s+"
        table = pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False, index_col=False)
    table.columns = [str(name).strip() for name in table.columns]
    if len(table.columns) < 2 or not len(table):
        raise ReadError(
            f"'{path}' is no table of regions: expected a header, a column of barcodes or "
            f"positions and one of labels, found the columns {', '.join(table.columns)}."
        )
    return table.apply(lambda values: values.str.strip())


def _spots_of(table: pd.DataFrame, section: Section) -> tuple[NDArray[np.int64], set[str]]:
    """(row,) spot of each row, by what finds most of them, and the columns that say so; else -1."""
    best: tuple[NDArray[np.int64], set[str]] = np.full(len(table), -1), set()
    for found, used in _ways(table, section):
        if (found >= 0).sum() > (best[0] >= 0).sum():
            best = found, used
    return best


def _ways(table: pd.DataFrame, section: Section) -> Iterator[tuple[NDArray[np.int64], set[str]]]:
    """Ways to find the spots of a table: by name, array coordinates, position."""
    names = {str(name).lower(): str(name) for name in table.columns}
    for name in table.columns:
        yield match_barcodes(table[name].tolist(), section.adata.obs_names), {str(name)}
    obs = section.adata.obs
    if {"array_row", "array_col"} <= set(obs):
        known = pd.MultiIndex.from_arrays(
            [np.rint(obs[of].to_numpy(float)) for of in ("array_row", "array_col")]
        )
        for pair in ARRAY:
            at = _numbers(table, names, pair)
            if at is not None and known.is_unique:
                wanted = pd.MultiIndex.from_arrays(np.rint(at).T)
                yield known.get_indexer(wanted), {names[of] for of in pair}
    tree = KDTree(section.xy)
    for pair in PIXELS:
        at = _numbers(table, names, pair)
        if at is not None:
            far, near = tree.query(at)
            close = far < section.lattice.spacing / 2
            yield np.where(close, near, -1), {names[of] for of in pair}


def _numbers(
    table: pd.DataFrame, names: dict[str, str], pair: tuple[str, str]
) -> NDArray[np.float64] | None:
    """(row, 2) numbers of two columns; None where they are not there, or hold something else."""
    if not set(pair) <= names.keys():
        return None
    columns = [pd.to_numeric(table[names[name]], errors="coerce") for name in pair]
    at = np.column_stack(columns)
    return at if np.isfinite(at).all() else None


def _labels_of(table: pd.DataFrame, used: set[str], path: Path, column: str | None) -> str:
    """Column of labels: the one that is given, that has a usual name, or that is left."""
    if column is not None and column in table:
        return column
    left = [str(name) for name in table.columns if name not in used]
    usual = {name.lower().replace(" ", "_"): name for name in left}
    if column is None:
        for name in LABELS:
            if name in usual:
                return usual[name]
    texts = [name for name in left if not table[name].map(is_number).all()]
    texts = [name for name in texts if table[name].nunique() < max(len(table), 2)]
    found = texts or (left if len(left) == 1 else [])
    if column is None and len(found) == 1:
        return found[0]
    lacks = "no column" if column is None else f"no column {column!r}"
    several = f"several columns of labels ({', '.join(found)})"
    what = several if column is None and len(found) > 1 else lacks
    raise ReadError(
        f"'{path.name}' has {what} to name regions by; its columns are "
        f"{', '.join(table.columns)}. Call the one that is meant 'label'."
    )


def _outlined(path: Path, section: Section, column: str | None) -> list[str]:
    """(spot,) name of the outline that each spot's centre lies in; "" where it lies in none."""
    labels = [""] * section.n_spots
    again = 0
    with reading(path, "Expected GeoJSON with polygons in full-resolution pixels (x, y)."):
        with open_text(path) as file:
            content = json.load(file)
        for feature in _features(content):
            name = _name_of(feature.get("properties") or {}, column)
            inside = np.zeros(section.n_spots, bool)
            for rings in polygons_of(feature.get("geometry")):
                inside |= _inside(rings, section.xy)
            for spot in np.flatnonzero(inside):
                again += bool(labels[spot]) and labels[spot] != name
                labels[spot] = labels[spot] or name
    if again:
        warn(
            f"{some(again, 'spot')} in several outlines of {path.name}; the first of each is kept."
        )
    return labels


def _inside(rings: Any, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(spot,) True inside the first ring of a polygon, and outside the others."""
    outlines = [np.array([point[:2] for point in ring], float) for ring in rings]
    if not outlines or any(len(of) < 3 or not np.isfinite(of).all() for of in outlines):
        raise ValueError("a polygon has fewer than three corners, or corners without numbers")
    inside, *holes = (points_in_poly(xy, outline) for outline in outlines)
    for hole in holes:
        inside &= ~hole
    return np.asarray(inside)


def _features(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for member in node:
            yield from _features(member)
    elif isinstance(node, dict) and node.get("type") == "FeatureCollection":
        yield from _features(node["features"])
    elif isinstance(node, dict) and node.get("type") == "Feature":
        yield node


def _name_of(properties: dict[str, Any], column: str | None) -> str:
    classified = _classified(properties.get("classification")) if column is None else ""
    names = NAMES if column is None else (column,)
    return classified or next((str(properties[name]) for name in names if properties.get(name)), "")


def _classified(classification: Any) -> str:
    """Name of a class of QuPath, which gives several where one is part of another."""
    if not isinstance(classification, dict):
        return str(classification or "")
    several = classification.get("names") or [classification.get("name") or ""]
    return ": ".join(str(name) for name in several)
