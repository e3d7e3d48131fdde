"""Bound: the table of actions, as actions of Qt in the window of a dock."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QShortcut

from napari_stentrans.plugin.actions import ACTIONS, tip_of
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import button

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qtpy.QtWidgets import QPushButton, QWidget


class Bound(QObject):
    """An action of Qt for each of the table that says what it does: for keys, menus and buttons.

    The keys work in the window of ``dock``, with which the actions are done.
    """

    def __init__(self, dock: QWidget) -> None:
        super().__init__(dock)
        self._dock, self._ready = dock, False
        self._actions: dict[str, QAction] = {}
        for name, action in ACTIONS.items():
            if action.do is not None:
                made = self._actions[name] = QAction(action.text or action.words, dock)
                made.setShortcut(QKeySequence(action.keys))
                made.setToolTip(tip_of(name))
                made.triggered.connect(partial(self._do, name))
                dock.addAction(made)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def allow(self) -> None:
        """Let be done what can be done now; else the tooltips say why not."""
        if not self._ready:
            return
        for name, made in self._actions.items():
            action = ACTIONS[name]
            on = not action.why or action.when(self._dock)  # others are asked when it comes to it
            made.setEnabled(on)
            made.setToolTip(tip_of(name, "" if on else action.why))

    def begin(self) -> None:
        """Go to work, once all parts of the dock are there."""
        self._ready = True
        self.allow()

    def menu_button(self, text: str, tip: str, names: Iterable[str]) -> QPushButton:
        made = button(text, tip)
        made.setMenu(self.menu(made, names))
        return made

    def menu(self, parent: QWidget, names: Iterable[str]) -> Menu:
        """Make a menu of actions, which says of each whether it can be done now, and why not."""
        menu = Menu(parent)
        menu.addActions([self[name] for name in names])
        menu.aboutToShow.connect(self.allow)
        return menu

    def _do(self, name: str, checked: bool = False) -> None:
        action = ACTIONS[name]
        if self._ready and action.do is not None and action.when(self._dock):
            action.do(self._dock)


def bind(parent: QWidget, actions: Mapping[str, Callable[[], Any]]) -> None:
    """Let the keys of actions that a part does itself work in the window of a widget."""
    for name, do in actions.items():
        shortcut = QShortcut(QKeySequence(ACTIONS[name].keys), parent)
        shortcut.setWhatsThis(ACTIONS[name].words)
        shortcut.activated.connect(do)
