"""QualityTable: the genes of a check, sorted by any column; a row that is chosen is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView

from napari_stentrans.plugin.widgets.table import TEXTS, Table, TableModel

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray
    from qtpy.QtCore import QModelIndex

SORT_ARROW = 22  # pixels beside the name of a column
TIPS = {
    "gene": "Name of the gene",
    "correlation": "Correlation of the enhanced map with what was measured at the hidden spots: "
    "1 is perfect",
    "gain": "By how much the enhanced map is better",
}


class QualityModel(TableModel):
    """Genes and their scores; some are marked as doubtful."""

    def __init__(self) -> None:
        super().__init__()
        self._marks = np.empty(0, object)
        self._method, self._only_marked = "correlation", False

    def set_scores(
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
        self._marks = np.full(len(table), "", object) if marks is None else marks
        self._method = method or "correlation"
        self.set_table(table, "gene", called)

    def show_only_marked(self, on: bool) -> None:
        self.beginResetModel()
        self._only_marked = on
        self._order = self.sorted_rows()
        self.endResetModel()

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in TEXTS:
            return super().data(index, role)
        at, column = self._order[index.row()], index.column()
        if column == 0:
            name, mark = str(self._labels[at]), self._marks[at]
            if role == Qt.ItemDataRole.DisplayRole:
                return f"{name} ⚠" if mark else name
            return f"{name}: {mark}" if mark else name
        signed = "+" if self._titles[column] == "gain" else ""
        return f"{self._columns[column - 1][at]:{signed}.2f}"

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or section >= len(self._titles):
            return None
        name = self._titles[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._method if name == "correlation" else name
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS.get(name, f"Correlation that {name} interpolation reaches")
        return None

    def sorted_rows(self) -> NDArray[np.intp]:
        rows = super().sorted_rows()
        return rows[self._marks[rows] != ""] if self._only_marked else rows


class QualityTable(Table):
    """Table over a QualityModel; a click or Enter chooses the gene of a row."""

    rows: QualityModel

    def __init__(self) -> None:
        tip = "Click a column to sort by it; click a gene, or press Enter, to show it"
        super().__init__("quality by gene", tip, QualityModel())
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def set_scores(self, table: pd.DataFrame, *about: Any) -> None:
        """Show scores (gene, score) of a method, the best first, as in ``QualityModel``."""
        self.rows.set_scores(table, *about)
        if len(table.columns):
            self._header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for at in range(1, len(table.columns) + 1):
            title = self.rows.headerData(at, Qt.Orientation.Horizontal)
            width = self.fontMetrics().horizontalAdvance(title) + SORT_ARROW
            self._header.resizeSection(at, width)
        self.sortByColumn(1, Qt.SortOrder.DescendingOrder)

    def mark(self, name: str) -> None:
        """Select the row of a gene, and bring it into view; the top where it is not there."""
        marked = {index.row() for index in self.selectedIndexes()}
        super().mark(name)
        if self.rows.row(name) not in marked:  # else a person may have scrolled away
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
