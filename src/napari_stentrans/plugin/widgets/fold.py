"""Fold: a line with an arrow that shows and hides what is below it."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt

from napari_stentrans.plugin.widgets.panel import Tool


class Fold(Tool):
    """A button that looks like a line of text, with an arrow that says whether it is open."""

    def __init__(self, text: str, tip: str, *, opened: bool = False) -> None:
        super().__init__(text.lower(), tip, text=text, flat=True)
        self.setCheckable(True)
        self.setIconSize(QSize(10, 10))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        plain = "background: transparent; border: none;"
        self.setStyleSheet(f"QToolButton, QToolButton:checked {{{plain}}}")
        self.toggled.connect(self._point)
        self.setChecked(opened)
        self._point(opened)

    def _point(self, opened: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
