"""Data: what is open, and what can be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QProgressBar, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.endings import CAN_BE_OPENED
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.data.choice_rows import NARROW, ChoiceRows
from napari_stentrans.plugin.panels.data.menus import OpenMenu, SectionMenu
from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
from napari_stentrans.plugin.widgets.make import choice
from napari_stentrans.plugin.widgets.panel import (
    button,
    called,
    in_row,
    in_rows,
    row_of,
    words,
)
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.data.placing import Placing
    from napari_stentrans.progress import Progress
    from napari_stentrans.section import Section

LATTICES = {"hex": "hexagonal lattice", "square": "square lattice"}


class DataPanel(QWidget):
    """What is open, in a few lines, and the menus to open something else."""

    fileWanted = Signal()
    folderWanted = Signal()
    optionChosen = Signal(str, str)
    """Key of a Choice of the section that is shown, and the option taken."""
    cancelWanted = Signal()
    """What is being read or downloaded is not wanted any more."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("what is open")
        self._context, self._doing = context, ""
        self.open, self.section_menu = OpenMenu(), SectionMenu()
        self.open.fileWanted.connect(self.fileWanted)
        self.open.folderWanted.connect(self.folderWanted)
        self.head = in_row(self.open, self.section_menu)
        self.busy = called(QProgressBar(), "reading")
        self.busy.setFixedHeight(6)
        self.busy.setTextVisible(False)
        self.cancel = button("Cancel", "Stop; what is open stays", self.cancelWanted.emit)
        self.busy_row = row_of(self.busy, self.cancel)
        self.busy_row.hide()
        everything = "The section that everything below is about"
        self.sections = choice("section", everything, least=8)
        self.sections.setSizeAdjustPolicy(NARROW)
        self.sections.activated.connect(lambda at: context.choose(context.sections[at]))
        self.about = words("about the section")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.choices = ChoiceRows()
        self.choices.chosen.connect(self.optionChosen)
        parts = (self.head, self.busy_row, self.sections, self.about, self.choices)
        self.rows = in_rows(self, *parts, margins=(8, 6, 8, 4), spacing=4)
        self.search = GeneSearch()
        context.sectionsChanged.connect(self.refresh)
        context.phaseChanged.connect(self._allow)
        context.unsavedChanged.connect(self.section_menu.show_unsaved)
        context.layersChanged.connect(self._allow)
        self.refresh()

    def add_placing(self, placing: Placing) -> None:
        """Show the line of the tissue image, and offer it in the menu of what can be opened."""
        self.rows.addWidget(placing)
        self.open.add_menu(placing.menu)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Say what is open, what could be chosen of its file, and search its genes."""
        sections, layers = self._context.sections, self._context.layers
        with signals_blocked(self.sections):
            self.sections.clear()
            self.sections.addItems([each.model.unsaved.marked for each in sections])
            self.sections.setCurrentIndex(sections.index(layers) if layers in sections else -1)
        self.sections.setVisible(len(sections) > 1)
        self.search.setVisible(layers is not None)
        if layers is None:
            self.choices.set_choices((), {})
            self.about.setText(f"Drop a file or folder here, or press Open…: {CAN_BE_OPENED}.")
            return
        model, section = layers.model, layers.model.section
        origin = model.origin
        self.choices.set_choices(() if origin is None else origin.choices, section.chosen)
        title = None if len(sections) > 1 else model.unsaved.marked  # the list says it
        self.about.setText(describe(section, title))
        self.about.setToolTip("" if section.source is None else str(section.source))
        index = GeneIndex.of(section)
        anew = index is not self.search.index  # of another section, or with other names
        if anew:
            self.search.set_index(index)
        if anew or model.gene != self.search.gene:  # else what is being typed would go
            self.search.set_gene(model.gene)

    def _allow(self) -> None:
        """Offer what makes sense now."""
        phase, there = self._context.phase, self._context.layers is not None
        self.open.setEnabled(phase not in (Phase.LOADING, Phase.STOPPING, Phase.SAVING))
        self.open.allow_layer(on=len(self._context.viewer.layers) > 0)
        self.section_menu.setEnabled(there)
        self.section_menu.save.setEnabled(there and phase.idle)
        self.sections.setEnabled(phase.idle or phase.running)
        self.choices.setEnabled(phase.idle)
        self.cancel.setEnabled(phase is Phase.LOADING)

    def show_busy(self, doing: str | None) -> None:
        """Show that something is being read, or None: no longer."""
        self._doing = doing or ""
        self.busy.setRange(0, 0)
        self.busy_row.setVisible(doing is not None)
        self.cancel.setEnabled(True)
        if doing is not None:
            self.about.setText(f"{doing} …")

    def show_step(self, step: Progress) -> None:
        known = step.total > 1
        self.busy.setRange(0, 1000 if known else 0)
        self.busy.setValue(round(1000 * step.fraction))
        doing = f"{step.stage[:1].upper()}{step.stage[1:]}" if known else self._doing
        self.about.setText(f"{doing} … {step.fraction:.0%}" if known else f"{doing} …")


def describe(section: Section, title: str | None = "") -> str:
    """Name or other title unless None, size, lattice and spacing of a section, in lines."""
    spacing = section.lattice.spacing
    scale = section.um_per_px
    apart = f"{spacing:,.4g} px" if scale is None else f"{spacing * scale:,.4g} µm"
    lattice = LATTICES.get(section.lattice.kind, "irregular positions")
    head = "" if title is None else f"{title or section.name}: "
    size = f"{some(section.n_spots, 'spot')} × {some(len(section.genes), 'gene')}"
    return f"{head}{size}\n{lattice}, spots {apart} apart"
