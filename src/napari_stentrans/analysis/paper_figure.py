"""One figure for a paper: genes, regions, dots and patterns, each part with its letter."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from napari_stentrans.analysis.paper_drawn import Drawn
from napari_stentrans.analysis.paper_layout import Row, arranged
from napari_stentrans.analysis.paper_room import (
    EDGE,
    GAP,
    GREY,
    HEAD,
    INK,
    MM,
    SMALL,
    USUAL,
    WIDTHS,
    Room,
    Width,
)
from napari_stentrans.analysis.regions import measured_spots
from napari_stentrans.annotation import Annotation
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.export.figures import check_figure, described, styled
from napari_stentrans.export.files import beside, target
from napari_stentrans.export.panels import View
from napari_stentrans.progress import Progress, drain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_stentrans.analysis.domains import Domains
    from napari_stentrans.analysis.patterns import Patterns
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

MARKED = "lost or not measured", "lost or not measured; outlined where a value is known"
"""What marks say where there is one kind of them, and both."""
STYLE: dict[str, Any] = {
    "font.size": USUAL,
    **dict.fromkeys(
        ("axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"), SMALL
    ),
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.5),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 2.0),
}


def draw_paper_figure(
    data: Section | Enhancement,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    sets: Mapping[str, pd.DataFrame] | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
) -> Figure:
    """Draw one figure for a paper; see ``save_paper_figure``."""
    return drain(_draw(data, genes, regions, patterns, sets, lost, width, image=image))


def save_paper_figure(
    data: Section | Enhancement,
    path: str | Path,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    sets: Mapping[str, pd.DataFrame] | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 300,
) -> Path:
    """Write one figure for a paper as PNG, SVG or PDF; text stays text.

    Its parts: maps of the genes, of a result as measured and as enhanced in the same colours;
    the map of regions or domains; genes in regions as dots, of *measured* spots alone; maps of
    patterns; gene sets as dots. Lost spots are marked in all maps. Maps become smaller where the
    page would not hold them. Genes of the dots are the chosen ones, else the first of each pattern.

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
    sets
        Tables of gene sets by what each is called, as ``draw_dots`` takes them.
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
        When there is nothing to draw, it would be taller than a page, there are more regions
        than colours that can be told apart, or what is given belongs to another section.
    GeneNotFound
        When a gene is not there.
    WriteError
        When the ending is another, the file is there and may not be replaced, or it cannot be
        written. No half-written file is left.
    """
    return drain(
        paper_figure_steps(
            data, path, genes, regions=regions, patterns=patterns, sets=sets, lost=lost,
            width=width, image=image, overwrite=overwrite, dpi=dpi,
        )
    )  # fmt: skip


def paper_figure_steps(
    data: Section | Enhancement,
    path: str | Path,
    genes: Sequence[str] = (),
    *,
    regions: Annotation | Domains | None = None,
    patterns: Patterns | None = None,
    sets: Mapping[str, pd.DataFrame] | None = None,
    lost: NDArray[np.bool_] | None = None,
    width: Width = "two",
    image: bool = False,
    overwrite: bool = False,
    dpi: int = 300,
) -> Steps[Path]:
    """Do what ``save_paper_figure`` does, in steps; closing it leaves no file."""
    path = target(path)
    ending = check_figure(path, overwrite=overwrite)
    figure = yield from _draw(data, genes, regions, patterns, sets, lost, width, image=image)
    yield Progress("writing the figure", 0, 1)
    with beside(path) as fresh, styled(**STYLE):
        figure.savefig(fresh, format=ending[1:], dpi=dpi, metadata=described(ending, data))
    return path


def _draw(
    data: Section | Enhancement,
    genes: Sequence[str],
    regions: Annotation | Domains | None,
    patterns: Patterns | None,
    sets: Mapping[str, pd.DataFrame] | None,
    lost: NDArray[np.bool_] | None,
    width: Width,
    *,
    image: bool,
) -> Steps[Figure]:
    from matplotlib.figure import Figure

    if width not in WIDTHS:
        raise ConfigError(f"The width is 'one' or 'two' columns of a page, got {width!r}.")
    if not genes and regions is None and patterns is None and not sets:
        raise ConfigError(
            "There is nothing to draw: give genes, regions, domains, patterns or gene sets."
        )
    section, measured = measured_spots(data, lost)
    for given in (regions, patterns):
        _check_of(data, section, given)
    xy = data.sites.xy if isinstance(data, Enhancement) else section.xy
    names = _names(data, genes)
    view = View.around(section, xy, image)
    drawn = Drawn(data, section, view, names, regions, patterns, ~measured)
    with styled(**STYLE):
        rows = arranged(drawn, sets or {}, width)
        tall = sum(row.height for row in rows) + HEAD * drawn.lost.any()
        figure = Figure(figsize=(WIDTHS[width] / MM, tall))
    letters, top = iter(string.ascii_lowercase), 0.0
    for at, row in enumerate(rows):
        yield Progress("drawing the figure", at, len(rows))
        with styled(**STYLE):
            _draw_row(row, Room(figure, EDGE, top, row.width, row.height), letters)
        top += row.height
    with styled(**STYLE):
        _draw_marks(drawn, Room(figure, EDGE, top, WIDTHS[width] / MM - 2 * EDGE, HEAD))
    return figure


def _draw_row(row: Row, room: Room, letters: Iterator[str]) -> None:
    left = 0.0
    for part in row.parts:
        place = room.inner(left, 0, part.width, row.height)
        place.head(next(letters), part.head, part.unit)
        part.draw(place.below(HEAD))
        left += part.width + 2 * GAP


def _draw_marks(drawn: Drawn, room: Room) -> None:
    """Say how lost spots are marked, where any are."""
    from matplotlib.patches import Rectangle

    if not drawn.marked:
        return
    axes, x = room.paper(), 0.0
    for known in sorted(drawn.marked):
        looks: dict[str, Any] = {"facecolor": "none"}
        if not known:
            looks = {"facecolor": GREY, "hatch": "/////"}
        axes.add_patch(
            Rectangle((x + 0.01, 0.07), 0.13, 0.1, edgecolor=INK, linewidth=0.7, **looks)
        )
        x += 0.2
    said = MARKED[len(drawn.marked) > 1]
    axes.text(x, 0.12, said, va="center_baseline", fontsize=SMALL)


def _names(data: Section | Enhancement, genes: Sequence[str]) -> list[str]:
    """Names of genes, each once."""
    if isinstance(data, Enhancement):
        return data.names(list(genes)) if genes else []
    return list(dict.fromkeys(str(data.genes[data.gene_index(gene)]) for gene in genes))


def _check_of(
    data: Section | Enhancement, section: Section, given: Annotation | Domains | Patterns | None
) -> None:
    """Raise ConfigError where regions or patterns belong to another section or result."""
    if isinstance(given, Annotation):
        given.check(section)
    elif given is not None and not given.maps.fit(data):
        raise ConfigError(
            f"What is to be drawn was not found on {section.name} as it is given here. Find "
            "domains and patterns on the section or the result that the figure shows."
        )
