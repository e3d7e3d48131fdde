"""ViewButtons: ways to look at a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from napari_stentrans.plugin.compare.views import NAMES as VIEWS_OF_BOTH
from napari_stentrans.plugin.panels.result.partner_row import PartnerRow
from napari_stentrans.plugin.panels.result.view_key import ViewKey
from napari_stentrans.plugin.widgets.panel import button
from napari_stentrans.plugin.widgets.shortcuts import SHORTCUTS

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.widgets.keys import Keys

VIEWS = {
    "side_by_side": (
        "Side by side",
        "The measured map, or the run that you compare with, beside the run shown",
    ),
    "swipe": (
        "Swipe",
        "The measured map, or the run that you compare with, on the left of a handle that you "
        "drag; the run shown on the right",
    ),
    "blink": ("Blink", "Change between both maps twice a second. Or hold H to see the other map."),
    "difference": (
        "Difference",
        "The run shown minus the measured map, or minus the run that you compare with: "
        "red is more, blue is less",
    ),
    "uncertainty": ("Uncertainty", "How sure each value is: the estimate, or a new measurement"),
    "provenance": (
        "Provenance",
        "Where each value comes from: measured, filled or between spots, in the colours below",
    ),
}


class ViewButtons(QWidget):
    """Views, what the run shown is compared with, and what the picture shows."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(5)
        self.partner = PartnerRow()
        self.rows.addWidget(self.partner)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.views: dict[str, QPushButton] = {}
        for i, (view, (name, tip)) in enumerate(VIEWS.items()):
            made = button(name, f"{tip} ({SHORTCUTS[f'compare.{view}'][0]})")
            made.setCheckable(True)
            made.clicked.connect(lambda on, view=view: self._show(view, on))
            alone = i % 2 == 0 and i == len(VIEWS) - 1
            grid.addWidget(made, i // 2, i % 2, 1, 1 + alone)
            self.views[view] = made
        self.rows.addLayout(grid)
        self.key = ViewKey()
        self.rows.addWidget(self.key)
        self.handle = self.key.handle

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the result of this section from now on."""
        if self._layers is not None:
            self._layers.compared.disconnect(self.refresh, missing_ok=True)
            self._layers.drawn.disconnect(self.key.refresh, missing_ok=True)
        self._layers = layers
        if layers is not None:
            layers.compared.connect(self.refresh)
            layers.drawn.connect(self.key.refresh)
        self.key.set_layers(layers)
        self.partner.set_layers(layers)
        self.refresh()

    def bind(self, keys: Keys) -> None:
        """Let the views be switched by keys too."""
        for view, made in self.views.items():
            keys.on(f"compare.{view}", made.click)
        keys.while_held("compare.hold", self._hold, self._release)

    def refresh(self) -> None:
        """Show which view there is."""
        if not isalive(self):
            return  # the window was closed in the middle of a view
        self.partner.refresh()
        if self._layers is not None and self._layers.enhancement is not None:
            self._watch(self._layers)

    def _watch(self, layers: SectionLayers) -> None:
        """Let the buttons follow the layers, which a person may also switch in napari."""
        both = layers.has("after") and layers.has("before")
        there: dict[str, bool] = {
            **dict.fromkeys(VIEWS_OF_BOTH, both),
            "difference": True,
            "uncertainty": layers.has("uncertainty"),
            "provenance": layers.has("provenance"),
        }
        on: dict[str, bool] = {view: layers.views.shown == view for view in VIEWS_OF_BOTH}
        for view in ("difference", "uncertainty", "provenance"):
            layer = layers.now(view)
            on[view] = layer is not None and layer.visible
            if layer is not None:
                layer.events.visible.connect(self._on_visible)
        for view, made in self.views.items():
            made.setEnabled(there[view])
            made.setChecked(on[view])
        for layer in (layers.now("before"), layers.now("after")):
            if layer is not None:
                layer.events.visible.connect(self._on_visible)
        self.key.refresh()

    def _on_visible(self, event: object = None) -> None:
        if self._layers is None:
            return
        for view in ("difference", "uncertainty", "provenance"):
            layer = self._layers.now(view)
            self.views[view].setChecked(layer is not None and layer.visible)
        self.key.refresh()

    def _hold(self) -> None:
        if self._layers is not None:
            self._layers.views.hold()

    def _release(self) -> None:
        if self._layers is not None:
            self._layers.views.release()

    def _show(self, view: str, on: bool) -> None:
        """Show a view and no other, or the enhanced map again."""
        if self._layers is None:
            return
        self._layers.choose_view(view if on else "after")
        self.refresh()
