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

if TYPE_CHECKING:
    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers


class RepairPage(Page):
    """Lost regions, the settings of a run, and what begins it."""

    title = "Repair"
    tip = "Mark what is lost, and fill it from what is around"
    runWanted = Signal()
    """Run; what looks lost was painted, or is to be taken as measured."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.lost, self.enhance = LostPanel(context.actions), EnhancePanel(context.runner)
        self.damage = DamageLine(context.runner, self.lost)
        self.enhance.form.speak_to(context.app.settings)
        self.foot = self.enhance.begins
        for part in (self.lost, self.enhance, self.enhance.curve):
            self.rows.addWidget(part)
        self.setTabOrder(self.enhance.run, self.enhance.add)
        context.follow(self, self.damage)
        image = self.enhance.form.image
        self.lost.marked.connect(self.enhance.set_painted)
        self.lost.marked.connect(context.set_painted)
        image.failed.connect(context.fail)
        self.enhance.runWanted.connect(self._run_or_ask)
        self.damage.imageDamaged.connect(partial(image.choose, "damaged"))
        context.phaseChanged.connect(self._show_phase)
        context.sectionsChanged.connect(self._show_section)
        context.layersChanged.connect(self._watch)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.lost.set_layers(layers)
        self.enhance.set_layers(layers)

    def _run_or_ask(self) -> None:
        """Run, unless something looks lost, which a run that fills would take as measured."""
        fills = self.enhance.form.fill.isChecked()
        if not (fills and self.damage.asks(self.runWanted.emit)):
            self.runWanted.emit()

    def _show_phase(self) -> None:
        phase, layers = self.context.phase, self.context.layers
        self.lost.setEnabled(layers is not None and phase is not Phase.LOADING)
        self.enhance.set_phase(phase)

    def _show_section(self) -> None:
        model = None if self.context.layers is None else self.context.layers.model
        self.enhance.set_section(None if model is None else model.section)
        self.enhance.form.set_shown_gene("" if model is None else model.gene)

    def _watch(self) -> None:
        self.lost.watch()
        self.enhance.form.set_layers(self.context.layers)
