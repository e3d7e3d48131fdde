"""ProfileLine: the line of a profile, which a person draws, and moves by its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Vectors
from psygnal import Signal

from napari_stentrans.plugin.compare.view_mode import ViewMode
from napari_stentrans.plugin.layers.tags import ON, Tag
from napari_stentrans.plugin.napari_compat import camera_of, insert
from napari_stentrans.plugin.widgets.throttle import throttled_slot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

    Ends = NDArray[np.float64]

NAME = "profile line"
COLOUR, RIM = "#e69f00", "#1a1a1a"
EVERY_MS = 200
"""At most five times a second the plot follows."""
WIDTH_PX, BAR_PX = 2, 12
"""Width of the line, which has a rim as wide on each side, and half a bar at each of its ends."""
REACH_PX = 8
"""The line, or an end of it, is taken within this many pixels of the screen."""
SHORTEST_PX = 4
"""A shorter drag draws no line."""


class ProfileLine(ViewMode):
    """A straight line in a layer of its own.

    It begins with the line that the section had, or asks for one: press, drag, release. Then a
    drag at an end moves that end, a drag between them the line; other drags move the view.

    The layer is one of vectors. For the first layer of shapes napari compiles code for seconds,
    and its handles would lie over the line.
    """

    changed = Signal()
    """Another line was drawn, or the line was moved."""

    def __init__(self, layers: SectionLayers) -> None:
        self._layers, viewer = layers, layers.viewer
        self.layer = Vectors(
            ndim=2,
            name=NAME,
            vector_style="line",
            opacity=1.0,
            units=(layers.frame.unit,) * 2,
            metadata={ON: Tag(layers=layers)},
        )
        super().__init__(viewer, [self.layer])
        insert(viewer.layers, len(viewer.layers), self.layer)
        layers.store.line = self.layer
        line = layers.model.line
        self._drawing = line is None
        self._ends: Ends | None = None if line is None else layers.frame.world_yx(line)
        self._cursor = "standard"
        self._soon = throttled_slot(EVERY_MS, self._tell)
        self._frames = throttled_slot(15, self._draw)  # the mouse moves more often than this
        self._listen(
            (camera_of(viewer).events.zoom, self._on_zoom),
            (self.layer.events.affine, self._on_moved),  # by napari's own tool
        )
        self._follow_mouse(self._on_move, self._on_drag)
        self._draw()
        if self._drawing:
            self.draw_anew()

    def path(self) -> Ends | None:
        """Ends (2, 2) of the line, (x, y) in full-resolution pixels; None without one."""
        return self._layers.model.line

    def draw_anew(self) -> None:
        """Let the person draw another line, and put the brush aside."""
        self._drawing = True
        self._layers.paint.stop()
        self._viewer.help = "Draw a line across the tissue"  # the status bar says it

    def _restore(self) -> None:
        self._soon.cancel()
        self._frames.cancel()
        self._point("standard")
        self._layers.store.line = None
        if self.layer in self._viewer.layers:
            self._viewer.layers.remove(self.layer)

    # ---- what a person does

    def _on_move(self, viewer: ViewerModel, event: Any) -> None:
        taken = bool(self._taken(self._at(event)))
        self._point("cross" if self._drawing else "pointing" if taken else "standard")

    def _on_drag(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        """Draw a line, or move what is under the mouse; other drags move the view, as ever."""
        at, before = self._at(event), self._ends
        taken = (1,) if self._drawing else self._taken(at)
        if event.handled or event.button != 1 or not taken or viewer.dims.ndisplay != 2:
            return
        ends = np.array([at, at]) if self._drawing or before is None else before.copy()
        selection, active = viewer.layers.selection, viewer.layers.selection.active
        if active is not None and active.mode != "pan_zoom":
            selection.active = None  # a brush would paint meanwhile
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            now = self._at(event)
            ends[list(taken)] += now - at
            at = now
            self._move(ends)
            yield
        event.handled = True
        if self._on_screen(ends[1] - ends[0]) < SHORTEST_PX:
            self._move(before)
        else:
            self._drawing = False
        if selection.active is None and active in viewer.layers:
            selection.active = active
        self._tell()

    def _taken(self, at: NDArray[np.float64]) -> tuple[int, ...]:
        """Ends that a drag from a place (y, x) moves: one, both, or none."""
        if self._ends is None:
            return ()
        away = [self._on_screen(end - at) for end in self._ends]
        if min(away) < REACH_PX:
            return (int(np.argmin(away)),)
        start, way = self._ends[0], self._ends[1] - self._ends[0]
        part = np.clip((at - start) @ way / max(way @ way, 1e-12), 0, 1)
        return (0, 1) if self._on_screen(start + part * way - at) < REACH_PX else ()

    def _at(self, event: Any) -> NDArray[np.float64]:
        return np.asarray(self.layer.world_to_data(event.position[-2:]), float)

    def _on_screen(self, way: NDArray[np.float64]) -> float:
        """Length of a way (y, x) in pixels of the screen."""
        return float(np.linalg.norm(way) * camera_of(self._viewer).zoom)

    def _point(self, cursor: str) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self._viewer.cursor.style = cursor

    # ---- what is drawn, and told

    def _move(self, ends: Ends | None) -> None:
        self._ends = None if ends is None else ends.copy()
        self._frames.throttle()
        self._soon.throttle()

    def _draw(self) -> None:
        wide = WIDTH_PX / max(camera_of(self._viewer).zoom, 1e-9)
        strokes = np.empty((0, 2, 2)) if self._ends is None else _strokes(self._ends, wide)
        self.layer.data = strokes
        self.layer.edge_width = wide
        if len(strokes):
            third = len(strokes) // 3
            self.layer.edge_color = [COLOUR] * third + [RIM] * 2 * third

    def _tell(self) -> None:
        self._soon.cancel()
        line = None
        if self._ends is not None:
            world = np.array([self.layer.data_to_world(end) for end in self._ends])[:, -2:]
            line = self._layers.frame.xy(world)
        last = self._layers.model.line
        same = line is last if line is None or last is None else np.array_equal(line, last)
        if not same:
            self._layers.model.line = line
            self.changed.emit()

    def _on_zoom(self, event: Any = None) -> None:
        self._frames.throttle()

    def _on_moved(self, event: Any = None) -> None:
        self._soon.throttle()


def _strokes(ends: Ends, wide: float) -> NDArray[np.float64]:
    """Strokes (stroke, start and way, 2) of a line and of bars across its ends, then their rims."""
    way = ends[1] - ends[0]
    along = way / max(float(np.linalg.norm(way)), 1e-12)
    across = along[::-1] * (-1, 1)
    bar = BAR_PX / WIDTH_PX * wide * across
    strokes = np.array([[ends[0], way], [ends[0] - bar, 2 * bar], [ends[1] - bar, 2 * bar]])
    beside = wide * np.array([across, along, along])
    rims = [strokes.copy(), strokes.copy()]
    rims[0][:, 0] += beside
    rims[1][:, 0] -= beside
    return np.concatenate([strokes, *rims])
