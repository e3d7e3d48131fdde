"""Sections in a viewer: those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.layers.layer_store import owners
from napari_stentrans.plugin.napari_compat import unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari.components import ViewerModel

    from napari_stentrans.plugin.layers.section_layers import SectionLayers


def find(viewer: ViewerModel) -> list[SectionLayers]:
    """Sections whose layers are in the viewer, the lowest first."""
    return owners(unwrapped(viewer))


def show_alone(chosen: SectionLayers, others: Iterable[SectionLayers]) -> None:
    """Show one section; the others go out of sight, and none of their layers stays selected."""
    others = list(others)
    selected = chosen.viewer.layers.selection.active
    for other in others:
        other.visibility.go()
    chosen.visibility.come_back()
    if any(selected is layer for other in others for layer in other.present):
        chosen.visibility.select()


def listen(old: SectionLayers | None, new: SectionLayers | None, do: Callable[[], object]) -> None:
    """Do something whenever another map, view or run is there: of the new section only."""
    for layers in (old, new):
        if layers is not None:
            model = layers.model
            for signal in (model.compared, model.drawn, model.runs.changed):
                signal.disconnect(do, missing_ok=True)
                if layers is new:
                    signal.connect(do)
