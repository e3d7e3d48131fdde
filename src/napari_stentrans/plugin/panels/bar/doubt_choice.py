"""DoubtChoice: whose uncertainty the map of uncertainty shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

from napari_stentrans.plugin.models.maps import knows_measurements

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.maps import Doubt

CHOICES: dict[Doubt, tuple[str, str]] = {
    "estimate": (
        "Uncertainty of the estimate",
        "How far the true value may be from the enhanced one: its standard deviation",
    ),
    "measurement": (
        "Uncertainty of a new measurement",
        "How far a new measurement may be from the enhanced value: its standard deviation. It is "
        "wider, since counting has noise of its own",
    ),
}
NOT_KNOWN = "This run does not know it: its method does not model the noise of measurements"


class DoubtChoice(QComboBox):
    """The choice of a section; what the result that is shown does not know cannot be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("whose uncertainty")
        self.setMinimumContentsLength(10)
        for whose, (says, tip) in CHOICES.items():
            self.addItem(says, whose)
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._layers: SectionLayers | None = None
        self.activated.connect(self._on_chosen)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the results of this section from now on."""
        self._layers = layers
        self.refresh()

    def refresh(self) -> None:
        """Show what is chosen."""
        layers = self._layers
        if layers is None or layers.model.enhancement is None:
            return
        known = knows_measurements(layers.model.enhancement)
        model: Any = self.model()
        model.item(1).setEnabled(known)
        tip = CHOICES["measurement"][1] if known else NOT_KNOWN
        self.setItemData(1, tip, Qt.ItemDataRole.ToolTipRole)
        whose = layers.model.maps.doubt_of(layers.model.enhancement)
        self.setCurrentIndex(self.findData(whose))
        self.setToolTip(CHOICES[whose][1] + ("" if known else f".\n{NOT_KNOWN}"))

    def _on_chosen(self) -> None:
        if self._layers is not None:
            self._layers.model.set_doubt(self.currentData())
