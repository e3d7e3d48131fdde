"""Parts of a figure for a paper that are dots: genes in regions, and gene sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.analysis.dot_plot import Dots, dots_of, said_of
from napari_stentrans.analysis.paper_drawn import SWATCH, Drawn, region_names, swatches
from napari_stentrans.analysis.paper_room import (
    GAP,
    GREY,
    HEAD,
    INK,
    LINE,
    SMALL,
    Room,
    fitting,
    widest,
)
from napari_stentrans.analysis.regions import region_genes
from napari_stentrans.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from napari_stentrans.analysis.paper_room import Style

OF_PATTERN = 2
"""Genes of each pattern that are dots, where no genes are chosen and there is room for them."""
LEAST_DOT, MOST_DOT = 1.0, 40.0
"""Areas, square points."""
SHARES = (0.25, 0.5, 1.0)
NARROW, AIRY, WIDE, LOW = 0.105, 0.16, 0.24, 0.19
"""Inches: columns of dots at least, with room for keys beside them, and at most; rows at most."""
BELOW, SET = 0.95, 2.3
"""Inches: the longest name below a column; the longest name of a gene set."""
KEY, KEY_HIGH = 0.95, 0.5
"""Inches: width and height of what says what an area, or a colour, means."""
MOST_SETS = 12
RIM = 0.6
"""From the outermost dots to the frame, in rows or columns."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Dots in rows and columns, with names and keys.

    Attributes
    ----------
    shares, values
        (dot,) what the areas say, 0 to 1, and the colours.
    shown
        What the key of areas shows: share and text.
    area, colour
        What areas and colours are called, a line or two.
    coloured
        Whether rows are regions, with their colours.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    x: NDArray[Any]
    y: NDArray[Any]
    shares: NDArray[np.float64]
    values: NDArray[np.float64]
    looks: dict[str, Any]
    shown: Sequence[tuple[float, str]]
    area: str
    colour: str
    coloured: bool = False
    style: Style = "normal"

    @cached_property
    def left(self) -> float:
        """Width of the names of rows."""
        return widest(self.rows) + SWATCH * self.coloured + GAP

    @cached_property
    def below(self) -> float:
        """Height of the names of columns."""
        return widest(self.columns, self.style) + GAP

    def height(self, *, keys_beside: bool) -> float:
        """Height that it takes; keys are beside it, or below it."""
        tall = len(self.rows) * LINE + self.below
        return max(tall, 2 * KEY_HIGH + GAP) if keys_beside else tall + KEY_HIGH

    def draw(self, room: Room, *, keys_beside: bool) -> None:
        """Draw it into a room."""
        tall = room.height - self.below - KEY_HIGH * (not keys_beside)
        wide = room.width - self.left - (KEY + GAP) * keys_beside
        high = min(tall, LOW * len(self.rows))
        across = min(wide, WIDE * len(self.columns))
        painted = self._draw_dots(room.inner(self.left, 0, across, high).axes())
        if keys_beside:
            keys = room.inner(self.left + across + GAP, 0, KEY, room.height)
            other = keys.below(KEY_HIGH + GAP)
        else:
            keys = room.below(high + self.below)
            other = keys.inner(KEY + GAP, 0, KEY, KEY_HIGH)
        self._draw_areas(keys.inner(0, 0, KEY, KEY_HIGH))
        self._draw_colours(other, painted)

    def _draw_dots(self, axes: Axes) -> Any:
        n, m = len(self.rows), len(self.columns)
        axes.set_xlim(-RIM, m - 1 + RIM)
        axes.set_ylim(n - 1 + RIM, -RIM)
        painted = axes.scatter(
            self.x, self.y, s=_area(self.shares), c=self.values, edgecolors=INK, linewidths=0.3,
            zorder=2, clip_on=False, **self.looks,
        )  # fmt: skip
        axes.set_xticks(range(m), self.columns, rotation=90, style=self.style, parse_math=False)
        axes.set_yticks(range(n), self.rows, parse_math=False)
        axes.tick_params(length=0, pad=2)
        if self.coloured:
            axes.tick_params(axis="y", pad=2 + SWATCH * 72)
            inch = axes.get_window_extent().width / axes.figure.dpi
            left = -RIM - (m - 1 + 2 * RIM) / inch * SWATCH * 0.6
            swatches(axes, left, np.arange(n), n)
        axes.grid(color="#e4e7eb", linewidth=0.5, zorder=0)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
        return painted

    def _draw_areas(self, room: Room) -> None:
        """Say what the areas mean: dots with their numbers below."""
        axes = room.paper()
        axes.text(0, 0, self.area, va="top", fontsize=SMALL)
        x = 0.12 + 0.28 * np.arange(len(self.shown))
        y = LINE * (1 + self.area.count("\n")) + 0.07
        areas = _area(np.array([share for share, _ in self.shown]))
        axes.scatter(x, np.full(len(x), y), s=areas, c=GREY, edgecolors=INK, linewidths=0.3)
        for at, (_, text) in zip(x, self.shown, strict=True):
            axes.text(at, y + 0.075, text, ha="center", va="top", fontsize=SMALL)

    def _draw_colours(self, room: Room, painted: Any) -> None:
        """Say what the colours mean: a lying bar."""
        room.paper().text(0, 0, self.colour, va="top", fontsize=SMALL)
        y = LINE * (1 + self.colour.count("\n")) + 0.05
        at = room.inner(0.06, y, KEY - 0.25, 0.06).axes()
        bar = room.figure.colorbar(painted, cax=at, orientation="horizontal")
        bar.outline.set_linewidth(0.3)
        bar.locator = _few()
        bar.update_ticks()
        at.tick_params(pad=1)


@dataclass(frozen=True, eq=False)
class RegionDots:
    """Genes in regions: the area of a dot is the share of spots, the colour is the mean."""

    drawn: Drawn
    width: float
    head, unit, of = "Genes there, as measured", "", "regions"

    @property
    def room(self) -> float:
        """Width that is there for dots and what is beside them."""
        return self.width - widest(region_names(self.drawn)) - SWATCH - GAP

    @cached_property
    def keys_beside(self) -> bool:
        """Whether keys find room beside dots that are not crowded."""
        return len(self.genes) * AIRY <= self.room - KEY - GAP

    @cached_property
    def genes(self) -> list[str]:
        """Genes of the dots: the chosen ones, else the first of each pattern.

        Raises
        ------
        ConfigError
            When there is no room for so many side by side.
        """
        most, of = int(self.room / NARROW), self.drawn.patterns
        chosen, what = self.drawn.genes, "genes"
        if not chosen and of is not None:
            n, what = min(OF_PATTERN, max(most // len(of.names), 1)), "patterns"
            chosen = [gene for name in of.names for gene in of.genes(name)[:n]]
        if len(chosen) > most:
            raise ConfigError(
                f"{len(chosen)} genes find no room as dots beside the names of the regions; {most} "
                f"do. Choose fewer {what}, or a wider figure."
            )
        return chosen

    @cached_property
    def grid(self) -> Grid:
        """Its dots."""
        drawn, annotation = self.drawn, self.drawn.annotation
        assert annotation is not None
        table = region_genes(drawn.section, annotation, self.genes, lost=drawn.lost)
        genes = list(table["gene"].unique())
        highest = table.groupby("gene", sort=False)["mean"].transform("max").clip(lower=1e-9)
        return Grid(
            rows=region_names(drawn),
            columns=fitting(drawn.labels(genes), BELOW, style="italic"),
            x=table["gene"].map(genes.index).to_numpy(),
            y=table["region"].map(annotation.names.index).to_numpy(),
            shares=table["fraction"].fillna(0.0).to_numpy(),
            values=(table["mean"] / highest).fillna(0.0).to_numpy(),
            looks={"cmap": "viridis", "vmin": 0, "vmax": 1},
            shown=[(share, f"{share:.0%}") for share in SHARES],
            area="spots that show it",
            colour="mean, as share of\nthe gene's highest",
            coloured=True,
            style="italic",
        )

    @property
    def height(self) -> float:
        """Inches, with the headline."""
        return HEAD + self.grid.height(keys_beside=self.keys_beside) + GAP

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""
        self.grid.draw(
            room.inner(0, 0, room.width, room.height - GAP), keys_beside=self.keys_beside
        )


@dataclass(frozen=True, eq=False)
class SetDots:
    """Gene sets that stand out: the area of a dot is the strength, the colour is the score."""

    tables: Mapping[str, pd.DataFrame]
    width: float
    head, unit, of = "Gene sets", "", "gene sets"

    @cached_property
    def grid(self) -> Grid:
        """Its dots."""
        dots: Dots = dots_of(self.tables, most=MOST_SETS)
        names = [name.replace("_", " ") for name in dots.sets]
        room = min(SET, self.width - KEY - 2 * GAP - NARROW * len(self.tables))
        return Grid(
            rows=fitting(names, room),
            columns=fitting(list(self.tables), BELOW),
            x=dots.x,
            y=dots.y,
            shares=dots.grown / dots.biggest,
            values=dots.values,
            looks=dots.looks,
            shown=[(share, f"{share * dots.biggest:.2g}") for share in SHARES],
            area=said_of("fdr"),
            colour=dots.colour.replace("_", " "),
        )

    @property
    def height(self) -> float:
        """Inches, with the headline."""
        return HEAD + self.grid.height(keys_beside=True) + GAP

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""
        self.grid.draw(room.inner(0, 0, room.width, room.height - GAP), keys_beside=True)


def _area(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return LEAST_DOT + (MOST_DOT - LEAST_DOT) * shares


def _few() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(2)
