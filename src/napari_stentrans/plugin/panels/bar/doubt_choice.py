"""DoubtChoice: whose uncertainty the map of uncertainty shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QComboBox

from napari_stentrans.plugin.models.maps import knows_measurements
from napari_stentrans.plugin.widgets.make import TIP_ROLE, offer

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.maps import Doubt
    from napari_stentrans.plugin.models.section_model import SectionModel

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
        offer(self, CHOICES)
        self._section: SectionModel | None = None
        self.activated.connect(self._on_chosen)

    def show_of(self, section: SectionModel | None) -> None:
        """Show what is chosen for a section, and speak of it from now on."""
        self._section = section
        result = None if section is None else section.enhancement
        if section is None or result is None:
            return
        known = knows_measurements(result)
        items: Any = self.model()
        items.item(1).setEnabled(known)
        self.setItemData(1, CHOICES["measurement"][1] if known else NOT_KNOWN, TIP_ROLE)
        whose = section.maps.doubt_of(result)
        self.setCurrentIndex(self.findData(whose))
        self.setToolTip(CHOICES[whose][1] + ("" if known else f".\n{NOT_KNOWN}"))

    def _on_chosen(self) -> None:
        if self._section is not None:
            self._section.set_doubt(self.currentData())
