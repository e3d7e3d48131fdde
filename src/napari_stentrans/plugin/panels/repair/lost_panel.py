"""Lost regions: mark what a fold, a bubble or a tear has spoilt, and see what that comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_stentrans.errors import MaskError
from napari_stentrans.plugin.actions import EDITS, FINDS, tip_of
from napari_stentrans.plugin.layers import edits
from napari_stentrans.plugin.layers.regions import Painted, Regions
from napari_stentrans.plugin.models.result_words import too_far
from napari_stentrans.plugin.panels.region_list import RegionList
from napari_stentrans.plugin.panels.repair.finder import Finder
from napari_stentrans.plugin.widgets.panel import Tool, allow, in_row, in_rows, words
from napari_stentrans.plugin.widgets.throttle import follow, throttled_slot
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.bound import Bound

NO_LAYER = "Open a section first."
NOTHING = "Paint over folds, bubbles and tears to have them filled."
EVENTS = ("paint", "data", "set_data", "labels_update", "features", "colormap", "selected_label")
COUNT_EVERY_MS = 150
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


class LostPanel(QWidget):
    """Tools over the layer of lost regions of one section."""

    marked = Signal(object)
    """What is painted, as a LostMask; None where nothing can be painted yet."""

    def __init__(self, bound: Bound) -> None:
        super().__init__()
        self.setAccessibleName("lost regions")
        self._bound = bound
        self._layers: SectionLayers | None = None
        self._regions: Regions | None = None
        self._hint, self._found = "", 0
        self._soon = throttled_slot(COUNT_EVERY_MS, self.count, self)
        self.new = Tool("new region", tip_of("lost.new"), self.add_region, text="+")
        self.tools = {
            mode: Tool(name, tip, partial(self._use, mode), icon=icon)
            for mode, (icon, name, tip) in TOOLS.items()
        }
        for tool in self.tools.values():
            tool.setCheckable(True)
        self.steps = {
            name: Tool(name, tip, partial(self._step, name), icon=name)
            for name, tip in STEPS.items()
        }
        self.regions = RegionList()
        self.edits = {name.partition(".")[2]: bound[name] for name in EDITS}
        self.sources = {name.partition(".")[2]: bound[name] for name in FINDS}
        self.find_menu = bound.menu_button(
            "Find damage", "Look for what may be lost, by counts or in the image", FINDS
        )
        self.edit_menu = bound.menu_button("Edit", "Grow, shrink, swap or clear", EDITS)
        self.finder = Finder()
        self.finder.accepted.connect(self._paint_cells)
        self.finder.said.connect(self._say)
        self.finder.looking.connect(self._allow)
        self.words, self.warning = words("what is painted"), words("what is too large")
        tools = in_row(*self.tools.values(), *self.steps.values(), spacing=4)
        tools.addStretch(1)
        tools.addWidget(self.new)
        menus = in_row(self.find_menu, self.edit_menu)
        below = (self.finder, self.words, self.warning)
        self.rows = in_rows(self, tools, self.regions, menus, *below)
        self.count()

    # ---- what the page calls

    @property
    def painting(self) -> bool:
        """Whether a tool is on, so that the mouse paints."""
        return self._mode() in self.tools

    @property
    def has_region(self) -> bool:
        return self._regions is not None and bool(self._regions.names)

    @property
    def can_find_tissue(self) -> bool:
        """Whether there is an image in which nothing is being looked for."""
        there = self._layers is not None and bool(self._layers.model.section.images)
        return there and not self.finder.busy

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.finder.set_layers(layers)
        self._layers = layers
        self._hint, self._found = "", 0
        if layers is not None:  # each time anew: to connect twice is to connect once
            layers.viewer.layers.selection.events.active.connect(self._show_mode)
        self.watch()

    def watch(self) -> None:
        """Follow the layer of lost regions, which may have come or gone."""
        old = None if self._regions is None else self._regions.layer
        new = None if self._layers is None else self._layers.lost
        if new is not old:
            self._regions = None if new is None else Regions(new)
            follow(old, new, self._count_soon, *EVENTS)
            follow(old, new, self._show_mode, "mode")
        self.finder.watch()
        self._show_mode()
        self.count()

    def count(self) -> None:
        """Say what is painted, region by region."""
        layers, regions = self._layers, self._regions
        if regions is not None:
            regions.take_in_painted()
        self._allow()
        if layers is None or regions is None:
            self.regions.show_regions(None, {})
            self.words.setText(self._hint or NOTHING * (layers is not None))
            self.warning.hide()
            self.marked.emit(None)
            return
        try:
            found = Painted.of(layers.model.section, regions.layer.data)
        except MaskError as error:
            self.words.setText(str(error))
            return
        self.regions.show_regions(regions, {i: found.counts(i) for i in regions.names})
        spots, sites = int(found.mask.lost.sum()), len(found.mask.sites)
        parts = [f"{some(spots, 'spot')} lost"] * bool(spots)
        parts += [some(sites, "unmeasured site")] * bool(sites)
        said = ", ".join(parts) or "Nothing is marked yet"
        self.words.setText(f"{self._hint} {said}.".strip())
        self.warning.setText(_too_large(found, regions))
        self.warning.setVisible(bool(found.reach.far))
        self.marked.emit(found.mask)

    def _allow(self) -> None:
        there = self._layers is not None
        for tool in (*self.tools.values(), *self.steps.values()):
            allow(tool, there, tool.tip, NO_LAYER)
        self.new.setEnabled(there)
        self._bound.allow()

    def _say(self, text: str) -> None:
        self._hint = text
        self.count()

    # ---- regions

    def add_region(self) -> None:
        """Make a layer to paint on, or another region on the one that is there."""
        if self._layers is None:
            return
        first = self._layers.lost is None
        self._layers.add_lost()
        self._hint = ""
        self.watch()
        if first or self._regions is None:
            return
        try:
            label = self._regions.add()
        except MaskError as error:
            self._say(str(error))
            return
        self.count()
        self.regions.edit_name(label)

    def step_region(self, step: int) -> None:
        if self._regions is not None and self._regions.names:
            labels = list(self._regions.names)
            used = self._regions.selected
            at = labels.index(used) if used in labels else -step
            self._regions.select(labels[(at + step) % len(labels)])

    def _ready(self, layers: SectionLayers) -> Regions:
        """Regions of which one is selected; the layer is made where it is not there."""
        layer = layers.lost
        if layer is None:
            layer = layers.add_lost()
            layer.mode = "pan_zoom"
        self.watch()
        regions = self._regions or Regions(layer)
        if not regions.names:
            regions.add()
        elif regions.selected not in regions.names:
            regions.select(next(iter(regions.names)))
        layers.viewer.layers.selection.active = layer  # so that Ctrl+Z is meant for it
        return regions

    # ---- edits

    def edit(self, name: str) -> None:
        """Change the paint by one of the functions in ``edits``."""
        if self._layers is not None:
            regions, change = self._ready(self._layers), getattr(edits, name)
            labels = np.asarray(regions.layer.data)
            section = self._layers.model.section
            self._repaint(change(section, labels, regions.selected))

    def from_shapes(self) -> None:
        """Paint what is drawn on the selected Shapes layer."""
        if self._layers is None:
            return
        shapes = edits.shapes_of(self._layers.viewer)
        if shapes is None:
            self._say("Draw on a Shapes layer (button above napari's list of layers), select it.")
            return
        cells = edits.drawn(shapes, self._ready(self._layers).layer)
        self._paint_cells(cells, said=f"Painted what is drawn on “{shapes.name}”.")

    def paint_named(self, parts: Sequence[tuple[NDArray[np.bool_], str]]) -> None:
        """Paint cells (row, column) with the regions of these names, as one step for undo."""
        if self._layers is not None:
            regions = self._ready(self._layers)
            self._repaint(regions.painted_with(parts))
            self._found = regions.selected

    def _paint_cells(self, cells: NDArray[np.bool_], name: str = "", said: str = "") -> None:
        """Paint cells (row, column) with the region of a name or the one that is selected."""
        if self._layers is not None:
            regions = self._ready(self._layers)
            if name:
                regions.select(regions.label_of(name))
            labels = np.asarray(regions.layer.data)
            self._repaint(edits.added(labels, cells, regions.selected), said)

    def _repaint(self, labels: NDArray[np.integer], said: str = "") -> None:
        if self._layers is not None:
            self._layers.paint.relabel(labels)
        self._say(said)

    # ---- the layer

    def _use(self, mode: str) -> None:
        """Switch a tool on, or back to moving the view; the first makes the first region."""
        if self._layers is not None:
            on = self._mode() == mode
            regions = self._ready(self._layers)
            if not on and mode != "erase" and regions.selected == self._found:
                regions.add()  # what a person paints is not what was found
            self._found = 0
            regions.layer.mode = "pan_zoom" if on else mode
            self._show_mode()

    def _step(self, name: str) -> None:
        if self._regions is not None:
            getattr(self._regions.layer, name)()
            self._say("")

    def _count_soon(self, event: object = None) -> None:
        self._soon.throttle()

    def _show_mode(self, event: object = None) -> None:
        on = self._mode()
        for mode, tool in self.tools.items():
            tool.setChecked(mode == on)

    def _mode(self) -> str:
        """Tool that is on; none while another layer is selected, which the mouse is meant for."""
        if self._layers is None or self._regions is None:
            return ""
        layer = self._regions.layer
        return str(layer.mode) if self._layers.viewer.layers.selection.active is layer else ""


def _too_large(found: Painted, regions: Regions) -> str:
    """Name the regions that are too large to be trusted."""
    if found.mask.lost.all():
        return "⚠ All spots are lost: nothing is left to fill them from."
    names = regions.names
    large = [f"“{names[i]}”" for i in found.too_large() if i in names]
    who = " and ".join(large) or "What is painted"
    return (
        f"⚠ {who} {'reach' if len(large) > 1 else 'reaches'} too far to be trusted: "
        f"{too_far(found.reach)} They will be filled, and marked as extrapolated."
    )
