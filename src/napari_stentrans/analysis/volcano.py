"""A volcano plot of two regions: how much genes differ, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.analysis.labels import place_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_stentrans.analysis.comparison import Comparison

UP, DOWN, QUIET = "#d55e00", "#0072b2", "#b4bac2"
"""Higher in the one region, higher in the other, not told apart; by Okabe and Ito."""
MARKS = {UP: "^", DOWN: "v", QUIET: "o"}
INK = "#22272e"
LEAST_P = 1e-300
MOST_LABELS = 20


def draw_volcano(
    figure: Figure,
    comparison: Comparison,
    *,
    fdr: float = 0.05,
    labels: int = 12,
    label: Callable[[str], str] = str,
) -> Axes:
    """Draw a comparison onto an empty figure.

    Every gene is a mark at its log2 fold change and -log10 of the p-value that allows for places
    nearby being alike. Genes below the FDR are coloured triangles that point to the side they
    are on; the ones with the smallest p-values are named.

    Parameters
    ----------
    figure
        Of matplotlib, in a window or not.
    comparison
        Of two regions.
    fdr
        Below this a gene counts as different.
    labels
        Names to write, at most; those that find no room are left out.
    label
        What to write for the name of a gene, such as ``section.gene_label``.
    """
    table = comparison.table
    change = table["log2_fold_change"].to_numpy(float)
    height = -np.log10(np.maximum(table["pvalue"].to_numpy(float), LEAST_P))
    differs = table["fdr"].to_numpy() < fdr
    kinds = {
        QUIET: (~differs, f"not told apart ({(~differs).sum():,})"),
        DOWN: (differs & (change < 0), f"higher in {comparison.other}"),
        UP: (differs & (change > 0), f"higher in {comparison.one}"),
    }
    axes = figure.add_subplot()
    for colour, (which, text) in kinds.items():
        text = text if colour == QUIET else f"{text} ({which.sum():,})"
        _dots(axes, change[which], height[which], colour, text)
    _finish(axes, comparison, change, height, differs, fdr)
    named = np.flatnonzero(differs)[: min(labels, MOST_LABELS)]
    names = [label(str(table.index[at])) for at in named]
    place_labels(axes, np.column_stack([change, height]), named, names)
    return axes


def _dots(
    axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], colour: str, text: str
) -> None:
    quiet = colour == QUIET
    axes.scatter(
        x,
        y,
        s=9 if quiet else 20,
        c=colour,
        marker=MARKS[colour],
        linewidths=0,
        alpha=0.5 if quiet else 0.9,
        label=text.replace("$", r"\$"),
        rasterized=quiet,  # thousands of them: as shapes a file could not be opened
        zorder=1 if quiet else 2,
    )


def _finish(
    axes: Axes,
    comparison: Comparison,
    change: NDArray[np.float64],
    height: NDArray[np.float64],
    differs: NDArray[np.bool_],
    fdr: float,
) -> None:
    """Axes, the line of the FDR, and the legend."""
    widest = float(np.abs(change).max()) * 1.15 or 1.0
    axes.set_xlim(-widest, widest)
    axes.set_ylim(0, max(float(height.max()) * 1.18, 1.0))
    if differs.any():
        line = float(height[differs].min())
        axes.axhline(line, color=INK, linewidth=0.8, linestyle="--", zorder=0)
        axes.annotate(
            f"FDR {fdr:.0%}", (widest, line), xytext=(-2, 2), textcoords="offset points",
            ha="right", va="bottom", color=INK,
        )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.6, zorder=0)
    title = f"{comparison.one} against {comparison.other}"
    axes.set_title(title, loc="left", color=INK, parse_math=False)
    axes.set_xlabel(f"log2 fold change, {comparison.one} over {comparison.other}", parse_math=False)
    axes.set_ylabel("-log10 p (allows for places nearby being alike)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False)
