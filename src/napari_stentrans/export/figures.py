"""Figures of genes before and after: PNG, SVG or PDF, drawn with matplotlib."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_stentrans.errors import WriteError
from napari_stentrans.export.files import beside, check_ending, check_place, target
from napari_stentrans.export.panels import (
    UNIT,
    View,
    draw_colour_bar,
    draw_lost,
    draw_outline,
    draw_provenance,
    draw_scale_bar,
    draw_uncertainty,
    top_of,
)
from napari_stentrans.progress import Progress, drain
from napari_stentrans.section import Section
from napari_stentrans.targets import Provenance
from napari_stentrans.version import package_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps

ENDINGS = (".png", ".svg", ".pdf")
MOST_GENES = 20
PANEL = 3.0
"""Width of a panel, inches."""
PLOT = (6.4, 4.8)
"""Width and height of a plot, inches."""
UNCERTAINTY, NEW_MEASUREMENT = "uncertainty of the estimate", "of a new measurement"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "stentrans",
    "font.size": 9,
}
"""Text stays text, and the same figure is the same file."""
UNDATED = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def described(ending: str, data: Section | Enhancement) -> dict[str, Any]:
    """Metadata of a figure of this ending: which program made it, and of what; no date."""
    program = f"napari-stentrans {package_version()}"
    section = data if isinstance(data, Section) else data.section
    said = f"{section.name}, digest {section.digest}"
    if not isinstance(data, Section):
        said += f"; run of {data.record.config.method}, digest {data.record.run_digest}"
    names = {
        ".png": ("Software", "Description"),
        ".svg": ("Creator", "Description"),
        ".pdf": ("Creator", "Subject"),
    }
    return UNDATED[ending] | dict(zip(names[ending], (program, said), strict=True))


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
    with beside(path) as fresh, styled():
        figure.savefig(fresh, dpi=dpi, metadata=UNDATED[ending])
    return path


def save_plot(path: str | Path, draw: Callable[[Figure], object], *, dpi: int = 200) -> Path:
    """Write what ``draw`` draws onto an empty figure; text stays text.

    Raises
    ------
    WriteError
        When it cannot be written. No half-written file is left.
    """
    from matplotlib.figure import Figure

    path = target(path)
    ending = check_ending(path, ENDINGS, "A figure")
    with beside(path) as fresh, styled():
        figure = Figure(figsize=PLOT, layout="constrained")
        draw(figure)
        figure.savefig(fresh, dpi=dpi, metadata=UNDATED[ending])
    return path


@contextmanager
def styled(**more: Any) -> Iterator[None]:
    """Draw in our style; never held while steps wait, since it is everybody's."""
    from matplotlib import rc_context

    with rc_context(STYLE | more), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # drawn as a box
        yield


def check_figure(path: Path, *, overwrite: bool, n_genes: int | None = None) -> str:
    """Ending of a figure; WriteError where it cannot be written or has too many genes."""
    ending = check_ending(path, ENDINGS, "A figure")
    if n_genes is not None and not 0 < n_genes <= MOST_GENES:
        raise WriteError(f"A figure shows 1 to {MOST_GENES} genes, got {n_genes:,}. Choose some.")
    check_place(path, overwrite=overwrite)
    return ending


def _draw(
    enhancement: Enhancement, genes: list[str], *, std: bool, provenance: bool, image: bool
) -> Steps[Figure]:
    yield Progress("drawing genes", 0, len(genes))
    view = View.of(enhancement, image)
    heads = ["measured", "enhanced"]
    heads += _doubts(enhancement) * std + ["where values come from"] * provenance
    with styled():
        figure, rows = _empty(enhancement, view, heads, len(genes))
    for at, (row, gene) in enumerate(zip(rows, genes, strict=True)):
        with styled():
            for axes in row:
                view.panel(axes)
            called = enhancement.section.gene_label(gene)
            row[0].set_ylabel(called, style="italic", parse_math=False)
            _draw_gene(figure, view, row, enhancement, gene, std=std)
            if provenance:
                draw_provenance(view, row[-1], enhancement, legend=gene == genes[0])
            draw_scale_bar(view, row[0], enhancement.section)
        yield Progress("drawing genes", at + 1, len(genes))
    return figure


def _doubts(enhancement: Enhancement) -> list[str]:
    """Heads of the maps of uncertainty: what is known of it."""
    known = enhancement.decoder.noise(np.zeros(1, np.intp)) is not None
    return [UNCERTAINTY, NEW_MEASUREMENT] if known else [UNCERTAINTY]


def _empty(
    enhancement: Enhancement, view: View, heads: list[str], n_genes: int
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
    view: View,
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
    looks = {"cmap": "viridis", "vmin": 0.0, "vmax": top_of(measured[~lost])}
    known = np.where(lost, np.nan, measured)
    view.show(row[0], section.raster, section.raster.draw(known), **looks)
    if lost.any():
        draw_lost(view, row[0], section.raster, section.raster.paint(lost))
    view.show(row[1], raster, raster.draw(result.mean), **looks)
    if lost.any():
        draw_outline(row[1], section.raster, section.raster.paint(lost))
    draw_colour_bar(figure, row[:2], looks, UNIT)
    if std and not np.isfinite(result.std).any():
        middle = (view.low + view.high) / 2
        row[2].text(*middle, f"{enhancement.record.config.method} does not know it", ha="center")
    elif std:
        draw_uncertainty(figure, view, row[2:3], raster, result.std)
        if len(_doubts(enhancement)) > 1:
            wide = enhancement.predictive_std([gene])[:, 0]
            wide = np.where(np.isnan(result.std), np.nan, wide)
            draw_uncertainty(figure, view, row[3:4], raster, wide)


def _title(enhancement: Enhancement) -> str:
    counts = enhancement.sites.counts()
    parts = [f"{n:,} {label}" for label, n in counts.items() if n]
    return f"{enhancement.section.name}: {enhancement.record.config.method}, {', '.join(parts)}"
