"""The wheel scrolls the dock: it changes no value on its way."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QSlider,
    QWidget,
)

VALUES = (QAbstractSpinBox, QComboBox, QSlider)


class WheelGuard(QObject):
    """Hands the wheel on to what scrolls them: always over values, over lists without the focus.

    Parameters
    ----------
    inside
        What scrolls; widgets that come into it later are guarded from when it is next entered.
    lists
        Whether lists are guarded too; else they scroll without the focus, as where nothing around
        them does.
    """

    def __init__(self, inside: QWidget, *, lists: bool = True) -> None:
        super().__init__(inside)
        self._inside, self._lists = inside, lists
        inside.installEventFilter(self)
        self._guard()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ignore the wheel, so that Qt gives it to the widget around."""
        if watched is self._inside:
            if event.type() in (QEvent.Type.Enter, QEvent.Type.LayoutRequest):
                self._guard()
        elif event.type() == QEvent.Type.Wheel and not _scrolls(watched):
            event.ignore()
            return True
        return False

    def _guard(self) -> None:
        for kind in VALUES:
            for widget in self._inside.findChildren(kind):
                widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                widget.installEventFilter(self)  # Qt keeps it once
        for view in self._inside.findChildren(QAbstractItemView) if self._lists else ():
            if isinstance(view, QHeaderView):
                continue  # the keyboard belongs to its table
            if view.window() is self._inside.window():  # not the list that a combo box opens
                view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                viewport: Any = view.viewport()
                viewport.installEventFilter(self)


def _scrolls(watched: Any) -> bool:
    """Whether a widget is a list that was chosen to be scrolled."""
    view = watched.parentWidget()
    return not isinstance(watched, VALUES) and view.window().focusWidget() is view
