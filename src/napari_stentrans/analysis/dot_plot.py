"""A dot plot of gene sets: one row a set, one column an analysis, drawn with matplotlib."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from napari_stentrans.errors import ConfigError
from napari_stentrans.export.figures import ENDINGS as FIGURE_ENDINGS
from napari_stentrans.export.figures import STYLE, UNDATED
from napari_stentrans.export.files import beside, check_ending, check_place, target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

INK, GREY, PALE = "#22272e", "#8a929c", "#e4e7eb"
ONE_WAY, BOTH_WAYS = "viridis", "PuOr_r"
"""Colormaps that colour-blind people read: for scores above zero, and for those on both sides."""
MOST = 20
"""Sets that are drawn."""
TINY = 1e-12
LEAST_FDR, BY_CHANCE = 1e-10, 1e-3
"""Dots grow down to here; and what a zero is drawn as, which permutations give for "less"."""
AREA, LEAST_AREA = 260.0, 5.0
"""Of the largest and of the smallest dot, square points."""
ROW, COLUMN, LETTER, BESIDE, AROUND = 0.3, 0.9, 0.075, 1.9, 1.0
"""Inches: of a set, of a column, of a letter of its name, of the keys, of what is around."""
WIDTH = 44
"""Letters of a name in one line."""
SCORES = ("score", "odds_ratio", "coherence")
SMALL, USUAL = 8, 9


class Dots(NamedTuple):
    """Dots of gene sets.

    Attributes
    ----------
    sets
        Names of the sets, a row each.
    x, y
        (dot,) column and row.
    grown, biggest
        (dot,) what the sizes say, and the most of it.
    colour, values, looks
        What the colours say, (dot,) its values, and how they are coloured.
    """

    sets: list[str]
    x: NDArray[np.intp]
    y: NDArray[np.intp]
    grown: NDArray[np.float64]
    biggest: float
    colour: str
    values: NDArray[np.float64]
    looks: dict[str, Any]


def dots_of(
    tables: Mapping[str, pd.DataFrame],
    *,
    size: str = "fdr",
    colour: str | None = None,
    sets: Sequence[str] | None = None,
    most: int = MOST,
) -> Dots:
    """Make dots of tables, as ``draw_dots`` draws them; ``most`` sets where none are named."""
    colour = colour or next(
        (c for c in SCORES if all(c in table for table in tables.values())), "fdr"
    )
    _check(tables, size, colour)
    rows = list(sets if sets is not None else _first(tables)[:most])
    wanted = list(dict.fromkeys((size, colour)))
    parts = [
        table.set_index("set").reindex(rows)[wanted].assign(x=x, y=range(len(rows)))
        for x, table in enumerate(tables.values())
    ]
    dots = pd.concat(parts).dropna()
    grown, values = _grown(dots[size], size), dots[colour].to_numpy(float)
    far, signed = max(np.abs(values).max(initial=0.0), TINY), bool((values < 0).any())
    looks = {
        "cmap": BOTH_WAYS if signed else ONE_WAY,
        "vmin": -far if signed else 0.0,
        "vmax": far,
    }
    biggest = max(grown.max(initial=0.0), TINY)
    x, y = dots["x"].to_numpy(), dots["y"].to_numpy()
    return Dots(rows, x, y, grown, biggest, colour, values, looks)


def said_of(column: str) -> str:
    """What the size of a dot is called, by the column that makes it."""
    return {"fdr": "-log10 FDR", "pvalue": "-log10 p"}.get(column, column.replace("_", " "))


def draw_dots(
    tables: Mapping[str, pd.DataFrame],
    title: str = "",
    *,
    size: str = "fdr",
    colour: str | None = None,
    sets: Sequence[str] | None = None,
) -> Figure:
    """Draw gene sets as dots.

    Parameters
    ----------
    tables
        Table of an analysis by its name, such as "before" and "after": columns ``set``, ``fdr``
        and a score.
    title
        Headline.
    size
        Column that makes the size: ``fdr`` (-log10 of it) or any column that grows, such as
        ``ratio``.
    colour
        Column that makes the colour; by default the first of ``SCORES`` that all tables have.
    sets
        Which sets, top to bottom; by default the first ones of all tables by ``fdr``.

    Raises
    ------
    ConfigError
        When there is nothing to draw, or a column is missing.
    """
    from matplotlib.figure import Figure

    dots = dots_of(tables, size=size, colour=colour, sets=sets)
    names = [_lines(name) for name in dots.sets]
    figure = Figure(figsize=_inches(names, len(tables), title), layout="constrained")
    axes = figure.add_subplot()
    painted = axes.scatter(
        dots.x,
        dots.y,
        s=LEAST_AREA + (AREA - LEAST_AREA) * dots.grown / dots.biggest,
        c=dots.values,
        edgecolors=INK,
        linewidths=0.6,
        zorder=2,
        **dots.looks,
    )
    _finish(axes, list(tables), names, title)
    _key_of_sizes(axes, size, dots.biggest)
    bar = figure.colorbar(painted, ax=axes, shrink=0.5, anchor=(0, 0), aspect=12)
    bar.set_label(dots.colour.replace("_", " "), fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)
    return figure


def save_dots(
    tables: Mapping[str, pd.DataFrame],
    path: str | Path,
    title: str = "",
    *,
    size: str = "fdr",
    colour: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Draw gene sets as dots into a PNG, SVG or PDF file, in which text stays text.

    Raises
    ------
    ConfigError
        When there is nothing to draw, or a column is missing.
    WriteError
        When the ending is another, the file is there and may not be replaced, or cannot be
        written.
    """
    import matplotlib as mpl

    path = target(path)
    ending = check_ending(path, FIGURE_ENDINGS, "A dot plot")
    check_place(path, overwrite=overwrite)
    with mpl.rc_context(STYLE):
        figure = draw_dots(tables, title, size=size, colour=colour)
        with beside(path) as fresh:
            figure.savefig(fresh, format=ending[1:], dpi=200, metadata=UNDATED[ending])
    return path


def _inches(names: Sequence[str], n_columns: int, title: str) -> tuple[float, float]:
    """Width and height of the figure."""
    longest = max((len(line) for name in names for line in name.split("\n")), default=1)
    n_lines = sum(1 + 0.5 * name.count("\n") for name in names)
    width = longest * LETTER + max(n_columns * COLUMN, 1.2) + BESIDE
    return max(width, len(title) * LETTER + BESIDE), max(n_lines * ROW, 2.6) + AROUND


def _check(tables: Mapping[str, pd.DataFrame], size: str, colour: str) -> None:
    if not any(len(table) for table in tables.values()):
        raise ConfigError("There is no gene set to draw: the tables are empty.")
    for name, table in tables.items():
        missing = [c for c in ("set", "fdr", size, colour) if c not in table]
        if missing:
            raise ConfigError(
                f"The table {name!r} has no column {', '.join(missing)}; it has "
                f"{', '.join(map(str, table.columns))}."
            )


def _first(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Sets with the smallest ``fdr`` in any of the tables; ties as the tables have them."""
    every = pd.concat(
        [table[["set", "fdr"]].assign(at=range(len(table))) for table in tables.values()]
    ).sort_values(["fdr", "at"], kind="stable")
    return list(every["set"].drop_duplicates()[:MOST])


def _grown(values: pd.Series, size: str) -> NDArray[np.float64]:
    numbers = values.to_numpy(float)
    if size in ("fdr", "pvalue"):
        numbers = np.where(numbers > 0, numbers, BY_CHANCE)
        return np.asarray(-np.log10(np.clip(numbers, LEAST_FDR, 1)))
    return np.clip(numbers, 0, None)


def _lines(name: str) -> str:
    return textwrap.fill(name.replace("_", " "), WIDTH, max_lines=2, placeholder=" …")


def _key_of_sizes(axes: Axes, size: str, biggest: float) -> None:
    """Three dots that say what the size means."""
    shown = [biggest * share for share in (1.0, 0.5, 0.2)]
    handles = [
        axes.scatter(
            [],
            [],
            s=LEAST_AREA + (AREA - LEAST_AREA) * value / biggest,
            color=GREY,
            edgecolors=INK,
            linewidths=0.6,
        )
        for value in shown
    ]
    axes.legend(
        handles,
        [f"{value:.2g}" for value in shown],
        title=said_of(size),
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        frameon=False,
        fontsize=SMALL,
        title_fontsize=SMALL,
        labelspacing=1.2,
        borderaxespad=0,
        handletextpad=1.0,
    )


def _finish(axes: Axes, columns: list[str], names: list[str], title: str) -> None:
    axes.set_xticks(range(len(columns)), columns, fontsize=USUAL)
    axes.set_yticks(range(len(names)), names, fontsize=SMALL)
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(color=PALE, zorder=0)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
