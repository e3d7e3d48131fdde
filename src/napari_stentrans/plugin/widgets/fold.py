"""Fold: a line with an arrow that shows and hides what is below it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QToolButton


class Fold(QToolButton):
    """A button that looks like a line of text, with an arrow that says whether it is open."""

    def __init__(self, text: str, tip: str, *, opened: bool = False) -> None:
        super().__init__()
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(text.lower())
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setIconSize(QSize(10, 10))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        plain = "background: transparent; border: none;"
        self.setStyleSheet(f"QToolButton, QToolButton:checked {{{plain}}}")
        self.toggled.connect(self._point)
        self.setChecked(opened)
        self._point(opened)

    def _point(self, opened: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
