"""The tests of two regions, gene by gene, on measured counts: the table of a comparison."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.multiple import false_discovery_rates
from napari_stentrans.analysis.patches import Patches
from napari_stentrans.analysis.rates import HALF, Exposed
from napari_stentrans.analysis.spatial_noise import SpatialNoise, Spread, weighed
from napari_stentrans.analysis.wilcoxon import rank_sum
from napari_stentrans.errors import ConfigError
from napari_stentrans.factors import lognorm
from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.section import Section

    Array = NDArray[np.float64]

LEAST_SEEN = 10
"""Genes seen in fewer of the compared spots are not tested."""
AT_ONCE, THREADS = 1024, 2
"""Genes of a block, and blocks at a time."""
LEVEL = 0.95
LN2 = float(np.log(2))
TINY = 1e-300
NOISE = "noise"
"""Column, while a table is made: standard deviation of the change, were spots independent."""


def tested_steps(section: Section, region: NDArray[np.intp]) -> Steps[pd.DataFrame]:
    """Test the genes that are seen often enough; a table of them, in their order.

    Parameters
    ----------
    region
        (spot,) 0 in the one region, 1 in the other, -1 for spots that take no part.

    Raises
    ------
    ConfigError
        When no gene is seen often enough.
    """
    patches = Patches.of(section.xy, region)
    exposed = Exposed(patches, region, section.totals)
    noise = SpatialNoise(patches, exposed.of_patches)

    def of_block(start: int) -> tuple[Array, ...]:
        counts = section.counts[:, start : start + AT_ONCE]
        of = exposed.rates(counts)
        values = lognorm(counts, section.totals, section.median_total)
        cases = noise.cases(of.deviations, of.scale)
        return of.rates, of.seen, of.log_ratio, of.independent, rank_sum(values, region), *cases

    blocks = yield from _each_block(of_block, len(section.genes))
    n_spots = np.bincount(region[region >= 0])
    often = _often(np.concatenate([seen for _, seen, *_ in blocks]), int(n_spots.sum()))
    joined = (np.concatenate(parts)[often] for parts in zip(*blocks, strict=True))
    rates, seen, ratio, independent, ranks, likely, std = joined
    added = np.hypot(*(HALF / (rates * exposed.sums)).T)  # what half a count moves is no finding
    spread = Spread(weighed(likely), np.maximum(std, added[:, None]), noise.freedom)
    p, away = spread.pvalues(ratio), spread.half_width(LEVEL)
    means, fractions = rates * section.median_total, seen / n_spots
    columns = {
        "log2_fold_change": ratio / LN2,
        "low": (ratio - away) / LN2,
        "high": (ratio + away) / LN2,
        "pvalue": p,
        "fdr": false_discovery_rates(p),
        "pvalue_wilcoxon": ranks,
        "fdr_wilcoxon": false_discovery_rates(ranks),
        NOISE: np.sqrt(independent) / LN2,
        "inflation": spread.variance / np.maximum(independent, TINY),
        "mean_one": means[:, 0],
        "mean_other": means[:, 1],
        "fraction_one": fractions[:, 0],
        "fraction_other": fractions[:, 1],
    }
    return pd.DataFrame(columns, index=pd.Index(section.genes[often], name="gene"))


def _often(seen: Array, n_spots: int) -> NDArray[np.intp]:
    """Genes of which enough is known, of (gene, 2) spots with them."""
    often = seen.sum(1) >= LEAST_SEEN
    if not often.any():
        most = int(seen.sum(1).max())
        raise ConfigError(
            f"No gene is seen in {LEAST_SEEN} or more of the {n_spots:,} spots that are compared; "
            f"the most often seen is in {most:,}. Compare larger regions."
        )
    return np.flatnonzero(often)


def _each_block(
    of_block: Callable[[int], tuple[Array, ...]], n_genes: int
) -> Steps[list[tuple[Array, ...]]]:
    """Blocks of genes, two at a time: what is computed of them lets other threads go on."""
    starts = range(0, n_genes, AT_ONCE)
    pool = ThreadPoolExecutor(THREADS)
    try:
        blocks = []
        for start, block in zip(starts, pool.map(of_block, starts), strict=True):
            blocks.append(block)
            yield Progress("comparing regions", min(start + AT_ONCE, n_genes), n_genes)
        return blocks
    finally:
        pool.shutdown(cancel_futures=True)
