"""ProfilePlot: a gene along a line, measured points and the enhanced curve with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.export.colours import LOST_COLOUR
from napari_stentrans.export.profile import ENHANCED, MEASURED, band
from napari_stentrans.plugin.icons import recolour_plot
from napari_stentrans.plugin.panel import words

if TYPE_CHECKING:
    from napari_stentrans.export.profile import Profile

DOT = 6
KEY = "&nbsp;&nbsp; ".join(
    f'<span style="color:{colour}">{sign}</span>&nbsp;{meaning.replace(" ", "&nbsp;")}'
    for colour, sign, meaning in (
        (MEASURED, "●", "measured"),
        (LOST_COLOUR, "○", "lost"),
        (ENHANCED, "▬", "enhanced ± one standard deviation"),
    )
)
"""What points, rings, curve and band are, as rich text."""


class ProfilePlot(QWidget):
    """Plot of a Profile. Importing this module takes half a second the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("profile along the line")
        self.setToolTip(
            "Points: measured spots under the line; rings: those that were marked as lost.\n"
            "Curve: the enhanced map; band: one standard deviation up and down."
        )
        self._plot = pyqtgraph.PlotWidget(background=None)
        self._plot.setFixedHeight(190)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        self._plot.getPlotItem().setContentsMargins(0, 0, 0, 4)  # else the label below is cut
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).enableAutoSIPrefix(False)
        self._low, self._high = (pyqtgraph.PlotCurveItem(connect="finite") for _ in range(2))
        brush = pyqtgraph.mkColor(ENHANCED)
        brush.setAlpha(80)
        self._band = pyqtgraph.FillBetweenItem(self._low, self._high, brush=brush)
        self._curve = pyqtgraph.PlotCurveItem(
            pen=pyqtgraph.mkPen(ENHANCED, width=2), connect="finite"
        )
        self._dots = pyqtgraph.ScatterPlotItem(size=DOT, pen=None, brush=MEASURED)
        self._rings = pyqtgraph.ScatterPlotItem(
            size=DOT + 1, pen=pyqtgraph.mkPen(LOST_COLOUR, width=1.5), brush=None
        )
        for item in (self._band, self._curve, self._dots, self._rings):
            self._plot.addItem(item)
        self.key = words("what the profile shows")
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.key.setText(KEY)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        layout.addWidget(self.key)
        self._recolour()

    def show_profile(self, profile: Profile | None) -> None:
        """Draw a profile; None clears the plot."""
        if profile is None:
            for item in (self._low, self._high, self._curve, self._dots, self._rings):
                item.setData([], [])
            return
        at, low, high = band(profile)
        sure = np.nan_to_num(low), np.nan_to_num(high)  # FillBetweenItem draws no gaps
        self._low.setData(at, sure[0])
        self._high.setData(at, sure[1])
        self._curve.setData(at, profile.enhanced)
        known = np.isfinite(profile.measured)
        for item, of in ((self._dots, known & ~profile.lost), (self._rings, known & profile.lost)):
            item.setData(profile.spots.distance[of], profile.measured[of])
        self._plot.setLabel("bottom", profile.label)
        self._plot.setLabel("left", profile.gene)
        self._plot.setXRange(0, profile.length, padding=0.01)

    def drawn(self) -> dict[str, tuple[Any, Any]]:
        """Numbers (x, y) of what is drawn: "measured", "lost" and "enhanced"."""
        items = {"measured": self._dots, "lost": self._rings, "enhanced": self._curve}
        return {name: item.getData() for name, item in items.items()}

    def changeEvent(self, event: Any) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        recolour_plot(self._plot, self)
