"""SectionMenu: rename, close or keep the section that is chosen."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.widgets.menu import Menu
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
