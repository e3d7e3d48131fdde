"""LookForm: units, colours and contrast of the maps of genes; speaks Look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.maps import COLORMAPS, LOW, Look
from napari_stentrans.plugin.widgets.panel import allow, button

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.maps import Scale

SCALES: dict[Scale, str] = {"log": "Expression (log)", "linear": "Counts (linear)"}
UNITS = "Expression on a log scale, each spot by its own total (log-normalised); or counts"
COLOURS = "Colours of the maps, from low to high"
LEAST_RANGE = 0.1
"""Percent that the lowest and the highest percentile stay apart."""


class LookForm(QWidget):
    """Widgets over a Look: ``value``, ``setValue``, ``valueChanged``."""

    valueChanged = Signal()
    followWanted = Signal()
    """Contrast that was set by hand is to follow the percentiles again."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = _combo("units", UNITS)
        for scale, words in SCALES.items():
            self.scale.addItem(words, scale)
        self.colormap = _combo("colours", COLOURS)
        for name in COLORMAPS:
            self.colormap.addItem(name, name)
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        self.follow = button(
            "Auto",
            "Let the contrast of this gene follow its values again, if it was set by hand",
            self.followWanted.emit,
        )
        self.from_zero = QCheckBox("Start at 0")
        self.from_zero.setToolTip(
            "Let the darkest colour be no expression. Else it is the lowest percentile, where "
            "that is not near 0: a gene that is high everywhere shows its differences"
        )
        self.from_zero.setAccessibleName("start at 0")
        self._lay_out()
        self.setValue(Look())
        self.from_zero.clicked.connect(lambda on: self.low.setValue(0.0 if on else LOW))
        self.scale.currentIndexChanged.connect(self.valueChanged)
        self.colormap.currentIndexChanged.connect(self.valueChanged)
        for end in (self.low, self.high):
            end.valueChanged.connect(self._on_range)

    def value(self) -> Look:
        """Return the look as it stands."""
        return Look(
            scale=self.scale.currentData(),
            low=round(self.low.value(), 1),
            high=round(self.high.value(), 1),
            colormap=self.colormap.currentData(),
        )

    def setValue(self, look: Look) -> None:
        """Show a look; emits nothing."""
        with signals_blocked(self):
            self._bound(look.low, look.high)
            self.low.setValue(look.low)
            self.high.setValue(look.high)
            self.from_zero.setChecked(look.low == 0)
            self.scale.setCurrentIndex(self.scale.findData(look.scale))
            self.colormap.setCurrentIndex(self.colormap.findData(look.colormap))

    def allow_colours(self, on: bool) -> None:
        """Let colours be chosen; several genes together have a colour each."""
        why = "Several genes are shown together, each in its own colour."
        allow(self.colormap, on, COLOURS, why)

    def _on_range(self) -> None:
        self._bound(self.low.value(), self.high.value())
        self.from_zero.setChecked(self.low.value() == 0)
        self.valueChanged.emit()

    def _bound(self, low: float, high: float) -> None:
        """Let neither end of the range pass the other."""
        with signals_blocked(self.low), signals_blocked(self.high):
            self.low.setRange(0, high - LEAST_RANGE)
            self.high.setRange(low + LEAST_RANGE, 100)

    def _lay_out(self) -> None:
        for end, name, tip in (
            (self.low, "lowest percentile", "Values up to this percentile get the darkest colour"),
            (self.high, "highest percentile", "Values from this percentile get the brightest"),
        ):
            end.setDecimals(1)
            end.setSingleStep(0.5)
            end.setSuffix(" %")
            end.setAccessibleName(name)
            end.setToolTip(tip)
            end.setMinimumWidth(40)
            end.setKeyboardTracking(False)
        ends = QHBoxLayout()
        ends.setSpacing(6)
        ends.addWidget(self.low, 1)
        ends.addWidget(self.high, 1)
        ends.addWidget(self.follow)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.addRow("Units", self.scale)
        form.addRow("Colours", self.colormap)
        form.addRow("Range", ends)
        form.addRow("", self.from_zero)


def _combo(name: str, tip: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setMinimumContentsLength(8)
    return combo
