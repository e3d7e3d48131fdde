"""LayerStore: the layers of a section in a viewer, each known by the role that it plays."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.experimental import link_layers, unlink_layers
from napari.layers import Layer
from psygnal import Signal

from napari_stentrans.plugin.compare.view_mode import LINKED
from napari_stentrans.plugin.layers.deferred import DeferredCalls
from napari_stentrans.plugin.layers.images import set_limits, shown_gene
from napari_stentrans.plugin.layers.tags import TAG, Tag
from napari_stentrans.plugin.napari_compat import insert

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_stentrans.plugin.layers.frame import Frame
    from napari_stentrans.plugin.layers.images import LayerData

ORDER = (
    "image", "picture", "before", "after", "uncertainty", "provenance", "difference",
    "image_features", "found", "regions", "lost", "proposal",
)  # fmt: skip
"""Roles of layers, from the bottom up."""
GENE_ROLES = ("before", "after", "uncertainty", "difference")
"""Roles of the layers that show a gene."""
TWIN = {"before": "after", "after": "before"}
KEPT = ("visible", "opacity", "blending")
"""What a person chose of a layer that outlasts it, where another takes its place."""


def owners(viewer: ViewerModel) -> list[Any]:
    """Whose the layers of a viewer are, the lowest first; of a copy of a layer it is nobody."""
    found = ((layer, layer.metadata.get(TAG, {}).get("layers")) for layer in viewer.layers)
    return list(dict.fromkeys(owner for layer, owner in found if owner and layer in owner.present))


class LayerStore(dict[str, Any]):
    """Layers by role. A layer that a person deletes leaves; what they changed is kept.

    Layers that are about to be made are ``deferred``, by role. The layer of the ``line`` of a
    profile plays no role.
    """

    frame: Frame
    """World coordinates of the layers."""

    removed = Signal(str)
    """A layer of this role was taken out of the viewer, by whoever."""
    taken = Signal(object)
    """This layer is one of the section's from now on."""
    left = Signal(object)
    """This layer is no longer."""

    def __init__(self, viewer: ViewerModel, owner: object) -> None:
        super().__init__()
        self.viewer: ViewerModel = viewer
        self.deferred = DeferredCalls()
        self.line: Layer | None = None
        self._owner = owner
        self._of = self._section = ""
        # By role: the name that the layer has by itself, that without the section and the gene in
        # it, and the name that a person gave.
        self._names: dict[str, str] = {}
        self._plain: dict[str, str] = {}
        self._genes: dict[str, str] = {}
        self._own: dict[str, str] = {}
        viewer.layers.events.removed.connect(self._on_removed)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same one: napari connects one alone of two callbacks that are equal."""
        return self is other

    __hash__ = object.__hash__  # type: ignore[assignment]

    def layer(self, role: str) -> Any:
        """Layer of a role, made now where it was about to be; None when not there."""
        self.deferred.finish(role)
        return self.get(role)

    def has(self, role: str) -> bool:
        return role in self or role in self.deferred

    @property
    def present(self) -> list[Layer]:
        return [layer for layer in self.viewer.layers if layer in self.values()]

    @property
    def over_tissue(self) -> list[Layer]:
        """Layers that hide the tissue image, the lowest first."""
        not_maps = ("image", "picture", "lost", "proposal")
        maps = (layer for role, layer in self.items() if role not in not_maps)
        return sorted(maps, key=self.viewer.layers.index)

    def role_of(self, layer: Layer) -> str | None:
        return next((role for role, own in self.items() if own is layer), None)

    def put_back(self, role: str, layer: Layer, at: int) -> None:
        insert(self.viewer.layers, min(at, len(self.viewer.layers)), layer)
        given = role in self._own or layer.name != self._names.get(role)
        self.take(role, layer)
        if not given:  # it goes by what is open now
            layer.name = self._names[role] = self._called(self._plain[role])

    def put(self, role: str, layer_data: LayerData, *, new_limits: bool = False) -> None:
        """Make the layer of a role, or give new data to the one that is there."""
        data, options, _ = layer_data
        layer = self.get(role)
        if layer is None:
            self._insert(role, layer_data)
            return
        if _coloured(layer) != options.get("rgb", False):
            self._swap(role, layer_data)
            return
        layer.data = data
        for name in ("scale", "translate"):
            if not np.array_equal(getattr(layer, name), options[name]):  # slow, though the same
                setattr(layer, name, options[name])
        if new_limits and not _coloured(layer):
            set_limits(layer, options["contrast_limits"])
        layer.name = self._renamed(role, layer, options)
        self._names[role] = layer.name

    def name_by(self, section: str) -> None:
        """Begin names that no person gave with that of their section, unless that is empty."""
        self._of = section
        for role, layer in self.items():
            if role not in self._own and layer.name == self._names[role]:
                layer.name = self._called(self._plain[role])
                self._names[role] = layer.name

    def _called(self, plain: str) -> str:
        if not self._of:
            return plain
        return f"{self._of} · {plain.removeprefix(f'{self._section} ')}"

    def remove(self, *roles: str) -> None:
        """Take the layers of these roles out of the viewer, where they are there.

        In one turn of the event loop: OpenGL may break down where some are drawn meanwhile.
        """
        layers = self.viewer.layers
        gone = [self[role] for role in roles if role in self]
        batch = getattr(layers, "batched_update", nullcontext)  # since napari 0.9
        with batch() if gone else nullcontext():
            for layer in sorted(gone, key=layers.index, reverse=True):
                layers.remove(layer)

    def take(self, role: str, layer: Layer) -> None:
        """Own a layer that is in the viewer."""
        tag = layer.metadata[TAG]
        tag["layers"] = self._owner
        self._genes[role] = shown_gene(tag)
        self._section = tag["section"].name
        self[role] = layer
        self._plain.setdefault(role, tag["name"])
        called = self._called(self._plain[role])
        self._names[role] = layer.name if layer.name.startswith(called) else called
        if role in GENE_ROLES:
            set_limits(layer, layer.contrast_limits)
        twin = self.get(TWIN.get(role, ""))
        if twin is not None and not _coloured(layer) and not _coloured(twin):
            link_layers([layer, twin], LINKED)
        self.taken.emit(layer)

    def _renamed(self, role: str, layer: Layer, options: dict[str, Any]) -> str:
        """Name of a layer for what it shows now; one that a person gave stays behind the gene."""
        gene, last = shown_gene(options["metadata"][TAG]), self._genes[role]
        if layer.name != self._names[role]:
            self._own[role] = layer.name.removeprefix(f"{last}: ")
        self._plain[role] = str(options["name"])
        if role not in self._own:
            return self._called(self._plain[role])
        self._genes[role] = gene
        return layer.name if gene == last else f"{gene}: {self._own[role]}"

    def _insert(self, role: str, layer_data: LayerData) -> None:
        """Make a layer right above those of lower roles; paint stays on top of all."""
        data, options, kind = layer_data
        twin = self.get(TWIN.get(role, ""))
        if twin is not None and not options.get("rgb", False):
            options = options | {name: getattr(twin, name) for name in LINKED}
        layers = self.viewer.layers
        at, place = len(layers), ORDER.index(role)
        if lower := [self[r] for r in ORDER[:place] if r in self]:
            at = max(map(layers.index, lower)) + 1
        elif higher := [self[r] for r in ORDER[place:] if r in self]:
            at = min(map(layers.index, higher))
        self._plain[role] = str(options["name"])
        self._own.pop(role, None)  # of a layer that was deleted
        layer = Layer.create(data, options | {"name": self._called(self._plain[role])}, kind)
        insert(layers, self._top(at) if role == "lost" else at, layer)
        self.take(role, layer)

    def _top(self, at: int) -> int:
        """Place above all from ``at`` on, but below other sections, which are kept apart."""
        above = self.viewer.layers[at:]
        owners = [layer.metadata.get(TAG, {}).get("layers", self._owner) for layer in above]
        return at + next((i for i, o in enumerate(owners) if o is not self._owner), len(owners))

    def _swap(self, role: str, layer_data: LayerData) -> None:
        data, options, kind = layer_data
        old, layers = self[role], self.viewer.layers
        kept = {name: getattr(old, name) for name in KEPT}
        kept["name"] = self._renamed(role, old, options)
        old.name = f"{old.name} until now"  # so that the new one gets the name
        new = Layer.create(data, options | kept, kind)
        new.metadata[TAG] = Tag(old.metadata[TAG] | new.metadata[TAG])
        insert(layers, layers.index(old) + 1, new)
        if old in layers.selection:
            layers.selection = [new if layer is old else layer for layer in layers.selection]
        self._unlink(role, old)
        self.take(role, new)
        layers.remove(old)
        self._names[role] = new.name

    def _unlink(self, role: str, layer: Layer) -> None:
        if role in TWIN:
            unlink_layers([layer])  # links would keep the layer alive
        self.left.emit(layer)

    def _on_removed(self, event: Any) -> None:
        for role, layer in list(self.items()):
            if layer is event.value:
                del self[role]
                self._plain.pop(role, None)
                self._unlink(role, layer)
                if not any(pair in self for pair in TWIN):
                    self.deferred.drop()  # make no more layers of a section without maps
                self.removed.emit(role)


def _coloured(layer: Layer) -> bool:
    return bool(getattr(layer, "rgb", False))
