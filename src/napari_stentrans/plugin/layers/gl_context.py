"""GlContext: napari takes layers out of the canvas while that can be drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_stentrans.plugin.napari_compat import canvas_of

if TYPE_CHECKING:
    import napari


class GlContext(QObject):
    """Makes the context of the canvas current before a layer is removed.

    napari then sends what waits to be drawn to OpenGL at once, outside of a paint event. Where no
    context is current, that is lost, and OpenGL breaks down when it draws what never came.
    """

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas: Any = canvas_of(viewer)
        self._removing = viewer.layers.events.removing
        self._removing.connect(self._on_removing)

    def let_go(self) -> None:
        self._removing.disconnect(self._on_removing)

    def _on_removing(self, event: object) -> None:
        if self._canvas.isValid():
            self._canvas.makeCurrent()
