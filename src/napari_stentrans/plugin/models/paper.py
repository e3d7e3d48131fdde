"""One figure for a paper, as the window asks for it: what it shows, its steps and its script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from napari_stentrans.enhancement import Enhancement
from napari_stentrans.plugin.models.analysis_script import beginning, lost_lines, region_lines

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

WhichRegions = Literal["domains", "named", "none"]
FIGURE = "figure"
"""File that a script writes, without its ending."""


@dataclass(frozen=True)
class Paper:
    """How a figure for a paper is wanted: which regions it shows, and columns of a page."""

    regions: WhichRegions = "domains"
    width: Literal["one", "two"] = "two"


class Stock(Protocol):
    """What there is to draw, of an ``ExportContext``."""

    @property
    def section(self) -> Section:
        """What was measured."""

    @property
    def data(self) -> Section | Enhancement:
        """The result where there is one, else the section."""

    @property
    def lost(self) -> NDArray[Any] | None:
        """Painted labels (row, column)."""

    @property
    def found(self) -> tuple[Found, ...]:
        """What analyses came to."""

    @property
    def annotation(self) -> Annotation | None:
        """Named regions."""


def offered(stock: Stock | None) -> dict[WhichRegions, str]:
    """Regions that the figure can show, in words; the first is proposed."""
    choices: dict[WhichRegions, str] = {}
    if stock is not None:
        domains, named = _found(stock, "domains"), stock.annotation
        if domains is not None:
            choices["domains"] = f"Domains as found ({len(domains.table):,})"
        if named is not None and named.names:
            choices["named"] = f"Named regions ({len(named.names):,})"
    return choices | {"none": "None"}


def paper_steps(
    stock: Stock, wish: Paper, genes: list[str], path: Path, image: bool
) -> Steps[Path]:
    """Draw the genes, and what was found on what is shown; lost spots are left out."""
    from napari_stentrans.analysis.paper_figure import paper_figure_steps

    given: dict[str, Any] = {"image": image, "width": wish.width, "lost": _lost(stock)}
    domains, patterns = _found(stock, "domains"), _found(stock, "patterns")
    if wish.regions == "named":
        given["regions"] = stock.annotation
    elif wish.regions == "domains" and domains is not None:
        given["regions"] = domains.drawn
    if patterns is not None:
        given["patterns"] = patterns.drawn
    return (yield from paper_figure_steps(stock.data, path, genes, **given, overwrite=True))


def paper_script(
    stock: Stock,
    wish: Paper,
    genes: list[str],
    ending: str,
    image: bool,
    model: SectionModel,
) -> str:
    """Write a script that draws the figure again.

    Raises
    ------
    ConfigError
        When the section was not read from a file.
    """
    parts, given = [beginning(stock.data, model)], []
    for kind in ("domains", "patterns"):
        found = _found(stock, kind)
        if found is not None and (kind == "patterns" or wish.regions == "domains"):
            parts.append(f"{found.python}\n{kind} = found\n\n")
            given.append(f"{'regions' if kind == 'domains' else kind}={kind}")
    if wish.regions == "named" and stock.annotation is not None:
        parts.append(region_lines(stock.annotation))
        given.append("regions=annotation")
    lost = _lost(stock)
    if lost is not None:
        parts.append(lost_lines(lost))
        given.append("lost=lost")
    given += [f"width={wish.width!r}"] + ["image=True"] * image
    data = "result" if isinstance(stock.data, Enhancement) else "section"
    parts.append(
        "\nfrom napari_stentrans.analysis import save_paper_figure\n\n"
        f"save_paper_figure({data}, {FIGURE + ending!r}, {genes!r}, {', '.join(given)})\n"
    )
    return "".join(parts)


def _found(stock: Stock, kind: str) -> Found | None:
    """What an analysis found on what is shown."""
    for found in stock.found:
        if found.kind == kind and found.drawn is not None:
            return found if found.drawn.maps.fit(stock.data) else None
    return None


def _lost(stock: Stock) -> NDArray[np.bool_] | None:
    """Spots of a section that are painted as lost; a run has its own."""
    if isinstance(stock.data, Enhancement) or stock.lost is None:
        return None
    return stock.section.raster.lost(stock.lost > 0)
