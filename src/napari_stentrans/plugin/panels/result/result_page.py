"""ResultPage: what a run came to, and how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.panels.result.quality_panel import QualityPanel
from napari_stentrans.plugin.panels.result.result_panel import ResultPanel
from napari_stentrans.plugin.widgets.page import Page
from napari_stentrans.plugin.widgets.panel import words

if TYPE_CHECKING:
    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

NOTHING = "There is no result yet. Paint what is lost on the page Repair, and press Run there."


class ResultPage(Page):
    """The result, its runs, a profile, and its quality."""

    title = "Result"
    tip = "What a run came to, and how far to trust it"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.nothing = words("no result")
        self.nothing.setText(NOTHING)
        self.result, self.quality = ResultPanel(), QualityPanel()
        for panel in (self.nothing, self.result, self.result.profile, self.quality):
            self.rows.addWidget(panel)
        context.follow(self)
        context.paintChanged.connect(self.result.set_marked)
        context.resultChanged.connect(self.refresh)
        context.phaseChanged.connect(self._show_phase)
        context.unsavedChanged.connect(self.result.show_unsaved)
        self.result.runs.shown.connect(self._on_run_shown)
        self.quality.geneChosen.connect(context.geneWanted)
        self.refresh()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the result of this section from now on."""
        self.result.set_layers(layers)
        self.result.set_marked(self.context.painted)
        self.quality.set_layers(layers)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is of the result."""
        layers = self.context.layers
        self.nothing.setVisible(layers is None or layers.enhancement is None)
        self.result.refresh()
        self.quality.refresh()

    def _on_run_shown(self) -> None:
        self.context.resultChanged.emit()
        self.context.phaseChanged.emit()

    def _show_phase(self) -> None:
        phase, layers = self.context.phase, self.context.layers
        there = layers is not None and layers.enhancement is not None
        self.result.save.setEnabled(there and phase.idle)
        self.quality.set_phase(phase)
