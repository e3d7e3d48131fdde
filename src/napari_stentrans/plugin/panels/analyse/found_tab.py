"""FoundTab: tables and plots of what analyses came to, in the wide panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from napari_stentrans.plugin.models.analyses import TIPS
from napari_stentrans.plugin.widgets.make import choice, laid, offer
from napari_stentrans.plugin.widgets.panel import OneLine, button, words
from napari_stentrans.plugin.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.analyses import Found, Kind
    from napari_stentrans.plugin.panels.analyse.volcano_plot import VolcanoPlot

NOTHING = "Nothing was analysed yet: begin on the Analyse page."
GENES = "Click a column to sort by it; click a gene, or press Enter, to show it"
SHARES = [3000, 2000, 2000]
"""Of the room: table, genes of a row, plot; those that are not seen have none."""
ROWS = "Click a row, or press Enter, to see its map"


class FoundTab(QWidget):
    """One analysis at a time, chosen by name: its table, and a plot where there is one.

    Attributes
    ----------
    shown
        The analysis; None without any.
    row
        Name of the row that was chosen last; empty before that.
    """

    rowChosen = Signal(str)
    """Name of a row that is no gene: its map is to be shown."""
    saveWanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._all: Mapping[Kind, Found] = {}
        self.shown: Found | None = None
        self.row = ""
        self.nothing = words("why nothing is shown")
        self.nothing.setText(NOTHING)
        self.which = choice("which analysis", "What was analysed", least=12)
        self.which.currentIndexChanged.connect(self._on_which)
        self.words = OneLine("what was found, in short")
        self.save = button("Save table…", "Write the table as .csv")
        self.save.clicked.connect(self.saveWanted)
        self.table = Table("what was found, by row", GENES)
        self.table.chosen.connect(self._on_row)
        self.genes = Table("genes of what is chosen", GENES)
        self.genes.chosen.connect(context.geneWanted)
        self.plot: VolcanoPlot | None = None
        self.split = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.table, self.genes):
            self.split.addWidget(part)
        self.split.setChildrenCollapsible(False)
        self.inside = QWidget()
        head = laid(QHBoxLayout(), self.which, (self.words, 1), self.save, spacing=6)
        laid(QVBoxLayout(self.inside), head, (self.split, 1))
        laid(QVBoxLayout(self), self.nothing, (self.inside, 1), margins=(6, 4, 2, 2))
        self.setFocusProxy(self.table)
        self.set_found({}, None)

    def set_found(self, found: Mapping[Kind, Found], shown: Kind | None) -> None:
        """Offer what was found, and show one of them."""
        self._all = found
        self.nothing.setVisible(not found)
        self.inside.setVisible(bool(found))
        offer(self.which, {kind: one.title for kind, one in found.items()}, shown)
        self._on_which()

    def mark(self, gene: str) -> None:
        """Show where the gene of the map is."""
        if self.shown is not None and self.shown.of == "gene":
            self.table.mark(gene)
            if self.plot is not None:
                self.plot.mark(gene)
        elif not self.genes.isHidden():
            self.genes.mark(gene)

    def _on_which(self) -> None:
        found = self._all.get(self.which.currentData())
        if found is self.shown:
            return
        self.shown, self.row = found, ""
        if found is None:
            return
        model = self._context.app.current
        genes = found.of == "gene"
        self.words.setText(found.words)
        self.words.setToolTip(found.more or found.words)
        self.table.setToolTip(GENES if genes else ROWS if found.draws else found.words)
        self.table.set_table(found.columns, found.of, self._called if genes else str, TIPS)
        self.genes.setVisible(found.inner is not None)
        self._show_inner(found, str(found.table.index[0]))
        self._show_plot(found)
        self.split.setSizes(SHARES)
        if model is not None:
            self.mark(model.gene)
        self.table.scrollToTop()  # the strongest first

    def _show_plot(self, found: Found) -> None:
        if found.volcano:
            self._made_plot().set_table(found.table, self._called)
        if self.plot is not None:
            self.plot.setVisible(found.volcano)

    def _made_plot(self) -> VolcanoPlot:
        if self.plot is None:
            from napari_stentrans.plugin.panels.analyse.volcano_plot import (
                VolcanoPlot,  # takes half a second
            )

            self.plot = VolcanoPlot()
            self.plot.chosen.connect(self._context.geneWanted)
            self.split.addWidget(self.plot)
        return self.plot

    def _on_row(self, name: str) -> None:
        if self.shown is None:
            return
        if self.shown.of == "gene":
            self._context.geneWanted.emit(name)
            return
        self.row = name
        self._show_inner(self.shown, name)
        self.rowChosen.emit(name)

    def _show_inner(self, found: Found, name: str) -> None:
        """Show the genes of a row, where it has some."""
        if found.inner is not None:
            of_row = found.inner[found.inner[found.of].astype(str) == name]
            self.genes.set_table(of_row.drop(columns=found.of), "gene", self._called, TIPS)

    def _called(self, gene: str) -> str:
        model = self._context.app.current
        return gene if model is None else model.section.gene_label(gene)
