"""AutoFit: a section fills the canvas, and goes on to when the canvas changes its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QObject

from napari_stentrans.plugin.napari_compat import camera_of, canvas_of, fit_to
from napari_stentrans.plugin.widgets.throttle import next_turn

if TYPE_CHECKING:
    import napari
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers


class AutoFit(QObject):
    """Fits a section to the canvas anew when a dock or the window takes another size.

    It does so until a person moves or zooms the view, which is theirs from then on.
    """

    def __init__(self, parent: QObject, viewer: napari.Viewer) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layers: SectionLayers | None = None
        self._fitted: tuple[float, ...] = ()
        self._again = next_turn(self._fit_again, self)  # once napari knows the new size too
        canvas_of(viewer).installEventFilter(self)

    def fit(self, layers: SectionLayers) -> None:
        """Fit the view to the sites of a section; its layers reach further, as room to paint."""
        self._layers = layers
        drawn = next(filter(None, map(layers.now, ("before", "after"))), None)
        whole = layers.present if drawn is None else [drawn]
        if fit_to(self._viewer, whole) and drawn is not None:
            _close_in(self._viewer, drawn, _box(layers))
        self._fitted = _view(self._viewer)

    def let_go(self) -> None:
        self._layers = None

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() == QEvent.Type.Resize and self._layers is not None:
            self._again.start()
        return False

    def _fit_again(self) -> None:
        layers = self._layers
        if layers is None or layers.visibility.away or not layers.present:
            return
        if np.allclose(_view(self._viewer), self._fitted):
            self.fit(layers)


def _close_in(viewer: ViewerModel, layer: Layer, box: NDArray[np.float64]) -> None:
    """Go from a view that is fitted to a layer on to a box (corner, 2) (y, x) of the world."""
    camera = camera_of(viewer)
    (held,) = np.diff(layer.extent.world, axis=0)
    camera.center = (*camera.center[:-2], *box.mean(0))
    camera.zoom *= np.min(held / np.ptp(box, axis=0))


def _box(layers: SectionLayers) -> NDArray[np.float64]:
    """Corners (corner, 2) (y, x) in the world of what the cells of all sites cover."""
    result, section = layers.model.enhancement, layers.model.section
    xy = section.xy if result is None else result.sites.xy
    half = section.lattice.spacing / 2
    return layers.frame.world_yx([xy.min(0) - half, xy.max(0) + half])


def _view(viewer: ViewerModel) -> tuple[float, ...]:
    camera = camera_of(viewer)
    return (*camera.center[-2:], camera.zoom)
