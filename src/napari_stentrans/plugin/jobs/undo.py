"""Undo: what a person deleted is said in the message bar, with a button to take it back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_stentrans.plugin.widgets.throttle import follow

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.runs import Run

LACKING = "The enhanced map was deleted from the list of layers."


class Undo(QObject):
    """Offers to bring back the enhanced map, and runs, as long as the message stands."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context = context
        self._layers: SectionLayers | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        old, new = (None if of is None else of.model for of in (self._layers, layers))
        follow(old, new, self._on_lacking, "lacking")
        follow(old, new, self._on_drawn, "drawn")
        self._layers = layers

    def _on_lacking(self) -> None:
        QTimer.singleShot(0, self._say_lacking)  # when the section is not being removed as a whole

    def _say_lacking(self) -> None:
        layers = self._layers
        if layers is None or layers not in self._context.sections or layers.has("after"):
            return
        tip = "Make its layer again; a click on the run, or another gene, does so too"
        self._context.message.offer(LACKING, "Show it again", tip, layers.bring_back)

    def _on_drawn(self) -> None:
        """Say no longer that the enhanced map is not there, when it is."""
        message = self._context.message
        if message.text() == LACKING and self._layers and self._layers.has("after"):
            message.clear()

    def offer(self, run: Run, at: int, against: Enhancement | None) -> None:
        """Offer to bring back a run that was deleted, at its place, compared with ``against``."""
        if self._layers is not None:
            tip = "Bring the run back (Ctrl+Z in the list of runs)"
            back = partial(self._bring_back, self._layers, run, at, against)
            self._context.message.offer(f"“{run.name}” was deleted.", "Undo", tip, back)

    def _bring_back(
        self, layers: SectionLayers, run: Run, at: int, against: Enhancement | None
    ) -> None:
        if layers in self._context.sections:
            layers.model.restore_run(run, at, against)
            self._context.resultChanged.emit()
            self._context.phaseChanged.emit()
