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
    """Paints lost regions of a section; the ``paint`` of its model.

    Parameters
    ----------
    store
        Holds the layer.
    model
        The section.

    Attributes
    ----------
    opacity
        Of the layer when it is made.
    """

    def __init__(self, store: LayerStore, model: SectionModel) -> None:
        self._store, self._model = store, model
        self.opacity = LOST_OPACITY

    @property
    def labels(self) -> NDArray[np.integer] | None:
        """Labels (row, column) on the section's raster; None before anything was painted."""
        layer = self._store.get("lost")
        return None if layer is None else np.asarray(layer.data)

    @property
    def names(self) -> dict[int, str]:
        """Names of the regions by label."""
        layer = self._store.get("lost")
        return {} if layer is None else names_of(layer)

    def begin(self) -> Labels:
        """Let the person paint: make the layer if needed, and select it."""
        layer = self.make()
        self._store.viewer.layers.selection.active = layer
        layer.mode = "paint"
        return layer

    def stop(self) -> None:
        """Leave brush and other tools, so that a click on the map paints nothing."""
        layer = self._store.layer("lost")
        if layer is not None:
            layer.mode = "pan_zoom"

    def mask(self) -> LostMask:
        """Spots and sites that are painted as lost; none where there is no such layer."""
        nothing = np.zeros(self._model.section.raster.shape, bool)
        labels = self.labels
        return painted_to_lost(self._model.section, nothing if labels is None else labels)

    def make(self) -> Labels:
        """Layer of lost regions, made if needed, visible and filled."""
        section, store = self._model.section, self._store
        if store.layer("lost") is None:
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
        layer = self._store.layer("lost")
        if layer is not None:
            cells = max(self._model.section.raster.shape)
            layer.contour = min(1 + cells // CELLS_PER_OUTLINE, OUTLINE) if on else 0
