"""QualityTable: the genes of a check, sorted by any column; a row that is chosen is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

ROWS_SHOWN = 4  # at least
SORT_ARROW = 22  # pixels beside the name of a column
NO_INDEX = QModelIndex()
TEXTS = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
)
TIPS = {
    "gene": "Name of the gene",
    "correlation": "Correlation of the enhanced map with what was measured at the hidden spots: "
    "1 is perfect",
    "gain": "By how much the enhanced map is better",
}


class QualityModel(QAbstractTableModel):
    """Genes and their scores; sorts itself, at once for any number of genes."""

    def __init__(self) -> None:
        super().__init__()
        self._names = self._labels = self._marks = np.empty(0, object)
        self._scores = np.empty((0, 0))
        self._columns, self._titles = ["gene"], {"correlation": "correlation"}
        self._only_marked = False
        self._order = np.empty(0, np.intp)
        self._sorted = (0, Qt.SortOrder.AscendingOrder)

    def set_table(
        self,
        table: pd.DataFrame,
        method: str = "",
        marks: NDArray[np.object_] | None = None,
        called: Callable[[str], str] = str,
    ) -> None:
        """Show scores (gene, score) by gene, those of the method under its name.

        ``marks`` (gene,) say why a gene is doubtful, "" where it is not; ``called`` says what to
        call a gene.
        """
        self.beginResetModel()
        self._marks = np.full(len(table), "", object) if marks is None else marks
        self._names, self._scores = table.index.to_numpy(object), table.to_numpy(float)
        self._labels = np.array([called(str(name)) for name in self._names], object)
        self._columns = ["gene", *map(str, table.columns)]
        self._titles = {"correlation": method or "correlation"}
        self._order = self._sorted_rows()
        self.endResetModel()

    def show_only_marked(self, on: bool) -> None:
        self.beginResetModel()
        self._only_marked = on
        self._order = self._sorted_rows()
        self.endResetModel()

    def gene(self, row: int) -> str:
        return str(self._names[self._order[row]])

    def row(self, gene: str) -> int:
        found = np.flatnonzero(self._names[self._order] == gene)
        return int(found[0]) if len(found) else -1

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if index.column() else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role in TEXTS:
            at = self._order[index.row()]
            if index.column() == 0:
                name, mark = str(self._labels[at]), self._marks[at]
                if role == Qt.ItemDataRole.DisplayRole:
                    return f"{name} ⚠" if mark else name
                return f"{name}: {mark}" if mark else name
            signed = "+" if self._columns[index.column()] == "gain" else ""
            return f"{self._scores[at, index.column() - 1]:{signed}.2f}"
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or section >= len(self._columns):
            return None
        name = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles.get(name, name)
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS.get(name, f"Correlation that {name} interpolation reaches")
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        genes = [self._order[index.row()] for index in before]
        self._sorted = (column, order)
        self._order = self._sorted_rows()
        now = np.empty(len(self._names), np.intp)
        now[self._order] = np.arange(len(self._order))
        after = [self.index(int(now[g]), i.column()) for g, i in zip(genes, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted_rows(self) -> np.ndarray:
        column, order = self._sorted
        if column == 0:
            keys = np.array([label.lower() for label in self._labels], str)
        else:
            keys = self._scores[:, column - 1]
        if order == Qt.SortOrder.DescendingOrder:  # keys are reversed, so that ties keep order
            _, ranks = np.unique(keys, return_inverse=True)
            keys = -ranks.ravel()
        rows = np.argsort(keys, kind="stable")
        return rows[self._marks[rows] != ""] if self._only_marked else rows


class QualityTable(QTableView):
    """Table over a QualityModel; a click or Enter chooses the gene of a row."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.scores = QualityModel()
        self.setModel(self.scores)
        self.setAccessibleName("quality by gene")
        self.setToolTip("Click a column to sort by it; click a gene, or press Enter, to show it")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        height = self.fontMetrics().height() + 6
        rows = QHeaderView(Qt.Orientation.Vertical)
        columns = self._columns = QHeaderView(Qt.Orientation.Horizontal)
        self.setVerticalHeader(rows)
        rows.hide()
        rows.setDefaultSectionSize(height)
        self.setHorizontalHeader(columns)
        columns.setSectionsClickable(True)
        columns.setMinimumSectionSize(20)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # ids differ at their ends
        self.setMinimumHeight(
            ROWS_SHOWN * height + columns.sizeHint().height() + 2 * self.frameWidth()
        )
        corner = self.findChild(QAbstractButton)
        if corner is not None:  # Qt makes one that is never seen, but read out
            corner.setToolTip("All genes")
            corner.setAccessibleName("all genes")
        self.setSortingEnabled(True)
        columns.sortIndicatorChanged.connect(self.scrollToTop)  # after the sort, which is before
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def set_table(self, table: pd.DataFrame, *about: Any) -> None:
        """Show scores (gene, score) of a method, the best first, as in ``QualityModel``."""
        self.scores.set_table(table, *about)
        if len(table.columns):
            self._columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for at in range(1, len(table.columns) + 1):
            title = self.scores.headerData(at, Qt.Orientation.Horizontal)
            width = self.fontMetrics().horizontalAdvance(title) + SORT_ARROW
            self._columns.resizeSection(at, width)
        self.sortByColumn(1, Qt.SortOrder.DescendingOrder)

    def mark(self, gene: str) -> None:
        """Select the row of a gene, and bring it into view; the top where it is not there."""
        row = self.scores.row(gene)
        if row < 0:
            self.clearSelection()
        elif row not in {index.row() for index in self.selectedIndexes()}:
            self.selectRow(row)
        else:
            return  # a person may have scrolled away
        self._scroll()

    def showEvent(self, event: Any) -> None:
        """Begin with the gene that is marked; no rows had their places before."""
        super().showEvent(event)
        self._scroll()

    def _scroll(self) -> None:
        marked = self.selectedIndexes()
        if marked:
            self.scrollTo(marked[0], QAbstractItemView.ScrollHint.PositionAtCenter)
        else:
            self.scrollToTop()

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.scores.gene(index.row()))
