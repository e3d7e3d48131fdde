"""Swipe: one map whose left part is of one layer and whose right part of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.experimental import link_layers, unlink_layers
from napari.layers import Image
from psygnal import Signal

from napari_stentrans.plugin.actions import keys_of
from napari_stentrans.plugin.compare.view_mode import LINKED, Hiding, ViewMode
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.napari_compat import camera_of
from napari_stentrans.plugin.widgets.throttle import next_turn, throttled_slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

REACH_PX = 8
"""The handle is taken within this many pixels of the screen."""
LINE_PX, KNOB_PX, KNOB_HIGH_PX = 2.5, 9, 26
"""Width of the line, and size of the knob in its middle, in pixels of the screen."""
BRIGHT, DARK = 1e6, -1e6
"""Far outside all values: the ends of the colormap."""
PLACE = ("scale", "translate")
STEP = 0.01
"""One press of an arrow key moves the handle by this part of the map."""


class Swipe(ViewMode):
    """A layer that is put together of both maps, and the handle between its parts.

    The maps, and layers that lie ``over`` them, are hidden meanwhile and never changed. The handle
    is drawn into the layer, so nothing else is in the scene.
    """

    moved = Signal(float)
    """Where the handle is now, from 0 (left) to 1."""

    def __init__(
        self,
        viewer: ViewerModel,
        before: Image,
        after: Image,
        over: Sequence[Layer],
        sides: tuple[str, str],
    ) -> None:
        super().__init__(viewer, (before, after))
        self._before, self._after = before, after
        self._active = viewer.layers.selection.active
        self._hiding = Hiding(viewer, [*over, before, after])
        self._column = self._drawn = self._wide = 0
        self._over = False
        self._left, self._right = _halves(before, after)
        self._sides = sides
        self.layer: Image = self._make_layer()
        self._needed = (before, after, self.layer)
        # The maps and their transforms change one after the other.
        self._soon = next_turn(self._on_maps_changed)
        self._frames = throttled_slot(15, self._redraw)  # the mouse moves more often than this
        self._follow()
        self.position = self._middle_of_view()
        self._redraw()

    @property
    def position(self) -> float:
        """Where the handle is, from 0 (left) to 1."""
        return self._column / self._columns

    @position.setter
    def position(self, fraction: float) -> None:
        column = round(float(np.clip(fraction, 0, 1)) * self._columns)
        if column != self._column:
            self._column = column
            self._frames.throttle()
            self.moved.emit(self.position)

    def call(self, sides: tuple[str, str]) -> None:
        if sides != self._sides:
            self._sides = sides
            self.layer.name = _name(sides)

    def _restore(self) -> None:
        self._soon.stop()
        self._frames.cancel()
        if self._over:
            self._viewer.cursor.style = "standard"
        layers = self._viewer.layers
        unlink_layers([self.layer])
        if self.layer in layers:
            layers.remove(self.layer)
        self._hiding.end()
        if self._active in layers:
            layers.selection.active = self._active

    # ---- what is drawn

    @property
    def _columns(self) -> int:
        return int(self._left.shape[1])

    def _make_layer(self) -> Image:
        after, layers = self._after, self._viewer.layers
        grid = _finer(self._before, after)
        options = {name: getattr(grid, name) for name in PLACE}
        options |= {
            name: getattr(after, name) for name in (*LINKED, "opacity", "blending", "units")
        }
        layer = Image(
            self._right.copy(), name=_name(self._sides), interpolation2d="nearest", **options
        )
        layers.insert(max(map(layers.index, (self._before, after))) + 1, layer)
        link_layers([layer, after], LINKED)
        layers.selection.active = layer
        return layer

    def _redraw(self) -> None:
        """Draw the columns that the handle has moved over."""
        line, knob, high = self._line_size()
        low, top = sorted((self._drawn, self._column))
        wide = max(knob, self._wide)  # what was drawn last, when it was seen from farther away
        low, top = max(low - wide, 0), top + wide
        data, at = self.layer.data, self._column
        middle = int(np.clip(at, low, top))
        data[:, low:middle] = self._left[:, low:middle]
        data[:, middle:top] = self._right[:, middle:top]
        self._draw_handle(data, line, knob, high)
        self._drawn, self._wide = at, knob
        self.layer.refresh(thumbnail=False, highlight=False, extent=False)

    def _draw_handle(self, data: NDArray[np.float32], line: int, knob: int, high: int) -> None:
        """Draw a dashed line, seen on any ground, and a knob half-way up what is in view."""
        rows, start = len(data), max(self._column - line // 2, 0)
        dash = max(high // 2, 1)
        dashes = np.where(np.arange(rows) // dash % 2, np.float32(BRIGHT), np.float32(DARK))
        data[:, start : start + line] = dashes[:, None]
        row = round(float(self.layer.world_to_data(self._center())[-2]))
        top = int(np.clip(row - high // 2, 0, max(rows - high, 0)))
        left = max(self._column - knob // 2, 0)
        data[top : top + high, left : left + knob] = BRIGHT
        rim = max(line // 2, 1)
        inside = data[top + rim : top + high - rim, left + rim : left + knob - rim]
        inside[:] = DARK

    def _line_size(self) -> tuple[int, int, int]:
        on_screen = self._on_screen()
        sizes = (LINE_PX, KNOB_PX, KNOB_HIGH_PX)
        line, knob, high = (max(round(size / max(on_screen, 1e-9)), 1) for size in sizes)
        return line, knob, high

    def _middle_of_view(self) -> float:
        """Position of the middle of the canvas; of the map where that is not in view."""
        column = float(self.layer.world_to_data(self._center())[-1])
        fraction = column / self._columns
        return fraction if 0.05 < fraction < 0.95 else 0.5

    def _center(self) -> tuple[float, ...]:
        return tuple(camera_of(self._viewer).center[-2:])

    # ---- what a person does

    def _on_move(self, viewer: ViewerModel, event: Any) -> None:
        over = self._is_over(event)
        if over != self._over:
            self._over = over
            viewer.cursor.style = "pointing" if over else "standard"

    def _on_drag(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        """Move the handle with the mouse; other drags move the view, as ever."""
        if event.handled or not self._is_over(event):
            return
        active = viewer.layers.selection.active
        viewer.layers.selection.active = self.layer  # else a brush would paint meanwhile
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            self.position = self.layer.world_to_data(event.position[-2:])[-1] / self._columns
            yield
        event.handled = True
        if active in viewer.layers:
            viewer.layers.selection.active = active

    def _is_over(self, event: Any) -> bool:
        column = float(self.layer.world_to_data(event.position[-2:])[-1])
        return abs(column - self._column) * self._on_screen() < REACH_PX

    def _on_screen(self) -> float:
        """Size of a pixel of the layer in pixels of the screen."""
        return float(abs(self.layer.scale[-1]) * camera_of(self._viewer).zoom)

    def _on_maps_changed(self) -> None:
        at, layer = self.position, self.layer
        self._left, self._right = _halves(self._before, self._after)
        layer.data = self._right.copy()
        grid = _finer(self._before, self._after)
        for name in PLACE:
            if not np.array_equal(getattr(layer, name), getattr(grid, name)):
                setattr(layer, name, getattr(grid, name))
        self._column = round(at * self._columns)
        self._drawn = 0
        self._redraw()

    def _on_zoom(self, event: Any = None) -> None:
        self._frames.throttle()

    def _maps_soon(self, event: Any = None) -> None:
        self._soon.start()

    def _follow(self) -> None:
        """Follow the view and the maps; end where the grid or 3D leave no place for a handle."""
        viewer, camera = self._viewer, camera_of(self._viewer).events
        grid = getattr(viewer, "canvas", viewer).grid  # the viewer's, before 0.9
        for emitter in (
            self.layer.events.visible,
            grid.events.enabled,
            viewer.dims.events.ndisplay,
        ):
            self._listen((emitter, self._on_no_room))
        self._listen((camera.zoom, self._on_zoom), (camera.center, self._on_zoom))
        for layer in (self._before, self._after):
            for name in ("data", *PLACE):
                self._listen((getattr(layer.events, name), self._maps_soon))
        self._follow_mouse(self._on_move, self._on_drag)
        for action, by in (("compare.swipe_left", -STEP), ("compare.swipe_right", STEP)):
            self._bind(keys_of(action), by)

    def _bind(self, key: str, by: float) -> None:
        """Let a key move the handle until the end, in place of what it did before."""
        viewer = self._viewer
        before = viewer.bind_key(key, None)
        if before is not None:
            self._heard.callback(viewer.bind_key, key, before)

        def step(viewer: ViewerModel) -> None:
            self.position += by

        viewer.bind_key(key, step)
        self._heard.callback(viewer.bind_key, key, None)


def _name(sides: tuple[str, str]) -> str:
    return f"swipe: {' | '.join(map(short, sides))}"


def _finer(before: Image, after: Image) -> Image:
    """Map with the smaller pixels; the second where both are alike."""
    return min((after, before), key=lambda layer: abs(layer.scale[-1]))


def _halves(before: Image, after: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both maps on the pixels of the finer one: float32, the nearest pixel is taken."""
    grid = _finer(before, after)
    return _on(grid, before), _on(grid, after)


def _on(grid: Image, layer: Image) -> NDArray[np.float32]:
    """A map on the pixels of another one."""
    data = np.asarray(layer.data, np.float32)
    if layer is grid:
        return data
    rows, columns = (_nearest(grid, layer, axis) for axis in (0, 1))
    return np.pad(data, ((0, 1), (0, 1)), constant_values=np.nan)[np.ix_(rows, columns)]


def _nearest(grid: Image, layer: Image, axis: int) -> NDArray[np.int64]:
    """For each pixel of a grid along an axis, the one of a layer; one past its end outside."""
    n, limit = grid.data.shape[axis], layer.data.shape[axis]
    world = np.arange(n) * grid.scale[axis] + grid.translate[axis]
    at = np.rint((world - layer.translate[axis]) / layer.scale[axis]).astype(np.int64)
    return np.where((at >= 0) & (at < limit), at, limit)
