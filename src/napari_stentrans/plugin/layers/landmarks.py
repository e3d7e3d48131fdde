"""Landmarks: pairs of places on a section and on a neighbour, which is shown beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from psygnal import Signal

from napari_stentrans.alignment import from_landmarks
from napari_stentrans.plugin.compare.view_mode import ViewMode
from napari_stentrans.plugin.layers.tags import ON, Tag
from napari_stentrans.plugin.napari_compat import camera_of, fit_to, insert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.alignment import Alignment
    from napari_stentrans.plugin.layers.neighbour_layers import NeighbourLayers
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.beside import Beside

NAME = "landmarks"
HERE, THERE = "#e69f00", "#56b4e9"
"""Colours of the points on the section, and of those on its neighbour."""
GAP = 2.0
"""Between both, in spacings of the section."""
SIZE = 0.05
"""Of a point, as a share of the section."""


class Landmarks(ViewMode):
    """A layer of points, those on the section numbered like those on its neighbour.

    Where a point lies says which of both it is on.

    Attributes
    ----------
    aside
        How far (x, y) from where it lies the neighbour is shown, full-resolution pixels.
    """

    changed = Signal()
    """A point came, went or was moved."""

    def __init__(self, layers: SectionLayers, drawn: NeighbourLayers, one: Beside) -> None:
        viewer, section = layers.viewer, layers.model.section
        self._layers, self._drawn, self._one = layers, drawn, one
        theirs = one.lies.onto(one.given.section.xy[one.given.seen])
        gap = GAP * section.lattice.spacing
        self._edge = section.xy[:, 0].max() + gap
        middles = [(xy.min(0) + xy.max(0)) / 2 for xy in (section.xy, theirs)]
        self.aside = np.array([self._edge + gap - theirs[:, 0].min(), (middles[0] - middles[1])[1]])
        drawn.put_aside(one, self.aside)
        size = SIZE * np.ptp(section.xy, axis=0).max() * layers.frame.per_px
        self.layer = Points(
            ndim=2,
            name=NAME,
            size=size,
            border_color="black",
            text={"string": "{pair}", "color": "black", "anchor": "center", "size": 10},
            features={"pair": np.empty(0, int)},
            units=(layers.frame.unit,) * 2,
            metadata={ON: Tag(layers=layers)},
        )
        beside = drawn.layer(one)
        needed = [self.layer] if beside is None else [self.layer, beside]
        super().__init__(viewer, needed)
        insert(viewer.layers, len(viewer.layers), self.layer)
        self._active = viewer.layers.selection.active
        viewer.layers.selection.active = self.layer
        self.layer.mode = "add"
        maps = [layer for layer in (layers.now("before"),) if layer is not None]
        camera = camera_of(viewer)
        self._seen = camera.center, camera.zoom
        fit_to(viewer, [*maps, *needed[1:]])
        self._listen((self.layer.events.data, self._on_points))

    @property
    def pairs(self) -> int:
        """How many places are marked on both."""
        here, there = self._places()
        return min(len(here), len(there))

    def alignment(self) -> Alignment:
        """How the neighbour lies by the pairs; SectionError where they do not say it."""
        here, there = self._places()
        return from_landmarks(here, self._one.lies.back(there - self.aside))

    def _places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (x, y) of the points on the section, and of those on what is beside it."""
        xy = self._layers.frame.xy(np.asarray(self.layer.data).reshape(-1, 2))
        there = xy[:, 0] > self._edge
        return xy[~there], xy[there]

    def _on_points(self, event: Any = None) -> None:
        """Number and colour the points by where they lie."""
        xy = self._layers.frame.xy(np.asarray(self.layer.data).reshape(-1, 2))
        there = xy[:, 0] > self._edge
        number = np.where(there, np.cumsum(there), np.cumsum(~there))
        if len(xy):
            self.layer.features = {"pair": number}
            self.layer.face_color = [THERE if on else HERE for on in there]
        self.changed.emit()

    def _restore(self) -> None:
        self._drawn.put_aside(None, np.zeros(2))
        layers, camera = self._viewer.layers, camera_of(self._viewer)
        if self.layer in layers:
            layers.remove(self.layer)
        if self._active in layers:
            layers.selection.active = self._active
        camera.center, camera.zoom = self._seen
