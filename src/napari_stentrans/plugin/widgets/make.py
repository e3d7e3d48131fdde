"""Small parts of Qt, made, named and laid out in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QBoxLayout, QComboBox, QLayout, QToolButton, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.widgets.panel import name_button

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIP_ROLE = Qt.ItemDataRole.ToolTipRole

L = TypeVar("L", bound=QBoxLayout)


def laid(
    layout: L,
    *parts: QWidget | QLayout | tuple[QWidget | QLayout, int],
    spacing: int = -1,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> L:
    """Put widgets and layouts into a layout; a number beside one is its stretch.

    The spacing is that of the style where it is negative.
    """
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for part in parts:
        what, stretch = part if isinstance(part, tuple) else (part, 0)
        if isinstance(what, QWidget):
            layout.addWidget(what, stretch)
        else:
            layout.addLayout(what, stretch)
    return layout


def tool(
    text: str,
    tip: str,
    name: str,
    clicked: Callable[[], object] | None = None,
    *,
    checkable: bool = False,
    least: tuple[int, int] = (10, 0),
) -> QToolButton:
    """Make a small button with a tooltip, a name for screen readers, and a size at least."""
    made = QToolButton()
    made.setText(text)
    name_button(made, tip)
    made.setAccessibleName(name)
    made.setCheckable(checkable)
    made.setMinimumSize(QSize(*least))
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def menu_at_once(made: QToolButton) -> None:
    """Let a press of a button open its menu, with no arrow that says so."""
    made.setAutoRaise(True)
    made.setStyleSheet("QToolButton::menu-indicator {image: none;}")
    made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)


def choice(
    name: str, tip: str, items: Mapping[Any, str | tuple[str, str]] | None = None, *, least: int = 0
) -> QComboBox:
    """Make a list to choose from, at least so many characters wide; ``items`` as in ``offer``."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(tip)
    made.setMinimumContentsLength(least)
    made.setMinimumWidth(10)  # rather than cut off in a narrow dock
    offer(made, items or {})
    return made


def offer(box: QComboBox, items: Mapping[Any, str | tuple[str, str]], chosen: Any = None) -> None:
    """Let these be chosen: data, each with its words, or words and a tooltip; emits nothing.

    The first is chosen where ``chosen`` is not among them.
    """
    with signals_blocked(box):
        box.clear()
        for at, (data, says) in enumerate(items.items()):
            text, tip = (says, None) if isinstance(says, str) else says
            box.addItem(text, data)
            box.setItemData(at, tip, TIP_ROLE)
        box.setCurrentIndex(max(box.findData(chosen), 0))


def faint(colour: QColor, alpha: int) -> QColor:
    """Make a colour clearer, 0 to 255."""
    made = QColor(colour)
    made.setAlpha(alpha)
    return made


def draw_line(painter: QPainter, room: QRect, text: str, side: str = "left") -> None:
    """Draw a line of text at a side of its room, or in the middle; its own middle is left out."""
    flag = {
        "left": Qt.AlignmentFlag.AlignLeft,
        "middle": Qt.AlignmentFlag.AlignHCenter,
        "right": Qt.AlignmentFlag.AlignRight,
    }[side]
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room.width())
    painter.drawText(room, flag | Qt.AlignmentFlag.AlignVCenter, shown)
