"""In holes, where evidence and the spots around disagree, a prediction is less sure.

What made the hole may have spoilt the evidence there, so that it is asked whether evidence moves a
prediction farther than it can if both are right: the squared move has the variance that the
evidence takes away as its mean, since means of posteriors with and without it are nested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_stentrans.evidence import Known
    from napari_stentrans.methods.base import Prediction
    from napari_stentrans.run_inputs import RunInputs

FloatArray = NDArray[np.float32]

LEAST = 0.1
"""Evidence is taken to take away at least this share of the variance that is left with it."""


def suspect(inputs: RunInputs, used: tuple[Known, ...]) -> NDArray[np.bool_]:
    """(target,) True in holes where evidence that may be spoilt was believed."""
    believed = np.zeros(len(inputs.targets), bool)
    for known in used:
        believed |= known.kind.spoilt & ~known.blind
    return believed & inputs.targets.in_holes


def doubted(with_it: Prediction, alone: Prediction) -> FloatArray:
    """Standard deviation (site, factor) with evidence, grown where it disagrees with the spots.

    Predictions are of factors at sites, with the evidence and without; both say how sure they are.
    """
    assert with_it.std is not None
    assert alone.std is not None
    moved, var = (with_it.mean - alone.mean) ** 2, with_it.std**2
    usual = np.maximum(alone.std**2 - var, LEAST * var)
    excess = moved.sum(1) / np.maximum(usual.sum(1), 1e-12)
    grown = var + moved * np.maximum(1 - 1 / np.maximum(excess, 1e-12), 0)[:, None]
    return np.asarray(np.sqrt(grown), np.float32)
