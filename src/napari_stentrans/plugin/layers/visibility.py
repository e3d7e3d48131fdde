"""Visibility: the layers of a section out of sight while another section is looked at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari.layers import Layer

    from napari_stentrans.plugin.layers.section_layers import SectionLayers


class Visibility:
    """Hides the layers of a section, and brings those back that were seen.

    Parameters
    ----------
    layers
        The section in its viewer.
    """

    def __init__(self, layers: SectionLayers) -> None:
        self._layers = layers
        self._seen: list[Layer] | None = None
        self._active: Layer | None = None

    @property
    def away(self) -> bool:
        """Whether the section is out of sight."""
        return self._seen is not None

    def shows(self, layer: Layer) -> bool:
        """Whether a layer is seen, or will be when the section is back."""
        return bool(layer.visible) or layer in (self._seen or ())

    def go(self) -> None:
        """Hide all layers; views of both maps end."""
        layers = self._layers
        layers.views.end()  # the view goes on with the plain map
        layers.genes.away = True
        layers.genes.end_difference()
        seen = [layer for layer in layers.present if layer.visible]
        for layer in seen:
            layer.visible = False
        self._seen = [*(self._seen or []), *seen]
        active = layers.viewer.layers.selection.active
        if active in layers.present:
            self._active = active

    def come_back(self) -> None:
        """Show what was seen before."""
        seen, self._seen = self._seen, None
        if seen is None:
            return
        present = self._layers.present
        for layer in seen:
            if layer in present:
                layer.visible = True
        self._layers.genes.away = False
        if self._layers.model.view == "difference":
            self._layers.genes.look("difference")
        self._layers.genes.tell()

    def select(self) -> None:
        """Select the layer that was selected when the section went, or else its map."""
        layers = self._layers
        chosen = self._active
        if chosen not in layers.present:
            maps = [layers.now(role) for role in ("after", "before")]
            chosen = next((layer for layer in maps if layer is not None), None)
        if chosen is not None:
            layers.viewer.layers.selection.active = chosen

    @contextmanager
    def back_for_a_moment(self) -> Iterator[None]:
        """Let layers come and go as if they were seen; hidden again afterwards."""
        away = self.away
        self.come_back()
        yield
        if away:
            self.go()


def show_alone(chosen: SectionLayers, others: Iterable[SectionLayers]) -> None:
    """Show one section; the others go out of sight, and none of their layers stays selected."""
    others = list(others)
    selected = chosen.viewer.layers.selection.active
    for other in others:
        other.visibility.go()
    chosen.visibility.come_back()
    if any(selected is layer for other in others for layer in other.present):
        chosen.visibility.select()
