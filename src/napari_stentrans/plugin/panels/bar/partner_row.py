"""PartnerRow: what the run that is shown is compared with, by every view of both maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy, QWidget

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.layers.registry import listen
from napari_stentrans.plugin.models.gene_maps import MEASURED
from napari_stentrans.plugin.panels.result.run_list import about
from napari_stentrans.plugin.widgets.panel import in_row

if TYPE_CHECKING:
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

TIP_ROLE = Qt.ItemDataRole.ToolTipRole
TIP = (
    "What the run shown is compared with, side by side, by swipe, blink, difference and profile: "
    "the measured map, or another run"
)


class PartnerRow(QWidget):
    """A list of the measured map and the other runs; hidden while there are no others."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._results: list[Enhancement | None] = []
        self.list = QComboBox()
        self.list.setAccessibleName("compare with")
        self.list.setToolTip(with_keys(TIP, "compare.with"))
        self.list.setAccessibleDescription(self.list.toolTip())
        self.list.setMinimumContentsLength(6)
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.list.activated.connect(self._on_chosen)
        label = QLabel("Compare with")
        label.setBuddy(self.list)
        row = in_row(label, self.list)
        row.setContentsMargins(0, 0, 0, 0)
        row.setStretch(0, 0)
        row.setStretch(1, 1)
        self.setLayout(row)
        self.hide()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Offer the runs of this section from now on."""
        if self._layers is not None:
            self._layers.model.runs.changed.disconnect(self.refresh, missing_ok=True)
        listen(self._layers, layers, self.refresh)
        self._layers = layers
        if layers is not None:
            layers.model.runs.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Offer all runs but the one that is shown, and choose the one that is compared with."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        layers = self._layers
        runs = [] if layers is None else list(layers.model.runs)
        others = [run for run in runs if layers and run.enhancement is not layers.model.enhancement]
        self._results = [None, *(run.enhancement for run in others)]
        names = [MEASURED, *(run.name for run in others)]
        if names != [self.list.itemText(at) for at in range(self.list.count())]:
            self.list.clear()
            self.list.addItems(names)
        shown = None if layers is None else layers.model.runs.of(layers.model.enhancement)
        for at, run in enumerate(others, start=1):
            self.list.setItemData(at, about(run, [shown] if shown else []), TIP_ROLE)
        against = None if layers is None else layers.model.maps.against
        if against in self._results:
            self.list.setCurrentIndex(self._results.index(against))
        chosen = self.list.itemData(self.list.currentIndex(), TIP_ROLE)
        tip = with_keys(TIP, "compare.with")
        self.list.setToolTip(f"{chosen}\n{tip}" if chosen else tip)
        self.setVisible(len(runs) > 1)

    def open(self) -> None:
        """Let the person choose."""
        if self.isVisible():
            self.list.setFocus()
            self.list.showPopup()

    def _on_chosen(self, at: int) -> None:
        if self._layers is not None:
            self._layers.model.compare_with(self._results[at])
