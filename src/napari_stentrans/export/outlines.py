"""Outlines of painted regions, as polygons of GeoJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import find_objects
from skimage.measure import find_contours, label

from napari_stentrans.export.colours import REGION_COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from napari_stentrans.raster import SpotRaster

Ring = list[list[float]]

FINE = 1e-3
"""Corners are rounded to this share of a raster pixel."""


def to_geojson(
    labels: NDArray[np.integer[Any]], raster: SpotRaster, names: Mapping[int, str]
) -> dict[str, Any]:
    """Feature collection as QuPath reads and writes it: an annotation for each label but 0.

    Parameters
    ----------
    labels
        (row, column) on the raster.
    raster
        Gives the corners in full-resolution pixels (x, y).
    names
        Name of each label.
    """
    decimals = max(int(np.ceil(-np.log10(raster.pixel * FINE))), 0)
    features = []
    for number in np.unique(labels[labels != 0]):
        polygons = [
            [_corners(ring, raster, decimals) for ring in rings]
            for rings in _rings(labels == number)
        ]
        name = names[int(number)]
        colour = REGION_COLOURS[(int(number) - 1) % len(REGION_COLOURS)]
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "MultiPolygon", "coordinates": polygons},
                "properties": {
                    "objectType": "annotation",
                    "name": name,
                    "classification": {"name": name, "color": list(bytes.fromhex(colour[1:]))},
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _rings(painted: NDArray[np.bool_]) -> Iterator[list[NDArray[np.float64]]]:
    """Outer ring and holes (corner, 2) of every patch of a mask, in raster rows and columns.

    Corners lie halfway between the centres of pixels, so that no centre lies on an outline.
    """
    patches = label(painted, connectivity=1)
    for number, window in enumerate(find_objects(patches), start=1):
        patch = np.pad(patches[window] == number, 1)
        offset = np.array([part.start for part in window]) - 1
        rings = [_straightened(ring + offset) for ring in find_contours(patch.astype(float), 0.5)]
        rings.sort(key=lambda ring: -abs(_area(ring)))
        yield rings


def _straightened(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed ring (corner, 2) without the points between two corners, open."""
    ring = ring[:-1]
    step = np.roll(ring, -1, axis=0) - ring
    before = np.roll(step, 1, axis=0)
    return np.asarray(ring[before[:, 0] * step[:, 1] != before[:, 1] * step[:, 0]])


def _area(ring: NDArray[np.float64]) -> float:
    """Area inside an open ring (row, column), positive where (x, y) goes counterclockwise."""
    (y, x), (y2, x2) = ring.T, np.roll(ring, -1, axis=0).T
    return float((x * y2 - x2 * y).sum() / 2)


def _corners(ring: NDArray[np.float64], raster: SpotRaster, decimals: int) -> Ring:
    """Closed ring of (x, y) in full-resolution pixels."""
    xy = raster.origin + raster.pixel * ring[:, ::-1]
    return np.round(np.concatenate([xy, xy[:1]]), decimals).tolist()
