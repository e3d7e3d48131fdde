"""OpenMenu: the one button for all that can be opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QPushButton

from napari_stentrans.plugin.jobs.sample_data import SAMPLES
from napari_stentrans.plugin.models.recent import Recent
from napari_stentrans.plugin.widgets.dialogs import in_megabytes
from napari_stentrans.plugin.widgets.panel import name_button
from napari_stentrans.samples import REAL_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "File (.h5ad, .h5, .tsv, .csv, .parquet, .gem)…"
FOLDER = "Folder (Space Ranger, Xenium, SpatialData)…"


class OpenMenu(QPushButton):
    """Button with a menu: sections, samples, sessions, and what was opened last."""

    fileWanted = Signal()
    folderWanted = Signal()
    activeLayerWanted = Signal()
    sampleWanted = Signal(str)
    """Name of a sample."""
    sessionWanted = Signal()
    recentWanted = Signal(object)
    """Path of a section or a session."""

    def __init__(self) -> None:
        super().__init__("Open")
        name_button(self, "Open a section, a sample or a session; or what belongs to a section")
        self.kept = Recent()
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addAction(FILE, self.fileWanted.emit)
        menu.addAction(FOLDER, self.folderWanted.emit)
        self.samples = _samples(menu, self.sampleWanted.emit)
        menu.addMenu(self.samples)
        session = QAction("Session…", menu)
        session.setToolTip("Data, lost regions, runs, gene and settings, as they were saved")
        session.triggered.connect(lambda: self.sessionWanted.emit())
        self.use = QAction("Use active layer", menu)
        self.use.triggered.connect(lambda: self.activeLayerWanted.emit())
        menu.addActions([session, self.use])
        menu.addSeparator()
        self.recent = QMenu("Recent", menu)
        self.recent.setToolTipsVisible(True)
        self.recent.aboutToShow.connect(self._list)
        menu.addMenu(self.recent)
        self._menu = menu
        self.setMenu(menu)
        self.allow_layer(on=False)

    def add_menu(self, menu: QMenu) -> None:
        self._menu.insertMenu(self.recent.menuAction(), menu)

    def allow_layer(self, *, on: bool) -> None:
        self.use.setEnabled(on)
        self.use.setToolTip(
            "Make a section of the layer that is selected in napari: an Image with one channel "
            "per gene, or Points with one numeric feature per gene"
            + ("" if on else ".\nThere is no layer yet.")
        )

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


def _samples(parent: QMenu, wanted: Callable[[str], object]) -> QMenu:
    """Make the menu of samples: those that are made here, and those that are downloaded."""
    menu = QMenu("Sample", parent)
    menu.setToolTipsVisible(True)

    def add(name: str, title: str) -> QAction:
        action = QAction(title, menu)
        action.triggered.connect(lambda: wanted(name))
        menu.addAction(action)
        return action

    for name, sample in SAMPLES.items():
        add(name, sample.title)
    menu.addSeparator()
    for name, real in REAL_SAMPLES.items():
        size = "size asked on click" if real.size is None else in_megabytes(real.size)
        action = add(name, f"{real.title}: download ({size})…")
        action.setToolTip(f"From {real.page}; downloaded once, after asking")
    return menu
