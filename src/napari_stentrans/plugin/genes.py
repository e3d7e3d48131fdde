"""Gene search: a line to type into, and the best matches below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, Qt, Signal
from qtpy.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from qtpy.QtGui import QKeyEvent

BEST = 50
ROWS_SHOWN = 8


class GeneIndex:
    """Finds genes by a part of their name or id, in one scan of one joined string.

    Parameters
    ----------
    names
        (gene,) names.
    ids
        (gene,) ids, for example of Ensembl; None where there are none.
    """

    def __init__(self, names: Sequence[str], ids: Sequence[str] | None = None) -> None:
        folded = [str(name).lower() for name in names]
        order = sorted(range(len(folded)), key=folded.__getitem__)
        self.names = [str(names[i]) for i in order]
        self.ids = None if ids is None else [str(ids[i]) for i in order]
        lines = [folded[i] for i in order]
        if self.ids is not None:
            lines = [f"{a}\t{b.lower()}" for a, b in zip(lines, self.ids, strict=True)]
        # Every name follows a line break and every id a tab, so prefixes are plain strings too.
        self._text = "\n" + "\n".join(lines) + "\n"
        self._starts = np.cumsum([1, *(len(line) + 1 for line in lines)])

    def __len__(self) -> int:
        return len(self.names)

    def search(self, query: str, best: int = BEST) -> list[int]:
        """Positions in ``names`` of the best matches, in alphabetical order within each rank.

        Names that begin with the query come first, then ids that do, then any that contain it.
        """
        query = query.strip().lower()
        if "\n" in query or "\t" in query:
            return []
        if not query:
            return list(range(min(best, len(self))))
        hits: dict[int, None] = {}
        for pattern in ("\n" + query, "\t" + query, query):
            self._scan(pattern, best, hits)
        return list(hits)

    def _scan(self, pattern: str, best: int, hits: dict[int, None]) -> None:
        """Add genes whose line has the pattern, each once, until there are enough."""
        at = self._text.find(pattern)
        while at >= 0 and len(hits) < best:
            inside = at + (pattern[0] in "\n\t")
            gene = int(np.searchsorted(self._starts, inside, side="right")) - 1
            hits.setdefault(gene)
            at = self._text.find(pattern, int(self._starts[gene + 1]) - 1)


class GeneSearch(QWidget):
    """A line edit over a GeneIndex; arrow keys and Enter or a click choose a gene."""

    chosen = Signal(str)
    """Name of the gene that was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index = GeneIndex([])
        self._gene = ""
        self.edit = QLineEdit()
        self.edit.setAccessibleName("gene search")
        self.edit.setClearButtonEnabled(True)
        self.edit.setToolTip(
            "Type a part of a gene's name or id. Up and Down move, Enter chooses, Esc clears.\n"
            "The maps before and after change together."
        )
        self.edit.textEdited.connect(self._search)
        self.edit.installEventFilter(self)
        self.hits = QListWidget(self)
        self.hits.setAccessibleName("matching genes")
        self.hits.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hits.setUniformItemSizes(True)
        self.hits.setStyleSheet(
            "QListWidget {border: 1px solid rgba(128, 128, 128, 160);}"
            "QListWidget::item {padding: 2px 4px;}"
            "QListWidget::item:selected {background-color: rgba(90, 125, 235, 150);}"
        )
        self.hits.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hits.itemClicked.connect(self._choose)
        self.hits.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.edit)
        self.setFocusProxy(self.edit)

    def set_genes(self, names: Sequence[str], ids: ArrayLike | None = None) -> None:
        """Search among these genes from now on."""
        known = None if ids is None else [str(i) for i in np.asarray(ids)]
        self._index = GeneIndex(list(names), known)
        self.edit.setPlaceholderText(f"Search {len(self._index):,} genes")
        self.hits.hide()

    def set_gene(self, name: str) -> None:
        """Say which gene is shown; emits nothing."""
        self._gene = name
        self.edit.setText(name)
        self.hits.hide()

    def gene(self) -> str:
        """Name of the gene that is shown."""
        return self._gene

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Let the arrow keys, Enter and Esc of the line work on the list."""
        if watched is self.edit and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        if watched is self.edit and event.type() == QEvent.Type.FocusOut:
            self._leave()
        return bool(super().eventFilter(watched, event))

    def _key(self, event: QKeyEvent) -> bool:
        """Handle a key; True when it was meant for the list."""
        key, row = event.key(), self.hits.currentRow()
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            if self.hits.isHidden():
                self._search("" if self.edit.text() == self._gene else self.edit.text())
            else:
                step = 1 if key == Qt.Key.Key_Down else -1
                self.hits.setCurrentRow(min(max(row + step, 0), self.hits.count() - 1))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not self.hits.isHidden():
                self._choose(self.hits.currentItem())
            return True
        if key == Qt.Key.Key_Escape:
            self.edit.clear()
            self.hits.hide()
            return True
        return False

    def _search(self, query: str) -> None:
        """Fill the list with the best matches."""
        self.hits.clear()
        ids = self._index.ids
        by_id = query.strip().lower()
        for gene in self._index.search(query):
            name = self._index.names[gene]
            shown_id = ids is not None and by_id and by_id not in name.lower()
            item = QListWidgetItem(f"{name}   {ids[gene]}" if ids and shown_id else name)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setToolTip(ids[gene] if ids else name)
            self.hits.addItem(item)
        if not self.hits.count():
            nothing = QListWidgetItem(f'No gene has "{query.strip()}" in its name or id')
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.hits.addItem(nothing)
        else:
            self.hits.setCurrentRow(0)
        self._place()

    def _place(self) -> None:
        """Lay the list over what is below the line, as far as the scrolled dock reaches."""
        host = self._host()
        self.hits.setParent(host)
        corner = self.edit.mapTo(host, QPoint(0, self.edit.height() + 1))
        rows = min(self.hits.count(), ROWS_SHOWN)
        height = rows * max(self.hits.sizeHintForRow(0), 16) + 8
        room = host.height() - corner.y() - 4
        self.hits.setGeometry(corner.x(), corner.y(), self.edit.width(), min(height, max(room, 60)))
        self.hits.show()
        self.hits.raise_()

    def _host(self) -> QWidget:
        """Widget that the list is laid over: what is scrolled, else the window."""
        above = self.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                return above.widget() or above
            above = above.parentWidget()
        return self.window() or self

    def _choose(self, item: QListWidgetItem | None) -> None:
        name = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        if name:
            self.set_gene(name)
            self.edit.selectAll()
            self.chosen.emit(name)

    def _leave(self) -> None:
        """Show the gene of the maps again when the search is left without a choice."""
        self.hits.hide()
        self.edit.setText(self._gene)
