"""Opens napari's preferences at the page of this plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDialog, QListWidget

if TYPE_CHECKING:
    import napari

ACTION = "napari.window.file.show_preferences_dialog"
PAGE = "stEnTrans"
"""Name of the page: ``display_name`` in napari.yaml."""
BY_HAND = f"Open File > Preferences in napari's menu, and there the page {PAGE}."


def open_preferences(viewer: napari.viewer.Viewer) -> str:
    """Open the page; returns in words what to do where that is not possible, else nothing."""
    menu = getattr(viewer.window, "file_menu", None)
    action = None if menu is None or not hasattr(menu, "findAction") else menu.findAction(ACTION)
    if action is None:
        return BY_HAND
    action.trigger()
    shown = [
        pages
        for dialog in QApplication.topLevelWidgets()
        if isinstance(dialog, QDialog) and dialog.isVisible()
        for pages in dialog.findChildren(QListWidget, "Preferences")
    ]
    for pages in shown:
        for item in pages.findItems(PAGE, Qt.MatchFlag.MatchExactly):
            pages.setCurrentItem(item)
            return ""
    return BY_HAND
