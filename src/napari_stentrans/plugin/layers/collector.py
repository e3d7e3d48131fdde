"""Collector: garbage collections that do not look at what was there before the dock."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_stentrans.plugin.widgets.throttle import next_turn

if TYPE_CHECKING:
    from napari.components import LayerList
    from napari.layers import Layer


class Collector(QObject):
    """Keeps what was there before the dock out of garbage collections while the dock is there.

    napari collects garbage whenever a layer is removed, and no thread runs meanwhile: about 0.3 s,
    most of it for a look at half a million objects of modules, which stay for good. Those are
    frozen. Layers that were there are not meant: before one of them goes, all is thawed.
    """

    def __init__(self, layers: LayerList, parent: QObject) -> None:
        super().__init__(parent)
        self._layers = layers
        self._frozen: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._soon = next_turn(self._freeze, self)  # after napari's own collection
        layers.events.removing.connect(self._on_removing)
        self.destroyed.connect(lambda: gc.unfreeze())  # the window was closed around the dock
        gc.collect()
        self._freeze()

    def let_go(self) -> None:
        self._soon.stop()
        self._layers.events.removing.disconnect(self._on_removing)
        self._thaw()

    def _freeze(self) -> None:
        gc.collect(1)  # young garbage would stay, and PyQt mistakes new events for frozen ones
        gc.freeze()
        self._frozen.update(self._layers)

    def _thaw(self) -> None:
        gc.unfreeze()
        self._frozen.clear()

    def _on_removing(self, event: Any) -> None:
        if self._layers[event.index] in self._frozen:
            self._thaw()
            self._soon.start()
