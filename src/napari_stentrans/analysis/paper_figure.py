"""One figure for a paper: genes, regions, dots and patterns, each part with its letter."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from napari_stentrans.analysis.paper_parts import (
    SMALL,
    Drawn,
    draw_dots,
    draw_genes,
    draw_patterns,
    draw_regions,
    longest,
)
from napari_stentrans.analysis.regions import measured_spots
from napari_stentrans.annotation import Annotation
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.export.figures import UNDATED, check_figure, styled
from napari_stentrans.export.files import beside, target
from napari_stentrans.export.panels import View
from napari_stentrans.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from napari_stentrans.analysis.domains import Domains
    from napari_stentrans.analysis.patterns import Patterns
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

Width = Literal["one", "two"]
WIDTHS: dict[str, float] = {"one": 85.0, "two": 174.0}
"""One and two columns of a page, mm: those of Cell Press, the narrowest of large publishers."""
COLUMNS: dict[str, int] = {"one": 2, "two": 4}
"""Maps side by side."""
TALLEST, MM = 225.0, 25.4
"""Of a page, mm; mm in an inch."""
HEAD, NAME, ASIDE = 0.25, 0.2, 0.2
"""Inches: headline of a part, line above a map, what is beside a map."""
ROW, ENTRY, LETTER, KEYS = 0.15, 0.13, 0.045, 1.5
"""Inches: row of dots, line of a legend, letter aslant, keys of the dots."""
STYLE: dict[str, Any] = {
    "font.size": 7,
    "axes.titlesize": 7,
    **dict.fromkeys(
        ("axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"), SMALL
    ),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.5),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 2.0),
}


class Part(NamedTuple):
    """A part of the figure: headline, share of the width, and what draws it."""

    head: str
    share: float
    draw: Callable[[Drawn, SubFigure], None]


Row = tuple[float, list[Part]]
"""Height in inches, and what lies side by side."""


def draw_paper_figure(
    data: Section | Enhancement,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
) -> Figure:
    """Draw one figure for a paper; see ``save_paper_figure``."""
    return drain(_draw(data, genes, regions, patterns, lost, width, image=image))


def save_paper_figure(
    data: Section | Enhancement,
    path: str | Path,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 300,
) -> Path:
    """Write one figure for a paper as PNG, SVG or PDF; text stays text.

    Its parts: maps of the genes, of a result as measured and as enhanced in the same colours;
    the map of regions or domains; genes in regions as dots, of *measured* spots alone; maps of
    patterns. Genes of the dots are the chosen ones, else the first of each pattern.

    Parameters
    ----------
    data
        A section, or a result.
    path
        Where to write; the ending says what: ``.png``, ``.svg`` or ``.pdf``.
    genes
        Genes by name or id.
    regions
        Named regions of the section, or domains of ``data``.
    patterns
        Patterns of ``data``.
    lost
        (spot,) True for spots of a section that are left out; a run has its own.
    width
        "one" or "two" columns of a page: 85 or 174 mm.
    image
        Draw the tissue image underneath, where there is one.
    overwrite
        Replace a file that is there.
    dpi
        Dots per inch of maps and of PNG files.

    Raises
    ------
    ConfigError
        When there is nothing to draw, it would be taller than a page, or what is given belongs
        to another section.
    GeneNotFound
        When a gene is not there.
    WriteError
        When the ending is another, the file is there and may not be replaced, or it cannot be
        written. No half-written file is left.
    """
    return drain(
        paper_figure_steps(
            data, path, genes, regions=regions, patterns=patterns, lost=lost, width=width,
            image=image, overwrite=overwrite, dpi=dpi,
        )
    )  # fmt: skip


def paper_figure_steps(
    data: Section | Enhancement,
    path: str | Path,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 300,
) -> Steps[Path]:
    """Do what ``save_paper_figure`` does, in steps; closing it leaves no file."""
    path = target(path)
    ending = check_figure(path, overwrite=overwrite)
    figure = yield from _draw(data, genes, regions, patterns, lost, width, image=image)
    yield Progress("writing the figure", 0, 1)
    with beside(path) as fresh, styled(**STYLE):
        figure.savefig(fresh, format=ending[1:], dpi=dpi, metadata=UNDATED[ending])
    return path


def _draw(
    data: Section | Enhancement,
    genes: Sequence[str],
    regions: Annotation | Domains | None,
    patterns: Patterns | None,
    lost: NDArray[np.bool_] | None,
    width: Width,
    *,
    image: bool,
) -> Steps[Figure]:
    from matplotlib.figure import Figure

    if width not in WIDTHS:
        raise ConfigError(f"The width is 'one' or 'two' columns of a page, got {width!r}.")
    if not genes and regions is None and patterns is None:
        raise ConfigError("There is nothing to draw: give genes, regions, domains or patterns.")
    section, measured = measured_spots(data, lost)
    for given in (regions, patterns):
        _check_of(data, section, given)
    xy = data.sites.xy if isinstance(data, Enhancement) else section.xy
    names = _names(data, genes)
    view = View.around(section, xy, image)
    drawn = Drawn(data, section, view, names, regions, patterns, ~measured, COLUMNS[width])
    inches = WIDTHS[width] / MM
    rows = _rows(drawn, inches)
    heights = [height for height, _ in rows]
    _check_height(sum(heights) * MM, width)
    with styled(**STYLE):
        figure = Figure(figsize=(inches, sum(heights)), layout="constrained")
        bands = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=heights).ravel()
    letters = iter(string.ascii_lowercase)
    for at, (band, (_, parts)) in enumerate(zip(bands, rows, strict=True)):
        yield Progress("drawing the figure", at, len(rows))
        with styled(**STYLE):
            shares = [part.share for part in parts]
            rooms = band.subfigures(1, len(parts), squeeze=False, width_ratios=shares).ravel()
            for room, part in zip(rooms, parts, strict=True):
                head = f"{next(letters)}   {part.head}"
                room.suptitle(head, x=0.01, ha="left", weight="bold", fontsize=8)
                part.draw(drawn, room)
    return figure


def _names(data: Section | Enhancement, genes: Sequence[str]) -> list[str]:
    """Names of genes, each once."""
    if isinstance(data, Enhancement):
        return data.names(list(genes)) if genes else []
    return list(dict.fromkeys(str(data.genes[data.gene_index(gene)]) for gene in genes))


def fits(data: Section | Enhancement, found: Domains | Patterns) -> bool:
    """Whether domains or patterns were found on a section, or on a result with the same sites."""
    section = data.section if isinstance(data, Enhancement) else data
    maps = found.maps
    if maps.section is not section and maps.section.digest != section.digest:
        return False
    return not maps.enhanced or (
        isinstance(data, Enhancement) and maps.names.equals(data.sites.names)
    )


def _check_of(
    data: Section | Enhancement, section: Section, given: Annotation | Domains | Patterns | None
) -> None:
    """Raise ConfigError where regions or patterns belong to another section or result."""
    if isinstance(given, Annotation):
        given.check(section)
    elif given is not None and not fits(data, given):
        raise ConfigError(
            f"What is to be drawn was not found on {section.name} as it is given here. Find "
            "domains and patterns on the section or the result that the figure shows."
        )


def _check_height(tall: float, width: Width) -> None:
    if tall > TALLEST:
        more = ", or take the width of two columns" if width == "one" else ""
        raise ConfigError(
            f"The figure would be {tall:.0f} mm tall, and a page holds {TALLEST:.0f} mm. Choose "
            f"fewer genes or patterns{more}."
        )


def _rows(drawn: Drawn, inches: float) -> list[Row]:
    """Parts from top to bottom."""
    across, along = drawn.view.high - drawn.view.low
    shape = float(np.clip(along / across, 0.3, 2.0))
    tall = (inches / drawn.columns - ASIDE) * shape
    rows: list[Row] = []
    if drawn.genes:
        pairs = isinstance(drawn.data, Enhancement)
        n = -(-len(drawn.genes) * (1 + pairs) // drawn.columns)
        head = "Expression as measured, and enhanced" if pairs else "Expression as measured"
        rows.append((HEAD + n * (tall + NAME), [Part(head, 1, draw_genes)]))
    rows += _rows_of_regions(drawn, tall)
    if drawn.patterns is not None:
        columns = drawn.small_columns
        n = -(-len(drawn.patterns.names) // columns)
        tall = (inches / columns - ASIDE) * shape
        how = "enhanced" if drawn.patterns.maps.enhanced else "measured"
        head = f"Patterns of {how} expression"
        rows.append((HEAD + n * (tall + 2 * NAME), [Part(head, 1, draw_patterns)]))
    return rows


def _rows_of_regions(drawn: Drawn, tall: float) -> list[Row]:
    """Map of regions, and dots beside it where there is room, else below it."""
    regions = drawn.regions
    if regions is None:
        return []
    head = "Regions"
    if not isinstance(regions, Annotation):
        head = f"Domains of {'enhanced' if regions.maps.enhanced else 'measured'} expression"
    high = HEAD + max(tall + NAME, ENTRY * len(regions.names) + NAME)
    mapped = Part(head, 0.42, draw_regions)
    wide = drawn.columns > COLUMNS["one"]
    if not drawn.dotted:
        return [(high, [mapped._replace(share=1)])]
    dots = HEAD + max(ROW * len(drawn.dotted) + LETTER * longest(regions.names), KEYS)
    dotted = Part("Genes there, as measured", 0.58, draw_dots)
    if wide:
        return [(max(high, dots), [mapped, dotted])]
    return [(high, [mapped]), (dots, [dotted])]
