"""Flow: widgets beside each other, in as many rows as they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Signal
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_stentrans.plugin.widgets.throttle import timer

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACE, ROW_SPACE, MARGIN = 8, 3, 4


class Flow(QWidget):
    """Places widgets one after the other; those that want room share what a row has left.

    It sets its own height, since docks do not ask how high a widget is at some width.
    """

    grown = Signal(int)
    """Its height, where that has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[QWidget, int]] = []
        self._soon = timer(self, self._place)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, part: QWidget, stretch: int = 0) -> None:
        """Put a widget behind the others; a ``stretch`` above 0 lets it take what room is left."""
        part.setParent(self)
        self._parts.append((part, stretch))

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.height())

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != self.width():
            self._place()

    def event(self, event: Any) -> bool:
        """Place all anew where a part came, went or needs another size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._soon.start()
        return bool(super().event(event))

    def _place(self) -> None:
        top = ROW_SPACE
        for row in self._rows():
            top += self._place_row(row, top) + ROW_SPACE
        if top != self.height():
            self.setFixedHeight(top)
            self.grown.emit(top)

    def _rows(self) -> Sequence[Sequence[tuple[QWidget, int]]]:
        """What is seen, in rows that fit."""
        rows: list[list[tuple[QWidget, int]]] = []
        room, left = self.width() - 2 * MARGIN, -1
        for part, stretch in self._parts:
            if part.isHidden():
                continue
            wide = min(part.sizeHint().width(), room)
            if left < wide:
                rows.append([])
                left = room
            rows[-1].append((part, stretch))
            left -= wide + SPACE
        return rows

    def _place_row(self, row: Sequence[tuple[QWidget, int]], top: int) -> int:
        """Place a row; return its height."""
        room = self.width() - 2 * MARGIN
        wide = [min(part.sizeHint().width(), room) for part, _ in row]
        left = room - sum(wide) - SPACE * (len(row) - 1)
        shares = max(sum(stretch for _, stretch in row), 1)
        wide = [w + left * stretch // shares for w, (_, stretch) in zip(wide, row, strict=True)]
        high = [
            part.heightForWidth(w) if part.hasHeightForWidth() else part.sizeHint().height()
            for w, (part, _) in zip(wide, row, strict=True)
        ]
        at = MARGIN
        for w, h, (part, _) in zip(wide, high, row, strict=True):
            part.setGeometry(at, top + (max(high) - h) // 2, w, h)
            at += w + SPACE
        return max(high)
