"""LostLayers: the paint on a section, which says what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.io.masks import LostMask, painted_to_lost
from napari_stentrans.plugin.layers.images import LOST_OPACITY, brush_of, lost_layer
from napari_stentrans.plugin.layers.picture_layers import PictureLayers

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import ArrayLike


class LostLayers(PictureLayers):
    """A section in a viewer, whose lost regions can be painted.

    Attributes
    ----------
    lost_opacity
        Opacity of the layer of lost regions when it is made.
    """

    lost_opacity = LOST_OPACITY

    def add_lost(self) -> Labels:
        """Let the person paint: make the layer of lost regions if needed, and select it."""
        layer = self._lost_layer()
        self.viewer.layers.selection.active = layer
        layer.mode = "paint"
        return layer

    def stop_painting(self) -> None:
        """Leave brush and other tools, so that a click on the map paints nothing."""
        if self.lost is not None:
            self.lost.mode = "pan_zoom"

    def painted(self) -> LostMask:
        """Spots and sites that are painted as lost; none where there is no such layer."""
        nothing = np.zeros(self.section.raster.shape, bool)
        return painted_to_lost(self.section, nothing if self.lost is None else self.lost.data)

    def make_lost(self) -> None:
        """Make the layer of lost regions, where it is not there."""
        self._lost_layer()

    def paint_spots(self, lost: ArrayLike) -> None:
        """Paint the cells of spots (bool per spot) as lost, as one step that can be undone."""
        layer = self._lost_layer()
        cells = self.section.raster.paint(lost) & (np.asarray(layer.data) == 0)
        layer.data_setitem(np.nonzero(cells), 1)

    def relabel(self, labels: ArrayLike) -> None:
        """Repaint lost regions with labels (row, column), as one step that can be undone."""
        layer = self._lost_layer()
        labels = np.asarray(labels)
        changed = np.nonzero(labels != np.asarray(layer.data))
        if len(changed[0]):
            layer.data_setitem(changed, labels[changed])

    def _lost_layer(self) -> Labels:
        """Layer of lost regions, made if needed, visible and filled."""
        if self.lost is None:
            self._layers.put("lost", lost_layer(self.section, self._frame))
            self._layers["lost"].brush_size = brush_of(self.section.raster)
            self._layers["lost"].selected_label = 1
            self._layers["lost"].opacity = self.lost_opacity
        layer: Labels = self._layers["lost"]
        layer.visible, layer.contour = True, 0
        return layer
