"""A gene along a line in a file: as a table, or drawn with the bands of the enhanced map."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.export.colours import LOST_COLOUR
from napari_stentrans.export.files import beside, check_ending, check_place, target
from napari_stentrans.intervals import Intervals
from napari_stentrans.targets import LABELS, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from napari_stentrans.export.profile import Profile
    from napari_stentrans.factors import FloatArray

    Array = NDArray[np.float64]

ENDINGS = (".csv", ".png", ".svg", ".pdf")
COLUMNS = ("map", "site", "provenance", "x", "y", "value", "std", *Intervals._fields)
MEASURED, ENHANCED, OTHER = "#0072b2", "#e69f00", "#009e73"
"""Colours of what was measured, of the enhanced map, and of another one beside it."""
ESTIMATE, MEASUREMENT = "where the true value lies (68%)", "where a new measurement would lie (68%)"
FAINT, FAINTER = 0.45, 0.2
"""Opacity of the bands of the estimate and of a new measurement."""


def save_profile(
    profile: Profile, path: str | Path, *, other: Profile | None = None, overwrite: bool = False
) -> Path:
    """Write a profile as a table (``.csv``) or draw it (``.png``, ``.svg``, ``.pdf``).

    ``other`` is one along the same line, through the map of another run, to go with it.

    Raises
    ------
    WriteError
        When the ending is another one, the file is there and may not be replaced, or it cannot
        be written. No half-written file is left.
    """
    path = target(path)
    ending = check_ending(path, ENDINGS, "A profile")
    check_place(path, overwrite=overwrite)
    with beside(path) as fresh:
        if ending == ".csv":
            _write_table(profile, other, fresh)
        else:
            draw_profile(profile, other, fresh)
    return path


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


def _write_table(profile: Profile, other: Profile | None, path: Path) -> None:
    """One row per crossing of a site, those of the measured map first."""
    section = profile.section
    head = ("gene", f"distance_{profile.unit}", *COLUMNS)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(head)
        names, xy = section.adata.obs_names, section.xy
        for at, spot, value, lost in zip(
            *profile.spots, profile.measured, profile.lost, strict=True
        ):
            if spot >= 0:
                kind = LABELS[Provenance.LOST if lost else Provenance.MEASURED]
                numbers = [f"{n:.6g}" for n in (*xy[spot], value)]
                rows.writerow(
                    [profile.gene, f"{at:.6g}", "measured", names[spot], kind, *numbers, *5 * [""]]
                )
        for one in (profile, other):
            if one is not None:
                rows.writerows(_rows_of(one))


def _rows_of(profile: Profile) -> Iterator[list[str]]:
    """Rows of the enhanced map of a profile."""
    if profile.enhancement is None:
        return
    sites = profile.enhancement.sites
    values = (profile.enhanced, profile.std, *profile.intervals)
    for at, site, *of_site in zip(*profile.sites, *values, strict=True):
        if site >= 0:
            numbers = ["" if np.isnan(n) else f"{n:.6g}" for n in (*sites.xy[site], *of_site)]
            kind = LABELS[sites.provenance[site]]
            yield [profile.gene, f"{at:.6g}", profile.name, sites.names[site], kind, *numbers]
