"""Halves of the counts, kriged each on its own: what both show is no matter of chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from napari_stentrans.analysis import regions
from napari_stentrans.analysis.agreement import adjusted_rand, found_again
from napari_stentrans.analysis.low_rank import fitted, kriged
from napari_stentrans.masking import halves
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.analysis.low_rank import LowRank
    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

SPLITS, SPLITS_OF_MANY, MANY = 3, 1, 1500
"""How often counts are split; once for more spots than ``MANY``."""
NEARLY, ENOUGH = 0.1, 0.6
"""Numbers of groups whose agreement differs by less are as good as each other."""


class Halves(NamedTuple):
    """Maps of two halves of the counts at the measured spots, whose noise is independent.

    Genes are those that were asked for, in their order.
    """

    one: LowRank
    other: LowRank


class Kriged(NamedTuple):
    """Maps of the counts at the measured spots, without noise, and of halves of them.

    ``whole`` is None where it was not asked for.
    """

    whole: LowRank | None
    halves: list[Halves]


def measured_spots(
    data: Section | Enhancement, lost: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Positions of the spots that have counts and are not ``lost`` (spot,), nor so to a run."""
    return np.flatnonzero(regions.measured_spots(data, lost)[1])


def kriged_counts(
    maps: Maps, spots: NDArray[np.intp], genes: NDArray[np.intp], seed: int, *, halved: bool
) -> Steps[Kriged]:
    """Krige the counts of genes of maps at these spots, and halves of them, split several times.

    Of a result only the halves: it has maps of its own.
    """
    section, rng = maps.section, np.random.default_rng([seed, 1])
    counts = _chosen(section.counts, spots, section.genes.get_indexer(maps.genes[genes]))
    factors = [] if maps.enhanced else [(yield from fitted(section, counts, seed))]
    n_splits = (SPLITS if len(spots) <= MANY else SPLITS_OF_MANY) if halved else 0
    for i in range(n_splits):
        yield Progress("splitting the counts", i, n_splits)
        for half in halves(counts, rng):
            factors.append((yield from fitted(section, half, seed)))
    found = (yield from kriged(section, spots, factors)) if factors else []
    whole = None if maps.enhanced else found.pop(0)
    return Kriged(whole, [Halves(*pair) for pair in zip(found[::2], found[1::2], strict=True)])


def _chosen(
    counts: sp.csc_matrix, spots: NDArray[np.intp], genes: NDArray[np.intp]
) -> sp.csc_matrix:
    """Counts of some spots and genes, both in their order; no copy where it is all of them."""
    if len(genes) < counts.shape[1] or (np.diff(genes) < 0).any():
        counts = counts[:, genes]
    return counts if len(spots) == counts.shape[0] else counts[spots]


def compared(
    numbers: Sequence[int], splits: Sequence[Sequence[Sequence[NDArray[np.intp]]]]
) -> pd.DataFrame:
    """Table of numbers of groups: how well halves of the counts agree, and which is chosen.

    Two groups are always the easiest to repeat. So the largest number above two is chosen whose
    groups are found again as well as those of the best one, but for ``NEARLY``; two only where
    no larger number reaches ``ENOUGH``.

    Parameters
    ----------
    splits
        For each split, of either half, groups (thing,) for each of the numbers.

    Returns
    -------
    pandas.DataFrame
        ``n``; ``agreement``, the adjusted Rand index of the groups of two halves: 1 where they
        are the same, 0 by chance; ``found_again``, the Jaccard index of a group with the likest
        one of the other half, mean over groups; ``chosen``. Means over splits.
    """
    agreement = [[adjusted_rand(*pair) for pair in zip(*split, strict=True)] for split in splits]
    again = [[_found_again(*pair) for pair in zip(*split, strict=True)] for split in splits]
    mean = np.mean(again, 0)
    best = 0
    if len(mean) > 1 and mean[1:].max() >= ENOUGH:
        best = int(np.flatnonzero(mean[1:] >= mean[1:].max() - NEARLY)[-1]) + 1
    return pd.DataFrame(
        {
            "n": list(numbers),
            "agreement": np.mean(agreement, 0),
            "found_again": mean,
            "chosen": np.arange(len(mean)) == best,
        }
    )


def as_asked(n: int) -> pd.DataFrame:
    """Return such a table where a person said how many."""
    return pd.DataFrame({"n": [n], "agreement": np.nan, "found_again": np.nan, "chosen": True})


def _found_again(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    return float((found_again(one, other).mean() + found_again(other, one).mean()) / 2)
