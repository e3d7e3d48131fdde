"""RepairPage: mark what is lost, and fill it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.panels.repair.damage_line import DamageLine
from napari_stentrans.plugin.panels.repair.enhance_panel import EnhancePanel
from napari_stentrans.plugin.panels.repair.lost_panel import LostPanel
from napari_stentrans.plugin.panels.repair.neighbours_panel import NeighboursPanel

if TYPE_CHECKING:
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers


class RepairPage(Page):
    """Lost regions, the settings of a run, and what begins it."""

    title = "Repair"
    tip = "Mark what is lost, and fill it from what is around"
    runWanted = Signal()
    """Run; what looks lost was painted, or is to be taken as measured."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.lost, self.enhance = LostPanel(context.actions), EnhancePanel(context)
        self.damage = DamageLine(context.runner, self.lost)
        self.foot = self.enhance.begins
        self.neighbours = NeighboursPanel(context)
        for part in (self.lost, self.enhance, self.neighbours, self.enhance.curve):
            self.rows.addWidget(part)
        self.setTabOrder(self.enhance.run, self.enhance.add)
        self.lost.marked.connect(context.set_painted)
        self._form = self.enhance.form
        self._form.speak_to(context.app.settings)
        self._form.image.failed.connect(context.fail)
        self.damage.imageDamaged.connect(partial(self._form.image.choose, "damaged"))
        self.enhance.runWanted.connect(self._run_or_ask)
        self.neighbours.changed.connect(self.enhance.refresh)
        self._form.method.currentIndexChanged.connect(self._on_method)
        context.follow(self, self.damage)
        context.phaseChanged.connect(self._show_phase)
        context.sectionsChanged.connect(self._show_gene)
        context.layersChanged.connect(self._watch)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.lost.set_layers(layers)
        self._form.set_layers(layers)
        self.neighbours.set_layers(layers)

    def _on_method(self) -> None:
        self.neighbours.set_method(self._form.method.currentData())

    def _run_or_ask(self) -> None:
        """Run, unless something looks lost, which a run that fills would take as measured."""
        if not (self._form.fill.isChecked() and self.damage.asks(self.runWanted.emit)):
            self.runWanted.emit()

    def _show_phase(self) -> None:
        here = self.context.layers is not None
        self.lost.setEnabled(here and self.context.phase is not Phase.LOADING)

    def _show_gene(self) -> None:
        layers = self.context.layers
        self._form.set_shown_gene("" if layers is None else layers.model.gene)

    def _watch(self) -> None:
        self.lost.watch()
        self._form.set_layers(self.context.layers)
