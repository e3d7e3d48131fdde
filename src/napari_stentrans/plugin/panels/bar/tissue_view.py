"""TissueView: see the tissue image through the maps, for example while painting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QSlider, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.widgets.bound import bind
from napari_stentrans.plugin.widgets.make import laid, tool

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

CLEAR, HALF = 88, 50
"""How clear the tissue image is, in percent, when its button is pressed: the maps are seen just
enough to see where spots are; and while a picture is laid below them: enough to see whether it
fits."""
TIP = "See the tissue image below the maps, also while painting; again: the maps alone"


class TissueView(Following, QWidget):
    """A slider from the maps alone to the tissue image alone, and a button that goes there.

    Opacities that a person changes meanwhile are left as they are. Hidden where there is no image.
    """

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[str, tuple[float, float]] = {}
        """By role of a layer: the opacity that it had, and the one that it was given."""
        self._on = self._image_was_hidden = False
        tip = with_keys(TIP, "tissue.see")
        self.button = tool("H&&E", tip, "see the tissue image", checkable=True)
        self.button.clicked.connect(lambda on: self.slider.setValue(CLEAR if on else 0))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setMinimumWidth(60)
        self.slider.setAccessibleName("how clear the tissue image is")
        self.slider.setToolTip("How clear the tissue image (H&E) is: drag to see through the maps")
        self.slider.valueChanged.connect(self._show)
        laid(QHBoxLayout(self), self.button, (self.slider, 1), spacing=3)
        bind(self, {"tissue.see": self._press})

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self.layers:
            self.slider.setValue(0)
            if self.layers is not None:
                self.layers.viewer.layers.events.removing.disconnect(self._on_removing)
            if layers is not None:
                layers.viewer.layers.events.removing.connect(self._on_removing)
        super().set_layers(layers)

    def refresh(self) -> None:
        layers = self.layers
        self.setVisible(layers is not None and (layers.has("image") or layers.has("picture")))
        if self.slider.value():
            self._fade()

    def see_picture(self) -> None:
        """See both the maps and a picture that is being laid below them."""
        self.slider.setValue(0)
        self.slider.setValue(HALF)
        self.refresh()

    def _press(self) -> None:
        if self.isVisible():
            self.button.click()

    def _on_removing(self, event: Any) -> None:
        """Bring the maps back before the image goes."""
        layers = self.layers
        if layers is not None:
            below = (layers.now("image"), layers.now("picture"))
            if layers.viewer.layers[event.index] in below:
                self.slider.setValue(0)

    def _show(self, percent: int) -> None:
        begins, self._on = percent > 0 and not self._on, percent > 0
        with signals_blocked(self.button):
            self.button.setChecked(percent > 0)
        if self.layers is None:
            return
        image = self.layers.now("picture") or self.layers.image
        if begins and image is not None:
            self._image_was_hidden = not image.visible
            image.visible = True
        if percent:
            self._fade()
            return
        if image is not None and self._image_was_hidden:
            image.visible = False
        maps = self._maps()
        for role, (before, given) in self._before.items():
            if role in maps and maps[role].opacity == given:
                maps[role].opacity = before
        self._before, self._image_was_hidden = {}, False

    def _fade(self) -> None:
        """Let the image be seen through the maps, but through those that a person has changed."""
        share = 1 - self.slider.value() / 100
        for role, layer in self._maps().items():
            now = layer.opacity
            before, given = self._before.get(role, (now, now))
            if now == given:
                layer.opacity = before * share
                self._before[role] = before, layer.opacity

    def _maps(self) -> dict[str, Layer]:
        """Layers over the image by role; another may take the place of one meanwhile."""
        layers = self.layers
        if layers is None:
            return {}
        maps = {str(layers.store.role_of(layer)): layer for layer in layers.store.over_tissue}
        swipe = layers.views.swipe
        if swipe is None:
            self._before.pop("swipe", None)
        else:
            maps["swipe"] = swipe.layer
            if "after" in self._before:  # whose opacity it began with
                self._before.setdefault("swipe", (self._before["after"][0], swipe.layer.opacity))
        return maps
