"""Frame: the world coordinates of a section in napari, and the transforms of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pint

from napari_stentrans.plugin.layers.tags import ON, TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section, SectionImage


@dataclass(frozen=True)
class Frame:
    """World coordinates: ``per_px`` units of length ``unit`` are one full-resolution pixel."""

    unit: str
    per_px: float

    @classmethod
    def of(cls, section: Section, others: Iterable[Layer] = ()) -> Frame:
        """Frame of a section among other layers: napari shows one unit at a time.

        Layers of a person's own decide. Beside those in another unit of length, that unit is
        taken; beside those in pixels, pixels, since they are most likely an image of the same
        section. Where the scale of a section is not known, all sections are shown in pixels;
        beside layers in a unit of length, one pixel is then shown as one unit.
        """
        others = list(others)
        ours = [layer for layer in others if TAG in layer.metadata or ON in layer.metadata]
        own = {unit for layer in others if layer not in ours for unit in layer.units[-2:]}
        um = pint.get_application_registry().micrometer
        lengths = all(unit.is_compatible_with(um) for unit in own)
        if not lengths:
            return cls("pixel", 1.0)
        unit = min(own, key=str, default=um)
        if section.um_per_px is None:
            return cls(str(unit), 1.0) if own else cls("pixel", 1.0)
        theirs = [unit for layer in ours for unit in layer.units[-2:]]
        if not own and not all(other.is_compatible_with(um) for other in theirs):
            return cls("pixel", 1.0)
        return cls(str(unit), float((section.um_per_px * um).to(unit).magnitude))

    def of_raster(self, raster: SpotRaster) -> dict[str, Any]:
        return self._transform(raster.pixel, raster.origin[::-1])

    def of_image(self, image: SectionImage) -> dict[str, Any]:
        return self._transform(
            1 / image.scale, image.origin[::-1] + np.full(2, 0.5 / image.scale - 0.5)
        )

    def of_affine(self, affine: NDArray[np.float64]) -> dict[str, Any]:
        """Transform of a picture, from an affine (2, 3) of its pixels (x, y) to positions."""
        matrix = np.eye(3)
        matrix[:2] = affine[::-1, [1, 0, 2]] * self.per_px
        return {"affine": matrix, "units": (self.unit,) * 2}

    def affine_of(self, layer: Layer) -> NDArray[np.float64]:
        """Affine (2, 3) of the pixels (x, y) of a layer to positions: where it lies now."""
        origin = np.asarray(layer.data_to_world(np.zeros(layer.ndim)), float)
        steps = [
            np.asarray(layer.data_to_world(step), float) - origin
            for step in np.eye(layer.ndim)[[-1, -2]]
        ]
        return self.xy(np.stack([*steps, origin])[:, -2:]).T

    def world_yx(self, xy: ArrayLike) -> NDArray[np.float64]:
        """World coordinates (site, 2) of positions (x, y) in full-resolution pixels."""
        return np.asarray(xy, float)[..., ::-1] * self.per_px

    def xy(self, world_yx: ArrayLike) -> NDArray[np.float64]:
        """Positions (site, 2) (x, y) in full-resolution pixels of world coordinates."""
        return np.asarray(world_yx, float)[..., ::-1] / self.per_px

    def _transform(self, pixel: float, origin_yx: NDArray[np.float64]) -> dict[str, Any]:
        return {
            "scale": (pixel * self.per_px,) * 2,
            "translate": tuple(origin_yx * self.per_px),
            "units": (self.unit,) * 2,
        }


def rescale(layer: Layer, ratio: float, unit: str) -> None:
    """Let a layer lie where it lies, in another unit: ``ratio`` new ones are an old one."""
    layer.units = (unit,) * layer.ndim
    matrix = np.array(layer.affine.affine_matrix)
    if np.array_equal(matrix, np.eye(len(matrix))):
        layer.scale, layer.translate = layer.scale * ratio, layer.translate * ratio
    else:
        matrix[:-1] *= ratio
        layer.affine = matrix
    layer.events.extent()  # napari forgets the units of all layers when one lies elsewhere only


def drawn_on(viewer: ViewerModel, layers: object) -> list[Layer]:
    """Layers that are none of a section's roles, but drawn on it for a while."""
    return [layer for layer in viewer.layers if layer.metadata.get(ON, {}).get("layers") is layers]
