"""Finder: looks for what may be lost, shows it, and hands it over when a person says so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QSlider, QSpinBox, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.panel import button, called, in_row, in_rows, reveal, words
from napari_stentrans.tissue import enclosed_sites, uncovered_steps
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

UNCOVERED = "not captured"
"""Name of the region that tissue without spots is painted with."""
FAR_OUT = 3.0
"""Spots this many deviations below the median count as outlying."""
MAD_TO_SD = 1.4826
"""A median absolute deviation times this is the standard deviation of a normal distribution."""
STEPS = 400
"""Positions of the slider, evenly spaced in log counts."""
FEWER = "Spots with fewer counts than this are shown in white"


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


class Finder(QFrame):
    """Proposes spots with low counts, tissue without spots, and holes, in one section.

    It has a threshold of counts, where one is asked for, and the buttons that paint or drop.
    """

    accepted = Signal(object, str)
    """Places (bool, row and column) to be painted, and the name of their region, empty for any."""
    said = Signal(str)
    looking = Signal(bool)
    """A search in the image has begun or ended."""
    pointed = Signal(bool)
    """Places are pointed out, or no more."""
    asked = Signal()
    """It asks whether to paint, or no more."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("proposal")
        self._layers: SectionLayers | None = None
        self._runner = Runner(self)
        self._runner.failed.connect(self.said)
        self._runner.ended.connect(lambda: self.looking.emit(False))
        self._cells: NDArray[np.bool_] | None = None
        self._name, self._pointing = "", False
        self._range = (0.0, 1.0)
        self.slider = called(
            QSlider(Qt.Orientation.Horizontal), "threshold of counts, slider", FEWER
        )
        self.slider.setRange(0, STEPS)
        self.slider.valueChanged.connect(self._on_slider)
        self.counts = called(QSpinBox(), "threshold of counts", FEWER)
        self.counts.setKeyboardTracking(False)
        self.counts.valueChanged.connect(self._on_counts)
        self.threshold_row = QWidget()
        row = in_row(self.slider, box=self.threshold_row)
        row.insertWidget(0, QLabel("Fewer than"))
        row.addWidget(self.counts)
        self.words = words("what would be painted")
        paint = "Paint what is shown in white with the region chosen above"
        self.apply = button("Paint", paint, self._accept)
        nothing = "Paint nothing, and take the white away (key Esc)"
        self.cancel = button("Cancel", nothing, self.drop)
        buttons = in_row(self.apply, self.cancel, spacing=4)
        parts = (self.threshold_row, self.words, buttons)
        in_rows(self, *parts, margins=(8, 2, 0, 4), spacing=4)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether something is being looked for in the image."""
        return self._runner.busy

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self._layers:
            self.drop()
            self._runner.stop()
        self._layers = layers

    def watch(self) -> None:
        """Notice that a person deleted the layer of what is proposed."""
        shown = self._cells is not None or self._pointing
        if shown and (self._layers is None or self._layers.proposal is None):
            self.drop()

    # ---- what can be found

    def low_counts(self) -> None:
        """Propose spots with fewer counts (spot,) than a threshold, at first the outlying ones."""
        if self._layers is None:
            return
        self.drop()
        totals = self._layers.model.section.totals
        counted = totals[totals > 0]
        low = float(np.log(max(counted.min(), 1.0)))
        high = float(np.log(max(counted.max(), np.e * np.exp(low))))
        self._range = (low, high)
        start = max(int(np.ceil(outlying_below(totals))), 1)
        with signals_blocked(self.counts):
            self.counts.setRange(1, int(np.ceil(np.exp(high))) + 1)
            self.counts.setSingleStep(max(int(np.exp((low + high) / 2) / 50), 1))
            self.counts.setValue(start)
        self._ask(self.slider)
        self._on_counts(self.counts.value())

    def uncovered(self) -> None:
        """Propose tissue without spots, once it is found on a thread of its own."""
        if self._layers is None or self.busy:
            return
        self.drop()
        work = partial(uncovered_steps, self._layers.model.section)
        self._runner.start(work, Phase.LOADING, self._on_tissue)
        self.looking.emit(True)
        self.said.emit("Looking for tissue in the image …")

    def holes(self) -> None:
        """Propose the places without a spot that spots surround."""
        if self._layers is not None:
            self.drop()
            sites = enclosed_sites(self._layers.model.section)
            found = some(len(sites), "site inside the section has", "sites inside it have")
            self._propose_sites(sites, found, "No site inside the section is without a spot.")

    def point_out(self, cells: NDArray[np.bool_] | None) -> None:
        """Show places (row, column) without a question; None takes them away."""
        if cells is None and not self._pointing:
            return
        self.drop()
        if cells is not None and self._layers is not None:
            self._layers.propose(cells)
            self._pointing = True
            self.pointed.emit(True)

    def drop(self) -> None:
        """Propose nothing any more."""
        self._cells, self._name = None, ""
        pointed, self._pointing = self._pointing, False
        self.hide()
        if self._layers is not None:
            self._layers.propose(None)
        if pointed:
            self.pointed.emit(False)
        self.asked.emit()

    # ---- what is proposed

    def _propose(self, cells: NDArray[np.bool_], text: str) -> None:
        self._cells = cells
        self.words.setText(text)
        self.apply.setEnabled(bool(cells.any()))
        if self._layers is not None:
            self._layers.propose(cells)

    def _propose_sites(self, sites: NDArray[np.float64], found: str, none: str) -> None:
        """Propose sites (site, 2), or say that there are none."""
        self.said.emit("" if len(sites) else none)
        if self._layers is not None and len(sites):
            self._ask(self.apply)
            self._name = UNCOVERED
            raster = self._layers.model.section.raster
            self._propose(raster.paint_sites(sites), f"{found} no spot (white).")

    def _ask(self, first: QWidget) -> None:
        """Ask whether to paint, or by which threshold where the slider comes first."""
        self.threshold_row.setVisible(first is self.slider)
        self.show()
        self.asked.emit()
        reveal(self)
        first.setFocus()

    def _accept(self) -> None:
        cells, name = self._cells, self._name
        self.drop()
        if cells is not None:
            self.accepted.emit(cells, name)

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.drop()
        else:
            super().keyPressEvent(event)

    # ---- what is heard

    def _on_tissue(self, sites: NDArray[np.float64]) -> None:
        found = some(len(sites), "site on the tissue has", "sites on the tissue have")
        self._propose_sites(sites, found, "All tissue near the spots is covered by them.")

    def _on_slider(self, at: int) -> None:
        low, high = self._range
        value = round(float(np.exp(low + (high - low) * at / STEPS)))
        value = self.counts.maximum() if at == STEPS else value
        if value != self.counts.value():
            with signals_blocked(self.counts):
                self.counts.setValue(value)
            self._propose_below(self.counts.value())

    def _on_counts(self, counts: int) -> None:
        low, high = self._range
        at = (np.log(max(counts, 1)) - low) / (high - low) * STEPS
        with signals_blocked(self.slider):
            self.slider.setValue(round(float(np.clip(at, 0, STEPS))))
        self._propose_below(counts)

    def _propose_below(self, counts: int) -> None:
        if self._layers is not None:
            section = self._layers.model.section
            low = section.totals < counts
            found = some(int(low.sum()), "spot has", "spots have")
            text = f"{found} fewer than {some(counts, 'count')} (white)."
            self._propose(section.raster.paint(low), text)
