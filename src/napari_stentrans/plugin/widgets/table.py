"""Table: rows of a DataFrame, sorted by any column; a row that is chosen is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

ROWS_SHOWN = 4  # at least
SORT_ARROW = 22  # pixels beside the name of a column
BESIDE, WIDEST = 14, 220  # pixels beside what a column holds, and of a column
LOOKED_AT = 50  # rows, for the width of columns
NO_INDEX = QModelIndex()
TEXTS = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TINY = 1e-3
"""Numbers smaller than this, which are not 0, are written with an exponent."""


class TableModel(QAbstractTableModel):
    """Names and what is known of each; sorts itself, at once for any number of rows."""

    def __init__(self) -> None:
        super().__init__()
        self._names = self._labels = np.empty(0, object)
        self._columns: list[NDArray[Any]] = []
        self._titles: list[str] = []
        self._tips: Mapping[str, str] = {}
        self._order = np.empty(0, np.intp)
        self._sorted = (-1, Qt.SortOrder.AscendingOrder)

    def set_table(
        self,
        table: pd.DataFrame,
        of: str = "gene",
        called: Callable[[str], str] = str,
        tips: Mapping[str, str] | None = None,
    ) -> None:
        """Show a table, whose index names what its rows are ``of``; ``called`` says how."""
        self.beginResetModel()
        self._names = table.index.to_numpy(object)
        self._labels = np.array([called(str(name)) for name in self._names], object)
        self._columns = [_sortable(table.iloc[:, at]) for at in range(table.shape[1])]
        self._titles, self._tips = [of, *map(str, table.columns)], tips or {}
        self._sorted = (-1, Qt.SortOrder.AscendingOrder)
        self._order = self.sorted_rows()
        self.endResetModel()

    def name(self, row: int) -> str:
        """Name of what is in a row."""
        return str(self._names[self._order[row]])

    def row(self, name: str) -> int:
        """Row of a name; -1 where it is not there."""
        found = np.flatnonzero(self._names[self._order] == name)
        return int(found[0]) if len(found) else -1

    def is_words(self, column: int) -> bool:
        """Whether a column holds words, and not numbers."""
        return column == 0 or self._columns[column - 1].dtype == object

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if self.is_words(index.column()) else RIGHT
        if role in TEXTS:
            at = self._order[index.row()]
            if index.column() == 0:
                return str(self._labels[at])
            return in_words(self._columns[index.column() - 1][at])
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or section >= len(self._titles):
            return None
        title = self._titles[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title.replace("_", " ")
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tips.get(title)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        names = [self._order[index.row()] for index in before]
        self._sorted = (column, order)
        self._order = self.sorted_rows()
        now = np.empty(len(self._names), np.intp)
        now[self._order] = np.arange(len(self._order))
        after = [self.index(int(now[g]), i.column()) for g, i in zip(names, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def sorted_rows(self) -> NDArray[np.intp]:
        """Rows in the order that was asked for; ties keep theirs, what is not known comes last."""
        column, order = self._sorted
        if not 0 <= column <= len(self._columns):  # in their own order
            return np.arange(len(self._names))
        keys = self._labels if column == 0 else self._columns[column - 1]
        if keys.dtype == object:
            keys = np.array([str(key).lower() for key in keys], str)
        if order == Qt.SortOrder.AscendingOrder:
            return np.argsort(keys, kind="stable")
        _, ranks = np.unique(keys, return_inverse=True, equal_nan=True)
        unknown = np.isnan(keys) if keys.dtype.kind == "f" else np.zeros(len(keys), bool)
        return np.argsort(np.where(unknown, 1, -ranks.ravel()), kind="stable")


class Table(QTableView):
    """Table over a TableModel; a click or Enter chooses a row."""

    chosen = Signal(str)
    """Name of what is in it."""

    def __init__(self, name: str, tip: str, model: TableModel | None = None) -> None:
        super().__init__()
        self.rows = model or TableModel()
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        height = self.fontMetrics().height() + 6
        rows = QHeaderView(Qt.Orientation.Vertical)
        header = self._header = QHeaderView(Qt.Orientation.Horizontal)
        self.setVerticalHeader(rows)
        rows.hide()
        rows.setDefaultSectionSize(height)
        self.setHorizontalHeader(header)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(20)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # ids differ at their ends
        self.setMinimumHeight(
            ROWS_SHOWN * height + header.sizeHint().height() + 2 * self.frameWidth()
        )
        corner = self.findChild(QAbstractButton)
        if corner is not None:  # Qt makes one that is never seen, but read out
            corner.setToolTip("All rows")
            corner.setAccessibleName("all rows")
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.sortIndicatorChanged.connect(self.scrollToTop)  # after the sort, which is before
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def set_table(self, table: pd.DataFrame, *about: Any, **more: Any) -> None:
        """Show a table as in ``TableModel``, in its own order."""
        with signals_blocked(self._header):
            self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.rows.set_table(table, *about, **more)
        metrics = self.fontMetrics()
        for at in range(self.rows.columnCount()):
            title = str(self.rows.headerData(at, Qt.Orientation.Horizontal))
            first = range(min(self.rows.rowCount(), LOOKED_AT))
            shown = [str(self.rows.data(self.rows.index(row, at))) for row in first]
            widest = max(map(metrics.horizontalAdvance, shown), default=0) + BESIDE
            width = max(metrics.horizontalAdvance(title) + SORT_ARROW, min(widest, WIDEST))
            self.setColumnWidth(at, width)
        self.scrollToTop()

    def mark(self, name: str) -> None:
        """Select the row of a name, and bring it into view; none where it is not there."""
        row = self.rows.row(name)
        if row < 0:
            self.clearSelection()
        elif row not in {index.row() for index in self.selectedIndexes()}:
            self.selectRow(row)
            self.scrollTo(self.rows.index(row, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.rows.name(index.row()))


def in_words(value: Any) -> str:
    """Write a number as a person reads it; "–" where it is not known."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    number = float(value)
    if number and abs(number) < TINY:
        return f"{number:.1e}"
    return f"{number:,.3g}" if abs(number) < 1000 else f"{number:,.0f}"


def _sortable(column: pd.Series) -> NDArray[Any]:
    """Values of a column: numbers, or words as objects."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.to_numpy(float) if column.isna().any() else column.to_numpy()
    return column.astype(object).to_numpy()
