"""The tests of two regions, gene by gene, on measured counts: the table of a comparison."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.analysis.multiple import false_discovery_rates
from napari_stentrans.analysis.patches import Patches
from napari_stentrans.analysis.rates import HALF, Exposed
from napari_stentrans.analysis.spatial_noise import SpatialNoise, Spread, weighed
from napari_stentrans.analysis.wilcoxon import rank_sum
from napari_stentrans.device import on_one_thread
from napari_stentrans.errors import ConfigError
from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_stentrans.section import Section

    Array = NDArray[np.float64]

T = TypeVar("T")

LEAST_SEEN = 10
"""Genes seen in fewer of the compared spots are not tested."""
VALUES_AT_ONCE, GENES_AT_ONCE, THREADS = 1 << 18, 512, 2
"""Counts and genes of a block, at most: so few that they stay in the cache; blocks at a time."""
LEVEL = 0.95
LN2 = float(np.log(2))
TINY = 1e-300
NOISE = "noise"
"""Column, while a table is made: standard deviation of the change, were spots independent."""


@on_one_thread
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

    def of_block(block: slice) -> tuple[Array, ...]:
        counts = section.counts[:, block]
        of = exposed.rates(counts)
        ranks = rank_sum(_shares(counts, section.totals), region)
        cases = noise.cases(of.deviations, of.scale)
        return of.rates, of.seen, of.log_ratio, of.independent, ranks, *cases

    blocks = []
    for block, found in _side_by_side(of_block, _blocks(section.counts.indptr)):
        blocks.append(found)
        yield Progress("comparing regions", block.stop, len(section.genes))
    n_spots = np.bincount(region[region >= 0])
    often = _often(np.concatenate([seen for _, seen, *_ in blocks]), int(n_spots.sum()))
    joined = (np.concatenate(parts)[often] for parts in zip(*blocks, strict=True))
    rates, seen, ratio, independent, ranks, likely, std = joined
    added = np.hypot(*(HALF / (rates * exposed.sums)).T)  # what half a count moves is no finding
    weights, std = weighed(likely), np.maximum(std, added[:, None])
    spread = Spread(weights, std, noise.freedom)
    p, away = _widths(spread, ratio)
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


def _shares(counts: sp.csc_matrix, totals: Array) -> sp.csc_matrix:
    """Counts by library sizes, in the order of log-normalised values: Wilcoxon's test sees ranks.

    Divided in double precision, so that equal shares are equal.
    """
    data = (counts.data / totals.take(counts.indices)).astype(np.float32)
    return sp.csc_matrix((data, counts.indices, counts.indptr), counts.shape)


def _widths(spread: Spread, ratio: Array) -> tuple[Array, Array]:
    """P-values and half widths of intervals (gene,) for logarithms of ratios (gene,)."""

    def of_genes(genes: slice) -> tuple[Array, Array]:
        of = Spread(spread.weights[genes], spread.std[genes], spread.freedom)
        return of.pvalues(ratio[genes]), of.half_width(LEVEL)

    starts = range(0, len(ratio), GENES_AT_ONCE)
    parts = _side_by_side(of_genes, [slice(start, start + GENES_AT_ONCE) for start in starts])
    p, away = zip(*(found for _, found in parts), strict=True)
    return np.concatenate(p), np.concatenate(away)


def _blocks(indptr: NDArray[np.integer]) -> list[slice]:
    """Genes in blocks of few counts, but one gene at least."""
    blocks, start, n_genes = [], 0, len(indptr) - 1
    while start < n_genes:
        most = int(np.searchsorted(indptr, indptr[start] + VALUES_AT_ONCE, "right")) - 1
        end = int(np.clip(most, start + 1, min(start + GENES_AT_ONCE, n_genes)))
        blocks.append(slice(start, end))
        start = end
    return blocks


def _side_by_side(of: Callable[[slice], T], blocks: Sequence[slice]) -> Iterator[tuple[slice, T]]:
    """Each block and what is found of it, two at a time: their arithmetic lets threads go on."""
    pool = ThreadPoolExecutor(THREADS)
    try:
        yield from zip(blocks, pool.map(of, blocks), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
