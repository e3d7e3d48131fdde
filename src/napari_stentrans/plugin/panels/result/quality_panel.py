"""Quality: how good the result is here, in a sentence, gene by gene, and as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.evaluation.verdict import Verdict
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.result_words import about_gene, figures
from napari_stentrans.plugin.panels.repair.progress import in_words
from napari_stentrans.plugin.panels.result.quality_table import QualityTable
from napari_stentrans.plugin.widgets.fold import Fold
from napari_stentrans.plugin.widgets.panel import Panel, button, name_button, words
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.result.quality_plot import QualityPlot

DOUBTS = {
    Verdict.HARDLY_PREDICTABLE: "hardly predictable here",
    Verdict.NO_BETTER: "no better than the plain method, or not clearly",
}
DOUBTFUL_TEXT = (
    "List only genes whose enhanced map is not to be trusted: those that are hardly predictable, "
    "or not clearly better than by the plain method"
)
METHOD_TEXT = "Spots that the run used are hidden and predicted again, as if they had been lost"


class QualityPanel(Panel):
    """What a check of the result found, or what a check would cost."""

    checkWanted = Signal()
    geneChosen = Signal(str)
    saveWanted = Signal()

    def __init__(self) -> None:
        super().__init__("How good is it here")
        self._layers: SectionLayers | None = None
        self._shown: Quality | None = None
        self._phase = Phase.EMPTY
        self._problem = ""
        self.words = words("how good the result is")
        self.of_gene = words("how good the gene on the map is")
        self.check = button("Check quality here", METHOD_TEXT, self.checkWanted.emit)
        self.fold = Fold("Gene by gene", "Show or hide the scores of all genes", opened=True)
        self.fold.toggled.connect(lambda on: self.details.setVisible(on))
        self.table, self.plot = QualityTable(), None
        self.table.chosen.connect(self.geneChosen)
        self.doubtful = QCheckBox("Only doubtful genes")
        name_button(self.doubtful, DOUBTFUL_TEXT)
        self.doubtful.toggled.connect(self._show_doubtful)
        self.count = words("how many genes are doubtful")
        self.save = button(
            "Save table…", "Write the scores of all genes as .csv", self.saveWanted.emit
        )
        self.details = QWidget()
        self._inside = QVBoxLayout(self.details)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(5)
        for part in (self.count, self.doubtful, self.table):
            self._inside.addWidget(part)
        self._inside.addWidget(self.save)
        for widget in (self.of_gene, self.words, self.check, self.fold, self.details):
            self.rows.addWidget(widget)
        self.refresh()

    plot: QualityPlot | None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the result of this section from now on."""
        self._layers, self._problem = layers, ""
        self.refresh()

    def set_phase(self, phase: Phase) -> None:
        """Offer what makes sense in a phase."""
        if phase is Phase.CHECKING:
            self._problem = ""
        self._phase = phase
        self.refresh()

    def show_problem(self, text: str) -> None:
        """Say why there is no answer, until the next check."""
        self._problem = text
        self.refresh()

    def refresh(self) -> None:
        """Show what is known of the result that is shown."""
        layers = self._layers
        result = None if layers is None or layers.preview_of else layers.enhancement
        kept = self.sizePolicy()  # for a preview: without the room, all above it would move
        kept.setRetainSizeWhenHidden(layers is not None and bool(layers.preview_of))
        self.setSizePolicy(kept)
        self.setVisible(result is not None)
        if layers is None or result is None:
            return
        quality, checking = layers.quality, self._phase is Phase.CHECKING
        self.check.setVisible(quality is None and not checking)
        self.check.setEnabled(self._phase is Phase.READY)
        if quality is not None:
            self._show(quality, layers.gene, layers.gene in result.genes)
        elif checking:
            self.words.setText(f"Being checked: {METHOD_TEXT.lower()}. {cost(result)}")
        else:
            self.words.setText(self._problem or f"{METHOD_TEXT}. {cost(result)}")
        for part in (self.fold, self.of_gene):
            part.setVisible(quality is not None)
        self.details.setVisible(quality is not None and self.fold.isChecked())

    def _show(self, quality: Quality, gene: str, in_run: bool) -> None:
        if quality is not self._shown:
            self._shown = quality
            marks = np.array([DOUBTS.get(Verdict(v), "") for v in quality.verdicts], object)
            self.table.set_table(quality.table, quality.method, marks, self._called)
            self.count.setText(how_many(marks))
            for part in (self.count, self.doubtful):
                part.setVisible(len(marks) > 1)  # of one, the words above say it
            self._plot_of(quality).set_table(quality.table, quality.method)
        self.words.setText(in_a_sentence(quality, self._called))
        said = about_gene(quality, gene, in_run=in_run, called=self._called(gene))
        self.of_gene.setText(said)
        self.table.mark(gene)
        self._plot_of(quality).mark(gene)

    def _called(self, gene: str) -> str:
        """What to call a gene."""
        return gene if self._layers is None else self._layers.maps.label(gene)

    def _show_doubtful(self, on: bool) -> None:
        self.table.show_only_marked(on)
        if self._layers is not None:
            self.table.mark(self._layers.gene)

    def _plot_of(self, quality: Quality) -> QualityPlot:
        if self.plot is None:
            from napari_stentrans.plugin.panels.result.quality_plot import (
                QualityPlot,  # takes half a second
            )

            self.plot = QualityPlot()
            self.plot.chosen.connect(self.geneChosen)
            self._inside.insertWidget(0, self.plot)
        return self.plot


def cost(result: Enhancement) -> str:
    """Say what a check costs."""
    seconds = in_words(result.record.seconds)
    if is_cheap(result.record.config):
        return f"This takes about as long as the run ({seconds}); the result can be used meanwhile."
    return f"This takes about as long as the run ({seconds}), or a little longer."


def how_many(marks: NDArray[np.object_]) -> str:
    """Say how many genes are doubtful."""
    n = int((marks != "").sum())
    return f"{n:,} of {some(len(marks), 'gene')} {'is' if n == 1 else 'are'} doubtful (⚠)."


def in_a_sentence(quality: Quality, called: Callable[[str], str] = str) -> str:
    """How good the result is, for a person; ``called`` says what to call a gene."""
    genes = quality.evaluation.genes
    whose = str(genes.index[0]) if len(genes) == 1 else "A typical spatial gene"
    ours, plain = quality.typical(quality.method), quality.typical(quality.yardstick)
    return (
        f"{whose}: {figures(ours, plain, quality.yardstick)}, with what was measured at "
        f"{some(quality.hidden, 'spot')} that {'was' if quality.hidden == 1 else 'were'} hidden. "
        f"Noise in the counts allows {quality.ceiling:.2f}."
    )
