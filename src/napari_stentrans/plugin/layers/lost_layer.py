"""LostLayer: the paint on a section, which says what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.io.masks import LostMask, painted_to_lost
from napari_stentrans.plugin.layers.images import LOST_OPACITY, brush_of, lost_layer
from napari_stentrans.plugin.layers.regions import Regions, names_of

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.layers.layer_store import LayerStore
    from napari_stentrans.plugin.models.section_model import SectionModel

OUTLINE = 3
"""Width of the outline of lost regions once they are filled, in raster pixels; at most."""
CELLS_PER_OUTLINE = 250
"""Raster pixels along a map for each of that width: a wide one would hide a spot of a small map."""


class LostLayer:
    """Paints lost regions of a section, with this ``opacity``; the ``paint`` of its model."""

    def __init__(self, store: LayerStore, model: SectionModel) -> None:
        self._store, self._model = store, model
        self.opacity = LOST_OPACITY

    @property
    def labels(self) -> NDArray[np.integer] | None:
        """Labels (row, column) on the section's raster; None before anything was painted."""
        return np.asarray(self._store["lost"].data) if "lost" in self._store else None

    @property
    def names(self) -> dict[int, str]:
        return names_of(self._store["lost"]) if "lost" in self._store else {}

    def begin(self) -> Labels:
        layer = self.make()
        self._store.viewer.layers.selection.active = layer
        layer.mode = "paint"
        return layer

    def stop(self) -> None:
        if "lost" in self._store:
            self._store["lost"].mode = "pan_zoom"

    def mask(self) -> LostMask:
        """Spots and sites that are painted as lost; none where there is no such layer."""
        section, labels = self._model.section, self.labels
        nothing = np.zeros(section.raster.shape, bool)
        return painted_to_lost(section, nothing if labels is None else labels)

    def make(self) -> Labels:
        """Layer of lost regions, made if needed, visible and filled."""
        section, store = self._model.section, self._store
        if "lost" not in store:
            store.put("lost", lost_layer(section, store.frame))
            store["lost"].brush_size = brush_of(section.raster)
            store["lost"].selected_label = 1
            store["lost"].opacity = self.opacity
        layer: Labels = store["lost"]
        layer.visible, layer.contour = True, 0
        return layer

    def paint_spots(self, lost: ArrayLike) -> None:
        """Paint the cells of spots (bool per spot) as lost, as one step that can be undone."""
        layer = self.make()
        cells = self._model.section.raster.paint(lost) & (np.asarray(layer.data) == 0)
        layer.data_setitem(np.nonzero(cells), 1)

    def paint_regions(self, annotation: Annotation) -> None:
        """Paint named regions as lost, where nothing is painted yet, as one step."""
        layer = self.make()
        regions, labels = Regions(layer), np.array(layer.data)
        for name in annotation.names:
            label = regions.label_of(name)
            cells = self._model.section.raster.paint(annotation.spots(name))
            labels[cells & (labels == 0)] = label
        self.relabel(labels)

    def relabel(self, labels: ArrayLike) -> None:
        """Repaint lost regions with labels (row, column), as one step that can be undone."""
        layer = self.make()
        labels = np.asarray(labels)
        changed = np.nonzero(labels != np.asarray(layer.data))
        if len(changed[0]):
            layer.data_setitem(changed, labels[changed])

    def outline(self, *, on: bool) -> None:
        """Show what was filled below the paint, or the paint as it is."""
        if "lost" in self._store:
            cells = max(self._model.section.raster.shape)
            width = min(1 + cells // CELLS_PER_OUTLINE, OUTLINE)
            self._store["lost"].contour = width if on else 0
