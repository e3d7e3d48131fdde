"""ViewMode: a state of the viewer that ends, and leaves it as it was."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_stentrans.plugin.widgets.throttle import next_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer


LINKED = ("contrast_limits", "gamma", "colormap")
"""What twins have in common."""


class ViewMode:
    """Base of the ways to show both maps; subclasses say in ``_restore`` how to undo theirs.

    It ends when one of the layers is deleted that it ``needed``.
    """

    ended = Signal()
    """The viewer is as it was: after ``end``, or when a person left no place for this."""

    def __init__(self, viewer: ViewerModel, needed: Sequence[Layer]) -> None:
        self._viewer, self._needed = viewer, tuple(needed)
        self._ended = False
        self._heard = ExitStack()
        # Layers must not be moved while napari still tells its widgets that one was removed.
        self._end_soon = next_turn(self.end)
        self._listen((viewer.layers.events.removed, self._on_removed))

    def end(self) -> None:
        """Bring back what was there before."""
        if self._ended:
            return
        self._ended = True
        self._end_soon.stop()
        self._heard.close()
        self._restore()
        self.ended.emit()

    def _restore(self) -> None:
        raise NotImplementedError

    def _listen(self, *events: tuple[Any, Callable[..., object]]) -> None:
        for emitter, slot in events:
            emitter.connect(slot)
            self._heard.callback(emitter.disconnect, slot)

    def _follow_mouse(self, on_move: Callable[..., Any], on_drag: Callable[..., Any]) -> None:
        viewer = self._viewer
        for callbacks, callback in (
            (viewer.mouse_move_callbacks, on_move),
            (viewer.mouse_drag_callbacks, on_drag),
        ):
            callbacks.append(callback)
            self._heard.callback(callbacks.remove, callback)

    def _on_removed(self, event: Any) -> None:
        if event.value in self._needed:
            self._end_soon.start()

    def _on_no_room(self, event: Any = None) -> None:
        self._end_soon.start()


class Hiding:
    """Hides layers, but some, and brings back what was visible; layers may go meanwhile."""

    def __init__(
        self, viewer: ViewerModel, layers: Iterable[Layer], but: Container[Layer] = ()
    ) -> None:
        self._viewer = viewer
        self.before = {layer: layer.visible for layer in layers}
        for layer in self.before:
            if layer not in but:
                layer.visible = False

    def end(self) -> None:
        for layer, visible in self.before.items():
            if layer in self._viewer.layers:
                layer.visible = visible
