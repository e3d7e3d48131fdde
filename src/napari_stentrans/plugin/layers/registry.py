"""Sections in a viewer: those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.layers.images import TAG
from napari_stentrans.plugin.napari_compat import unwrapped

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_stentrans.plugin.layers.section_layers import SectionLayers


def find(viewer: ViewerModel) -> list[SectionLayers]:
    """Sections whose layers are in the viewer, the lowest first."""
    found: dict[int, SectionLayers] = {}
    for layer in unwrapped(viewer).layers:
        owner = layer.metadata.get(TAG, {}).get("layers")
        if owner is not None and layer in owner.present:
            found[id(owner)] = owner
    return list(found.values())
