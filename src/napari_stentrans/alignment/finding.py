"""The search as a whole: from points of two sections to the best map, and whether it stands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.alignment.polish import (
    Affine,
    Found,
    Objective,
    affine_of,
    climbed,
    same,
    unchanged,
)
from napari_stentrans.alignment.search import AFTER, ALIGNING, TURNS, distinct, guesses
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from napari_stentrans.alignment.search import Array, Points
    from napari_stentrans.progress import Steps

TRIED, KEPT = 8, 3
"""Guesses that are made exact roughly, and of those the ones that are made exact."""
COARSE, FINE = 1 / 24, (1.0, 0.7)
"""Blur of the maps: of the first ones as a share of the extent, of the last ones in spacings."""
LEAST_BLUR = 1.2
FEW_SPOTS, MOST_SPOTS = 600, 1500
LEAST_SCORE, STANDS_OUT = 0.65, 0.05
"""A map is believed when its score is that high, and so much above that of every other lay."""


@dataclass(frozen=True, eq=False)
class Best:
    """The best map.

    Attributes
    ----------
    affine
        In spacings around the middles.
    score, others
        How well it fits on coarse maps, and the best that any other lay of the neighbour fits.
    """

    affine: Affine
    score: float
    others: float

    @property
    def stands_out(self) -> bool:
        """Whether it is more than chance."""
        return self.score >= max(LEAST_SCORE, self.others + STANDS_OUT)


def search_steps(section: Points, neighbour: Points, weights: Array) -> Steps[Best]:
    """Try every lay of the neighbour."""
    extent = float(np.ptp(section.uv, axis=0).max())
    found = yield from guesses(section, neighbour, weights)
    starts = [
        unchanged(affine_of(guess), extent / 3) for guess in distinct(found, TRIED, 0.15 * extent)
    ]
    coarse = max(COARSE * extent, LEAST_BLUR)
    rough = Objective(section, neighbour, weights, coarse, FEW_SPOTS)
    nearby: list[Found] = []
    for i, start in enumerate(starts):
        yield Progress(ALIGNING, TURNS + i, TURNS + AFTER)
        nearby.append(climbed(start, rough, rigid=True, steps=10))
    lays = _lays(nearby, extent)[:KEPT]
    better = [climbed(found, rough) for found in lays]
    lays = _lays(better, extent)
    others = max((found.score for found in [*lays[1:], *_others(nearby, lays[0], extent)]),
                 default=-1.0)  # fmt: skip
    return (yield from _finished(lays[0], others, section, neighbour, weights))


def nearby_steps(section: Points, neighbour: Points, weights: Array, start: Affine) -> Steps[Best]:
    """Look near a map only; it is compared with what turns and mirror images of it would give."""
    extent = float(np.ptp(section.uv, axis=0).max())
    blur = max(COARSE * extent / 2, LEAST_BLUR)
    rough = Objective(section, neighbour, weights, blur, MOST_SPOTS)
    found = climbed(unchanged(start, extent / 3), rough)
    others = max(rough(lay) for lay in _turned(found.affine))
    return (yield from _finished(found, others, section, neighbour, weights))


def _finished(
    found: Found, others: float, section: Points, neighbour: Points, weights: Array
) -> Steps[Best]:
    """Make a map exact on finer and finer maps."""
    extent, best = float(np.ptp(section.uv, axis=0).max()), found
    middle = np.sqrt(max(COARSE * extent, LEAST_BLUR) * FINE[0])
    blurs = [middle, *FINE] if middle > 1.3 * FINE[0] else [*FINE]
    for i, blur in enumerate(blurs):
        yield Progress(ALIGNING, TURNS + TRIED + i, TURNS + AFTER)
        objective = Objective(section, neighbour, weights, blur, MOST_SPOTS)
        best = climbed(best, objective)
    return Best(best.affine, found.score, others)


def _lays(found: list[Found], extent: float) -> list[Found]:
    """Maps that differ, the best first."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: -one.score):
        if not any(same(one.affine, other.affine, 0.15 * extent) for other in kept):
            kept.append(one)
    return kept


def _others(found: list[Found], best: Found, extent: float) -> list[Found]:
    return [one for one in found if not same(one.affine, best.affine, 0.15 * extent)]


def _turned(affine: Affine) -> list[Affine]:
    """Other lays: the neighbour turned in its place by 45 degrees and more, and mirrored."""
    lays = []
    for flip in (1.0, -1.0):
        for turn in np.arange(8) * np.pi / 4:
            if flip < 0 or turn > 0:
                c, s = np.cos(turn), np.sin(turn)
                change = np.array([[c, -s], [s, c]]) @ np.diag([flip, 1.0])
                lays.append(Affine(affine.linear @ change, affine.shift))
    return lays
