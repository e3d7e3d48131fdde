"""Masks of lost regions: label images, lists of barcodes and GeoJSON outlines, as one LostMask.

Images and outlines are first brought onto the section's raster, where a person paints too, so
that a region means the same spots however it was given.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from skimage.draw import polygon2mask

from napari_stentrans.errors import MaskError, ReadError
from napari_stentrans.image_fit import whole_images
from napari_stentrans.io._shared import (
    delimiter_of,
    match_barcodes,
    open_text,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.images import IMAGE_SUFFIXES, read_pixels
from napari_stentrans.paths import absolute
from napari_stentrans.wording import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.section import Section

BARCODE_SUFFIXES = (".csv", ".tsv", ".txt")
OUTLINE_SUFFIXES = (".geojson", ".json")
FINEST_PIXEL = 2.0
"""Below this spacing, positions are array coordinates and no pixels of an image."""


@dataclass(frozen=True, eq=False)
class LostMask:
    """What a mask of lost regions means for a section.

    Attributes
    ----------
    lost
        (spot,) True where a measured spot lies in a lost region.
    sites
        (site, 2) positions (x, y) of painted places without a spot, full-resolution pixels.
    """

    lost: NDArray[np.bool_]
    sites: NDArray[np.float64]


def painted_to_lost(section: Section, painted: ArrayLike) -> LostMask:
    """Turn labels painted on the section's raster (row, column) into spots and sites.

    Raises
    ------
    MaskError
        When the labels do not have the shape of the raster.
    """
    raster = section.raster
    return LostMask(raster.lost(painted), raster.unmeasured(painted, section.xy))


def read_mask(path: str | Path, section: Section) -> LostMask:
    """Read a mask of lost regions.

    Parameters
    ----------
    path
        A label image (``.tif``, ``.png``, ``.npy``; anything but 0 is lost), a list of barcodes
        (``.csv``, ``.tsv``, ``.txt``) or outlines (``.geojson``). An image has the shape of
        the section's raster, or of one of its images, or holds full-resolution pixels, which
        are also the coordinates of outlines.

    Raises
    ------
    ReadError
        When the file is missing, damaged or of another format.
    MaskError
        When the mask does not fit the section.

    Warns
    -----
    StentransWarning
        When the mask marks nothing, or some barcodes are unknown.
    """
    path = absolute(path)
    if not path.is_file():
        raise ReadError(f"'{path}' is not a file. Check the path of the mask.")
    suffix = plain_suffix(path)
    if suffix in BARCODE_SUFFIXES:
        mask = LostMask(_lost_barcodes(path, section), np.empty((0, 2)))
    elif suffix in OUTLINE_SUFFIXES:
        mask = painted_to_lost(section, _draw_outlines(path, section))
    elif suffix == ".npy" or suffix in IMAGE_SUFFIXES:
        mask = painted_to_lost(section, _on_raster(_read_labels(path), section))
    else:
        accepted = (*IMAGE_SUFFIXES, ".npy", *BARCODE_SUFFIXES, *OUTLINE_SUFFIXES)
        raise ReadError(f"'{path}' is not a mask: expected one of {', '.join(accepted)}.")
    if not mask.lost.any() and not len(mask.sites):
        warn(f"'{path.name}' marks no spot and no site next to the spots of this section.")
    return mask


def _read_labels(path: Path) -> NDArray[np.bool_]:
    """(row, column) True where an image is painted: not 0, not black, not transparent."""
    if path.suffix.lower() == ".npy":
        with reading(path, "Expected an array that numpy.save wrote."):
            labels = np.load(path, allow_pickle=False)
    else:
        labels = read_pixels(path)
    if labels.ndim == 3 and labels.shape[2] in (2, 4):
        labels = labels[..., :-1] * (labels[..., -1:] != 0)
    if labels.ndim == 3 and labels.shape[2] in (1, 3):
        labels = (labels != 0).any(axis=2)
    if labels.ndim != 2:
        raise MaskError(
            f"A mask must be one image (rows, columns), {path.name} has the shape "
            f"{labels.shape}. Save a single plane of it."
        )
    return np.asarray(np.nan_to_num(labels) != 0)


def _on_raster(painted: NDArray[np.bool_], section: Section) -> NDArray[np.bool_]:
    """Bring a painted image onto the raster (row, column) of the section."""
    if painted.shape == section.raster.shape:
        return painted
    # An image of scale 1 has full-resolution pixels: it need not be read for its shape.
    images = list(whole_images(section.images))
    for image in images:
        if (image.scale != 1 or any(image.origin)) and painted.shape == image.size:
            return _sample(painted, image.scale, section, image.origin)
    rows, columns = np.ceil(section.xy.max(0)).astype(int)[::-1] + 1
    in_pixels = section.lattice.spacing >= FINEST_PIXEL
    if in_pixels and painted.shape[0] >= rows and painted.shape[1] >= columns:
        return _sample(painted, 1.0, section)
    fitting = [f"{section.raster.shape} (the map)"]
    fitting += [f"{im.size} (the image {im.name})" for im in images]
    if in_pixels:
        fitting.append(f"at least ({rows}, {columns}) (full-resolution pixels)")
    raise MaskError(
        f"The mask has the shape {painted.shape}, which does not fit this section. Shapes "
        f"(rows, columns) that fit: {', '.join(fitting)}."
    )


def _sample(
    painted: NDArray[np.bool_],
    scale: float,
    section: Section,
    origin: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.bool_]:
    """Look up the mask at the centre of every raster pixel; nothing is painted beyond it."""
    xy = np.floor((section.raster.pixel_xy() - origin + 0.5) * scale).astype(np.int64)
    column, row = xy[..., 0], xy[..., 1]
    inside = (row >= 0) & (column >= 0) & (row < painted.shape[0]) & (column < painted.shape[1])
    found = np.zeros(section.raster.shape, bool)
    found[inside] = painted[row[inside], column[inside]]
    return found


def _lost_barcodes(path: Path, section: Section) -> NDArray[np.bool_]:
    """(spot,) True for the spots of a list."""
    with reading(path, "Expected a list of barcodes, one in a line."), open_text(path) as file:
        lines = [line for line in file.read().splitlines() if line.strip()]
    delimiter = delimiter_of(lines[0]) if lines else None
    rows = [[f.strip() for f in row] for row in csv.reader(lines, delimiter=delimiter or "\t")]
    header = [field.lower() for field in rows[0]] if rows else []
    column = next((header.index(n) for n in ("barcode", "barcodes") if n in header), 0)
    barcodes = [row[column] for row in rows if len(row) > column and row[column]]
    if barcodes and match_barcodes(barcodes[:1], section.adata.obs_names)[0] < 0 and rows[1:]:
        barcodes = barcodes[1:]  # a header
    at = match_barcodes(barcodes, section.adata.obs_names)
    unknown = [barcode for barcode, spot in zip(barcodes, at, strict=True) if spot < 0]
    if len(unknown) == len(barcodes):
        raise MaskError(
            f"'{path.name}' names no spot of this section: it lists "
            f"{unknown[0] if unknown else 'nothing'!r}, the spots are named like "
            f"{section.adata.obs_names[0]!r}. Give a list of this section's barcodes."
        )
    if unknown:
        warn(
            f"{some_of(len(unknown), len(barcodes), 'barcode', 'is', 'are')} not in this section "
            f"({path.name}; first: {unknown[0]!r}) and left out."
        )
    lost = np.zeros(section.n_spots, bool)
    lost[at[at >= 0]] = True
    return lost


def _draw_outlines(path: Path, section: Section) -> NDArray[np.bool_]:
    """(row, column) raster of the polygons in a GeoJSON file."""
    painted = np.zeros(section.raster.shape, bool)
    n_polygons = 0
    with reading(path, "Expected GeoJSON with polygons in full-resolution pixels (x, y)."):
        with open_text(path) as file:
            content = json.load(file)
        for rings in polygons_of(content):
            n_polygons += 1
            _draw_rings(rings, section, painted)
    if not n_polygons:
        raise MaskError(f"'{path.name}' holds no polygon. Export the regions as filled outlines.")
    return painted


def polygons_of(node: Any) -> Iterator[Any]:
    """Every polygon (list of rings) in a GeoJSON object, or in a list of such objects."""
    if isinstance(node, list):
        for member in node:
            yield from polygons_of(member)
    elif node is not None:
        kind = node["type"]
        if kind == "FeatureCollection":
            yield from polygons_of(node["features"])
        elif kind == "Feature":
            yield from polygons_of(node["geometry"])
        elif kind == "GeometryCollection":
            yield from polygons_of(node["geometries"])
        elif kind == "MultiPolygon":
            yield from node["coordinates"]
        elif kind == "Polygon":
            yield node["coordinates"]


def _draw_rings(rings: Any, section: Section, painted: NDArray[np.bool_]) -> None:
    """Paint one polygon on the raster: inside its first ring and outside the others."""
    raster = section.raster
    outlines = []
    for ring in rings:
        xy = np.array([point[:2] for point in ring], float)
        if len(xy) < 3 or not np.isfinite(xy).all():
            raise ValueError("a polygon has fewer than three corners, or corners without numbers")
        outlines.append(((xy - raster.origin) / raster.pixel)[:, ::-1])
    if not outlines:
        return
    corners = np.concatenate(outlines)
    low = np.clip(np.floor(corners.min(0)), 0, raster.shape).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, low, raster.shape).astype(int)
    patch = np.zeros(high - low, bool)
    for number, outline in enumerate(outlines):
        patch[polygon2mask(patch.shape, outline - low)] = number == 0
    painted[low[0] : high[0], low[1] : high[1]] |= patch
