"""Nearest, linear and cubic interpolation: the baselines that everybody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.interpolate import CloughTocher2DInterpolator, LinearNDInterpolator
from scipy.spatial import Delaunay, QhullError, cKDTree

from napari_stentrans.method_table import Method, Rates
from napari_stentrans.methods.base import FloatArray, Prediction, Values
from napari_stentrans.methods.by_genes import by_genes
from napari_stentrans.progress import Progress, Stage, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.lattice import Lattice


class Nearest:
    """The value of the nearest measured spot."""

    scale: Literal["lognorm", "counts"] = "lognorm"

    def __init__(self, config: EnhanceConfig, lattice: Lattice) -> None:
        self.lattice = lattice

    def fit(self, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        """Keep the observed spots xy (spot, 2) and their values (spot, column)."""
        self.units = xy / self.lattice.spacing
        self.values = values
        self.tree = cKDTree(self.units)
        yield Progress(Stage.PREPARING, 1, 1)

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
        yield Progress(Stage.PREDICTING, 1, 1)
        return Prediction(mean.astype(np.float32), None)

    def interpolate(self, units: NDArray[np.float64], observed: FloatArray) -> FloatArray | None:
        """Values (site, column) at units (site, 2), NaN where there are none; None: all nearest."""
        return None


class Linear(Nearest):
    """Barycentric interpolation in the Delaunay triangles of the measured spots."""

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

    def interpolate(self, units: NDArray[np.float64], observed: FloatArray) -> FloatArray | None:
        """Piecewise cubic with continuous slope."""
        if self.triangles is None:
            return None
        values = CloughTocher2DInterpolator(self.triangles, observed, maxiter=50)(units)
        return np.asarray(values, np.float32)


METHODS = [
    Method(
        name="linear",
        summary="Straight lines between measured spots: fast, a fair yardstick.",
        run=by_genes(Linear),
        rates=Rates(0.01, 5.0e-5, 1.0e-5, 1.5e-7, 2.0e-7),
        instant=True,
    ),
    Method(
        name="cubic",
        summary="Smooth curves through the measured spots: can overshoot noisy genes.",
        run=by_genes(Cubic),
        rates=Rates(0.02, 5.0e-5, 1.0e-5, 1.5e-7, 5.0e-7),
        instant=True,
    ),
    Method(
        name="nearest",
        summary="Copies the nearest measured spot: instant, blocky, no denoising.",
        run=by_genes(Nearest),
        rates=Rates(0.01, 4.0e-5, 1.0e-5, 1.5e-7, 2.0e-7),
        instant=True,
    ),
]
