"""PartnerRow: what the run that is shown is compared with, by every view of both maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.gene_maps import MEASURED
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.result.run_list import about
from napari_stentrans.plugin.widgets.make import TIP_ROLE, choice, laid

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement

TIP = with_keys(
    "What the run shown is compared with, side by side, by swipe, blink, difference and profile: "
    "the measured map, or another run",
    "compare.with",
)


class PartnerRow(Following, QWidget):
    """A list of the measured map and the other runs; hidden while there are no others."""

    def __init__(self) -> None:
        super().__init__()
        self._results: list[Enhancement | None] = []
        self.list = choice("compare with", TIP, least=6)
        self.list.setAccessibleDescription(TIP)
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.activated.connect(self._on_chosen)
        label = QLabel("Compare with")
        label.setBuddy(self.list)
        laid(QHBoxLayout(self), label, (self.list, 1), spacing=6)
        self.hide()

    def refresh(self) -> None:
        """Offer all runs but the one that is shown, and choose the one that is compared with."""
        model = self.model
        if model is None:
            self.hide()
            return
        others = [run for run in model.runs if run.enhancement is not model.enhancement]
        self._results = [None, *(run.enhancement for run in others)]
        names = [MEASURED, *(run.name for run in others)]
        if names != [self.list.itemText(at) for at in range(self.list.count())]:
            self.list.clear()
            self.list.addItems(names)
        shown = model.runs.of(model.enhancement)
        for at, run in enumerate(others, start=1):
            self.list.setItemData(at, about(run, [shown] if shown else []), TIP_ROLE)
        if model.maps.against in self._results:
            self.list.setCurrentIndex(self._results.index(model.maps.against))
        chosen = self.list.itemData(self.list.currentIndex(), TIP_ROLE)
        self.list.setToolTip(f"{chosen}\n{TIP}" if chosen else TIP)
        self.setVisible(len(model.runs) > 1)

    def open(self) -> None:
        if self.isVisible():
            self.list.setFocus()
            self.list.showPopup()

    def _on_chosen(self, at: int) -> None:
        if self.model is not None:
            self.model.compare_with(self._results[at])
