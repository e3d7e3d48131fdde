"""ColourBar: which value has which colour, and which gene, when there are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STOPS = 32
HEIGHT, GAP, APART, WIDTH = 9, 1, 6, 150


@dataclass(frozen=True, eq=False)
class Bar:
    """One bar: what it shows, and its colours (stop, 3 or 4), 0 to 1, from low to high."""

    name: str
    unit: str
    limits: tuple[float, float]
    colours: NDArray[np.floating]


class ColourBar(QWidget):
    """Bars beside each other, each with its lowest and highest value and a name or unit."""

    def __init__(self) -> None:
        super().__init__()
        self._bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def bars(self) -> tuple[Bar, ...]:
        """What is shown."""
        return self._bars

    def set_bars(self, bars: Sequence[Bar]) -> None:
        """Show these bars: one with its unit, or several with their names."""
        self._bars = tuple(bars)
        said = "; ".join(self._in_words(bar) for bar in self._bars)
        self.setAccessibleName("colour bar")
        self.setAccessibleDescription(said)
        self.setToolTip(f"{said}. Values beyond the ends have the colour of the end.")
        self.update()

    def sizeHint(self) -> QSize:
        """A bar and a line of text."""
        return QSize(WIDTH, HEIGHT + 2 * GAP + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """As high as it should be, and as narrow as may be."""
        return QSize(WIDTH, self.sizeHint().height())

    def paintEvent(self, event: Any) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        n = max(len(self._bars), 1)
        wide = (self.width() - (n - 1) * APART) // n
        for at, bar in enumerate(self._bars):
            self._paint(painter, bar, QRect(at * (wide + APART), 0, wide, self.height()))
        painter.end()

    def _paint(self, painter: QPainter, bar: Bar, place: QRect) -> None:
        strip = QRect(place.left(), GAP, place.width(), HEIGHT)
        gradient = QLinearGradient(strip.left(), 0, strip.right(), 0)
        for stop, colour in zip(np.linspace(0, 1, len(bar.colours)), bar.colours, strict=True):
            gradient.setColorAt(float(stop), QColor.fromRgbF(*map(float, colour[:3])))
        painter.fillRect(strip, gradient)
        text = self.palette().color(self.foregroundRole())
        edge = QColor(text)
        edge.setAlpha(90)
        painter.setPen(edge)
        painter.drawRect(strip.adjusted(0, 0, -1, -1))
        painter.setPen(text)
        metrics = self.fontMetrics()
        line = QRect(strip.left(), strip.bottom() + 1, strip.width(), metrics.height())
        middle = line
        if len(self._bars) == 1:  # of several, the names; the tooltip says the rest
            low, high = map(_short, bar.limits)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, low)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, high)
            left, right = (metrics.horizontalAdvance(end) + 5 for end in (low, high))
            middle = line.adjusted(left, 0, -right, 0)
        centre = bar.unit if len(self._bars) == 1 else bar.name
        shown = metrics.elidedText(centre, Qt.TextElideMode.ElideMiddle, middle.width())
        painter.drawText(middle, Qt.AlignmentFlag.AlignHCenter, shown)

    def _in_words(self, bar: Bar) -> str:
        low, high = map(_short, bar.limits)
        return f"{bar.name}: {low} to {high} {bar.unit}"


def to_black(colour: str) -> NDArray[np.floating]:
    """Colours (stop, 3) from black to a colour."""
    top = QColor(colour)
    return np.linspace(0, 1, 2)[:, None] * [top.redF(), top.greenF(), top.blueF()]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
