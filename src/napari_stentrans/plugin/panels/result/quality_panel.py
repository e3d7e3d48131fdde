"""QualityPanel: a light and a sentence for the gene on the map, and what a check would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWhatsThis, QWidget

from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.trust import MEANING, Trust, about_gene, of_all, trust
from napari_stentrans.plugin.panels.repair.progress import in_words
from napari_stentrans.plugin.widgets.panel import button, name_button, words

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

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

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._phase = Phase.EMPTY
        self._problem = ""
        self.trust = Trust.UNKNOWN
        self.light = QLabel()
        self.light.setAccessibleName("whether to trust the gene on the map")
        self.light.setTextFormat(Qt.TextFormat.RichText)
        self.check = button("Check", with_keys(METHOD, "quality.check"), self.checkWanted.emit)
        self.why = QToolButton()
        self.why.setText("?")
        self.why.setAutoRaise(True)
        name_button(self.why, "What the lights mean")
        self.why.clicked.connect(self._explain)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.light, 1)
        head.addWidget(self.check)
        head.addWidget(self.why)
        self.of_gene = words("how good the gene on the map is")
        self.words = words("how good the result is")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(3)
        rows.addLayout(head)
        rows.addWidget(self.of_gene)
        rows.addWidget(self.words)

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
        result = None if layers is None or layers.model.preview_of else layers.model.enhancement
        if layers is None or result is None:
            self._show_light(Trust.UNKNOWN)
            self.check.hide()
            self.of_gene.hide()
            self.words.setText("")
            return
        quality, checking = layers.model.quality, self._phase is Phase.CHECKING
        self._show_light(trust(layers.model))
        self.check.setVisible(quality is None and not checking)
        self.check.setEnabled(self._phase is Phase.READY)
        self.of_gene.setVisible(quality is not None)
        if quality is not None:
            called, in_run = layers.model.maps.label, layers.model.gene in result.genes
            name = called(layers.model.gene)
            self.of_gene.setText(about_gene(quality, layers.model.gene, in_run=in_run, called=name))
            self.words.setText(of_all(quality, called))
        elif checking:
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
        QWhatsThis.showText(self.why.mapToGlobal(self.why.rect().bottomLeft()), explained())


def explained() -> str:
    """What the lights mean, as rich text."""
    rows = "".join(
        f'<p><span style="color:{LIGHTS[found][1]}">{LIGHTS[found][0]}</span> '
        f"<b>{found.value}</b>: {says}.</p>"
        for found, says in MEANING.items()
    )
    return (
        f"{rows}<p>{METHOD}. The light is for one gene, and for places like those that were "
        "hidden: far from every measured spot no value is to be trusted.</p>"
    )


def cost(result: Enhancement) -> str:
    """Say what a check costs."""
    seconds = in_words(result.record.seconds)
    if is_cheap(result.record.config):
        return f"This takes about as long as the run ({seconds}); the result can be used meanwhile."
    return f"This takes about as long as the run ({seconds}), or a little longer."
