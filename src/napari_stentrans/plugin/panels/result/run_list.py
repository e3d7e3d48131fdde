"""RunList: the runs of a section by name; the one that is chosen is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.run_words import differences, facts
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.panel import button, in_row, name_button, reveal
from napari_stentrans.plugin.widgets.shortcuts import with_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.runs import Run

MOST_ROWS = 5
"""More runs than this are scrolled to."""
MARGIN = 4
"""Pixels beside a name."""
ROW = 22
"""Pixels of a row at least, which a mouse hits well."""


class RunList(QWidget):
    """The runs that are kept: show, rename, delete and copy them."""

    shown = Signal()
    """Another run is shown."""
    deleted = Signal(object, int, object)
    """This run was let go of, from this place in the list; the result it was compared with."""
    undoWanted = Signal()
    copyWanted = Signal(str, object, object)
    """To be copied as "python" or "command": a record, and where it was saved, or None."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self.list = _Names()
        self.list.deleteWanted.connect(self._delete)
        self.list.undoWanted.connect(self.undoWanted)
        self.list.itemClicked.connect(self._on_clicked)
        self.list.currentRowChanged.connect(self._on_row)
        self.list.itemChanged.connect(self._on_renamed)
        self.copy = button("Copy as code…", "Copy text that repeats the run shown")
        menu = QMenu(self.copy)
        menu.setToolTipsVisible(True)
        self.as_python, self.as_command = (
            QAction("As Python", menu),
            QAction("As command line", menu),
        )
        self.as_python.triggered.connect(lambda: self._copy("python"))
        self.as_command.triggered.connect(lambda: self._copy("command"))
        menu.addActions([self.as_python, self.as_command])
        self.copy.setMenu(menu)
        self.delete = QToolButton()
        self.delete.setText("Delete")
        name_button(self.delete, with_keys("Delete the run that is chosen", "runs.delete"))
        self.delete.setAutoRaise(True)
        self.delete.clicked.connect(lambda: self._delete())
        self._recolour()
        row = in_row(self.copy, self.delete)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addLayout(row)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """List the runs of this section from now on."""
        if self._layers is not None:
            self._layers.runs.changed.disconnect(self.refresh, missing_ok=True)
        self._layers = layers
        if layers is not None:
            layers.runs.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is kept, and which of it is shown."""
        runs = [] if self._layers is None else list(self._layers.runs)
        with signals_blocked(self.list):
            while self.list.count() > len(runs):
                self.list.takeItem(self.list.count() - 1)
            for at, run in enumerate(runs):
                item = self.list.item(at) or self._new_item()
                if item.text() != run.name:
                    item.setText(run.name)
                item.setToolTip(about(run, runs))
            self.list.fit_rows()
            shown = self._shown()
            if shown is not None and self.list.currentRow() != runs.index(shown):
                self.list.setCurrentRow(runs.index(shown))
            elif shown is None:
                self.list.setCurrentRow(-1)
        self.setVisible(bool(runs))  # none while a preview is shown
        self.copy.setEnabled(shown is not None)
        self.delete.setEnabled(shown is not None)

    def changeEvent(self, event: Any) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()

    def _recolour(self) -> None:
        self.delete.setIcon(icon("bin", text_color(self)))

    def step(self, by: int) -> None:
        """Show the next run, or one before."""
        row = self.list.currentRow() + by
        if self.list.count() and 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def rename(self) -> None:
        """Let the person write another name for the run that is shown."""
        item = self.list.currentItem()
        if item is not None and self.list.findChild(QLineEdit) is None:  # else it is being done
            reveal(self.list)
            self.list.setFocus()
            self.list.editItem(item)

    def _new_item(self) -> QListWidgetItem:
        item = QListWidgetItem()
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.addItem(item)
        return item

    def _shown(self) -> Run | None:
        return None if self._layers is None else self._layers.runs.of(self._layers.enhancement)

    def _at(self, row: int) -> Run | None:
        runs = [] if self._layers is None else list(self._layers.runs)
        return runs[row] if 0 <= row < len(runs) else None

    def _on_row(self, row: int) -> None:
        run = self._at(row)
        if run is not None and self._layers is not None and run is not self._shown():
            self._layers.show_run(run)
            self.shown.emit()

    def _on_clicked(self) -> None:
        """Bring back the enhanced map of the run that is shown, where it was deleted."""
        if self._layers is not None:
            self._layers.bring_back()
            self.shown.emit()

    def _on_renamed(self, item: QListWidgetItem) -> None:
        run = self._at(self.list.row(item))
        if run is not None and self._layers is not None:
            self._layers.runs.rename(run, item.text())
            self.refresh()  # with the old name where the new one is blank

    def _copy(self, how: str) -> None:
        run = self._shown()
        if run is not None:
            self.copyWanted.emit(how, run.enhancement.record, run.record)

    def _delete(self) -> None:
        at = self.list.currentRow()
        run = self._at(at)
        if run is not None and self._layers is not None:
            against = self._layers.maps.against
            self._layers.delete_run(run)
            self.shown.emit()
            self.deleted.emit(run, at, against)


def about(run: Run, runs: Iterable[Run] = ()) -> str:
    """What went into a run, and by what it differs from the others."""
    record = run.enhancement.record
    lines = [run.name, facts(record)]
    for other in runs:
        differs = differences(record, other.enhancement.record)
        if other is not run:
            lines.append(f"Beside {short(other.name)}: {differs or 'the same settings and paint'}")
    return "\n".join([*lines, f"Made {local_time(record.started)}"])


def local_time(text: str) -> str:
    """Say a time in ISO form as a clock here shows it; as it stands where it is in no such form."""
    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return text


class _Names(QListWidget):
    """Names that can be edited, and deleted by key."""

    deleteWanted = Signal()
    undoWanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("runs")
        self.setToolTip("Click to show a run; double click or F2 to rename it")
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(40)
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)

    def fit_rows(self) -> None:
        """Make each row as high as its name, which may need several lines, and show some rows."""
        bar: Any = self.verticalScrollBar()
        beside = 2 * (self.frameWidth() + MARGIN) + bar.sizeHint().width()
        wide = max(self.width() - beside, 40)
        wrap = Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere
        heights = []
        for at in range(self.count()):
            item: Any = self.item(at)
            needed = self.fontMetrics().boundingRect(0, 0, wide, 0, wrap, item.text()).height()
            heights.append(max(ROW, needed + 6))
            item.setSizeHint(QSize(0, heights[-1]))
        shown = sum(heights[:MOST_ROWS]) or ROW
        self.setFixedHeight(shown + 2 * self.frameWidth() + 4)

    def resizeEvent(self, event: Any) -> None:
        """Wrap names anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_rows()

    def keyPressEvent(self, event: Any) -> None:
        """Delete with the key of that name, and take that back."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.deleteWanted.emit()
            return
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undoWanted.emit()
            return
        super().keyPressEvent(event)
