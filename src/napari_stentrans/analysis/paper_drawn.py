"""What a figure for a paper shows, and what all of its parts draw with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_stentrans.analysis.domains import Domains
from napari_stentrans.analysis.paper_room import INK, LINE, SMALL, Room, fitting
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.export.colours import ANNOTATION_COLOURS
from napari_stentrans.export.panels import View, draw_colour_bar, draw_lost, draw_outline, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.analysis.patterns import Patterns
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

SWATCH, ENTRY = 0.13, 1.35
"""Inches: a patch of colour, and the widest name of a region."""


class Part(Protocol):
    """A part of the figure."""

    @property
    def head(self) -> str:
        """Headline."""

    @property
    def unit(self) -> str:
        """What its colours are."""

    @property
    def of(self) -> str:
        """What there is to choose fewer of, where it is too tall."""

    @property
    def width(self) -> float:
        """Inches."""

    @property
    def height(self) -> float:
        """Inches, with the headline."""

    def draw(self, room: Room) -> None:
        """Draw it into the room below its headline."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a figure shows.

    Attributes
    ----------
    genes
        Names of the chosen genes.
    lost
        (spot,) True where nothing was measured, or it is left out.
    marked
        Whether lost spots were marked in maps that have no value there (False), and in those
        that have one (True).
    """

    data: Section | Enhancement
    section: Section
    view: View
    genes: list[str]
    regions: Annotation | Domains | None
    patterns: Patterns | None
    lost: NDArray[np.bool_]
    marked: set[bool] = field(default_factory=set)

    @property
    def shape(self) -> float:
        """Height of a map, as a share of its width."""
        across, along = self.view.high - self.view.low
        return float(np.clip(along / across, 0.3, 2.0))

    @property
    def annotation(self) -> Annotation | None:
        """Regions of the spots."""
        return self.regions.annotation() if isinstance(self.regions, Domains) else self.regions

    def labels(self, genes: Sequence[str]) -> list[str]:
        """What genes are called."""
        return [self.section.gene_label(gene) for gene in genes]

    def panel(self, room: Room) -> Axes:
        """Empty panel of a map."""
        axes = room.axes()
        self.view.panel(axes)
        return axes

    def draw_scale(self, room: Room) -> None:
        """Draw the scale bar into the line below a map, from its left border."""
        from matplotlib.patches import Rectangle

        across, along = self.view.high - self.view.low
        inch = max(across, along / self.shape) / room.width
        length, text = scale_of(self.section.um_per_px, float(across))
        axes, y = room.inner(0, 0, room.width, LINE).paper(), LINE / 2
        axes.add_patch(Rectangle((0, y - 0.008), length / inch, 0.016, color=INK, linewidth=0))
        axes.text(length / inch + 0.03, y, text, va="center_baseline", fontsize=SMALL)

    def show(
        self, axes: Axes, raster: SpotRaster, values: NDArray[Any], known: bool, **looks: Any
    ) -> None:
        """Draw values, and mark lost spots: hatched where no value is known, else outlined."""
        self.view.show(axes, raster, raster.draw(values), **looks)
        if not self.lost.any():
            return
        self.marked.add(known)
        raster = self.section.raster
        paint = raster.paint(self.lost)
        if known:
            draw_outline(axes, raster, paint, "white", 1.6)
            draw_outline(axes, raster, paint, INK, 0.7)
        else:
            draw_lost(self.view, axes, raster, paint)

    def show_maps(self, axes: Axes, maps: Maps, values: NDArray[Any], **looks: Any) -> None:
        """Draw values at the sites of maps."""
        if isinstance(self.data, Enhancement) and maps.enhanced:
            self.show(axes, self.data.raster, values, True, **looks)
        else:
            self.show(axes, self.section.raster, maps.at_spots(values), False, **looks)


def draw_bar(room: Room, looks: dict[str, Any], extend: Any) -> None:
    """Draw a colour bar at the left of a room."""
    at = room.inner(0, 0.04 * room.height, 0.06, 0.92 * room.height).axes()
    draw_colour_bar(room.figure, np.array([]), looks, "", extend, at)
    at.tick_params(pad=1.5)


def region_names(drawn: Drawn, room: float = ENTRY) -> list[str]:
    """Names of the regions, as short as the room for them in inches."""
    return [] if drawn.regions is None else fitting(drawn.regions.names, min(room, ENTRY))


def region_colours(n: int) -> list[str]:
    """Colours of regions, each another.

    Raises
    ------
    ConfigError
        When there are more regions than colours.
    """
    if n > len(ANNOTATION_COLOURS):
        raise ConfigError(
            f"A figure tells {len(ANNOTATION_COLOURS)} regions apart by colour at most, got {n}. "
            "Choose fewer regions, or join some."
        )
    return list(ANNOTATION_COLOURS[:n])


def swatches(axes: Axes, x: Any, y: Any, n: int) -> None:
    """Draw patches of the colours of n regions."""
    x = np.broadcast_to(x, n)
    axes.scatter(x, y, marker="s", s=26, c=region_colours(n), linewidths=0, clip_on=False)
