"""NamedPanel: the named regions of a section, their tools, and where they come from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_stentrans.annotation import Annotation
from napari_stentrans.errors import MaskError, StentransError
from napari_stentrans.plugin.layers.regions import NamedRegions, Regions, label_of_spots
from napari_stentrans.plugin.panels.region_list import NamedRegionList
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import Tool, allow, button, in_row, in_rows, words
from napari_stentrans.plugin.widgets.throttle import follow, throttled_slot

if TYPE_CHECKING:
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

EVENTS = ("paint", "data", "set_data", "labels_update", "features", "colormap", "selected_label")
COUNT_EVERY_MS = 150
TOOLS = {
    "paint": ("brush", "brush for named regions", "Paint the region that is chosen in the list"),
    "erase": ("eraser", "eraser for named regions", "Take spots out of all regions"),
    "polygon": ("polygon", "polygon for named regions", "Outline the region that is chosen"),
}
"""Icon, name and tooltip of a tool, by the mode of the layer."""
NO_SECTION = "Open a section first."
NOTHING = (
    "No regions yet. Find domains, or bring regions: a file of QuPath or Loupe, "
    "labels of the data, or your own paint."
)
MOST_COLUMNS = 20


class NamedPanel(QWidget):
    """Tools and a list over the layer of named regions; the ``annotation`` follows the paint."""

    changed = Signal()
    """There are other regions, or none."""
    fileWanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("named regions")
        self._context = context
        self._layers: SectionLayers | None = None
        self._regions: NamedRegions | None = None
        self._soon = throttled_slot(COUNT_EVERY_MS, self._take_in, self)
        self.tools = {
            mode: Tool(name, tip, partial(self._use, mode), icon=icon)
            for mode, (icon, name, tip) in TOOLS.items()
        }
        for made in self.tools.values():
            made.setCheckable(True)
        self.new = Tool("new named region", "Begin another region", self.add_region, text="+")
        self.source = button("Regions from", "Bring regions that are known already")
        self._menu = Menu(self.source)
        self._menu.aboutToShow.connect(self._list_sources)
        self.source.setMenu(self._menu)
        self.list = NamedRegionList()
        self.words = words("what named regions are for")
        row = in_row(self.source, *self.tools.values(), self.new, spacing=4)
        in_rows(self, row, self.list, self.words)

    @property
    def annotation(self) -> Annotation | None:
        """Named regions of the section, none of them empty; None without any."""
        found = None if self._layers is None else self._layers.model.annotation
        return found if found is not None and found.names else None

    def set_layers(self, layers: SectionLayers | None) -> None:
        self._layers = layers
        if layers is not None:  # each time anew: to connect twice is to connect once
            layers.viewer.layers.selection.events.active.connect(self._show_mode)
        self.watch()

    def watch(self) -> None:
        """Follow the layer of named regions, which may have come or gone."""
        old = None if self._regions is None else self._regions.layer
        new = None if self._layers is None else self._layers.regions
        if new is not old:
            self._regions = None if new is None else NamedRegions(new)
            follow(old, new, self._take_in_soon, *EVENTS)
            follow(old, new, self._show_mode, "mode")
        self._show_mode()
        self._show()

    def show_annotation(self, annotation: Annotation) -> None:
        """Show other regions in place of those that were there."""
        if self._layers is not None:
            self._layers.annotate(annotation)
            self.watch()
            self.changed.emit()

    def add_region(self) -> None:
        """Begin another region, to be painted and named."""
        layers = self._layers
        if layers is None:
            return
        if layers.regions is None:
            nowhere = np.full(layers.model.section.n_spots, -1, np.int32)
            layers.annotate(Annotation((), nowhere))
            self.watch()
        if self._regions is None:
            return
        try:
            label = self._regions.add()
        except MaskError as error:
            self._context.fail(str(error))
            return
        self._take_in()
        self.list.edit_name(label)

    # ---- what is painted

    def _take_in_soon(self, event: object = None) -> None:
        self._soon.throttle()

    def _take_in(self) -> None:
        """Let the section's regions be those of the layer."""
        if self._layers is None or self._regions is None:
            return
        self._regions.take_in_painted()
        model = self._layers.model
        now, was = self._regions.annotation(model.section), model.annotation
        if was is None or now.names != was.names or (now.codes != was.codes).any():
            model.annotate(now)
            self.changed.emit()
        self._show()

    def _show(self) -> None:
        annotation = None if self._layers is None else self._layers.model.annotation
        counts = {} if annotation is None else annotation.counts
        regions = self._regions
        named = {} if regions is None else regions.names
        self.list.show_regions(regions, {i: (counts.get(name, 0), 0) for i, name in named.items()})
        self.words.setText("" if named else NOTHING)
        self.words.setVisible(not named)
        for made in (*self.tools.values(), self.new, self.source):
            tip = made.tip if isinstance(made, Tool) else "Bring regions that are known already"
            allow(made, self._layers is not None, tip, NO_SECTION)

    # ---- tools

    def _use(self, mode: str) -> None:
        layers = self._layers
        if layers is None:
            return
        if self._regions is None or not self._regions.names:
            self.add_region()
        regions = self._regions
        if regions is None:
            return
        active, layer = layers.viewer.layers.selection.active, regions.layer
        on = active is not layer or str(layer.mode) != mode
        layer.visible = True
        layers.viewer.layers.selection.active = layer
        layer.mode = mode if on else "pan_zoom"
        if on and regions.selected not in regions.names:
            regions.select(next(iter(regions.names)))
        self._show_mode()

    def _show_mode(self, event: object = None) -> None:
        layers, regions, mode = self._layers, self._regions, ""
        if layers is not None and regions is not None:
            active = layers.viewer.layers.selection.active is regions.layer
            mode = str(regions.layer.mode) if active else ""
        for name, made in self.tools.items():
            made.setChecked(name == mode)

    # ---- where regions come from

    def _list_sources(self) -> None:
        """Offer a file, the columns of labels that the section has, and what is painted as lost."""
        self._menu.clear()
        tip = "Outlines of QuPath (GeoJSON), or a table of barcodes and labels, as Loupe saves it"
        self._menu.add("File (.geojson, .csv)…", self.fileWanted.emit, tip)
        layers = self._layers
        if layers is None:
            return
        if layers.lost is not None and layers.paint.names:
            self._menu.add("Lost regions", self._of_lost, "What is painted on the Repair page")
        columns = Annotation.columns(layers.model.section)
        if columns:
            self._menu.addSeparator()
        for column in columns[:MOST_COLUMNS]:
            self._menu.add(f"Labels “{column}”", partial(self._of_column, column), "In the data")

    def _of_lost(self) -> None:
        if self._layers is None or self._layers.lost is None:
            return
        regions = Regions(self._layers.lost)
        labels = label_of_spots(self._layers.model.section, np.asarray(regions.layer.data))
        named = [regions.names.get(int(label), "") for label in labels]
        self.show_annotation(Annotation.of(named))

    def _of_column(self, column: str) -> None:
        if self._layers is None:
            return
        try:
            found = Annotation.of_obs(self._layers.model.section, column)
        except StentransError as error:
            self._context.fail(str(error))
            return
        self.show_annotation(found)
