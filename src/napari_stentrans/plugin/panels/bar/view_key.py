"""ViewKey: what the picture shows, in a line, and which value has which colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QVBoxLayout

from napari_stentrans.plugin.layers.registry import listen
from napari_stentrans.plugin.models.gene_maps import ENHANCED, MEASURED
from napari_stentrans.plugin.models.result_words import legend
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.bar.colour_bar import Bar, ColourBar, to_black
from napari_stentrans.plugin.panels.bar.doubt_choice import DoubtChoice
from napari_stentrans.plugin.panels.bar.swipe_handle import SwipeHandle
from napari_stentrans.plugin.widgets.panel import words

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

ORIGIN = "Where each value comes from."
COLOURS, AROUND = 33, 24
SEEN = ("difference", "provenance", "uncertainty", "after", "before")
"""Roles of layers that may be what the picture shows."""


class ViewKey(QFrame):
    """A line over the canvas, while a view needs words, and the one colour bar of what is shown.

    The line is the handle of the swipe, the choice of an uncertainty, the colours of the origin of
    values, or words. It is hidden where the choice of the view says it all.

    Attributes
    ----------
    bar
        The colour bar, which stands elsewhere.
    """

    resized = Signal()
    """It says something else, and may need another place."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.setObjectName("viewKey")
        self.setAutoFillBackground(True)
        self.setStyleSheet("#viewKey {border: none;}")
        self.words = words("what the picture shows")
        self.legend = words("where values come from")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.handle = SwipeHandle()
        self.doubt = DoubtChoice()
        self.bar = ColourBar()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 2, 8, 2)
        for part in (self.words, self.handle, self.doubt, self.legend):
            rows.addWidget(part)
        self.hide()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the maps of this section from now on."""
        listen(self._layers, layers, self.refresh)
        self._layers = layers
        self.doubt.set_layers(layers)
        self.refresh()

    def refresh(self) -> None:
        """Say what is shown."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        layers = self._layers
        text, layer, unit = self._shown()
        self.handle.set_swipe(None if layers is None else layers.views.swipe)
        self.legend.clear()
        if layers is not None:
            for role in SEEN:
                self._watch(layers.now(role))
            self.handle.call(layers.model.maps.sides(layers.model.enhancement))
            if text == ORIGIN and layers.model.enhancement is not None:
                self.legend.setText(legend(layers.model.enhancement))
        self.doubt.refresh()
        self.doubt.setVisible(layer is not None and layer is _uncertainty(layers))
        self.words.setText(text)
        self.legend.setVisible(bool(self.legend.text()))
        alone = self.handle.isHidden() and self.doubt.isHidden() and self.legend.isHidden()
        self.words.setVisible(bool(text) and alone)
        plain = layers is None or (layer is not None and layer in _plain(layers))
        self.setVisible(not plain)
        self.bar.set_bars(self._bars(layer, unit))
        self.resized.emit()

    def wanted_width(self) -> int:
        """Width that hides the least of the map; 0: as wide as may be."""
        if not self.doubt.isHidden():
            return int(self.doubt.sizeHint().width()) + AROUND
        if not self.words.isHidden():
            return int(self.words.fontMetrics().horizontalAdvance(self.words.text())) + AROUND
        return 0

    def _bars(self, layer: Image | None, unit: str) -> list[Bar]:
        """The colours of a layer; of each gene, where several are shown in it."""
        layers = self._layers
        if layers is None or layer is None:
            return []
        if layer.rgb:
            return [
                Bar(one.name, one.unit, one.overlay[1], to_black(one.overlay[0]))
                for one in layers.model.maps.legends()
                if one.overlay is not None
            ]
        name = layers.model.maps.legends()[-1].name if layer in _maps(layers) else layer.name
        colours = layer.colormap.map(np.linspace(0, 1, COLOURS))
        low, high = map(float, layer.contrast_limits)
        return [Bar(name, unit, (low, high), colours)]

    def _watch(self, layer: Any) -> None:
        if layer is None:
            return
        layer.events.visible.connect(self._on_layer)
        if isinstance(layer, Image) and not layer.rgb:
            for event in (layer.events.contrast_limits, layer.events.colormap):
                event.connect(self._on_layer)

    def _shown(self) -> tuple[str, Image | None, str]:
        """Words, the layer whose colours count, and its unit."""
        layers = self._layers
        if layers is None:
            return "", None, ""
        unit, after = layers.model.maps.unit, layers.now("after")
        left, right = layers.model.maps.sides(layers.model.enhancement)
        if layers.views.shown:
            return self._both(layers), after, unit
        seen = {role: _visible(layers.now(role)) for role in SEEN}
        if seen["difference"]:
            return self._difference(layers, seen["difference"]), seen["difference"], unit
        if seen["provenance"]:
            return ORIGIN, None, ""
        if seen["uncertainty"]:
            return "", seen["uncertainty"], unit  # the choice says it
        if seen["after"]:
            result = layers.model.enhancement
            finer = result is not None and result.record.config.upscale == 2
            return _called(right, " (dots: measured spots)" * finer), after, unit
        if seen["before"]:
            return _called(left), seen["before"], unit
        return "No map is visible.", None, ""

    def _both(self, layers: SectionLayers) -> str:
        """Which map is where, or which of both is seen at the moment."""
        left, right = layers.model.maps.sides(layers.model.enhancement)
        if layers.views.shown == "side_by_side":
            return f"{left} | {right}"
        if layers.views.shown == "blink":
            return f"In turn, now: {right if _visible(layers.now('after')) else left}"
        return ""  # the handle of the swipe says it

    def _difference(self, layers: SectionLayers, layer: Image) -> str:
        if not np.nanmax(np.abs(layer.data), initial=0):
            return "No difference beyond rounding at the sites that both know."
        left, right = map(short, layers.model.maps.sides(layers.model.enhancement))
        right = right.capitalize() if right == ENHANCED else right
        return f"{right} minus {left}: red more, blue less."

    def _on_layer(self, event: object = None) -> None:
        self.refresh()


def _called(name: str, more: str = "") -> str:
    """Sentence for a map that is seen alone."""
    return f"The {name} map{more}." if name in (MEASURED, ENHANCED) else f"{name}."


def _maps(layers: SectionLayers) -> tuple[Any, Any]:
    return layers.now("before"), layers.now("after")


def _plain(layers: SectionLayers) -> tuple[Any, ...]:
    """Maps whose names the choice of the view says, where one is seen alone."""
    alone = not layers.views.shown and layers.model.maps.against is None
    return _maps(layers) if alone else ()


def _uncertainty(layers: SectionLayers | None) -> Any:
    return None if layers is None else layers.now("uncertainty")


def _visible(layer: Any) -> Any:
    """Return the layer where it is there and visible."""
    return layer if layer is not None and layer.visible else None
