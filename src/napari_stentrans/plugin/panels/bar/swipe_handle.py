"""SwipeHandle: the handle of the swipe for the keyboard and for screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.widgets.make import laid

if TYPE_CHECKING:
    from napari_stentrans.plugin.compare.swipe import Swipe

FINE = 1000
MOST_PX = 90
"""Width of the words on either side, so that the slider keeps some."""


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
        """Go with this swipe from now on."""
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
