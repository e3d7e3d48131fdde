"""Data: open a section or a sample, see what it is, search its genes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QProgressBar, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.contributions.endings import CAN_BE_OPENED
from napari_stentrans.plugin.contributions.samples import SAMPLES
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.panels.data.choice_rows import ChoiceRows
from napari_stentrans.plugin.panels.data.section_menu import SectionMenu
from napari_stentrans.plugin.panels.data.session_menu import SessionMenu
from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
from napari_stentrans.plugin.widgets.dialogs import in_megabytes
from napari_stentrans.plugin.widgets.panel import Panel, button, words
from napari_stentrans.samples import REAL_SAMPLES
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.plugin.layers.images import Origin
    from napari_stentrans.plugin.panels.data.placing import Placing
    from napari_stentrans.progress import Progress
    from napari_stentrans.section import Section


class DataPanel(Panel):
    """What is open, and which gene is shown."""

    fileWanted = Signal()
    folderWanted = Signal()
    activeLayerWanted = Signal()
    sampleWanted = Signal(str)
    """Name of a sample."""
    sectionChosen = Signal(int)
    """Position of the section that was chosen in the list."""
    optionChosen = Signal(str, str)
    """Key of a Choice of the section that is shown, and the option taken."""
    geneChosen = Signal(str)
    cancelWanted = Signal()
    """What is being read or downloaded is not wanted any more."""

    def __init__(self) -> None:
        super().__init__("Data", line=False)
        self.section_menu = SectionMenu()
        self.head.addWidget(self.section_menu)
        self._make_openers()
        self._make_busy()
        self._make_sections()
        self.about = words("about the section")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.rows.addWidget(self.about)
        self.choices = ChoiceRows()
        self.choices.chosen.connect(self.optionChosen)
        self.rows.addWidget(self.choices)
        self.search = GeneSearch()
        self.search.chosen.connect(self.geneChosen)
        self._doing = ""
        self.show_section(None)

    def _make_openers(self) -> None:
        self.open = button("Open…", "Open a section from a file, a folder or a layer")
        files = QMenu(self.open)
        files.setToolTipsVisible(True)
        files.addAction("File (.h5ad, .h5, .tsv, .csv, .parquet, .gem)…", self.fileWanted.emit)
        files.addAction("Folder (Space Ranger, Xenium, SpatialData)…", self.folderWanted.emit)
        files.addSeparator()
        self.use = use = QAction("Use active layer", files)
        use.triggered.connect(lambda: self.activeLayerWanted.emit())
        files.addAction(use)
        self.allow_layer(on=False)
        self.open.setMenu(files)
        self.session = SessionMenu(files)
        self.sample = button("Open sample", "Open a section to try things out")
        samples = QMenu(self.sample)
        for name, sample in SAMPLES.items():
            samples.addAction(sample.title, partial(self._on_sample, name))
        samples.addSeparator()
        for name, real in REAL_SAMPLES.items():
            size = "size asked on click" if real.size is None else in_megabytes(real.size)
            title = f"{real.title}: download ({size})…"
            action = QAction(title, samples)
            action.triggered.connect(partial(self._on_sample, name))
            samples.addAction(action)
            action.setToolTip(f"From {real.page}; downloaded once, after asking")
        samples.setToolTipsVisible(True)
        self.sample.setMenu(samples)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.open, 5)
        row.addWidget(self.sample, 7)
        row.addWidget(self.session, 5)
        self.rows.addLayout(row)

    def add_placing(self, placing: Placing) -> None:
        """Show the line of the tissue image, and offer it in the menu of what can be opened."""
        self.rows.addWidget(placing)
        menu = self.open.menu()
        if menu is not None:
            menu.insertMenu(self.session.recent.menuAction(), placing.menu)

    def add_names(self, names: QMenu) -> None:
        """Offer tables of gene names in the menu of what can be opened."""
        menu = self.open.menu()
        if menu is not None:
            menu.insertMenu(self.session.recent.menuAction(), names)

    def allow_layer(self, *, on: bool) -> None:
        """Let the active layer be used, where there is one."""
        self.use.setEnabled(on)
        self.use.setToolTip(
            "Make a section of the layer that is selected in napari: an Image with one channel "
            "per gene, or Points with one numeric feature per gene"
            + ("" if on else ".\nThere is no layer yet.")
        )

    def _on_sample(self, name: str, checked: bool = False) -> None:
        self.sampleWanted.emit(name)

    def _make_busy(self) -> None:
        self.busy = QProgressBar()
        self.busy.setFixedHeight(6)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("reading")
        self.cancel = button("Cancel", "Stop; what is open stays", self.cancelWanted.emit)
        self.busy_row = QWidget()
        row = QHBoxLayout(self.busy_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.busy, 1)
        row.addWidget(self.cancel)
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
        self.sections.activated.connect(self.sectionChosen)
        self.section_row = QWidget()
        row = QHBoxLayout(self.section_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(QLabel("Section"))
        row.addWidget(self.sections, 1)
        self.section_row.hide()
        self.rows.addWidget(self.section_row)

    def show_sections(self, names: Sequence[str], current: int) -> None:
        """List the sections of the viewer; the list is there when there are several."""
        with signals_blocked(self.sections):
            self.sections.clear()
            self.sections.addItems(list(names))
            self.sections.setCurrentIndex(current)
        self.section_row.setVisible(len(names) > 1)

    def show_section(
        self,
        section: Section | None,
        gene: str = "",
        origin: Origin | None = None,
        title: str = "",
    ) -> None:
        """Say what the section is, what could be chosen of its file, and search its genes."""
        self.choices.set_choices(
            () if origin is None else origin.choices, {} if section is None else section.chosen
        )
        self.search.setVisible(section is not None)
        if section is None:
            self.about.setText(f"Drop a file or folder here, or press Open…: {CAN_BE_OPENED}.")
            return
        named = not self.section_row.isHidden()  # by the list above
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
        """Show how far a long step is."""
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
    head = "" if title is None else f"{title or section.name}\n"
    size = f"{some(section.n_spots, 'spot')} × {some(len(section.genes), 'gene')}"
    return f"{head}{size}\n{lattice}, spots {apart}"
