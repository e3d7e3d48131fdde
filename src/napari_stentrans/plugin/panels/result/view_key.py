"""ViewKey: what the picture shows, in a line, and which value has which colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_stentrans.plugin.compare.swipe_handle import SwipeHandle
from napari_stentrans.plugin.models.gene_maps import ENHANCED, MEASURED
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.genes.colour_bar import Bar, ColourBar
from napari_stentrans.plugin.panels.result.doubt_choice import DoubtChoice
from napari_stentrans.plugin.widgets.panel import words

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

COLOURS = 33
SEEN = ("difference", "provenance", "uncertainty", "after", "before")
"""Roles of layers that may be what the picture shows."""


class ViewKey(QWidget):
    """A line and a colour bar that go with the view; their room is kept, so that nothing jumps.

    The line gives way to the handle of the swipe, and to the choice of an uncertainty.
    """

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.words = words("what the picture shows")
        self.handle = SwipeHandle()
        self.doubt = DoubtChoice()
        self.bar = ColourBar()
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.words, 0, 0)
        rows.addWidget(self.handle, 0, 0)
        rows.addWidget(self.doubt, 0, 0)
        rows.addWidget(self.bar, 1, 0)
        for part in (self.words, self.handle, self.doubt, self.bar):
            kept = part.sizePolicy()
            kept.setRetainSizeWhenHidden(True)
            part.setSizePolicy(kept)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the maps of this section from now on."""
        self._layers = layers
        self.doubt.set_layers(layers)
        self.refresh()

    def refresh(self) -> None:
        """Say what is shown."""
        text, layer, unit = self._shown()
        self.handle.set_swipe(None if self._layers is None else self._layers.views.swipe)
        if self._layers is not None:
            self.handle.call(self._layers.maps.sides(self._layers.enhancement))
        self.doubt.refresh()
        self.doubt.setVisible(layer is not None and layer is _uncertainty(self._layers))
        self.words.setText(text)
        self.words.setVisible(bool(text))
        self.bar.set_bars([] if layer is None or layer.rgb else [self._bar(layer, unit)])

    def _shown(self) -> tuple[str, Image | None, str]:
        """Words, the layer whose colours count, and its unit."""
        layers = self._layers
        if layers is None:
            return "", None, ""
        unit, after = layers.maps.unit, layers.now("after")
        left, right = layers.maps.sides(layers.enhancement)
        if layers.views.shown:
            return self._both(layers), after, unit
        seen = {role: _visible(layers.now(role)) for role in SEEN}
        if seen["difference"]:
            return self._difference(layers, seen["difference"]), seen["difference"], unit
        if seen["provenance"]:
            return "Where each value comes from.", None, ""
        if seen["uncertainty"]:
            return "", seen["uncertainty"], unit  # the choice says it
        if seen["after"]:
            result = layers.enhancement
            finer = result is not None and result.record.config.upscale == 2
            return _called(right, " (dots: measured spots)" * finer), after, unit
        if seen["before"]:
            return _called(left), seen["before"], unit
        return "No map is visible.", None, ""

    def _both(self, layers: SectionLayers) -> str:
        """Which map is where, or which of both is seen at the moment."""
        left, right = layers.maps.sides(layers.enhancement)
        if layers.views.shown == "side_by_side":
            return f"{left} | {right}"
        if layers.views.shown == "blink":
            return f"In turn, now: {right if _visible(layers.now('after')) else left}"
        return ""  # the handle of the swipe says it

    def _difference(self, layers: SectionLayers, layer: Image) -> str:
        if not np.nanmax(np.abs(layer.data), initial=0):
            return "No difference beyond rounding at the sites that both know."
        left, right = map(short, layers.maps.sides(layers.enhancement))
        right = right.capitalize() if right == ENHANCED else right
        return f"{right} minus {left}: red more, blue less."

    def _bar(self, layer: Image, unit: str) -> Bar:
        for event in (layer.events.contrast_limits, layer.events.colormap):
            event.connect(self._on_layer)
        colours = layer.colormap.map(np.linspace(0, 1, COLOURS))
        low, high = map(float, layer.contrast_limits)
        return Bar(layer.name, unit, (low, high), colours)

    def _on_layer(self, event: object = None) -> None:
        self.refresh()


def _called(name: str, more: str = "") -> str:
    """Sentence for a map that is seen alone."""
    return f"The {name} map{more}." if name in (MEASURED, ENHANCED) else f"{name}."


def _uncertainty(layers: SectionLayers | None) -> Any:
    return None if layers is None else layers.now("uncertainty")


def _visible(layer: Any) -> Any:
    """Return the layer where it is there and visible."""
    return layer if layer is not None and layer.visible else None
