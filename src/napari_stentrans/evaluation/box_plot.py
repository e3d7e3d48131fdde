"""A box plot, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

INK, GREY, PALE = "#22272e", "#8a929c", "#e4e7eb"
FILLS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Tol's bright palette, told apart by colour-blind people (Paul Tol, notes on colour schemes)."""
HEIGHT, SLOT, AROUND, LETTER = 4.2, 1.12, 1.0, 0.085
"""Inches: of the figure; for a method; beside all of them; for a letter of the title."""
SMALL, USUAL = 8, 9
"""Sizes of letters, points."""
LEAST_TOP = 0.1
"""The axis reaches from zero to this at least."""


def draw_boxes(
    boxes: Mapping[str, NDArray[np.float64]],
    title: str,
    label: str,
    ceiling: float | None = None,
) -> Figure:
    """Draw a box for each set of values.

    Box: quartiles; line: median, written above; whiskers: 5th and 95th percentile.

    Parameters
    ----------
    boxes
        Values by name.
    title, label
        Headline, and what the vertical axis shows.
    ceiling
        Where to draw the line of what can be reached at all.
    """
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]  # keeps lines off the letters
    width = AROUND + max(SLOT * len(boxes), LETTER * len(title))
    figure = Figure(figsize=(width, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    drawn = axes.boxplot(
        list(boxes.values()),
        tick_labels=list(boxes),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        medianprops={"color": "white", "linewidth": 2},
        zorder=2,
    )
    written: dict[str, Any] = {
        "xytext": (0, 3),
        "textcoords": "offset points",
        "va": "bottom",
        "fontsize": SMALL,
        "path_effects": halo,
    }
    for at, (box, values) in enumerate(zip(drawn["boxes"], boxes.values(), strict=True)):
        box.set(facecolor=FILLS[at % len(FILLS)], edgecolor=INK)
        median, top = np.percentile(values, [50, 95])
        axes.annotate(f"median {median:.2f}", (at + 1, top), ha="center", **written)
    if ceiling is not None:
        axes.axhline(ceiling, color=GREY, linestyle="--", linewidth=1, zorder=1)
        right: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "ha": "right"}
        axes.annotate("ceiling that the noise sets", (1, ceiling), **right, **written)
    _finish(axes, title, label)
    return figure


def _finish(axes: Axes, title: str, label: str) -> None:
    """Headline, a quiet grid from zero up, and no frame."""
    axes.margins(y=0.1)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), max(high, LEAST_TOP))
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel(label, fontsize=USUAL)
    axes.grid(axis="y", color=PALE, zorder=0)
    axes.axhline(0, color=GREY, linewidth=1, zorder=0.5)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(length=0, labelsize=USUAL)
