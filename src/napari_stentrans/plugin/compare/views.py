"""Views: the ways to see two maps together, one at a time.

The one on the right is of the run that is shown; the other is what that is compared with: the map
as measured, or that of another run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from psygnal import Signal

from napari_stentrans.plugin.compare.blink import Blink
from napari_stentrans.plugin.compare.side_by_side import SideBySide
from napari_stentrans.plugin.compare.swipe import Swipe

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_stentrans.plugin.compare.view_mode import ViewMode
    from napari_stentrans.plugin.models.section_model import SectionModel

Name = Literal["side_by_side", "swipe", "blink"]
NAMES: tuple[Name, ...] = ("side_by_side", "swipe", "blink")
OVER = ("uncertainty", "provenance", "difference")
"""Roles of layers that cover the maps."""


class Held(Protocol):
    """Layers by role."""

    viewer: ViewerModel
    line: Layer | None

    def layer(self, role: str) -> Any: ...


class Views:
    """At most one way to see both maps of a section together.

    A view ends itself where a layer that it needs is deleted, or napari's own buttons leave no
    place for it.
    """

    changed = Signal()

    def __init__(self, store: Held, model: SectionModel) -> None:
        self._store, self._model = store, model
        self._view: ViewMode | None = None
        self._held: Blink | None = None
        self.shown: Name | Literal[""] = ""
        """Name of the view, or empty."""

    @property
    def swipe(self) -> Swipe | None:
        return self._view if isinstance(self._view, Swipe) else None

    def show(self, name: Name) -> None:
        self.end()
        store, (before, after, over) = self._store, self._maps()
        if before is None or after is None or (name == "swipe" and before.rgb):
            return  # a swipe cuts values, not the colours of several genes
        if name == "side_by_side":
            on_both = [layer for layer in (store.layer("lost"), store.line) if layer is not None]
            self._view = SideBySide(store.viewer, store.layer("image"), before, after, on_both)
        elif name == "swipe":
            sides = self._model.maps.sides(self._model.enhancement)
            self._view = Swipe(store.viewer, before, after, over, sides)
        else:
            self._view = Blink(store.viewer, (before, after), over, by_itself=True)
        self.shown = name
        self._view.ended.connect(self._on_ended)
        self.changed.emit()

    def _maps(self) -> tuple[Any, Any, list[Layer]]:
        over = [layer for role in OVER if (layer := self._store.layer(role)) is not None]
        return self._store.layer("before"), self._store.layer("after"), over

    def end(self) -> None:
        self.release()
        if self._view is not None:
            self._view.end()

    def hold(self) -> None:
        """Show the other map until ``release``; nothing while a view shows both anyway."""
        before, after, over = self._maps()
        covered = any(layer.visible for layer in over if layer is self._store.layer("difference"))
        busy = self._view is not None or self._held is not None or covered
        if busy or before is None or after is None:
            return
        self._held = Blink(self._store.viewer, (before, after), over, by_itself=False)
        self._held.ended.connect(self._on_released)

    def release(self) -> None:
        if self._held is not None:
            self._held.end()

    def call(self, sides: tuple[str, str]) -> None:
        if self.swipe is not None:
            self.swipe.call(sides)

    def _on_ended(self) -> None:
        self._view, self.shown = None, ""
        self.changed.emit()

    def _on_released(self) -> None:
        self._held = None
