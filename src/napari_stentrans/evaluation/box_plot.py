"""A box plot, drawn with Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

INK, GREY, PALE = "#22272e", "#8a929c", "#e4e7eb"
FILLS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Tol's bright palette, told apart by colour-blind people (Paul Tol, notes on colour schemes)."""
SCALE = 2
"""Device pixels per unit of the drawing, for sharp text."""
HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 420, 76, 64, 64, 24
SLOT, BOX = 112, 52
"""Room for a method and width of its box."""


class Axis(NamedTuple):
    """The vertical axis: values from ``low`` to ``high``, a tick at every ``step``."""

    low: float
    high: float
    step: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Axis:
        """Axis that holds all values and zero."""
        low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.1)
        step = next(s for s in (0.05, 0.1, 0.2, 0.5, 1.0) if (high - low) / s <= 8 or s == 1)
        return cls(float(np.floor(low / step) * step), float(np.ceil(high / step) * step), step)

    def ticks(self) -> NDArray[np.float64]:
        """Values with a tick."""
        first, last = round(self.low / self.step), round(self.high / self.step)
        return np.asarray(self.step * np.arange(first, last + 1), np.float64)

    def y(self, value: float) -> float:
        """Where a value lies in the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


class Canvas:
    """Lines, boxes and text in units of the drawing."""

    def __init__(self, width: float) -> None:
        self.width = width
        self.image = Image.new("RGB", (round(width * SCALE), HEIGHT * SCALE), "white")
        self._draw = ImageDraw.Draw(self.image)

    def line(self, x: float, y: float, x2: float, y2: float, ink: str, width: float = 1) -> None:
        """Draw a straight line."""
        ends = [(x * SCALE, y * SCALE), (x2 * SCALE, y2 * SCALE)]
        self._draw.line(ends, ink, round(width * SCALE))

    def box(self, x: float, y: float, x2: float, y2: float, fill: str) -> None:
        """Fill a rectangle."""
        corners = [(x * SCALE, y * SCALE), (x2 * SCALE, y2 * SCALE)]
        self._draw.rectangle(corners, fill, INK, SCALE)

    def text(self, x: float, y: float, text: str, anchor: str, size: int = 12) -> None:
        """Write text; the anchor is Pillow's."""
        font = ImageFont.load_default(size * SCALE)
        self._draw.text((x * SCALE, y * SCALE), text, INK, font, anchor)

    def upright(self, x: float, y: float, text: str, size: int = 12) -> None:
        """Write text from bottom to top around (x, y)."""
        font = ImageFont.load_default(size * SCALE)
        left, top, right, bottom = (round(v) for v in font.getbbox(text))
        strip = Image.new("RGB", (right - left + 2, bottom - top + 2), "white")
        ImageDraw.Draw(strip).text((1 - left, 1 - top), text, INK, font)
        strip = strip.rotate(90, expand=True)
        corner = (round(x * SCALE - strip.width / 2), round(y * SCALE - strip.height / 2))
        self.image.paste(strip, corner)


def draw_boxes(
    boxes: Mapping[str, NDArray[np.float64]],
    title: str,
    label: str,
    ceiling: float | None = None,
) -> Image.Image:
    """Draw a box for each set of values.

    Box: quartiles; line: median, written above; whiskers: 5th and 95th percentile.

    Parameters
    ----------
    boxes
        Values by name.
    title, label
        Headline, and what the vertical axis shows.
    ceiling
        Where to draw the line of what can be reached at all.
    """
    spread = {name: np.percentile(v, [5, 25, 50, 75, 95]) for name, v in boxes.items()}
    known = [*spread.values(), np.array([] if ceiling is None else [ceiling])]
    axis = Axis.of(np.concatenate(known))
    canvas = Canvas(max(LEFT + RIGHT + SLOT * len(boxes), LEFT + RIGHT + 8 * len(title)))
    right = canvas.width - RIGHT
    for tick in axis.ticks():
        zero = abs(tick) < axis.step / 2
        canvas.line(LEFT, axis.y(tick), right, axis.y(tick), GREY if zero else PALE)
        canvas.text(LEFT - 8, axis.y(tick), f"{tick + 0.0:.2f}", "rm")
    canvas.text(LEFT, 26, title, "lm", 15)
    canvas.upright(20, (TOP + HEIGHT - BOTTOM) / 2, label)
    if ceiling is not None:
        _dashes(canvas, LEFT, right, axis.y(ceiling))
        canvas.text(right, axis.y(ceiling) - 3, "ceiling that the noise sets", "rd", 11)
    slot = (right - LEFT) / len(boxes)
    for i, (name, values) in enumerate(spread.items()):
        _box(canvas, axis, LEFT + (i + 0.5) * slot, values, FILLS[i % len(FILLS)])
        canvas.text(LEFT + (i + 0.5) * slot, HEIGHT - BOTTOM + 14, name, "ma", 13)
    return canvas.image


def _box(canvas: Canvas, axis: Axis, x: float, values: NDArray[np.float64], fill: str) -> None:
    low, first, median, third, high = (axis.y(v) for v in values)
    canvas.line(x, low, x, high, INK)
    for end in (low, high):
        canvas.line(x - BOX / 4, end, x + BOX / 4, end, INK)
    canvas.box(x - BOX / 2, third, x + BOX / 2, first, fill)
    canvas.line(x - BOX / 2, median, x + BOX / 2, median, "white", 2)
    canvas.text(x, high - 4, f"median {values[2]:.2f}", "md", 11)


def _dashes(canvas: Canvas, left: float, right: float, y: float) -> None:
    for x in np.arange(left, right, 8):
        canvas.line(x, y, min(x + 4, right), y, GREY)
