"""SectionMenu: rename or close the section that is chosen."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QToolButton

from napari_stentrans.plugin.widgets.panel import name_button


class SectionMenu(QToolButton):
    """Button with what can be done with a section as a whole."""

    renameWanted = Signal()
    closeWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setText("Section")
        name_button(self, "Rename or close the section that all below is about")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAutoRaise(True)
        self.setStyleSheet("QToolButton {padding-right: 14px;}")  # room for the arrow
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.rename = QAction("Rename section…", menu)
        self.rename.triggered.connect(lambda: self.renameWanted.emit())
        self.rename.setToolTip("Its name here, in sessions and in the list of layers")
        self.close_section = QAction("Close section", menu)
        self.close_section.triggered.connect(lambda: self.closeWanted.emit())
        self.close_section.setToolTip("Take its layers and runs away; the files stay")
        menu.addActions([self.rename, self.close_section])
        self.setMenu(menu)
