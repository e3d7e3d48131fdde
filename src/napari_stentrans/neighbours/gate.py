"""Whether a neighbour helps: blobs of spots are hidden, and their factors kriged with and without.

Blobs, for a neighbour pays far more in a hole than between spots. All spots of the section may
have told where the neighbour lies: a map of a few numbers, which can fit hidden spots a little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.grid_kriging import GridKriging
from napari_stentrans.masking import blobs
from napari_stentrans.neighbours.share import ALONE, WITH_IT
from napari_stentrans.progress import Progress, Stage, Steps, told
from napari_stentrans.trust import Trust, judge

if TYPE_CHECKING:
    from napari_stentrans.alignment import JointFactors
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.grid_kriging import Ticks

Array = NDArray[np.float64]
T = TypeVar("T")

SPOTS, HIDDEN, TRIALS, FEWEST = 500, 0.3, 3, 10
"""Spots around the middle of what the neighbour speaks of that take part; the share of them that
is hidden, in blobs; how often; and the hidden spots below which nothing can be said."""


def gate(joint: JointFactors, there: FloatArray, seed: int) -> Steps[Trust]:
    """Hide spots, and compare their factors with what kriging makes of the others.

    Parameters
    ----------
    there
        (spot, factor) the neighbour's factors at the observed spots; NaN where it is silent.
    """
    units = joint.section.xy / joint.section.spacing
    speaks = np.flatnonzero(np.isfinite(there).all(1))
    if HIDDEN * len(speaks) < FEWEST:
        return Trust(False, int(HIDDEN * len(speaks)))
    middle = np.median(units[speaks], axis=0)
    some = speaks[np.sort(cKDTree(units[speaks]).query(middle, min(SPOTS, len(speaks)))[1])]
    units, there = units[some], there[some] - there[some].mean(0)
    there = there / max(float(np.sqrt((there**2).sum(1).mean())), 1e-9)
    own, hits, spots = joint.section.scores[some].astype(float), [], []
    for trial in range(TRIALS):
        hidden = blobs(units, HIDDEN, np.random.default_rng(seed + trial))
        spots.append(np.flatnonzero(hidden))
        kriging = GridKriging(units[~hidden], own[~hidden], WITH_IT, [there[~hidden]])
        yield from _told(kriging.fit(), 2 * trial)
        both: list[Array] = []
        for way in kriging.by(ALONE), kriging:
            steps = way.predict(units[hidden], [there[hidden]], variance=False)
            mean, _ = yield from _told(steps, 2 * trial + 1)
            both.append(_hits(own[hidden], mean, joint.weights))
        hits.append(np.stack(both))
    where = np.concatenate(spots)
    times = np.bincount(where)
    without, with_it = (
        np.bincount(where, hit)[times > 0] / times[times > 0] for hit in np.hstack(hits)
    )
    return judge(without, with_it, round(float(np.mean([len(s) for s in spots]))))


def _told(ticks: Ticks[T], turn: int) -> Steps[T]:
    return told(ticks, lambda _: Progress(Stage.CHECKING, turn, 2 * TRIALS))


def _hits(own: Array, mean: Array, weights: Array) -> Array:
    """(hidden spot,) whose mean is the correlation, factors weighed by how smooth they are."""
    a, b = ((m - m.mean(0)) / np.maximum(m.std(0), 1e-6) for m in (own, mean))
    return np.asarray((a * b) @ weights)
