"""ChoiceRows: what may be chosen where a path holds several things, as labelled lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_stentrans.io import Choice


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
        for choice in self._choices:
            made = self.lists[choice.key]
            made.setCurrentIndex(choice.options.index(taken.get(choice.key, choice.default)))
        self.setVisible(bool(self._choices))

    def _build(self) -> None:
        while self._rows.rowCount():
            self._rows.removeRow(0)
        self.lists = {}
        for choice in self._choices:
            made = QComboBox()
            made.addItems(list(choice.options))
            made.setAccessibleName(choice.label.lower())
            made.setToolTip(f"{choice.label}: another choice is read at once")
            for at, option in enumerate(choice.options):
                made.setItemData(at, option, Qt.ItemDataRole.ToolTipRole)
            made.setMinimumContentsLength(6)
            made.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            made.setEnabled(len(choice.options) > 1)
            made.textActivated.connect(partial(self.chosen.emit, choice.key))
            self._rows.addRow(f"{choice.label}:", made)
            self.lists[choice.key] = made
