"""OverlayLine: the genes that are laid over each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QToolButton, QWidget

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.maps import MOST_OVERLAID
from napari_stentrans.plugin.widgets.panel import button, name_button

if TYPE_CHECKING:
    from qtpy.QtWidgets import QPushButton

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

ADD = ("Add a second gene", "Add a third gene")
CHOOSE = "Choose another gene"
KEEP = "Keep this gene and choose another: both are shown in colours that add up. Up to three"


class OverlayLine(QWidget):
    """A button that keeps the gene that is shown, and one for each gene that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.over = QToolButton()
        self.over.setText("+")
        self.over.clicked.connect(self.lay_over)
        self.chips = [button("", "") for _ in range(MOST_OVERLAID - 1)]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self.over, *self.chips):
            row.addWidget(part)
        for chip in self.chips:
            chip.clicked.connect(partial(self._on_chip, chip))
        self.refresh()

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of this section from now on."""
        self._layers = layers
        self.refresh()

    def refresh(self) -> None:
        """Show which genes are kept; a press on one lets it go."""
        kept = () if self._layers is None else self._layers.model.maps.kept
        self.over.setEnabled(len(kept) < MOST_OVERLAID - 1)
        what = CHOOSE if self.waits else ADD[min(len(kept), 1)]
        name_button(self.over, with_keys(f"{what}. {KEEP}", "genes.lay_over"))
        self.over.setAccessibleName(what.lower())
        for at, chip in enumerate(self.chips):
            self._show_chip(chip, kept[at] if at < len(kept) else "")

    def lay_over(self) -> None:
        """Keep the gene that is shown, so that the next one is laid over it."""
        if self._layers is not None:
            maps = self._layers.model.maps
            if len(maps.kept) < MOST_OVERLAID - 1 and not self.waits:
                self._layers.model.lay_over([*maps.kept, maps.shown])

    @property
    def waits(self) -> bool:
        """Whether genes are kept, and no other was chosen yet."""
        maps = None if self._layers is None else self._layers.model.maps
        return maps is not None and bool(maps.kept) and maps.shown in maps.kept

    def _let_go(self, name: str) -> None:
        if self._layers is not None:
            self._layers.model.lay_over(
                [kept for kept in self._layers.model.maps.kept if kept != name]
            )

    def _on_chip(self, chip: QWidget, *_: Any) -> None:
        self._let_go(str(chip.property("gene")))

    def _show_chip(self, chip: QPushButton, name: str) -> None:
        chip.setVisible(bool(name))
        label = name if self._layers is None else self._layers.model.maps.label(name)
        chip.setText(f"{label} ×")
        chip.setProperty("gene", name)
        chip.setToolTip(f"{label} stays while others are laid over it; press to let it go")
        chip.setAccessibleName(f"let go of {label}")
