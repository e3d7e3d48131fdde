"""ColourBar: which value has which colour, and which gene, when there are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QRect, QSize
from qtpy.QtGui import QColor, QLinearGradient, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_stentrans.plugin.widgets.make import draw_line, faint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEIGHT, GAP, APART, WIDTH = 9, 1, 6, 150


@dataclass(frozen=True, eq=False)
class Bar:
    """One bar: what it shows, and its colours (stop, 3 or 4), 0 to 1, from low to high."""

    name: str
    unit: str
    limits: tuple[float, float]
    colours: NDArray[np.floating]

    @property
    def ends(self) -> tuple[str, str]:
        low, high = (f"{v:,.0f}" if abs(v) >= 100 else f"{v:.3g}" for v in self.limits)
        return low, high


class ColourBar(QWidget):
    """Bars beside each other, each with its lowest and highest value and a name or unit."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[Bar, ...] = ()
        self.setAccessibleName("colour bar")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def set_bars(self, bars: Sequence[Bar]) -> None:
        """Show these bars: one with its unit, or several with their names."""
        self._bars = tuple(bars)
        said = "; ".join(f"{bar.name}: {' to '.join(bar.ends)} {bar.unit}" for bar in bars)
        self.setAccessibleDescription(said)
        self.setToolTip(f"{said}. Values beyond the ends have the colour of the end.")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, HEIGHT + 2 * GAP + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        n = max(len(self._bars), 1)
        wide = (self.width() - (n - 1) * APART) // n
        for at, bar in enumerate(self._bars):
            self._paint(painter, bar, QRect(at * (wide + APART), GAP, wide, HEIGHT))
        painter.end()

    def _paint(self, painter: QPainter, bar: Bar, strip: QRect) -> None:
        gradient = QLinearGradient(strip.left(), 0, strip.right(), 0)
        for stop, colour in zip(np.linspace(0, 1, len(bar.colours)), bar.colours, strict=True):
            gradient.setColorAt(float(stop), QColor.fromRgbF(*map(float, colour[:3])))
        painter.fillRect(strip, gradient)
        text = self.palette().color(self.foregroundRole())
        painter.setPen(faint(text, 90))
        painter.drawRect(strip.adjusted(0, 0, -1, -1))
        painter.setPen(text)
        metrics = self.fontMetrics()
        line = QRect(strip.left(), strip.bottom() + 1, strip.width(), metrics.height())
        if len(self._bars) > 1:  # the tooltip says the rest
            draw_line(painter, line, bar.name, "middle")
            return
        for end, side in zip(bar.ends, ("left", "right"), strict=True):
            draw_line(painter, line, end, side)
        left, right = (metrics.horizontalAdvance(end) + 5 for end in bar.ends)
        draw_line(painter, line.adjusted(left, 0, -right, 0), bar.unit, "middle")


def to_black(colour: str) -> NDArray[np.floating]:
    """Colours (stop, 3) from black to a colour."""
    top = QColor(colour)
    return np.linspace(0, 1, 2)[:, None] * [top.redF(), top.greenF(), top.blueF()]
