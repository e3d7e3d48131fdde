"""Gene search: a line to type into; what it finds goes to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.gene_names import is_list
from napari_stentrans.plugin.widgets.make import laid
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QKeyEvent

WIDTH = 120
STEPS: dict[int, int] = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: 5,
    Qt.Key.Key_PageUp: -5,
}
TIP = (
    "Type a part of a gene's name, id or other name; small slips are forgiven. A whole name is "
    "drawn after a moment, or with Enter.\nUp and Down walk through what was found; Esc clears, "
    "and again closes the list. A list of genes can be pasted. The maps before and after change "
    "together."
)


class SearchLine(QLineEdit):
    """A line whose keys are offered to somebody before it takes them itself.

    It overrides what Qt calls rather than filter events: while Python keeps an old event alive,
    PyQt takes a new one at the same address for it, and a filter misses its key.
    """

    left = Signal()  # the keyboard went elsewhere
    pressed = Signal()  # the mouse was pressed on it

    def __init__(self, take: Callable[[QKeyEvent], bool]) -> None:
        super().__init__()
        self._take = take

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def keyPressEvent(self, event: Any) -> None:
        if not self._take(event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: Any) -> None:
        super().mousePressEvent(event)
        self.pressed.emit()

    def focusOutEvent(self, event: Any) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class GeneSearch(QWidget):
    """A line edit over a GeneIndex; its arrow keys and Enter work on the list beside it.

    Attributes
    ----------
    gene
        Name of the gene that is shown.
    """

    searched = Signal(str)  # what is being typed
    wanted = Signal()  # the list is to be seen
    closed = Signal()  # it is not to be seen any longer
    stepped = Signal(int)  # rows to move down in the list; negative: up
    entered = Signal()  # Enter was pressed
    listPasted = Signal(str)  # text with several names that was pasted

    def __init__(self) -> None:
        super().__init__()
        self.index = GeneIndex(GeneNaming((), pd.DataFrame()))
        self.gene = ""
        self.edit = SearchLine(self._key)
        self.edit.setAccessibleName("gene search")
        self.edit.setClearButtonEnabled(True)
        self.edit.setToolTip(TIP)
        self.edit.textEdited.connect(self._on_edited)
        self.edit.pressed.connect(self.wanted)
        self.edit.left.connect(lambda: self.set_gene(self.gene))  # left without a choice
        laid(QVBoxLayout(self), self.edit)
        self.setFocusProxy(self.edit)

    def set_index(self, index: GeneIndex) -> None:
        self.index = index
        self.edit.setPlaceholderText(f"Search {some(len(self.index), 'gene')}")

    def set_gene(self, name: str) -> None:
        """Say which gene is shown, in place of what is typed; emits nothing."""
        self.gene = name
        self.edit.setText(self.index.label(name))

    def type_in(self, text: str) -> None:
        """Begin a search with this text, as if it was typed here."""
        self.edit.setFocus()
        self.edit.setText(text)
        self._on_edited(text)

    def _on_edited(self, text: str) -> None:
        self.searched.emit(text)
        self.wanted.emit()

    def _key(self, event: QKeyEvent) -> bool:
        """Let the arrow keys, Enter and Esc work on the list; True when a key was used up."""
        key = event.key()
        if key in STEPS:
            self.wanted.emit()
            self.stepped.emit(STEPS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif key == Qt.Key.Key_Escape:
            if not self.edit.text():
                self.closed.emit()
            self.edit.clear()
            self.searched.emit("")
        elif event.matches(QKeySequence.StandardKey.Paste) and is_list(clipboard()):
            self.listPasted.emit(clipboard())
        else:
            return False
        return True


def clipboard() -> str:
    """Text that was copied; empty without any."""
    copied = QApplication.clipboard()
    return "" if copied is None else copied.text()
