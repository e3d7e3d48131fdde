"""What a method is: observed spots in, target sites out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice
    from napari_stentrans.progress import Steps

FloatArray = NDArray[np.float32]


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

    A section's genes are too many to be dense at once, so a method takes the columns that it
    needs, ``values[:, columns]``, and gets a dense float32 array (spot, column).
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(spots, columns)."""
        ...

    def __getitem__(self, key: tuple[slice, NDArray[np.intp] | slice]) -> FloatArray: ...


class Choice(Protocol):
    """What a person who chooses a method, and the pipeline, must know about it."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """One plain sentence for the person who chooses a method."""
    works_on: ClassVar[Literal["section", "factors", "genes"]]
    """Columns of genes, columns of factors, or all spatial factors of a section at once."""
    costly: ClassVar[bool]
    """Whether a run takes so long that another one, to check it, is begun only when asked for."""


class Method(Choice, Protocol):
    """One way to predict columns of values (factors or genes) at sites where none was measured.

    Positions are full-resolution pixels (x, y); ``lattice`` turns them into array coordinates
    or units of the spot spacing. Long loops yield Progress at least once per batch.
    """

    scale: Literal["lognorm", "counts"]
    """What a method that works on genes reads and predicts."""

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
class FactorMethod(Method, Protocol):
    """A method of factors which also says how well the others predict each observed spot.

    From that, what measurements add is found; results of other methods do not know it.
    """

    def left_out(self) -> Steps[LeftOut]:
        """Predict the fitted columns at each observed spot from the others."""
        ...
