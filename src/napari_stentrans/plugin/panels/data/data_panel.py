"""Data: what is open, and what can be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.endings import CAN_BE_OPENED
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.data.choice_rows import ChoiceRows
from napari_stentrans.plugin.panels.data.open_menu import OpenMenu
from napari_stentrans.plugin.panels.data.section_menu import SectionMenu
from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
from napari_stentrans.plugin.widgets.panel import button, row_of, words
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.layers.images import Origin
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.data.placing import Placing
    from napari_stentrans.progress import Progress
    from napari_stentrans.section import Section


class DataPanel(QWidget):
    """What is open, in a few lines, and the menus to open something else.

    Parameters
    ----------
    context
        Whose section is worked on.
    """

    fileWanted = Signal()
    folderWanted = Signal()
    optionChosen = Signal(str, str)
    """Key of a Choice of the section that is shown, and the option taken."""
    cancelWanted = Signal()
    """What is being read or downloaded is not wanted any more."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("what is open")
        self._context = context
        self.open, self.section_menu = OpenMenu(), SectionMenu()
        self.open.fileWanted.connect(self.fileWanted)
        self.open.folderWanted.connect(self.folderWanted)
        self.head = QHBoxLayout()
        self.head.setSpacing(6)
        self.head.addWidget(self.open, 1)
        self.head.addWidget(self.section_menu, 1)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(8, 6, 8, 4)
        self.rows.setSpacing(4)
        self.rows.addLayout(self.head)
        self._make_busy()
        self._make_sections()
        self.about = words("about the section")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.rows.addWidget(self.about)
        self.choices = ChoiceRows()
        self.choices.chosen.connect(self.optionChosen)
        self.rows.addWidget(self.choices)
        self.search = GeneSearch()
        self.search.chosen.connect(context.geneWanted)
        self._doing = ""
        context.sectionsChanged.connect(self.refresh)
        context.phaseChanged.connect(self._allow)
        context.unsavedChanged.connect(self.section_menu.show_unsaved)
        context.layersChanged.connect(self._allow)
        self.show_section(None)

    def add_placing(self, placing: Placing) -> None:
        self.rows.addWidget(placing)
        self.open.add_menu(placing.menu)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.refresh()

    def refresh(self) -> None:
        context = self._context
        sections, layers = context.sections, context.layers
        names = [each.unsaved.marked for each in sections]
        self.show_sections(names, sections.index(layers) if layers in sections else -1)
        if layers is None:
            self.show_section(None)
        else:
            self.show_section(layers.section, layers.gene, layers.origin, layers.unsaved.marked)

    def _allow(self) -> None:
        phase, there = self._context.phase, self._context.layers is not None
        self.open.setEnabled(phase not in (Phase.LOADING, Phase.STOPPING, Phase.SAVING))
        self.open.allow_layer(on=len(self._context.viewer.layers) > 0)
        self.section_menu.setEnabled(there)
        self.section_menu.save.setEnabled(there and phase.idle)
        self.sections.setEnabled(phase.idle or phase.running)
        self.choices.setEnabled(phase.idle)
        self.cancel.setEnabled(phase is Phase.LOADING)

    def _make_busy(self) -> None:
        self.busy = QProgressBar()
        self.busy.setFixedHeight(6)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("reading")
        self.cancel = button("Cancel", "Stop; what is open stays", self.cancelWanted.emit)
        self.busy_row = row_of(self.busy, self.cancel)
        self.busy_row.hide()
        self.rows.addWidget(self.busy_row)

    def _make_sections(self) -> None:
        self.sections = QComboBox()
        self.sections.setAccessibleName("section")
        self.sections.setToolTip("The section that everything below is about")
        self.sections.setMinimumContentsLength(8)
        self.sections.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.sections.activated.connect(self._on_section)
        self.sections.hide()
        self.rows.addWidget(self.sections)

    def _on_section(self, at: int) -> None:
        self._context.choose(self._context.sections[at])

    def show_sections(self, names: Sequence[str], current: int) -> None:
        """List the sections of the viewer; the list is there when there are several."""
        with signals_blocked(self.sections):
            self.sections.clear()
            self.sections.addItems(list(names))
            self.sections.setCurrentIndex(current)
        self.sections.setVisible(len(names) > 1)

    def show_section(
        self,
        section: Section | None,
        gene: str = "",
        origin: Origin | None = None,
        title: str = "",
    ) -> None:
        self.choices.set_choices(
            () if origin is None else origin.choices, {} if section is None else section.chosen
        )
        self.search.setVisible(section is not None)
        if section is None:
            self.about.setText(f"Drop a file or folder here, or press Open…: {CAN_BE_OPENED}.")
            return
        named = not self.sections.isHidden()  # by the list above
        self.about.setText(describe(section, None if named else title))
        self.about.setToolTip("" if section.source is None else str(section.source))
        index = GeneIndex.of(section)
        anew = index is not self.search.index  # of another section, or with other names
        if anew:
            self.search.set_index(index)
        if anew or gene != self.search.gene():  # else what is being typed would go
            self.search.set_gene(gene)

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
    apart = (
        f"{spacing:,.4g} px apart"
        if section.um_per_px is None
        else f"{spacing * section.um_per_px:,.4g} µm apart"
    )
    lattice = {"hex": "hexagonal lattice", "square": "square lattice"}.get(
        section.lattice.kind, "irregular positions"
    )
    head = "" if title is None else f"{title or section.name}: "
    size = f"{some(section.n_spots, 'spot')} × {some(len(section.genes), 'gene')}"
    return f"{head}{size}\n{lattice}, spots {apart}"
