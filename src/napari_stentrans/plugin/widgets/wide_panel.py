"""WidePanel: tabs below the canvas, where plots and tables have room; there while asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from napari_stentrans.plugin.widgets.panel import in_rows

if TYPE_CHECKING:
    import napari

NAME = "stEnTrans: plots and table"
LOOKS = "QTableView::item:selected {background-color: rgba(90, 125, 235, 150);}"
HEIGHT = 320
"""Pixels, at first; a person drags the border."""
CORNERS = {
    Qt.Corner.BottomLeftCorner: Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.Corner.BottomRightCorner: Qt.DockWidgetArea.RightDockWidgetArea,
}
"""What is at the sides keeps its height."""


class WidePanel(QWidget):
    """Tabs in a dock of napari's below the canvas, which is made when one is opened."""

    changed = Signal()
    """Another tab is seen, or none."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._window = viewer.window
        self._dock: QDockWidget | None = None
        self._corners: dict[Qt.Corner, Qt.DockWidgetArea] = {}
        self._height = HEIGHT
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("plots and table")
        self.tabs.currentChanged.connect(lambda _: self.changed.emit())
        self.setStyleSheet(LOOKS)
        in_rows(self, self.tabs, margins=(0, 0, 4, 4))

    def add(self, name: str, page: QWidget, tip: str) -> None:
        at = self.tabs.addTab(page, name)
        self.tabs.setTabToolTip(at, tip)

    @property
    def page(self) -> QWidget | None:
        """Page that is open; None while the panel is closed."""
        return None if self._dock is None else self.tabs.currentWidget()

    def open(self, page: QWidget) -> None:
        self.tabs.setCurrentWidget(page)
        if self._dock is None:
            self._dock_below()
        page.setFocus()
        self.changed.emit()

    def close_page(self, page: QWidget) -> None:
        if self.page is page:
            self.shut()

    def shut(self) -> None:
        """Take the panel out of the window; its pages stay as they are."""
        if self._dock is not None and isalive(self._dock):
            self._height = self._dock.height()
            self._window.remove_dock_widget(self._dock)  # which tells of it: see changeEvent

    def let_go(self) -> None:
        self.shut()
        self.deleteLater()

    def _dock_below(self) -> None:
        dock = self._window.add_dock_widget(
            self, name=NAME, area="bottom", allowed_areas=["bottom", "top"]
        )
        self._dock = dock
        window: Any = dock.parent()
        if isinstance(window, QMainWindow):
            self._corners = {corner: window.corner(corner) for corner in CORNERS}
            for corner, area in CORNERS.items():
                window.setCorner(corner, area)
            window.resizeDocks([dock], [self._height], Qt.Orientation.Vertical)
        dock.visibilityChanged.connect(partial(self._on_visibility, dock))
        self.show()
        dock.show()

    def _on_visibility(self, dock: QDockWidget, seen: bool) -> None:
        """Go where a person hides the panel: there is no other way to bring it back."""
        if not seen and dock is self._dock and dock.isHidden():
            self.shut()

    def _on_out(self) -> None:
        dock, self._dock = self._dock, None
        window: Any = None if dock is None or not isalive(dock) else dock.parent()
        if isinstance(window, QMainWindow):
            for corner, area in self._corners.items():
                window.setCorner(corner, area)
        self.changed.emit()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.shut()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: Any) -> None:
        """Notice being taken out of the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None and self._dock:
            self._on_out()
