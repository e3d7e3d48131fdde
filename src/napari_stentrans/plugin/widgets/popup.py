"""Popup: more of a panel, in a small window of its own that scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QDialog, QVBoxLayout

from napari_stentrans.plugin.widgets.panel import button, scrolled

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

WIDTH, HEIGHT, MORE = 360, 520, 100
"""Of the window, at most; and what it is higher than what is in it."""


class Popup(QDialog):
    """Widgets below each other; changes count at once, Escape or Close closes it."""

    def __init__(self, parent: QWidget, title: str, *parts: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title.lower())
        rows = QVBoxLayout(self)
        self._area = scrolled(*parts)
        rows.addWidget(self._area, 1)
        rows.addWidget(button("Close", "Close this window; the settings stay", self.accept))

    def show_by(self, made: QWidget) -> None:
        """Show the window to the left of a button, or take it away."""
        if self.isVisible():
            self.reject()
            return
        inside: Any = self._area.widget()
        self.resize(WIDTH, min(HEIGHT, inside.sizeHint().height() + MORE))
        at = made.mapToGlobal(QPoint(0, 0))
        self.move(max(at.x() - self.width() - 8, 0), max(at.y() - self.height() // 2, 0))
        self.show()
        self.activateWindow()
