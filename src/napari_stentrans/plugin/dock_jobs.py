"""DockJobs: what does the work that a person asks for in the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject

from napari_stentrans.plugin.jobs.beside import Beside
from napari_stentrans.plugin.jobs.enhancing import Enhancing
from napari_stentrans.plugin.jobs.exporting import Saving
from napari_stentrans.plugin.jobs.keeping import Keeping
from napari_stentrans.plugin.jobs.open_sections import Sections
from napari_stentrans.plugin.jobs.opener import Opener
from napari_stentrans.plugin.jobs.preferences import PreferencesSync
from napari_stentrans.plugin.jobs.safekeeping import Desk
from napari_stentrans.plugin.jobs.session_keeper import Jobs, SessionKeeper
from napari_stentrans.plugin.jobs.undo import Undo
from napari_stentrans.plugin.loads import Loads
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.data.name_tables import NameTables
from napari_stentrans.plugin.panels.data.placing import Placing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.gene_table import GeneTable
    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
    from napari_stentrans.plugin.panels.data.data_panel import DataPanel
    from napari_stentrans.plugin.panels.export.page import ExportPage
    from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
    from napari_stentrans.plugin.panels.repair.repair_page import RepairPage
    from napari_stentrans.plugin.panels.result.page import ResultPage
    from napari_stentrans.progress import Progress, Steps
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
    """Opens, enhances, saves and keeps, one job at a time.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    context
        Whose section is worked on.
    parts
        Say what is wanted.
    """

    def __init__(self, parent: QWidget, context: Context, parts: Parts) -> None:
        super().__init__(parent)
        self._context, self._parts = context, parts
        viewer, runner, message = context.viewer, context.runner, context.message
        enhance, recent = parts.repair.enhance, parts.data.open.kept
        self.loads = Loads(context)
        self.enhancing = Enhancing(viewer, runner, enhance, parts.result.quality.show_problem)
        self.saving = Saving(parent, runner, enhance.progress.start, message, context.app.lists)
        self.undo = Undo(parent, message)
        jobs = Jobs(
            self.loads.prepare,
            self._write_session,
            self.loads.show,
            context.fail,
            enhance.queue.add,
            self._on_ended,
        )
        self.placing = Placing(parts.tissue, runner, jobs, context.choose)
        self.beside = Beside(parent, self.placing.lay, runner, jobs, context.note)
        self.names = NameTables(parent, self.loads.prepare_idle, self._sections, self._on_names)
        self.keeper = SessionKeeper(parent, context.app, recent, jobs)
        desk = Desk(self.keeper.facts, self.save_work, context.note)
        self.keeping = Keeping(parent, viewer, message, desk)
        self.preferences = PreferencesSync(context.app.settings, self.enhancing, self.keeping.safe)
        self.sections = Sections(parent, self.keeping.safe, self.save_work)
        self.opener = Opener(
            parent, viewer, self.loads.load, self.loads.prepare, context.fail,
            self.open_session, self.beside.take,
        )  # fmt: skip
        context.is_restoring = lambda: self.keeper.busy
        context.follow(
            self.enhancing, self.saving, self.preferences, self.undo, self.placing, self.keeping,
            self.sections, self.beside,
        )  # fmt: skip
        self._connect()

    def open_session(
        self,
        path: str | Path | None = None,
        opened: Callable[[SectionLayers], None] | None = None,
    ) -> None:
        """Bring back a session, or ask for one; ``opened`` is called with its layers."""
        if self._context.may("open the session"):
            self.keeper.open(path, opened)

    def save_session(self, then: Callable[[], None] | None = None) -> None:
        """Ask where to, and write all that was done with the section there; call ``then`` after."""
        if self._context.layers is not None and self._context.phase.idle:
            self.keeper.save(self._context.layers, then)

    def save_work(self, layers: SectionLayers, then: Callable[[], None]) -> None:
        """Save what was done with a section, as a session where it can be one."""
        if not self._context.may("save"):
            return
        self._context.choose(layers)
        if layers.model.section.source is None and layers.model.enhancement is not None:
            self._context.saveWanted.emit(None)
        elif layers.model.section.source is None:
            self._context.saveWanted.emit("lost")
        else:
            self.save_session(then)

    def run(self) -> None:
        """Enhance the section as the form says, or after the run that is at work."""
        if self._context.phase.idle or self._context.phase.running:
            self._context.message.clear()
            self.enhancing.run()

    def shut_down(self) -> None:
        """Stop what runs; nothing works afterwards."""
        self.enhancing.shut_down()

    def let_go(self) -> None:
        """Follow and keep no more."""
        self.preferences.let_go()
        self.keeping.let_go()

    # ---- what comes of it

    @property
    def _current(self) -> SectionModel | None:
        return None if self._context.layers is None else self._context.layers.model

    @property
    def _models(self) -> list[SectionModel]:
        return [layers.model for layers in self._context.sections]

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
        said = f"{len(table):,} genes of {table.name} are known by name."
        context.message.show_message(said, "note")

    def _on_progress(self, step: Progress) -> None:
        of, progress = self.enhancing.at_work_on, self._parts.repair.enhance.progress
        progress.of = "" if of is None or of is self._current else of.title
        if self._context.phase is Phase.LOADING:
            self._parts.data.show_step(step)
        else:
            progress.step(step)

    def _write_session(
        self, work: Callable[[], Steps[list[Path]]], name: str, then: Callable[[], None]
    ) -> None:
        def written(files: list[Path]) -> None:
            self._parts.data.open.kept.visit(files[0])
            then()

        self.saving.write(work, name, written)

    def _on_ended(self) -> None:
        context = self._context
        if self.keeper.busy:
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
        """List the runs that are to come."""
        queue = self._parts.repair.enhance.queue
        self._parts.result.runs.show_queue(self.enhancing.at_work, queue)

    def _on_option(self, key: str, option: str) -> None:
        layers = self._context.layers
        if layers is not None and not self.opener.choose(layers, key, option):
            self._parts.data.refresh()  # with the choice as it was

    def _on_layers(self) -> None:
        at_work = self.enhancing.at_work_on
        if at_work is not None and at_work not in self._models:
            self._context.runner.cancel()

    def _connect(self) -> None:
        context, data, result = self._context, self._parts.data, self._parts.result
        context.runner.progressed.connect(self._on_progress)
        context.runner.ended.connect(self._on_ended)
        context.layersChanged.connect(self._on_layers)
        self.loads.beginning.connect(self.enhancing.forget_check)
        self.loads.began.connect(data.show_busy)
        self.loads.opened.connect(data.open.kept.visit)
        self.loads.replaced.connect(self.keeping.safe.forget)
        self._parts.repair.runWanted.connect(self.run)
        for job in (self.enhancing, self.saving):
            job.failed.connect(context.fail)
        for offers in (self.enhancing, self.placing):
            offers.offered.connect(context.message.offer)
        self.enhancing.changed.connect(context.resultChanged)
        for signal in (context.phaseChanged, self._parts.repair.enhance.queue.changed):
            signal.connect(self._show_queue)
        self.keeping.changed.connect(context.check_unsaved)
        self.keeping.openWanted.connect(self.open_session)
        self.sections.renamed.connect(context.sectionsChanged)
        self.undo.restored.connect(context.resultChanged)
        self.undo.restored.connect(context.phaseChanged)
        context.stock = self.saving.stock
        self._parts.export.saveWanted.connect(self.saving.save)
        self.saving.sessionWanted.connect(lambda: self.save_session())
        result.runs.deleted.connect(self.undo.offer)
        result.quality.checkWanted.connect(self.enhancing.check)
        result.scores.save.clicked.connect(self.saving.table)
        self._parts.repair.damage.changed.connect(result.show_unpainted)
        data.open.add_menu(self.names)
        data.add_placing(self.placing)
        self._connect_opening()

    def _connect_opening(self) -> None:
        data, opener = self._parts.data, self.opener
        data.fileWanted.connect(opener.file)
        data.folderWanted.connect(opener.folder)
        data.open.sampleWanted.connect(opener.sample)
        data.open.activeLayerWanted.connect(opener.active_layer)
        data.open.sessionWanted.connect(lambda: self.open_session())
        data.open.recentWanted.connect(opener.open)
        data.section_menu.renameWanted.connect(self.sections.rename)
        data.section_menu.closeWanted.connect(self.sections.close)
        data.section_menu.saveWanted.connect(lambda: self.save_session())
        data.optionChosen.connect(self._on_option)
        data.cancelWanted.connect(self._context.runner.cancel)
