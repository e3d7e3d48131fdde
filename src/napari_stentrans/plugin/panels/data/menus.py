"""Buttons with menus: all that can be opened, and what can be done with a section."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from napari_stentrans.plugin.jobs.sample_data import SAMPLES
from napari_stentrans.plugin.models.recent import Recent
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.widgets.dialogs import in_megabytes
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import keep_room, name_button
from napari_stentrans.samples import REAL_SAMPLES

if TYPE_CHECKING:
    from qtpy.QtWidgets import QMenu

FILE = "File (.h5ad, .h5, .tsv, .csv, .parquet, .gem)…"
FOLDER = "Folder (Space Ranger, Xenium, SpatialData)…"
TIP = "Rename, close or save the section that is worked on"
LAYER = (
    "Make a section of the layer that is selected in napari: an Image with one channel per gene, "
    "or Points with one numeric feature per gene"
)


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
        menu = self._menu = Menu(self)
        menu.addAction(FILE, self.fileWanted.emit)
        menu.addAction(FOLDER, self.folderWanted.emit)
        self.samples = Menu(menu, "Sample")
        self._list_samples()
        menu.addMenu(self.samples)
        session = "Data, lost regions, runs, gene and settings, as they were saved"
        menu.add("Session…", self.sessionWanted.emit, session)
        self.use = menu.add("Use active layer", self.activeLayerWanted.emit)
        menu.addSeparator()
        self.recent = Menu(menu, "Recent")
        self.recent.aboutToShow.connect(self._list_recent)
        menu.addMenu(self.recent)
        self.setMenu(menu)
        self.allow_layer(on=False)

    def add_menu(self, menu: QMenu) -> None:
        self._menu.insertMenu(self.recent.menuAction(), menu)

    def allow_layer(self, *, on: bool) -> None:
        self.use.setEnabled(on)
        self.use.setToolTip(LAYER if on else f"{LAYER}.\nThere is no layer yet.")

    def _list_samples(self) -> None:
        """List the samples: those that are made here, and those that are downloaded."""
        for name, sample in SAMPLES.items():
            self.samples.add(sample.title, partial(self.sampleWanted.emit, name))
        self.samples.addSeparator()
        for name, real in REAL_SAMPLES.items():
            size = "size asked on click" if real.size is None else in_megabytes(real.size)
            title = f"{real.title}: download ({size})…"
            tip = f"From {real.page}; downloaded once, after asking"
            self.samples.add(title, partial(self.sampleWanted.emit, name), tip)

    def _list_recent(self) -> None:
        self.recent.clear()
        for path in self.kept.paths:
            self.recent.add(path.name, partial(self.recentWanted.emit, path), str(path))
        if not self.kept.paths:
            self.recent.add("Nothing yet", None)


class SectionMenu(QPushButton):
    """Button with what can be done with a section as a whole."""

    renameWanted = Signal()
    closeWanted = Signal()
    saveWanted = Signal()
    """All that was done with it is to be saved, as a session."""

    def __init__(self) -> None:
        super().__init__("Section")
        name_button(self, TIP)
        keep_room(self, f"Section {MARK}")
        menu = Menu(self)
        rename = "Its name here, in sessions and in the list of layers"
        self.rename = menu.add("Rename section…", self.renameWanted.emit, rename)
        close = "Take its layers and runs away; the files stay"
        self.close_section = menu.add("Close section", self.closeWanted.emit, close)
        save = "Write a .stentrans file of all you did; the data stay where they are"
        self.save = menu.add("Save session…", self.saveWanted.emit, save)
        self.setMenu(menu)

    def show_unsaved(self, parts: list[str]) -> None:
        self.setText(f"Section {MARK}" if parts else "Section")
        self.setToolTip(f"{TIP}.\nNot saved yet: {', '.join(parts)}" if parts else TIP)
