"""AppModel: what is open in the window, and what it is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_stentrans.plugin.models.run_settings import RunSettings

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.gene_lists import GeneLists
    from napari_stentrans.plugin.models.section_model import SectionModel


class AppModel:
    """The window, without Qt and napari: what a session is saved from, and brought back to.

    Parameters
    ----------
    lists
        Lists of genes.

    Attributes
    ----------
    settings
        Of the next run.
    """

    currentChanged = Signal()
    """Another section is worked on."""

    def __init__(self, lists: GeneLists) -> None:
        self.lists, self.settings = lists, RunSettings()
        self._current: SectionModel | None = None

    @property
    def current(self) -> SectionModel | None:
        """Section that is worked on; None without one."""
        return self._current

    @current.setter
    def current(self, model: SectionModel | None) -> None:
        if model is not self._current:
            self._current = model
            self.currentChanged.emit()
