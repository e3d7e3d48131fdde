"""QualityPlot: a dot for every gene, the enhanced map against the plain method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_stentrans.plugin.widgets.icons import text_color
from napari_stentrans.plugin.widgets.panel import words
from napari_stentrans.plugin.widgets.plot import Plot

if TYPE_CHECKING:
    import pandas as pd

DOTS, SHOWN = {"dark": (115, 150, 255, 120), "light": (35, 65, 185, 150)}, "#e8833a"
"""Colours of the dots by the theme, and of the ring."""
HALF = 128
"""Text that is lighter than this lies on a dark theme."""


class QualityPlot(Plot):
    """Scatter plot of the correlation of every gene; a dot that is clicked is chosen.

    Genes above the line of equals are better in the enhanced map.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        self._equal = pyqtgraph.InfiniteLine(pos=(0, 0), angle=45)  # all recoloured by super
        self._dots = pyqtgraph.ScatterPlotItem(size=4, pen=None)
        super().__init__(height=120)
        self.setAccessibleName("quality of all genes")
        self.title = words("what the dots show")
        self.rows.insertWidget(0, self.title)
        self._mark = pyqtgraph.ScatterPlotItem(
            size=11, pen=pyqtgraph.mkPen(SHOWN, width=2), brush=None
        )
        for item in (self._equal, self._dots, self._mark):
            self.plot.addItem(item)
        self._dots.sigClicked.connect(self._on_clicked)
        self._table: pd.DataFrame | None = None

    def recolour(self) -> None:
        """Draw the axes, the dots and the line of equals in the colours of the theme."""
        super().recolour()
        color: Any = text_color(self)
        self._equal.setPen(pyqtgraph.mkPen(color, width=1, style=Qt.PenStyle.DashLine))
        theme = "dark" if QColor(color).lightness() > HALF else "light"
        self._dots.setBrush(pyqtgraph.mkBrush(*DOTS[theme]))

    def set_table(self, table: pd.DataFrame, method: str) -> None:
        """Draw ``Quality.table`` of a method."""
        self._table = table
        plain = str(table.columns[1])
        self.plot.setLabel("left", method)
        self.plot.setLabel("bottom", plain)
        self.title.setText(f"Correlation of each gene: {method} (up), {plain} (across)")
        self.setToolTip(
            "A dot is a gene: its correlation at the hidden spots. Above the line, the enhanced "
            f"map is better than {plain} interpolation. The ring is the gene on the map."
        )
        x, y = table[plain].to_numpy(), table["correlation"].to_numpy()
        self._dots.setData(x=x, y=y, data=list(table.index))

    def mark(self, gene: str) -> None:
        """Put the ring around a gene; nowhere where it is not there."""
        if self._table is None or gene not in self._table.index:
            self._mark.setData([], [])
            return
        row = self._table.loc[gene]
        self._mark.setData([row.iloc[1]], [row["correlation"]])

    def marked(self) -> tuple[float, float] | None:
        """Where the ring is: (plain, enhanced)."""
        x, y = self._mark.getData()
        return (float(x[0]), float(y[0])) if len(x) else None

    def _on_clicked(self, item: object, points: Any) -> None:
        if len(points):
            self.chosen.emit(str(points[0].data()))
