"""RunList: the runs of a section as rows; the one that is chosen is shown."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QLineEdit, QListWidgetItem, QMenu, QToolButton, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.actions import ACTIONS, keys_of, with_keys
from napari_stentrans.plugin.models.run_words import differences, facts, in_words, name_of
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.result.run_rows import DETAILS, RunRows
from napari_stentrans.plugin.widgets.panel import in_row, name_button, reveal, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.models.section_model import RunRequest


class Waiting(NamedTuple):
    """A run that is not made yet: what it is called, and its place in the queue in words."""

    name: str
    state: str


class RunList(QWidget):
    """The runs that are kept: show, rename, delete and copy them; and those that are to come."""

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
        self._waiting: list[Waiting] = []
        self._listed: object = None
        self._row = -1
        self.list = RunRows()
        self.list.deleteWanted.connect(self._delete)
        self.list.undoWanted.connect(self.undoWanted)
        self.list.itemClicked.connect(self._on_clicked)
        self.list.currentRowChanged.connect(self._on_row)
        self.list.itemChanged.connect(self._on_renamed)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.renaming = self._action("Rename", "runs.rename", self.rename)
        self.delete = self._action("Delete", "runs.delete", self._delete)
        self.undo = self._action("Undo delete", None, self.undoWanted.emit)
        self.undo.setEnabled(False)
        self.menu.addSeparator()
        python, command = (partial(self._copy, how) for how in ("python", "command"))
        self.as_python = self._action("Copy as Python", "runs.python", python)
        self.as_command = self._action("Copy as command line", "runs.command", command)
        self.more = QToolButton()
        self.more.setText("⋮")
        self.more.setAutoRaise(True)
        name_button(self.more, "Rename, delete or copy the run shown")
        self.more.setAccessibleName("what can be done with the run")
        self.more.setStyleSheet("QToolButton::menu-indicator {image: none;}")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self.menu)
        title = words("heading of the runs")
        title.setText("<b>Runs</b>")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(in_row(title, self.more))
        column.addWidget(self.list)

    def _action(self, text: str, key: str | None, do: Callable[[], object]) -> QAction:
        """Put something to be done with the run shown into the menu."""
        made = QAction(text, self.menu)
        keys = "Ctrl+Z in the list" if key is None else keys_of(key)
        made.setToolTip(f"{text} ({keys})" if key is None else with_keys(ACTIONS[key].words, key))
        made.triggered.connect(lambda: do())
        self.menu.addAction(made)
        return made

    def set_layers(self, layers: SectionLayers | None) -> None:
        """List the runs of this section from now on."""
        if self._layers is not None:
            self._layers.model.runs.changed.disconnect(self.refresh, missing_ok=True)
        self._layers = layers
        self.undo.setEnabled(False)
        if layers is not None:
            layers.model.runs.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is kept, and which of it is shown."""
        runs = [] if self._layers is None else list(self._layers.model.runs)
        listed = ([(run, run.name, run.quality) for run in runs], self._waiting, self._shown())
        if listed == self._listed and self.list.currentRow() == self._row:
            return  # another gene is shown, no more
        self._listed = listed
        with signals_blocked(self.list):
            while self.list.count() > len(runs) + len(self._waiting):
                self.list.takeItem(self.list.count() - 1)
            for at, run in enumerate(runs):
                self._fill(at, run.name, details(run, runs), about(run, runs))
            for at, (name, state) in enumerate(self._waiting, len(runs)):
                self._fill(at, name, state, f"{name}: {state}", kept=False)
            self.list.fit_rows()
            shown = self._shown()
            if shown is not None and self.list.currentRow() != runs.index(shown):
                self.list.setCurrentRow(runs.index(shown))
            elif shown is None:
                self.list.setCurrentRow(-1)
        self._row = self.list.currentRow()
        self.setVisible(self.list.count() > 0)  # none while a preview is shown
        for made in (self.renaming, self.delete, self.as_python, self.as_command):
            made.setEnabled(shown is not None)

    def show_queue(self, at_work: RunRequest | None, waiting: Iterable[RunRequest]) -> None:
        """List the run of this section that is being made, and those that wait for it."""
        found = [] if at_work is None else [(at_work, "being made now")]
        for place, wanted in enumerate(waiting, 1):
            found.append((wanted, "waits, the next" if place == 1 else f"waits, number {place}"))
        self._waiting = [
            Waiting(wanted.name or in_words(wanted.config), state)
            for wanted, state in found
            if self._layers is not None and wanted.model is self._layers.model
        ]
        self.refresh()

    def step(self, by: int) -> None:
        """Show the next run, or one before."""
        row = self.list.currentRow() + by
        if self._at(row) is not None:
            self.list.setCurrentRow(row)

    def rename(self) -> None:
        """Let the person write another name for the run that is shown."""
        item = self.list.currentItem()
        if item is not None and self.list.findChild(QLineEdit) is None:  # else it is being done
            reveal(self.list)
            self.list.setFocus()
            self.list.editItem(item)

    def _fill(self, at: int, name: str, said: str, tip: str, *, kept: bool = True) -> None:
        """Say in a row what a run is called and what is known of it."""
        item = self.list.item(at)
        if item is None:
            item = QListWidgetItem()
            self.list.addItem(item)
        chosen = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        flags = chosen | Qt.ItemFlag.ItemIsEditable if kept else Qt.ItemFlag.NoItemFlags
        if item.flags() != flags:
            item.setFlags(flags)
        shown = {
            Qt.ItemDataRole.EditRole: name,
            DETAILS: said,
            Qt.ItemDataRole.AccessibleTextRole: f"{name}: {said}",
            Qt.ItemDataRole.ToolTipRole: tip,
        }
        for role, text in shown.items():
            if item.data(role) != text:  # else a name that is being typed would be set back
                item.setData(role, text)

    def _open_menu(self, at: QPoint) -> None:
        """Offer what can be done with the run under the mouse, which is shown."""
        row = self.list.indexAt(at).row()
        if self._at(row) is not None:
            self.list.setCurrentRow(row)
            self.menu.popup(self.list.mapToGlobal(at))

    def _shown(self) -> Run | None:
        return (
            None
            if self._layers is None
            else self._layers.model.runs.of(self._layers.model.enhancement)
        )

    def _at(self, row: int) -> Run | None:
        runs = [] if self._layers is None else list(self._layers.model.runs)
        return runs[row] if 0 <= row < len(runs) else None

    def _on_row(self, row: int) -> None:
        run = self._at(row)
        if run is not None and self._layers is not None and run is not self._shown():
            self._layers.model.show_run(run)
            self.shown.emit()

    def _on_clicked(self) -> None:
        """Bring back the enhanced map of the run that is shown, where it was deleted."""
        if self._layers is not None:
            self._layers.bring_back()
            self.shown.emit()

    def _on_renamed(self, item: QListWidgetItem) -> None:
        run = self._at(self.list.row(item))
        if run is not None and self._layers is not None:
            self._layers.model.runs.rename(run, item.text())
            self._listed = None
            self.refresh()  # with the old name where the new one is blank

    def _copy(self, how: str) -> None:
        run = self._shown()
        if run is not None:
            self.copyWanted.emit(how, run.enhancement.record, run.record)

    def _delete(self) -> None:
        at = self.list.currentRow()
        run = self._at(at)
        if run is not None and self._layers is not None:
            against = self._layers.model.maps.against
            self._layers.model.delete_run(run)
            self.shown.emit()
            self.deleted.emit(run, at, against)
            self.undo.setEnabled(True)


def details(run: Run, runs: Iterable[Run]) -> str:
    """What tells a run from the others, how good it is, and how long it took, in a line."""
    record = run.enhancement.record
    others = [other.enhancement.record for other in runs if other is not run]
    differs, found = name_of(record, others), run.quality
    good = "not checked" if found is None else f"correlation {found.typical(found.method):.2f}"
    said = [] if differs in run.name else [differs]
    return " · ".join([*said, good, f"{record.seconds:.1f} s"])


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
