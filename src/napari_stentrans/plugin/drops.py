"""Drops: files and folders that are dropped on the window or the dock are opened by the dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget

from napari_stentrans.io import can_read
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari


class Drops(QObject):
    """Takes what is dropped, one path at a time, before napari asks which reader to use.

    What is dropped on the canvas is taken when the plugin can read it, and left to napari
    otherwise, as are several paths at once, and drops with Alt held, for napari's choice of a
    reader. Whatever is dropped on the dock is taken, so that it says what is wrong with it.

    Parameters
    ----------
    dock
        Takes drops while it is shown.
    viewer
        Whose canvas takes drops.
    ready
        Whether a section can be opened now.
    open_path
        Opens a section or a session.
    """

    def __init__(
        self,
        dock: QWidget,
        viewer: napari.Viewer,
        ready: Callable[[], bool],
        open_path: Callable[[Path], None],
    ) -> None:
        super().__init__(dock)
        self._dock, self._ready, self._open = dock, ready, open_path
        dock.setAcceptDrops(True)
        canvas: QWidget = getattr(viewer, "__wrapped__", viewer).window._qt_viewer
        inside = [widget for widget in canvas.findChildren(QWidget) if widget.acceptDrops()]
        self._on = True
        for widget in (dock, canvas, *inside):
            widget.installEventFilter(self)

    def let_go(self) -> None:
        """Leave all drops to napari again."""
        self._on = False

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Take a drop, or leave it to napari."""
        kind = event.type()
        if not isinstance(event, QDropEvent):  # or PyQt took it for an old one: napari has it then
            return False
        path = _only_path(event)
        on_dock = watched is self._dock
        if path is None or not (self._on and self._dock.isVisible() and self._ready()):
            return False
        if kind != QEvent.Type.Drop:
            if on_dock:
                event.acceptProposedAction()
            return on_dock  # napari accepts all that is dragged over its canvas
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if not on_dock and (alt or not (path.suffix.lower() == ENDING or can_read(path))):
            return False
        event.acceptProposedAction()
        self._open(path)
        return True


def _only_path(event: Any) -> Path | None:
    """Path of what is dragged; None where it is no file, or there are several."""
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
