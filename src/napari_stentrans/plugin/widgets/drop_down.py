"""DropDown: a frame that opens below a widget, over all that is there, and closes by itself."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QPoint, QSize, Qt, Signal
from qtpy.QtWidgets import QApplication, QFrame, QWidget

from napari_stentrans.plugin.widgets.panel import in_rows
from napari_stentrans.plugin.widgets.wheel import WheelGuard

EDGE = 8
"""Pixels that are left between it and the edges of the window."""


class DropDown(QFrame):
    """Shows widgets while the keyboard is in them, or in the ``owners`` that it belongs to.

    It is a part of the window, not a window of its own: keys go on working. It opens below the
    first owner, at least ``width`` pixels wide.
    """

    toggled = Signal(bool)
    """It was opened or closed."""

    def __init__(self, name: str, *owners: QWidget, width: int = 300) -> None:
        super().__init__(owners[0])
        self._owners, self._width = owners, width
        self.setObjectName("dropDown")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setStyleSheet("#dropDown {border: 1px solid rgba(128, 128, 128, 160);}")
        self.rows = in_rows(self, margins=(8, 8, 8, 8))
        self.hide()

    def guard(self) -> None:
        """Keep the wheel from changing values; call it when all widgets are in it."""
        WheelGuard(self, lists=False)

    def open(self) -> None:
        """Open below the first owner, as high as there is room."""
        if self.isVisible():
            return
        window: Any = self._owners[0].window()
        if self.parent() is not window:
            self.setParent(window)
        self._place(window)
        self.show()
        self.raise_()
        _application().focusChanged.connect(self._on_focus)
        _application().installEventFilter(self)
        self.toggled.emit(True)

    def close_up(self) -> None:
        """Close; where the keyboard was inside, it goes back to the first owner."""
        if not isalive(self) or not self.isVisible():
            return
        _application().focusChanged.disconnect(self._on_focus)
        _application().removeEventFilter(self)
        inside = self._holds(QApplication.focusWidget(), self)
        self.hide()
        if inside:
            self._owners[0].setFocus()
        self.toggled.emit(False)

    def set_open(self, on: bool) -> None:
        (self.open if on else self.close_up)()

    def shut_down(self) -> None:
        """Be gone, also from the window of another widget."""
        self.close_up()
        if isalive(self):
            self.deleteLater()

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(QSize(self._width, 0))

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_up()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Close where the mouse is pressed elsewhere, also on what takes no keyboard."""
        pressed = event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget)
        if pressed and not self._is_ours(watched):
            self.close_up()
        return False

    def _place(self, window: QWidget) -> None:
        owner, hint = self._owners[0], self.sizeHint()
        at = owner.mapTo(window, QPoint(0, owner.height() + 2))
        width = min(hint.width(), window.width() - 2 * EDGE)
        left = max(min(at.x(), window.width() - width - EDGE), EDGE)
        height = min(hint.height(), window.height() - at.y() - EDGE)
        self.setGeometry(left, at.y(), width, height)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """Close when the keyboard goes elsewhere; the window itself, or another, is nowhere."""
        nowhere = new is None or not isalive(self) or new is self.window()
        if new is not None and not nowhere and not self._is_ours(new):
            self.close_up()

    def _is_ours(self, widget: QWidget) -> bool:
        return any(self._holds(widget, owner) for owner in (self, *self._owners))

    def _holds(self, widget: QWidget | None, owner: QWidget) -> bool:
        """Whether a widget is inside another one, or in a list or menu that belongs to it."""
        while widget is not None and widget is not owner:
            widget = widget.parentWidget()
        return widget is owner


def _application() -> Any:
    return QApplication.instance()
