"""The dock: what is open, and pages to repair it, to judge the result, and to export it.

The panels show things and say what a person wants; jobs do it; this module puts them together.
What all of them share is ``Context``; the pages are listed in ``pages.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin import pages
from napari_stentrans.plugin.bar import Bar
from napari_stentrans.plugin.dock_jobs import DockJobs, Parts
from napari_stentrans.plugin.jobs.context import Context
from napari_stentrans.plugin.jobs.drops import Drops
from napari_stentrans.plugin.layers.collector import Collector
from napari_stentrans.plugin.layers.gl_context import GlContext
from napari_stentrans.plugin.layers.taken_out import TakenOut
from napari_stentrans.plugin.layers.units import OneUnit
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.napari_compat import unwrapped
from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
from napari_stentrans.plugin.panels.data.data_panel import DataPanel
from napari_stentrans.plugin.panels.export.page import ExportPage
from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
from napari_stentrans.plugin.panels.page import Pages
from napari_stentrans.plugin.panels.repair.repair_page import RepairPage
from napari_stentrans.plugin.panels.result.page import ResultPage
from napari_stentrans.plugin.widgets.help_corner import HelpCorner
from napari_stentrans.plugin.widgets.keys import Keys

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.export_request import What

WIDTH, LEAST_WIDTH = 360, 300
LOOKS = """
QToolButton:checked {background-color: rgba(90, 125, 235, 150); border-radius: 3px;}
QProgressBar::chunk {background-color: #5a7deb;}
QTableView::item:selected, QListWidget::item:selected {background-color: rgba(90, 125, 235, 150);}
"""


class StentransDock(QWidget):
    """Everything that the plugin does: a head, pages, and a foot with what is said and done.

    Parameters
    ----------
    napari_viewer
        The viewer that it works in; layers that readers made there are taken in.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        napari_viewer = unwrapped(napari_viewer)  # all in the dock have the viewer itself
        self.viewer, self._closed = napari_viewer, False
        context = self.context = Context(napari_viewer, self)
        self.message, self.wide = context.message, context.wide
        self.data = DataPanel(context)
        self.genes, self.tissue = GenesPanel(self.data.search, context), TissueView()
        self.bar = Bar(napari_viewer, self.genes, self.tissue)
        self._make_pages()
        parts = Parts(self.data, self.genes, self.tissue, self.repair, self.result, self.export)
        self.jobs = DockJobs(context, parts)
        self.placing = self.jobs.placing
        self.corner = HelpCorner(napari_viewer, context.note, context.actions)
        self.data.head.addWidget(self.corner)
        self._keys = Keys(napari_viewer, self, self.bar, self.genes.popup)
        self.result.bind(self._keys)
        self.bar.bind(self._keys)
        self._watch_viewer()
        self._lay_out()
        self._connect()
        context.actions.begin()
        context.look()
        QTimer.singleShot(0, self._look_for_left)

    @property
    def layers(self) -> SectionLayers | None:
        return self.context.layers

    @property
    def phase(self) -> Phase:
        return self.context.phase

    _layers = layers

    # ---- what a person does

    def open(self, path: str | Path, chosen: Chosen | None = None) -> None:
        """Read a section, a session, or what belongs to a section, off the window's thread."""
        self.jobs.opener.open(path, chosen)

    def open_session(self, path: str | Path | None = None) -> None:
        """Bring back what was saved in a session; ask for one where no path is given."""
        self.jobs.keeper.open(path)

    def save_session(self) -> None:
        """Ask where to, and write all that was done with the section there."""
        self.jobs.keeper.save()

    def open_sample(self, name: str) -> None:
        """Make a sample, "hex" or "square", or download another of them, and show it."""
        self.jobs.opener.sample(name)

    def use_active_layer(self) -> None:
        self.jobs.opener.active_layer()

    def show_gene(self, name: str) -> None:
        """Show a gene in the maps before and after."""
        layers = self.layers
        if layers is None:
            return
        try:
            layers.model.show_gene(name)
        except StentransError as error:
            self.context.fail(str(error))
            return
        layers.bring_back()
        self.enhance.form.set_shown_gene(layers.model.gene)
        self.context.resultChanged.emit()

    def run(self) -> None:
        self.jobs.enhancing.run()

    def show_quality(self) -> None:
        """Begin a check, or show what it found."""
        if self.quality.check.isEnabled() and not self.quality.check.isHidden():
            self.jobs.enhancing.check()
        self.pages.show_page(self.result)
        self.result.open("table")

    def rename_run(self) -> None:
        """Let another name of the run that is shown be typed."""
        self.pages.show_page(self.result)
        self.result.runs.rename()

    def save(self, what: What | None = None) -> None:
        """Show the page that asks what to save, with ``what`` chosen."""
        if self.layers is not None:
            self.pages.show_page(self.export)
            self.export.choose(what)

    def shut_down(self) -> None:
        """Stop what runs and let go of the viewer; nothing works afterwards."""
        if self._closed:
            return
        self._closed = True
        self.jobs.enhancing.shut_down()
        self.neighbours.laying.stop()
        for layers in self.context.sections:
            layers.store.deferred.drop()
        self.context.let_go()
        self.genes.shut_down()
        for holder in self._holders:  # last: panels take layers away
            holder.let_go()

    # ---- parts

    def _make_pages(self) -> None:
        self.pages = Pages()
        for kind in pages.PAGES:
            self.pages.add(kind(self.context))
        self.repair, self.result = self.pages.page(RepairPage), self.pages.page(ResultPage)
        self.export = self.pages.page(ExportPage)
        self.lost, self.enhance = self.repair.lost, self.repair.enhance
        self.neighbours = self.repair.neighbours
        self.damage, self.quality = self.repair.damage, self.result.quality

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.data)
        layout.addWidget(self.pages, 1)
        foot = (self.message, self.damage.question, self.pages.feet, self.enhance.foot)
        for part in foot:  # below, so that nothing moves under the mouse
            layout.addWidget(part)
        self.setStyleSheet(LOOKS)
        self.setMinimumWidth(LEAST_WIDTH)

    def _watch_viewer(self) -> None:
        """Take keys and drops, and what else comes from the window around."""
        viewer = self.viewer
        self._drops = Drops(
            self, viewer, self.data.open.isEnabled, self.open, self.placing.lay, self.neighbours.add
        )
        taken_out, unit = TakenOut(self, viewer), OneUnit(self, viewer)
        taken_out.offered.connect(self.message.offer)
        taken_out.restored.connect(self.context.choose)
        unit.changed.connect(self.context.fit)
        collector, gl_context = Collector(viewer.layers, self), GlContext(viewer, self)
        self._holders = (
            self._keys, self._drops, self.jobs, taken_out, unit, collector, gl_context, self.bar,
        )  # fmt: skip

    def _connect(self) -> None:
        context = self.context
        context.geneWanted.connect(self.show_gene)
        self.genes.geneChosen.connect(self.show_gene)
        self.genes.failed.connect(context.fail)
        context.sectionsChanged.connect(self.genes.refresh)
        context.saveWanted.connect(self.save)
        context.layersChanged.connect(self.tissue.refresh)
        context.phaseChanged.connect(self._allow_genes)
        context.phaseChanged.connect(context.actions.allow)
        context.follow(self.bar, self.data, self.genes)
        self.jobs.loads.shown.connect(self._come_to_repair)
        self.jobs.enhancing.began.connect(self.pages.remember)
        self.jobs.enhancing.enhanced.connect(self._come_to_result)
        self.jobs.enhancing.enhanced.connect(self.neighbours.hide_maps)

    def _come_to_result(self) -> None:
        """Show the result, unless the person does something else meanwhile."""
        if not self.lost.painting:
            self.pages.come(self.result)

    def _come_to_repair(self) -> None:
        """Show what can be done with a section that has no result yet."""
        if self.pages.front is self.result and not self.context.restoring:
            self.pages.show_page(self.repair)

    def _allow_genes(self) -> None:
        self.genes.setEnabled(self.layers is not None and self.phase is not Phase.LOADING)

    def _look_for_left(self) -> None:
        if not self._closed:
            self.jobs.keeping.look_for_left()

    # ---- Qt

    def keyPressEvent(self, event: Any) -> None:
        if not self._keys.take(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        if not self._keys.take(event):
            super().keyReleaseEvent(event)

    def changeEvent(self, event: Any) -> None:
        """Notice being taken out of the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.shut_down()
            self.deleteLater()

    def closeEvent(self, event: Any) -> None:
        self.shut_down()
        super().closeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())
