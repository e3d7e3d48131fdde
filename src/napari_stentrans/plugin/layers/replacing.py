"""A section that was read again, otherwise, takes the place of the one that is shown."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.errors import GeneNotFound
from napari_stentrans.plugin.layers.section_layers import SectionLayers

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.images import FirstLook

NEIGHBOURS_GONE = "Neighbouring sections were laid on what was shown before. Add them again."


def replace_layers(old: SectionLayers, look: FirstLook) -> tuple[SectionLayers, str]:
    """Let a section take the place, gene and colours of another, whose layers are removed.

    Paint and the line of the profile go along where both have the same spots. Returns the new
    layers, and what a person should know, or nothing.
    """
    for layer in old.present:
        layer.name = f"{layer.name} until now"  # so that the new ones get the names
    new, note = SectionLayers(old.viewer, look.section, look), ""
    was, now = old.model, new.model
    if now.section.name == was.section.name:
        now.title = was.title
    with suppress(GeneNotFound):
        now.show_gene(was.gene)
    if old.before is not None and new.before is not None:
        new.before.colormap = old.before.colormap
    same_spots = np.array_equal(was.section.xy, now.section.xy)
    if old.lost is not None and np.any(old.lost.data):
        if same_spots:
            mode, painted = old.lost.mode, np.nonzero(np.asarray(old.lost.data))
            lost = new.add_lost()
            lost.data_setitem(painted, 1)
            lost.mode = mode
        else:
            note = "Lost regions were painted on other spots, and are gone. Paint them again."
    if was.annotation is not None and now.section.adata.obs_names.equals(
        was.section.adata.obs_names
    ):
        new.annotate(was.annotation)
    if same_spots:
        now.line, now.profiled, now.ignores_damage = was.line, was.profiled, was.ignores_damage
    if len(was.neighbours):
        note = f"{note}\n{NEIGHBOURS_GONE}".strip()
    layers = new.viewer.layers
    at = min((layers.index(layer) for layer in old.present), default=len(layers))
    for i, layer in enumerate(new.present):
        layers.move(layers.index(layer), at + i)
    old.remove()
    return new, note
