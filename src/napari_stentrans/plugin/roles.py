"""RoleLayers: the layers of a section in a viewer, each known by the role that it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.experimental import link_layers, unlink_layers
from napari.layers import Layer
from psygnal import Signal

from napari_stentrans.plugin.images import TAG, set_limits

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_stentrans.plugin.images import LayerData

ORDER = ("image", "before", "after", "uncertainty", "provenance", "difference", "lost")
"""Roles of layers, from the bottom up."""
GENE_ROLES = ("before", "after", "uncertainty", "difference")
"""Roles of the layers that show a gene."""
TWIN = {"before": "after", "after": "before"}
LINKED = ("contrast_limits", "gamma", "colormap")
"""What twins have in common."""


class RoleLayers(dict[str, Any]):
    """Layers by role. A layer that a person deletes leaves; what they changed is kept.

    Parameters
    ----------
    viewer
        Where the layers are.
    owner
        What ``layer.metadata["stentrans"]["layers"]`` leads to.
    """

    removed = Signal(str)
    """A layer of this role was taken out of the viewer, by whoever."""
    taken = Signal(object)
    """This layer is one of the section's from now on."""
    left = Signal(object)
    """This layer is no longer."""

    def __init__(self, viewer: ViewerModel, owner: object) -> None:
        super().__init__()
        self._viewer = viewer
        self._owner = owner
        self._names: dict[str, str] = {}
        viewer.layers.events.removed.connect(self._on_removed)

    def put(self, role: str, layer_data: LayerData, *, new_limits: bool = False) -> None:
        """Make the layer of a role, or give new data to the one that is there."""
        data, options, _ = layer_data
        layer = self.get(role)
        if layer is None:
            self._insert(role, layer_data)
            return
        layer.data = data
        for place in ("scale", "translate"):
            if not np.array_equal(getattr(layer, place), options[place]):
                setattr(layer, place, options[place])  # napari draws anew, even for the same
        if new_limits:
            set_limits(layer, options["contrast_limits"])
        if layer.name == self._names[role]:
            layer.name = options["name"]
            self._names[role] = layer.name

    def take(self, role: str, layer: Layer) -> None:
        """Own a layer that is in the viewer."""
        tag = layer.metadata[TAG]
        tag["layers"] = self._owner
        self[role] = layer
        self._names[role] = layer.name if layer.name.startswith(tag["name"]) else tag["name"]
        if role in GENE_ROLES:
            set_limits(layer, layer.contrast_limits)
        twin = self.get(TWIN.get(role, ""))
        if twin is not None:
            link_layers([layer, twin], LINKED)
        self.taken.emit(layer)

    def _insert(self, role: str, layer_data: LayerData) -> None:
        """Make a layer right above those of lower roles; paint stays on top of all."""
        data, options, kind = layer_data
        twin = self.get(TWIN.get(role, ""))
        if twin is not None:
            options = options | {name: getattr(twin, name) for name in LINKED}
        layers = self._viewer.layers
        lower = [self[r] for r in ORDER[: ORDER.index(role)] if r in self]
        at = max(map(layers.index, lower)) + 1 if lower and role != "lost" else len(layers)
        active = layers.selection.active
        layer = Layer.create(data, options, kind)
        layers.insert(at, layer)
        layers.selection.active = active or layer
        self.take(role, layer)

    def _on_removed(self, event: Any) -> None:
        for role, layer in list(self.items()):
            if layer is event.value:
                del self[role]
                if role in TWIN:
                    unlink_layers([layer])  # links would keep the layer alive
                self.left.emit(layer)
                self.removed.emit(role)
