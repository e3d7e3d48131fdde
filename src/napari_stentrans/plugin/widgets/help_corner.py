"""HelpCorner: the small button at the top of the dock, for keys and preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDialog, QListWidget, QToolButton

from napari_stentrans.plugin.widgets.cheat_sheet import CheatSheet
from napari_stentrans.plugin.widgets.panel import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari

    from napari_stentrans.plugin.widgets.bound import Bound

ACTION = "napari.window.file.show_preferences_dialog"
PAGE = "stEnTrans"
"""Name of the page: ``display_name`` in napari.yaml."""
BY_HAND = f"Open File > Preferences in napari's menu, and there the page {PAGE}."


class HelpCorner(Tool):
    """A button with a menu: the list of keys, and our page of napari's preferences.

    ``say`` says in words what cannot be done.
    """

    def __init__(
        self, viewer: napari.viewer.Viewer, say: Callable[[str], None], bound: Bound
    ) -> None:
        super().__init__(
            "keys and preferences", "Keys, and preferences", icon="keyboard", flat=True
        )
        self._viewer, self._say = viewer, say
        self._sheet: CheatSheet | None = None
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setStyleSheet("QToolButton::menu-indicator {image: none;}")
        self.setMenu(bound.menu(self, ("help.keys", "help.preferences")))

    def show_keys(self) -> None:
        """Show the list of keys, or hide it again."""
        if self._sheet is None:
            self._sheet = CheatSheet(self)
        self._sheet.setVisible(not self._sheet.isVisible())
        if self._sheet.isVisible():
            self._sheet.activateWindow()

    def show_preferences(self) -> None:
        if not _open_preferences(self._viewer):
            self._say(BY_HAND)


def _open_preferences(viewer: napari.viewer.Viewer) -> bool:
    """Open napari's preferences at our page; whether that was possible."""
    menu: Any = getattr(viewer.window, "file_menu", None)
    action = menu.findAction(ACTION) if hasattr(menu, "findAction") else None
    if action is None:
        return False
    action.trigger()
    for dialog in QApplication.topLevelWidgets():
        if isinstance(dialog, QDialog) and dialog.isVisible():
            for pages in dialog.findChildren(QListWidget, "Preferences"):
                for item in pages.findItems(PAGE, Qt.MatchFlag.MatchExactly):
                    pages.setCurrentItem(item)
                    return True
    return False
