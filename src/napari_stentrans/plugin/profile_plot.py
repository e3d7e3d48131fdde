"""ProfilePlot: a gene along a line, measured points and the enhanced curve with its band."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from qtpy.QtCore import Qt

from napari_stentrans.export.colours import LOST_COLOUR
from napari_stentrans.export.profile import ENHANCED, MEASURED, OTHER, band
from napari_stentrans.plugin.panel import words
from napari_stentrans.plugin.plot import Plot

if TYPE_CHECKING:
    from napari_stentrans.export.profile import Profile

DOT = 6


def key_of(profile: Profile, other: Profile | None) -> str:
    """What points, rings, curves and band are, as rich text."""
    parts = [
        (MEASURED, "●", "measured"),
        (LOST_COLOUR, "○", "lost"),
        (ENHANCED, "▬", f"{profile.name} ± one standard deviation"),
    ]
    if other is not None:
        parts.append((OTHER, "╍", other.name))
    return "&nbsp;&nbsp; ".join(
        f'<span style="color:{colour}">{sign}</span>&nbsp;{escape(says).replace(" ", "&nbsp;")}'
        for colour, sign, says in parts
    )


class ProfilePlot(Plot):
    """Plot of a Profile."""

    def __init__(self) -> None:
        super().__init__(height=190)
        self.setAccessibleName("profile along the line")
        self.setToolTip(
            "Points: measured spots under the line; rings: those that were marked as lost.\n"
            "Curve: the enhanced map; band: one standard deviation up and down.\n"
            "Dashed: the run that it is compared with."
        )
        self._low, self._high = (pyqtgraph.PlotCurveItem(connect="finite") for _ in range(2))
        brush = pyqtgraph.mkColor(ENHANCED)
        brush.setAlpha(80)
        self._band = pyqtgraph.FillBetweenItem(self._low, self._high, brush=brush)
        self._curve = pyqtgraph.PlotCurveItem(
            pen=pyqtgraph.mkPen(ENHANCED, width=2), connect="finite"
        )
        dashed = pyqtgraph.mkPen(OTHER, width=2, style=Qt.PenStyle.DashLine)
        self._other = pyqtgraph.PlotCurveItem(pen=dashed, connect="finite")
        self._dots = pyqtgraph.ScatterPlotItem(size=DOT, pen=None, brush=MEASURED)
        self._rings = pyqtgraph.ScatterPlotItem(
            size=DOT + 1, pen=pyqtgraph.mkPen(LOST_COLOUR, width=1.5), brush=None
        )
        for item in (self._band, self._curve, self._other, self._dots, self._rings):
            self.plot.addItem(item)
        self.key = words("what the profile shows")
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.rows.addWidget(self.key)

    def show_profile(self, profile: Profile, other: Profile | None = None) -> None:
        """Draw a profile, and the curve of another run along the same line."""
        self.key.setText(key_of(profile, other))
        nothing: tuple[Any, Any] = ([], [])
        self._other.setData(*(nothing if other is None else (other.sites.distance, other.enhanced)))
        at, low, high = band(profile)
        sure = np.nan_to_num(low), np.nan_to_num(high)  # FillBetweenItem draws no gaps
        self._low.setData(at, sure[0])
        self._high.setData(at, sure[1])
        self._curve.setData(at, profile.enhanced)
        known = np.isfinite(profile.measured)
        for item, of in ((self._dots, known & ~profile.lost), (self._rings, known & profile.lost)):
            item.setData(profile.spots.distance[of], profile.measured[of])
        self.plot.setLabel("bottom", profile.label)
        self.plot.setLabel("left", profile.section.gene_label(profile.gene))
        self.plot.setXRange(0, profile.length, padding=0.01)

    def drawn(self) -> dict[str, tuple[Any, Any]]:
        """Numbers (x, y) of what is drawn: "measured", "lost", "enhanced" and "other"."""
        items = {
            "measured": self._dots,
            "lost": self._rings,
            "enhanced": self._curve,
            "other": self._other,
        }
        return {name: item.getData() for name, item in items.items()}
