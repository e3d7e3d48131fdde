"""SessionMenu: save and open sessions, and what was opened last."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QPushButton

from napari_stentrans.plugin.jobs.recent import Recent
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.widgets.panel import name_button

if TYPE_CHECKING:
    from pathlib import Path

TIP = "Save all that you did here in one file, or go on where you stopped"


class SessionMenu(QPushButton):
    """Button with the menu of sessions; it adds recent files to another menu.

    Parameters
    ----------
    files
        Menu that what was opened last is added to.
    """

    openWanted = Signal()
    saveWanted = Signal()
    recentWanted = Signal(object)
    """Path of a section or a session."""

    def __init__(self, files: QMenu) -> None:
        super().__init__("Session")
        name_button(self, TIP)
        self._unsaved: list[str] = []
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        opened = QAction("Open session…", menu)
        opened.triggered.connect(lambda: self.openWanted.emit())
        opened.setToolTip("Data, lost regions, runs, gene and settings, as they were saved")
        self.save = QAction("Save session…", menu)
        self.save.triggered.connect(lambda: self.saveWanted.emit())
        self.save.setToolTip("Write a .stentrans file; the data stay where they are")
        menu.addActions([opened, self.save])
        self.setMenu(menu)
        self.kept = Recent()
        files.addSeparator()
        self.recent = QMenu("Recent", files)
        files.addMenu(self.recent)
        self.recent.setToolTipsVisible(True)
        self.recent.aboutToShow.connect(self._list)

    def show_unsaved(self, parts: list[str]) -> bool:
        """Mark that this is not saved; False where that is shown already."""
        if parts == self._unsaved:
            return False
        self._unsaved = parts
        self.setText(f"Session {MARK}" if parts else "Session")
        self.setToolTip(f"{TIP}.\nNot saved yet: {', '.join(parts)}" if parts else TIP)
        return True

    def allow_saving(self, on: bool) -> None:
        """Offer to save a session, or do not."""
        self.save.setEnabled(on)

    def _list(self) -> None:
        self.recent.clear()
        paths = self.kept.paths
        for path in paths:
            action = QAction(path.name, self.recent)
            action.triggered.connect(partial(self._on_recent, path))
            action.setToolTip(str(path))
            self.recent.addAction(action)
        if not paths:
            nothing = QAction("Nothing yet", self.recent)
            nothing.setEnabled(False)
            self.recent.addAction(nothing)

    def _on_recent(self, path: Path, checked: bool = False) -> None:
        self.recentWanted.emit(path)
