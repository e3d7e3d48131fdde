"""Proposal: places that are found for a person, shown first and painted only when they say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QSpinBox, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.widgets.panel import button, reveal, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR_OUT = 3.0
"""Spots this many deviations below the median count as outlying."""
MAD_TO_SD = 1.4826
"""A median absolute deviation times this is the standard deviation of a normal distribution."""
STEPS = 400
"""Positions of the slider, evenly spaced in log counts."""


def outlying_below(totals: NDArray[np.float64]) -> float:
    """Library size below which a spot is outlyingly poor; 0 where none is.

    It is median - 3 MAD of the log totals, the MAD scaled to a standard deviation.
    """
    logs = np.log(totals[totals > 0])
    if not logs.size:
        return 0.0
    median = np.median(logs)
    mad = MAD_TO_SD * np.median(np.abs(logs - median))
    return float(np.exp(median - FAR_OUT * mad)) if mad > 0 else 0.0


class ProposalBox(QFrame):
    """A threshold of counts, where one is asked for, and the buttons that paint or drop."""

    applied = Signal()
    cancelled = Signal()
    thresholdChanged = Signal(int)
    """Spots with fewer counts than this are proposed."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("proposal")
        self._range = (0.0, 1.0)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 2, 0, 4)
        rows.setSpacing(4)
        self.threshold_row = QWidget()
        row = QHBoxLayout(self.threshold_row)
        row.setContentsMargins(0, 0, 0, 0)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName("threshold of counts, slider")
        self.slider.setToolTip("Spots with fewer counts than this are shown in white")
        self.counts = QSpinBox()
        self.counts.setAccessibleName("threshold of counts")
        self.counts.setToolTip("Spots with fewer counts than this are shown in white")
        self.counts.setKeyboardTracking(False)
        row.addWidget(QLabel("Fewer than"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.counts)
        self.words = words("what would be painted")
        self.apply = button("Paint", "Paint what is shown in white with the region chosen above")
        self.cancel = button("Cancel", "Paint nothing, and take the white away (key Esc)")
        self.apply.clicked.connect(lambda: self.applied.emit())
        self.cancel.clicked.connect(lambda: self.cancelled.emit())
        buttons = QHBoxLayout()
        buttons.addWidget(self.apply, 1)
        buttons.addWidget(self.cancel, 1)
        rows.addWidget(self.threshold_row)
        rows.addWidget(self.words)
        rows.addLayout(buttons)
        self.slider.valueChanged.connect(self._on_slider)
        self.counts.valueChanged.connect(self._on_counts)
        self.hide()

    def ask_threshold(self, totals: NDArray[np.float64]) -> int:
        """Ask for a threshold of counts (spot,), beginning with the outlying ones; which it is."""
        counted = totals[totals > 0]
        low = float(np.log(max(counted.min(), 1.0)))
        high = float(np.log(max(counted.max(), np.e * np.exp(low))))
        self._range = (low, high)
        start = int(np.ceil(outlying_below(totals)))
        with signals_blocked(self.counts):
            self.counts.setRange(1, int(np.ceil(np.exp(high))) + 1)
            self.counts.setSingleStep(max(int(np.exp((low + high) / 2) / 50), 1))
            self.counts.setValue(max(start, 1))
        self._move_slider()
        self.threshold_row.show()
        self.show()
        reveal(self)
        self.slider.setFocus()
        return int(self.counts.value())

    def ask(self) -> None:
        self.threshold_row.hide()
        self.show()
        reveal(self)
        self.apply.setFocus()

    def say(self, text: str, *, any_found: bool) -> None:
        self.words.setText(text)
        self.apply.setEnabled(any_found)

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _on_slider(self, at: int) -> None:
        low, high = self._range
        value = round(float(np.exp(low + (high - low) * at / STEPS)))
        if at == STEPS:
            value = self.counts.maximum()
        if value != self.counts.value():
            with signals_blocked(self.counts):
                self.counts.setValue(value)
            self.thresholdChanged.emit(self.counts.value())

    def _on_counts(self, value: int) -> None:
        self._move_slider()
        self.thresholdChanged.emit(value)

    def _move_slider(self) -> None:
        low, high = self._range
        at = (np.log(max(self.counts.value(), 1)) - low) / (high - low) * STEPS
        with signals_blocked(self.slider):
            self.slider.setValue(round(float(np.clip(at, 0, STEPS))))
