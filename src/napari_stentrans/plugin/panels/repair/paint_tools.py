"""PaintTools: the tools of the layer of lost regions, and the steps of its undo."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QWidget

from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.panel import allow

if TYPE_CHECKING:
    from collections.abc import Callable

TOOLS = {
    "paint": ("brush", "Brush", "Paint lost tissue (key 2 or P on the canvas)"),
    "erase": ("eraser", "Eraser", "Take paint away (key 1 or E on the canvas)"),
    "polygon": ("polygon", "Polygon", "Outline lost tissue with clicks (key 3 on the canvas)"),
    "fill": ("bucket", "Fill", "Fill a closed outline with a click (key 4 or F on the canvas)"),
}
STEPS = {
    "undo": ("Undo", "Take the last change of the paint back (Ctrl+Z on the canvas)"),
    "redo": ("Redo", "Do again what was taken back (Ctrl+Shift+Z on the canvas)"),
}


class PaintTools(QWidget):
    """A row with a button for each tool and each step of undo."""

    used = Signal(str)
    """A tool was pressed: the mode of the layer that it stands for."""
    stepped = Signal(str)
    """"undo" or "redo"."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.tools, self.steps = {}, {}
        for mode, (_, name, tip) in TOOLS.items():
            self.tools[mode] = _tool(row, name, tip, partial(self.used.emit, mode))
            self.tools[mode].setCheckable(True)
        for step, (name, tip) in STEPS.items():
            self.steps[step] = _tool(row, name, tip, partial(self.stepped.emit, step))
        row.addStretch(1)

    def allow(self, allowed: bool, why: str) -> None:
        for mode, (*_, tip) in TOOLS.items():
            allow(self.tools[mode], allowed, tip, why)
        for step, (_, tip) in STEPS.items():
            allow(self.steps[step], allowed, tip, why)

    def show_mode(self, mode: str) -> None:
        for name, tool in self.tools.items():
            tool.setChecked(name == mode)

    def recolour(self) -> None:
        color = text_color(self)
        for mode, (name, *_) in TOOLS.items():
            self.tools[mode].setIcon(icon(name, color))
        for name, made in self.steps.items():
            made.setIcon(icon(name, color))


def _tool(row: QHBoxLayout, name: str, tip: str, clicked: Callable[[], None]) -> QToolButton:
    made = QToolButton()
    made.setToolTip(tip)
    made.setAccessibleName(name.lower())
    made.setIconSize(QSize(18, 18))
    made.clicked.connect(lambda: clicked())
    row.addWidget(made)
    return made
