"""Edits of lost regions: labels (row, column) on a section's raster in, new labels out.

No edit paints over another region.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes
from scipy.ndimage import distance_transform_edt
from skimage.draw import polygon2mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

    Cells = NDArray[np.bool_]
    LabelImage = NDArray[np.integer]

STROKES = ("line", "path")
CORNERS_OF_ELLIPSE = 60


def added(labels: LabelImage, cells: Cells, label: int) -> LabelImage:
    """Paint cells with a label where nothing is painted yet."""
    return np.where(cells & (labels == 0), np.asarray(label, labels.dtype), labels)


def grown(section: Section, labels: LabelImage, label: int) -> LabelImage:
    """Let a region take in the spots next to it, and next to its sites the next sites.

    Beyond the spots it grows only where it has sites: a fold at the rim of the tissue must not
    spread into the empty glass.
    """
    raster, region = section.raster, labels == label
    step = section.lattice.spacing / raster.pixel
    on_spots = raster.index >= 0
    near = _within(region, step)
    cells = raster.paint(raster.lost(near | region)) & near
    sites = raster.paint_sites(raster.unmeasured(region, section.xy))
    cells |= _within(sites, step) & ~on_spots
    return added(labels, cells, label)


def shrunk(section: Section, labels: LabelImage, label: int) -> LabelImage:
    """Take away the outermost spots and sites of a region; the rim of the tissue is no border."""
    region, on_spots = labels == label, section.raster.index >= 0
    step = section.lattice.spacing / section.raster.pixel
    at = _around(region, step)
    border = (~region & on_spots)[at]
    if not border.any():  # all spots are painted
        border = ~region[at]
    gone = np.zeros(region.shape, bool)
    gone[at] = _within(border, step)
    gone[at] |= _within((~region & ~on_spots)[at], step) & ~on_spots[at]
    return np.where(region & gone, np.asarray(0, labels.dtype), labels)


def inverted(section: Section, labels: LabelImage, label: int) -> LabelImage:
    """Swap the spots of a region for those that no region has."""
    region = labels == label
    free = (labels == 0) & (section.raster.index >= 0)
    swapped = np.where(region, np.asarray(0, labels.dtype), labels)
    return np.where(free, np.asarray(label, labels.dtype), swapped)


def cleared(section: Section, labels: LabelImage, label: int) -> LabelImage:
    """Take the paint of all regions away."""
    return np.zeros_like(labels)


def shapes_of(viewer: ViewerModel) -> Shapes | None:
    """Find the Shapes layer that is meant: a selected one, else the only one with shapes in it."""
    found = [layer for layer in viewer.layers if isinstance(layer, Shapes) and layer.nshapes]
    selected = [layer for layer in found if layer in viewer.layers.selection]
    meant = selected or (found if len(found) == 1 else [])
    return meant[-1] if meant else None


def drawn(shapes: Shapes, layer: Labels) -> Cells:
    """(row, column) places on a layer's raster that shapes cover; lines as wide as their edge."""
    shape = np.asarray(layer.data).shape
    cells = np.zeros(shape, bool)
    for kind, corners, width in _outlines(shapes):
        world = np.array([shapes.data_to_world(corner)[-2:] for corner in corners])
        at = np.array([layer.world_to_data(corner) for corner in world])
        if kind not in STROKES:
            cells |= polygon2mask(shape, at)
            continue
        scale = abs(float(shapes.scale[-1])) / abs(float(layer.scale[-1]))
        cells |= _stroke(shape, at, max(width * scale / 2, 0.5))
    return cells


def _around(cells: Cells, distance: float) -> tuple[slice, slice]:
    """Window (rows, columns) that holds cells and all within a distance of them."""
    if not cells.any():
        return slice(0, 0), slice(0, 0)
    found = []
    for axis in (1, 0):
        at = np.flatnonzero(cells.any(axis))
        found.append(slice(max(int(at[0] - distance) - 1, 0), int(at[-1] + distance) + 2))
    return found[0], found[1]


def _within(cells: Cells, distance: float) -> Cells:
    """Places up to a distance (raster pixels) from cells."""
    near = np.zeros(cells.shape, bool)
    at = _around(cells, distance)
    if cells.any():
        near[at] = distance_transform_edt(~cells[at]) <= distance
    return near


def _outlines(shapes: Shapes) -> Iterator[tuple[str, NDArray[np.float64], float]]:
    """Kind, corners (corner, axis) in data coordinates and edge width of each shape."""
    widths = np.broadcast_to(shapes.edge_width, shapes.nshapes)
    for corners, kind, width in zip(shapes.data, shapes.shape_type, widths, strict=True):
        outline = np.asarray(corners, float)
        if kind == "ellipse":  # napari keeps the corners of the box around it
            centre = outline.mean(0)
            along, across = (outline[1] - outline[0]) / 2, (outline[3] - outline[0]) / 2
            turn = np.linspace(0, 2 * np.pi, CORNERS_OF_ELLIPSE, endpoint=False)
            outline = centre + np.outer(np.cos(turn), along) + np.outer(np.sin(turn), across)
        yield str(kind), outline, float(width)


def _stroke(shape: tuple[int, ...], points: NDArray[np.float64], radius: float) -> Cells:
    """Places up to a radius (raster pixels) from a line through points (point, 2)."""
    cells = np.zeros(shape, bool)
    for start, end in pairwise(points):
        n = int(np.ceil(np.abs(end - start).max() * 2)) + 1
        at = np.rint(start + np.linspace(0, 1, n)[:, None] * (end - start)).astype(int)
        at = at[((at >= 0) & (at < shape)).all(1)]
        cells[at[:, 0], at[:, 1]] = True
    return _within(cells, radius)
