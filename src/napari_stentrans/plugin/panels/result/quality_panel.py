"""QualityPanel: a light and a sentence for the gene on the map, and what a check would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWhatsThis, QWidget

from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.trust import (
    MEANING,
    Trust,
    about_gene,
    of_all,
    trust,
    with_neighbours,
)
from napari_stentrans.plugin.widgets.make import laid, tool
from napari_stentrans.plugin.widgets.panel import button, words
from napari_stentrans.wording import time_in_words

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.jobs.context import Context

METHOD = "Spots that the run used are hidden and predicted again, as if they had been lost"
LIGHTS = {
    Trust.TRUST: ("●", "#3da35d"),
    Trust.CARE: ("▲", "#d98a1f"),
    Trust.DO_NOT: ("■", "#d9534f"),
    Trust.UNKNOWN: ("○", "#8c8c8c"),
}
"""Sign and colour: each has a shape of its own too."""


class QualityPanel(QWidget):
    """Whether the gene on the map is to be trusted, as far as the result was checked."""

    checkWanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        context.phaseChanged.connect(self._on_phase)
        self._problem, self._of = "", context.app.current
        self.trust = Trust.UNKNOWN
        self.light = QLabel()
        self.light.setAccessibleName("whether to trust the gene on the map")
        self.light.setTextFormat(Qt.TextFormat.RichText)
        self.check = button("Check", with_keys(METHOD, "quality.check"), self.checkWanted.emit)
        self.why = tool("?", "What the lights mean", "?", self._explain)
        self.why.setAutoRaise(True)
        head = laid(QHBoxLayout(), (self.light, 1), self.check, self.why, spacing=4)
        self.of_gene = words("how good the gene on the map is")
        self.words = words("how good the result is")
        self.beside = words("what neighbouring sections were good for")
        laid(QVBoxLayout(self), head, self.of_gene, self.words, self.beside, spacing=3)

    def show_problem(self, text: str) -> None:
        """Say why there is no answer, until the next check."""
        self._problem = text
        self.refresh()

    def _on_phase(self) -> None:
        if self._context.phase is Phase.CHECKING:
            self._problem = ""
        self.refresh()

    def refresh(self) -> None:
        model, phase = self._context.app.current, self._context.phase
        if model is not self._of:
            self._problem, self._of = "", model
        result = None if model is None or model.preview_of else model.enhancement
        if model is None or result is None:
            self._show_light(Trust.UNKNOWN)
            self.check.hide()
            self.of_gene.hide()
            self.words.clear()
            self.beside.hide()
            return
        quality, called = model.quality, model.maps.label
        gained = with_neighbours(result.record, checked=quality is not None)
        self.beside.setText(gained)
        self.beside.setVisible(bool(gained))
        self._show_light(trust(model))
        self.check.setVisible(quality is None and phase is not Phase.CHECKING)
        self.check.setEnabled(phase is Phase.READY)
        self.of_gene.setVisible(quality is not None)
        if quality is not None:
            gene, in_run = model.gene, model.gene in result.genes
            self.of_gene.setText(about_gene(quality, gene, in_run=in_run, called=called(gene)))
            self.words.setText(of_all(quality, called))
        elif phase is Phase.CHECKING:
            self.words.setText(f"Being checked: {METHOD.lower()}. {cost(result)}")
        else:
            self.words.setText(self._problem or f"{METHOD}. {cost(result)}")

    def _show_light(self, found: Trust) -> None:
        self.trust = found
        sign, colour = LIGHTS[found]
        self.light.setText(
            f'<span style="color:{colour}; font-size:16pt">{sign}</span>'
            f'<span style="font-size:12pt; font-weight:bold">&nbsp;{found.value}</span>'
        )
        self.light.setToolTip(f"{found.value}: {MEANING[found]}")
        self.light.setAccessibleDescription(self.light.toolTip())

    def _explain(self) -> None:
        rows = "".join(
            f'<p><span style="color:{colour}">{sign}</span> '
            f"<b>{found.value}</b>: {MEANING[found]}.</p>"
            for found, (sign, colour) in LIGHTS.items()
        )
        text = (
            f"{rows}<p>{METHOD}. The light is for one gene, and for places like those that were "
            "hidden: far from every measured spot no value is to be trusted.</p>"
        )
        QWhatsThis.showText(self.why.mapToGlobal(self.why.rect().bottomLeft()), text)


def cost(result: Enhancement) -> str:
    """Say what a check costs."""
    seconds = time_in_words(result.record.seconds)
    if is_cheap(result.record.config):
        return f"This takes about as long as the run ({seconds}); the result can be used meanwhile."
    return f"This takes about as long as the run ({seconds}), or a little longer."
