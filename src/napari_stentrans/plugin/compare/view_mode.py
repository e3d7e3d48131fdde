"""ViewMode: a state of the viewer that ends, and leaves it as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer


LINKED = ("contrast_limits", "gamma", "colormap")
"""What twins have in common."""


class ViewMode:
    """Base of the ways to show both maps; subclasses say in ``_restore`` how to undo theirs.

    Parameters
    ----------
    viewer
        Where the layers are.
    needed
        Layers without which it cannot be; it ends when one of them is deleted.
    """

    ended = Signal()
    """The viewer is as it was: after ``end``, or when a person left no place for this."""

    def __init__(self, viewer: ViewerModel, needed: Sequence[Layer]) -> None:
        self._viewer, self._needed = viewer, tuple(needed)
        self._ended = False
        # Layers must not be moved while napari still tells its widgets that one was removed.
        self._end_soon = QTimer()
        self._end_soon.setSingleShot(True)
        self._end_soon.setInterval(0)
        self._end_soon.timeout.connect(self.end)
        viewer.layers.events.removed.connect(self._on_removed)

    def end(self) -> None:
        """Bring back what was there before."""
        if self._ended:
            return
        self._ended = True
        self._end_soon.stop()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._restore()
        self.ended.emit()

    def _restore(self) -> None:
        raise NotImplementedError

    def _on_removed(self, event: Any) -> None:
        if event.value in self._needed:
            self._end_soon.start()


class Hiding:
    """Hides layers, and brings back what was visible; layers may be removed meanwhile."""

    def __init__(self, viewer: ViewerModel, layers: Iterable[Layer]) -> None:
        self._viewer = viewer
        self._before = {layer: layer.visible for layer in layers}
        for layer in self._before:
            layer.visible = False

    def was_visible(self, layer: Layer) -> bool:
        """Whether a hidden layer was visible before."""
        return bool(self._before[layer])

    def end(self) -> None:
        """Bring back what was there before."""
        for layer, visible in self._before.items():
            if layer in self._viewer.layers:
                layer.visible = visible
