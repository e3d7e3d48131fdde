"""Ridge regression of genes on the shared ones, from moments of the cells alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.reference.moments import Directions, Of


@dataclass(frozen=True, eq=False)
class Weights:
    """How genes follow from standardised shared genes.

    Attributes
    ----------
    along
        (direction, gene): deviations from the mean of the cells, log-normalised, for a step along
        each direction of the standardised shared genes.
    fits
        (gene,) correlation of a gene with what is so told of it, over the cells.
    """

    along: FloatArray
    fits: FloatArray

    @classmethod
    def of(cls, directions: Directions, cross: FloatArray, sd: Of, ridge: float) -> Weights:
        """Regress genes of these covariances (direction, gene); ``ridge`` is a variance."""
        along = cross / (directions.variance + ridge)[:, None]
        told = (along * cross).sum(0)
        spread = np.sqrt((along**2 * directions.variance[:, None]).sum(0))
        fits = told / np.maximum(spread * sd.sd, 1e-9)
        return cls(along, np.asarray(np.clip(fits, 0, 1), np.float32))
