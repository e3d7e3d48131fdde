"""Side by side: the measured and the enhanced map in two cells of napari's grid."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari.experimental import link_layers, unlink_layers
from napari.layers import Layer

from napari_stentrans.plugin.compare.view_mode import Hiding, ViewMode
from napari_stentrans.plugin.napari_compat import camera_of, fit_to, insert

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image


FOLLOWED = {
    "labels": ("data", "colormap", "paint", "labels_update"),
    "vectors": ("data", "edge_width", "edge_color"),
}
"""By kind of layer: events that change what it shows, and what of it then is taken over."""


class SideBySide(ViewMode):
    """An arrangement of the viewer that remembers what was there before.

    napari's grid puts every ``stride`` layers, from the bottom up, into the next cell. So both
    maps come first, each on top of the tissue image and below the lost regions and the line of a
    profile, which lie ``over`` both (of which copies without data of their own are made), and all
    other layers are hidden.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        image: Image | None,
        before: Image,
        after: Image,
        over: Sequence[Layer] = (),
    ) -> None:
        super().__init__(viewer, (before, after, *over))
        self._maps = (before, after)
        self._order = list(viewer.layers)
        self._active = viewer.layers.selection.active
        grid = self._grid = getattr(viewer, "canvas", viewer).grid  # the viewer's, before 0.9
        self._grid_before = {name: getattr(grid, name) for name in ("stride", "shape", "enabled")}
        under = [] if image is None else [image]
        over = [layer for layer in over if layer.visible]
        self._copies = [Copy(layer) for layer in (*under, *over)]
        copies = [copied.layer for copied in self._copies]
        for layer in copies:
            insert(viewer.layers, len(viewer.layers), layer)
        left = [*under, before, *copies[len(under) :]]
        shown = [*left, *copies[: len(under)], after, *over]
        self._hiding = Hiding(viewer, self._order, but=shown)
        before.visible = after.visible = True
        _sort(viewer, [*shown, *(layer for layer in self._order if layer not in shown)])
        viewer.layers.selection.active = after
        with _same_view(viewer, self._maps):
            grid.stride, grid.shape, grid.enabled = len(left), (1, 2), True
        self._listen((grid.events.enabled, self._on_grid))

    def _restore(self) -> None:
        viewer = self._viewer
        with _same_view(viewer, self._maps):
            # First: a grid whose shape changes while it is on is made anew, and napari never lets
            # go of the one before, some 3 MiB.
            self._grid.enabled = False
            for name, value in self._grid_before.items():
                setattr(self._grid, name, value)
        for copied in self._copies:
            copied.end()
            if copied.layer in viewer.layers:
                viewer.layers.remove(copied.layer)
        _sort(viewer, [layer for layer in self._order if layer in viewer.layers])
        self._hiding.end()
        if self._active in viewer.layers:
            viewer.layers.selection.active = self._active

    def _on_grid(self) -> None:
        if not self._grid.enabled:
            self._grid_before["enabled"] = False
            self.end()


@contextmanager
def _same_view(viewer: ViewerModel, maps: Sequence[Layer]) -> Iterator[None]:
    """Keep what is in view of the maps, while the cell that they are seen in changes its size."""
    camera = camera_of(viewer)
    center, zoom = camera.center, camera.zoom
    left = [layer for layer in maps if layer in viewer.layers]
    fit_to(viewer, left)
    fitted = camera.zoom
    yield
    fit_to(viewer, left)
    camera.center, camera.zoom = center, camera.zoom * zoom / fitted


class Copy:
    """A layer that shows what another one does, and follows it: labels or vectors, if no image."""

    def __init__(self, of: Layer) -> None:
        data, options, kind = of.as_layer_data_tuple()
        options = options | {"name": f"{of.name} (beside)", "metadata": {}}
        self._of = of
        self.layer = Layer.create(data, options, kind)
        linked = ["visible", "opacity"]
        if kind == "labels":
            linked.append("contour")
            self.layer.contour = of.contour  # which is none of its options
        link_layers([of, self.layer], linked)
        self.layer.editable = False  # what is drawn on it would not be seen by anyone
        names = FOLLOWED.get(kind, ())
        self._events = [getattr(of.events, name) for name in names if name in of.events.emitters]
        self._names = [name for name in names if hasattr(type(of), name)]
        for event in self._events:
            event.connect(self._follow)

    def end(self) -> None:
        for event in self._events:
            event.disconnect(self._follow)
        unlink_layers([self.layer])

    def _follow(self, event: object = None) -> None:
        for name in self._names:
            if name != "data" or self.layer.data is not self._of.data:
                setattr(self.layer, name, getattr(self._of, name))
        self.layer.refresh()


def _sort(viewer: ViewerModel, first: Sequence[Layer]) -> None:
    """Put layers at the bottom of the list, in the order given."""
    for at, layer in enumerate(first):
        now = viewer.layers.index(layer)
        if now != at:
            viewer.layers.move(now, at)
