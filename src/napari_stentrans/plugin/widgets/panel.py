"""Panel: one titled part of the dock, and the small widgets that the parts share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_stentrans.plugin.widgets.wheel import WheelGuard

if TYPE_CHECKING:
    from collections.abc import Callable


class Panel(QFrame):
    """A heading with widgets below it; subclasses add theirs to ``self.rows``.

    Widgets beside the heading are added to ``self.head``.

    Parameters
    ----------
    title
        The heading.
    line
        Whether a line parts the panel from the one above.
    """

    def __init__(self, title: str, *, line: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(title)
        heading = QLabel(title)
        heading.setStyleSheet("font-weight: bold;")
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(5)
        if line:
            self.rows.addWidget(parting())
        self.head = QHBoxLayout()
        self.head.setSpacing(2)
        self.head.addWidget(heading, 1)
        self.rows.addLayout(self.head)


def scrolled(*panels: QWidget) -> QScrollArea:
    """Stack panels in a column that scrolls up and down, never sideways."""
    inside = QWidget()
    rows = QVBoxLayout(inside)
    rows.setContentsMargins(8, 6, 8, 8)
    rows.setSpacing(8)
    for panel in panels:
        rows.addWidget(panel)
    rows.addStretch(1)
    WheelGuard(inside)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def reveal(widget: QWidget) -> None:
    """Bring the page of a widget to the front, and scroll to it once it has its place."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    if above is None:
        return
    tabs = above.parentWidget()
    while tabs is not None and not isinstance(tabs, QTabWidget):
        tabs = tabs.parentWidget()
    if tabs is not None:
        tabs.setCurrentWidget(above)
    QTimer.singleShot(0, partial(_scroll_to, above, widget))


def _scroll_to(area: QScrollArea, widget: QWidget) -> None:
    """Bring the top of a widget to the top, unless all of it is seen."""
    if not isalive(widget):
        return  # the window was closed meanwhile
    view: Any = area.viewport()
    bar: Any = area.verticalScrollBar()
    top = widget.mapTo(area.widget(), QPoint(0, 0)).y()
    if top < bar.value() or top + widget.height() > bar.value() + view.height():
        bar.setValue(top)


class OneLine(QElidingLabel):
    """Words in one line: it never widens the dock; what does not fit is told by the tooltip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setEllipsesWidth(8)  # napari's style leaves a margin

    def setText(self, text: str | None) -> None:
        """Show words."""
        super().setText(text or "")
        self.setToolTip(text)


def in_row(*parts: QWidget) -> QHBoxLayout:
    """Lay widgets out in a row; small buttons take no more than they need."""
    row = QHBoxLayout()
    row.setSpacing(6)
    for at, part in enumerate(parts):
        row.addWidget(part, int(at == 0 or not isinstance(part, QToolButton)))
    return row


def row_of(*parts: QWidget) -> QWidget:
    """Make a widget with others in a row."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for at, part in enumerate(parts):
        row.addWidget(part, int(at == 0 or not isinstance(part, QToolButton)))
    return made


def labelled(row: QWidget, text: str) -> None:
    """Put a label before what is in a row."""
    layout: Any = row.layout()
    layout.insertWidget(0, QLabel(text))


def column(*parts: QWidget) -> QWidget:
    """Make a widget with others below each other, for the foot of the dock."""
    made = QWidget()
    rows = QVBoxLayout(made)
    rows.setContentsMargins(8, 0, 8, 6)
    rows.setSpacing(4)
    for part in (parting(), *parts):
        rows.addWidget(part)
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
