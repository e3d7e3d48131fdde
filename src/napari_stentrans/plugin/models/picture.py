"""Picture: a picture that is being laid below the spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that is being laid below the spots.

    Attributes
    ----------
    pixels
        What napari shows of it: pixels, or the levels of a pyramid as a list.
    affine
        (2, 3): its pixels (x, y) to full-resolution positions, where it is laid at first.
    path
        Where it was read from; None where it was not read from a file.
    """

    image: SectionImage
    pixels: Any
    affine: NDArray[np.float64]
    path: Path | None = None
