"""ScatterTab and TableTab: what a check found of all genes, in the wide panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_stentrans.evaluation.verdict import Verdict
from napari_stentrans.plugin.models.trust import DOUBTS, how_many
from napari_stentrans.plugin.panels.result.quality_table import QualityTable
from napari_stentrans.plugin.widgets.panel import button, name_button, words

if TYPE_CHECKING:
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.result.quality_plot import QualityPlot

DOUBTFUL = (
    "List only genes whose enhanced map is not to be trusted: those that are hardly predictable, "
    "or not clearly better than by the plain method"
)
NOTHING = "This result is not checked yet: press Check on the Result page."


class QualityTab(QWidget):
    """A view of the quality of the result that is shown; it draws only while it is seen."""

    chosen = Signal(str)
    """A gene."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._shown: Quality | None = None
        self.nothing = words("why nothing is shown")
        self.nothing.setText(NOTHING)
        self.inside = QWidget()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(6, 4, 2, 2)
        rows.addWidget(self.nothing)
        rows.addWidget(self.inside, 1)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the result of this section from now on."""
        self._layers = layers
        self.refresh()

    def refresh(self) -> None:
        """Show what is known of the result that is shown."""
        layers = self._layers
        quality = None if layers is None or layers.model.preview_of else layers.model.quality
        self.nothing.setVisible(quality is None)
        self.inside.setVisible(quality is not None)
        if layers is None or quality is None or not self.isVisible():
            return
        if quality is not self._shown:
            self._shown = quality
            self.show_quality(quality, layers)
        self.mark(layers.model.gene)

    def show_quality(self, quality: Quality, layers: SectionLayers) -> None:
        """Show what a check found."""
        raise NotImplementedError

    def mark(self, gene: str) -> None:
        """Mark a gene."""
        raise NotImplementedError

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        self.refresh()


class ScatterTab(QualityTab):
    """A dot for every gene."""

    def __init__(self) -> None:
        super().__init__()
        self.plot: QualityPlot | None = None
        self._rows = QVBoxLayout(self.inside)
        self._rows.setContentsMargins(0, 0, 0, 0)

    def show_quality(self, quality: Quality, layers: SectionLayers) -> None:
        """Draw the correlations of all genes."""
        if self.plot is None:
            from napari_stentrans.plugin.panels.result.quality_plot import (
                QualityPlot,  # takes half a second
            )

            self.plot = QualityPlot()
            self.plot.chosen.connect(self.chosen)
            self._rows.addWidget(self.plot)
            self.plot.show()  # at once: what is added while its parent is shown would wait
        self.plot.set_table(quality.table, quality.method)

    def mark(self, gene: str) -> None:
        """Put the ring around a gene."""
        if self.plot is not None:
            self.plot.mark(gene)


class TableTab(QualityTab):
    """The scores of every gene."""

    saveWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.table = QualityTable()
        self.table.chosen.connect(self.chosen)
        self.setFocusProxy(self.table)
        self.count = words("how many genes are doubtful")
        self.doubtful = QCheckBox("Only doubtful genes")
        name_button(self.doubtful, DOUBTFUL)
        self.doubtful.toggled.connect(self._show_doubtful)
        self.save = button(
            "Save table…", "Write the scores of all genes as .csv", self.saveWanted.emit
        )
        head = QHBoxLayout()
        head.addWidget(self.count, 1)
        head.addWidget(self.doubtful)
        head.addWidget(self.save)
        rows = QVBoxLayout(self.inside)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(head)
        rows.addWidget(self.table, 1)

    def show_quality(self, quality: Quality, layers: SectionLayers) -> None:
        """List the scores of all genes."""
        marks = np.array([DOUBTS.get(Verdict(v), "") for v in quality.verdicts], object)
        self.table.set_table(quality.table, quality.method, marks, layers.model.maps.label)
        self.count.setText(how_many(marks))
        for part in (self.count, self.doubtful):
            part.setVisible(len(marks) > 1)  # of one, the sentence says it

    def mark(self, gene: str) -> None:
        """Select the row of a gene."""
        self.table.mark(gene)

    def _show_doubtful(self, on: bool) -> None:
        self.table.show_only_marked(on)
        self.refresh()
