"""ScatterTab and TableTab: what a check found of all genes, in the wide panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_stentrans.evaluation.verdict import Verdict
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.trust import DOUBTS, how_many
from napari_stentrans.plugin.panels.result.quality_table import QualityTable
from napari_stentrans.plugin.widgets.make import laid
from napari_stentrans.plugin.widgets.panel import button, name_button, words

if TYPE_CHECKING:
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.plugin.panels.result.plots import QualityPlot

DOUBTFUL = (
    "List only genes whose enhanced map is not to be trusted: those that are hardly predicted, "
    "or not clearly better than by the plain method"
)
NOTHING = "This result is not checked yet: press Check on the Result page."
BUSY = "This result is being checked …"


class QualityTab(QWidget):
    """A view of the quality of the result that is shown; it draws only while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._shown: Quality | None = None
        self._view: Any = None
        self.nothing = words("why nothing is shown")
        self.inside = QWidget()
        laid(QVBoxLayout(self), self.nothing, (self.inside, 1), margins=(6, 4, 2, 2))

    def refresh(self) -> None:
        model = self._context.app.current
        quality = None if model is None or model.preview_of else model.quality
        self.nothing.setText(BUSY if self._context.phase is Phase.CHECKING else NOTHING)
        self.nothing.setVisible(quality is None)
        self.inside.setVisible(quality is not None)
        if model is not None and quality is not None and self.isVisible():
            if quality is not self._shown:
                self._shown, self._view = quality, self.draw(quality, model)
            self._view.mark(model.gene)

    def draw(self, quality: Quality, model: SectionModel) -> Any:
        """Show what a check found; returns what can mark a gene."""
        raise NotImplementedError

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.refresh()


class ScatterTab(QualityTab):
    """A dot for every gene."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.plot: QualityPlot | None = None
        self._rows = laid(QVBoxLayout(self.inside))

    def draw(self, quality: Quality, model: SectionModel) -> QualityPlot:
        if self.plot is None:
            from napari_stentrans.plugin.panels.result.plots import (
                QualityPlot,  # takes half a second
            )

            self.plot = QualityPlot()
            self.plot.chosen.connect(self._context.geneWanted)
            self._rows.addWidget(self.plot)
            self.plot.show()  # at once: what is added while its parent is shown would wait
        self.plot.set_table(quality.table, quality.method)
        return self.plot


class TableTab(QualityTab):
    """The scores of every gene."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.table = QualityTable()
        self.table.chosen.connect(context.geneWanted)
        self.setFocusProxy(self.table)
        self.count = words("how many genes are doubtful")
        self.doubtful = QCheckBox("Only doubtful genes")
        name_button(self.doubtful, DOUBTFUL)
        self.doubtful.toggled.connect(self._show_doubtful)
        self.save = button("Save table…", "Write the scores of all genes as .csv")
        head = laid(QHBoxLayout(), (self.count, 1), self.doubtful, self.save)
        laid(QVBoxLayout(self.inside), head, (self.table, 1))

    def draw(self, quality: Quality, model: SectionModel) -> QualityTable:
        marks = np.array([DOUBTS.get(Verdict(v), "") for v in quality.verdicts], object)
        self.table.set_scores(quality.table, quality.method, marks, model.maps.label)
        self.count.setText(how_many(marks))
        for part in (self.count, self.doubtful):
            part.setVisible(len(marks) > 1)  # of one, the sentence says it
        return self.table

    def _show_doubtful(self, on: bool) -> None:
        self.table.rows.show_only_marked(on)
        self.refresh()
