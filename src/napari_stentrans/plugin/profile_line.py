"""ProfileLine: the layer on which a person draws the line of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_stentrans.plugin.arrangement import Arrangement
from napari_stentrans.plugin.frame import ON
from napari_stentrans.plugin.images import Tag
from napari_stentrans.plugin.viewers import camera_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers import SectionLayers


NAME = "profile line"
COLOUR = "#e69f00"
EVERY_MS = 200
"""At most five times a second."""
WIDTH_PX = 3


class ProfileLine(Arrangement):
    """A layer of shapes; the last line that was drawn or changed is the one.

    It begins in the mode of drawing lines; afterwards the line can be moved and its ends dragged.

    Parameters
    ----------
    layers
        The section that it lies on.
    """

    changed = Signal()
    """Another line was drawn, the line was changed, or it was taken away."""

    def __init__(self, layers: SectionLayers) -> None:
        self._on, viewer = layers, layers.viewer
        camera = camera_of(viewer)
        self.layer = Shapes(
            ndim=2,
            name=NAME,
            edge_color=COLOUR,
            face_color="transparent",
            opacity=1.0,
            edge_width=WIDTH_PX / max(camera.zoom, 1e-9),
            units=(layers.frame.unit,) * 2,
            metadata={ON: Tag(layers=layers)},
        )
        super().__init__(viewer, [self.layer])
        self._active = viewer.layers.selection.active
        viewer.layers.append(self.layer)
        viewer.layers.selection.active = self.layer
        self.layer.mode = "add_line"
        self.layer.mouse_drag_callbacks.append(self._on_drag)
        self._dragging = False
        viewer.help = "Draw a line across the tissue"  # the status bar says it
        self._seen: NDArray[np.float64] | None = None
        self._n = 0
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(EVERY_MS)
        self._soon.timeout.connect(self._look)
        for event in self._events():
            event.connect(self._look_soon)

    def path(self) -> NDArray[np.float64] | None:
        """Corners (corner, 2) of the line, (x, y) in full-resolution pixels; None without one."""
        return self._seen

    def draw_anew(self) -> None:
        """Let the person draw another line."""
        self._viewer.layers.selection.active = self.layer
        self.layer.mode = "add_line"

    def _restore(self) -> None:
        self._soon.stop()
        for event in self._events():
            event.disconnect(self._look_soon)
        layers = self._viewer.layers
        if self.layer in layers:
            layers.remove(self.layer)
        if self._active in layers and layers.selection.active is None:
            layers.selection.active = self._active

    def _events(self) -> tuple[Any, ...]:
        return self.layer.events.data, self.layer.events.set_data

    def _look_soon(self, event: Any = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_drag(self, layer: Shapes, event: Any) -> Iterator[None]:
        """Know whether the mouse is down."""
        self._dragging = True
        yield
        while event.type == "mouse_move":
            yield
        self._dragging = False
        self._look_soon()

    def _look(self) -> None:
        """Take the line that a person works on: the selected one, else the newest."""
        shapes, layer = list(self.layer.data), self.layer
        if not self._dragging:  # another tool would cut the line that is being drawn
            if len(shapes) > self._n and layer.mode == "add_line":
                layer.mode = "select"  # to move the line, or draw on another press of the button
            self._n = len(shapes)
        selected = sorted(layer.selected_data)
        at = selected[-1] if len(selected) == 1 and selected[-1] < len(shapes) else -1
        corners = None
        if shapes:
            world = np.array([layer.data_to_world(corner) for corner in shapes[at]])[:, -2:]
            corners = self._on.frame.xy(world)
            if not np.linalg.norm(np.diff(corners, axis=0), axis=1).sum() > 0:
                corners = None
        if not _same(corners, self._seen):
            self._seen = corners
            self.changed.emit()


def _same(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
