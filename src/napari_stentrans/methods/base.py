"""Predictors of columns, which methods are made of: observed spots in, target sites out.

A predictor does not know whether its columns are factors or genes. ``by_factors`` and ``by_genes``
make methods of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.evidence import Pair

if TYPE_CHECKING:
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice
    from napari_stentrans.progress import Steps

FloatArray = NDArray[np.float32]
Pairs: TypeAlias = Sequence[Pair]
"""What each kind of evidence that is used says at the observed spots and at the sites."""


class Prediction(NamedTuple):
    """Values at target sites: ``mean`` (site, column); ``std`` alike, or None if not known."""

    mean: FloatArray
    std: FloatArray | None


class LeftOut(NamedTuple):
    """Columns (spot, column) at the observed spots, each from the others.

    ``var`` is the variance of the noise-free field.
    """

    mean: FloatArray
    var: FloatArray


class Values(Protocol):
    """Columns of values at observed spots: an array (spot, column), or the like of one.

    A section's genes are too many to be dense at once, so a predictor takes the columns that it
    needs, ``values[:, columns]``, and gets a dense float32 array (spot, column).
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(spots, columns)."""
        ...

    def __getitem__(self, key: tuple[slice, NDArray[np.intp] | slice]) -> FloatArray: ...


class Predictor(Protocol):
    """One way to predict columns of values at sites where none was measured.

    Positions are full-resolution pixels (x, y); ``lattice`` turns them into array coordinates
    or units of the spot spacing. Long loops yield Progress at least once per batch.
    """

    scale: Literal["lognorm", "counts"]
    """What a predictor that is given genes reads and predicts."""

    def __init__(self, config: EnhanceConfig, lattice: Lattice) -> None: ...

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Learn from values (spot, column) at observed spots xy (spot, 2)."""
        ...

    def predict(
        self, xy: NDArray[np.float64], columns: NDArray[np.intp] | slice
    ) -> Steps[Prediction]:
        """Predict the given columns of the fitted values at sites xy (site, 2)."""
        ...


@runtime_checkable
class FactorPredictor(Predictor, Protocol):
    """A predictor of factors which also says how well the others predict each observed spot.

    From that, what measurements add is found; results of other methods do not know it.
    """

    def left_out(self) -> Steps[LeftOut]:
        """Predict the fitted columns at each observed spot from the others."""
        ...
