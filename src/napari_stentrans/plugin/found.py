"""Sections in a viewer: find those that are there, and take in what a reader has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.images import TAG
from napari_stentrans.plugin.viewers import unwrapped

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_stentrans.plugin.layers import SectionLayers


def find(viewer: ViewerModel) -> list[SectionLayers]:
    """Sections whose layers are in the viewer, the lowest first."""
    found: dict[int, SectionLayers] = {}
    for layer in unwrapped(viewer).layers:
        owner = layer.metadata.get(TAG, {}).get("layers")
        if owner is not None and layer in owner.present:
            found[id(owner)] = owner
    return list(found.values())


def adopt(viewer: ViewerModel) -> SectionLayers | None:
    """Turn layers that a reader made into SectionLayers; the last ones made, None without any."""
    from napari_stentrans.plugin.layers import SectionLayers  # which asks here who is there

    viewer = unwrapped(viewer)
    sections: dict[int, dict[str, Layer]] = {}
    for layer in viewer.layers:
        tag = layer.metadata.get(TAG, {})
        if "section" in tag and "layers" not in tag:
            sections.setdefault(id(tag["section"]), {}).setdefault(tag["role"], layer)
    adopted = None
    for layers in sections.values():
        section = next(iter(layers.values())).metadata[TAG]["section"]
        adopted = SectionLayers(viewer, section, layers=layers)
    return adopted
