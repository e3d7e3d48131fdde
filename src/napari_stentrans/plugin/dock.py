"""The dock: open a section, paint what is lost, run, compare, check, save.

The panels show things and say what a person wants; this module decides. ``_phase`` is what the
dock is doing, and ``_set_phase`` is the one place that switches buttons on and off.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QSize, QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.errors import StentransError
from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.export import record_path, save_steps
from napari_stentrans.plugin.collector import Collector
from napari_stentrans.plugin.copying import copy_run
from napari_stentrans.plugin.data_panel import DataPanel
from napari_stentrans.plugin.dialogs import ask_table, ask_target
from napari_stentrans.plugin.enhance_panel import EnhancePanel
from napari_stentrans.plugin.found import adopt, find
from napari_stentrans.plugin.genes_panel import GenesPanel
from napari_stentrans.plugin.keys import Keys
from napari_stentrans.plugin.layers import SectionLayers
from napari_stentrans.plugin.lost_panel import LostPanel
from napari_stentrans.plugin.message_bar import MessageBar
from napari_stentrans.plugin.opener import Opener
from napari_stentrans.plugin.panel import scrolled
from napari_stentrans.plugin.phase import Phase
from napari_stentrans.plugin.quality_panel import QualityPanel
from napari_stentrans.plugin.queue_row import Wanted
from napari_stentrans.plugin.replacing import replace_layers
from napari_stentrans.plugin.result_panel import ResultPanel
from napari_stentrans.plugin.runner import Runner
from napari_stentrans.plugin.session_keeper import Jobs, SessionKeeper
from napari_stentrans.plugin.tissue_view import TissueView
from napari_stentrans.plugin.worker import check_steps, run_steps
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.images import FirstLook
    from napari_stentrans.plugin.runs import Run
    from napari_stentrans.progress import Progress, Steps

WIDTH, LEAST_WIDTH = 360, 300
LOOKS = """
QToolButton:checked {background-color: rgba(90, 125, 235, 150); border-radius: 3px;}
QProgressBar::chunk {background-color: #5a7deb;}
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
        self._phase = Phase.EMPTY
        self._layers: SectionLayers | None = None
        self._runner = Runner(self)
        self._opener = Opener(self, napari_viewer, self._load, self._prepare, self._fail)
        self._closed = False
        self._check_next = False
        self.message = MessageBar()
        self.data, self.lost = DataPanel(), LostPanel()
        self.genes = GenesPanel(self.data.search)
        self.enhance, self.result, self.quality = EnhancePanel(), ResultPanel(), QualityPanel()
        self.tissue = TissueView(self)
        self.lost.rows.addWidget(self.tissue.button)
        jobs = Jobs(self._prepare, self._write_session, self._show_look, self._fail)
        self._keeper = SessionKeeper(self, self.enhance, self.data.session.kept, jobs)
        self._lay_out()
        self._connect()
        self._keys = Keys(napari_viewer, self)
        self.result.bind(self._keys)
        self._recolour()
        self._collector = Collector(napari_viewer.layers, self)
        self._on_layers_changed()

    @property
    def phase(self) -> Phase:
        """What the dock is doing."""
        return self._phase

    # ---- what a person does

    def open(self, path: str | Path, chosen: Chosen | None = None) -> None:
        """Read a section, or a session, from a path, off the window's thread, and show it."""
        if str(path).lower().endswith(ENDING):
            self.open_session(path)
        else:
            self._opener.open(path, chosen)

    def open_session(self, path: str | Path | None = None) -> None:
        """Bring back what was saved in a session; ask for one where no path is given."""
        self._keeper.open(path)

    def save_session(self) -> None:
        """Ask where to, and write all that was done with the section there."""
        if self._layers is not None and self._phase.idle:
            self._keeper.save(self._layers)

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
        self.enhance.form.set_shown_gene(self._layers.gene)
        self._show_result()

    def run(self) -> None:
        """Enhance the section as the form says."""
        if self._layers is None or not (self._phase.idle or self._phase.running):
            return
        self.message.clear()
        try:
            painted = self._layers.painted()
            config, mask = self.enhance.what_to_do(painted)
        except StentransError as error:
            self._fail(str(error))
            return
        damaged = self.enhance.image_damaged(painted)
        self._run_or_queue(Wanted(self._layers, config, mask, damaged=damaged))

    def _run_or_queue(self, wanted: Wanted) -> None:
        if not self._phase.idle:
            self.enhance.queue.add(wanted)
            return
        self._runner.stop()  # a check
        layers, config, mask = wanted.layers, wanted.config, wanted.mask
        work = partial(run_steps, layers.section, mask.lost, config, mask.sites, wanted.damaged)
        self.enhance.progress.start("Starting")
        self._runner.start(
            work,
            Phase.RUNNING,
            partial(self._on_enhanced, wanted),
            partial(self._on_previewed, layers, config.method),
        )

    def _run_next(self) -> None:
        """Begin the run whose turn it is, if a run may begin."""
        if self._closed or not self._phase.idle:
            return
        wanted = self.enhance.queue.take()
        while wanted is not None and wanted.layers not in find(self.viewer):
            wanted = self.enhance.queue.take()
        if wanted is not None:
            self._run_or_queue(wanted)

    def check(self) -> None:
        """Measure how good the result is, on the section itself; the dock can be used meanwhile."""
        if self._layers is None or self._layers.enhancement is None:
            return
        layers, result = self._layers, self._layers.enhancement
        self.enhance.progress.start("Checking how good it is here")
        work = partial(check_steps, layers.section, result.record)
        self._runner.start(work, Phase.CHECKING, partial(self._on_checked, layers, result))

    def save(self) -> None:
        """Ask where to, and write the result there, off the window's thread."""
        if self._layers is None or self._layers.enhancement is None or not self._phase.idle:
            return
        result, section = self._layers.enhancement, self._layers.section
        path = ask_target(self, f"{section.name.replace(' ', '_')}_enhanced.h5ad")
        if path is None:
            return
        self._runner.stop()
        quality = self._layers.quality
        if quality is not None:
            record = result.record.model_copy(update={"quality": quality.facts()})
            result = replace(result, record=record)
        self.message.clear()
        self.enhance.progress.start(f"Writing {path.name}")
        work = partial(save_steps, result, path, overwrite=True)  # the dialog has asked
        run = self._layers.runs.of(self._layers.enhancement)
        self._runner.start(work, Phase.SAVING, partial(self._on_saved, run=run))

    def save_table(self) -> None:
        """Ask where to, and write the scores of the genes there."""
        if self._layers is None or self._layers.quality is None:
            return
        name = self._layers.section.name.replace(" ", "_")
        path = ask_table(self, f"{name}_quality.csv")
        if path is None:
            return
        try:
            self._layers.quality.save_table(path, overwrite=True)  # the dialog has asked
        except StentransError as error:
            self._fail(str(error))
            return
        self._on_saved([path])

    def shut_down(self) -> None:
        """Stop what runs and let go of the viewer; nothing works afterwards."""
        if self._closed:
            return
        self._closed = True
        self.enhance.queue.clear()
        self._runner.stop()
        self._layers_timer.stop()
        self._keys.let_go()
        self._collector.let_go()
        for layers in find(self.viewer):
            layers.stop()
        events = self.viewer.layers.events
        events.inserted.disconnect(self._layers_timer_start)
        events.removed.disconnect(self._layers_timer_start)
        for panel in (self.lost, self.result, self.quality, self.tissue, self.enhance.form):
            panel.set_layers(None)
        self.genes.shut_down()

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
        self._check_next = False
        self._runner.stop()
        self.message.clear()
        self.data.show_busy(doing)
        self._runner.start(work, Phase.LOADING, returned)

    def _on_progress(self, step: Progress) -> None:
        if self._phase is Phase.CHECKING:
            step = replace(step, stage=f"checking how good it is here · {step.stage}")
        if self._phase is Phase.LOADING:
            self.data.show_step(step)
        else:
            self.enhance.progress.step(step)

    def _on_loaded(self, instead_of: SectionLayers | None, look: FirstLook) -> None:
        if instead_of in find(self.viewer):
            layers, note = replace_layers(instead_of, look)
            self._on_warned(note)
        else:
            layers = SectionLayers(self.viewer, look.section, look, in_turns=True)
        self._layers_timer.stop()
        if look.origin is not None:
            self.data.session.kept.visit(look.origin.path)
        self._choose(layers)

    def _write_session(self, work: Callable[[], Steps[list[Path]]], name: str) -> None:
        self._runner.stop()
        self.message.clear()
        self.enhance.progress.start(f"Writing {name}")
        self._runner.start(work, Phase.SAVING, self._on_session_saved)

    def _on_session_saved(self, files: list[Path]) -> None:
        self._on_saved(files)
        self.data.session.kept.visit(files[0])

    def _show_look(self, look: FirstLook) -> SectionLayers | None:
        self._on_loaded(None, look)
        return self._layers

    def _on_enhanced(self, wanted: Wanted, result: Enhancement) -> None:
        layers = wanted.layers
        if layers not in find(self.viewer):
            self._fail("The section was removed while the run went on; its result is dropped.")
            return
        layers.show_enhancement(result, in_turns=True)
        layers.runs.add(result, wanted.name)
        self._show_result()
        self._check_next = is_cheap(result.record.config) and layers is self._layers

    def _on_previewed(self, layers: SectionLayers, method: str, result: Enhancement) -> None:
        if layers in find(self.viewer):
            layers.show_preview(result, method, in_turns=True)
            self._show_result()

    def _on_checked(self, layers: SectionLayers, result: Enhancement, found: Quality | str) -> None:
        if isinstance(found, str):
            self.quality.show_problem(found)
            return
        run = layers.runs.of(result)
        if run is not None:
            run.quality = found
        if layers.enhancement is result:
            layers.quality = found
            self._show_result()

    def _on_saved(self, files: list[Path], run: Run | None = None) -> None:
        if run is not None:
            run.record = record_path(files[0])
        names = " and ".join(path.name for path in files)
        self.message.show_message(f"Saved {names} in {files[0].parent}.", "note")

    def _on_warned(self, text: str) -> None:
        """Note what was mended or left out, below what was noted before."""
        if text:
            self.message.add_note(text)

    def _on_ended(self) -> None:
        self.data.show_busy(None)
        self.enhance.progress.finish()
        for layers in find(self.viewer):
            layers.drop_preview()  # left by a run that came to nothing
        self._show_result()
        self._show_section()
        self._set_phase(Phase.EMPTY if self._layers is None else Phase.READY)
        if len(self.enhance.queue):
            QTimer.singleShot(0, self._run_next)  # unless something else begins
        elif self._check_next and not self._closed:
            self._check_next = False
            self.check()

    def _on_run_shown(self) -> None:
        self._show_result()
        self._set_phase(self._phase)

    def _show_result(self) -> None:
        self.result.refresh()
        self.quality.refresh()

    def _fail(self, text: str) -> None:
        """Say what went wrong; a job has told napari already."""
        self.message.show_message(text)
        if not self._runner.busy:
            show_error(text)

    # ---- state

    def _set_phase(self, phase: Phase) -> None:
        """Enter a phase; the only place that decides what can be pressed."""
        self._phase = phase
        layers, loading = self._layers, phase is Phase.LOADING
        has_section = layers is not None
        has_result = layers is not None and layers.enhancement is not None
        for opener in (self.data.open, self.data.sample):
            opener.setEnabled(phase not in (Phase.LOADING, Phase.STOPPING, Phase.SAVING))
        self.data.session.setEnabled(phase.idle)
        self.data.session.allow_saving(has_section)
        self.data.sections.setEnabled(phase.idle)
        self.data.choices.setEnabled(phase.idle)
        self.data.cancel.setEnabled(loading)
        self.genes.setEnabled(has_section and not loading)
        self.lost.setEnabled(has_section and not loading)
        self.enhance.set_phase(phase)
        self.enhance.progress.set_paused(phase is Phase.PAUSED)
        self.result.save.setEnabled(has_result and phase in (Phase.READY, Phase.CHECKING))
        self.quality.set_phase(phase)

    def _choose(self, layers: SectionLayers | None) -> None:
        """Work on a section from now on."""
        self._layers = layers
        for panel in (self.lost, self.result, self.quality, self.tissue, self.enhance.form):
            panel.set_layers(layers)
        self._show_section()
        self.genes.set_layers(layers)
        if self._phase is Phase.CHECKING:
            self._runner.cancel()
        elif self._phase.idle:
            self._set_phase(Phase.EMPTY if layers is None else Phase.READY)

    def _show_section(self) -> None:
        sections = find(self.viewer)
        names = [layers.section.name for layers in sections]
        at = sections.index(self._layers) if self._layers in sections else -1
        self.data.show_sections(names, at)
        layers = self._layers
        gene = "" if layers is None else layers.gene
        if layers is None:
            self.data.show_section(None)
        else:
            self.data.show_section(layers.section, gene, layers.origin)
        self.enhance.estimate.set_section(None if layers is None else layers.section)
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
        if self._layers not in sections or (new is not None and self._phase.idle):
            if self._layers is not None and self._phase.running and self._layers not in sections:
                self._runner.cancel()
            self._choose(new or (sections[-1] if sections else None))
            return
        self.lost.watch()
        self.tissue.watch()
        self.enhance.form.set_layers(self._layers)
        self._show_result()

    def _layers_timer_start(self, event: object = None) -> None:
        self._layers_timer.start()

    # ---- Qt

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

    def _connect(self) -> None:
        self._layers_timer = QTimer(self)
        self._layers_timer.setSingleShot(True)
        self._layers_timer.setInterval(0)  # once all layers of a section are there
        self._layers_timer.timeout.connect(self._on_layers_changed)
        self.viewer.layers.events.inserted.connect(self._layers_timer_start)
        self.viewer.layers.events.removed.connect(self._layers_timer_start)
        self.data.fileWanted.connect(self._opener.file)
        self.data.session.openWanted.connect(self.open_session)
        self.data.session.saveWanted.connect(self.save_session)
        self.data.session.recentWanted.connect(self.open)
        self.data.folderWanted.connect(self._opener.folder)
        self.data.activeLayerWanted.connect(self._opener.active_layer)
        self.data.sampleWanted.connect(self._opener.sample)
        self.data.optionChosen.connect(self._on_option_chosen)
        self.data.cancelWanted.connect(self._runner.cancel)
        self.data.sectionChosen.connect(self._on_section_chosen)
        self.data.geneChosen.connect(self.show_gene)
        self.genes.geneChosen.connect(self.show_gene)
        self.genes.failed.connect(self._fail)
        self.lost.counted.connect(self.enhance.form.set_lost)
        self.lost.counted.connect(self.enhance.form.image.set_lost)
        self.enhance.form.image.failed.connect(self._fail)
        self.enhance.runWanted.connect(self.run)
        self.enhance.pauseWanted.connect(self._runner.pause)
        self.enhance.resumeWanted.connect(self._runner.resume)
        self.enhance.cancelWanted.connect(self._runner.cancel)
        self._runner.phaseChanged.connect(self._set_phase)
        self._runner.progressed.connect(self._on_progress)
        self._runner.failed.connect(self._fail)
        self._runner.warned.connect(self._on_warned)
        self._runner.ended.connect(self._on_ended)
        self.result.saveWanted.connect(self.save)
        self.result.runs.shown.connect(self._on_run_shown)
        self.result.runs.copyWanted.connect(partial(copy_run, self.message))
        self.lost.counted.connect(self.enhance.estimate.set_lost)
        self.quality.checkWanted.connect(self.check)
        self.quality.geneChosen.connect(self.show_gene)
        self.quality.saveWanted.connect(self.save_table)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.message)
        result = (self.result, self.result.profile)
        panels = (self.data, self.genes, self.lost, self.enhance, *result, self.quality)
        layout.addWidget(scrolled(*panels), 1)
        self.setStyleSheet(LOOKS)
        self.setMinimumWidth(LEAST_WIDTH)

    def sizeHint(self) -> QSize:
        """As wide as its texts read well."""
        return QSize(WIDTH, super().sizeHint().height())
