"""ConfigForm: the settings of a run as widgets; speaks EnhanceConfig."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QLineEdit, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.models.result_words import PLAIN
from napari_stentrans.plugin.models.run_settings import START
from napari_stentrans.plugin.panels.repair.expert_form import ExpertForm
from napari_stentrans.plugin.panels.repair.image_line import ImageLine, embeddings
from napari_stentrans.plugin.widgets.make import choice
from napari_stentrans.plugin.widgets.panel import Tool, called, in_rows, row_of
from napari_stentrans.plugin.widgets.popup import Popup
from napari_stentrans.settings import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.run_settings import RunSettings

WhichGenes = Literal["shown", "all", "list"]
GENE_CHOICES: dict[str, str] = {
    "shown": "The gene on the map",
    "all": "All genes (may take long)",
    "list": "A list of genes",
}
FILL = (
    "Painted spots and sites are filled from the spots around them, and what was measured there is "
    "not used; untick to run as if nothing was painted"
)
GEAR = "Method, and expert settings: seed, device, what is inside the method"
SMOOTH = "Smooth map: from the values around, weighted by how alike values at that distance are"


class ConfigForm(QWidget):
    """Widgets over an EnhanceConfig: ``value``, ``setValue``, ``valueChanged``."""

    valueChanged = Signal()
    """A setting has changed; ``value`` may raise while a list of genes is being written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown_gene = ""
        self._make_tasks()
        self._make_method()
        self._make_genes()
        self.image, self.expert = ImageLine(), ExpertForm()
        self.image.valueChanged.connect(self.valueChanged)
        self.expert.valueChanged.connect(self.valueChanged)
        self.expert.featuresChanged.connect(self.image.set_features)
        tasks = row_of(self.fill, self.double, self.denoise, self.gear)
        in_rows(self, tasks, self.image, self._genes_row, self.genes)
        method = row_of(self.method, label="Method")
        self.popup = Popup(self, "Expert settings", method, self.summary, self.expert)
        self.setValue(START)

    def value(self) -> EnhanceConfig:
        """Return the settings as they stand.

        Raises
        ------
        ConfigError
            When genes are to be listed and none is, or the gene on the map is wanted and
            there is no map.
        """
        return EnhanceConfig(
            method=self.method.currentData(),
            upscale=2 if self.double.isChecked() else 1,
            denoise=self.denoise.isChecked(),
            genes=self._chosen_genes(),
            image=self.image.value(),
            **self.expert.value(),
        )

    def setValue(self, config: EnhanceConfig) -> None:
        with signals_blocked(self):
            self.method.setCurrentIndex(self.method.findData(config.method))
            self.double.setChecked(config.upscale == 2)
            self.denoise.setChecked(config.denoise)
            if config.genes is None:
                self._choose_genes("all")
            elif config.genes == (self._shown_gene,):
                self._choose_genes("shown")
            else:
                self._choose_genes("list")
                self.genes.setText(", ".join(config.genes))
            self.image.setValue(config)
            self.expert.setValue(config)
        self._show_what_matters()
        self.valueChanged.emit()

    def speak_to(self, settings: RunSettings) -> None:
        """Let the settings of the next run be those of the form, and show those that are wanted."""
        settings.value = self.value
        settings.fill = self.fill.isChecked()
        self.fill.toggled.connect(partial(setattr, settings, "fill"))
        settings.wanted.connect(self._on_wanted)
        settings.preferred.connect(self._on_preferred)

    def _on_wanted(self, config: EnhanceConfig, fill: bool, gene: str) -> None:
        self.set_shown_gene(gene)
        self.setValue(config)
        self.fill.setChecked(fill)

    def _on_preferred(self, old: EnhanceConfig, now: EnhanceConfig) -> None:
        """Change what is still as it was preferred before."""
        if self.method.currentData() == old.method != now.method:
            self.choose_method(now.method)
        if self.double.isChecked() == (old.upscale == 2):
            self.double.setChecked(now.upscale == 2)
        if self.denoise.isChecked() == old.denoise:
            self.denoise.setChecked(now.denoise)
        device = self.expert.boxes["device"]
        if device.value == old.device:
            device.value = now.device

    def choose_method(self, name: str) -> None:
        """Choose a method, as a person would."""
        self.method.setCurrentIndex(self.method.findData(name))
        self._on_method()

    def set_shown_gene(self, name: str) -> None:
        self._shown_gene = name
        if self.which_genes.currentData() == "shown":
            self.valueChanged.emit()

    def set_lost(self, spots: int, sites: int) -> None:
        self.fill.setText(f"Fill ({spots + sites:,})" if spots or sites else "Fill")

    def set_layers(self, layers: SectionLayers | None) -> None:
        self.image.set_layers(layers)
        self.expert.set_embeddings([] if layers is None else embeddings(layers.model.section))

    def _make_tasks(self) -> None:
        self.fill = called(QCheckBox(), "fill lost regions", FILL)
        self.fill.setChecked(True)
        self.set_lost(0, 0)
        self.double, self.denoise = QCheckBox("Double"), QCheckBox("Denoise")
        for box, name in ((self.double, "upscale"), (self.denoise, "denoise")):
            setting = named(EnhanceConfig, name)
            called(box, setting.label.partition(" (")[0].lower(), setting.tip)
            box.toggled.connect(self.valueChanged)
        self.gear = Tool("expert settings", GEAR, self._show_expert, icon="gear")

    def _make_method(self) -> None:
        plain = {name: PLAIN.get(name, name) for name in METHODS}
        items = {
            name: (f"{word[:1].upper()}{word[1:]}", METHODS[name].summary)
            for name, word in plain.items()
        }
        self.method = choice("method", f"{named(EnhanceConfig, 'method').tip}. {SMOOTH}", items)
        self.method.activated.connect(self._on_method)
        self.method.currentIndexChanged.connect(self._show_what_matters)
        self.summary = called(QLabel(), "what the method does")
        self.summary.setWordWrap(True)

    def _make_genes(self) -> None:
        fewer = "This method works gene by gene: fewer genes, less time"
        self.which_genes = choice("which genes", fewer, GENE_CHOICES)
        self.which_genes.currentIndexChanged.connect(self._on_which_genes)
        self._genes_row = row_of(self.which_genes, label="Genes")
        tip = "Names or ids of genes, with commas or spaces between them"
        self.genes = called(QLineEdit(), "list of genes", tip)
        self.genes.setPlaceholderText("Names with commas: Gene1, Gene2")
        self.genes.textChanged.connect(self.valueChanged)

    def _show_what_matters(self) -> None:
        """Show the settings that the chosen method listens to, and hide the others."""
        name, which = self.method.currentData(), self.which_genes.currentData()
        self.summary.setText(METHODS[name].summary)
        self._genes_row.setVisible(METHODS[name].by_gene or which != "all")
        self.genes.setVisible(which == "list")
        self.image.set_method(name)
        self.expert.set_method(name)

    def _on_method(self) -> None:
        """Let a person's choice of method choose the genes that make sense with it."""
        if not METHODS[self.method.currentData()].by_gene:
            self._choose_genes("all")
        elif self.which_genes.currentData() == "all":
            self._choose_genes("shown")
        self.valueChanged.emit()

    def _show_expert(self) -> None:
        self.popup.show_by(self.gear)

    def _on_which_genes(self) -> None:
        self._show_what_matters()
        self.valueChanged.emit()

    def _choose_genes(self, which: WhichGenes) -> None:
        self.which_genes.setCurrentIndex(self.which_genes.findData(which))

    def _chosen_genes(self) -> Sequence[str] | None:
        which = self.which_genes.currentData()
        if which == "all":
            return None
        if which == "shown":
            if not self._shown_gene:
                raise ConfigError("There is no gene on the map yet. Open a section first.")
            return (self._shown_gene,)
        listed = tuple(self.genes.text().replace(",", " ").replace(";", " ").split())
        if not listed:
            raise ConfigError(
                "The list of genes is empty. Write their names with commas between them, or "
                "choose all genes."
            )
        return listed
