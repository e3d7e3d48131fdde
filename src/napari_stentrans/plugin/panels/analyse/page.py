"""AnalysePage: what the maps are good for: regions, domains, spatial genes, patterns, pathways."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QProgressBar

from napari_stentrans.errors import StentransError
from napari_stentrans.export.table import save_table
from napari_stentrans.io.regions import read_regions_steps
from napari_stentrans.plugin.jobs.analysing import Analysing
from napari_stentrans.plugin.jobs.copying import copy_text
from napari_stentrans.plugin.models.analysis_script import script_of
from napari_stentrans.plugin.panels.analyse.asks import Asks
from napari_stentrans.plugin.panels.analyse.found_tab import FoundTab
from napari_stentrans.plugin.panels.analyse.named_panel import NamedPanel
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.widgets.dialogs import ask_regions_file, ask_table
from napari_stentrans.plugin.widgets.make import choice, laid, offer
from napari_stentrans.plugin.widgets.panel import (
    OneLine,
    button,
    called,
    in_row,
    parting,
    row_of,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.analyses import Found, MapOf
    from napari_stentrans.progress import Progress, Steps
    from napari_stentrans.section import Section


class AnalysePage(Following, Page):
    """Asks for analyses, and says what they came to; tables and plots are in the wide panel."""

    title = "Analyse"
    tip = "Regions, domains, spatial genes, patterns and pathways"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.jobs = Analysing(self)
        self.named, self.tab = NamedPanel(context), FoundTab(context)
        context.wide.add("Analysis", self.tab, "Tables and plots of the Analyse page")
        self._gene = ""
        self._make()
        self._lay_out()
        self._connect()
        self._allow()

    # ---- what is analysed

    @property
    def data(self) -> Section | Enhancement | None:
        """The result that is shown, or the section as it was measured."""
        if self.model is None:
            return None
        result = self.model.enhancement
        measured = result is None or self.model.preview_of or self.of.currentData() == "measured"
        return self.model.section if measured else result

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self.layers:
            self.jobs.stop()
        self.named.set_layers(layers)
        super().set_layers(layers)
        self._show_found()

    def refresh(self) -> None:
        model = self.model
        result = None if model is None or model.preview_of else model.enhancement
        offered = {"measured": "Expression as measured"}
        if model is not None and result is not None:
            run = model.run
            offered = {"result": f"Result: {run.name if run is not None else 'enhanced'}"} | offered
        known = self.of.findData("result") >= 0  # else it is new, and what a person wants
        offer(self.of, offered, self.of.currentData() if known else "result")
        gene = "" if model is None else model.gene
        if gene != self._gene:
            self._gene = gene
            self._hide_map()
        self.tab.mark(gene)
        self._allow()

    def _begin(self, work: Callable[[Any, Any], Steps[Found]]) -> None:
        data, layers = self.data, self.layers
        if data is None or layers is None or self.jobs.busy:
            return
        lost = None
        if data is layers.model.section and self.context.painted is not None:
            lost = self.context.painted.lost
        self.words.setText("")
        self.jobs.start(partial(work, data, lost), partial(self._on_found, layers))

    @property
    def _listed(self) -> Found | None:
        """What is shown, or else was found last, that comes to genes."""
        kept = [] if self.model is None else list(self.model.found.values())
        shown = [self.tab.shown] if self.tab.shown is not None else []
        return next((one for one in (*shown, *reversed(kept)) if one.lists_genes), None)

    # ---- what comes of it

    def _on_found(self, layers: SectionLayers, found: Found) -> None:
        layers.model.found.pop(found.kind, None)  # the last comes last
        layers.model.found[found.kind] = found
        if layers is not self.layers:
            return
        if found.annotation is not None:
            self.named.show_annotation(found.annotation)
        self._show_found(found)
        self.context.wide.open(self.tab)

    def _show_found(self, found: Found | None = None) -> None:
        """Say what was found last of the section."""
        kept = {} if self.model is None else self.model.found
        found = found or next(reversed(kept.values()), None)
        self.words.setText("" if found is None else found.words)
        self.words.setToolTip("" if found is None else found.more)
        self.tab.set_found(kept, None if found is None else found.kind)
        self._allow()

    def _on_row(self, name: str) -> None:
        """Show the map of a row."""
        shown, layers = self.tab.shown, self.layers
        self._allow()
        if shown is None or layers is None:
            return
        if shown.maps is not None:
            self._show_map(layers, name, shown.maps)
        elif shown.map_later is not None and not self.jobs.busy:
            work = partial(shown.map_later, name)
            self.jobs.start(work, partial(self._show_map, layers, name))

    def _show_map(self, layers: SectionLayers, name: str, maps: MapOf) -> None:
        if layers is self.layers:
            layers.show_found(maps.raster, maps.values(name), name)

    def _hide_map(self) -> None:
        """Show the maps of genes again."""
        if self.layers is not None:
            self.layers.hide_found()

    def _on_step(self, step: Progress) -> None:
        self.bar.setRange(0, max(step.total, 0))
        self.bar.setValue(step.done)
        self.doing.setText(step.stage)

    def _on_busy(self) -> None:
        busy = self.jobs.busy
        for part in (self.bar, self.doing, self.cancel):
            part.setVisible(busy)
        if busy:
            self.bar.setRange(0, 0)
            self.doing.setText("")
        self._allow()

    def _on_regions(self) -> None:
        self.asks.set_annotation(self.named.annotation)
        self._allow()

    def _allow(self) -> None:
        self.asks.set_listed(self._listed, self.tab.row)
        self.asks.set_data(self.data, self._gene, busy=self.jobs.busy)
        for made in (self.open, self.copy):
            made.setEnabled(self.tab.shown is not None)

    # ---- Qt

    def _make(self) -> None:
        self.of = choice("what is analysed", "The result that is shown, or what was measured")
        offer(self.of, {"measured": "Expression as measured"})
        self.asks = Asks(self.context, self.jobs, self.named)
        self.bar = called(QProgressBar(), "progress of the analysis")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.doing = OneLine("what is being analysed")
        self.cancel = button("Cancel", "Stop; nothing of it is kept", self.jobs.cancel)
        self.words = words("what was found")
        self.open = button("Table and plot", "Show it below the canvas", self._open)
        self.copy = button("Copy as Python", "Copy a script that does the same", self._copy)
        self._on_busy()

    def _lay_out(self) -> None:
        laid(
            self.rows,
            row_of(self.of, label="Look at"),
            self.asks,
            parting(),
            self.bar,
            self.doing,
            self.cancel,
            self.words,
            in_row(self.open, self.copy),
            spacing=8,
        )

    def _connect(self) -> None:
        context, jobs = self.context, self.jobs
        jobs.progressed.connect(self._on_step)
        jobs.failed.connect(context.fail)
        jobs.warned.connect(context.note)
        jobs.changed.connect(self._on_busy)
        self.named.changed.connect(self._on_regions)
        self.named.changed.connect(context.check_unsaved)
        self.tab.rowChosen.connect(self._on_row)
        self.tab.saveWanted.connect(self._save)
        self.named.fileWanted.connect(self._bring_regions)
        self.asks.wanted.connect(self._begin)
        self.asks.sets.changed.connect(self._allow)
        context.follow(self)
        context.geneWanted.connect(self._hide_map)
        context.layersChanged.connect(self.named.watch)
        context.sectionsChanged.connect(self._on_regions)
        context.resultChanged.connect(self.refresh)

    def _open(self) -> None:
        self.context.wide.open(self.tab)

    def _copy(self) -> None:
        """Copy a script that does again what is shown."""
        found, model, message = self.tab.shown, self.model, self.context.message
        if found is None or model is None:
            return
        try:
            copy_text(message, script_of(found, model), "Python")
        except StentransError as error:
            message.show_message(str(error))

    def _save(self) -> None:
        """Ask where to, and write the table that is shown."""
        found, model = self.tab.shown, self.model
        if found is None or model is None:
            return
        name = f"{model.section.name.replace(' ', '_')}_{found.kind}.csv"
        path = ask_table(self.context.dock, name)
        if path is None:
            return
        try:
            save_table(found.table, path, found.of, overwrite=True)  # the dialog has asked
        except StentransError as error:
            self.context.fail(str(error))
            return
        self.context.message.show_message(f"Saved {path.name}.", "note")

    def _bring_regions(self) -> None:
        """Ask for a file that names regions, and show them."""
        path = ask_regions_file(self.context.dock)
        if path is not None and self.model is not None:
            work = partial(read_regions_steps, path, self.model.section)
            self.jobs.start(work, partial(self._on_regions_read, path, self.layers))

    def _on_regions_read(self, path: Path, layers: object, annotation: Annotation) -> None:
        if layers is self.layers:
            self.named.show_annotation(annotation)
            self.context.note(f"{annotation.in_words()} ({path.name}).")
