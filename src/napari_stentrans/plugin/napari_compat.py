"""What is asked of napari's window beyond what napari makes public; nothing else asks for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import ref

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import Camera, LayerList, ViewerModel
    from napari.layers import Layer

CORNERS = {
    Qt.Corner.TopLeftCorner: Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.Corner.TopRightCorner: Qt.DockWidgetArea.RightDockWidgetArea,
}
"""Corners above the canvas, and the docks at its sides that get them."""
MARGIN = 0.05
"""Part of the canvas that is left free around a section."""
LAYER_DOCKS = ("layer controls", "layer list")
"""Names by which Qt finds napari's own docks of layers."""


def window_of(viewer: Any) -> QMainWindow:
    """Window of a viewer."""
    return unwrapped(viewer).window._qt_window


def canvas_of(viewer: Any) -> QWidget:
    """Widget that the layers of a viewer are drawn on."""
    return unwrapped(viewer).window._qt_viewer.canvas.native


class TopBar(QObject):
    """A widget without a title above the canvas, between the docks at its sides.

    It sets its own height, and its dock is called by a name.
    """

    def __init__(self, viewer: Any, widget: QWidget, name: str) -> None:
        super().__init__(widget)
        self._viewer: Any = unwrapped(viewer)
        self._dock: Any = self._viewer.window.add_dock_widget(
            widget, name=name, area="top", allowed_areas=["top"]
        )
        self._dock.setTitleBarWidget(QWidget())
        self._dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        window = window_of(viewer)
        self._corners = {corner: window.corner(corner) for corner in CORNERS}
        for corner, area in CORNERS.items():
            window.setCorner(corner, area)

    def set_height(self, height: int) -> None:
        if self._dock is not None:
            self._dock.setFixedHeight(height)

    def let_go(self) -> None:
        """Take the widget out of the window, which is then as it was, and hold on to nothing."""
        if isalive(self._dock):
            for corner, area in self._corners.items():
                self._dock.parent().setCorner(corner, area)
            self._viewer.window.remove_dock_widget(self._dock)
        self._viewer = self._dock = None


class LayerDocks(QObject):
    """napari's own controls and list of layers, which can be folded away together.

    napari saves which docks are seen when its window closes: they are back by then. What a person
    has hidden in napari stays hidden, unless they ask for it.
    """

    changed = Signal()
    """They were folded away or brought back, by whoever."""

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._hidden: list[str] = []
        self._held = ref(window_of(viewer))  # which it may not keep alive
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(0)
        self._again.timeout.connect(self._fold_again)
        self._window.installEventFilter(self)
        for dock in self._docks():
            dock.visibilityChanged.connect(self.changed)

    @property
    def _window(self) -> Any:
        """The window; None once it was closed."""
        window = self._held()
        return window if window is not None and isalive(window) else None

    @property
    def folded(self) -> bool:
        """Whether none of them is seen."""
        return all(dock.isHidden() for dock in self._docks())

    def fold(self, on: bool) -> None:
        if on:
            self._hidden = [dock.objectName() for dock in self._docks() if not dock.isHidden()]
        for dock in self._docks():
            dock.setVisible(not on)

    def _undo(self) -> None:
        for dock in self._docks():
            if dock.objectName() in self._hidden:
                dock.show()
        self._hidden = []

    def let_go(self) -> None:
        """Bring them back for good."""
        self._again.stop()
        if self._window is not None:
            self._window.removeEventFilter(self)
            for dock in self._docks():
                dock.visibilityChanged.disconnect(self.changed)
            self._undo()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Bring them back before the window closes; it may yet stay, if a person says so."""
        if event.type() == QEvent.Type.Close and watched is self._window and self.folded:
            self._undo()
            self._again.start()
        return False

    def _fold_again(self) -> None:
        if self._window is not None and self._window.isVisible():
            self.fold(True)

    def _docks(self) -> Sequence[Any]:
        if self._window is None:
            return []
        found: list[Any] = [self._window.findChild(QDockWidget, name) for name in LAYER_DOCKS]
        return [dock for dock in found if dock is not None]


def unwrapped(viewer: Any) -> Any:
    """Return the viewer itself: napari gives plugins a proxy, which is not the same object."""
    return getattr(viewer, "__wrapped__", viewer)


def camera_of(viewer: Any) -> Camera:
    """Camera of a viewer: its scene's since napari 0.9, its own before."""
    return getattr(viewer, "scene", viewer).camera


def insert(layers: LayerList, at: int, layer: Layer) -> None:
    """Insert a layer, and leave selected what was; the layer where nothing was.

    napari selects what is inserted. To build its controls on the screen, and those of the layer
    that was selected again, takes as long as the rest.
    """
    selected, active = set(layers.selection), layers.selection.active
    if not selected:
        layers.insert(at, layer)
        return
    with layers.selection.events.blocker_all():
        layers.insert(at, layer)
        layers.selection = selected
        if active is not None:
            layers.selection.active = active


def fit_to(viewer: ViewerModel, layers: Sequence[Layer]) -> bool:
    """Fit the view to layers, or to all where napari cannot fit to some; whether it could."""
    with suppress(TypeError):  # napari before 0.7
        if layers and all(layer.ndim == viewer.dims.ndim for layer in layers):
            viewer.reset_view(layers=layers, margin=MARGIN)
            return True
    viewer.reset_view(margin=MARGIN)  # flat layers beside a stack of three axes
    return False
