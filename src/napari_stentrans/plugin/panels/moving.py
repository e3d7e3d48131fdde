"""MoveTools: buttons for a layer that a person lays by mouse: moved, turned, mirrored."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_stentrans.plugin.widgets.panel import button, in_row
from napari_stentrans.plugin.widgets.throttle import follow

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

MOVE = "transform"
HANDLES = (
    "by its middle to move it, by a corner to scale it (Shift keeps its shape), "
    "by the round handle to turn it. Hold Space to move the view."
)
"""How napari's transform mode is used."""
MARGIN = 0.25
"""Share of the view around a layer, for the handle that turns it."""


class MoveTools(QWidget):
    """Lets napari's transform mode move a layer, and says when it is to be turned or mirrored.

    Esc ends moving, with the mouse over the canvas or the keyboard in these buttons.
    """

    moveWanted = Signal(bool)
    """The layer is to be moved from now on, or no more."""
    changeWanted = Signal(str)
    """ "turn" by a quarter to the right, or "mirror"."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._layer: Image | None = None
        self.mover = button(text, "Move, turn and scale it by mouse (Esc ends it)")
        self.mover.setCheckable(True)
        self.mover.clicked.connect(self.moveWanted)
        turned, mirrored = (partial(self.changeWanted.emit, how) for how in ("turn", "mirror"))
        self.turn = button("Turn", "Turn it right by a quarter", turned)
        self.mirror = button("Mirror", "Swap left and right", mirrored)
        in_row(self.mover, self.turn, self.mirror, box=self).setStretch(0, 2)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        self._escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._escape.activated.connect(self.stop)
        self._show_mode()

    def start(self, viewer: ViewerModel) -> None:
        """Let the layer be moved."""
        if self._layer is not None:
            viewer.layers.selection.active = self._layer
            self._layer.visible = True
            self._layer.mode = MOVE

    def stop(self) -> None:
        """End moving; the layer stays where it is."""
        if self._layer is not None:
            self._layer.mode = "pan_zoom"

    def follow(self, layer: Image | None) -> None:
        """Follow a layer: how the mouse acts on it, and Esc."""
        if layer is not self._layer:
            follow(self._layer, layer, self._show_mode, "mode")
            self._layer = layer
            if layer is not None:
                layer.bind_key("Escape", self._on_escape, overwrite=True)
        self._show_mode()

    def _on_escape(self, layer: Image) -> None:
        layer.mode = "pan_zoom"

    def _show_mode(self, event: object = None) -> None:
        moving = self._layer is not None and self._layer.mode == MOVE
        self.mover.setChecked(moving)
        self._escape.setEnabled(moving)
