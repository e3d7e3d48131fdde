"""TissueView: see the tissue image through the maps, for example while painting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_stentrans.plugin.widgets.panel import button
from napari_stentrans.plugin.widgets.shortcuts import bind, with_keys

if TYPE_CHECKING:
    from napari.layers import Layer
    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

FAINT, HALF = 0.12, 0.5
"""Opacity of the maps while the tissue is looked at, enough to see where spots are; and while a
picture is laid below them, enough to see whether it fits."""


class TissueView(QObject):
    """A button, and its key, that make the maps of a section faint and strong again.

    Opacities that a person changes meanwhile are left as they are.

    Parameters
    ----------
    dock
        Where the key works.
    """

    def __init__(self, dock: QWidget) -> None:
        super().__init__(dock)
        self._layers: SectionLayers | None = None
        self._before: dict[Layer, float] = {}
        self._image_was_hidden = False
        self._opacity = FAINT
        tip = "Make the maps faint, so that the tissue image below is seen, also while painting"
        self.button = button("Show tissue", with_keys(tip, "tissue.see"))
        self.button.setCheckable(True)
        self.button.toggled.connect(self._show)
        bind(dock, {"tissue.see": self.button.click})

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Look at this section from now on."""
        if layers is not self._layers:
            self.button.setChecked(False)
            self._listen(False)
            self._layers = layers
            self._listen(True)
        self.watch()

    def watch(self) -> None:
        """Follow layers that came or went."""
        layers = self._layers
        there = layers is not None and (layers.has("image") or layers.has("picture"))
        self.button.setVisible(there)
        if self.button.isChecked():
            self._make_faint()

    def see_picture(self) -> None:
        """See both the maps and a picture that is being laid below them."""
        self.button.setChecked(False)
        self._opacity = HALF
        self.button.setChecked(True)
        self.watch()

    def _listen(self, on: bool) -> None:
        """Connect to, or let go of, the layers of the viewer."""
        if self._layers is not None:
            removing = self._layers.viewer.layers.events.removing
            (removing.connect if on else removing.disconnect)(self._on_removing)

    def _on_removing(self, event: Any) -> None:
        """Bring the maps back before the image goes."""
        layers = self._layers
        if layers is None:
            return
        below = (layers.now("image"), layers.now("picture"))
        if layers.viewer.layers[event.index] in below:
            self.button.setChecked(False)

    def _show(self, on: bool) -> None:
        if self._layers is None:
            return
        image = self._layers.now("picture") or self._layers.image
        if on:
            self._image_was_hidden = not image.visible
            image.visible = True
            self._make_faint()
            return
        if image is not None and self._image_was_hidden:
            image.visible = False
        for layer, opacity in self._before.items():
            if layer in self._layers.present and layer.opacity == self._opacity:
                layer.opacity = opacity
        self._before, self._opacity = {}, FAINT

    def _make_faint(self) -> None:
        for layer in () if self._layers is None else self._layers.store.over_tissue:
            if layer not in self._before and layer.opacity > self._opacity:
                self._before[layer] = layer.opacity
                layer.opacity = self._opacity
