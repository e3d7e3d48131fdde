"""HelpCorner: the small button at the top of the dock, for keys and preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QToolButton

from napari_stentrans.plugin.widgets.cheat_sheet import CheatSheet
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.preferences_page import open_preferences

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari

    from napari_stentrans.plugin.widgets.bound import Bound


class HelpCorner(QToolButton):
    """A button with a menu: the list of keys, and our page of napari's preferences.

    Parameters
    ----------
    viewer
        Whose preferences are opened.
    say
        Says in words what cannot be done.
    bound
        Actions for its menu.
    """

    def __init__(
        self, viewer: napari.viewer.Viewer, say: Callable[[str], None], bound: Bound
    ) -> None:
        super().__init__()
        self._viewer, self._say = viewer, say
        self._sheet: CheatSheet | None = None
        self.setAutoRaise(True)
        self.setIconSize(QSize(18, 18))
        self.setToolTip("Keys, and preferences")
        self.setAccessibleName("keys and preferences")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setStyleSheet("QToolButton::menu-indicator {image: none;}")
        self.setMenu(bound.menu(self, ("help.keys", "help.preferences")))
        self._recolour()

    def show_keys(self) -> None:
        if self._sheet is None:
            self._sheet = CheatSheet(self)
        self._sheet.setVisible(not self._sheet.isVisible())
        if self._sheet.isVisible():
            self._sheet.activateWindow()

    def show_preferences(self) -> None:
        self._say(open_preferences(self._viewer))

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        self.setIcon(icon("keyboard", text_color(self)))
