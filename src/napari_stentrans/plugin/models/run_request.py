"""RunRequest: a run that is to be made, with all that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.models.section_model import SectionModel


@dataclass(frozen=True, eq=False)
class RunRequest:
    """A run to be made.

    Attributes
    ----------
    model
        The section to enhance.
    config, mask
        Settings, and what is lost, as they were when it was asked for.
    name
        Of the run; by its settings where empty.
    damaged
        (spot,) True where the image is not to be looked at.
    """

    model: SectionModel
    config: EnhanceConfig
    mask: LostMask
    name: str = ""
    damaged: NDArray[np.bool_] | None = None
