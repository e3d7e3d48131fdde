"""Result: what a run did, ways to look at it, and saving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal

from napari_stentrans.plugin.models.result_words import (
    apart,
    describe,
    marked_since,
    missing,
    taken_as_measured,
    verdict,
)
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.panels.result.profile_panel import ProfilePanel
from napari_stentrans.plugin.panels.result.run_list import RunList
from napari_stentrans.plugin.widgets.panel import Panel, button, words
from napari_stentrans.plugin.widgets.shortcuts import with_keys

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.keys import Keys

PROFILE = "Draw a line over the tissue and see the gene along it"
WORDS = 4
"""Lines that are kept for what a run did; a preview keeps as many as were there."""


class ResultPanel(Panel):
    """Words, views and the save button of the last result of a section."""

    saveWanted = Signal()

    def __init__(self) -> None:
        super().__init__("Result")
        self._layers: SectionLayers | None = None
        self._marked: LostMask | None = None
        self.runs = RunList()
        self.rows.addWidget(self.runs)
        self.words = words("what was done")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.rows.addWidget(self.words)
        self.verdict = words("how good the gene on the map is")
        self.rows.addWidget(self.verdict)
        profile = button("Profile…", with_keys(PROFILE, "compare.profile"))
        profile.setCheckable(True)
        profile.clicked.connect(self._show_profile)
        self.views: dict[str, QPushButton] = {"profile": profile}
        self.rows.addWidget(profile)
        self.profile = ProfilePanel()
        self.unfilled = words("what the run did not fill")
        self.unfilled.hide()
        self.rows.addWidget(self.unfilled)
        self.save = button(
            "Save…",
            with_keys(
                "Write the result for analysis, as images, table or figure; or the lost regions",
                "save.anything",
            ),
            self.saveWanted.emit,
        )
        self.rows.addWidget(self.save)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the result of this section from now on."""
        if self._layers is not None:
            self._layers.compared.disconnect(self.refresh, missing_ok=True)
        if layers is not self._layers:
            self._marked = None  # it is of another section
        self._layers = layers
        self.profile.set_layers(layers)
        if layers is not None:
            layers.compared.connect(self.refresh)
        self.runs.set_layers(layers)
        self.refresh()

    def show_unsaved(self, parts: list[str]) -> None:
        """Mark the button where something is not saved."""
        self.save.setText(f"Save… {MARK}" if parts else "Save…")

    def set_marked(self, marked: LostMask | None) -> None:
        """Say where more is marked as lost than the run has filled."""
        self._marked = marked
        self._say_marked()

    def show_unpainted(self) -> None:
        """Say how many spots of the run look lost, now that this is known."""
        self._say_marked()

    def bind(self, keys: Keys) -> None:
        """Let the profile be switched by its key too."""
        keys.on("compare.profile", self.views["profile"].click)

    def refresh(self) -> None:
        """Show what there is of the result."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        result = None if self._layers is None else self._layers.enhancement
        self.setVisible(result is not None)
        self.runs.refresh()
        if result is None or self._layers is None:
            return
        waiting = self._layers.preview_of
        lines = WORDS * self.words.fontMetrics().lineSpacing()
        self.words.setMinimumHeight(max(lines, self.words.height() if waiting else 0))
        said = describe(result) + apart(self._layers)
        said = f"Preview by kriging; {waiting} is at work …" if waiting else said
        self.words.setText(said + missing(self._layers))
        self._say_marked()
        self.verdict.setText(verdict(self._layers))
        self.views["profile"].setChecked(self.profile.on)

    def _say_marked(self) -> None:
        result = None if self._layers is None else self._layers.enhancement
        text = ""
        if result is not None and self._layers is not None:
            left = taken_as_measured(result, self._layers.damage)
            text = "\n".join(filter(None, [left, marked_since(result, self._marked)]))
        self.unfilled.setText(text)
        self.unfilled.setVisible(bool(text))

    def _show_profile(self, on: bool) -> None:
        self.profile.set_on(on)
        self.refresh()
