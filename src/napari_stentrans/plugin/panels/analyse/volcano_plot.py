"""VolcanoPlot: a dot for every gene, by fold change and strength.

Importing this module takes half a second the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from qtpy.QtCore import Signal
from qtpy.QtGui import QColor

from napari_stentrans.plugin.widgets.icons import text_color
from napari_stentrans.plugin.widgets.plot import Plot

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

CLEAR, MARK = {"dark": (115, 150, 255, 200), "light": (35, 65, 185, 210)}, "#e8833a"
FAINT = (128, 128, 128, 110)
HALF = 128  # text that is lighter than this lies on a dark theme
LEVEL = 0.05
NAMED, ROOM = 8, 1.2
WIDE, HIGH = 0.25, 0.09
"""Room of a name, of the width and the height of the plot."""
LOWEST = 1e-300


class VolcanoPlot(Plot):
    """Scatter plot of a comparison; a dot that is clicked is chosen, the strongest are named."""

    chosen = Signal(str)

    def __init__(self) -> None:
        self._dots = pyqtgraph.ScatterPlotItem(size=5, pen=None)
        self._mark = pyqtgraph.ScatterPlotItem(
            size=11, pen=pyqtgraph.mkPen(MARK, width=2), brush=None
        )
        self._names: list[Any] = []
        self._strong = np.empty(0, bool)
        super().__init__(height=120)
        self.setAccessibleName("volcano plot")
        self.setToolTip(
            "A dot is a gene. Right: more in the first region; left: more in the second. Up: "
            f"stronger. In colour: FDR below {LEVEL:.0%}. The ring is the gene on the map."
        )
        for item in (self._dots, self._mark):
            self.plot.addItem(item)
        self.plot.setLabel("bottom", "log2 fold change")
        self.plot.setLabel("left", "-log10 p")
        self._dots.sigClicked.connect(self._on_clicked)
        self._at: dict[str, tuple[float, float]] = {}

    def set_table(self, table: pd.DataFrame, called: Callable[[str], str] = str) -> None:
        """Show genes of a comparison with ``log2_fold_change``, ``pvalue`` and ``fdr``."""
        known = table[np.isfinite(table["log2_fold_change"]) & np.isfinite(table["pvalue"])]
        x = known["log2_fold_change"].to_numpy(float)
        y = -np.log10(np.maximum(known["pvalue"].to_numpy(float), LOWEST))
        names = [str(name) for name in known.index]
        self._strong = known["fdr"].to_numpy(float) < LEVEL
        self._at = dict(zip(names, zip(x.tolist(), y.tolist(), strict=True), strict=True))
        self._dots.setData(x=x, y=y, data=names)
        if len(x):
            across, top = float(np.abs(x).max()) or 1.0, float(y.max()) or 1.0
            self.plot.setXRange(-across, across, padding=0.08)
            self.plot.setYRange(0, top * ROOM, padding=0.02)  # for the names
        self.recolour()
        for text in self._names:
            self.plot.removeItem(text)
        self._names = []
        for at in _apart(x, y, self._strong):
            text = pyqtgraph.TextItem(called(names[at]), color=text_color(self), anchor=(0.5, 1.2))
            text.setPos(x[at], y[at])
            self.plot.addItem(text, ignoreBounds=True)
            self._names.append(text)

    def recolour(self) -> None:
        super().recolour()
        color: Any = text_color(self)
        theme = "dark" if QColor(color).lightness() > HALF else "light"
        brushes = [pyqtgraph.mkBrush(*FAINT), pyqtgraph.mkBrush(*CLEAR[theme])]
        if len(self._strong):
            self._dots.setBrush([brushes[int(one)] for one in self._strong])
        for text in self._names:
            text.setColor(color)

    def mark(self, gene: str) -> None:
        """Put the ring around a gene; nowhere where it is not there."""
        at = self._at.get(gene)
        self._mark.setData(*(([], []) if at is None else ([at[0]], [at[1]])))

    def marked(self) -> tuple[float, float] | None:
        """Where the ring is: (fold change, strength)."""
        x, y = self._mark.getData()
        return (float(x[0]), float(y[0])) if len(x) else None

    def _on_clicked(self, item: object, points: Any) -> None:
        if len(points):
            self.chosen.emit(str(points[0].data()))


def _apart(x: NDArray[np.float64], y: NDArray[np.float64], strong: NDArray[np.bool_]) -> list[int]:
    """Dots to name: the strongest whose names do not lie over each other."""
    across, up = 2 * np.abs(x).max(initial=1e-9), y.max(initial=1e-9)
    named: list[int] = []
    for at in np.argsort(-y, kind="stable"):
        near = (np.abs(x[named] - x[at]) < WIDE * across) & (np.abs(y[named] - y[at]) < HIGH * up)
        if strong[at] and not near.any():
            named.append(int(at))
        if len(named) == NAMED:
            break
    return named
