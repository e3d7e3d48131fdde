"""NeighbourLayers: neighbouring sections, drawn as they lie on the section that is looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import ensure_colormap

from napari_stentrans.alignment import by_hand
from napari_stentrans.errors import SectionError
from napari_stentrans.plugin.layers.images import ON_RASTER
from napari_stentrans.plugin.layers.tags import ON, Tag
from napari_stentrans.plugin.models.maps import SUMS, measured
from napari_stentrans.plugin.napari_compat import insert
from napari_stentrans.plugin.widgets.throttle import timer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.beside import Beside
    from napari_stentrans.plugin.models.gene_maps import GeneMaps
    from napari_stentrans.raster import SpotRaster

RIM_COLOUR = (240, 60, 200, 255)
"""Stands out from the colours of maps, and from a dark and a light canvas."""
NO_GENE = (128, 128, 128, 160)
"""Colour of the tissue of a neighbour that does not have the gene."""
STILL_MS = 250
"""A layer that was not moved for so long has come to rest."""
SAME = 1e-6
"""Share of a raster pixel below which nothing was moved."""


class NeighbourLayers:
    """A layer for each neighbouring section that is seen: the shown gene, and the outline.

    They are there while the section is looked at. napari's transform mode moves them; what comes of
    that is told to the model.
    """

    def __init__(self, layers: SectionLayers) -> None:
        self._layers, self._model = layers, layers.model
        self._of: dict[Beside, Image] = {}
        self._drawn: dict[Beside, tuple[Any, ...]] = {}
        self._moved: Beside | None = None
        self._aside: tuple[Beside | None, NDArray[np.float64]] = (None, np.zeros(2))
        self._busy = False
        self._soon = timer(None, self._draw)
        self._still = timer(None, self.take_in, STILL_MS)
        self._model.neighbours.changed.connect(self._draw_soon)
        self._model.drawn.connect(self._draw_soon)
        layers.viewer.layers.events.removed.connect(self._on_removed)
        self._draw_soon()

    def layer(self, one: Beside) -> Image | None:
        """Layer of a neighbour; None while it is not there."""
        return self._of.get(one)

    def end(self) -> None:
        """Take the layers away; how they lie stays known."""
        self._soon.stop()
        self.take_in()
        self._model.neighbours.changed.disconnect(self._draw_soon)
        self._model.drawn.disconnect(self._draw_soon)
        self._layers.viewer.layers.events.removed.disconnect(self._on_removed)
        self._remove(list(self._of))

    def draw(self) -> None:
        """Draw at once what waits to be drawn."""
        while self._soon.isActive():
            self._soon.stop()
            self._draw()

    def set_opacity(self, opacity: float) -> None:
        self._model.neighbours.opacity = opacity
        for one, layer in self._of.items():
            layer.opacity = 1 if one is self._aside[0] else opacity

    def set_swiped(self, share: float) -> None:
        """Draw them only right of this share of the section's width."""
        self._model.neighbours.swiped = share
        self._draw_soon()

    def leave(self) -> None:
        """Select a map of the section, which the status bar speaks of, in place of a neighbour."""
        if self._layers.viewer.layers.selection.active in self._of.values():
            self._layers.visibility.select()

    def put_aside(self, one: Beside | None, by: NDArray[np.float64]) -> None:
        """Draw a neighbour away from where it lies, by so many pixels (x, y); None: none."""
        self._aside = one, by
        self._draw()
        self.set_opacity(self._model.neighbours.opacity)

    # ---- what is drawn

    def _draw_soon(self, event: object = None) -> None:
        self._soon.start()

    def _draw(self) -> None:
        """Bring the layers up to date; new ones are made one in each turn."""
        there = list(self._model.neighbours)
        self._remove([one for one in self._of if one not in there])
        for one in there:
            layer = self._of.get(one)
            if layer is not None:
                self._update(one, layer)
        new = [one for one in there if one.shown and one not in self._of]
        if new:
            self._make(new[0])
        if len(new) > 1:
            self._soon.start()

    def _make(self, one: Beside) -> None:
        viewer = self._layers.viewer
        layer = Image(
            self._pixels(one),
            name=f"{one.name} (neighbour)",
            rgb=True,
            opacity=self._model.neighbours.opacity,
            blending="translucent",
            metadata={ON: Tag(layers=self._layers)},
            **ON_RASTER,
            **self._lies(one),
        )
        self._of[one], self._drawn[one] = layer, self._key(one)
        with self._layers.beside_anew():
            insert(viewer.layers, len(viewer.layers), layer)
        layer.events.affine.connect(partial(self._on_affine, one))
        layer.events.visible.connect(partial(self._on_visible, one))

    def _update(self, one: Beside, layer: Image) -> None:
        self._busy = True
        try:
            layer.visible = one.shown
            if one is not self._moved:
                lies = self._lies(one)["affine"]
                if not np.allclose(np.asarray(layer.affine.affine_matrix), lies, rtol=1e-12):
                    layer.affine = lies
            if one.shown and self._drawn[one] != self._key(one):
                layer.data = self._pixels(one)
                self._drawn[one] = self._key(one)
        finally:
            self._busy = False

    def _key(self, one: Beside) -> tuple[Any, ...]:
        """What decides how a neighbour looks."""
        maps, swiped = self._model.maps, self._swiped(one)
        cut = (swiped, one.lies.matrix.tobytes()) if swiped else ()
        return id(one.lay.pixels), maps.shown, maps.look, str(maps.colormap), cut

    def _swiped(self, one: Beside) -> float:
        return 0.0 if one in (self._moved, self._aside[0]) else self._model.neighbours.swiped

    def _pixels(self, one: Beside) -> NDArray[np.uint8]:
        """Pixels (row, column, 4) of the map of the gene in a neighbour, and its outline."""
        table = np.vstack([colours_of(one, self._model.maps), RIM_COLOUR, (0, 0, 0, 0)])
        pixels = table.astype(np.uint8)[one.lay.pixels]
        if swiped := self._swiped(one):
            x = self._model.section.xy[:, 0]
            edge = x.min() + swiped * (x.max() - x.min())
            across, down, start = (one.lies.matrix @ _places(one.given.section.raster))[0]
            rows, columns = (np.arange(n) for n in pixels.shape[:2])
            pixels[across * columns + (down * rows)[:, None] + start < edge, 3] = 0
        return pixels

    def _lies(self, one: Beside) -> dict[str, Any]:
        affine = (one.lies.matrix @ _places(one.given.section.raster))[:2]
        away, by = self._aside
        if one is away:
            affine[:, 2] += by
        return self._layers.frame.of_affine(affine)

    # ---- what a person does

    def _on_affine(self, one: Beside, event: object = None) -> None:
        if not self._busy and one is not self._aside[0]:
            if self._moved is not None and self._moved is not one:
                self.take_in()
            self._moved = one
            self._still.start()

    def take_in(self) -> None:
        """Tell the model how the layer lies that was moved last."""
        self._still.stop()
        one, self._moved = self._moved, None
        layer = None if one is None else self._of.get(one)
        if one is None or layer is None or one not in self._model.neighbours:
            return
        places = _places(one.given.section.raster)
        now = np.vstack([self._layers.frame.affine_of(layer), (0, 0, 1)])
        was = one.lies.matrix @ places
        if np.abs(now - was).max() <= SAME * np.abs(was).max():
            return  # another unit only
        try:
            self._model.neighbours.move(one, by_hand(now @ np.linalg.inv(places)))
        except SectionError:  # it was pressed flat
            self._draw_soon()

    def _on_visible(self, one: Beside, event: object = None) -> None:
        if self._busy or one not in self._model.neighbours:
            return
        if self._layers.views.shown:  # which hides and brings back all layers
            self._draw_soon()
        else:
            self._model.neighbours.show(one, on=self._of[one].visible)

    def _on_removed(self, event: Any) -> None:
        for one, layer in list(self._of.items()):
            if layer is event.value:
                self._forget(one)
                self._model.neighbours.show(one, on=False)

    def _remove(self, those: list[Beside]) -> None:
        layers = self._layers.viewer.layers
        for layer in [self._forget(one) for one in those]:
            if layer in layers:
                layers.remove(layer)

    def _forget(self, one: Beside) -> Image:
        del self._drawn[one]
        return self._of.pop(one)


def colours_of(one: Beside, maps: GeneMaps) -> NDArray[np.uint8]:
    """Colours (spot, 4) of the spots of a neighbour, for the map that was chosen last."""
    section, name = one.given.section, maps.shown
    theirs = name if name in SUMS else one.genes.get(name)
    if theirs is None:
        return np.tile(np.array(NO_GENE, np.uint8), (section.n_spots, 1))
    values = measured(section, theirs, maps.look.scale)
    low, high = maps.look.limits(values[one.given.seen])  # its own: counts differ in depth
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(255 * ensure_colormap(maps.colormap).map(share), np.uint8)


def _places(raster: SpotRaster) -> NDArray[np.float64]:
    """Affine (3, 3) of the pixels (x, y, 1) of a raster to positions."""
    x, y = raster.origin
    return np.array([[raster.pixel, 0, x], [0, raster.pixel, y], [0, 0, 1.0]])
