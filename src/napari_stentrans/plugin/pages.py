"""The pages of the dock, in one table: a new page is one file, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.plugin.panels.analyse.page import AnalysePage
from napari_stentrans.plugin.panels.export.page import ExportPage
from napari_stentrans.plugin.panels.repair.repair_page import RepairPage
from napari_stentrans.plugin.panels.result.page import ResultPage

if TYPE_CHECKING:
    from napari_stentrans.plugin.panels.page import Page

PAGES: list[type[Page]] = [
    RepairPage,
    ResultPage,
    ExportPage,
    AnalysePage,
]
"""From left to right."""
