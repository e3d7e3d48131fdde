"""Following: what speaks of the section that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive

from napari_stentrans.plugin.layers.registry import listen

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import SectionModel


class Following:
    """Mixed into a widget: ``refresh`` is called whenever there is something else to say.

    That is when another map, view or run of the section is seen, or another section.

    Attributes
    ----------
    layers
        The section; None without one.
    """

    layers: SectionLayers | None = None

    @property
    def model(self) -> SectionModel | None:
        """The section, without its layers."""
        return None if self.layers is None else self.layers.model

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of this section from now on."""
        listen(self.layers, layers, self._follow)
        self.layers = layers
        self.refresh()

    def refresh(self) -> None:
        """Show what there is of the section now."""
        raise NotImplementedError

    def _follow(self, event: Any = None) -> None:
        if isalive(self):  # else the window was closed in the middle of a view
            self.refresh()
