"""DockJobs: what does the work that a person asks for in the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject

from napari_stentrans.plugin.jobs.enhancing import Enhancing
from napari_stentrans.plugin.jobs.exporting import Saving
from napari_stentrans.plugin.jobs.keeping import Keeping
from napari_stentrans.plugin.jobs.loads import Loads
from napari_stentrans.plugin.jobs.opener import Opener
from napari_stentrans.plugin.jobs.preferences import PreferencesSync
from napari_stentrans.plugin.jobs.session_keeper import SessionKeeper
from napari_stentrans.plugin.jobs.undo import Undo
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.data.name_tables import NameTables
from napari_stentrans.plugin.panels.data.placing import Placing
from napari_stentrans.plugin.widgets.dialogs import ask_name

if TYPE_CHECKING:
    from napari_stentrans.gene_table import GeneTable
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.export_request import ExportRequest
    from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
    from napari_stentrans.plugin.panels.data.data_panel import DataPanel
    from napari_stentrans.plugin.panels.export.page import ExportPage
    from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
    from napari_stentrans.plugin.panels.repair.repair_page import RepairPage
    from napari_stentrans.plugin.panels.result.page import ResultPage
    from napari_stentrans.progress import Progress
    from napari_stentrans.section import Section


class Parts(NamedTuple):
    """Parts of the dock that jobs are asked by, and show their progress in."""

    data: DataPanel
    genes: GenesPanel
    tissue: TissueView
    repair: RepairPage
    result: ResultPage
    export: ExportPage


class DockJobs(QObject):
    """Opens, enhances, saves and keeps, one job at a time, what the ``parts`` ask for."""

    def __init__(self, context: Context, parts: Parts) -> None:
        super().__init__(context.dock)
        self._context, self._parts = context, parts
        data, enhance = parts.data, parts.repair.enhance
        self.loads = Loads(context)
        self.enhancing = Enhancing(context, enhance, parts.result.quality.show_problem)
        self.saving = Saving(context, enhance.progress.start)
        self.undo = Undo(context)
        self.placing = Placing(parts.tissue, context.runner, self.loads, context.choose)
        self.names = NameTables(
            context.dock, self.loads.prepare_idle, self._sections, self._on_names
        )
        self.keeper = SessionKeeper(self.loads, self.saving, data.open.kept, enhance.queue.add)
        self.keeping = Keeping(self.keeper)
        self.preferences = PreferencesSync(context.app.settings, self.enhancing, self.keeping.safe)
        self.opener = Opener(self.loads, self.keeper.open, self.placing.lay)
        context.follow(self.enhancing, self.preferences, self.undo, self.placing, self.keeping)
        self._connect_parts()
        self._connect_jobs()

    def let_go(self) -> None:
        self.preferences.let_go()
        self.keeping.safe.attach(None)  # what is kept stays until the window is closed

    def _connect_parts(self) -> None:
        """Let the parts of the dock be answered."""
        data, repair, result = self._parts.data, self._parts.repair, self._parts.result
        opener = self.opener
        data.fileWanted.connect(opener.file)
        data.folderWanted.connect(opener.folder)
        data.open.sampleWanted.connect(opener.sample)
        data.open.activeLayerWanted.connect(opener.active_layer)
        data.open.sessionWanted.connect(lambda: self.keeper.open())
        data.open.recentWanted.connect(opener.open)
        data.section_menu.renameWanted.connect(self._rename)
        data.section_menu.closeWanted.connect(self.keeping.close)
        data.section_menu.saveWanted.connect(lambda: self.keeper.save())
        data.optionChosen.connect(self._on_option)
        data.cancelWanted.connect(self._context.runner.cancel)
        data.open.add_menu(self.names)
        data.add_placing(self.placing)
        repair.runWanted.connect(self.enhancing.run)
        repair.damage.changed.connect(result.show_unpainted)
        result.runs.deleted.connect(self.undo.offer)
        result.quality.checkWanted.connect(self.enhancing.check)
        result.scores.save.clicked.connect(self.saving.table)
        self._parts.export.saveWanted.connect(self._on_export)

    def _connect_jobs(self) -> None:
        """Let be shown what the jobs do."""
        context, data, queue = self._context, self._parts.data, self._parts.repair.enhance.queue
        context.runner.progressed.connect(self._on_progress)
        context.runner.ended.connect(self._on_ended)
        context.layersChanged.connect(self._on_layers)
        context.phaseChanged.connect(self._show_queue)
        queue.changed.connect(self._show_queue)
        self.loads.beginning.connect(self.enhancing.forget_check)
        self.loads.began.connect(data.show_busy)
        self.loads.opened.connect(data.open.kept.visit)
        self.loads.replaced.connect(self.keeping.safe.forget)
        self.placing.offered.connect(context.message.offer)

    # ---- what a person asks for

    def _rename(self) -> None:
        layers = self._context.layers
        title = None if layers is None else ask_name(self._context.dock, layers.model.title)
        if layers is not None and title is not None:
            self._context.rename(layers, title)

    def _on_option(self, key: str, option: str) -> None:
        if not self.opener.choose(key, option):
            self._parts.data.refresh()  # with the choice as it was

    def _on_export(self, wish: ExportRequest) -> None:
        if wish.what == "session":
            self.keeper.save()
        else:
            self.saving.save(wish)

    # ---- what comes of it

    def _sections(self) -> list[Section]:
        return [layers.model.section for layers in self._context.sections]

    def _on_names(self, table: GeneTable) -> None:
        """Show and find the genes by the names that are known now."""
        context = self._context
        for layers in context.sections:
            layers.redraw()
        context.sectionsChanged.emit()
        self._parts.genes.set_layers(context.layers)
        context.resultChanged.emit()
        section = None if context.layers is None else context.layers.model.section
        named = 0 if section is None else sum(map(bool, section.naming.symbols))
        said = f"{len(table):,} genes of {table.name} are known by name."
        if section is not None and named:
            said = f"{named:,} of {len(section.genes):,} genes here are known by name now."
        context.message.show_message(said, "note")

    def _on_progress(self, step: Progress) -> None:
        run, progress = self.enhancing.at_work, self._parts.repair.enhance.progress
        elsewhere = run is not None and run.model is not self._context.app.current
        progress.of = run.model.title if run is not None and elsewhere else ""
        if self._context.phase is Phase.LOADING:
            self._parts.data.show_step(step)
        else:
            progress.step(step)

    def _on_ended(self) -> None:
        context = self._context
        if context.restoring:
            return
        self._parts.data.show_busy(None)
        self._parts.repair.enhance.progress.finish()
        for layers in context.sections:
            layers.model.drop_preview()  # left by a run that came to nothing
        context.resultChanged.emit()
        context.sectionsChanged.emit()
        context.phaseChanged.emit()
        self.enhancing.go_on()

    def _show_queue(self) -> None:
        queue = self._parts.repair.enhance.queue
        self._parts.result.runs.show_queue(self.enhancing.at_work, queue)

    def _on_layers(self) -> None:
        """Stop a run whose section is gone."""
        run = self.enhancing.at_work
        if run is not None and all(of.model is not run.model for of in self._context.sections):
            self._context.runner.cancel()
