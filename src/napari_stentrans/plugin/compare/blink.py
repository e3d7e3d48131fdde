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
    """Shows one of two maps, and the other in turn: ``by_itself`` twice a second, or once.

    Layers that lie ``over`` them are hidden meanwhile.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        maps: tuple[Image, Image],
        over: Sequence[Layer],
        *,
        by_itself: bool,
    ) -> None:
        super().__init__(viewer, maps)
        self._hiding = Hiding(viewer, [*over, *maps])
        before, after = maps
        # The one that was not on top comes first.
        self._next, self._shown = maps if self._hiding.before[after] else (after, before)
        self._timer = QTimer()
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.flip)
        self.flip()
        if by_itself:
            self._timer.start()

    def flip(self) -> None:
        self._next, self._shown = self._shown, self._next
        self._next.visible, self._shown.visible = False, True

    def _restore(self) -> None:
        self._timer.stop()
        self._hiding.end()
