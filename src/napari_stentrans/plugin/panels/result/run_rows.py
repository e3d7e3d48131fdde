"""RunRows: a list of names that can be edited, each with a line of details below it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

DETAILS = Qt.ItemDataRole.UserRole + 1
MOST_ROWS = 4  # more than this are scrolled to
MARGIN = 4  # pixels beside a name
WRAP = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
FAINT = 0.7  # opacity of details


class RunRows(QListWidget):
    """Names that can be edited, and deleted by key."""

    deleteWanted = Signal()
    undoWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("runs")
        self.setToolTip("Click to show a run; double click or F2 to rename it")
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(40)
        self.setItemDelegate(_TwoLines(self))

    def fit_rows(self) -> None:
        """Make each row as high as its name, which may need several lines, and show some rows."""
        bar: Any = self.verticalScrollBar()
        beside = 2 * (self.frameWidth() + MARGIN) + bar.sizeHint().width()
        wide = max(self.width() - beside, 40)
        heights = []
        for at in range(self.count()):
            item: Any = self.item(at)
            name = self.fontMetrics().boundingRect(0, 0, wide, 0, WRAP, item.text()).height()
            heights.append(name + self.fontMetrics().height() + 8)
            if item.sizeHint() != QSize(0, heights[-1]):
                item.setSizeHint(QSize(0, heights[-1]))
        shown = sum(heights[:MOST_ROWS]) or self.fontMetrics().height()
        self.setFixedHeight(shown + 2 * self.frameWidth() + 4)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_rows()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.deleteWanted.emit()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undoWanted.emit()
        else:
            super().keyPressEvent(event)


class _TwoLines(QStyledItemDelegate):
    """Draws a name and, fainter below it, details in one line."""

    def paint(self, painter: Any, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        view: Any = self.parent()
        self.initStyleOption(option, index)
        name, option.text = option.text, ""
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, view)
        inside = option.rect.adjusted(MARGIN, 3, -MARGIN, -3)
        painter.save()
        painter.setPen(view.palette().color(view.foregroundRole()))
        if not option.state & QStyle.StateFlag.State_Enabled:
            painter.setOpacity(FAINT)
        painter.setFont(option.font)
        painter.drawText(inside, WRAP.value | Qt.AlignmentFlag.AlignTop.value, name)
        painter.setOpacity(FAINT)
        said = option.fontMetrics.elidedText(
            str(index.data(DETAILS) or ""), Qt.TextElideMode.ElideRight, inside.width()
        )
        painter.drawText(inside, Qt.AlignmentFlag.AlignBottom.value, said)
        painter.restore()

    def setEditorData(self, editor: Any, index: QModelIndex) -> None:
        """Begin with the name; what is typed stays when more becomes known of the run."""
        if not editor.property("begun"):
            super().setEditorData(editor, index)
            editor.setProperty("begun", True)

    def updateEditorGeometry(
        self, editor: Any, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        below = option.fontMetrics.height() + 4
        editor.setGeometry(QRect(option.rect.adjusted(0, 0, 0, -below)))
