"""ExpertForm: the settings of a run that most people leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.panels.repair.boxes import box_of
from napari_stentrans.plugin.widgets.panel import button, in_rows
from napari_stentrans.settings import flat, nested, settings_of

if TYPE_CHECKING:
    from napari_stentrans.settings import Setting


class ExpertForm(QWidget):
    """A row for each expert setting of ``EnhanceConfig``, shown where the method listens to it.

    ``boxes`` has magicgui's widget for each name.
    """

    valueChanged = Signal()
    featuresChanged = Signal(object)
    """Key of a person's own embedding, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._method: str = EnhanceConfig().method
        self._embeddings: list[str] = []
        self._settings = [s for s in settings_of(EnhanceConfig) if s.shown.expert]
        self.boxes: dict[str, Any] = {}
        self._labels: dict[str, QLabel] = {}
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for setting in self._settings:
            self._add(setting)
        self.boxes["features"].changed.connect(self.featuresChanged.emit)
        self.reset = button(
            "Reset to defaults",
            "Put all expert settings back to what is recommended",
            lambda: self.setValue(EnhanceConfig()),
        )
        in_rows(self, self._form, self.reset, margins=(0, 4, 0, 4), spacing=6)
        self.setValue(EnhanceConfig())

    def value(self) -> dict[str, Any]:
        values = {name: box.value for name, box in self.boxes.items()}
        if not self._asks_features:
            values["features"] = None
        return nested(EnhanceConfig, values)

    def setValue(self, config: EnhanceConfig) -> None:
        with signals_blocked(self):
            if config.features is not None and config.features not in self._embeddings:
                self._offer([*self._embeddings, config.features])
            for setting, value in flat(config):
                if setting.name in self.boxes:
                    self.boxes[setting.name].value = value
        self.valueChanged.emit()

    def set_embeddings(self, keys: list[str]) -> None:
        """Offer these keys of obsm in place of the tissue image."""
        self._offer(keys)
        self.set_method(self._method)

    def set_method(self, name: str) -> None:
        self._method = name
        for setting in self._settings:
            wanted = not setting.shown.by_method or METHODS[name].listens(setting.listened)
            if setting.name == "features":
                wanted = self._asks_features
            for part in (self._labels[setting.name], self.boxes[setting.name].native):
                part.setVisible(wanted)

    @property
    def _asks_features(self) -> bool:
        return bool(self._embeddings) and METHODS[self._method].listens("features")

    def _offer(self, keys: list[str]) -> None:
        if keys != self._embeddings:
            self._embeddings = keys
            self.boxes["features"].reset_choices()

    def _add(self, setting: Setting) -> None:
        known = (lambda: self._embeddings) if setting.name == "features" else None
        box = self.boxes[setting.name] = box_of(setting, known)
        label = self._labels[setting.name] = QLabel(setting.label)
        tip = setting.tip
        if setting.optional and setting.kind is int:
            tip = f"{tip}; {int(setting.low) - 1}: {setting.word(None)}"
        label.setBuddy(box.native)
        for part in (label, box.native):
            part.setToolTip(tip)
        box.native.setAccessibleName(setting.label.lower())
        box.changed.connect(lambda: self.valueChanged.emit())
        self._form.addRow(label, box.native)
