"""NeighbourRow: one neighbouring section, how well it agrees, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_stentrans.plugin.widgets.panel import OneLine, Tool, in_rows, row_of, words

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.beside import Beside

EYES = {True: "eye", False: "eye_closed"}


class NeighbourRow(QWidget):
    """Name, an eye, a button to lay it by hand, a bin; and below how it lies, in words."""

    shownWanted = Signal(bool)
    layWanted = Signal(bool)
    """It is to be laid by hand, or no more."""
    removeWanted = Signal()

    def __init__(self, of: Beside) -> None:
        super().__init__()
        self.of = of
        name = of.name
        self.name = OneLine(f"neighbouring section {name}")
        self.name.setText(name)
        source = of.given.section.source
        self.name.setToolTip(name if source is None else str(source))
        self.eye = Tool(f"show {name}", "Show or hide it on this section", self._on_eye, icon="eye")
        tip = "Lay it by hand: move, turn, mirror, stretch; or by landmarks"
        self.lay = Tool(f"lay {name} by hand", tip, self._on_lay, text="Lay…")
        self.lay.setCheckable(True)
        remove = "Let runs do without it; undo brings it back"
        self.bin = Tool(f"remove {name}", remove, self.removeWanted.emit, icon="bin")
        self.words = words(f"how {name} lies")
        in_rows(self, row_of(self.eye, self.name, self.lay, self.bin), self.words, spacing=2)
        self.refresh()

    def refresh(self) -> None:
        """Say how it lies now."""
        self.eye.show_icon(EYES[self.of.shown])
        self.words.setText(self.of.in_words())
        alignment = self.of.lay.alignment
        self.words.setToolTip("" if alignment is None else alignment.in_words())

    def _on_eye(self) -> None:
        self.shownWanted.emit(not self.of.shown)

    def _on_lay(self) -> None:
        self.layWanted.emit(self.lay.isChecked())
