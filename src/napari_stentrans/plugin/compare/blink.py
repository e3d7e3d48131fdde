"""Blink: the measured and the enhanced map in the same place, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from napari_stentrans.plugin.compare.view_mode import Hiding, ViewMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

EVERY_MS = 500
"""Two changes a second: well below the three that may harm people with epilepsy."""


class Blink(ViewMode):
    """Shows one of two maps and changes to the other, on its own or when it is told to.

    Parameters
    ----------
    viewer
        Where the layers are.
    before, after
        The maps.
    over
        Layers that would cover them; hidden meanwhile.
    by_itself
        Whether to change twice a second.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        before: Image,
        after: Image,
        over: Sequence[Layer],
        *,
        by_itself: bool,
    ) -> None:
        super().__init__(viewer, (before, after))
        self._maps = (before, after)
        self._hiding = Hiding(viewer, [*over, before, after])
        # The one that was not on top comes first.
        self._shown = 0 if self._hiding.was_visible(after) else 1
        self._show()
        self._timer = QTimer()
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.flip)
        if by_itself:
            self._timer.start()

    @property
    def shown(self) -> Image:
        """The map that is shown."""
        return self._maps[self._shown]

    def flip(self) -> None:
        """Show the other map."""
        self._shown = 1 - self._shown
        self._show()

    def _restore(self) -> None:
        self._timer.stop()
        self._hiding.end()

    def _show(self) -> None:
        for layer in self._maps:
            layer.visible = layer is self.shown
