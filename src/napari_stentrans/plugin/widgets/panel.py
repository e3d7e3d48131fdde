"""Small widgets that the parts of the window share, and how they are laid out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QPoint, QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_stentrans.plugin.widgets import icons
from napari_stentrans.plugin.widgets.wheel import WheelGuard

if TYPE_CHECKING:
    from collections.abc import Callable

W = TypeVar("W", bound=QWidget)


def scrolled(*panels: QWidget) -> QScrollArea:
    """Stack panels in a column that scrolls up and down, never sideways."""
    inside = QWidget()
    in_rows(inside, *panels, margins=(8, 6, 8, 8), spacing=8).addStretch(1)
    WheelGuard(inside)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def reveal(widget: QWidget) -> None:
    """Bring the page of a widget to the front, and scroll to it once it has its place."""
    area = _above(widget, QScrollArea)
    if area is not None:
        tabs = _above(area, QTabWidget)
        if tabs is not None:
            tabs.setCurrentWidget(area)
        QTimer.singleShot(0, partial(_scroll_to, area, widget))


def _above(widget: QWidget, kind: type[W]) -> W | None:
    """Widget of a kind that another one is in."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, kind):
        above = above.parentWidget()
    return above


def _scroll_to(area: QScrollArea, widget: QWidget) -> None:
    """Bring the top of a widget to the top, unless all of it is seen."""
    if not isalive(widget):
        return  # the window was closed meanwhile
    view: Any = area.viewport()
    bar: Any = area.verticalScrollBar()
    top = widget.mapTo(area.widget(), QPoint(0, 0)).y()
    if top < bar.value() or top + widget.height() > bar.value() + view.height():
        bar.setValue(top)


class Tool(QToolButton):
    """A small button with words, or an icon that keeps the colour of words in the theme.

    ``icon`` is the name of one of ``icons``; a ``flat`` one looks like a button below the mouse.
    """

    _icon = ""

    def __init__(
        self,
        name: str,
        tip: str,
        clicked: Callable[[], object] | None = None,
        *,
        icon: str = "",
        text: str = "",
        flat: bool = False,
    ) -> None:
        super().__init__()
        self.tip = tip
        called(self, name, tip)
        self.setText(text)
        self.setAutoRaise(flat)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())
        if icon:
            self._icon = icon
            self.setIconSize(QSize(18, 18))
            self._recolour()

    def show_icon(self, icon: str) -> None:
        """Show another icon."""
        if icon != self._icon:
            self._icon = icon
            self._recolour()

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        if self._icon:
            self.setIcon(icons.icon(self._icon, icons.text_color(self)))


class OneLine(QElidingLabel):
    """Words in one line: it never widens the dock; what does not fit is told by the tooltip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setEllipsesWidth(8)  # napari's style leaves a margin

    def setText(self, text: str | None) -> None:
        super().setText(text or "")
        self.setToolTip(text)


def in_row(*parts: QWidget, box: QWidget | None = None, spacing: int = 6) -> QHBoxLayout:
    """Lay widgets out in a row, or in that of a ``box``; small buttons take what they need."""
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(spacing)
    for part in parts:
        row.addWidget(part, int(not isinstance(part, QToolButton)))
    return row


def row_of(*parts: QWidget, label: str = "") -> QWidget:
    """Make a widget with others in a row, behind a label where one is given."""
    made = QWidget()
    row = in_row(*parts, box=made)
    if label:
        row.insertWidget(0, QLabel(label))
    return made


def in_rows(
    box: QWidget,
    *parts: QWidget | QLayout,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
    spacing: int = 5,
) -> QVBoxLayout:
    """Lay widgets and rows out below each other in a box; margins are left, top, right, bottom."""
    rows = QVBoxLayout(box)
    rows.setContentsMargins(*margins)
    rows.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QLayout):
            rows.addLayout(part)
        else:
            rows.addWidget(part)
    return rows


def column(*parts: QWidget) -> QWidget:
    """Make a widget with others below each other, for the foot of the dock."""
    made = QWidget()
    in_rows(made, parting(), *parts, margins=(8, 0, 8, 6), spacing=4)
    return made


def called(made: W, name: str, tip: str = "") -> W:
    """Name a widget for screen readers, and give it a tooltip."""
    made.setAccessibleName(name)
    made.setToolTip(tip)
    return made


def button(text: str, tip: str, clicked: Callable[[], object] | None = None) -> QPushButton:
    """Make a push button with a tooltip that also names it for screen readers."""
    made = QPushButton(text)
    name_button(made, tip)
    if clicked is not None:
        made.clicked.connect(lambda: clicked())
    return made


def name_button(made: QAbstractButton, tip: str) -> None:
    """Give a button a tooltip that also names it for screen readers."""
    made.setToolTip(tip)
    made.setAccessibleName(made.text().rstrip("…").lower())
    made.setAccessibleDescription(tip)
    made.setMinimumWidth(10)


def keep_room(made: QAbstractButton, text: str) -> None:
    """Keep the room for another text of a button, so that nothing moves when it is shown."""
    shown = made.text()
    made.setText(text)
    made.setMinimumSize(made.sizeHint())  # a sign of another font may be higher
    made.setText(shown)


def allow(made: QWidget, on: bool, tip: str, why: str) -> None:
    """Let a button be pressed; where it cannot, its tooltip says why."""
    made.setEnabled(on)
    made.setToolTip(tip if on else f"{tip}.\n{why}")


def words(name: str) -> QLabel:
    """Make a label for sentences: it wraps, never widens the dock, and can be copied from."""
    label = QLabel()
    label.setAccessibleName(name)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def parting() -> QFrame:
    """Make a thin line between what is above and what is below it."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setStyleSheet("background-color: rgba(128, 128, 128, 90);")
    return line
