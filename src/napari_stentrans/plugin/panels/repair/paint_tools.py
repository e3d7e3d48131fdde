"""PaintTools: the tools of the layer of lost regions, and the steps of its undo."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_stentrans.plugin.widgets.panel import Tool, allow, in_row

if TYPE_CHECKING:
    from collections.abc import Callable

TOOLS = {
    "paint": ("brush", "brush", "Paint lost tissue (key 2 or P on the canvas)"),
    "erase": ("eraser", "eraser", "Take paint away (key 1 or E on the canvas)"),
    "polygon": ("polygon", "polygon", "Outline lost tissue with clicks (key 3 on the canvas)"),
    "fill": ("bucket", "fill", "Fill a closed outline with a click (key 4 or F on the canvas)"),
}
"""Icon, name and tooltip of a tool, by the mode of the layer."""
STEPS = {
    "undo": "Take the last change of the paint back (Ctrl+Z on the canvas)",
    "redo": "Do again what was taken back (Ctrl+Shift+Z on the canvas)",
}


class PaintTools(QWidget):
    """A row with a button for each tool and each step of undo.

    ``use`` is called with the mode that a tool stands for, ``step`` with "undo" or "redo".
    """

    def __init__(self, use: Callable[[str], None], step: Callable[[str], None]) -> None:
        super().__init__()
        self.tools, self.steps = {}, {}
        for mode, (icon, name, tip) in TOOLS.items():
            self.tools[mode] = Tool(name, tip, partial(use, mode), icon=icon)
            self.tools[mode].setCheckable(True)
        for name, tip in STEPS.items():
            self.steps[name] = Tool(name, tip, partial(step, name), icon=name)
        in_row(*self.tools.values(), *self.steps.values(), box=self, spacing=4).addStretch(1)

    def allow(self, allowed: bool, why: str) -> None:
        for mode, (*_, tip) in TOOLS.items():
            allow(self.tools[mode], allowed, tip, why)
        for name, tip in STEPS.items():
            allow(self.steps[name], allowed, tip, why)

    def show_mode(self, mode: str) -> None:
        """Show which tool is on; none where it is no mode of a tool."""
        for name, tool in self.tools.items():
            tool.setChecked(name == mode)
