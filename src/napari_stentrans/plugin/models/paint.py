"""Paint: lost regions as they are painted, for models that do not know how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Paint(Protocol):
    """Lost regions as they are painted."""

    @property
    def labels(self) -> NDArray[np.integer] | None:
        """Labels (row, column) on the section's raster; None before anything was painted."""

    @property
    def names(self) -> dict[int, str]:
        """Names of the regions by label."""

    def stop(self) -> None:
        """Leave the brush, so that a click on the map paints nothing."""
