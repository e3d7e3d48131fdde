"""ViewKey: what the picture shows, in a line, and which value has which colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.compare.views import NAMES as BOTH
from napari_stentrans.plugin.models.gene_maps import ENHANCED, MEASURED, PAIR
from napari_stentrans.plugin.models.maps import knows_measurements
from napari_stentrans.plugin.models.result_words import legend
from napari_stentrans.plugin.models.result_words import plain as named
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.bar.colour_bar import Bar, ColourBar, to_black
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.widgets.make import TIP_ROLE, laid, offer
from napari_stentrans.plugin.widgets.panel import words

if TYPE_CHECKING:
    from napari_stentrans.plugin.compare.swipe import Swipe
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.maps import Doubt
    from napari_stentrans.plugin.models.section_model import SectionModel

COLOURS, AROUND = 33, 40
SEEN = (*PAIR, "difference", "provenance", "uncertainty")
"""Roles of layers that may be what the picture shows."""
OTHERS = ("found", "image_features")
"""Roles of layers that lie over the maps while they are seen."""
FINE = 1000
MOST_PX = 90  # width of the words on either side, so that the slider keeps some
CHOICES: dict[Doubt, tuple[str, str]] = {
    "estimate": (
        "Uncertainty of the estimate",
        "How far the true value may be from the enhanced one: its standard deviation",
    ),
    "measurement": (
        "Uncertainty of a new measurement",
        "How far a new measurement may be from the enhanced value: its standard deviation. It is "
        "wider, since counting has noise of its own",
    ),
}
NOT_KNOWN = "This run does not know it: its method does not model the noise of measurements"


class SwipeHandle(QWidget):
    """A slider that goes with the handle on the canvas; hidden while there is no swipe."""

    def __init__(self) -> None:
        super().__init__()
        self._swipe: Swipe | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, FINE)
        self.slider.setSingleStep(FINE // 100)
        self.slider.setPageStep(FINE // 10)
        self.slider.setAccessibleName("handle of the swipe")
        self.slider.setToolTip(
            "The handle of the swipe: drag it here or on the map, or use Left and Right"
        )
        self.slider.valueChanged.connect(self._on_slid)
        self.left, self.right = QLabel(), QLabel()
        laid(QHBoxLayout(self), self.left, (self.slider, 1), self.right)
        self.hide()

    def call(self, sides: tuple[str, str]) -> None:
        """Say what is on which side; the tooltip says the whole of a long name."""
        for label, name in zip((self.left, self.right), sides, strict=True):
            says = label.fontMetrics().elidedText(short(name), Qt.TextElideMode.ElideRight, MOST_PX)
            label.setText(says)
            label.setToolTip(name)
        self.slider.setAccessibleDescription(f"{sides[0]} on the left, {sides[1]} on the right")

    def set_swipe(self, swipe: Swipe | None) -> None:
        if swipe is not self._swipe:
            if self._swipe is not None:
                self._swipe.moved.disconnect(self._on_moved, missing_ok=True)
            self._swipe = swipe
            if swipe is not None:
                swipe.moved.connect(self._on_moved)
                self._on_moved(swipe.position)
            self.setVisible(swipe is not None)

    def _on_moved(self, position: float) -> None:
        with signals_blocked(self.slider):
            self.slider.setValue(round(position * FINE))

    def _on_slid(self, value: int) -> None:
        if self._swipe is not None:
            self._swipe.position = value / FINE


class DoubtChoice(QComboBox):
    """The choice of a section; what the result that is shown does not know cannot be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("whose uncertainty")
        self.setMinimumContentsLength(10)
        offer(self, CHOICES)
        self._section: SectionModel | None = None
        self.activated.connect(self._on_chosen)

    def show_of(self, section: SectionModel | None) -> None:
        """Show what is chosen for a section, and speak of it from now on."""
        self._section = section
        result = None if section is None else section.enhancement
        if section is None or result is None:
            return
        known = knows_measurements(result)
        items: Any = self.model()
        items.item(1).setEnabled(known)
        self.setItemData(1, CHOICES["measurement"][1] if known else NOT_KNOWN, TIP_ROLE)
        whose = section.maps.doubt_of(result)
        self.setCurrentIndex(self.findData(whose))
        self.setToolTip(CHOICES[whose][1] + ("" if known else f".\n{NOT_KNOWN}"))

    def _on_chosen(self) -> None:
        if self._section is not None:
            self._section.set_doubt(self.currentData())


class ViewKey(Following, QFrame):
    """A line over the canvas, while a view needs words, and the one colour bar of what is shown.

    The line is the handle of the swipe, the choice of an uncertainty, the colours of the origin of
    values, or words. It is hidden where the choice of the view says it all.

    Attributes
    ----------
    bar
        The colour bar, which stands elsewhere.
    """

    refreshed = Signal()
    """It may say something else and need another place, since another map or view is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("viewKey")
        self.setAutoFillBackground(True)
        self.setStyleSheet("#viewKey {border: none;}")
        self.words, self.legend = words("what the picture shows"), words("where values come from")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.handle, self.doubt, self.bar = SwipeHandle(), DoubtChoice(), ColourBar()
        parts = (self.words, self.handle, self.doubt, self.legend)
        laid(QVBoxLayout(self), *parts, margins=(8, 2, 8, 2))
        self._watched: WeakSet[Any] = WeakSet()
        self.hide()

    def refresh(self) -> None:
        layers, model = self.layers, self.model
        view = "" if model is None else next(iter(model.seen), "")
        self.handle.set_swipe(None if layers is None else layers.views.swipe)
        self.doubt.show_of(model)
        self.doubt.setVisible(view == "uncertainty")
        result = None if model is None or view != "provenance" else model.enhancement
        self.legend.setText("" if result is None else legend(result))
        self.legend.setVisible(result is not None)
        self.words.clear()
        self.bar.set_bars([])
        if layers is not None and model is not None:
            for role in (*SEEN, *OTHERS):
                self._watch(layers.now(role))
            self.handle.call(model.maps.sides(model.enhancement))
            self.words.setText(_in_words(layers, view))
            self._show_colours(layers, view)
        alone = self.handle.isHidden() and self.doubt.isHidden() and self.legend.isHidden()
        self.words.setVisible(bool(self.words.text()) and alone)
        alike = model is None or (model.maps.against is None and not model.preview_of)
        plain = model is None or (view in PAIR and alike)
        self.setVisible(not plain)  # else the choice of the view says it
        self.refreshed.emit()

    def wanted_width(self) -> int:
        """Width that hides the least of the map; 0: as wide as may be."""
        if not self.doubt.isHidden():
            return int(self.doubt.sizeHint().width()) + AROUND
        if not self.words.isHidden():
            return int(self.words.fontMetrics().horizontalAdvance(self.words.text())) + AROUND
        return 0

    def _show_colours(self, layers: SectionLayers, view: str) -> None:
        """Show the colours of the map that is seen; of each gene, where several are in it."""
        found = next((layer for layer in map(layers.now, OTHERS) if layer and layer.visible), None)
        if found is not None:
            self.bar.set_bars([] if found.rgb else [_bar_of(found, found.name, found.name)])
            return
        layer: Any = layers.now("after" if view in BOTH else view)
        legends = layers.model.maps.legends()
        if not isinstance(layer, Image) or view == "provenance":
            return
        if layer.rgb:
            overlaid = [(one, one.overlay) for one in legends if one.overlay is not None]
            bars = [
                Bar(one.name, one.unit, limits, to_black(colour))
                for one, (colour, limits) in overlaid
            ]
        else:
            name = legends[-1].name if view in (*PAIR, *BOTH) else layer.name
            unit = layers.model.maps.unit
            unit = f"± {unit}" if view == "uncertainty" else unit
            bars = [_bar_of(layer, name, unit)]
        self.bar.set_bars(bars)

    def _watch(self, layer: Any) -> None:
        """Follow what a person does to a layer in napari."""
        if layer is not None and layer not in self._watched:
            self._watched.add(layer)
            layer.events.visible.connect(self._on_layer)
            if isinstance(layer, Image) and not layer.rgb:
                layer.events.contrast_limits.connect(self._on_layer)
                layer.events.colormap.connect(self._on_layer)

    def _on_layer(self, event: Any = None) -> None:
        if self.model is not None and not self.model.in_change:
            self._follow()


def _bar_of(layer: Any, name: str, unit: str) -> Bar:
    """Colours of a layer, from the lowest of its contrast limits to the highest."""
    low, high = map(float, layer.contrast_limits)
    return Bar(name, unit, (low, high), layer.colormap.map(np.linspace(0, 1, COLOURS)))


def _in_words(layers: SectionLayers, view: str) -> str:
    """What is seen, in words; empty where something else says it."""
    model = layers.model
    left, right = model.maps.sides(model.enhancement)
    if view == "before":
        return _called(left)
    if view == "after" and model.preview_of:
        return f"Preview: {named('kriging')}; {model.preview_of} is at work."
    if view == "after":
        finer = model.enhancement is not None and model.enhancement.record.config.upscale == 2
        return _called(right, " (dots: measured spots)" * finer)
    if view == "side_by_side":
        return f"{left} | {right}"
    if view == "blink":
        after = layers.now("after")
        return f"In turn, now: {right if after is not None and after.visible else left}"
    if view == "difference":
        return _difference(model, layers.difference)
    return "" if view else "No map is visible."


def _difference(model: SectionModel, layer: Any) -> str:
    if layer is None:  # just deleted
        return ""
    if not np.nanmax(np.abs(layer.data), initial=0):
        return "No difference beyond rounding at the sites that both know."
    left, right = map(short, model.maps.sides(model.enhancement))
    right = right.capitalize() if right == ENHANCED else right
    empty = "" if model.maps.against else ", empty not measured"
    return f"{right} minus {left}: red more, blue less{empty}."


def _called(name: str, more: str = "") -> str:
    """Sentence for a map that is seen alone."""
    return f"The {name} map{more}." if name in (MEASURED, ENHANCED) else f"{name}."
