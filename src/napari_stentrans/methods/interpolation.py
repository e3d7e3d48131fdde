"""Nearest, linear and cubic interpolation: the baselines that everybody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator, LinearNDInterpolator
from scipy.spatial import Delaunay, QhullError, cKDTree

from napari_stentrans.methods.base import FloatArray, Prediction, Values
from napari_stentrans.progress import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice


class Nearest:
    """The value of the nearest measured spot."""

    name: ClassVar[str] = "nearest"
    summary: ClassVar[str] = "Copies the nearest measured spot: instant, blocky, no denoising."
    works_on: ClassVar[Literal["section", "factors", "genes"]] = "genes"
    costly: ClassVar[bool] = False
    scale: Literal["lognorm", "counts"] = "lognorm"

    def __init__(self, config: EnhanceConfig, lattice: Lattice) -> None:
        self.lattice = lattice

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Keep the observed spots xy (spot, 2) and their values (spot, column)."""
        self.units = xy / self.lattice.spacing
        self.values = values
        self.tree = cKDTree(self.units)
        yield Progress("preparing", 1, 1)

    def predict(
        self, xy: NDArray[np.float64], columns: NDArray[np.intp] | slice
    ) -> Steps[Prediction]:
        """Interpolate columns at sites xy (site, 2); the nearest spot where that fails."""
        units = xy / self.lattice.spacing
        observed = self.values[:, columns]
        _, nearest = self.tree.query(units)
        mean = self.interpolate(units, observed)
        if mean is None:
            mean = observed[nearest]
        outside = np.isnan(mean)
        mean[outside] = observed[nearest][outside]
        yield Progress("predicting", 1, 1)
        return Prediction(mean.astype(np.float32), None)

    def interpolate(self, units: NDArray[np.float64], observed: FloatArray) -> FloatArray | None:
        """Values (site, column) at units (site, 2), NaN where there are none; None: all nearest."""
        return None


class Linear(Nearest):
    """Barycentric interpolation in the Delaunay triangles of the measured spots."""

    name: ClassVar[str] = "linear"
    summary: ClassVar[str] = "Straight lines between measured spots: fast, a fair yardstick."

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Triangulate the observed spots xy (spot, 2)."""
        yield from super().fit(xy, values)
        try:
            self.triangles: Delaunay | None = Delaunay(self.units)
        except (QhullError, ValueError):  # fewer than three spots, or all on one line
            self.triangles = None

    def interpolate(self, units: NDArray[np.float64], observed: FloatArray) -> FloatArray | None:
        """Linear in each triangle."""
        if self.triangles is None:
            return None
        return np.asarray(LinearNDInterpolator(self.triangles, observed)(units), np.float32)


class Cubic(Linear):
    """Clough-Tocher piecewise cubic interpolation."""

    name: ClassVar[str] = "cubic"
    summary: ClassVar[str] = "Smooth curves through the measured spots: can overshoot noisy genes."

    def interpolate(self, units: NDArray[np.float64], observed: FloatArray) -> FloatArray | None:
        """Piecewise cubic with continuous slope."""
        if self.triangles is None:
            return None
        values = CloughTocher2DInterpolator(self.triangles, observed, maxiter=50)(units)
        return np.asarray(values, np.float32)
