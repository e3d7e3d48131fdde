"""Drops: files and folders that are dropped on the window or the dock are opened by the dock."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npe2 import PluginManager
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget

from napari_stentrans.io import can_read
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari

OURS = "napari-stentrans"
MOST_LOOKED_AT = 50
NAPARIS_COLUMN = "axis-0"
"""In every table of points or shapes that napari has saved."""


class Drops(QObject):
    """Takes what is dropped, one path at a time, before napari asks which reader to use.

    What is dropped on the canvas is taken when the plugin can read it, or when nothing in napari
    can, so that the dock says what is wrong with it. All else is left to napari, as are several
    paths at once, and drops with Alt held, for napari's choice of a reader. Whatever is dropped on
    the dock is taken; a picture as the tissue image of the section that is open.

    Parameters
    ----------
    dock, viewer
        Take drops, while the dock is shown and ``ready`` says that a section can be opened.
    open_path
        Opens a section or a session.
    lay
        Lays a picture below the spots; False where there is no section.
    beside
        Adds a neighbouring section, dropped with Shift held; False where there is no section.
    """

    def __init__(
        self,
        dock: QWidget,
        viewer: napari.Viewer,
        ready: Callable[[], bool],
        open_path: Callable[[Path], None],
        lay: Callable[[Path], bool],
        beside: Callable[[Path], bool],
    ) -> None:
        super().__init__(dock)
        self._dock, self._ready = dock, ready
        self._open, self._lay, self._beside = open_path, lay, beside
        dock.setAcceptDrops(True)
        canvas: QWidget = viewer.window._qt_viewer
        inside = [widget for widget in canvas.findChildren(QWidget) if widget.acceptDrops()]
        self._on = True
        for widget in (dock, canvas, *inside):
            widget.installEventFilter(self)

    def let_go(self) -> None:
        self._on = False

    def eventFilter(self, watched: Any, event: Any) -> bool:
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
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ours = path.suffix.lower() == ENDING or can_read(path)
        if not on_dock and (alt or (not ours and _napari_reads(path))):
            return False
        event.acceptProposedAction()
        if shift and can_read(path) and self._beside(path):
            return True
        picture = on_dock and not ours and path.suffix.lower() in IMAGE_SUFFIXES
        if not (picture and self._lay(path)):
            self._open(path)
        return True


def _napari_reads(path: Path) -> bool:
    """Whether another reader of napari may take a file, or one of the first in a folder."""
    files = islice(path.iterdir(), MOST_LOOKED_AT) if path.is_dir() else [path]
    return any(map(_has_reader, files))


def _has_reader(path: Path) -> bool:
    readers = PluginManager.instance().iter_compatible_readers([str(path)])
    others = [reader for reader in readers if reader.plugin_name != OURS]
    if path.suffix.lower() == ".csv" and {reader.plugin_name for reader in others} == {"napari"}:
        with path.open(errors="replace") as file:  # of tables it reads its own only
            return NAPARIS_COLUMN in file.readline()
    return bool(others)


def _only_path(event: Any) -> Path | None:
    """Path of what is dragged; None where it is no file, or there are several."""
    urls = event.mimeData().urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
