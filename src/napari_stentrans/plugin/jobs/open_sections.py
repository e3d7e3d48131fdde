"""Sections: the ones that are open are named apart, renamed and closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.widgets.dialogs import ask_name, ask_unsaved

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.jobs.safekeeping import Safekeeping
    from napari_stentrans.plugin.layers.section_layers import SectionLayers

LOST = "It is lost when the section is closed."


def name_apart(sections: list[SectionLayers]) -> None:
    """Name the layers by section where there are several."""
    for layers in sections:
        layers.name_layers(by_section=len(sections) > 1)


class Sections(QObject):
    """Renames and closes the section that is chosen.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    safe
        Keeps what is not saved.
    save
        Saves the work on a section, and calls back.
    """

    renamed = Signal()

    def __init__(
        self,
        parent: QWidget,
        safe: Safekeeping,
        save: Callable[[SectionLayers, Callable[[], None]], None],
    ) -> None:
        super().__init__(parent)
        self._parent, self._safe, self._save = parent, safe, save
        self._layers: SectionLayers | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Work on this section from now on."""
        self._layers = layers

    def rename(self) -> None:
        """Ask for another name."""
        layers = self._layers
        name = None if layers is None else ask_name(self._parent, layers.model.title)
        if layers is not None and name is not None:
            layers.rename(name)
            name_apart(find(layers.viewer))
            self.renamed.emit()

    def close(self) -> None:
        """Take the section out of the viewer; ask first where its work is not saved."""
        layers = self._layers
        if layers is None:
            return
        answer = "close"
        if layers.model.unsaved.parts:
            said = f"{layers.model.title}: {', '.join(layers.model.unsaved.parts)}"
            answer = ask_unsaved(self._parent, [said], LOST)
        if answer == "save":
            self._save(layers, partial(self._take_out, layers))
        elif answer == "close":
            self._take_out(layers)

    def _take_out(self, layers: SectionLayers) -> None:
        self._safe.forget(layers)
        layers.remove()
