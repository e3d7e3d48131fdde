"""How much of what is known of a place is borrowed from the neighbouring sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.grid_kriging import GridKriging, Kernel
from napari_stentrans.progress import Progress, Stage, Steps, told
from napari_stentrans.windows import windows

if TYPE_CHECKING:
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.grid_kriging import Ticks

Array = NDArray[np.float64]

ALONE = (Kernel("exp", 1.5), Kernel("exp", 3.0), Kernel("exp", 8.0))
WITH_IT = (*ALONE, *(k._replace(likeness=w) for w in (0.2, 0.6) for k in ALONE[:2]))
"""Kernels that hidden spots are predicted with."""
ONE = ALONE[1:2]
ONE_WITH_IT = (*ONE, *(k._replace(likeness=w) for w in (0.2, 0.6) for k in ONE))
"""Kernels that tell shares, which need not be exact."""


def borrowed_steps(
    units: Array, values: Array, weights: Array, sites: Array, here: FloatArray, there: FloatArray
) -> Steps[FloatArray]:
    """Share (site,), 0 to 1, of what is known of sites that neighbours add to the spots around.

    Factors are kriged with and without the neighbours; what these take away of the variance is
    compared with all that is taken away of that of the field.

    Parameters
    ----------
    units, sites
        (spot, 2) and (site, 2) positions, in spacings.
    values
        (spot, factor) of variance 1; ``weights`` (factor,) says how much each counts.
    here, there
        (spot, component) and (site, component) what the neighbours say.
    """
    share = np.zeros(len(sites), np.float32)
    parts = windows(units, sites)
    for i, (spots, at, part) in enumerate(parts):
        if not len(at):
            continue
        kriging = GridKriging(units[spots], values[spots], ONE_WITH_IT, [here[spots]])
        yield from _told(kriging.fit(), i, len(parts))
        found = []
        for way in kriging.by(ONE), kriging:
            _, var = yield from _told(way.predict(sites[at], [there[at]]), i, len(parts))
            found.append((var @ weights, float((1 - way.noise) @ weights)))
        (alone, _), (var, field) = found
        taken = np.maximum(alone - var, 0)
        share[at] += part * np.clip(taken / np.maximum(max(field, 0) - var, 1e-6), 0, 1)
    return share


def _told(ticks: Ticks[tuple[Array, Array]] | Ticks[None], part: int, parts: int) -> Steps:  # type: ignore[type-arg]
    return told(ticks, lambda _: Progress(Stage.NEIGHBOUR, part, parts))
