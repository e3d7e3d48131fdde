"""ExpertForm: the settings of a run that most people leave alone."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QLargeIntSpinBox

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.panel import button

AS_PUBLISHED, BY_METHOD = "as published", "by method"


class ExpertForm(QWidget):
    """Seed and device for all methods, and the inner settings of each; shown per method."""

    valueChanged = Signal()
    featuresChanged = Signal(object)
    """Key of a person's own embedding, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._method: str = EnhanceConfig().method
        self._labels: dict[QWidget, QLabel] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._make_common()
        self._make_factor_settings()
        self._make_published_settings()
        self.reset = button(
            "Reset to defaults",
            "Put all expert settings back to what is recommended",
            lambda: self.setValue(EnhanceConfig()),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addLayout(self._form)
        layout.addWidget(self.reset)
        self.setValue(EnhanceConfig())

    def value(self) -> dict[str, Any]:
        """Fields of an EnhanceConfig."""
        return {
            "seed": self.seed.value(),
            "device": self.device.currentData(),
            "factors": self.factors.value() or None,
            "neighbours": self.neighbours.value(),
            "features": self.features.currentData() if self._asks_features else None,
            "published": PublishedConfig(
                patch_size=self.patch_size.value() or None,
                heads=self.heads.value() or None,
                depth=self.n_blocks.value(),
                epochs=self.epochs.value() or None,
                batch_size=self.batch_size.value(),
                learning_rate=self.learning_rate.value(),
                residual=self.residual.isChecked(),
                values=self.values.currentData(),
            ),
        }

    def setValue(self, config: EnhanceConfig) -> None:
        """Show the expert settings of a config."""
        before = self.blockSignals(True)
        published = config.published
        self.seed.setValue(config.seed)
        self.device.setCurrentIndex(self.device.findData(config.device))
        self.factors.setValue(config.factors or 0)
        self.neighbours.setValue(config.neighbours)
        if config.features is not None and self.features.findData(config.features) < 0:
            self.features.addItem(config.features, config.features)
        self.features.setCurrentIndex(max(self.features.findData(config.features), 0))
        self.patch_size.setValue(published.patch_size or 0)
        self.heads.setValue(published.heads or 0)
        self.n_blocks.setValue(published.depth)
        self.epochs.setValue(published.epochs or 0)
        self.batch_size.setValue(published.batch_size)
        self.learning_rate.setValue(published.learning_rate)
        self.residual.setChecked(published.residual)
        self.values.setCurrentIndex(self.values.findData(published.values))
        self.blockSignals(before)
        self.valueChanged.emit()

    def set_embeddings(self, keys: list[str]) -> None:
        """Offer these keys of obsm in place of the tissue image."""
        if keys != [self.features.itemData(i) for i in range(1, self.features.count())]:
            chosen = self.features.currentData()
            self.features.clear()
            self.features.addItem("The image itself", None)
            for key in keys:
                self.features.addItem(key, key)
            self.features.setCurrentIndex(max(self.features.findData(chosen), 0))
        self.set_method(self._method)

    @property
    def _asks_features(self) -> bool:
        return self.features.count() > 1 and EnhanceConfig(method=self._method).sees_image

    def set_method(self, name: str) -> None:
        """Show the settings that a method listens to."""
        self._method = name
        settings = METHODS[name].settings
        for widget, label in self._labels.items():
            wanted = (
                widget in (self.seed, self.device)
                or ("factors" in settings and widget is self.factors)
                or ("neighbours" in settings and widget is self.neighbours)
                or (widget is self.features and self._asks_features)
                or ("published" in settings and widget in self._of_published)
            )
            widget.setVisible(wanted)
            label.setVisible(wanted)

    def _make_common(self) -> None:
        self.seed = QLargeIntSpinBox()
        self.seed.setRange(0, 2**63 - 1)
        self._add("Seed", self.seed, "The same seed gives the same numbers again")
        self.device = _choices(
            auto="Automatic", cpu="CPU", cuda="NVIDIA GPU (CUDA)", mps="Apple GPU (MPS)"
        )
        self._add("Device", self.device, "What computes; automatic takes a GPU where there is one")

    def _make_factor_settings(self) -> None:
        self.factors = _number(0, 500, BY_METHOD)
        self._add("Factors", self.factors, "Spatial patterns that stand for all genes")
        self.neighbours = _number(4, 1024)
        tip = "Spots that a site looks at in sections of more than about 3,000 spots"
        self._add("Neighbours", self.neighbours, tip)

        self.features = QComboBox()
        self.features.addItem("The image itself", None)
        tip = "Your own embedding of the tissue image, a table in obsm, in place of the image"
        self._add("Image as", self.features, tip)
        self.features.currentIndexChanged.connect(
            lambda: self.featuresChanged.emit(self.features.currentData())
        )

    def _make_published_settings(self) -> None:
        self.epochs = _number(0, 100_000, AS_PUBLISHED)
        self._add("Epochs", self.epochs, "How often the network sees all genes; 0: as published")
        self.patch_size = _number(0, 64, AS_PUBLISHED)
        self._add("Patch size", self.patch_size, "Side of a patch in spots; 0: as published")
        self.heads = _number(0, 64, AS_PUBLISHED)
        self._add("Heads", self.heads, "Attention heads; 0: as published")
        self.n_blocks = _number(1, 48)
        self._add("Depth", self.n_blocks, "Transformer blocks, one after the other")
        self.batch_size = _number(1, 1_000_000)
        self._add("Batch size", self.batch_size, "Genes in a batch; fewer need less memory")
        self.learning_rate = _ShortNumber()
        self._add("Learning rate", self.learning_rate, "Size of a training step")
        self.values = _choices(counts="Raw counts", lognorm="Log-normalised")
        self._add("Values", self.values, "What the network sees; it was published with raw counts")
        self.residual = QCheckBox()
        self.residual.toggled.connect(self.valueChanged)
        tip = "Add the input to each output, as drawn in the paper but not in its program"
        self._add("Residual", self.residual, tip)
        self._of_published = {
            self.epochs, self.patch_size, self.heads, self.n_blocks, self.batch_size,
            self.learning_rate, self.values, self.residual,
        }  # fmt: skip

    def _add(self, name: str, widget: QWidget, tip: str) -> None:
        """Add a row; what its widget says about changes is passed on."""
        label = QLabel(name)
        label.setBuddy(widget)
        for part in (label, widget):
            part.setToolTip(tip)
        widget.setAccessibleName(name.lower())
        if isinstance(widget, QSpinBox | QDoubleSpinBox | QLargeIntSpinBox):
            widget.valueChanged.connect(lambda: self.valueChanged.emit())
        elif isinstance(widget, QComboBox):
            widget.currentIndexChanged.connect(lambda: self.valueChanged.emit())
        self._labels[widget] = label
        self._form.addRow(label, widget)


class _ShortNumber(QDoubleSpinBox):
    """A small number, written as short as it can be: 0.001, 5e-05."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(12)
        self.setRange(1e-12, 1e6)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        """Write without trailing zeros."""
        return f"{value:.12g}"


def _number(low: int, high: int, zero: str = "") -> QSpinBox:
    """Make a box for whole numbers; ``zero`` is shown instead of a lowest value of 0."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setSpecialValueText(zero)
    return box


def _choices(**words: str) -> QComboBox:
    """Make a list of choices, value and words."""
    box = QComboBox()
    for value, shown in words.items():
        box.addItem(shown, value)
    return box
