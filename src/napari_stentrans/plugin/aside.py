"""Aside: the layers of a section out of sight while another section is looked at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari.layers import Layer

    from napari_stentrans.plugin.map_layers import MapLayers


class Aside:
    """Hides the layers of a section, and brings those back that were seen.

    Parameters
    ----------
    layers
        The section in its viewer.
    """

    def __init__(self, layers: MapLayers) -> None:
        self._layers = layers
        self._seen: list[Layer] | None = None
        self._difference = False

    @property
    def away(self) -> bool:
        """Whether the section is out of sight."""
        return self._seen is not None

    def go(self) -> None:
        """Hide all layers; views of both maps end."""
        layers = self._layers
        layers.views.end()
        self._difference = layers.difference_shown or (self.away and self._difference)
        layers.set_difference(on=False)
        seen = [layer for layer in layers.present if layer.visible]
        for layer in seen:
            layer.visible = False
        self._seen = [*(self._seen or []), *seen]

    def come_back(self) -> None:
        """Show what was seen before."""
        seen, self._seen = self._seen, None
        if seen is None:
            return
        present = self._layers.present
        for layer in seen:
            if layer in present:
                layer.visible = True
        if self._difference:
            self._layers.set_difference(on=True)

    @contextmanager
    def back_for_a_moment(self) -> Iterator[None]:
        """Let layers come and go as if they were seen; hidden again afterwards."""
        away = self.away
        self.come_back()
        yield
        if away:
            self.go()


def show_alone(chosen: MapLayers, others: Iterable[MapLayers]) -> None:
    """Show one section; the others go out of sight."""
    for other in others:
        other.aside.go()
    chosen.aside.come_back()
