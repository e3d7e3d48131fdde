"""Lost regions: paint what a fold, a bubble or a tear has spoilt, and see what that comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton

from napari_stentrans.errors import MaskError
from napari_stentrans.io.masks import LostMask
from napari_stentrans.plugin.icons import icon, text_color
from napari_stentrans.plugin.panel import Panel, button, words

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers import SectionLayers

TOOLS = {
    "paint": ("brush", "Brush", "Paint lost tissue (key 2 or P on the canvas)"),
    "erase": ("eraser", "Eraser", "Take paint away (key 1 or E on the canvas)"),
    "polygon": ("polygon", "Polygon", "Outline lost tissue with clicks (key 3 on the canvas)"),
}
FAR_OUT = 3.0
"""Spots this many deviations below the median count as outlying."""
MAD_TO_SD = 1.4826
"""A median absolute deviation times this is the standard deviation of a normal distribution."""
EVENTS = ("paint", "data", "set_data", "labels_update")
COUNT_EVERY_MS = 150


def outlying(totals: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(spot,) True where the library size is outlyingly low, or nothing was counted.

    Low is below median - 3 MAD of the log totals, the MAD scaled to a standard deviation.
    """
    counted = totals > 0
    if not counted.any():
        return ~counted
    logs = np.log(np.maximum(totals, 1e-12))
    median = np.median(logs[counted])
    mad = MAD_TO_SD * np.median(np.abs(logs[counted] - median))
    return np.asarray(~counted | (logs < median - FAR_OUT * mad) & (mad > 0))


class LostPanel(Panel):
    """Tools over the layer of lost regions of one section."""

    counted = Signal(int, int)
    """Spots and sites that are painted."""

    def __init__(self) -> None:
        super().__init__("Lost regions")
        self._layers: SectionLayers | None = None
        self._watched: Labels | None = None
        self._hint = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(COUNT_EVERY_MS)
        self._soon.timeout.connect(self.count)
        self._make_buttons()
        self.words = words("what is painted")
        self.rows.addWidget(self.words)
        self.count()

    def _make_buttons(self) -> None:
        self.new = button("New mask", "Make a layer to paint lost tissue on, and start painting")
        self.new.clicked.connect(self._new)
        self.tools: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.new, 1)
        for mode, (_, name, tip) in TOOLS.items():
            tool = QToolButton()
            tool.setCheckable(True)
            tool.setToolTip(tip)
            tool.setAccessibleName(name.lower())
            tool.setIconSize(QSize(18, 18))
            tool.clicked.connect(partial(self._use, mode))
            group.addButton(tool)
            row.addWidget(tool)
            self.tools[mode] = tool
        group.setExclusive(False)
        self.rows.addLayout(row)
        self.suggest = button(
            "Suggest", "Paint spots with far fewer counts than the others; Ctrl+Z takes it back"
        )
        self.suggest.clicked.connect(self._suggest)
        self.clear = button("Clear", "Take all paint away; Ctrl+Z on the canvas brings it back")
        self.clear.clicked.connect(self._clear)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.suggest, 1)
        row.addWidget(self.clear, 1)
        self.rows.addLayout(row)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Work on the lost regions of this section from now on."""
        self._layers = layers
        self._hint = ""
        self.watch()

    def watch(self) -> None:
        """Follow the layer of lost regions, which may have come or gone."""
        layer = None if self._layers is None else self._layers.lost
        if layer is not self._watched:
            self._listen(False)
            self._watched = layer
            self._listen(True)
        self._show_mode()
        self.count()

    def count(self) -> None:
        """Say what is painted."""
        try:
            mask = self._mask()
        except MaskError as error:
            self.words.setText(str(error))
            return
        spots, sites = int(mask.lost.sum()), len(mask.sites)
        self.clear.setEnabled(self._watched is not None)
        for tool in self.tools.values():
            tool.setEnabled(self._watched is not None)
        self.words.setText(self._in_words(spots, sites))
        self.counted.emit(spots, sites)

    def recolour(self) -> None:
        """Draw the icons in the colours of the theme."""
        color = text_color(self.words)
        for mode, (name, *_) in TOOLS.items():
            self.tools[mode].setIcon(icon(name, color))

    def _mask(self) -> LostMask:
        if self._layers is None or self._watched is None:
            return LostMask(np.zeros(0, bool), np.empty((0, 2)))
        return self._layers.painted()

    def _in_words(self, spots: int, sites: int) -> str:
        if self._watched is None:
            return "Nothing is marked. Paint over folds, bubbles and tears to have them filled."
        if not spots and not sites:
            return f"{self._hint} Nothing is marked yet.".strip()
        parts = [f"{spots:,} spots lost"] if spots else []
        if sites:
            parts.append(f"{sites:,} unmeasured sites")
        return f"{self._hint} {', '.join(parts)}.".strip()

    def _new(self) -> None:
        if self._layers is not None:
            self._layers.add_lost()
            self.watch()

    def _use(self, mode: str) -> None:
        """Switch a tool on, or back to moving the view when it was on."""
        if self._layers is None or self._layers.lost is None:
            return
        layer = self._layers.lost
        layer.mode = mode if layer.mode != mode else "pan_zoom"
        self._layers.viewer.layers.selection.active = layer
        self._show_mode()

    def _suggest(self) -> None:
        if self._layers is None:
            return
        low = outlying(self._layers.section.totals)
        if low.any():
            self._layers.paint_spots(low)
            self._hint = f"Suggested {int(low.sum()):,} spots with very few counts."
        else:
            self._hint = "No spot has outlyingly few counts."
        self.watch()

    def _clear(self) -> None:
        if self._layers is not None and self._layers.lost is not None:
            layer = self._layers.lost
            painted = np.nonzero(np.asarray(layer.data))
            if len(painted[0]):
                layer.data_setitem(painted, 0)
            self._hint = ""
            self.count()

    def _listen(self, on: bool) -> None:
        """Connect to, or let go of, the layer that is watched."""
        if self._watched is None:
            return
        events = self._watched.events
        for name in EVENTS:
            emitter = getattr(events, name)
            (emitter.connect if on else emitter.disconnect)(self._count_soon)
        (events.mode.connect if on else events.mode.disconnect)(self._show_mode)

    def _count_soon(self, event: object = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_mode(self, event: object = None) -> None:
        mode = "" if self._watched is None else str(self._watched.mode)
        for name, tool in self.tools.items():
            tool.setChecked(name == mode)
