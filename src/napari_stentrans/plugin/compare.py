"""Side by side: the measured and the enhanced map in two cells of napari's grid."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari.experimental import link_layers, unlink_layers
from napari.layers import Layer

from napari_stentrans.plugin.arrangement import Arrangement
from napari_stentrans.plugin.fitting import fit_to
from napari_stentrans.plugin.roles import insert
from napari_stentrans.plugin.viewers import camera_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image


class SideBySide(Arrangement):
    """An arrangement of the viewer that remembers what was there before.

    napari's grid puts every ``stride`` layers, from the bottom up, into the next cell. So both
    maps come first, each on top of the tissue image (of which a copy without data of its own
    is made), and all other layers are hidden.

    Parameters
    ----------
    viewer
        Where the layers are.
    image
        Tissue image, or None.
    before, after
        The maps for the left and for the right.
    """

    def __init__(
        self, viewer: ViewerModel, image: Image | None, before: Image, after: Image
    ) -> None:
        super().__init__(viewer, (before, after))
        self._order = list(viewer.layers)
        self._visible = {layer: layer.visible for layer in self._order}
        self._active = viewer.layers.selection.active
        grid = self._grid = getattr(viewer, "canvas", viewer).grid  # the viewer's, before 0.9
        self._grid_before = {name: getattr(grid, name) for name in ("stride", "shape", "enabled")}
        self._copy: Layer | None = None
        shown: list[Layer] = [before, after]
        if image is not None:
            self._copy = _copy(image)
            insert(viewer.layers, len(viewer.layers), self._copy)
            shown = [image, before, self._copy, after]
        for layer in self._order:
            layer.visible = layer in (before, after) or (layer is image and self._visible[layer])
        _sort(viewer, [*shown, *(layer for layer in self._order if layer not in shown)])
        viewer.layers.selection.active = after
        with _same_view(viewer, self._needed):
            grid.stride, grid.shape, grid.enabled = len(shown) // 2, (1, 2), True
        grid.events.enabled.connect(self._on_grid)

    def _restore(self) -> None:
        """Bring back the order, the visibility and the grid that were there before."""
        viewer = self._viewer
        self._grid.events.enabled.disconnect(self._on_grid)
        with _same_view(viewer, self._needed):
            # First: a grid whose shape changes while it is on is made anew, and napari never lets
            # go of the one before, some 3 MiB.
            self._grid.enabled = False
            for name, value in self._grid_before.items():
                setattr(self._grid, name, value)
        if self._copy is not None and self._copy in viewer.layers:
            unlink_layers([self._copy])
            viewer.layers.remove(self._copy)
        _sort(viewer, [layer for layer in self._order if layer in viewer.layers])
        for layer, visible in self._visible.items():
            if layer in viewer.layers:
                layer.visible = visible
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


def _copy(image: Image) -> Image:
    data, options, kind = image.as_layer_data_tuple()
    options = options | {"name": f"{image.name} (beside)", "metadata": {}}
    copy = Layer.create(data, options, kind)
    link_layers([image, copy], ("visible", "opacity"))
    return copy


def _sort(viewer: ViewerModel, first: Sequence[Layer]) -> None:
    """Put layers at the bottom of the list, in the order given."""
    for at, layer in enumerate(first):
        now = viewer.layers.index(layer)
        if now != at:
            viewer.layers.move(now, at)
