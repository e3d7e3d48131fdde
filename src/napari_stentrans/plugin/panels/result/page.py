"""ResultPage: whether to trust the gene on the map, the runs, and what the one shown did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
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
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.panels.result.profile_panel import ProfilePanel
from napari_stentrans.plugin.panels.result.quality_panel import QualityPanel
from napari_stentrans.plugin.panels.result.quality_tabs import ScatterTab, TableTab
from napari_stentrans.plugin.panels.result.run_list import RunList
from napari_stentrans.plugin.widgets.fold import Fold
from napari_stentrans.plugin.widgets.panel import button, in_row, parting, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import RunRequest
    from napari_stentrans.plugin.widgets.keys import Keys

TABS = {
    "table": ("Table", "Genes: table", "Scores of all genes, to sort; and the doubtful ones"),
    "scatter": ("Scatter", "Quality: plot", "A dot for each gene: enhanced against plain"),
    "profile": ("Profile", "Profile…", "Draw a line over the tissue and see the gene along it"),
}
"""Tabs of the wide panel: their title, and the name and tip of the button that opens them."""
WORDS = 2
"""Lines that are kept for what a run did; a preview keeps as many as were there."""
NOTHING = "No result yet. Mark what is lost on the Repair page, and press Run."


class ResultPage(Page):
    """Words, runs and ways into the wide panel for the result of a section."""

    title = "Result"
    tip = "What a run came to, and how far to trust it"

    geneChosen = Signal(str)
    tableWanted = Signal()
    """The scores of the genes are to be written to a file."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        wide = self._wide = context.wide
        self._layers: SectionLayers | None = None
        self._marked: LostMask | None = None
        self.quality, self.runs = QualityPanel(), RunList()
        self.scores, self.scatter, self.profile = TableTab(), ScatterTab(), ProfilePanel()
        self.tabs = {"scatter": self.scatter, "table": self.scores, "profile": self.profile}
        for name, tab in self.tabs.items():
            wide.add(TABS[name][0], tab, TABS[name][2])
        for tab in (self.scores, self.scatter):
            tab.chosen.connect(self.geneChosen)
        self.scores.saveWanted.connect(self.tableWanted)
        self.profile.switched.connect(self._on_profile)
        wide.changed.connect(self._on_wide)
        self._make_words()
        self.opens = {name: self._opener(name) for name in TABS}
        self.body = QWidget()
        self._lay_out()
        self.refresh()
        context.follow(self)
        context.paintChanged.connect(self.set_marked)
        context.resultChanged.connect(self.refresh)
        context.phaseChanged.connect(self._show_phase)
        self.runs.shown.connect(self._on_run_shown)
        self.geneChosen.connect(context.geneWanted)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the result of this section from now on."""
        if self._layers is not None:
            self._layers.compared.disconnect(self.refresh, missing_ok=True)
            self._layers.drawn.disconnect(self._show_gene, missing_ok=True)
        self._layers = layers
        if layers is not None:
            layers.compared.connect(self.refresh)
            layers.drawn.connect(self._show_gene)
        for part in (self.profile, self.scores, self.scatter, self.quality):
            part.set_layers(layers)
        self.runs.set_layers(layers)
        self.set_marked(self.context.painted)
        if layers is None:
            self._wide.shut()
        self.refresh()

    def set_marked(self, marked: LostMask | None) -> None:
        """Say where more is marked as lost than the run has filled."""
        self._marked = marked
        self.show_unpainted()

    def show_unpainted(self) -> None:
        """Say what the run did not fill, and what looks lost in it."""
        result = None if self._layers is None else self._layers.enhancement
        text = ""
        if result is not None and self._layers is not None:
            left = taken_as_measured(result, self._layers.damage)
            here = self._marked is not None and len(self._marked.lost) == result.section.n_spots
            since = marked_since(result, self._marked if here else None)
            text = "\n".join(filter(None, [extrapolated(result), left, since]))
        self.unfilled.setText(text)
        self.unfilled.setVisible(bool(text))

    def show_queue(self, at_work: RunRequest | None, waiting: Iterable[RunRequest]) -> None:
        """List the runs that are to come."""
        self.runs.show_queue(at_work, waiting)

    def bind(self, keys: Keys) -> None:
        """Let what is here be done by keys that work on the canvas too."""
        keys.on("compare.profile", self.opens["profile"].click)

    def refresh(self) -> None:
        """Show what there is of the result."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        layers = self._layers
        result = None if layers is None else layers.enhancement
        self.body.setVisible(result is not None)
        self.nothing.setVisible(result is None)
        self.runs.refresh()
        self._show_gene()
        if layers is None or result is None:
            return
        waiting = layers.preview_of
        lines = WORDS * self.words.fontMetrics().lineSpacing()
        self.words.setMinimumHeight(max(lines, self.words.height() if waiting else 0))
        preview = f"Preview by a {plain('kriging')}; {waiting} is at work …"
        self.words.setText((preview if waiting else describe(result)) + missing(layers.model))
        self.notes.setText(f"{remarks(result)}{'' if waiting else apart(layers.model)}".strip())
        self.legend.setText(legend(result))
        self.show_unpainted()
        self._allow()

    def _show_gene(self) -> None:
        """Say how good the gene on the map is."""
        for part in (self.quality, self.scores, self.scatter):
            part.refresh()

    def _on_run_shown(self) -> None:
        self.context.resultChanged.emit()
        self.context.phaseChanged.emit()

    def _show_phase(self) -> None:
        self.quality.set_phase(self.context.phase)

    def _allow(self) -> None:
        checked = self._layers is not None and self._layers.quality is not None
        for name in ("table", "scatter"):
            made = self.opens[name]
            made.setEnabled(checked or made.isChecked())
            made.setToolTip(TABS[name][2] if checked else f"{TABS[name][2]}.\nCheck first")

    def _on_wide(self) -> None:
        """Let the buttons say what is open; the line of the profile goes with the panel."""
        page = self._wide.page
        if page is self.profile:
            self.profile.set_on(True)
        elif page is None:
            self.profile.set_on(False)
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
        made.clicked.connect(lambda on: self._open(name, on))
        return made

    def _make_words(self) -> None:
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

    def _lay_out(self) -> None:
        inside = QVBoxLayout(self.body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        for part in (self.words, self.unfilled, self.legend, self.more, self.notes):
            inside.addWidget(part)
        inside.addLayout(in_row(*self.opens.values()))
        for above in (self.nothing, self.quality, parting(), self.runs, self.body):
            self.rows.addWidget(above)
