"""LookButton: opens the units, colours and contrast of the maps of genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QToolButton

from napari_stentrans.plugin.panels.genes.look_form import LookForm
from napari_stentrans.plugin.widgets.drop_down import DropDown
from napari_stentrans.plugin.widgets.panel import name_button

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

NAME = "units, colours and range"


class LookButton(QToolButton):
    """A button, and the form that opens below it."""

    def __init__(self) -> None:
        super().__init__()
        name_button(self, f"{NAME.capitalize()}: how the values become colours")
        self.setAccessibleName(NAME)
        self.setCheckable(True)
        self._layers: SectionLayers | None = None
        self.form = LookForm()
        self.box = DropDown(NAME, self)
        self.box.rows.addWidget(self.form)
        self.box.guard()
        self.box.toggled.connect(self.setChecked)
        self.clicked.connect(self._on_clicked)
        self.form.valueChanged.connect(self._on_look)
        self.form.followWanted.connect(self._on_follow)

    def show_look(self, layers: SectionLayers) -> None:
        """Show how the genes of a section are drawn."""
        self._layers = layers
        self.form.setValue(layers.model.maps.look)
        self.form.allow_colours(len(layers.model.maps.names) == 1)

    def _on_clicked(self, on: bool) -> None:
        self.box.set_open(on)
        if on:
            self.form.scale.setFocus()

    def _on_look(self) -> None:
        if self._layers is not None:
            self._layers.model.set_look(self.form.value())

    def _on_follow(self) -> None:
        if self._layers is not None:
            self._layers.model.follow_values()
