"""AppModel: what is open in the window, and what it is asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.models.run_settings import RunSettings

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.gene_lists import GeneLists
    from napari_stentrans.plugin.models.section_model import SectionModel


class AppModel:
    """The window, without Qt and napari: what a session is saved from, and brought back to.

    That is the section that is worked on, lists of genes, and the settings of the next run.
    """

    def __init__(self, lists: GeneLists) -> None:
        self.lists, self.settings = lists, RunSettings()
        self.current: SectionModel | None = None
