"""Gene search: a line to type into; what it finds goes to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from napari_stentrans.plugin.gene_index import GeneIndex
from napari_stentrans.plugin.gene_names import is_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

STEPS: dict[int, int] = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 5,
    Qt.Key.Key_PageUp: -5,
}


class GeneSearch(QWidget):
    """A line edit over a GeneIndex; its arrow keys and Enter work on the list beside it."""

    chosen = Signal(str)
    """Name of the gene that was chosen, here or in the list."""
    searched = Signal(str)
    """What is being typed."""
    stepped = Signal(int)
    """Rows to move down in the list; negative: up."""
    entered = Signal()
    """Enter was pressed."""
    listPasted = Signal(str)
    """Text with several names that was pasted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.index = GeneIndex([])
        self._gene = ""
        self.edit = QLineEdit()
        self.edit.setAccessibleName("gene search")
        self.edit.setClearButtonEnabled(True)
        self.edit.setToolTip(
            "Type a part of a gene's name or id; small slips are forgiven. A whole name is drawn "
            "after a moment, or with Enter.\nUp and Down walk through what was found, Esc clears. "
            "A list of genes can be pasted. "
            "The maps before and after change together."
        )
        self.edit.textEdited.connect(self.searched)
        self.edit.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit)
        self.setFocusProxy(self.edit)

    def set_genes(self, names: Sequence[str], ids: ArrayLike | None = None) -> None:
        """Search among these genes from now on."""
        known = None if ids is None else [str(i) for i in np.asarray(ids)]
        self.set_index(GeneIndex(list(names), known))

    def set_index(self, index: GeneIndex) -> None:
        """Search in this index from now on."""
        self.index = index
        self.edit.setPlaceholderText(f"Search {len(self.index):,} genes")

    def set_gene(self, name: str) -> None:
        """Say which gene is shown; emits nothing."""
        self._gene = name
        self.edit.setText(name)

    def set_gene_quietly(self, name: str) -> None:
        """Say which gene is shown, and leave what is being typed as it is."""
        self._gene = name

    def gene(self) -> str:
        """Name of the gene that is shown."""
        return self._gene

    def type_in(self, text: str) -> None:
        """Begin a search with this text, as if it was typed here."""
        self.edit.setFocus()
        self.edit.setText(text)
        self.searched.emit(text)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Let the arrow keys, Enter and Esc of the line work on the list."""
        if watched is self.edit and event.type() == QEvent.Type.KeyPress:
            return isinstance(event, QKeyEvent) and self._key(event)  # PyQt may mistake an event
        if watched is self.edit and event.type() == QEvent.Type.FocusOut:
            self.edit.setText(self._gene)  # left without a choice
        return bool(super().eventFilter(watched, event))

    def _key(self, event: QKeyEvent) -> bool:
        """Handle a key; True when it was not meant for the line."""
        key = event.key()
        if key in STEPS:
            self.stepped.emit(STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key == Qt.Key.Key_Escape:
            self.edit.clear()
            self.searched.emit("")
        elif event.matches(QKeySequence.StandardKey.Paste) and is_list(_clipboard()):
            self.listPasted.emit(_clipboard())
        else:
            return False
        return True


def _clipboard() -> str:
    clipboard = QApplication.clipboard()
    return "" if clipboard is None else clipboard.text()
