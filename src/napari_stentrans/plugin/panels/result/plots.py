"""QualityPlot and ProfilePlot: a dot for every gene; and one gene along a line.

Importing this module takes half a second the first time.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_stentrans.export.colours import LOST_COLOUR
from napari_stentrans.export.profile_files import (
    ENHANCED,
    ESTIMATE,
    FAINT,
    FAINTER,
    MEASURED,
    MEASUREMENT,
    OTHER,
    bands,
)
from napari_stentrans.plugin.widgets.icons import text_color
from napari_stentrans.plugin.widgets.panel import words
from napari_stentrans.plugin.widgets.plot import Plot

if TYPE_CHECKING:
    import pandas as pd

    from napari_stentrans.export.profile import Profile

DOTS, SHOWN = {"dark": (115, 150, 255, 120), "light": (35, 65, 185, 150)}, "#e8833a"
"""Colours of the dots by the theme, and of the ring."""
HALF = 128  # text that is lighter than this lies on a dark theme
DOT = 6
BANDS = {MEASUREMENT: FAINTER, ESTIMATE: FAINT}


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
        super().recolour()
        color: Any = text_color(self)
        self._equal.setPen(pyqtgraph.mkPen(color, width=1, style=Qt.PenStyle.DashLine))
        theme = "dark" if QColor(color).lightness() > HALF else "light"
        self._dots.setBrush(pyqtgraph.mkBrush(*DOTS[theme]))

    def set_table(self, table: pd.DataFrame, method: str) -> None:
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


class ProfilePlot(Plot):
    """Plot of a Profile."""

    def __init__(self) -> None:
        super().__init__(height=120)
        self.setAccessibleName("profile along the line")
        self.setToolTip(
            "Points: measured spots under the line; rings: those that were marked as lost.\n"
            f"Curve: the enhanced map. Narrow band: {ESTIMATE}. Wide band: {MEASUREMENT}, "
            "which has noise of its own: compare the points with this one.\n"
            "Dashed: the run that it is compared with."
        )
        self._bands = {says: _Band(opacity) for says, opacity in BANDS.items()}
        self._curve = pyqtgraph.PlotCurveItem(
            pen=pyqtgraph.mkPen(ENHANCED, width=2), connect="finite"
        )
        dashed = pyqtgraph.mkPen(OTHER, width=2, style=Qt.PenStyle.DashLine)
        self._other = pyqtgraph.PlotCurveItem(pen=dashed, connect="finite")
        self._dots = pyqtgraph.ScatterPlotItem(size=DOT, pen=None, brush=MEASURED)
        self._rings = pyqtgraph.ScatterPlotItem(
            size=DOT + 1, pen=pyqtgraph.mkPen(LOST_COLOUR, width=1.5), brush=None
        )
        for item in (*self._bands.values(), self._curve, self._other, self._dots, self._rings):
            self.plot.addItem(item)
        self.key = words("what the profile shows")
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.rows.addWidget(self.key)

    def show_profile(self, profile: Profile, other: Profile | None = None) -> None:
        self.key.setText(key_of(profile, other))
        nothing: tuple[Any, Any] = ([], [])
        self._other.setData(*(nothing if other is None else (other.sites.distance, other.enhanced)))
        known_bands = {says: edges for *edges, _, says in bands(profile)}
        for says, band in self._bands.items():
            band.draw(*known_bands.get(says, 3 * ([],)))
        self._curve.setData(profile.sites.distance, profile.enhanced)
        known = np.isfinite(profile.measured)
        for item, of in ((self._dots, known & ~profile.lost), (self._rings, known & profile.lost)):
            item.setData(profile.spots.distance[of], profile.measured[of])
        self.plot.setLabel("bottom", profile.label)
        self.plot.setLabel("left", profile.section.gene_label(profile.gene))
        self.plot.setXRange(0, profile.length, padding=0.01)

    def drawn(self) -> dict[str, tuple[Any, Any]]:
        """Numbers (x, y) of what is drawn: "measured", "lost", "enhanced" and "other"."""
        items = (self._dots, self._rings, self._curve, self._other)
        names = ("measured", "lost", "enhanced", "other")
        return {name: item.getData() for name, item in zip(names, items, strict=True)}

    def drawn_bands(self) -> dict[str, tuple[Any, Any, Any]]:
        """Distances and both edges of the bands that are drawn, by what they are."""
        return {says: band.edges for says, band in self._bands.items() if len(band.edges[0])}


class _Band(pyqtgraph.FillBetweenItem):
    """A band between two edges."""

    def __init__(self, opacity: float) -> None:
        brush = pyqtgraph.mkColor(ENHANCED)
        brush.setAlphaF(opacity)
        self._low, self._high = (pyqtgraph.PlotCurveItem(connect="finite") for _ in range(2))
        super().__init__(self._low, self._high, brush=brush)
        self.edges: tuple[Any, Any, Any] = ([], [], [])

    def draw(self, at: Any, low: Any, high: Any) -> None:
        """Draw the band from a low edge to a high one; none where they are empty."""
        self.edges = (at, low, high)
        for curve, edge in ((self._low, low), (self._high, high)):
            curve.setData(at, np.nan_to_num(edge))  # what is filled has no gaps


def key_of(profile: Profile, other: Profile | None) -> str:
    """What points, rings, curves and bands are, as rich text."""
    parts = [(MEASURED, "●", "measured")]
    if profile.lost.any():
        parts.append((LOST_COLOUR, "○", "marked as lost"))
    parts.append((ENHANCED, "▬", profile.name))
    if other is not None:
        parts.append((OTHER, "╍", other.name))
    for *_, opacity, says in reversed(list(bands(profile))):
        colour = pyqtgraph.mkColor(ENHANCED)
        red, green, blue, _ = colour.getRgb()
        parts.append((f"rgba({red}, {green}, {blue}, {opacity + 0.2:.2f})", "■", says))
    return "&nbsp;&nbsp; ".join(
        f'<span style="color:{colour}">{sign}</span>&nbsp;{escape(says).replace(" ", "&nbsp;")}'
        for colour, sign, says in parts
    )
