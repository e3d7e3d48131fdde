"""Undo: what a person deleted is said in the message bar, with a button to take it back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_stentrans.plugin.layers.registry import find

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.widgets.message_bar import MessageBar

LACKING = "The enhanced map was deleted from the list of layers."


class Undo(QObject):
    """Offers to bring back the enhanced map, and runs.

    What was deleted is kept as long as the message stands.

    Parameters
    ----------
    parent
        What it belongs to.
    message
        Where it is said.
    """

    restored = Signal()
    """There is something else to show as the result."""

    def __init__(self, parent: QObject, message: MessageBar) -> None:
        super().__init__(parent)
        self._message = message
        self._layers: SectionLayers | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Watch over the results of this section from now on."""
        if self._layers is not None:
            self._layers.model.lacking.disconnect(self._on_lacking, missing_ok=True)
            self._layers.model.drawn.disconnect(self._on_drawn, missing_ok=True)
        self._layers = layers
        if layers is not None:
            layers.model.lacking.connect(self._on_lacking)
            layers.model.drawn.connect(self._on_drawn)

    def _on_lacking(self) -> None:
        QTimer.singleShot(0, self._say_lacking)  # when the section is not being removed as a whole

    def _say_lacking(self) -> None:
        layers = self._layers
        if layers is not None and layers in find(layers.viewer) and not layers.has("after"):
            tip = "Make its layer again; a click on the run, or another gene, does so too"
            self._message.offer(LACKING, "Show it again", tip, layers.bring_back)

    def _on_drawn(self) -> None:
        """Say no longer that the enhanced map is not there, when it is."""
        if self._message.text() == LACKING and self._layers and self._layers.has("after"):
            self._message.clear()

    def offer(self, run: Run, at: int, against: Enhancement | None) -> None:
        """Offer to bring back a run that was deleted, at its place, compared with ``against``."""
        if self._layers is not None:
            tip = "Bring the run back (Ctrl+Z in the list of runs)"
            back = partial(self._bring_back, self._layers, run, at, against)
            self._message.offer(f"“{run.name}” was deleted.", "Undo", tip, back)

    def _bring_back(
        self, layers: SectionLayers, run: Run, at: int, against: Enhancement | None
    ) -> None:
        if layers in find(layers.viewer):
            layers.model.restore_run(run, at, against)
            self.restored.emit()
