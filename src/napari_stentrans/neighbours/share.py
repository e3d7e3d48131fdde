"""How much of what is known of a place rests on what: spots around, image, neighbours."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.grid_kriging import GridKriging, Kernel
from napari_stentrans.progress import Progress, Stage, Steps, told
from napari_stentrans.windows import windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.evidence import Pair
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.grid_kriging import Ticks

Array = NDArray[np.float64]

ALONE = (Kernel("exp", 1.5), Kernel("exp", 3.0), Kernel("exp", 8.0))
WITH_IT = (*ALONE, *(k._replace(likeness=w) for w in (0.2, 0.6) for k in ALONE[:2]))
"""Kernels that hidden spots are predicted with."""
ONE = ALONE[1:2]
WITH_ONE = (0.2, 0.6)
"""Kernel that tells shares, which need not be exact, and what of it a source may tell."""


def rested_steps(
    units: Array,
    values: Array,
    weights: Array,
    sites: Array,
    sources: Sequence[Pair],
) -> Steps[FloatArray]:
    """Share (site, source), 0 to 1, of what is known of sites that sources add to the spots around.

    Factors are kriged from the spots, with all sources and with each; what these take away of the
    variance is compared with all that is taken away of that of the field. What all add is
    divided by what each would add alone.

    Parameters
    ----------
    units, sites
        (spot, 2) and (site, 2) positions, in spacings.
    values
        (spot, factor) of variance 1; ``weights`` (factor,) says how much each counts.
    sources
        What each says at the spots and at the sites.
    """
    share = np.zeros((len(sites), len(sources)), np.float32)
    parts = windows(units, sites)
    each = [[k._replace(likeness=w, of=of) for w in WITH_ONE for k in ONE]
            for of in range(len(sources))]  # fmt: skip
    every = (*ONE, *chain.from_iterable(each))
    for i, (spots, at, part) in enumerate(parts):
        if not len(at):
            continue
        here, there = [s.here[spots] for s in sources], [s.there[at] for s in sources]
        kriging = GridKriging(units[spots], values[spots], every, here)
        yield from _told(kriging.fit(), i, len(parts))
        left = []
        for way in kriging, kriging.by(ONE), *(kriging.by((*ONE, *some)) for some in each):
            _, var = yield from _told(way.predict(sites[at], there), i, len(parts))
            left.append(var @ weights)
        all_of_them, alone, *with_each = left
        field = max(float((1 - kriging.noise) @ weights), 0)
        taken = np.maximum(alone[:, None] - np.stack(with_each, 1), 0)
        total = np.maximum(alone - all_of_them, 0) / np.maximum(field - all_of_them, 1e-6)
        by_each = taken / np.maximum(taken.sum(1, keepdims=True), 1e-9)
        share[at] += (part * np.clip(total, 0, 1))[:, None] * by_each
    return share


def _told(ticks: Ticks[tuple[Array, Array]] | Ticks[None], part: int, parts: int) -> Steps:  # type: ignore[type-arg]
    return told(ticks, lambda _: Progress(Stage.NEIGHBOUR, part, parts))
