"""Views: the ways to see two maps together, one at a time.

The one on the right is of the run that is shown; the other is what that is compared with: the map
as measured, or that of another run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from psygnal import Signal

from napari_stentrans.plugin.compare.blink import Blink
from napari_stentrans.plugin.compare.side_by_side import SideBySide
from napari_stentrans.plugin.compare.swipe import Swipe

if TYPE_CHECKING:
    from psygnal import SignalInstance

    from napari_stentrans.plugin.layers.map_layers import MapLayers

NAMES = ("side_by_side", "swipe", "blink")
OVER = ("uncertainty", "provenance", "difference")
"""Roles of layers that cover the maps."""


class View(Protocol):
    """An arrangement of the viewer."""

    ended: SignalInstance

    def end(self) -> None:
        """Bring back what was there before."""


class Views:
    """At most one way to see both maps of a section together.

    A view ends itself where a layer that it needs is deleted, or napari's own buttons leave no
    place for it.
    """

    changed = Signal()

    def __init__(self, layers: MapLayers) -> None:
        self._layers = layers
        self._view: View | None = None
        self._held: Blink | None = None
        self.shown = ""
        """Name of the view, or empty."""

    @property
    def swipe(self) -> Swipe | None:
        """The swipe, while there is one."""
        return self._view if isinstance(self._view, Swipe) else None

    def show(self, name: str) -> None:
        """Begin a view in place of the one before; nothing where one of the maps is missing."""
        self.end()
        layers = self._layers
        before, after = layers.before, layers.after
        if before is None or after is None or (name == "swipe" and before.rgb):
            return  # a swipe cuts values, not the colours of several genes
        layers.set_difference(on=False)
        over = [layer for role in OVER if (layer := getattr(layers, role)) is not None]
        if name == "side_by_side":
            on_both = [layer for layer in (layers.lost, layers.line_layer) if layer is not None]
            self._view = SideBySide(layers.viewer, layers.image, before, after, on_both)
        elif name == "swipe":
            sides = layers.maps.sides(layers.enhancement)
            self._view = Swipe(layers.viewer, before, after, over, sides)
        else:
            self._view = Blink(layers.viewer, before, after, over, by_itself=True)
        self.shown = name
        self._view.ended.connect(self._on_ended)
        self.changed.emit()

    def end(self) -> None:
        """Bring back what was there before."""
        self.release()
        if self._view is not None:
            self._view.end()

    def hold(self) -> None:
        """Show the other map until ``release``; nothing while a view shows both anyway."""
        layers = self._layers
        before, after = layers.before, layers.after
        busy = self._view is not None or self._held is not None or layers.difference_shown
        if busy or before is None or after is None:
            return
        over = [layer for role in OVER if (layer := getattr(layers, role)) is not None]
        self._held = Blink(layers.viewer, before, after, over, by_itself=False)
        self._held.ended.connect(self._on_released)

    def release(self) -> None:
        """Show again what was shown before ``hold``."""
        if self._held is not None:
            self._held.end()

    def call(self, sides: tuple[str, str]) -> None:
        """Let the swipe, where there is one, say what is on which side."""
        if self.swipe is not None:
            self.swipe.call(sides)

    def _on_ended(self) -> None:
        self._view, self.shown = None, ""
        self.changed.emit()

    def _on_released(self) -> None:
        self._held = None
