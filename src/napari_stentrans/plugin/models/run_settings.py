"""RunSettings: what the next run is asked to do, as the form stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

START = EnhanceConfig(upscale=2)
"""What a form begins with."""


class RunSettings:
    """Settings of a run, between the form that shows them and whoever reads or changes them.

    Attributes
    ----------
    value
        Returns the settings as they stand; raises ConfigError when they make no sense.
    fill
        Whether what is painted as lost is filled.
    """

    wanted = Signal(EnhanceConfig, bool, str)
    """Settings to be shown, whether to fill, and the gene on the map."""
    preferred = Signal(EnhanceConfig, EnhanceConfig)
    """Settings that were preferred until now, and those that are: the form may follow."""

    def __init__(self) -> None:
        self.value: Callable[[], EnhanceConfig] = lambda: START
        self.fill = True

    def usable(self) -> EnhanceConfig:
        """Settings as they stand, or the usual ones where they make no sense."""
        try:
            return self.value()
        except ConfigError:
            return EnhanceConfig()
