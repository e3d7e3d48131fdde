"""HelpCorner: the small buttons beside the first heading of the dock: keys and preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QWidget

from napari_stentrans.plugin.widgets.cheat_sheet import CheatSheet
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.preferences_page import open_preferences
from napari_stentrans.plugin.widgets.shortcuts import with_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari


class HelpCorner(QWidget):
    """Opens the list of keys, and our page of napari's preferences.

    Parameters
    ----------
    viewer
        Whose preferences are opened.
    say
        Says in words what cannot be done.
    """

    def __init__(self, viewer: napari.viewer.Viewer, say: Callable[[str], None]) -> None:
        super().__init__()
        self._viewer, self._say = viewer, say
        self._sheet: CheatSheet | None = None
        tips = {
            "keyboard": ("keys", with_keys("All keys, in one list", "help.keys"), self.show_keys),
            "gear": (
                "preferences",
                with_keys("Preferences: what the dock begins with", "help.preferences"),
                self.show_preferences,
            ),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.buttons: dict[str, QToolButton] = {}
        for picture, (name, tip, clicked) in tips.items():
            made = self.buttons[picture] = QToolButton()
            made.setAutoRaise(True)
            made.setIconSize(QSize(18, 18))
            made.setToolTip(tip)
            made.setAccessibleName(name)
            made.clicked.connect(clicked)
            row.addWidget(made)
        self._recolour()

    def show_keys(self) -> None:
        """Show the list of keys, or hide it again."""
        if self._sheet is None:
            self._sheet = CheatSheet(self)
        self._sheet.setVisible(not self._sheet.isVisible())
        if self._sheet.isVisible():
            self._sheet.activateWindow()

    def show_preferences(self) -> None:
        """Open napari's preferences at our page."""
        self._say(open_preferences(self._viewer))

    def changeEvent(self, event: Any) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        for picture, made in self.buttons.items():
            made.setIcon(icon(picture, text_color(self)))
