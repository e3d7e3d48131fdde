"""Result: what a run did, ways to look at it, and saving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton

from napari_stentrans.plugin.compare.views import NAMES as VIEWS_OF_BOTH
from napari_stentrans.plugin.models.result_words import (
    apart,
    describe,
    legend,
    marked_since,
    missing,
    taken_as_measured,
    verdict,
)
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.panels.result.partner_row import PartnerRow
from napari_stentrans.plugin.panels.result.profile_panel import ProfilePanel
from napari_stentrans.plugin.panels.result.run_list import RunList
from napari_stentrans.plugin.panels.result.view_key import ViewKey
from napari_stentrans.plugin.widgets.panel import Panel, button, words
from napari_stentrans.plugin.widgets.shortcuts import SHORTCUTS, with_keys

if TYPE_CHECKING:
    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.keys import Keys

VIEWS = {
    "side_by_side": (
        "Side by side",
        "The measured map, or the run that you compare with, beside the run shown",
    ),
    "swipe": (
        "Swipe",
        "The measured map, or the run that you compare with, on the left of a handle that you "
        "drag; the run shown on the right",
    ),
    "blink": ("Blink", "Change between both maps twice a second. Or hold H to see the other map."),
    "difference": (
        "Difference",
        "The run shown minus the measured map, or minus the run that you compare with: "
        "red is more, blue is less",
    ),
    "uncertainty": ("Uncertainty", "How sure each value is: the estimate, or a new measurement"),
    "provenance": (
        "Provenance",
        "Where each value comes from: measured, filled or between spots, in the colours below",
    ),
    "profile": ("Profile…", "Draw a line over the tissue and see the gene along it"),
}
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
        self.partner = PartnerRow()
        self.rows.addWidget(self.partner)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.views: dict[str, QPushButton] = {}
        for i, (view, (name, tip)) in enumerate(VIEWS.items()):
            made = button(name, f"{tip} ({SHORTCUTS[f'compare.{view}'][0]})")
            made.setCheckable(True)
            made.clicked.connect(lambda on, view=view: self._show(view, on))
            alone = i % 2 == 0 and i == len(VIEWS) - 1
            grid.addWidget(made, i // 2, i % 2, 1, 1 + alone)
            self.views[view] = made
        self.rows.addLayout(grid)
        self.key = ViewKey()
        self.rows.addWidget(self.key)
        self.handle = self.key.handle
        self.profile = ProfilePanel()
        self.legend = words("where values come from")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.rows.addWidget(self.legend)
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
            self._layers.drawn.disconnect(self.key.refresh, missing_ok=True)
        if layers is not self._layers:
            self._marked = None  # it is of another section
        self._layers = layers
        self.profile.set_layers(layers)
        if layers is not None:
            layers.compared.connect(self.refresh)
            layers.drawn.connect(self.key.refresh)
        self.key.set_layers(layers)
        self.partner.set_layers(layers)
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
        """Let the views be switched by keys too."""
        for view, made in self.views.items():
            keys.on(f"compare.{view}", made.click)
        keys.while_held("compare.hold", self._hold, self._release)

    def refresh(self) -> None:
        """Show what there is of the result."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        result = None if self._layers is None else self._layers.enhancement
        self.setVisible(result is not None)
        self.runs.refresh()
        self.partner.refresh()
        if result is None or self._layers is None:
            return
        waiting = self._layers.preview_of
        lines = WORDS * self.words.fontMetrics().lineSpacing()
        self.words.setMinimumHeight(max(lines, self.words.height() if waiting else 0))
        said = describe(result) + apart(self._layers)
        said = f"Preview by kriging; {waiting} is at work …" if waiting else said
        self.words.setText(said + missing(self._layers))
        self.legend.setText(legend(result))
        self._say_marked()
        self.verdict.setText(verdict(self._layers))
        self._watch(self._layers)

    def _say_marked(self) -> None:
        result = None if self._layers is None else self._layers.enhancement
        text = ""
        if result is not None and self._layers is not None:
            left = taken_as_measured(result, self._layers.damage)
            text = "\n".join(filter(None, [left, marked_since(result, self._marked)]))
        self.unfilled.setText(text)
        self.unfilled.setVisible(bool(text))

    def _watch(self, layers: SectionLayers) -> None:
        """Let the buttons follow the layers, which a person may also switch in napari."""
        both = layers.has("after") and layers.has("before")
        there: dict[str, bool] = {
            **dict.fromkeys(VIEWS_OF_BOTH, both),
            "difference": True,
            "profile": True,
            "uncertainty": layers.has("uncertainty"),
            "provenance": layers.has("provenance"),
        }
        on: dict[str, bool] = {view: layers.views.shown == view for view in VIEWS_OF_BOTH}
        on["profile"] = self.profile.on
        for view in ("difference", "uncertainty", "provenance"):
            layer = layers.now(view)
            on[view] = layer is not None and layer.visible
            if layer is not None:
                layer.events.visible.connect(self._on_visible)
        for view, made in self.views.items():
            made.setEnabled(there[view])
            made.setChecked(on[view])
        for layer in (layers.now("before"), layers.now("after")):
            if layer is not None:
                layer.events.visible.connect(self._on_visible)
        self.key.refresh()

    def _on_visible(self, event: object = None) -> None:
        if self._layers is None:
            return
        for view in ("difference", "uncertainty", "provenance"):
            layer = self._layers.now(view)
            self.views[view].setChecked(layer is not None and layer.visible)
        self.key.refresh()

    def _hold(self) -> None:
        if self._layers is not None:
            self._layers.views.hold()

    def _release(self) -> None:
        if self._layers is not None:
            self._layers.views.release()

    def _show(self, view: str, on: bool) -> None:
        """Show a view and no other, or the enhanced map again; the profile goes with any."""
        if self._layers is None:
            return
        if view == "profile":
            self.profile.set_on(on)
        else:
            self._layers.choose_view(view if on else "after")
        self.refresh()
