"""TakenOut: sections whose layers were all deleted come back by one press."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.layers.layer_store import GENE_ROLES
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.tags import TAG
from napari_stentrans.plugin.widgets.throttle import next_turn

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

TIP = "Bring it back as it was, with its lost regions and its runs"
NOT_KEPT = ("picture", "proposal", "image_features")
"""Roles of layers that are shown but for a while."""


@dataclass(frozen=True, eq=False)
class Gone:
    """A layer that was deleted from its place ``at`` in the list.

    It was ``visible``, or would be once its section is looked at; ``aside`` is whether another
    section was looked at.
    """

    owner: SectionLayers
    role: str
    layer: Layer
    at: int
    visible: bool
    aside: bool

    def put_back(self) -> None:
        with self.owner.visibility.back_for_a_moment():
            self.owner.store.put_back(self.role, self.layer, self.at)
            self.layer.visible = self.visible


class TakenOut(QObject):
    """Offers to bring back sections that a person deleted from the list of layers.

    What was deleted is kept as long as the offer stands.
    """

    offered = Signal(str, str, str, object)
    """What to say, and the text, tip and work of a button."""
    restored = Signal(object)
    """A section is there again."""

    def __init__(self, parent: QObject, viewer: napari.Viewer) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._before: list[Gone] = []
        self._soon = next_turn(self._look, self)  # once all that is deleted together is gone
        self._viewer.layers.events.removing.connect(self._on_removing)

    def let_go(self) -> None:
        self._soon.stop()
        self._before.clear()
        self._viewer.layers.events.removing.disconnect(self._on_removing)

    def _on_removing(self, event: Any) -> None:
        layer = self._viewer.layers[event.index]
        owner: SectionLayers | None = layer.metadata.get(TAG, {}).get("layers")
        if owner is None or owner.model.removed or layer not in owner.present:
            return
        if not self._soon.isActive():  # as all was before anything went
            self._before = [gone for other in find(self._viewer) for gone in _layers_of(other)]
            self._soon.start()

    def _look(self) -> None:
        before, self._before = self._before, []
        there = find(self._viewer)
        gone = [one for one in before if one.owner not in there and not one.owner.model.removed]
        titles = dict.fromkeys(f"“{one.owner.model.title}”" for one in gone)
        if titles:
            were = "was" if len(titles) == 1 else "were"
            said = f"{' and '.join(titles)} {were} deleted with all layers."
            self.offered.emit(said, "Undo", TIP, partial(self._bring_back, gone))

    def _bring_back(self, gone: list[Gone]) -> None:
        last = sorted(gone, key=lambda one: not one.aside)  # is chosen, as it was
        for owner in dict.fromkeys(one.owner for one in last):
            first, *rest = [one for one in gone if one.owner is owner]
            first.put_back()
            for one in rest:
                owner.store.deferred.add(one.role, one.put_back)
            # The map before may show another run, which it is no longer compared with.
            owner.store.deferred.add("as measured", owner.redraw)
            self.restored.emit(owner)


def _layers_of(owner: SectionLayers) -> list[Gone]:
    """Layers of a section from the bottom up; of the views of the result, the plain map."""
    plain = owner.model.view == "difference"
    found = []
    for layer in owner.present:
        role = owner.store.role_of(layer)
        if role is not None and role not in NOT_KEPT:
            seen = owner.visibility.shows(layer)
            visible = role == "after" if plain and role in GENE_ROLES else seen
            at = owner.viewer.layers.index(layer)
            found.append(Gone(owner, role, layer, at, visible, owner.visibility.away))
    return found
