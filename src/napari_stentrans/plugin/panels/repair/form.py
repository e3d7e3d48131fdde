"""ConfigForm: the settings of a run as widgets; speaks EnhanceConfig."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.models.result_words import PLAIN
from napari_stentrans.plugin.models.run_settings import START
from napari_stentrans.plugin.panels.repair.expert_form import ExpertForm
from napari_stentrans.plugin.panels.repair.image_line import ImageLine, embeddings
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.panel import row_of
from napari_stentrans.plugin.widgets.popup import Popup
from napari_stentrans.settings import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.run_settings import RunSettings

WhichGenes = Literal["shown", "all", "list"]
GENE_CHOICES: dict[WhichGenes, str] = {
    "shown": "The gene on the map",
    "all": "All genes (may take long)",
    "list": "A list of genes",
}


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
        self.image = ImageLine()
        self.image.valueChanged.connect(self.valueChanged)
        self.expert = ExpertForm()
        self.expert.valueChanged.connect(self.valueChanged)
        self.expert.featuresChanged.connect(self.image.set_features)
        self._lay_out()
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
        before = self.blockSignals(True)
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
        self.blockSignals(before)
        self._show_what_matters()
        self.valueChanged.emit()

    def speak_to(self, settings: RunSettings) -> None:
        """Let the settings of the next run be those of the form, and show those that are wanted."""
        settings.read_from(self.value)
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
        self.expert.set_embeddings([] if layers is None else embeddings(layers.section))

    def _make_tasks(self) -> None:
        self.fill = QCheckBox()
        self.fill.setChecked(True)
        self.fill.setToolTip(
            "Painted spots and sites are filled from the spots around them, and what was "
            "measured there is not used; untick to run as if nothing was painted"
        )
        self.fill.setAccessibleName("fill lost regions")
        self.set_lost(0, 0)
        self.double, self.denoise = QCheckBox(), QCheckBox()
        for box, name in ((self.double, "upscale"), (self.denoise, "denoise")):
            setting = named(EnhanceConfig, name)
            box.setText("Double" if box is self.double else "Denoise")
            box.setToolTip(setting.tip)
            box.setAccessibleName(setting.label.partition(" (")[0].lower())
            box.toggled.connect(self.valueChanged)

    def _make_method(self) -> None:
        self.method = QComboBox()
        self.method.setAccessibleName("method")
        self.method.setToolTip(
            f"{named(EnhanceConfig, 'method').tip}. Smooth map: from the values around, weighted "
            "by how alike values at that distance are"
        )
        for i, (name, method) in enumerate(METHODS.items()):
            plain = PLAIN.get(name, name)
            self.method.addItem(f"{plain[:1].upper()}{plain[1:]}", name)
            self.method.setItemData(i, method.summary, Qt.ItemDataRole.ToolTipRole)
        self.method.activated.connect(self._on_method)
        self.method.currentIndexChanged.connect(self._show_what_matters)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("what the method does")
        self.gear = QToolButton()
        self.gear.setIconSize(QSize(18, 18))
        self.gear.setToolTip("Method, and expert settings: seed, device, what is inside the method")
        self.gear.setAccessibleName("expert settings")
        self.gear.clicked.connect(lambda: self.popup.show_by(self.gear))

    def _make_genes(self) -> None:
        self.which_genes = QComboBox()
        self.which_genes.setAccessibleName("which genes")
        self.which_genes.setToolTip("This method works gene by gene: fewer genes, less time")
        for choice, words in GENE_CHOICES.items():
            self.which_genes.addItem(words, choice)
        self.which_genes.currentIndexChanged.connect(self._on_which_genes)
        self.genes = QLineEdit()
        self.genes.setPlaceholderText("Names with commas: Gene1, Gene2")
        self.genes.setAccessibleName("list of genes")
        self.genes.setToolTip("Names or ids of genes, with commas or spaces between them")
        self.genes.textChanged.connect(self.valueChanged)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        tasks = row_of(self.fill, self.double, self.denoise, self.gear)
        layout.addWidget(tasks)
        layout.addWidget(self.image)
        self._genes_row = row_of(self.which_genes, label="Genes")
        layout.addWidget(self._genes_row)
        layout.addWidget(self.genes)
        method = row_of(self.method, label="Method")
        self.popup = Popup(self, "Expert settings", method, self.summary, self.expert)

    def _show_what_matters(self) -> None:
        name = self.method.currentData()
        method = METHODS[name]
        self.summary.setText(method.summary)
        choice = self.which_genes.currentData()
        self._genes_row.setVisible(method.by_gene or choice != "all")
        self.genes.setVisible(choice == "list")
        self.image.set_method(name)
        self.expert.set_method(name)

    def _on_method(self) -> None:
        """Let a person's choice of method choose the genes that make sense with it."""
        by_gene = METHODS[self.method.currentData()].by_gene
        choice = self.which_genes.currentData()
        if not by_gene:
            self._choose_genes("all")
        elif choice == "all":
            self._choose_genes("shown")
        self.valueChanged.emit()

    def _on_which_genes(self) -> None:
        self._show_what_matters()
        self.valueChanged.emit()

    def _choose_genes(self, choice: WhichGenes) -> None:
        self.which_genes.setCurrentIndex(get_args(WhichGenes).index(choice))

    def _chosen_genes(self) -> Sequence[str] | None:
        choice = self.which_genes.currentData()
        if choice == "all":
            return None
        if choice == "shown":
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

    def recolour(self) -> None:
        self.gear.setIcon(icon("gear", text_color(self.summary)))
