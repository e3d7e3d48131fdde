"""Parts of a figure for a paper that are maps: of genes, of regions and of patterns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.analysis.domains import Domains
from napari_stentrans.analysis.paper_drawn import (
    SWATCH,
    Drawn,
    draw_bar,
    region_colours,
    region_names,
    swatches,
)
from napari_stentrans.analysis.paper_room import (
    GAP,
    HEAD,
    LINE,
    NAME,
    SMALL,
    USUAL,
    Room,
    fitting,
    widest,
    width_of,
)
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.export.panels import UNIT, top_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.analysis.patterns import Patterns

TOP = 3
"""Genes named above a pattern."""
HIGH = 2.5
"""Standard deviations at the ends of the colours of a pattern."""
BAR, LEAST_MAP = 0.36, 0.6
"""Inches: a colour bar with its numbers, the smallest map of a pattern."""


@dataclass(frozen=True, eq=False)
class GeneMaps:
    """Genes as measured; of a result beside them as enhanced, in the same colours."""

    drawn: Drawn
    width: float
    columns: int
    of, unit = "genes", UNIT

    @property
    def side(self) -> int:
        """Maps of a gene."""
        return 2 if isinstance(self.drawn.data, Enhancement) else 1

    @property
    def head(self) -> str:
        """Headline."""
        return "Expression as measured" + ", and enhanced" * (self.side > 1)

    @property
    def across(self) -> int:
        """Genes side by side."""
        return max(self.columns // self.side, 1)

    @property
    def each(self) -> float:
        """Width of a map."""
        return (self.width / self.across - BAR) / self.side - GAP

    @property
    def row(self) -> float:
        """Height of a row."""
        return NAME + self.each * self.drawn.shape + LINE

    @property
    def height(self) -> float:
        """Inches, with the headline."""
        return HEAD + -(-len(self.drawn.genes) // self.across) * self.row

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""
        labels = self.drawn.labels(self.drawn.genes)
        names = fitting(labels, self.each, USUAL, "italic")
        for at, (gene, name) in enumerate(zip(self.drawn.genes, names, strict=True)):
            row, column = divmod(at, self.across)
            wide = self.width / self.across
            place = room.inner(column * wide, row * self.row, wide, self.row)
            self._draw_gene(place, gene, name, with_scale=not at)

    def _draw_gene(self, room: Room, gene: str, name: str, *, with_scale: bool) -> None:
        drawn, each = self.drawn, self.each
        tall = each * drawn.shape
        lost, section = drawn.lost, drawn.section
        measured = section.gene_lognorm(gene)
        looks = {"cmap": "viridis", "vmin": 0.0, "vmax": top_of(measured[~lost])}
        axes = drawn.panel(room.inner(0, NAME, each, tall))
        drawn.show(axes, section.raster, np.where(lost, np.nan, measured), False, **looks)
        room.write(each / 2, NAME - 0.04, name, USUAL, style="italic", ha="center")
        if with_scale:
            drawn.draw_scale(room.inner(0, NAME + tall, each, LINE))
        right = each + GAP
        if isinstance(drawn.data, Enhancement):
            axes = drawn.panel(room.inner(right, NAME, each, tall))
            drawn.show(axes, drawn.data.raster, drawn.data.gene(gene).mean, True, **looks)
            room.write(right + each / 2, NAME - 0.04, "enhanced", USUAL, ha="center")
            right += each + GAP
        draw_bar(room.inner(right - GAP / 2, NAME, BAR, tall), looks, "max")


@dataclass(frozen=True, eq=False)
class RegionMap:
    """Regions or domains in their colours, and their names where no dots beside have them."""

    drawn: Drawn
    width: float
    each: float
    legend: bool
    of, unit = "regions", ""

    @property
    def head(self) -> str:
        """Headline."""
        regions = self.drawn.regions
        if not isinstance(regions, Domains):
            return "Regions"
        return f"Domains of {'enhanced' if regions.maps.enhanced else 'measured'} expression"

    @property
    def names(self) -> list[str]:
        """Names of the regions."""
        return region_names(self.drawn, self.room - SWATCH)

    @property
    def room(self) -> float:
        """Width that is there for names."""
        return self.width - self.each - 2 * GAP

    @property
    def columns(self) -> int:
        """Columns of names: as many as keep them as short as the map."""
        most = max(int((self.room + GAP) / (SWATCH + widest(self.names) + GAP)), 1)
        rows = max(int(self.each * self.drawn.shape / LINE), 1)
        return min(most, -(-len(self.names) // rows))

    @property
    def height(self) -> float:
        """Inches, with the headline."""
        tall = self.each * self.drawn.shape
        rows = -(-len(self.names) // self.columns) if self.legend else 0
        return HEAD + max(tall + LINE, rows * LINE) + GAP

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""
        from matplotlib.colors import ListedColormap

        drawn, regions = self.drawn, self.drawn.regions
        assert regions is not None
        n = len(regions.names)
        looks = {"cmap": ListedColormap(region_colours(n)), "vmin": -0.5, "vmax": n - 0.5}
        axes = drawn.panel(room.inner(0, 0, self.each, self.each * drawn.shape))
        drawn.draw_scale(room.inner(0, self.each * drawn.shape, self.each, LINE))
        if isinstance(regions, Domains):
            drawn.show_maps(axes, regions.maps, regions.labels.astype(float), **looks)
        else:
            codes = np.where(regions.codes < 0, np.nan, regions.codes)
            drawn.show(axes, drawn.section.raster, codes, True, **looks)
        if self.legend:
            self._draw_names(room.inner(self.each + 2 * GAP, 0, self.room, room.height))

    def _draw_names(self, room: Room) -> None:
        names, axes = self.names, room.paper()
        rows = -(-len(names) // self.columns)
        column, row = np.divmod(np.arange(len(names)), rows)
        x = column * (SWATCH + widest(names) + GAP)
        y = (row + 0.5) * LINE
        swatches(axes, x + SWATCH / 3, y, len(names))
        for at, name in enumerate(names):
            axes.text(
                x[at] + SWATCH, y[at], name, va="center", fontsize=SMALL, parse_math=False
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class PatternMaps:
    """Maps of patterns, and the genes that are most like each."""

    drawn: Drawn
    width: float
    columns: int
    of, unit = "patterns", "standard deviations"

    @property
    def patterns(self) -> Patterns:
        """What is drawn."""
        assert self.drawn.patterns is not None
        return self.drawn.patterns

    @property
    def head(self) -> str:
        """Headline."""
        return f"Patterns of {'enhanced' if self.patterns.maps.enhanced else 'measured'} expression"

    @property
    def across(self) -> int:
        """Maps side by side; where there are many, they are smaller than those of genes."""
        most = min(self.columns * 3 // 2, int((self.width - BAR) / (LEAST_MAP + GAP)))
        return min(max(len(self.patterns.names), self.columns), most)

    @property
    def each(self) -> float:
        """Width of a map."""
        return (self.width - BAR) / self.across - GAP

    @property
    def row(self) -> float:
        """Height of a row."""
        return 4 * LINE + self.each * self.drawn.shape

    @property
    def height(self) -> float:
        """Inches, with the headline."""
        return HEAD + -(-len(self.patterns.names) // self.across) * self.row

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""
        drawn, patterns, tall = self.drawn, self.patterns, self.each * self.drawn.shape
        looks = {"cmap": "magma", "vmin": -HIGH, "vmax": HIGH}
        for at, (name, values) in enumerate(zip(patterns.names, patterns.values.T, strict=True)):
            row, column = divmod(at, self.across)
            place = room.inner(column * (self.each + GAP), row * self.row, self.each, self.row)
            axes = drawn.panel(place.inner(0, 3 * LINE, self.each, tall))
            drawn.show_maps(axes, patterns.maps, values, **looks)
            if not at:
                drawn.draw_scale(place.inner(0, 3 * LINE + tall, self.each, LINE))
            for line, text in enumerate(self._said(name)):
                place.write(self.each / 2, (line + 0.75) * LINE, text, ha="center")
        many = min(self.across, len(patterns.names))
        right = many * (self.each + GAP) - GAP / 2
        draw_bar(room.inner(right, 3 * LINE, BAR, tall), looks, "both")

    def _said(self, name: str) -> list[str]:
        """Lines above a map."""
        genes = self.patterns.genes(name)
        labels = self.drawn.labels(genes[:TOP])
        n = len(labels)
        while n > 1 and width_of(_listed(labels[:n], len(genes))) > self.each:
            n -= 1
        lines = [name, f"{len(genes):,} genes", _listed(labels[:n], len(genes))]
        return [fitting([line], self.each)[0] for line in lines]


def _listed(labels: Sequence[str], n: int) -> str:
    """Say the first of n genes."""
    return ", ".join(labels) + ", …" * (n > len(labels))
