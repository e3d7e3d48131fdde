"""AnalysePage: what the maps are good for: regions, domains, spatial genes, patterns, pathways."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QProgressBar, QSpinBox

from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import StentransError
from napari_stentrans.export.table import save_table
from napari_stentrans.io.regions import read_regions
from napari_stentrans.plugin.jobs import analyses
from napari_stentrans.plugin.jobs.analysing import Analysing
from napari_stentrans.plugin.jobs.copying import copy_text
from napari_stentrans.plugin.models.analysis_script import script_of
from napari_stentrans.plugin.panels.analyse.found_tab import FoundTab
from napari_stentrans.plugin.panels.analyse.named_panel import NamedPanel
from napari_stentrans.plugin.panels.analyse.sets_button import SetsButton
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.widgets.dialogs import ask_regions_file, ask_table
from napari_stentrans.plugin.widgets.make import choice, laid, offer
from napari_stentrans.plugin.widgets.panel import (
    OneLine,
    allow,
    button,
    called,
    in_row,
    parting,
    row_of,
    words,
)
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.analyses import Found
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

REST = "the rest"
MOST = 30
"""Domains or patterns that can be asked for."""
NO_SECTION = "Open a section first"
BUSY = "Wait until what is being analysed has ended, or cancel it"
NO_REGIONS = "There are no named regions yet: find domains, or bring regions"
NO_SETS = "Choose gene sets first"
NO_LIST = "First compare regions, or find spatial genes or patterns"
AFTER = (
    "Ask also how well runs foretell spots that are hidden from them: two more runs, each of half "
    "of the spots"
)
NO_RESULT = "First run, and look at the result"
TIPS = {
    "domains": "Sort the tissue into domains by what its genes do together; they become regions",
    "compare": "Which genes differ between these regions, tested on measured counts",
    "spatial": "Which genes have a pattern in space, tested on measured counts",
    "patterns": "Sort genes by their maps into a handful of patterns",
    "regions": "Say what is in each region, and how much there is of the gene that is shown",
    "coherent": "Which gene sets have maps more alike than random sets, before and after a run",
    "pathways": "Draw a map of each gene set: where it is active",
    "enriched": "Which gene sets stand out in the genes that were listed last",
}


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

    # ---- what is asked for

    def _find_domains(self) -> None:
        n = self.n_domains.value() or None
        self._start(lambda data, lost: analyses.domains(data, lost, n))

    def _compare(self) -> None:
        annotation, one, other = self.named.annotation, self.one.currentData(), None
        if annotation is None:
            return
        if self.other.currentData() != REST:
            other = self.other.currentData()
        self._start(lambda data, lost: analyses.compare(data, lost, annotation, one, other))

    def _find_spatial(self) -> None:
        self._start(partial(analyses.spatial, after=self.after.isChecked()))

    def _describe(self) -> None:
        annotation, model = self.named.annotation, self.model
        if annotation is not None and model is not None:
            gene = model.gene
            self._start(lambda data, lost: analyses.described(data, lost, annotation, gene))

    def _find_patterns(self) -> None:
        n = self.n_patterns.value() or None
        self._start(lambda data, lost: analyses.patterns(data, lost, n))

    def _score(self) -> None:
        self._of_sets(analyses.pathways)

    def _cohere(self) -> None:
        self._of_sets(analyses.coherent)

    def _of_sets(self, work: Callable[..., Steps[Found]]) -> None:
        sets, where = self.sets.value, self.sets.python
        if sets is not None:
            self._start(lambda data, lost: work(data, lost, sets, where))

    def _enrich(self) -> None:
        sets, shown = self.sets.value, self._listed
        if sets is not None and shown is not None:
            row, where = self.tab.row, self.sets.python
            self._start(lambda data, lost: analyses.enriched(shown, row, sets, where))

    def _start(self, work: Callable[[Any, Any], Steps[Found]]) -> None:
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

    def _show_map(self, name: str) -> None:
        """Show the map of a row, or the region that it is about."""
        shown = self.tab.shown
        if shown is not None and shown.maps is not None and self.layers is not None:
            maps = shown.maps
            self.layers.show_found(maps.raster, maps.values(name), name)

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
        """Offer the regions that there are now to be compared."""
        annotation = self.named.annotation
        names = () if annotation is None else annotation.names
        offer(self.one, {name: name for name in names}, self.one.currentData())
        others = {name: f"and {name}" for name in (REST, *names)}
        offer(self.other, others, self.other.currentData())
        self._allow()

    def _allow(self) -> None:
        here, busy = self.data is not None, self.jobs.busy
        regions, sets = self.named.annotation is not None, self.sets.value is not None
        shown = self.tab.shown
        asks = {
            "domains": (here, ""),
            "compare": (regions, NO_REGIONS),
            "spatial": (here, ""),
            "patterns": (here, ""),
            "regions": (regions, NO_REGIONS),
            "pathways": (sets, NO_SETS),
            "coherent": (sets, NO_SETS),
            "enriched": (sets and self._listed is not None, NO_LIST if sets else NO_SETS),
        }
        for kind, (on, why) in asks.items():
            why = BUSY if busy else why if here else NO_SECTION
            allow(self.begins[kind], here and on and not busy, TIPS[kind], why)
        for part in (self.one, self.other):
            part.setEnabled(regions)
        allow(self.after, isinstance(self.data, Enhancement), AFTER, NO_RESULT)
        for made in (self.open, self.copy):
            made.setEnabled(shown is not None)

    # ---- Qt

    def _make(self) -> None:
        self.of = choice("what is analysed", "The result that is shown, or what was measured")
        offer(self.of, {"measured": "Expression as measured"})
        self.begins = {
            "domains": button("Find domains", TIPS["domains"], self._find_domains),
            "compare": button("Compare", TIPS["compare"], self._compare),
            "spatial": button("Find spatial genes", TIPS["spatial"], self._find_spatial),
            "patterns": button("Find patterns", TIPS["patterns"], self._find_patterns),
            "regions": button("Describe regions", TIPS["regions"], self._describe),
            "pathways": button("Draw maps", TIPS["pathways"], self._score),
            "coherent": button("Go together", TIPS["coherent"], self._cohere),
            "enriched": button("Enrichment", TIPS["enriched"], self._enrich),
        }
        self.after = called(QCheckBox("also after"), "spatial genes after enhancement", AFTER)
        self.n_domains, self.n_patterns = _how_many("domains"), _how_many("patterns")
        self.one = choice("region to compare", "The region that is looked at", least=6)
        self.other = choice("region to compare with", "What it is compared with", least=6)
        self.sets = SetsButton(self.context, self.jobs)
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
        begins = self.begins
        parts = (
            row_of(self.of, label="Look at"),
            self.named,
            row_of(begins["domains"], self.n_domains),
            begins["regions"],
            laid(QHBoxLayout(), begins["compare"], (self.one, 1), (self.other, 1), spacing=6),
            parting(),
            row_of(begins["spatial"], self.after),
            row_of(begins["patterns"], self.n_patterns),
            row_of(self.sets, begins["pathways"]),
            row_of(begins["coherent"], begins["enriched"]),
            parting(),
            self.bar,
            self.doing,
            self.cancel,
            self.words,
        )
        laid(self.rows, *parts, in_row(self.open, self.copy), spacing=8)

    def _connect(self) -> None:
        context, jobs = self.context, self.jobs
        jobs.progressed.connect(self._on_step)
        jobs.failed.connect(context.fail)
        jobs.warned.connect(context.note)
        jobs.changed.connect(self._on_busy)
        self.named.changed.connect(self._on_regions)
        self.named.changed.connect(context.check_unsaved)
        self.tab.rowChosen.connect(self._show_map)
        self.tab.saveWanted.connect(self._save)
        self.named.fileWanted.connect(self._bring_regions)
        self.sets.changed.connect(self._allow)
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
            work = partial(_regions_steps, path, self.model.section)
            self.jobs.start(work, self.named.show_annotation)


def _regions_steps(path: Path, section: Section) -> Steps[Annotation]:
    yield Progress(f"reading {path.name}", 0, 1)
    return read_regions(path, section)


def _how_many(what: str) -> QSpinBox:
    made = QSpinBox()
    made.setRange(0, MOST)
    made.setSpecialValueText("number: auto")
    made.setPrefix("number: ")
    tip = f"How many {what}; as many as both halves of the counts agree on, unless said"
    return called(made, f"how many {what}", tip)
