"""Hands: what a person does in the window, by mouse and keys, with what they can see there."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QScrollArea,
    QWidget,
)

from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.panels.repair.run_button import RunButton

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari
    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.plugin.dock import StentransDock

T = TypeVar("T", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
PATIENCE = 300
"""Seconds to wait for anything."""
OPENS = 400
"""Milliseconds until a menu or a dialog has opened."""
SQUARE = 10
"""Where the square of a tick is pressed, pixels from the left."""


class NotThere(LookupError):
    """The window does not show, or do, what was expected of it."""


class Hands:
    """Mouse and keys over the window of a viewer and the dock in it.

    Widgets are found by what is written on them, or by the name that a screen reader says.
    """

    def __init__(self, viewer: napari.Viewer, dock: StentransDock) -> None:
        self.viewer, self.dock = viewer, dock

    @property
    def canvas(self) -> QWidget:
        widget: QWidget = self.viewer.window._qt_viewer.canvas.native
        return widget

    @property
    def window(self) -> QWidget:
        widget: QWidget = self.viewer.window._qt_window
        return widget

    # ---- eyes

    def seen(self, name: str, kind: type[QWidget] = QWidget) -> QWidget | None:
        """A widget of the dock or the bar, by its text or its name; None where there is none."""
        return next((x for x in self._all(kind) if x.isVisible() and name in names_of(x)), None)

    def find(self, name: str, kind: type[QWidget] = QWidget) -> Any:
        """The same, which must be there."""
        widget = self.seen(name, kind)
        if widget is None:
            raise NotThere(f"the window shows no {name!r}")
        return widget

    def says(self, words: str) -> bool:
        """Whether a text of the dock has these words."""
        labels = self._all(QLabel)
        return any(label.isVisible() and words in label.text() for label in labels)

    def sentence(self, words: str) -> str:
        """The text of the dock that has these words."""
        labels = self._all(QLabel)
        return next(x.text() for x in labels if x.isVisible() and words in x.text())

    def _all(self, kind: type[T]) -> list[T]:
        """All widgets of a kind of the dock, the bar, and what opens below or lies over it."""
        dock = self.dock
        over = (dock.genes.popup, dock.genes.look_button.box, dock.bar.key, dock.bar.many)
        places = (dock, dock.bar, *over, dock.wide)
        return [widget for place in places for widget in place.findChildren(kind)]

    def can(self, name: str) -> bool:
        """Whether a button is there and can be pressed, maybe after its page is turned to."""
        widget = self.seen(name, QAbstractButton) or self._aside(name)
        return widget is not None and widget.isEnabled()

    def reach(self, name: str) -> None:
        """Turn to the page that a widget is on, or open the lists of genes, where it is there."""
        if self.seen(name) is not None:
            return
        at = self._page_of(name)
        if at is not None:
            self.turn_to(self.dock.pages.tabText(at))
        elif any(name in names_of(x) for x in self.dock.genes.popup.findChildren(QWidget)):
            self.press("lists of genes")

    def turn_to(self, title: str) -> None:
        """Press the tab of a page."""
        tabs = self.dock.pages.tabBar()
        at = next(at for at in range(tabs.count()) if tabs.tabText(at) == title)
        QTest.mouseClick(tabs, LEFT, pos=tabs.tabRect(at).center())
        self.settle(0.1)

    def _aside(self, name: str) -> QWidget | None:
        """A widget that would be seen if its page were in front."""
        for page in self.dock.pages:
            parts: list[QWidget] = [page] if page.foot is None else [page, page.foot]
            for part in parts:
                for widget in part.findChildren(QWidget):
                    if name in names_of(widget) and widget.isVisibleTo(part):
                        return widget
        return None

    def _page_of(self, name: str) -> int | None:
        widget = self._aside(name)
        if widget is None:
            return None
        for at, page in enumerate(self.dock.pages):
            foot = page.foot
            if page.isAncestorOf(widget) or (foot is not None and foot.isAncestorOf(widget)):
                return at
        return None

    def look_at(self, name: str) -> QWidget:
        """Scroll the dock so that a part of it stands at the top."""
        self.reach(name)
        part: QWidget = self.find(name)
        self.settle(0.1)
        areas = [a for a in self.dock.findChildren(QScrollArea) if a.isAncestorOf(part)]
        if not areas:
            return part  # it is always in view
        area = areas[0]
        area.verticalScrollBar().setValue(part.mapTo(area.widget(), QPoint()).y() - 4)
        self.settle(0.1)
        return part

    # ---- waiting

    def settle(self, seconds: float = 0.4) -> None:
        """Let the window draw."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def wait(self, until: Callable[[], object], what: str) -> None:
        """Let the window live until something has happened."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > deadline:
                raise NotThere(f"gave up waiting until {what}")
            self.settle(0.02)

    def wait_a_while(self, until: Callable[[], object], seconds: float = 45) -> None:
        """Wait until something looks good, but no longer than this."""
        deadline = time.monotonic() + seconds
        while not until() and time.monotonic() < deadline:
            self.settle(0.2)

    def read(self, words: str) -> None:
        """Wait until the dock says something."""
        self.wait(partial(self.says, words), f"the dock says {words!r}")

    # ---- the dock

    def press(self, name: str, then: Callable[[], object] | None = None) -> None:
        """Press a button once it can be pressed; do something while what it opens is open."""
        self.wait(partial(self.can, name), f"{name!r} can be pressed")
        self.reach(name)
        button = self.find(name, QAbstractButton)
        self._into_view(button)
        middle = button.rect().center()
        at = QPoint(SQUARE, middle.y()) if isinstance(button, QCheckBox) else middle
        done: list[object] = []
        if then is not None:
            QTimer.singleShot(OPENS, lambda: done.append(then()))
        QTest.mouseClick(button, LEFT, pos=at)  # comes back at once, or when a dialog is closed
        self.wait(lambda: done or then is None, f"{name!r} has been answered")
        self.settle(0.1)

    def take(self, name: str, *items: str, look: Callable[[], object] | None = None) -> None:
        """Open the menu of a button, and menus in it, and press the last of some lines."""

        def choose() -> None:
            for item in items:
                menu: Any = QApplication.activePopupWidget()
                line = next(line for line in menu.actions() if line.text().startswith(item))
                if item == items[-1] and look is not None:
                    look()
                QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(line).center())
                if line.menu() is not None:
                    self.wait(line.menu().isVisible, f"{item!r} has opened")

        self.press(name, choose)

    def peep(self, name: str, look: Callable[[], object]) -> None:
        """Open the menu or the dialog of a button, look at it, and leave it with Esc."""

        def leave() -> None:
            opened = QApplication.activePopupWidget() or QApplication.activeModalWidget()
            self.settle(0.3)
            look()
            QTest.keyClick(opened, Qt.Key.Key_Escape)

        self.press(name, leave)

    def choose(self, name: str, item: str) -> None:
        """Move to a line of a list that drops down, by keys."""
        self.reach(name)
        box: QComboBox = self.find(name, QComboBox)
        self._into_view(box)
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.findText(item)):
            QTest.keyClick(box, Qt.Key.Key_Down)
        if box.currentText() != item:
            raise NotThere(f"{name} offers no {item!r}")
        self.settle(0.1)

    def type(self, name: str, text: str, *, enter: bool = True) -> None:
        """Type into a line in place of what is there."""
        self.reach(name)
        line = self.find(name)
        self._into_view(line)
        line.setFocus()
        QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(line, text)
        if enter:
            QTest.keyClick(line, Qt.Key.Key_Return)
        self.settle(0.1)

    def slide(self, name: str, by: int) -> None:
        """Move a slider by so many presses of an arrow key."""
        slider = self.find(name)
        key = Qt.Key.Key_Right if by > 0 else Qt.Key.Key_Left
        for _ in range(abs(by)):
            QTest.keyClick(slider, key)
        self.settle(0.1)

    def _into_view(self, widget: QWidget) -> None:
        for area in self.dock.findChildren(QScrollArea):
            if area.isAncestorOf(widget):
                area.ensureWidgetVisible(widget)
                self.settle(0.05)

    # ---- the canvas

    def key(self, keys: str) -> None:
        """Press keys on the canvas."""
        self.window.activateWindow()
        self.canvas.setFocus()
        self.settle(0.1)
        QTest.keySequence(self.canvas, QKeySequence(keys))
        self.settle(0.1)

    def hover(self, world_yx: ArrayLike) -> None:
        """Move the mouse to a world position (y, x)."""
        (at,) = self._on_canvas([world_yx])
        for step in (-3, 0):
            QTest.mouseMove(self.canvas, at + QPoint(step, 0))
            self.settle(0.2)

    def click(self, world_yx: ArrayLike) -> None:
        """Click at a world position (y, x)."""
        self.hover(world_yx)
        QTest.mouseClick(self.canvas, LEFT, pos=self._on_canvas([world_yx])[0])
        self.settle(0.1)

    def drag(self, world_yx: ArrayLike) -> None:
        """Drag the mouse along world positions (point, 2)."""
        points = self._on_canvas(world_yx)
        QTest.mouseMove(self.canvas, points[0])
        self.settle(0.05)
        QTest.mousePress(self.canvas, LEFT, pos=points[0])
        for point in points[1:]:
            self.settle(0.03)
            QTest.mouseMove(self.canvas, point)
        self.settle(0.05)
        QTest.mouseRelease(self.canvas, LEFT, pos=points[-1])
        self.settle(0.3)

    def _on_canvas(self, world_yx: ArrayLike) -> list[QPoint]:
        camera: Any = getattr(self.viewer, "scene", self.viewer).camera  # napari before 0.9
        middle = np.array([self.canvas.height(), self.canvas.width()]) / 2
        at: NDArray[np.floating] = np.asarray(world_yx, float) - camera.center[-2:]
        return [QPoint(int(x), int(y)) for y, x in at * camera.zoom + middle]


def names_of(widget: QWidget) -> set[str]:
    """What a widget goes by: its text, its name for screen readers, or what it is."""
    said = widget.text().replace("&&", "&") if isinstance(widget, QAbstractButton) else ""
    names = {said.removesuffix(f" {MARK}"), widget.accessibleName()}  # of work that is not saved
    return names | ({"Run"} if isinstance(widget, RunButton) else set())  # it says what it will do
