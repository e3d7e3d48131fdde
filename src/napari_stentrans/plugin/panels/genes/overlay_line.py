"""OverlayLine: the genes that are laid over each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.maps import MOST_OVERLAID
from napari_stentrans.plugin.widgets.make import laid, tool
from napari_stentrans.plugin.widgets.panel import button

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.section_model import SectionModel

ADD = ("Add a second gene", "Add a third gene")
CHOOSE = "Choose another gene"
KEEP = "Keep this gene and choose another: both are shown in colours that add up. Up to three"


class OverlayLine(QWidget):
    """A button that keeps the gene that is shown, and one for each gene that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._model: SectionModel | None = None
        self.over = tool("+", "", "", self.lay_over)
        self.chips = [button("", "") for _ in range(MOST_OVERLAID - 1)]
        laid(QHBoxLayout(self), self.over, *self.chips, spacing=4)
        for at, chip in enumerate(self.chips):
            chip.clicked.connect(partial(self._let_go, at))
        self.show_of(None)

    def show_of(self, model: SectionModel | None) -> None:
        """Show which genes of a section are kept; a press on one lets it go."""
        self._model = model
        kept = () if model is None else model.maps.kept
        self.over.setEnabled(len(kept) < MOST_OVERLAID - 1)
        what = CHOOSE if self._waits else ADD[min(len(kept), 1)]
        tip = with_keys(f"{what}. {KEEP}", "genes.lay_over")
        self.over.setToolTip(tip)
        self.over.setAccessibleName(what.lower())
        self.over.setAccessibleDescription(tip)
        for at, chip in enumerate(self.chips):
            chip.setVisible(at < len(kept))
            if model is not None and at < len(kept):
                label = model.maps.label(kept[at])
                chip.setText(f"{label} ×")
                chip.setToolTip(f"{label} stays while others are laid over it; press to let it go")
                chip.setAccessibleName(f"let go of {label}")

    def lay_over(self) -> None:
        """Keep the gene that is shown, so that the next one is laid over it."""
        if self._model is not None:
            maps = self._model.maps
            if len(maps.kept) < MOST_OVERLAID - 1 and not self._waits:
                self._model.lay_over([*maps.kept, maps.shown])

    @property
    def _waits(self) -> bool:
        """Whether genes are kept, and no other was chosen yet."""
        return self._model is not None and self._model.maps.shown in self._model.maps.kept

    def _let_go(self, at: int, *_: Any) -> None:
        if self._model is not None:
            kept = self._model.maps.kept
            self._model.lay_over([*kept[:at], *kept[at + 1 :]])
