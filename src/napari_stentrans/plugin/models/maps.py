"""Maps: what is drawn for a name, a gene or a sum over all genes, as measured and enhanced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_stentrans.enhancement import Enhancement, GeneMap
from napari_stentrans.errors import GeneNotFound
from napari_stentrans.export.profile import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.raster import SpotRaster
    from napari_stentrans.section import Section

    FloatArray = NDArray[np.float32]

Scale = Literal["log", "linear"]
Doubt = Literal["estimate", "measurement"]
"""Whose standard deviation a map of uncertainty shows."""

TOTALS, PER_SPOT = "Total counts", "Genes per spot"
SUMS = (TOTALS, PER_SPOT)
"""Maps that are not of one gene; they are chosen like genes."""
COLORMAPS = ("viridis", "magma", "inferno", "plasma", "cividis", "gray")
"""Perceptually even colormaps."""
OVERLAY_COLOURS = {"magenta": "#ff00ff", "green": "#00ff00", "blue": "#2a2aff"}
"""Colours of genes that are laid over each other, in order; they add up to light colours."""
MOST_OVERLAID = len(OVERLAY_COLOURS)

LOW = 1.0
"""Percentile that gets the darkest colour, so that genes which are high everywhere show detail."""
NEAR_ZERO = 0.2
"""A low value below this share of the high one is taken for 0: there the gene is not expressed."""

Limits = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """How values become colours.

    Attributes
    ----------
    scale
        "log": log-normalised values; "linear": counts.
    low, high
        Percentiles of the measured values that get the darkest and the brightest colour;
        a low of 0 is no expression. A low value near 0 is taken for 0, unless a percentile
        above LOW asks for it.
    colormap
        Name of napari's colormap.
    """

    scale: Scale = "log"
    low: float = LOW
    high: float = 99.5
    colormap: str = COLORMAPS[0]

    def limits_of(self, section: Section, name: str) -> Limits:
        """Contrast limits of a map, from its measured values at spots that have counts."""
        return self.limits(measured(section, name, self.scale)[section.totals > 0])

    def limits(self, values: FloatArray) -> Limits:
        known = values[np.isfinite(values)]
        if not known.size:
            return 0.0, 1.0
        low = float(np.percentile(known, self.low)) if self.low else 0.0
        top = float(np.percentile(known, self.high))
        if self.low <= LOW and low < NEAR_ZERO * top:
            low = 0.0
        top = top if top > low else float(known.max())
        return low, top if top > low + 1e-6 else low + 1.0


def limits_of(values: FloatArray) -> Limits:
    """Contrast limits of values from 0 up; never empty, whatever the values."""
    return Look(low=0).limits(values)


def named(section: Section, name: str) -> str:
    """Name of a map, given by name or gene id; GeneNotFound when the section has no such gene."""
    return name if name in SUMS else str(section.genes[section.gene_index(name)])


def unit(name: str, scale: Scale) -> str:
    """What the values of a map are."""
    if name in SUMS:
        what = "genes" if name == PER_SPOT else "counts"
        return what if scale == "linear" else f"log(1 + {what})"
    return "counts" if scale == "linear" else "expression (log)"


def measured(section: Section, name: str, scale: Scale) -> FloatArray:
    """Values (spot,) of a map as measured."""
    if name in SUMS:
        values: NDArray[np.number] = section.totals
        if name == PER_SPOT:
            values = np.bincount(section.counts.indices, minlength=section.n_spots)
        return np.asarray(np.log1p(values) if scale == "log" else values, np.float32)
    return section.gene_lognorm(name) if scale == "log" else section.gene_counts(name)


def enhanced(result: Enhancement, name: str, scale: Scale) -> GeneMap | None:
    """Values (site,) of a map in a result; None where the result does not know it.

    Counts are those expected at the library size of each site.
    """
    if name == PER_SPOT:
        return None
    if name == TOTALS:
        totals = np.asarray(result.totals, np.float32)
        mean = np.log1p(totals) if scale == "log" else totals
        return GeneMap(mean, np.full_like(mean, np.nan))
    try:
        mean, std = result.gene(name)
    except GeneNotFound:
        return None
    if scale == "log":
        return GeneMap(mean, std)
    counts = _counts(result, mean)
    return GeneMap(counts, _std_of_counts(result, counts, std))


def scatter(result: Enhancement, name: str, scale: Scale) -> FloatArray | None:
    """Standard deviation (site,) of new measurements around a map; None where it is not known."""
    estimate = None if name in SUMS else enhanced(result, name, "log")
    if estimate is None or not knows_measurements(result):
        return None
    std = np.where(np.isnan(estimate.std), np.nan, result.predictive_std([name])[:, 0])
    return std if scale == "log" else _std_of_counts(result, _counts(result, estimate.mean), std)


def new_measurement(
    result: Enhancement, name: str, scale: Scale
) -> tuple[FloatArray, FloatArray] | None:
    """Where 68% of new measurements would lie: low and high ends (site,); None if not known."""
    if name in SUMS or not knows_measurements(result):
        return None
    try:
        found = result.intervals(name, LEVEL)
    except GeneNotFound:
        return None
    low, high = found.measurement_low, found.measurement_high
    return (low, high) if scale == "log" else (_counts(result, low), _counts(result, high))


def knows_measurements(result: Enhancement) -> bool:
    """Whether a result knows how far new measurements would scatter; not all methods do."""
    return result.decoder.noise(np.zeros(1, np.intp)) is not None


def _counts(result: Enhancement, values: FloatArray) -> FloatArray:
    """Expected counts (site,) of log-normalised values."""
    return result.expected_counts(values[:, None])[:, 0]


def _std_of_counts(result: Enhancement, counts: FloatArray, std: FloatArray) -> FloatArray:
    """Standard deviation of counts (site,) from that of the logarithm (delta method)."""
    return std * (counts + np.asarray(result.totals / result.section.median_total, np.float32))


def overlaid(
    raster: SpotRaster, maps: Sequence[FloatArray | None], limits: Sequence[Limits]
) -> NDArray[np.uint8]:
    """Image (row, column, 4) of two or three maps (site,), each in its colour, added up.

    None is a map that is not known. Pixels without a site are transparent.
    """
    table = np.zeros((raster.n_spots + 1, 4), np.float32)
    known = np.zeros(raster.n_spots, bool)
    for values, (low, high), colour in zip(maps, limits, OVERLAY_COLOURS.values(), strict=False):
        if values is not None:
            share = np.clip((values - low) / (high - low), 0, 1)
            known |= np.isfinite(share)
            table[:-1, :3] += np.nan_to_num(share)[:, None] * np.array(
                list(bytes.fromhex(colour[1:])), np.float32
            )
    table[:-1, 3] = 255 * known
    return np.minimum(table, 255).astype(np.uint8)[raster.index]
