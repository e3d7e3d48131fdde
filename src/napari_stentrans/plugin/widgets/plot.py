"""Plot: a plot in the colours of the theme, that the mouse does not move."""

from __future__ import annotations

from typing import Any

import pyqtgraph
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QWidget

from napari_stentrans.plugin.widgets.icons import text_color
from napari_stentrans.plugin.widgets.panel import in_rows

SIDES = ("left", "bottom")


class Plot(QWidget):
    """A plot that scales itself to what is added to ``plot``; more rows may follow below it.

    It is at least ``height`` pixels high, and takes all the room that there is. Importing this
    module takes half a second the first time.
    """

    def __init__(self, height: int) -> None:
        super().__init__()
        self.plot: Any = pyqtgraph.PlotWidget(background=None)
        self.plot.setMinimumHeight(height)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.getPlotItem().setContentsMargins(0, 0, 0, 4)  # else the label below is cut
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in SIDES:
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.rows = in_rows(self, spacing=6)
        self.rows.addWidget(self.plot, 1)
        self.recolour()

    def recolour(self) -> None:
        color = text_color(self)
        self.plot.setBackground(None)  # else that of the last theme stays
        for side in SIDES:
            axis = self.plot.getAxis(side)
            axis.setPen(color)
            axis.setTextPen(color)

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.recolour()
