"""SectionMenu: rename, close or keep the section that is chosen."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QPushButton

from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.widgets.panel import name_button

TIP = "Rename, close or save the section that is worked on"


class SectionMenu(QPushButton):
    """Button with what can be done with a section as a whole."""

    renameWanted = Signal()
    closeWanted = Signal()
    saveWanted = Signal()
    """All that was done with it is to be saved, as a session."""

    def __init__(self) -> None:
        super().__init__("Section")
        name_button(self, TIP)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.rename = QAction("Rename section…", menu)
        self.rename.triggered.connect(lambda: self.renameWanted.emit())
        self.rename.setToolTip("Its name here, in sessions and in the list of layers")
        self.close_section = QAction("Close section", menu)
        self.close_section.triggered.connect(lambda: self.closeWanted.emit())
        self.close_section.setToolTip("Take its layers and runs away; the files stay")
        self.save = QAction("Save session…", menu)
        self.save.triggered.connect(lambda: self.saveWanted.emit())
        self.save.setToolTip("Write a .stentrans file of all you did; the data stay where they are")
        menu.addActions([self.rename, self.close_section, self.save])
        self.setMenu(menu)

    def show_unsaved(self, parts: list[str]) -> None:
        self.setText(f"Section {MARK}" if parts else "Section")
        self.setToolTip(f"{TIP}.\nNot saved yet: {', '.join(parts)}" if parts else TIP)
