"""A place in a figure for a paper, in inches, and what is written there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal

from napari_stentrans.analysis.short_names import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Width = Literal["one", "two"]
Style = Literal["normal", "italic"]
WIDTHS: dict[str, float] = {"one": 85.0, "two": 174.0}
"""One and two columns of a page, mm: those of Cell Press, the narrowest of large publishers."""
TALLEST, MM = 225.0, 25.4
"""Of a page, mm; mm in an inch."""
EDGE = 0.04
"""Inches, at the left and at the right."""
SMALL, USUAL = 6, 7
"""Points."""
POINT = 1 / 72
HEAD, NAME, LINE, GAP = 0.22, 0.15, 0.115, 0.09
"""Inches: headline of a part, line above a map, line of small text, between things."""
GREY, INK = "#b8b8b8", "#22272e"


@dataclass(frozen=True, eq=False)
class Room:
    """A rectangle of a figure; all in inches, from its left and from its top.

    Attributes
    ----------
    left, top
        Where it begins, from the left and the top of the figure.
    """

    figure: Figure
    left: float
    top: float
    width: float
    height: float

    def inner(self, left: float, top: float, width: float, height: float) -> Room:
        """A room within this one."""
        return Room(self.figure, self.left + left, self.top + top, width, height)

    def below(self, top: float) -> Room:
        """What is left of it below."""
        return self.inner(0, top, self.width, self.height - top)

    def axes(self) -> Axes:
        """Axes that fill it."""
        wide, tall = self.figure.get_size_inches()
        x, y = self.left / wide, 1 - (self.top + self.height) / tall
        return self.figure.add_axes((x, y, self.width / wide, self.height / tall))

    def paper(self) -> Axes:
        """Axes without a frame, whose units are inches from the left and from the top."""
        axes = self.axes()
        axes.set_axis_off()
        axes.set_xlim(0, self.width)
        axes.set_ylim(self.height, 0)
        return axes

    def write(self, x: float, y: float, text: str, size: float = SMALL, **looks: Any) -> None:
        """Write a text whose baseline begins there."""
        wide, tall = self.figure.get_size_inches()
        self.figure.text(
            (self.left + x) / wide, 1 - (self.top + y) / tall, text, fontsize=size,
            parse_math=False, **looks,
        )  # fmt: skip

    def head(self, letter: str, text: str, unit: str = "") -> None:
        """Write the letter and the headline of a part, and the unit of its colours."""
        self.write(0, 0.12, letter, USUAL + 1, weight="bold")
        self.write(0.17, 0.12, text, USUAL, weight="bold")
        self.write(self.width, 0.12, unit, ha="right", color=INK)


@lru_cache(4096)
def width_of(text: str, size: float = SMALL, style: Style = "normal") -> float:
    """Width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size, style=style)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) * POINT


def widest(texts: Sequence[str], style: Style = "normal") -> float:
    """Width in inches of the widest of small texts."""
    return max((width_of(text, style=style) for text in texts), default=0.0)


def fitting(
    names: Sequence[str], inches: float, size: float = SMALL, style: Style = "normal"
) -> list[str]:
    """Names cut to a width, each another text than all others."""
    return shorten(names, partial(_fits, inches, size, style))


def _fits(inches: float, size: float, style: Style, text: str) -> bool:
    return width_of(text, size, style) <= inches
