"""Figures of genes before and after: PNG, SVG or PDF, drawn with matplotlib."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import WriteError
from napari_stentrans.export.colours import (
    EXTRAPOLATED_COLOUR,
    LOST_COLOUR,
    PROVENANCE_COLOURS,
)
from napari_stentrans.export.files import beside, check_ending, check_place, target
from napari_stentrans.image_fit import decoded_images
from napari_stentrans.io.overviews import overview
from napari_stentrans.progress import Progress, drain
from napari_stentrans.targets import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps
    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import SectionImage

ENDINGS = (".png", ".svg", ".pdf")
MOST_GENES = 20
PANEL = 3.0
"""Width of a panel, inches."""
TOP_QUANTILE = 0.995
"""Brighter values than this quantile share the brightest colour."""
MOST_IMAGE_PIXELS = 2000
"""Of a tissue image with longer sides a smaller copy is drawn."""
UNCERTAINTY, NEW_MEASUREMENT = "uncertainty of the estimate", "of a new measurement"
GREY, INK = "#b8b8b8", "#4d4d4d"
UNIT = "log-normalised"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "stentrans",
    "font.size": 9,
}
"""Text stays text, and the same figure is the same file."""
UNDATED = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def save_figure(
    enhancement: Enhancement,
    genes: list[str],
    path: str | Path,
    *,
    std: bool = False,
    provenance: bool = False,
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 200,
) -> Path:
    """Draw genes as measured and as enhanced, a row for each, in the same colours.

    Spots that were lost are grey and hatched in the map of what was measured, and outlined in the
    enhanced one.

    Parameters
    ----------
    enhancement
        The result of a run.
    genes
        Genes by name or id, 20 at most.
    path
        Where to write; the ending says what: ``.png``, ``.svg`` or ``.pdf``.
    std, provenance
        Add maps of the standard deviation, that of the estimate and, where it is known, that of a
        new measurement; and of where values come from.
    image
        Draw the tissue image underneath, where there is one.
    overwrite
        Replace a file that is there.
    dpi
        Dots per inch of maps and of PNG files.

    Raises
    ------
    WriteError
        When the ending is another one, the file is there and may not be replaced, there are no
        genes or too many, or it cannot be written. No half-written file is left.
    GeneNotFound
        When a gene is not part of the result.
    """
    extras = {"std": std, "provenance": provenance, "image": image}
    return drain(figure_steps(enhancement, genes, path, **extras, overwrite=overwrite, dpi=dpi))


def figure_steps(
    enhancement: Enhancement,
    genes: list[str],
    path: str | Path,
    *,
    std: bool = False,
    provenance: bool = False,
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 200,
) -> Steps[Path]:
    """Do what ``save_figure`` does, one Progress per gene; closing it leaves no file."""
    extras = {"std": std, "provenance": provenance, "image": image}
    return _figure_steps(enhancement, genes, target(path), extras, overwrite=overwrite, dpi=dpi)


def _figure_steps(
    enhancement: Enhancement,
    genes: list[str],
    path: Path,
    extras: dict[str, bool],
    *,
    overwrite: bool,
    dpi: int,
) -> Steps[Path]:
    names = enhancement.names(genes)
    ending = check_figure(path, overwrite=overwrite, n_genes=len(names))
    figure = yield from _draw(enhancement, names, **extras)
    yield Progress("writing the figure", 0, 1)
    with beside(path) as fresh, _styled():
        figure.savefig(fresh, dpi=dpi, metadata=UNDATED[ending])
    return path


@contextmanager
def _styled() -> Iterator[None]:
    """Draw in our style; never held while steps wait, since it is everybody's."""
    from matplotlib import rc_context

    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # drawn as a box
        yield


def check_figure(path: Path, *, overwrite: bool, n_genes: int | None = None) -> str:
    """Ending of a figure; WriteError where it cannot be written or has too many genes."""
    ending = check_ending(path, ENDINGS, "A figure")
    if n_genes is not None and not 0 < n_genes <= MOST_GENES:
        raise WriteError(f"A figure shows 1 to {MOST_GENES} genes, got {n_genes:,}. Choose some.")
    check_place(path, overwrite=overwrite)
    return ending


@dataclass(frozen=True, eq=False)
class _View:
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
    def of(cls, enhancement: Enhancement, image: bool) -> _View:
        xy, rim = enhancement.sites.xy, enhancement.section.lattice.spacing
        low, high = xy.min(0) - rim, xy.max(0) + rim
        high[1] += 0.09 * max(high - low)
        images = enhancement.section.images if image else ()
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


def _draw(
    enhancement: Enhancement, genes: list[str], *, std: bool, provenance: bool, image: bool
) -> Steps[Figure]:
    yield Progress("drawing genes", 0, len(genes))
    view = _View.of(enhancement, image)
    heads = ["measured", "enhanced"]
    heads += _doubts(enhancement) * std + ["where values come from"] * provenance
    with _styled():
        figure, rows = _empty(enhancement, view, heads, len(genes))
    for at, (row, gene) in enumerate(zip(rows, genes, strict=True)):
        with _styled():
            for axes in row:
                view.panel(axes)
            called = enhancement.section.gene_label(gene)
            row[0].set_ylabel(called, style="italic", parse_math=False)
            _draw_gene(figure, view, row, enhancement, gene, std=std)
            if provenance:
                _draw_provenance(view, row[-1], enhancement, legend=gene == genes[0])
            _draw_scale_bar(view, row[0], enhancement)
        yield Progress("drawing genes", at + 1, len(genes))
    return figure


def _doubts(enhancement: Enhancement) -> list[str]:
    """Heads of the maps of uncertainty: what is known of it."""
    known = enhancement.decoder.noise(np.zeros(1, np.intp)) is not None
    return [UNCERTAINTY, NEW_MEASUREMENT] if known else [UNCERTAINTY]


def _empty(
    enhancement: Enhancement, view: _View, heads: list[str], n_genes: int
) -> tuple[Figure, NDArray[Any]]:
    """Figure with a row (gene, head) of empty panels for each gene."""
    from matplotlib.figure import Figure

    width, height = view.high - view.low
    tall = PANEL * float(np.clip(height / width, 0.3, 3.0))
    bars = 1 + sum(head in (UNCERTAINTY, NEW_MEASUREMENT) for head in heads)
    size = (len(heads) * PANEL + 0.9 * bars + 0.4, n_genes * tall + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(_title(enhancement), parse_math=False)
    rows = figure.subplots(n_genes, len(heads), squeeze=False)
    for axes, head in zip(rows[0], heads, strict=True):
        axes.set_title(head)
    return figure, rows


def _draw_gene(
    figure: Figure,
    view: _View,
    row: NDArray[Any],
    enhancement: Enhancement,
    gene: str,
    *,
    std: bool,
) -> None:
    """Draw the maps of a gene and their colour bars."""
    section, raster = enhancement.section, enhancement.raster
    measured = section.gene_lognorm(gene)
    lost = enhancement.sites.provenance[: section.n_spots] == Provenance.LOST
    result = enhancement.gene(gene)
    looks = {"cmap": "viridis", "vmin": 0.0, "vmax": _top(measured[~lost])}
    known = np.where(lost, np.nan, measured)
    view.show(row[0], section.raster, section.raster.draw(known), **looks)
    if lost.any():
        _draw_lost(view, row[0], section.raster, section.raster.paint(lost))
    view.show(row[1], raster, raster.draw(result.mean), **looks)
    if lost.any():
        _draw_outline(row[1], section.raster, section.raster.paint(lost))
    _draw_colour_bar(figure, row[:2], looks, UNIT)
    if std and not np.isfinite(result.std).any():
        middle = (view.low + view.high) / 2
        row[2].text(*middle, f"{enhancement.record.config.method} does not know it", ha="center")
    elif std:
        _draw_uncertainty(figure, view, row[2:3], raster, result.std)
        if len(_doubts(enhancement)) > 1:
            wide = enhancement.predictive_std([gene])[:, 0]
            wide = np.where(np.isnan(result.std), np.nan, wide)
            _draw_uncertainty(figure, view, row[3:4], raster, wide)


def _draw_uncertainty(
    figure: Figure, view: _View, row: NDArray[Any], raster: SpotRaster, std: NDArray[Any]
) -> None:
    looks = {"cmap": "magma", "vmin": 0.0, "vmax": _top(std)}
    view.show(row[0], raster, raster.draw(std), **looks)
    _draw_colour_bar(figure, row, looks, f"standard deviation, {UNIT}")


def _draw_colour_bar(figure: Figure, row: NDArray[Any], looks: dict[str, Any], label: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(Normalize(looks["vmin"], looks["vmax"]), looks["cmap"])
    figure.colorbar(colours, ax=list(row), extend="max", shrink=0.8, pad=0.01, label=label)


def _draw_lost(view: _View, axes: Axes, raster: SpotRaster, lost: NDArray[np.bool_]) -> None:
    """Draw the cells of lost spots grey and hatched."""
    view.show(axes, raster, np.where(lost, 0.0, np.nan), cmap=_flat(GREY))
    hatches = axes.contourf(
        *_axes_of(raster), lost, levels=[0.5, 1.5], colors="none", hatches=["/////"]
    )
    hatches.set_edgecolor(INK)
    hatches.set_linewidth(0)


def _draw_outline(axes: Axes, raster: SpotRaster, lost: NDArray[np.bool_]) -> None:
    """Draw the outline of the cells of lost spots."""
    rim = np.pad(lost, 1)  # closed where it reaches the border
    x, y = _axes_of(raster, 1)
    axes.contour(x, y, rim, levels=[0.5], colors=LOST_COLOUR, linewidths=1)


def _axes_of(raster: SpotRaster, more: int = 0) -> list[NDArray[np.float64]]:
    """Positions of columns and rows, with ``more`` beyond each end, full-resolution pixels."""
    return [
        raster.origin[i] + raster.pixel * np.arange(-more, raster.shape[1 - i] + more)
        for i in (0, 1)
    ]


def _draw_provenance(view: _View, axes: Axes, enhancement: Enhancement, *, legend: bool) -> None:
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = [*PROVENANCE_COLOURS.values(), EXTRAPOLATED_COLOUR]
    far = enhancement.extrapolated
    known = np.where(far, len(PROVENANCE_COLOURS), enhancement.sites.provenance)
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
        there = [label for label, n in enhancement.sites.counts().items() if n]
        patches = [Patch(color=PROVENANCE_COLOURS[label], label=label) for label in there]
        if far.any():
            patches.append(Patch(color=EXTRAPOLATED_COLOUR, label="extrapolated"))
        axes.legend(handles=patches, loc="lower center", ncols=2, fontsize=7, frameon=False)


def _draw_scale_bar(view: _View, axes: Axes, enhancement: Enhancement) -> None:
    """Draw a bar of a round length in the room below the tissue."""
    from matplotlib.patches import Rectangle

    width, height = view.high - view.low
    length, text = _scale(enhancement, float(width))
    x, y = view.low[0] + 0.04 * width, view.high[1] - 0.03 * height
    axes.add_patch(Rectangle((x, y), length, 0.008 * max(width, height), color=INK))
    axes.text(x + length / 2, y, text, ha="center", va="bottom", color=INK, fontsize=8)


def _scale(enhancement: Enhancement, width: float) -> tuple[float, str]:
    """Round length of about a quarter of ``width``: in full-resolution pixels, and in words."""
    um = enhancement.section.um_per_px
    per_px = 1.0 if um is None else um
    wanted = 0.27 * width * per_px
    tens = 10.0 ** np.floor(np.log10(wanted))
    length = tens * max(step for step in (1, 2, 5) if step * tens <= wanted)
    if um is None:
        text = f"{length:g} px"
    else:
        text = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    return float(length / per_px), text


def _title(enhancement: Enhancement) -> str:
    counts = enhancement.sites.counts()
    parts = [f"{n:,} {label}" for label, n in counts.items() if n]
    return f"{enhancement.section.name}: {enhancement.record.config.method}, {', '.join(parts)}"


def _top(values: NDArray[np.floating[Any]]) -> float:
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
