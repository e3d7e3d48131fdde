"""VolcanoPlot: a dot for every gene, by fold change and strength.

Importing this module takes half a second the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from qtpy.QtCore import QPointF, QRectF, Signal
from qtpy.QtGui import QColor

from napari_stentrans.analysis.labels import AWAY, free_boxes
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
NAMED, AT_LEAST, ROOM = 8, 3, 1.2
"""Genes with a name at most, and where none is clear; room for names above the highest."""
NEAR = AWAY[:2]
"""Distances of a name from its dot, to which no line leads here."""
CONSIDERED = 12
"""Of the strongest, those of which names are placed as long as there is room."""
LOWEST = 1e-300


class VolcanoPlot(Plot):
    """Scatter plot of a comparison; a dot that is clicked is chosen, the strongest are named."""

    chosen = Signal(str)

    def __init__(self) -> None:
        self._dots = pyqtgraph.ScatterPlotItem(size=5, pen=None)
        self._mark = pyqtgraph.ScatterPlotItem(
            size=11, pen=pyqtgraph.mkPen(MARK, width=2), brush=None
        )
        self._names: dict[int, Any] = {}
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
        for moved in (self.plot.getViewBox().sigRangeChanged, self.plot.getViewBox().sigResized):
            moved.connect(self._place)

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
        for text in self._names.values():
            self.plot.removeItem(text)
        strongest = np.argsort(-y, kind="stable")[: max(self._strong.sum(), AT_LEAST)]
        self._names = {}
        for at in strongest[:CONSIDERED]:
            text = pyqtgraph.TextItem(called(names[at]), color=text_color(self), anchor=(0.5, 0.5))
            self.plot.addItem(text, ignoreBounds=True)
            self._names[int(at)] = text
        self._place()

    def recolour(self) -> None:
        super().recolour()
        color: Any = text_color(self)
        theme = "dark" if QColor(color).lightness() > HALF else "light"
        brushes = [pyqtgraph.mkBrush(*FAINT), pyqtgraph.mkBrush(*CLEAR[theme])]
        if len(self._strong):
            self._dots.setBrush([brushes[int(one)] for one in self._strong])
        for text in self._names.values():
            text.setColor(color)

    def mark(self, gene: str) -> None:
        """Put the ring around a gene; nowhere where it is not there."""
        at = self._at.get(gene)
        self._mark.setData(*(([], []) if at is None else ([at[0]], [at[1]])))

    def marked(self) -> tuple[float, float] | None:
        """Where the ring is: (fold change, strength)."""
        x, y = self._mark.getData()
        return (float(x[0]), float(y[0])) if len(x) else None

    def named(self) -> list[str]:
        """Genes whose names are seen."""
        return [text.toPlainText() for text in self._names.values() if text.isVisible()]

    def _place(self, *_: object) -> None:
        """Write names beside their dots, as far as there is room."""
        box: Any = self.plot.getViewBox()
        x, y = self._dots.getData()
        frame = _corners(box.sceneBoundingRect())
        texts = list(self._names.values())
        dots = [box.mapViewToScene(QPointF(x[at], y[at])) for at in self._names]
        points = np.array([(dot.x(), dot.y()) for dot in dots]).reshape(-1, 2)
        sizes = np.array([_size(text) for text in texts]).reshape(-1, 2)
        left, places = NAMED, free_boxes(points, sizes, frame, NEAR)
        if all(place is None for place in places):  # dots lie too dense: the strongest at least
            places[:1] = free_boxes(points[:1], sizes[:1], frame)
        for text, place in zip(texts, places, strict=True):
            seen = place is not None and left > 0
            text.setVisible(seen)
            if place is not None and seen:
                left -= 1
                text.setPos(box.mapSceneToView(QPointF(*place.mean(0))))

    def _on_clicked(self, item: object, points: Any) -> None:
        if len(points):
            self.chosen.emit(str(points[0].data()))


def _corners(rect: QRectF) -> NDArray[np.float64]:
    return np.array([(rect.left(), rect.top()), (rect.right(), rect.bottom())])


def _size(text: Any) -> tuple[float, float]:
    inner = text.textItem.boundingRect()
    return inner.width(), inner.height()
