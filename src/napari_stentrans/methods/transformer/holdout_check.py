"""How far to trust the network on this very section, and what helps it.

Some spots are hidden, and everything is done again without them: factors, kriging, network. How
far the truth at the hidden spots lies from kriging in the direction of the network is the share
of the correction that pays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.factors import library_sizes
from napari_stentrans.methods.holdout import Judged, Looked, Trial, compare, look_at_hidden_spots
from napari_stentrans.methods.transformer.factors import fit_spatial_factors
from napari_stentrans.methods.transformer.maps import Mapper
from napari_stentrans.trust import TOGETHER

if TYPE_CHECKING:
    from napari_stentrans.evidence import Known
    from napari_stentrans.methods.base import Pairs
    from napari_stentrans.progress import Steps
    from napari_stentrans.run_inputs import RunInputs

Array = NDArray[np.float64]

DOUBT = 0.5
"""Standard deviation of the share, before anything is known, around 1."""


class Trusted(NamedTuple):
    """What hidden spots say.

    Attributes
    ----------
    network
        Share, 0 to 1, of the network's correction that pays on this section.
    looked
        What they say about the evidence.
    """

    network: float
    looked: Looked

    def findings(self, known: tuple[Known, ...]) -> dict[str, float]:
        """What the run record keeps."""
        return {"network_trust": round(self.network, 3), **self.looked.findings(known)}


def check(inputs: RunInputs) -> Steps[Trusted]:
    """Find out what pays on this section."""

    def attempt(trial: Trial, every: list[Pairs]) -> Steps[list[Judged]]:
        seen, hidden = trial.units[~trial.hidden], trial.units[trial.hidden]
        factors = yield from fit_spatial_factors(
            trial.seen,
            seen,
            inputs.n_factors,
            median_total=inputs.section.median_total,
            seed=inputs.seed,
        )
        depth = np.log(library_sizes(trial.seen))[:, None]
        mapper, judged = Mapper(inputs.config.device), []
        for pairs in every:
            maps = yield from mapper.maps(seen, factors, depth, hidden, pairs)
            maps = maps.columns(slice(-1))
            judged.append((yield from compare(trial, factors, maps.mean, maps.kriged)))
        return judged

    looked = yield from look_at_hidden_spots(inputs, attempt)
    return Trusted(shrunk_slope(*np.hstack([judged.moved for judged in looked.judged])), looked)


def shrunk_slope(along: Array, square: Array) -> float:
    """Slope sum(along) / sum(square) drawn to 1 by its standard error over spots, within 0 and 1.

    The standard error is that of a ratio estimator over spots, of which TOGETHER count as one.
    """
    total = square.sum()
    if total <= 0:  # nothing would be moved
        return 1.0
    slope = along.sum() / total
    error = TOGETHER * float(((along - slope * square) ** 2).sum()) / total**2
    return float(np.clip((slope * DOUBT**2 + error) / (DOUBT**2 + error), 0, 1))
