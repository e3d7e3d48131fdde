"""PaperChoices: which regions a figure for a paper shows, and how wide it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.models.paper import Paper, offered
from napari_stentrans.plugin.widgets.make import choice, offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QFormLayout

    from napari_stentrans.plugin.models.export_request import ExportContext
    from napari_stentrans.plugin.models.paper import WhichRegions

WIDTHS = {"two": "Two columns (174 mm)", "one": "One column (85 mm)"}


class PaperChoices:
    """Two rows of a form over a ``Paper``: ``value``, ``setValue``."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self.regions = choice("regions of the figure", "Regions that are drawn", least=10)
        self.width = choice("width of the figure", "Columns of a page", WIDTHS, least=10)
        self._wanted: WhichRegions | None = None
        self.offer(None)
        self.regions.activated.connect(self._on_chosen)
        for box in (self.regions, self.width):
            box.currentIndexChanged.connect(lambda _: changed())

    def value(self) -> Paper:
        """How the figure is wanted."""
        return Paper(self.regions.currentData(), self.width.currentData())

    def setValue(self, wish: Paper) -> None:
        """Show a wish, as far as there are such regions."""
        for box, data in ((self.regions, wish.regions), (self.width, wish.width)):
            box.setCurrentIndex(max(box.findData(data), 0))

    def offer(self, stock: ExportContext | None) -> None:
        """Offer the regions that there are; what a person chose stays."""
        offer(self.regions, offered(stock), self._wanted)

    def add_to(self, form: QFormLayout) -> None:
        """Add the rows."""
        form.addRow("Regions", self.regions)
        form.addRow("Width", self.width)

    def show_in(self, form: QFormLayout, on: bool) -> None:
        """Show or hide the rows."""
        for box in (self.regions, self.width):
            form.setRowVisible(box, on)

    def _on_chosen(self) -> None:
        self._wanted = self.regions.currentData()
