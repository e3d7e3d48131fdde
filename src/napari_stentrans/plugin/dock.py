"""The dock: open a section, paint what is lost, run, compare, check, save.

The panels show things and say what a person wants; this module joins them. ``phase`` is what the
dock is doing, and ``_show_phase`` is the one place that switches buttons on and off.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QSize, QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.bar import Bar
from napari_stentrans.plugin.contributions.drops import Drops
from napari_stentrans.plugin.dock_keys import bind_dock
from napari_stentrans.plugin.jobs.beside import Beside
from napari_stentrans.plugin.jobs.copying import copy_run
from napari_stentrans.plugin.jobs.enhancing import Enhancing
from napari_stentrans.plugin.jobs.exporting import Saving
from napari_stentrans.plugin.jobs.keeping import Keeping
from napari_stentrans.plugin.jobs.open_sections import Sections, name_apart
from napari_stentrans.plugin.jobs.opener import Opener
from napari_stentrans.plugin.jobs.preferences import PreferencesSync
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.jobs.safekeeping import Desk
from napari_stentrans.plugin.jobs.session_keeper import Jobs, SessionKeeper
from napari_stentrans.plugin.jobs.undo import Undo
from napari_stentrans.plugin.layers.auto_fit import AutoFit
from napari_stentrans.plugin.layers.collector import Collector
from napari_stentrans.plugin.layers.gl_context import GlContext
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.replacing import replace_layers
from napari_stentrans.plugin.layers.section_layers import SectionLayers, adopt
from napari_stentrans.plugin.layers.taken_out import TakenOut
from napari_stentrans.plugin.layers.units import OneUnit
from napari_stentrans.plugin.layers.visibility import show_alone
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
from napari_stentrans.plugin.panels.data.data_panel import DataPanel
from napari_stentrans.plugin.panels.data.name_tables import NameTables
from napari_stentrans.plugin.panels.data.placing import Placing
from napari_stentrans.plugin.panels.export.page import ExportPage
from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
from napari_stentrans.plugin.panels.repair.damage_line import DamageLine
from napari_stentrans.plugin.panels.repair.enhance_panel import EnhancePanel
from napari_stentrans.plugin.panels.repair.lost_panel import LostPanel
from napari_stentrans.plugin.panels.result.page import ResultPage
from napari_stentrans.plugin.widgets.help_corner import HelpCorner
from napari_stentrans.plugin.widgets.keys import Keys
from napari_stentrans.plugin.widgets.message_bar import MessageBar
from napari_stentrans.plugin.widgets.panel import reveal, scrolled
from napari_stentrans.plugin.widgets.wide_panel import WidePanel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari

    from napari_stentrans.gene_table import GeneTable
    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.plugin.models.export_request import What
    from napari_stentrans.progress import Progress, Steps
    from napari_stentrans.section import Section

WIDTH, LEAST_WIDTH = 360, 300
LOOKS = """
QToolButton:checked {background-color: rgba(90, 125, 235, 150); border-radius: 3px;}
QProgressBar::chunk {background-color: #5a7deb;}
QTableView::item:selected, QListWidget::item:selected {background-color: rgba(90, 125, 235, 150);}
"""


class StentransDock(QWidget):
    """Everything that the plugin does, from top to bottom.

    Parameters
    ----------
    napari_viewer
        The viewer that it works in; layers that readers made there are taken in.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self._layers: SectionLayers | None = None
        self._runner = Runner(self)
        self._opener = Opener(
            self, napari_viewer, self._load, self._prepare, self._fail, self.open_session,
            lambda path: self._beside.take(path),
        )  # fmt: skip
        self._closed = False
        self.message = MessageBar()
        self.data, self.lost = DataPanel(), LostPanel()
        self.genes = GenesPanel(self.data.search)
        self.wide = WidePanel(napari_viewer)
        self.enhance, self.result = EnhancePanel(), ResultPage(self.wide)
        self.quality = self.result.quality
        self.tissue = TissueView()
        self.bar = Bar(napari_viewer, self.genes, self.tissue)
        self._enhancing = Enhancing(napari_viewer, self._runner, self.enhance, self.quality)
        self._saving = Saving(self, self._runner, self.enhance.progress, self.message, self.genes)
        self.export = ExportPage(self._saving.stock)
        # The result first: it is told of the paint by the panel of lost regions.
        panels = (self.result, self.bar, self.lost, self.enhance.form)
        self._undo = Undo(self, self.message, self.result.runs)
        jobs = Jobs(self._prepare, self._write_session, self._show_look, self._fail, self._on_ended)
        self.damage = DamageLine(self._runner, self.lost)
        self.placing = Placing(self.tissue, self._runner, jobs, self._choose)
        self.data.add_placing(self.placing)
        self._beside = Beside(self, self.placing, self._runner, jobs, self._on_warned)
        self.names = NameTables(self, self._prepare_idle, self._sections, self._on_names)
        self.data.add_names(self.names)
        self._keeper = SessionKeeper(self, self.enhance, self.genes, self.data.session.kept, jobs)
        desk = Desk(self._keeper.facts, self.save_work, self._on_warned)
        self._keeping = Keeping(self, napari_viewer, self.message, desk)
        self._preferences = PreferencesSync(self.enhance.form, self._enhancing, self._keeping.safe)
        menu = self.data.section_menu
        self._renaming = Sections(self, menu, self._keeping.safe, self.save_work)
        jobs_of = (self._enhancing, self._saving, self._preferences, self._undo, self.placing)
        self._followers = (
            *panels,
            *jobs_of,
            self._keeping,
            self._renaming,
            self._beside,
            self.damage,
            self.export,  # it asks _saving
        )
        corner = HelpCorner(napari_viewer, self._on_warned)
        self.data.head.addWidget(corner)
        self._lay_out()
        self._watch_viewer()
        self._connect_panels()
        self._connect_jobs()
        self._keys = Keys(napari_viewer, self, self.bar, self.genes.popup)
        self.result.bind(self._keys)
        self.bar.bind(self._keys)
        self._drops = Drops(
            self, napari_viewer, self.data.open.isEnabled, self.open, self.placing.lay
        )
        bind_dock(self, corner)
        self._recolour()
        self._auto_fit = AutoFit(self, napari_viewer)
        self._taken_out = TakenOut(self, napari_viewer)
        self._taken_out.offered.connect(self.message.offer)
        self._taken_out.restored.connect(self._choose)
        self._unit = OneUnit(self, napari_viewer)
        self._unit.changed.connect(self._fit)
        own = (Collector(napari_viewer.layers, self), GlContext(napari_viewer, self))
        self._holders = (
            self._keys, self._drops, self._preferences, self._auto_fit, self._keeping,
            self._taken_out, self._unit, self.wide, *own, self.bar,
        )  # fmt: skip
        self._on_layers_changed()
        QTimer.singleShot(0, self._look_for_left)

    @property
    def phase(self) -> Phase:
        """What the dock is doing."""
        if self._keeper.busy:  # a session is being brought back
            return Phase.LOADING
        nothing = self._layers is None and not self._runner.busy
        return Phase.EMPTY if nothing else self._runner.phase

    # ---- what a person does

    def open(self, path: str | Path, chosen: Chosen | None = None) -> None:
        """Read a section, a session, or what belongs to a section, off the window's thread."""
        self._opener.open(path, chosen)

    def open_session(
        self,
        path: str | Path | None = None,
        opened: Callable[[SectionLayers], None] | None = None,
    ) -> None:
        """Bring back what was saved in a session; ask for one where no path is given.

        ``opened`` is called with its layers, whose work counts as saved without it.
        """
        if self.phase.running or self.phase in (Phase.SAVING, Phase.STOPPING):
            self._fail("Wait until the run has ended, or cancel it, and open the session then.")
        else:
            self._keeper.open(path, opened)

    def save_session(self, then: Callable[[], None] | None = None) -> None:
        """Ask where to, and write all that was done with the section there; call ``then`` after."""
        if self._layers is not None and self.phase.idle:
            self._keeper.save(self._layers, then)

    def save_work(self, layers: SectionLayers, then: Callable[[], None]) -> None:
        """Save what was done with a section, as a session where it can be one."""
        if not self.phase.idle:
            self._fail("Wait until the run has ended, or cancel it, and save then.")
            return
        self._choose(layers)
        if layers.section.source is None and layers.enhancement is not None:
            self.save()
        elif layers.section.source is None:
            self.save("lost")
        else:
            self.save_session(then)

    def open_sample(self, name: str) -> None:
        """Make a sample, "hex" or "square", or download another of them, and show it."""
        self._opener.sample(name)

    def use_active_layer(self) -> None:
        """Make a section of the active layer, and show it."""
        self._opener.active_layer()

    def show_gene(self, name: str) -> None:
        """Show a gene in the maps before and after."""
        if self._layers is None:
            return
        try:
            self._layers.show_gene(name)
        except StentransError as error:
            self._fail(str(error))
            return
        self._layers.bring_back()
        self.enhance.form.set_shown_gene(self._layers.gene)
        self._show_result()

    def run(self) -> None:
        """Enhance the section as the form says, or after the run that is at work."""
        if self.phase.idle or self.phase.running:
            self.message.clear()
            self._enhancing.run()

    def check(self) -> None:
        """Measure how good the result is, on the section itself; the dock can be used meanwhile."""
        self._enhancing.check()

    def save(self, what: What | None = None) -> None:
        """Show the page that asks what to save, with ``what`` chosen."""
        if self._layers is not None:
            reveal(self.export)
            self.export.choose(what)

    def save_table(self) -> None:
        """Ask where to, and write the scores of the genes there."""
        self._saving.table()

    def shut_down(self) -> None:
        """Stop what runs and let go of the viewer; nothing works afterwards."""
        if self._closed:
            return
        self._closed = True
        self._enhancing.shut_down()
        self._runner.stop()
        self._layers_timer.stop()
        for layers in find(self.viewer):
            layers.stop()
        events = self.viewer.layers.events
        events.inserted.disconnect(self._layers_timer_start)
        events.removed.disconnect(self._layers_timer_start)
        for follower in self._followers:
            follower.set_layers(None)
        self.genes.shut_down()
        for holder in self._holders:  # last: panels take layers away
            holder.let_go()

    # ---- jobs

    def _load(
        self,
        work: Callable[[], Steps[FirstLook]],
        doing: str,
        instead_of: SectionLayers | None = None,
    ) -> None:
        """Start a job that ends in a section, which takes the place of another if given."""
        self._prepare(work, doing, partial(self._on_loaded, instead_of))

    def _prepare(
        self, work: Callable[[], Steps[Any]], doing: str, returned: Callable[[Any], None]
    ) -> None:
        """Start a job on the way to a section."""
        self._enhancing.forget_check()
        self._runner.stop()
        self.message.clear()
        self.data.show_busy(doing)
        self._runner.start(work, Phase.LOADING, returned)

    def _prepare_idle(
        self, work: Callable[[], Steps[Any]], doing: str, returned: Callable[[Any], None]
    ) -> None:
        """Start a job that no run is stopped for."""
        if self.phase.running or self.phase in (Phase.SAVING, Phase.STOPPING):
            self._fail("Wait until the run has ended, or cancel it, and try again then.")
        else:
            self._prepare(work, doing, returned)

    def _sections(self) -> list[Section]:
        return [layers.section for layers in find(self.viewer)]

    def _on_names(self, table: GeneTable) -> None:
        """Show and find the genes by the names that are known now."""
        for layers in find(self.viewer):
            layers.show_gene(layers.maps.shown)
        self._show_section()
        self.genes.set_layers(self._layers)
        self._show_result()
        self.message.show_message(
            f"{len(table):,} genes of {table.name} are known by name.", "note"
        )

    def _on_progress(self, step: Progress) -> None:
        of = self._enhancing.at_work_on
        self.enhance.progress.of = "" if of is None or of is self._layers else of.title
        if self.phase is Phase.LOADING:
            self.data.show_step(step)
        else:
            self.enhance.progress.step(step)

    def _on_loaded(self, instead_of: SectionLayers | None, look: FirstLook) -> None:
        old = instead_of if instead_of in find(self.viewer) else None
        if old is not None:
            layers, note = replace_layers(old, look)
            self._keeping.safe.forget(old)
            self._on_warned(note)
        else:
            layers = SectionLayers(self.viewer, look.section, look, in_turns=True)
        self._layers_timer.stop()
        if look.origin is not None:
            self.data.session.kept.visit(look.origin.path)
        self._choose(layers, fit=old is None)

    def _write_session(
        self, work: Callable[[], Steps[list[Path]]], name: str, then: Callable[[], None]
    ) -> None:
        def written(files: list[Path]) -> None:
            self.data.session.kept.visit(files[0])
            then()

        self._saving.write(work, name, written)

    def _show_look(self, look: FirstLook) -> SectionLayers | None:
        self._on_loaded(None, look)
        return self._layers

    def _on_warned(self, text: str) -> None:
        """Note what was mended or left out, below what was noted before."""
        if text:
            self.message.add_note(text)

    def _on_ended(self) -> None:
        if self._keeper.busy:
            return
        self.data.show_busy(None)
        self.enhance.progress.finish()
        for layers in find(self.viewer):
            layers.drop_preview()  # left by a run that came to nothing
        self._show_result()
        self._show_section()
        self._show_phase()
        self._enhancing.go_on()

    def _run_or_ask(self) -> None:
        """Run, unless something looks lost, which a run that fills would take as measured."""
        if not (self.enhance.form.fill.isChecked() and self.damage.asks(self.run)):
            self.run()

    def _on_run_shown(self) -> None:
        self._show_result()
        self._show_phase()

    def _show_result(self) -> None:
        self.result.refresh()

    def _show_queue(self) -> None:
        """List the runs that are to come."""
        self.result.show_queue(self._enhancing.at_work, self.enhance.queue)

    def _fail(self, text: str) -> None:
        """Say what went wrong, once: here, or by napari where the dock is not seen."""
        self.message.show_message(text)
        if not self.isVisible():
            show_error(text)

    # ---- state

    def _show_phase(self) -> None:
        """Offer what makes sense now; the only place that decides what can be pressed."""
        phase, layers = self.phase, self._layers
        loading = phase is Phase.LOADING
        has_section = layers is not None
        for opener in (self.data.open, self.data.sample):
            opener.setEnabled(phase not in (Phase.LOADING, Phase.STOPPING, Phase.SAVING))
        self.data.session.setEnabled(phase.idle)
        self.data.session.allow_saving(has_section)
        self.data.sections.setEnabled(phase.idle or phase.running)
        self.data.choices.setEnabled(phase.idle)
        self.data.cancel.setEnabled(loading)
        self.genes.setEnabled(has_section and not loading)
        self.lost.setEnabled(has_section and not loading)
        self.enhance.set_phase(phase)
        self.enhance.progress.set_paused(phase is Phase.PAUSED)
        self.export.allow(busy=phase not in (Phase.EMPTY, Phase.READY, Phase.CHECKING))
        self.quality.set_phase(phase)
        self._show_queue()

    def _choose(self, layers: SectionLayers | None, *, fit: bool = True) -> None:
        """Work on a section from now on, and show it alone, fitted to the canvas."""
        if layers is not None and layers is not self._layers:
            others = [other for other in find(self.viewer) if other is not layers]
            show_alone(layers, others)
            if fit:
                self._auto_fit.fit(layers)
        self._layers = layers
        for follower in self._followers:
            follower.set_layers(layers)
        self._show_section()
        self.genes.set_layers(layers)
        self._show_unsaved()
        if self.phase is Phase.CHECKING:
            self._runner.cancel()
        self._show_phase()

    def _fit(self) -> None:
        if self._layers is not None:
            self._auto_fit.fit(self._layers)

    def _look_for_left(self) -> None:
        if not self._closed:
            self._keeping.look_for_left()

    def _show_unsaved(self) -> None:
        """Mark what is not saved, where that is shown."""
        parts = [] if self._layers is None else self._layers.unsaved.parts
        if self.data.session.show_unsaved(parts):
            self.export.show_unsaved(parts)
            self._show_section()

    def _show_section(self) -> None:
        sections = find(self.viewer)
        name_apart(sections)
        names = [layers.unsaved.marked for layers in sections]
        at = sections.index(self._layers) if self._layers in sections else -1
        self.data.show_sections(names, at)
        layers = self._layers
        gene = "" if layers is None else layers.gene
        if layers is None:
            self.data.show_section(None)
        else:
            marked = layers.unsaved.marked
            self.data.show_section(layers.section, gene, layers.origin, marked)
        self.enhance.set_section(None if layers is None else layers.section)
        self.enhance.form.set_shown_gene(gene)
        self.genes.refresh()

    def _on_section_chosen(self, at: int) -> None:
        self._choose(find(self.viewer)[at])

    def _on_option_chosen(self, key: str, option: str) -> None:
        if self._layers is not None and not self._opener.choose(self._layers, key, option):
            self._show_section()  # with the choice as it was

    def _on_layers_changed(self) -> None:
        """Take in layers that a reader made, and notice those that went."""
        new = adopt(self.viewer)
        sections = find(self.viewer)
        at_work = self._enhancing.at_work_on
        if at_work is not None and at_work not in sections:
            self._runner.cancel()
        if self._layers not in sections or (new is not None and self.phase.idle):
            self._choose(new or (sections[-1] if sections else None))
            return
        if len(sections) != self.data.sections.count():
            self._show_section()
        self.lost.watch()
        self.tissue.watch()
        self.enhance.form.set_layers(self._layers)
        self._show_result()

    def _layers_timer_start(self, event: object = None) -> None:
        self.data.allow_layer(on=len(self.viewer.layers) > 0)
        self._layers_timer.start()

    # ---- Qt

    def keyPressEvent(self, event: Any) -> None:
        """Take a key that nothing in the dock wanted."""
        if not self._keys.take(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        """Take the end of such a key."""
        if not self._keys.take(event):
            super().keyReleaseEvent(event)

    def changeEvent(self, event: Any) -> None:
        """Notice being taken out of the window, and changes of the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.shut_down()
            self.deleteLater()
        elif event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def closeEvent(self, event: Any) -> None:
        """Stop what runs."""
        self.shut_down()
        super().closeEvent(event)

    def _recolour(self) -> None:
        self.lost.recolour()
        self.enhance.form.recolour()

    def _watch_viewer(self) -> None:
        self._layers_timer = QTimer(self)
        self._layers_timer.setSingleShot(True)
        self._layers_timer.setInterval(0)  # once all layers of a section are there
        self._layers_timer.timeout.connect(self._on_layers_changed)
        self.viewer.layers.events.inserted.connect(self._layers_timer_start)
        self.viewer.layers.events.removed.connect(self._layers_timer_start)

    def _connect_panels(self) -> None:
        data, enhance = self.data, self.enhance
        data.fileWanted.connect(self._opener.file)
        data.folderWanted.connect(self._opener.folder)
        data.sampleWanted.connect(self._opener.sample)
        data.activeLayerWanted.connect(self._opener.active_layer)
        data.session.openWanted.connect(lambda: self.open_session())
        data.session.saveWanted.connect(lambda: self.save_session())
        data.session.recentWanted.connect(self.open)
        data.optionChosen.connect(self._on_option_chosen)
        data.cancelWanted.connect(self._runner.cancel)
        data.sectionChosen.connect(self._on_section_chosen)
        data.geneChosen.connect(self.show_gene)
        self.genes.geneChosen.connect(self.show_gene)
        self.genes.failed.connect(self._fail)
        self.lost.counted.connect(enhance.form.set_lost)
        self.lost.counted.connect(enhance.form.image.set_lost)
        self.lost.counted.connect(enhance.estimate.set_lost)
        self.lost.marked.connect(self.result.set_marked)
        self.lost.marked.connect(enhance.set_painted)
        self.lost.counted.connect(self._show_unsaved)
        self._keeping.changed.connect(self._show_unsaved)
        self._renaming.renamed.connect(self._show_section)
        enhance.form.image.failed.connect(self._fail)
        enhance.runWanted.connect(self._run_or_ask)
        enhance.pauseWanted.connect(self._runner.pause)
        enhance.resumeWanted.connect(self._runner.resume)
        enhance.cancelWanted.connect(self._runner.cancel)
        self.export.saveWanted.connect(self._saving.save)
        self._saving.sessionWanted.connect(lambda: self.save_session())
        enhance.queue.changed.connect(self._show_queue)
        self.result.runs.shown.connect(self._on_run_shown)
        self._undo.restored.connect(self._on_run_shown)
        self.result.runs.copyWanted.connect(partial(copy_run, self.message))
        self.quality.checkWanted.connect(self.check)
        self.result.geneChosen.connect(self.show_gene)
        self.result.tableWanted.connect(self.save_table)

    def _connect_jobs(self) -> None:
        self._runner.phaseChanged.connect(self._show_phase)
        self._runner.progressed.connect(self._on_progress)
        self._runner.failed.connect(self._fail)
        self._runner.warned.connect(self._on_warned)
        self._runner.ended.connect(self._on_ended)
        self._enhancing.changed.connect(self._show_result)
        self._enhancing.failed.connect(self._fail)
        self._enhancing.offered.connect(self.message.offer)
        self._enhancing.enhanced.connect(partial(reveal, self.result))
        self._saving.failed.connect(self._fail)
        self.damage.changed.connect(self.result.show_unpainted)
        damaged = self.enhance.form.image.damaged
        self.damage.imageDamaged.connect(partial(damaged.setChecked, True))
        self.placing.offered.connect(self.message.offer)
        self._keeping.openWanted.connect(self.open_session)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        panels = (self.data, self.lost, self.enhance, self.result, self.export)
        layout.addWidget(scrolled(*panels, self.enhance.curve), 1)
        layout.addWidget(self.message)  # below, so that nothing moves under the mouse
        layout.addWidget(self.damage.question)
        layout.addWidget(self.enhance.foot)
        self.setTabOrder(self.data.open, self.data.section_menu)
        self.setTabOrder(self.export.save, self.enhance.run)
        for one, next_one in pairwise(self.enhance.in_foot):
            self.setTabOrder(one, next_one)
        self.setStyleSheet(LOOKS)
        self.setMinimumWidth(LEAST_WIDTH)

    def sizeHint(self) -> QSize:
        """As wide as its texts read well."""
        return QSize(WIDTH, super().sizeHint().height())
