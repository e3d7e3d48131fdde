"""A gene along a line, drawn: points of what was measured, curve and bands of the enhanced map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.export.colours import LOST_COLOUR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from napari_stentrans.export.profile import Profile
    from napari_stentrans.factors import FloatArray

    Array = NDArray[np.float64]

MEASURED, ENHANCED, OTHER = "#0072b2", "#e69f00", "#009e73"
"""Colours of what was measured, of the enhanced map, and of another one beside it."""
ESTIMATE, MEASUREMENT = "where the true value lies (68%)", "where a new measurement would lie (68%)"
FAINT, FAINTER = 0.45, 0.2
"""Opacity of the bands of the estimate and of a new measurement."""


def draw_profile(profile: Profile, other: Profile | None, path: Path) -> None:
    """Write the figure of a profile, and of another one along the same line."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from napari_stentrans.export.figures import STYLE, UNDATED

    with rc_context(STYLE):
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots()
        _draw_curves(profile, axes)
        if other is not None and np.isfinite(other.enhanced).any():
            at = other.sites.distance
            axes.plot(at, other.enhanced, "--", color=OTHER, label=other.name)
        axes.set_title(profile.section.gene_label(profile.gene), style="italic", parse_math=False)
        axes.set_xlabel(profile.label)
        axes.set_ylabel("log-normalised")
        axes.set_xlim(0, profile.length)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
        figure.savefig(path, dpi=200, metadata=UNDATED[path.suffix.lower()])


def _draw_curves(profile: Profile, axes: Axes) -> None:
    for at, low, high, alpha, label in bands(profile):
        axes.fill_between(at, low, high, color=ENHANCED, alpha=alpha, lw=0, label=label)
    if np.isfinite(profile.enhanced).any():
        axes.plot(profile.sites.distance, profile.enhanced, color=ENHANCED, label=profile.name)
    axes.plot(
        profile.spots.distance[~profile.lost],
        profile.measured[~profile.lost],
        "o",
        ms=4,
        color=MEASURED,
        label="measured",
    )
    if profile.lost.any():
        axes.plot(
            profile.spots.distance[profile.lost],
            profile.measured[profile.lost],
            "o",
            ms=4,
            mfc="none",
            color=LOST_COLOUR,
            label="measured, but marked as lost",
        )


def bands(profile: Profile) -> Iterator[tuple[Array, FloatArray, FloatArray, float, str]]:
    """Bands that are known, the wider one first: distance, edges, opacity, and what they are.

    The edges are NaN where the line leaves the map, and left out where only they are not known.
    """
    of = profile.intervals
    for low, high, opacity, says in (
        (of.measurement_low, of.measurement_high, FAINTER, MEASUREMENT),
        (of.estimate_low, of.estimate_high, FAINT, ESTIMATE),
    ):
        known = np.isfinite(low)
        if known.any():
            drawn = known | (profile.sites.site < 0)
            yield profile.sites.distance[drawn], low[drawn], high[drawn], opacity, says
