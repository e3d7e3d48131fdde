"""CheatSheet: a window with all keys, in groups and plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QDialog, QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_stentrans.plugin.actions import ACTIONS, groups, keys_of
from napari_stentrans.plugin.widgets.panel import in_row, in_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS = (("Open and save", "Genes", "Help"), ("Lost regions", "Compare"), ("Run",))
"""Headings of each column; those that are named nowhere follow in the last."""
SIZE = (1090, 700)
KEY = "border: 1px solid rgba(128, 128, 128, 160); border-radius: 3px; padding: 0px 4px;"


class CheatSheet(QDialog):
    """All keys; Escape, or the key that opened it, closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys of stEnTrans")
        self.setAccessibleName("keys")
        inside = QWidget()
        columns = in_row(box=inside, spacing=24)
        columns.setContentsMargins(9, 9, 9, 9)
        for titles in _columns():
            columns.addLayout(_column(titles), 1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        in_rows(self, area)
        self.resize(*SIZE)

    def keyPressEvent(self, event: Any) -> None:
        """Close with the key that opened it too."""
        if QKeySequence(event.keyCombination()) == QKeySequence(keys_of("help.keys")):
            self.reject()
        else:
            super().keyPressEvent(event)


def _columns() -> list[list[str]]:
    named = {title for titles in COLUMNS for title in titles}
    columns = [list(titles) for titles in COLUMNS]
    columns[-1] += [title for title in groups() if title not in named]
    return columns


def _column(titles: Iterable[str]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(4)
    for title in titles:
        heading = QLabel(title)
        heading.setStyleSheet("font-weight: bold; padding-top: 6px;")
        column.addWidget(heading)
        column.addLayout(_rows(groups()[title]))
    column.addStretch(1)
    return column


def _rows(keys: dict[str, str]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row, (key, meaning) in enumerate(keys.items()):
        cap = QLabel(_native(key))
        cap.setStyleSheet(KEY)
        cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = QLabel(meaning)
        words.setWordWrap(True)
        words.setAccessibleName(f"{key}: {meaning}")
        grid.addWidget(cap, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(words, row, 1)
    return grid


def _native(key: str) -> str:
    """Key as this computer writes it: ⌥O on a Mac."""
    if key not in {action.keys for action in ACTIONS.values()}:
        return key  # several keys, in words
    return str(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText))
