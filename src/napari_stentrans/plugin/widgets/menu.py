"""Menus whose lines have tooltips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget


class Menu(QMenu):
    """A menu whose tooltips are shown."""

    def __init__(self, parent: QWidget, title: str = "") -> None:
        super().__init__(title, parent)
        self.setToolTipsVisible(True)

    def add(self, text: str, do: Callable[[], object] | None, tip: str = "") -> QAction:
        """Add a line that does something; one that does nothing cannot be chosen."""
        made = QAction(text, self)
        made.setEnabled(do is not None)
        if do is not None:
            made.triggered.connect(lambda: do())
        if tip:
            made.setToolTip(tip)
        self.addAction(made)
        return made
