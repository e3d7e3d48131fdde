"""OverCanvas: keeps a widget in its place over another one, whatever size that has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget


class OverCanvas(QObject):
    """Lays a widget ``over`` the canvas, and calls ``place`` anew when that changes its size."""

    def __init__(self, canvas: QWidget, over: QWidget, place: Callable[[QWidget], None]) -> None:
        super().__init__(over)
        self._canvas: Any = canvas
        self._over, self._place = over, place
        seen = not over.isHidden()
        over.setParent(canvas)
        over.setVisible(seen)
        canvas.installEventFilter(self)
        self.again()

    def again(self) -> None:
        if self._canvas is not None:
            self._place(self._canvas)

    def let_go(self) -> None:
        if isalive(self._over):
            self._canvas.removeEventFilter(self)
            self._over.hide()
            self._over.setParent(None)
            self._over.deleteLater()
        self._canvas = None

    def eventFilter(self, watched: Any, event: Any) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._canvas:
            self.again()
        return False
