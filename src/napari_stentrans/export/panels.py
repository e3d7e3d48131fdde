"""Panels of a figure: the place that all have in common, and what is drawn in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_stentrans.export.colours import LOST_COLOUR, ORIGIN_COLOURS, origins
from napari_stentrans.image_fit import decoded_images
from napari_stentrans.io.overviews import overview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section, SectionImage

TOP_QUANTILE = 0.995
"""Brighter values than this quantile share the brightest colour."""
MOST_IMAGE_PIXELS = 2000
"""Of a tissue image with longer sides a smaller copy is drawn."""
ROOM = 0.09
"""Of the scale bar below the tissue, share of the longer side."""
GREY, INK = "#b8b8b8", "#4d4d4d"
UNIT = "log-normalised"


@dataclass(frozen=True, eq=False)
class View:
    """What all panels have in common: the place, and what lies underneath.

    Attributes
    ----------
    low, high
        (2,) corners (x, y) of what is shown, full-resolution pixels; there is room for the
        scale bar at the bottom.
    tissue
        Tissue image and the (left, right, bottom, top) that it covers, or None.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    tissue: tuple[NDArray[Any], tuple[float, float, float, float]] | None

    @classmethod
    def of(cls, enhancement: Enhancement, image: bool) -> View:
        """What the panels of a result have in common."""
        return cls.around(enhancement.section, enhancement.sites.xy, image, ROOM)

    @classmethod
    def around(
        cls, section: Section, xy: NDArray[np.float64], image: bool, room: float = 0.0
    ) -> View:
        """What panels of sites at xy (site, 2) have in common; ``room`` for a scale bar below."""
        rim = section.lattice.spacing
        low, high = xy.min(0) - rim, xy.max(0) + rim
        high[1] += room * max(high - low)
        images = section.images if image else ()
        tissue = next(decoded_images(images), None)
        return cls(low, high, None if tissue is None else _tissue(tissue))

    def panel(self, axes: Axes) -> None:
        """Set a panel up."""
        if self.tissue is not None:
            pixels, extent = self.tissue
            axes.imshow(pixels, extent=extent, cmap="gray" if pixels.ndim == 2 else None)
        axes.set_xlim(self.low[0], self.high[0])
        axes.set_ylim(self.high[1], self.low[1])
        axes.set_aspect("equal")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_color(INK)  # the same frame for all
        axes.spines[:].set_linewidth(0.5)

    def show(self, axes: Axes, raster: SpotRaster, plane: ArrayLike, **looks: Any) -> None:
        """Draw a (row, column) map in a panel; NaN is transparent."""
        low = raster.origin - raster.pixel / 2
        right, bottom = low + raster.pixel * np.array(raster.shape[::-1])
        looks.setdefault("alpha", 1.0 if self.tissue is None else 0.75)
        axes.imshow(
            np.ma.masked_invalid(plane),
            extent=(low[0], right, bottom, low[1]),
            interpolation="nearest",
            **looks,
        )


def draw_uncertainty(
    figure: Figure, view: View, row: NDArray[Any], raster: SpotRaster, std: NDArray[Any]
) -> None:
    """Draw a map of standard deviations and its colour bar."""
    looks = {"cmap": "magma", "vmin": 0.0, "vmax": top_of(std)}
    view.show(row[0], raster, raster.draw(std), **looks)
    draw_colour_bar(figure, row, looks, f"standard deviation, {UNIT}")


def draw_colour_bar(
    figure: Figure | SubFigure,
    row: NDArray[Any],
    looks: dict[str, Any],
    label: str,
    extend: Literal["max", "both"] = "max",
    at: Axes | None = None,
) -> None:
    """Draw the colour bar of panels of the same looks, beside them or ``at`` other axes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(Normalize(looks["vmin"], looks["vmax"]), looks["cmap"])
    figure.colorbar(colours, cax=at, ax=list(row), extend=extend, shrink=0.8, pad=0.01, label=label)


def draw_lost(view: View, axes: Axes, raster: SpotRaster, lost: NDArray[np.bool_]) -> None:
    """Draw the cells of lost spots grey and hatched."""
    view.show(axes, raster, np.where(lost, 0.0, np.nan), cmap=_flat(GREY))
    hatches = axes.contourf(
        *_axes_of(raster), lost, levels=[0.5, 1.5], colors="none", hatches=["/////"]
    )
    hatches.set_edgecolor(INK)
    hatches.set_linewidth(0)


def draw_outline(
    axes: Axes,
    raster: SpotRaster,
    lost: NDArray[np.bool_],
    colour: str = LOST_COLOUR,
    width: float = 1,
) -> None:
    """Draw the outline of the cells of lost spots; its width in points."""
    rim = np.pad(lost, 1)  # closed where it reaches the border
    x, y = _axes_of(raster, 1)
    axes.contour(x, y, rim, levels=[0.5], colors=colour, linewidths=width)


def _axes_of(raster: SpotRaster, more: int = 0) -> list[NDArray[np.float64]]:
    """Positions of columns and rows, with ``more`` beyond each end, full-resolution pixels."""
    return [
        raster.origin[i] + raster.pixel * np.arange(-more, raster.shape[1 - i] + more)
        for i in (0, 1)
    ]


def draw_provenance(view: View, axes: Axes, enhancement: Enhancement, *, legend: bool) -> None:
    """Draw where values come from."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours, known = list(ORIGIN_COLOURS.values()), origins(enhancement)
    codes = enhancement.raster.draw(known)
    view.show(
        axes,
        enhancement.raster,
        codes,
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
    )
    if legend:
        names = list(ORIGIN_COLOURS)
        there = [names[at] for at in np.unique(known)]
        patches = [Patch(color=ORIGIN_COLOURS[label], label=label) for label in there]
        axes.legend(handles=patches, loc="lower center", ncols=2, fontsize=7, frameon=False)


def draw_scale_bar(view: View, axes: Axes, section: Section, size: float = 8) -> None:
    """Draw a bar of a round length in the room below the tissue; letters of ``size`` points."""
    from matplotlib.patches import Rectangle

    width, height = view.high - view.low
    length, text = scale_of(section.um_per_px, float(width))
    x, y = view.low[0] + 0.04 * width, view.high[1] - 0.03 * height
    axes.add_patch(Rectangle((x, y), length, 0.008 * max(width, height), color=INK))
    axes.text(x, y, text, ha="left", va="bottom", color=INK, fontsize=size)


def scale_of(um: float | None, width: float) -> tuple[float, str]:
    """Round length of about a quarter of ``width``: in full-resolution pixels, and in words."""
    per_px = 1.0 if um is None else um
    wanted = 0.27 * width * per_px
    tens = 10.0 ** np.floor(np.log10(wanted))
    length = tens * max(step for step in (1, 2, 5) if step * tens <= wanted)
    if um is None:
        text = f"{length:g} px"
    else:
        text = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    return float(length / per_px), text


def top_of(values: NDArray[np.floating[Any]]) -> float:
    """Value of the brightest colour; never 0, whatever the values."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 1.0
    top = float(np.quantile(known, TOP_QUANTILE)) or float(known.max())
    return top if top > 1e-6 else 1.0


def _flat(colour: str) -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])


def _tissue(image: SectionImage) -> tuple[NDArray[Any], tuple[float, float, float, float]]:
    """Tissue image, made small, and the (left, right, bottom, top) that it covers."""
    pixels, scale = overview(image, MOST_IMAGE_PIXELS)
    rows, columns = pixels.shape[:2]
    if pixels.ndim == 3 and pixels.dtype != np.uint8:
        full = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "iu" else max(pixels.max(), 1.0)
        pixels = np.asarray(np.clip(pixels / full, 0, 1))
    left, top = np.subtract(image.origin, 0.5)
    return pixels, (left, left + columns / scale, top + rows / scale, top)
