"""Bar: what is looked at, and how, in a slim bar above the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, Qt

from napari_stentrans.plugin.jobs.bar_settings import BarSettings
from napari_stentrans.plugin.models.gene_maps import PAIR
from napari_stentrans.plugin.napari_compat import LayerDocks, TopBar, canvas_of
from napari_stentrans.plugin.panels.bar.multiples import Multiples
from napari_stentrans.plugin.panels.bar.partner_row import PartnerRow
from napari_stentrans.plugin.panels.bar.view_choice import ViewChoice
from napari_stentrans.plugin.panels.bar.view_key import ViewKey
from napari_stentrans.plugin.widgets.flow import Flow
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.make import tool
from napari_stentrans.plugin.widgets.over_canvas import OverCanvas

if TYPE_CHECKING:
    import napari
    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.bar.tissue_view import TissueView
    from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
    from napari_stentrans.plugin.widgets.keys import Keys

LOOK = "QToolButton:checked {background-color: rgba(90, 125, 235, 150); border-radius: 3px;}"
NAME = "stEnTrans: what is shown"
FOLD = "Fold away napari's layer controls and layer list: the map gets their room"
UNFOLD = "Bring back napari's layer controls and layer list"


class Bar(Flow):
    """Genes, views, the tissue image, the colours, and what is compared, above the canvas.

    It comes and goes with the dock.

    Parameters
    ----------
    viewer
        Above whose canvas it is.
    genes, tissue
        Parts of it that others reach too.
    """

    def __init__(self, viewer: napari.viewer.Viewer, genes: GenesPanel, tissue: TissueView) -> None:
        super().__init__()
        self.setAccessibleName("what is shown")
        self.genes, self.tissue = genes, tissue
        self.fold = tool("", FOLD, "napari's layer controls and list", checkable=True)
        self.choice, self.key, self.partner = ViewChoice(), ViewKey(), PartnerRow()
        self.views, self.many = self.choice.views, Multiples()
        self._keys: Keys | None = None
        self._settings = BarSettings()
        for part, stretch in (
            (self.fold, 0), (genes, 2), (self.key.bar, 3), (tissue, 1), (self.choice, 1),
            (self.partner, 2),
        ):  # fmt: skip
            self.add(part, stretch)
        self._docks = LayerDocks(viewer, self)
        self._top = TopBar(viewer, self, NAME)
        self.grown.connect(self._top.set_height)
        canvas = canvas_of(viewer)
        over = OverCanvas(canvas, self.key, self._place_key)
        many = OverCanvas(canvas, self.many, lambda at: self.many.setGeometry(at.rect()))
        self._holders = (self._docks, over, many, self._top)
        self.key.refreshed.connect(over.again)
        genes.manyWanted.connect(self._show_many)
        self.many.toggled.connect(genes.many.setChecked)
        self.many.chosen.connect(genes.geneChosen)
        self._docks.changed.connect(self._show_fold)
        self.fold.clicked.connect(self._on_fold)
        if self._settings.folded:
            self._docks.fold(True)
        self._show_fold()
        self._recolour()
        self.setStyleSheet(LOOK)

    def bind(self, keys: Keys) -> None:
        self._keys = keys
        self.choice.bind(keys)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show what is looked at of this section from now on; without one no view is left on."""
        if layers is None and self.choice.layers is not None:
            self.choice.layers.views.end()
        for part in (self.many, self.choice, self.key, self.tissue, self.partner):
            part.set_layers(layers)

    def let_go(self) -> None:
        """Be gone, and leave napari's window as it was."""
        for holder in self._holders:
            holder.let_go()
        if isalive(self):
            self.deleteLater()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.many.isHidden():
            self.many.put_away()
        elif self._keys is None or not self._keys.take(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: Any) -> None:
        if self._keys is None or not self._keys.take(event):
            super().keyReleaseEvent(event)

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _show_many(self, on: bool) -> None:
        """Show many genes of the list, before or after, or one again."""
        if not on or self.choice.model is None:
            self.many.put_away()
            return
        if not set(PAIR).intersection(self.choice.model.seen):
            self.choice.show_view("after" if self.views["after"].isEnabled() else "before")
        self.many.show_genes(*self.genes.page())

    def _on_fold(self, on: bool) -> None:
        self._docks.fold(on)
        self._settings.folded = on

    def _show_fold(self) -> None:
        tip = UNFOLD if self._docks.folded else FOLD
        self.fold.setChecked(self._docks.folded)
        self.fold.setToolTip(tip)
        self.fold.setAccessibleDescription(tip)

    def _recolour(self) -> None:
        made = (self.fold, self.genes.many, self.genes.look_button)
        for one, name in zip(made, ("layers", "grid", "palette"), strict=True):
            one.setIcon(icon(name, text_color(self)))

    def _place_key(self, canvas: QWidget) -> None:
        width = min(self.key.wanted_width() or canvas.width(), canvas.width())
        height = self.key.heightForWidth(width)  # below 0: whatever the width
        self.key.setGeometry(0, 0, width, height if height > 0 else self.key.sizeHint().height())
