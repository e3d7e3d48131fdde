"""Data: open a section or a sample, see what it is, search its genes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QMenu, QProgressBar

from napari_stentrans.plugin.gene_index import GeneIndex
from napari_stentrans.plugin.genes import GeneSearch
from napari_stentrans.plugin.panel import Panel, button, words
from napari_stentrans.plugin.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.section import Section


class DataPanel(Panel):
    """What is open, and which gene is shown."""

    fileWanted = Signal()
    folderWanted = Signal()
    sampleWanted = Signal(str)
    """Name of a sample."""
    sectionChosen = Signal(int)
    """Position of the section that was chosen in the list."""
    geneChosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Data", line=False)
        self.open = button("Open…", "Open a section from a file or a Space Ranger folder")
        files = QMenu(self.open)
        files.setToolTipsVisible(True)
        files.addAction("File (.h5ad, .h5, .tsv, .csv)…", self.fileWanted.emit)
        files.addAction("Space Ranger folder…", self.folderWanted.emit)
        self.open.setMenu(files)
        self.sample = button("Open sample", "Open a simulated section to try things out")
        samples = QMenu(self.sample)
        for name, sample in SAMPLES.items():
            samples.addAction(sample.title, partial(self.sampleWanted.emit, name))
        self.sample.setMenu(samples)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.open, 1)
        row.addWidget(self.sample, 1)
        self.rows.addLayout(row)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setFixedHeight(6)
        self.busy.setTextVisible(False)
        self.busy.setAccessibleName("reading")
        self.busy.hide()
        self.rows.addWidget(self.busy)
        self.sections = QComboBox()
        self.sections.setAccessibleName("section")
        self.sections.setToolTip("The section that everything below is about")
        self.sections.setMinimumContentsLength(8)
        self.sections.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.sections.activated.connect(self.sectionChosen)
        self.rows.addWidget(self.sections)
        self.about = words("about the section")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.rows.addWidget(self.about)
        self.search = GeneSearch()
        self.search.chosen.connect(self.geneChosen)
        self._section: Section | None = None
        self.show_section(None)

    def show_sections(self, names: Sequence[str], current: int) -> None:
        """List the sections of the viewer; the list is there when there are several."""
        self.sections.blockSignals(True)
        self.sections.clear()
        self.sections.addItems(list(names))
        self.sections.setCurrentIndex(current)
        self.sections.blockSignals(False)
        self.sections.setVisible(len(names) > 1)

    def show_section(self, section: Section | None, gene: str = "") -> None:
        """Say what the section is and let its genes be searched."""
        self.search.setVisible(section is not None)
        if section is None:
            self._section = None
            self.about.setText(
                "Open a section, or drop it on the window: a Space Ranger folder, an .h5ad file "
                "or a legacy ST table."
            )
            return
        self.about.setText(describe(section))
        self.about.setToolTip("" if section.source is None else str(section.source))
        if section is not self._section:
            self.search.set_index(GeneIndex.of(section))
            self._section = section
        if gene != self.search.gene():  # else what is being typed would go
            self.search.set_gene(gene)

    def show_busy(self, doing: str | None) -> None:
        """Show that something is being read, or None: no longer."""
        self.busy.setVisible(doing is not None)
        if doing is not None:
            self.about.setText(doing)


def describe(section: Section) -> str:
    """Name, size, lattice and spacing of a section, in two or three lines."""
    spacing = section.lattice.spacing
    apart = (
        f"{spacing:,.4g} px apart"
        if section.um_per_px is None
        else f"{spacing * section.um_per_px:,.4g} µm apart"
    )
    lattice = {"hex": "hexagonal lattice", "square": "square lattice"}.get(
        section.lattice.kind, "irregular positions"
    )
    return (
        f"{section.name}\n{section.n_spots:,} spots × {len(section.genes):,} genes\n"
        f"{lattice}, spots {apart}"
    )
