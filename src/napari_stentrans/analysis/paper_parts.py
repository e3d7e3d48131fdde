"""Parts of a figure for a paper: maps of genes, regions and patterns, and genes as dots."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.analysis.domains import Domains
from napari_stentrans.analysis.regions import region_genes
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.export.colours import ANNOTATION_COLOURS
from napari_stentrans.export.panels import (
    UNIT,
    View,
    draw_colour_bar,
    draw_lost,
    draw_outline,
    draw_scale_bar,
    top_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure
    from numpy.typing import NDArray

    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.analysis.patterns import Patterns
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.section import Section

SMALL = 6
"""Points."""
LONGEST = 26
"""Letters of a name in a legend, and of a gene's above a map."""
TOP, OF_PATTERN = 3, 2
"""Genes named above a pattern; and taken as dots of each, where no genes are chosen."""
LEAST_DOT, MOST_DOT = 1.0, 42.0
"""Areas, square points."""
SHARES = (0.25, 0.5, 1.0)
HIGH = 2.5
"""Standard deviations at the ends of the colours of a pattern."""
GREY, INK = "#b8b8b8", "#22272e"


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a figure shows.

    Attributes
    ----------
    genes
        Names of the chosen genes.
    lost
        (spot,) True where nothing was measured, or it is left out.
    columns
        Maps side by side on the whole width.
    """

    data: Section | Enhancement
    section: Section
    view: View
    genes: list[str]
    regions: Annotation | Domains | None
    patterns: Patterns | None
    lost: NDArray[np.bool_]
    columns: int

    @property
    def small_columns(self) -> int:
        """Small maps side by side: those of patterns."""
        return self.columns * 3 // 2

    @property
    def annotation(self) -> Annotation | None:
        """Regions of the spots."""
        return self.regions.annotation() if isinstance(self.regions, Domains) else self.regions

    @property
    def dotted(self) -> list[str]:
        """Genes of the dots: the chosen ones, else the first of each pattern."""
        if self.genes or self.patterns is None:
            return self.genes
        of = self.patterns
        return [gene for name in of.names for gene in of.genes(name)[:OF_PATTERN]]

    def panels(self, room: SubFigure, n: int, columns: int) -> list[Axes]:
        """Empty panels for n maps, with so many side by side; the first has the scale bar."""
        rows = -(-n // columns)
        every = room.subplots(rows, columns, squeeze=False).ravel()
        for axes in every[n:]:
            axes.set_axis_off()
        for axes in every[:n]:
            self.view.panel(axes)
        draw_scale_bar(self.view, every[0], self.section, SMALL)
        return list(every[:n])

    def show(self, axes: Axes, maps: Maps, values: NDArray[Any], **looks: Any) -> None:
        """Draw values at the sites of maps."""
        if isinstance(self.data, Enhancement) and maps.enhanced:
            raster, every = self.data.raster, values
        else:
            raster, every = self.section.raster, maps.at_spots(values)
        self.view.show(axes, raster, raster.draw(every), **looks)


def draw_genes(drawn: Drawn, room: SubFigure) -> None:
    """Genes as measured; of a result beside them as enhanced, in the same colours."""
    data, section, lost = drawn.data, drawn.section, drawn.lost
    side = 2 if isinstance(data, Enhancement) else 1
    every = drawn.panels(room, side * len(drawn.genes), drawn.columns)
    for at, gene in enumerate(drawn.genes):
        axes = every[side * at : side * (at + 1)]
        measured = section.gene_lognorm(gene)
        looks = {"cmap": "viridis", "vmin": 0.0, "vmax": top_of(measured[~lost])}
        raster, paint = section.raster, section.raster.paint(lost)
        drawn.view.show(axes[0], raster, raster.draw(np.where(lost, np.nan, measured)), **looks)
        if lost.any():
            draw_lost(drawn.view, axes[0], raster, paint)
        name = _short(section.gene_label(gene))
        axes[0].set_title(name, style="italic", parse_math=False)
        if isinstance(data, Enhancement):
            drawn.view.show(axes[1], data.raster, data.raster.draw(data.gene(gene).mean), **looks)
            axes[1].set_title("enhanced")
            if lost.any():
                draw_outline(axes[1], raster, paint)
        draw_colour_bar(room, np.array(axes), looks, UNIT)


def draw_regions(drawn: Drawn, room: SubFigure) -> None:
    """Regions or domains in their colours, and their names."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    regions, section = drawn.regions, drawn.section
    assert regions is not None
    names = regions.names
    colours = [ANNOTATION_COLOURS[i % len(ANNOTATION_COLOURS)] for i in range(len(names))]
    looks = {"cmap": ListedColormap(colours), "vmin": -0.5, "vmax": len(names) - 0.5}
    (axes,) = drawn.panels(room, 1, 1)
    if isinstance(regions, Domains):
        drawn.show(axes, regions.maps, regions.labels.astype(float), **looks)
    else:
        codes = np.where(regions.codes < 0, np.nan, regions.codes)
        drawn.view.show(axes, section.raster, section.raster.draw(codes), **looks)
    patches = [Patch(color=c, label=_short(n)) for c, n in zip(colours, names, strict=True)]
    legend = axes.legend(
        handles=patches, loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False,
        borderaxespad=0, handlelength=1.0, handletextpad=0.5, labelspacing=0.3,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def draw_dots(drawn: Drawn, room: SubFigure) -> None:
    """Genes in regions: the area of a dot is the share of spots, the colour is the mean."""
    annotation = drawn.annotation
    assert annotation is not None
    lost = None if isinstance(drawn.data, Enhancement) else drawn.lost
    table = region_genes(drawn.data, annotation, drawn.dotted, lost=lost)
    genes, names = list(table["gene"].unique()), annotation.names
    of_gene = table.groupby("gene", sort=False)["mean"]
    colour = (table["mean"] / of_gene.transform("max").clip(lower=1e-9)).fillna(0.0)
    axes = room.subplots()
    painted = axes.scatter(
        table["region"].map(names.index), table["gene"].map(genes.index),
        s=LEAST_DOT + (MOST_DOT - LEAST_DOT) * table["fraction"].fillna(0.0),
        c=colour, cmap="viridis", vmin=0, vmax=1, edgecolors=INK, linewidths=0.3, zorder=2,
    )  # fmt: skip
    axes.set_xticks(range(len(names)), [_short(n) for n in names], rotation=40, ha="right",
                    rotation_mode="anchor", parse_math=False)  # fmt: skip
    labels = [_short(drawn.section.gene_label(gene)) for gene in genes]
    axes.set_yticks(range(len(genes)), labels, style="italic", parse_math=False)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylim(len(genes) - 0.4, -0.6)
    axes.grid(color="#e4e7eb", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _key_of_shares(axes)
    bar = room.colorbar(painted, ax=axes, shrink=0.6, aspect=12, anchor=(0, 0), pad=0.02)
    bar.set_label("mean, share of the\ngene's highest")
    bar.outline.set_linewidth(0.3)


def _key_of_shares(axes: Axes) -> None:
    handles = [
        axes.scatter([], [], s=LEAST_DOT + (MOST_DOT - LEAST_DOT) * share, color=GREY,
                     edgecolors=INK, linewidths=0.3)
        for share in SHARES
    ]  # fmt: skip
    axes.legend(
        handles, [f"{share:.0%}" for share in SHARES], title="spots that\nshow it",
        loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0,
        title_fontsize=SMALL, handletextpad=0.3,
    )  # fmt: skip


def draw_patterns(drawn: Drawn, room: SubFigure) -> None:
    """Maps of patterns, and the genes that are most like each."""
    patterns = drawn.patterns
    assert patterns is not None
    every = drawn.panels(room, len(patterns.names), drawn.small_columns)
    looks = {"cmap": "magma", "vmin": -HIGH, "vmax": HIGH}
    for axes, name, values in zip(every, patterns.names, patterns.values.T, strict=True):
        drawn.show(axes, patterns.maps, values, **looks)
        genes = patterns.genes(name)
        top = ", ".join(_short(drawn.section.gene_label(gene)) for gene in genes[:TOP])
        axes.set_title(
            f"{name} ({len(genes):,} genes)\n{_lines(top)}", parse_math=False, fontsize=SMALL
        )
    draw_colour_bar(room, np.array(every), looks, "standard deviations", extend="both")


def _short(name: str) -> str:
    return textwrap.shorten(name, LONGEST, placeholder="…") if " " in name else name[:LONGEST]


def _lines(text: str) -> str:
    return textwrap.shorten(text, LONGEST - 5, placeholder=" …")


def longest(names: Sequence[str]) -> int:
    """Letters of the longest name of a region, which stands below the dots."""
    return max((len(_short(name)) for name in names), default=0)
