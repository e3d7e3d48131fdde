"""ExportPage: what is written to files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.widgets.page import Page
from napari_stentrans.plugin.widgets.panel import button, words
from napari_stentrans.plugin.widgets.shortcuts import with_keys

if TYPE_CHECKING:
    from napari_stentrans.plugin.context import Context

TIP = "Write the result for analysis, as images, table or figure; or the lost regions"
NOTHING = "There is nothing to save yet: paint a lost region, or run."


class ExportPage(Page):
    """A button that asks what to save."""

    title = "Export"
    tip = "Save results, figures and lost regions"
    saveWanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.words = words("what can be saved")
        self.save = button("Save…", with_keys(TIP, "save.anything"), self.saveWanted.emit)
        self.rows.addWidget(self.words)
        self.rows.addWidget(self.save)
        context.unsavedChanged.connect(self.show_unsaved)
        context.phaseChanged.connect(self._allow)
        context.resultChanged.connect(self._allow)
        self._allow()

    def show_unsaved(self, parts: list[str]) -> None:
        """Mark the button where something is not saved."""
        self.save.setText(f"Save… {MARK}" if parts else "Save…")
        self.words.setText(f"Not saved yet: {', '.join(parts)}." if parts else "")

    def _allow(self) -> None:
        self.save.setEnabled(self.context.layers is not None and self.context.phase.idle)
