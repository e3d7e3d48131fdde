"""After: what a run says of regions, with how uncertain its estimates are; never a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement

    Array = NDArray[np.float64]

NEXT_TO = 1.05
"""Spots that are no further from a site than this times the nearest lie next to it."""
MOST_NEXT = 4
SHARED = 20.0
"""Spots that share the error of an estimate: runs err alike at places nearby."""


class Estimate(NamedTuple):
    """What a run says of genes in regions, each (region, gene).

    Attributes
    ----------
    log_mean, log_std
        Mean over the sites of log-normalised expression, and how uncertain it is.
    mean, std
        The same of counts in a spot of the section's median library size.
    fraction
        Share of sites that would show the gene, at the library size that they have.
    """

    log_mean: Array
    log_std: Array
    mean: Array
    std: Array
    fraction: Array


def sites_of(result: Enhancement, codes: NDArray[np.integer]) -> NDArray[np.intp]:
    """(site,) region of each site of a run, of the regions ``codes`` (spot,) of spots.

    A site that is no spot lies in the region of the spots next to it; where they lie in several,
    on a border, it lies in none (-1).
    """
    sites, section = result.sites, result.section
    k = min(MOST_NEXT, section.n_spots)
    apart, near = cKDTree(section.xy).query(sites.xy[sites.n_spots :], range(1, k + 1))
    of = np.where(apart <= NEXT_TO * apart[:, :1], codes[near], codes[near[:, :1]])
    others = np.where((of == of[:, :1]).all(1), of[:, 0], -1)
    return np.concatenate([codes, others]).astype(np.intp)


def estimate_steps(
    result: Enhancement, region: NDArray[np.intp], n_regions: int, genes: Sequence[str]
) -> Steps[Estimate]:
    """Estimate genes of a run in regions (site,), one Progress per block of genes.

    NaN where a run does not know how uncertain it is, and in regions without a site.
    """
    found = np.full((len(Estimate._fields), n_regions, len(genes)), np.nan)
    groups = [np.flatnonzero(region == code) for code in range(n_regions)]
    shared = [_shared(result, group) for group in groups]
    for at, mean, std in result.blocks(list(genes)):
        yield Progress("looking at the regions after the run", at.start, len(genes))
        for code, group in enumerate(groups):
            if len(group):
                found[:, code, at] = _of_group(result, group, mean[group], std[group], shared[code])
    return Estimate(*found)


def _shared(result: Enhancement, group: NDArray[np.intp]) -> float:
    """How many times more a mean over sites varies than if they erred each on their own."""
    n_spots = max(int((group < result.sites.n_spots).sum()), 1)
    return float(min(SHARED * len(group) / n_spots, len(group)))


def _of_group(
    result: Enhancement, group: NDArray[np.intp], mean: Array, std: Array, shared: float
) -> Array:
    mean, std = np.asarray(mean, float), np.asarray(std, float)
    linear = np.expm1(mean)
    counts = linear * (result.totals[group] / result.section.median_total)[:, None]
    factor = shared / len(group)
    spread = [np.sqrt(factor * (of**2).mean(0)) for of in (std, (linear + 1) * std)]
    fraction = -np.expm1(-np.maximum(counts, 0)).mean(0)
    return np.stack([mean.mean(0), spread[0], linear.mean(0), spread[1], fraction])
