"""A section that was read again, otherwise, takes the place of the one that is shown."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import GeneNotFound
from napari_stentrans.plugin.layers.section_layers import SectionLayers

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.images import FirstLook


def replace_layers(old: SectionLayers, look: FirstLook) -> tuple[SectionLayers, str]:
    """Let a section take the place, gene and colours of another, whose layers are removed.

    Paint and the line of the profile go along where both have the same spots. Returns the new
    layers, and what a person should know, or nothing.
    """
    for layer in old.present:
        layer.name = f"{layer.name} until now"  # so that the new ones get the names
    new = SectionLayers(old.viewer, look.section, look)
    if new.model.section.name == old.model.section.name:
        new.model.title = old.model.title
    with suppress(GeneNotFound):
        new.model.show_gene(old.model.gene)
    if old.before is not None and new.before is not None:
        new.before.colormap = old.before.colormap
    note = _take_paint(old, new)
    if old.model.annotation is not None and new.model.section.adata.obs_names.equals(
        old.model.section.adata.obs_names
    ):
        new.annotate(old.model.annotation)
    if np.array_equal(old.model.section.xy, new.model.section.xy):
        new.model.line, new.model.profiled = old.model.line, old.model.profiled
        new.model.ignores_damage = old.model.ignores_damage
    layers = new.viewer.layers
    at = min((layers.index(layer) for layer in old.present), default=len(layers))
    for i, layer in enumerate(new.present):
        layers.move(layers.index(layer), at + i)
    old.remove()
    return new, note


def _take_paint(old: SectionLayers, new: SectionLayers) -> str:
    if old.lost is None or not np.any(old.lost.data):
        return ""
    if not np.array_equal(old.model.section.xy, new.model.section.xy):
        return "Lost regions were painted on other spots, and are gone. Paint them again."
    mode, painted = old.lost.mode, np.nonzero(np.asarray(old.lost.data))
    lost = new.add_lost()
    lost.data_setitem(painted, 1)
    lost.mode = mode
    return ""
