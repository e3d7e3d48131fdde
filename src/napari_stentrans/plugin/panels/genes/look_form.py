"""LookForm and LookButton: units, colours and contrast of the maps of genes; they speak Look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QToolButton, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.maps import COLORMAPS, LOW, Look
from napari_stentrans.plugin.widgets.drop_down import DropDown
from napari_stentrans.plugin.widgets.make import choice, laid
from napari_stentrans.plugin.widgets.panel import allow, button, name_button

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.maps import Scale
    from napari_stentrans.plugin.models.section_model import SectionModel

NAME = "units, colours and range"
SCALES: dict[Scale, str] = {"log": "Expression (log)", "linear": "Counts (linear)"}
UNITS = "Expression on a log scale, each spot by its own total (log-normalised); or counts"
COLOURS = "Colours of the maps, from low to high"
FROM_ZERO = (
    "Let the darkest colour be no expression. Else it is the lowest percentile, where that is not "
    "near 0: a gene that is high everywhere shows its differences"
)
LEAST_RANGE = 0.1  # percent that the lowest and the highest percentile stay apart


class LookForm(QWidget):
    """Widgets over a Look: ``value``, ``setValue``, ``valueChanged``."""

    valueChanged = Signal()
    followWanted = Signal()  # contrast that was set by hand is to follow the percentiles again

    def __init__(self) -> None:
        super().__init__()
        self.scale = choice("units", UNITS, SCALES, least=8)
        self.colormap = choice("colours", COLOURS, {name: name for name in COLORMAPS}, least=8)
        self.low, self.high = (
            _percentile(name, f"Values {tip}")
            for name, tip in (
                ("lowest percentile", "up to this percentile get the darkest colour"),
                ("highest percentile", "from this percentile get the brightest"),
            )
        )
        self.follow = button(
            "Auto",
            "Let the contrast of this gene follow its values again, if it was set by hand",
            self.followWanted.emit,
        )
        self.from_zero = QCheckBox("Start at 0")
        self.from_zero.setToolTip(FROM_ZERO)
        self.from_zero.setAccessibleName("start at 0")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.addRow("Units", self.scale)
        form.addRow("Colours", self.colormap)
        ends = laid(QHBoxLayout(), (self.low, 1), (self.high, 1), self.follow, spacing=6)
        form.addRow("Range", ends)
        form.addRow("", self.from_zero)
        self.setValue(Look())
        self.from_zero.clicked.connect(lambda on: self.low.setValue(0.0 if on else LOW))
        self.scale.currentIndexChanged.connect(self.valueChanged)
        self.colormap.currentIndexChanged.connect(self.valueChanged)
        for end in (self.low, self.high):
            end.valueChanged.connect(self._on_range)

    def value(self) -> Look:
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

    def _on_range(self) -> None:
        self._bound(self.low.value(), self.high.value())
        self.from_zero.setChecked(self.low.value() == 0)
        self.valueChanged.emit()

    def _bound(self, low: float, high: float) -> None:
        with signals_blocked(self.low), signals_blocked(self.high):
            self.low.setRange(0, high - LEAST_RANGE)
            self.high.setRange(low + LEAST_RANGE, 100)


class LookButton(QToolButton):
    """A button, and the form that opens below it."""

    def __init__(self) -> None:
        super().__init__()
        name_button(self, f"{NAME.capitalize()}: how the values become colours")
        self.setAccessibleName(NAME)
        self.setCheckable(True)
        self._model: SectionModel | None = None
        self.form, self.box = LookForm(), DropDown(NAME, self)
        self.box.rows.addWidget(self.form)
        self.box.guard()
        self.box.toggled.connect(self.setChecked)
        self.clicked.connect(self._on_clicked)
        self.form.valueChanged.connect(self._on_look)
        self.form.followWanted.connect(self._on_follow)

    def show_of(self, model: SectionModel) -> None:
        self._model = model
        self.form.setValue(model.maps.look)
        why = "Several genes are shown together, each in its own colour."
        allow(self.form.colormap, len(model.maps.names) == 1, COLOURS, why)

    def _on_clicked(self, on: bool) -> None:
        self.box.set_open(on)
        if on:
            self.form.scale.setFocus()

    def _on_look(self) -> None:
        if self._model is not None:
            self._model.set_look(self.form.value())

    def _on_follow(self) -> None:
        if self._model is not None:
            self._model.follow_values()


def _percentile(name: str, tip: str) -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setDecimals(1)
    made.setSingleStep(0.5)
    made.setSuffix(" %")
    made.setAccessibleName(name)
    made.setToolTip(tip)
    made.setMinimumWidth(40)
    made.setKeyboardTracking(False)
    return made
