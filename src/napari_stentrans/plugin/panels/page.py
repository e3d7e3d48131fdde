"""Pages of the dock: one at a time, chosen by tabs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QShortcut,
    QTabWidget,
    QToolButton,
    QWidget,
)

from napari_stentrans.plugin.widgets.panel import in_rows, scrolled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans.plugin.jobs.context import Context

TYPED_IN = (QLineEdit, QAbstractSpinBox)

P = TypeVar("P", bound="Page")


class Page(QWidget):
    """A page; subclasses add their panels to ``self.rows``.

    Attributes
    ----------
    title, tip
        What its tab says.
    foot
        What stays in view below the page, in no matter how small a window; None for nothing.
    """

    title: ClassVar[str]
    tip: ClassVar[str]
    foot: QWidget | None = None

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.setAccessibleName(self.title)
        self.rows = in_rows(self, spacing=8)


class Pages(QTabWidget):
    """Tabs with a page each, which scrolls where the window is too low for it.

    Alt and the number of a page bring it to the front; Ctrl+Tab brings the next, while the dock
    has the keyboard. ``feet`` stays in view below the page in front.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        bar: Any = self.tabBar()
        bar.setAccessibleName("pages")
        bar.setExpanding(True)
        for made in bar.findChildren(QToolButton):
            made.setToolTip("More pages")
        self._bar = bar
        self._pages: list[Page] = []
        self._remembered = 0
        self.feet = QWidget()
        self._feet = in_rows(self.feet)
        self.currentChanged.connect(self._show_foot)

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)

    @property
    def front(self) -> Page:
        return self._pages[self.currentIndex()]

    def page(self, kind: type[P]) -> P:
        """The page of a kind, or a LookupError."""
        for page in self._pages:
            if isinstance(page, kind):
                return page
        raise LookupError(f"no page {kind.__name__}: it is not listed in pages.py")

    def add(self, page: Page) -> None:
        self._pages.append(page)
        if page.foot is not None:
            self._feet.addWidget(page.foot)
        at = self.addTab(scrolled(page), page.title)
        keys = f"Alt+{at + 1}"
        self.setTabToolTip(at, f"{page.tip} ({keys})")
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setWhatsThis(page.title)
        shortcut.activated.connect(partial(self._show, at))
        self._show_foot(self.currentIndex())

    def remember(self) -> None:
        """Note which page is in front, as something begins that will have a page."""
        self._remembered = self.currentIndex()

    def come(self, page: Page) -> None:
        """Bring a page to the front, unless the person went to another, or is typing."""
        busy = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        window: Any = self.window()
        focus, front = window.focusWidget(), self.front
        inside = focus and any(part.isAncestorOf(focus) for part in (front, front.foot) if part)
        typing = inside and isinstance(focus, TYPED_IN)
        if busy or typing or self._remembered != self.currentIndex():
            return
        if inside:
            self._bar.setFocus()  # what had the keyboard goes out of sight
        self.setCurrentIndex(self._pages.index(page))

    def show_page(self, page: Page) -> None:
        self.setCurrentIndex(self._pages.index(page))

    def _show(self, at: int) -> None:
        """Bring a page to the front for a person, who goes on there by keys."""
        self.setCurrentIndex(at)
        self._bar.setFocus()

    def _show_foot(self, at: int) -> None:
        for i, page in enumerate(self._pages):
            if page.foot is not None:
                page.foot.setVisible(i == at)
