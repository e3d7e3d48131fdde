"""GeneList: genes below each other with a star and a number each; the current one is drawn.

GenePopup is what it opens in below the search, with the choice of the list that it shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, QRect, QSize, QStringListModel, Qt, Signal
from qtpy.QtGui import QColor, QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.gene_lists import LISTS
from napari_stentrans.plugin.panels.genes.gene_search import clipboard
from napari_stentrans.plugin.widgets.dialogs import ask_gene_list
from napari_stentrans.plugin.widgets.drop_down import DropDown
from napari_stentrans.plugin.widgets.make import TIP_ROLE, choice, draw_line, faint, laid
from napari_stentrans.plugin.widgets.panel import button, in_row, row_of, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_stentrans.plugin.models.gene_lists import ListName, Notes

ROWS_SHOWN = 12  # of the list, and of what is said below it
STAR_WIDTH = 22
STAR_COLOUR = QColor("#e69f00")
NOTE = Qt.ItemDataRole.UserRole
STARRED = NOTE + 1


class GeneListModel(QStringListModel):
    """Names with a note each.

    Qt keeps the names, since it counts its rows once per row; the rest is made when it is seen.

    Parameters
    ----------
    is_favourite
        Whether a gene has a star.
    label
        What to show for a name.
    """

    def __init__(self, is_favourite: Callable[[str], bool], label: Callable[[str], str]) -> None:
        super().__init__()
        self._is_favourite, self._label = is_favourite, label
        self._names: Sequence[str] = ()
        self._notes: Notes | None = None
        self._rows: dict[str, int] | None = None

    def set_genes(self, names: Sequence[str], notes: Notes | None = None) -> None:
        """Show these names, with a note beside each where given."""
        self._names, self._notes, self._rows = names, notes, None
        self.setStringList(list(names))

    def name(self, row: int) -> str:
        return self._names[row]

    def row(self, name: str) -> int:
        if self._rows is None:
            self._rows = dict(zip(self._names, range(len(self._names)), strict=True))
        return self._rows.get(name, -1)

    def restar(self, name: str) -> None:
        row = self.row(name)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name = self._names[index.row()]
        label = self._label(name)
        if role == Qt.ItemDataRole.DisplayRole:
            return label
        if role == Qt.ItemDataRole.ToolTipRole:
            return label if label == name else f"{label}, {name}"
        if role == STARRED:
            return self._is_favourite(name)
        if role not in (NOTE, Qt.ItemDataRole.AccessibleTextRole):
            return None
        note = "" if self._notes is None else self._notes[index.row()]
        note = note if isinstance(note, str) else f"{note:.2f}"
        if role == NOTE:
            return note
        return ", ".join(filter(None, (label, note, "favourite" * self._is_favourite(name))))


class GeneRow(QStyledItemDelegate):
    """Draws a star on the left, the name, and the note on the right."""

    def sizeHint(self, option: Any, index: QModelIndex) -> QSize:
        return QSize(10, option.fontMetrics.height() + 6)

    def paint(self, painter: Any, option: Any, index: QModelIndex) -> None:
        rect: QRect = option.rect
        text = option.palette.color(option.palette.ColorRole.Text)
        starred, note = index.data(STARRED), index.data(NOTE)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(90, 125, 235, 150))
        painter.setPen(STAR_COLOUR if starred else faint(text, 110))
        star = QRect(rect.left(), rect.top(), STAR_WIDTH, rect.height())
        painter.drawText(star, Qt.AlignmentFlag.AlignCenter, "★" if starred else "☆")
        taken = option.fontMetrics.horizontalAdvance(note) + 8 if note else 4
        painter.setPen(text)
        draw_line(painter, rect.adjusted(STAR_WIDTH + 2, 0, -taken, 0), index.data())
        painter.setPen(faint(text, 170))
        draw_line(painter, rect.adjusted(0, 0, -4, 0), note, "right")
        painter.restore()


class GeneList(QListView):
    """A list of genes. Arrow keys or a click move to a gene, and it is drawn at once."""

    moved = Signal(str)  # name of the gene that a person has moved to
    taken = Signal(str)  # name of the gene that was confirmed with Enter or a click
    starred = Signal(str)  # the star of this gene was clicked
    typed = Signal(str)  # letters that belong in the search
    textGiven = Signal(str)  # text that lists genes was pasted or dropped
    fileGiven = Signal(object)  # path of a file that lists genes

    def __init__(self, is_favourite: Callable[[str], bool], label: Callable[[str], str]) -> None:
        super().__init__()
        self.genes = GeneListModel(is_favourite, label)
        self._follows = True
        self.setModel(self.genes)
        self.setAutoScroll(False)  # a person scrolls, or walks with the keys
        self.setItemDelegate(GeneRow(self))
        self.setAccessibleName("genes")
        self.setToolTip(
            "Up and Down move, and the maps follow at once. Click a star to keep a gene.\n"
            "Drop a list of genes here (CSV or TXT), or paste one."
        )
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setStyleSheet("QListView {border: 1px solid rgba(128, 128, 128, 120);}")
        self.setMinimumHeight(self.height_of(2))
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)

    def height_of(self, rows: int) -> int:
        return rows * (self.fontMetrics().height() + 6) + 4

    def set_genes(
        self, names: Sequence[str], notes: Notes | None, current: str, *, follows: bool
    ) -> None:
        """Show these genes, and the current one as such; emits nothing.

        The list scrolls to the genes that are marked, or stays at its top where ``follows`` is not.
        """
        self._follows = follows
        with signals_blocked(self):
            self.genes.set_genes(names, notes)
        self.scrollToTop()
        self.mark(current)

    def names(self) -> list[str]:
        return [self.genes.name(row) for row in range(self.genes.rowCount())]

    def current(self) -> str:
        """Name of the row that is marked; empty where there is none."""
        index = self.currentIndex()
        return self.genes.name(index.row()) if index.isValid() else ""

    def mark(self, name: str) -> None:
        """Mark the row of a gene, or none where it is not listed; emits nothing."""
        if name == self.current():
            return
        row = self.genes.row(name)
        index = self.genes.index(row) if row >= 0 else QModelIndex()
        with signals_blocked(self):
            self.setCurrentIndex(index)
        if row < 0:
            self.clearSelection()
        elif self._follows:
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def step(self, by: int) -> None:
        if not self.genes.rowCount():
            return
        index = self.currentIndex()
        row = index.row() + by if index.isValid() else 0
        self.setCurrentIndex(self.genes.index(min(max(row, 0), self.genes.rowCount() - 1)))

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        super().currentChanged(current, previous)
        if current.isValid() and not self.signalsBlocked():
            self.scrollTo(current)
            self.moved.emit(self.genes.name(current.row()))

    def mousePressEvent(self, event: Any) -> None:
        at = event.position().toPoint()
        index = self.indexAt(at)
        if index.isValid() and at.x() < STAR_WIDTH:
            self.starred.emit(self.genes.name(index.row()))
            return
        super().mousePressEvent(event)
        if index.isValid():
            self.taken.emit(self.genes.name(index.row()))

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._follows:
            self.scrollTo(self.currentIndex())

    def keyPressEvent(self, event: Any) -> None:
        """Send letters to the search, and a pasted list to whoever reads it."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.current():
                self.taken.emit(self.current())
        elif event.text().isprintable() and event.text().strip():
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def paste(self) -> None:
        """Take a list of genes from the clipboard."""
        self.textGiven.emit(clipboard())

    def dragEnterEvent(self, event: Any) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasText():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        data = event.mimeData()
        event.acceptProposedAction()
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if paths:
            self.fileGiven.emit(paths[0])
        elif data.hasText():
            self.textGiven.emit(data.text())


class GenePopup(DropDown):
    """Shows one list of genes; what it holds is said by whoever fills it.

    Parameters
    ----------
    owners
        Where the keyboard may be while it is open; it opens below the first.
    is_favourite
        Whether a gene has a star.
    label
        What to show for a name.

    Attributes
    ----------
    own
        Buttons to give a list of one's own.
    """

    def __init__(
        self, *owners: QWidget, is_favourite: Callable[[str], bool], label: Callable[[str], str]
    ) -> None:
        super().__init__("lists of genes", *owners, width=320)
        tip = "Which genes are listed below"
        self.lists = choice("list of genes to show", tip, LISTS)
        self.list = GeneList(is_favourite, label)
        self.words = words("about the list of genes")
        self.paste = button("Paste", "Take a list of genes from the clipboard", self.list.paste)
        self.open_list = button(
            "Open list…", "Read a list of genes from a CSV or TXT file", self._open
        )
        self.own = row_of(self.paste, self.open_list)
        self.many = button("Many genes at once", "")
        listing = QWidget()  # gives room, so that nothing else moves
        laid(QVBoxLayout(listing), (self.list, 1), self.words, self.own, spacing=5)
        listing.setFixedHeight(self.list.height_of(ROWS_SHOWN))
        self.rows.addLayout(in_row(self.lists))
        self.rows.addWidget(listing)
        self.rows.addWidget(self.many)
        self.guard()

    def which(self) -> ListName:
        return self.lists.currentData()

    def choose(self, which: ListName | str) -> None:
        """Show another list.

        Raises
        ------
        KeyError
            When there is no such list.
        """
        at = self.lists.findData(which)
        if at < 0:
            there = (self.lists.itemData(i) for i in range(self.lists.count()))
            raise KeyError(f"no list {which!r}: there are {', '.join(there)}")
        self.lists.setCurrentIndex(at)

    def offer_changed(self, on: bool) -> None:
        """List what the run changed only where there is a run."""
        at = self.lists.findData("changed")
        if on and at < 0:
            at, (title, tip) = list(LISTS).index("changed"), LISTS["changed"]
            self.lists.insertItem(at, title, "changed")
            self.lists.setItemData(at, tip, TIP_ROLE)
        elif not on and at >= 0:
            self.lists.removeItem(at)  # the one before it is shown, where this one was

    def say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def _open(self) -> None:
        path = ask_gene_list(self)
        if path is not None:
            self.list.fileGiven.emit(path)
