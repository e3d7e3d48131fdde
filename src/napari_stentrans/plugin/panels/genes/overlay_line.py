"""OverlayLine: the genes that are laid over each other, and what the colours of the maps mean."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.plugin.models.maps import MOST_OVERLAID
from napari_stentrans.plugin.panels.genes.colour_bar import Bar, ColourBar, to_black
from napari_stentrans.plugin.widgets.panel import button, in_row
from napari_stentrans.plugin.widgets.shortcuts import with_keys

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

ADD = ("Add a second gene", "Add a third gene")
CHOOSE = "Choose another gene"
"""On the button itself, so that nothing below it moves."""
COLOURS = 32
"""Steps of the colour bar."""


class OverlayLine(QWidget):
    """A button that keeps the gene that is shown, one for each that is kept, and a colour bar."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.over = button(
            ADD[0],
            with_keys(
                "Keep this gene and choose another: both are shown in colours that add up. "
                "Up to three",
                "genes.lay_over",
            ),
            self.lay_over,
        )
        self.chips = [button("", "") for _ in range(MOST_OVERLAID - 1)]
        for chip in self.chips:
            chip.clicked.connect(partial(self._on_chip, chip))
        self.bar = ColourBar()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(5)
        rows.addLayout(in_row(self.over, *self.chips))
        rows.addWidget(self.bar)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of this section from now on."""
        self._layers = layers
        self.refresh()

    def refresh(self) -> None:
        """Show which genes are kept, and the colours of all."""
        self._show_kept()
        self._show_bars()

    def lay_over(self) -> None:
        """Keep the gene that is shown, so that the next one is laid over it."""
        if self._layers is not None:
            maps = self._layers.maps
            if len(maps.kept) < MOST_OVERLAID - 1 and not self.waits:
                self._layers.lay_over([*maps.kept, maps.shown])

    @property
    def waits(self) -> bool:
        """Whether genes are kept, and no other was chosen yet."""
        maps = None if self._layers is None else self._layers.maps
        return maps is not None and bool(maps.kept) and maps.shown in maps.kept

    def _let_go(self, name: str) -> None:
        if self._layers is not None:
            self._layers.lay_over([kept for kept in self._layers.maps.kept if kept != name])

    def _on_chip(self, chip: QWidget, *_: Any) -> None:
        self._let_go(str(chip.property("gene")))

    def _show_kept(self) -> None:
        """One button for each gene that is kept; a press lets it go."""
        kept = () if self._layers is None else self._layers.maps.kept
        self.over.setEnabled(len(kept) < MOST_OVERLAID - 1)
        self.over.setText(CHOOSE if self.waits else ADD[min(len(kept), 1)])
        for at, chip in enumerate(self.chips):
            name = kept[at] if at < len(kept) else ""
            chip.setVisible(bool(name))
            label = name if self._layers is None else self._layers.maps.label(name)
            chip.setText(f"{label} ×")
            chip.setProperty("gene", name)
            chip.setToolTip(f"{label} stays while others are laid over it; press to let it go")
            chip.setAccessibleName(f"let go of {label}")

    def _show_bars(self) -> None:
        layers = self._layers
        layer = None if layers is None else layers.now("before") or layers.now("after")
        if layers is None or layer is None:
            self.bar.set_bars([])
            return
        bars = []
        for one in layers.maps.legends():
            if one.overlay is not None:
                colour, limits = one.overlay
                bars.append(Bar(one.name, one.unit, limits, to_black(colour)))
                continue
            for event in (layer.events.contrast_limits, layer.events.colormap):
                event.connect(self._on_layer)
            colours = layer.colormap.map(np.linspace(0, 1, COLOURS))
            low, high = map(float, layer.contrast_limits)
            bars.append(Bar(one.name, one.unit, (low, high), colours))
        self.bar.set_bars(bars)

    def _on_layer(self, event: object = None) -> None:
        if self._layers is not None:
            self._show_bars()
