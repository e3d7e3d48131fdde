"""Visibility: the layers of a section out of sight while another section is looked at."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Layer

    from napari_stentrans.plugin.layers.gene_layers import GeneLayers
    from napari_stentrans.plugin.layers.layer_store import LayerStore


class Visibility:
    """Hides the layers of a section, and brings those back that were seen."""

    def __init__(self, store: LayerStore, genes: GeneLayers) -> None:
        self._store, self._genes = store, genes
        self._seen: list[Layer] | None = None
        self._active: Layer | None = None

    @property
    def away(self) -> bool:
        return self._seen is not None

    def shows(self, layer: Layer) -> bool:
        """Whether a layer is seen, or will be when the section is back."""
        return bool(layer.visible) or layer in (self._seen or ())

    def go(self) -> None:
        self._genes.views.end()  # the view goes on with the plain map
        self._genes.away = True
        self._genes.end_difference()
        seen = [layer for layer in self._store.present if layer.visible]
        for layer in seen:
            layer.visible = False
        self._seen = [*(self._seen or []), *seen]
        active = self._store.viewer.layers.selection.active
        if active in self._store.present:
            self._active = active

    def come_back(self) -> None:
        seen, self._seen = self._seen, None
        if seen is None:
            return
        for layer in self._store.present:
            if layer in seen:
                layer.visible = True
        self._genes.away = False
        if self._genes.model.view == "difference":
            self._genes.look("difference")
        self._genes.tell()

    def select(self) -> None:
        maps = [self._store[role] for role in ("after", "before") if role in self._store]
        chosen = self._active if self._active in self._store.present else next(iter(maps), None)
        if chosen is not None:
            self._store.viewer.layers.selection.active = chosen

    @contextmanager
    def back_for_a_moment(self) -> Iterator[None]:
        """Let layers come and go as if they were seen; hidden again afterwards."""
        away = self.away
        self.come_back()
        yield
        if away:
            self.go()
