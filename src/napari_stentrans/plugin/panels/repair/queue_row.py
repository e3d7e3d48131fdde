"""QueueRow: runs that wait for the one at work, and the button that adds another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QWidget

from napari_stentrans.plugin.widgets.panel import Tool, called, in_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans.plugin.models.section_model import RunRequest


class QueueRow(QWidget):
    """Says how many runs wait; hidden while none does."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[RunRequest] = []
        self.words = called(QLabel(), "runs that wait")
        let_go = "Let go of the runs that wait; the one at work goes on"
        self.clear_button = Tool("clear the queue", let_go, self.clear, text="×", flat=True)
        row = in_row(box=self, spacing=4)
        row.addWidget(self.words)
        row.addWidget(self.clear_button)
        self.hide()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[RunRequest]:
        return iter(self._waiting)

    def add(self, wanted: RunRequest) -> None:
        self._waiting.append(wanted)
        self._refresh()

    def take(self) -> RunRequest | None:
        """Return the run whose turn it is, which waits no longer; None when none waits."""
        wanted = self._waiting.pop(0) if self._waiting else None
        self._refresh()
        return wanted

    def clear(self) -> None:
        self._waiting.clear()
        self._refresh()

    def _refresh(self) -> None:
        self.words.setText(f"{len(self)} waiting")
        self.setVisible(len(self) > 0)
        self.changed.emit()
