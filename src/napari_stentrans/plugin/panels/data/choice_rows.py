"""ChoiceRows: what may be chosen where a path holds several things, as labelled lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QSizePolicy, QWidget

from napari_stentrans.plugin.widgets.make import choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_stentrans.io import Choice

NARROW = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
"""A long text does not widen a list."""


class ChoiceRows(QWidget):
    """One labelled list for each Choice; hidden while there is nothing to choose."""

    chosen = Signal(str, str)
    """Key of a Choice and the option that the person took."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, QComboBox] = {}
        self._choices: tuple[Choice, ...] = ()
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.hide()

    def set_choices(self, choices: Sequence[Choice], taken: Mapping[str, str]) -> None:
        if tuple(choices) != self._choices:
            self._choices = tuple(choices)
            self._build()
        for asked in self._choices:
            at = asked.options.index(taken.get(asked.key, asked.default))
            self.lists[asked.key].setCurrentIndex(at)
        self.setVisible(bool(self._choices))

    def _build(self) -> None:
        while self._rows.rowCount():
            self._rows.removeRow(0)
        self.lists = {}
        for asked in self._choices:
            tip = f"{asked.label}: another choice is read at once"
            items = {option: (option, option) for option in asked.options}
            made = choice(asked.label.lower(), tip, items, least=6)
            made.setSizeAdjustPolicy(NARROW)
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            made.setEnabled(len(asked.options) > 1)
            made.textActivated.connect(partial(self.chosen.emit, asked.key))
            self._rows.addRow(f"{asked.label}:", made)
            self.lists[asked.key] = made
