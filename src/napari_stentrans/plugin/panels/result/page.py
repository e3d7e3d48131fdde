"""ResultPage: whether to trust the gene on the map, the runs, and what the one shown did."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.result_words import (
    apart,
    describe,
    extrapolated,
    legend,
    marked_since,
    missing,
    plain,
    remarks,
    taken_as_measured,
)
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.panels.result.profile_panel import ProfilePanel
from napari_stentrans.plugin.panels.result.quality_panel import QualityPanel
from napari_stentrans.plugin.panels.result.quality_tabs import ScatterTab, TableTab
from napari_stentrans.plugin.panels.result.run_list import RunList
from napari_stentrans.plugin.widgets.fold import Fold
from napari_stentrans.plugin.widgets.make import laid
from napari_stentrans.plugin.widgets.panel import button, in_row, parting, words

if TYPE_CHECKING:
    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.keys import Keys

TABS = {
    "table": ("Table", "Table", "Scores of all genes, to sort; and the doubtful ones"),
    "scatter": ("Scatter", "Scatter", "A dot for each gene: enhanced against plain"),
    "profile": ("Profile", "Profile…", "Draw a line over the tissue and see the gene along it"),
}
"""Tabs of the wide panel: their title, and the name and tip of the button that opens them."""
WORDS = 2  # lines that are kept for what a run did; a preview keeps as many as were there
NOTHING = "No result yet. Mark what is lost on the Repair page, and press Run."


class ResultPage(Following, Page):
    """Words, runs and ways into the wide panel for the result of a section."""

    title = "Result"
    tip = "What a run came to, and how far to trust it"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wide = context.wide
        self.quality, self.runs = QualityPanel(context), RunList(context)
        self.scores, self.scatter = TableTab(context), ScatterTab(context)
        self.profile = ProfilePanel()
        self.tabs = {"scatter": self.scatter, "table": self.scores, "profile": self.profile}
        for name, tab in self.tabs.items():
            self._wide.add(TABS[name][0], tab, TABS[name][2])
        self.profile.switched.connect(self._on_profile)
        self._wide.changed.connect(self._on_wide)
        self._lay_out()
        self.refresh()
        context.follow(self)
        context.paintChanged.connect(self.show_unpainted)
        context.resultChanged.connect(self.refresh)
        context.phaseChanged.connect(self.quality.refresh)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.runs.undo.setEnabled(False)
        self.profile.set_layers(layers)
        if layers is None:
            self._wide.shut()
        super().set_layers(layers)

    def show_unpainted(self) -> None:
        """Say what the run did not fill, and what looks lost in it."""
        text, result = "", None if self.model is None else self.model.enhancement
        if self.model is not None and result is not None:
            left = taken_as_measured(result, self.model.damage)
            marked = self.context.painted
            here = marked is not None and len(marked.lost) == result.section.n_spots
            since = marked_since(result, marked if here else None)
            text = "\n".join(filter(None, [extrapolated(result), left, since]))
        self.unfilled.setText(text)
        self.unfilled.setVisible(bool(text))

    def bind(self, keys: Keys) -> None:
        keys.on("compare.profile", self.opens["profile"].click)

    def refresh(self) -> None:
        model = self.model
        result = None if model is None else model.enhancement
        for part in (self.quality, self.line, self.body):
            part.setVisible(result is not None)
        self.nothing.setVisible(result is None)
        for part in (self.runs, self.quality, self.scores, self.scatter):
            part.refresh()
        if model is None or result is None:
            return
        waiting = model.preview_of
        lines = WORDS * self.words.fontMetrics().lineSpacing()
        self.words.setMinimumHeight(max(lines, self.words.height() if waiting else 0))
        preview = f"Preview by a {plain('kriging')}; {waiting} is at work …"
        self.words.setText((preview if waiting else describe(result)) + missing(model))
        self.notes.setText(f"{remarks(result)}{'' if waiting else apart(model)}".strip())
        self.more.setVisible(bool(self.notes.text()))
        self.notes.setVisible(bool(self.notes.text()) and self.more.isChecked())
        self.legend.setText(legend(result))
        self.show_unpainted()
        self._allow()

    def _allow(self) -> None:
        checked = self.model is not None and self.model.quality is not None
        for name in ("table", "scatter"):
            made, tip = self.opens[name], TABS[name][2]
            made.setEnabled(checked or made.isChecked())
            made.setToolTip(tip if checked else f"{tip}.\nCheck first")

    def _on_wide(self) -> None:
        """Let the buttons say what is open; the line of the profile goes with the panel."""
        page = self._wide.page
        if page is None or page is self.profile:
            self.profile.set_on(page is not None)
        for name, tab in self.tabs.items():
            self.opens[name].setChecked(page is tab)
        self._allow()

    def _on_profile(self, on: bool) -> None:
        """Open the panel where a line comes back with its section; close it where one goes."""
        if not on:
            self._wide.close_page(self.profile)
        elif self._wide.page is None:
            self._wide.open(self.profile)

    def open(self, name: str) -> None:
        """Open a tab of the wide panel, if there is something to see in it."""
        if self.opens[name].isEnabled():
            self._wide.open(self.tabs[name])

    def _open(self, name: str, on: bool) -> None:
        if on:
            self.open(name)
        else:
            self._wide.shut()

    def _opener(self, name: str) -> QPushButton:
        _, text, tip = TABS[name]
        made = button(text, with_keys(tip, "compare.profile") if name == "profile" else tip)
        made.setCheckable(True)
        made.clicked.connect(partial(self._open, name))
        return made

    def _lay_out(self) -> None:
        self.nothing = words("why there is nothing here")
        self.nothing.setText(NOTHING)
        self.words = words("what was done")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.legend = words("where values come from")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.unfilled = words("what the run did not fill")
        self.notes = words("more about the run")
        self.notes.hide()
        self.more = Fold("More about this run", "What else is known of it")
        self.more.toggled.connect(self.notes.setVisible)
        self.opens = {name: self._opener(name) for name in TABS}
        self.body = QWidget()
        about = (self.words, self.unfilled, self.legend, self.more, self.notes)
        laid(QVBoxLayout(self.body), *about, in_row(*self.opens.values()), spacing=6)
        self.line = parting()
        for part in (self.nothing, self.quality, self.line, self.runs, self.body):
            self.rows.addWidget(part)
