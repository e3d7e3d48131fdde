"""RunList: the runs of a section as rows; the one that is chosen is shown."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QLineEdit, QListWidgetItem, QMenu, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_stentrans.plugin.actions import ACTIONS, with_keys
from napari_stentrans.plugin.jobs.copying import copy_run
from napari_stentrans.plugin.models.run_words import differences, facts, in_words, name_of
from napari_stentrans.plugin.models.runs import short
from napari_stentrans.plugin.panels.result.run_rows import DETAILS, RunRows
from napari_stentrans.plugin.widgets.make import laid, menu_at_once, tool
from napari_stentrans.plugin.widgets.panel import in_row, reveal, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari_stentrans.plugin.context import Context
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.models.section_model import RunRequest

TO_CHOOSE = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsEditable


class RunList(QWidget):
    """The runs that are kept: show, rename, delete and copy them; and those that are to come.

    Parameters
    ----------
    context
        Whose section has the runs.
    """

    deleted = Signal(object, int, object)
    """This run was let go of, from this place in the list; the result it was compared with."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._waiting: list[tuple[str, str]] = []
        """What runs are called that are not made yet, and their place in the queue in words."""
        self._listed: object = None
        self._row = -1
        self.list = RunRows()
        self.list.deleteWanted.connect(self._delete)
        self.list.undoWanted.connect(context.message.act)
        self.list.itemClicked.connect(self._on_clicked)
        self.list.currentRowChanged.connect(self._on_row)
        self.list.itemChanged.connect(self._on_renamed)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.renaming = self._action("Rename", _tip("runs.rename"), self.rename)
        self.delete = self._action("Delete", _tip("runs.delete"), self._delete)
        undo = "Undo delete"
        self.undo = self._action(undo, f"{undo} (Ctrl+Z in the list)", context.message.act)
        self.undo.setEnabled(False)
        self.menu.addSeparator()
        python, command = (partial(self._copy, how) for how in ("python", "command"))
        self.as_python = self._action("Copy as Python", _tip("runs.python"), python)
        self.as_command = self._action("Copy as command line", _tip("runs.command"), command)
        tip = "Rename, delete or copy the run shown"
        self.more = tool("⋮", tip, "what can be done with the run")
        menu_at_once(self.more)
        self.more.setMenu(self.menu)
        title = words("heading of the runs")
        title.setText("<b>Runs</b>")
        laid(QVBoxLayout(self), in_row(title, self.more), self.list, spacing=2)

    def _action(self, text: str, tip: str, do: Callable[[], object]) -> QAction:
        made = QAction(text, self.menu)
        made.setToolTip(tip)
        made.triggered.connect(lambda: do())
        self.menu.addAction(made)
        return made

    def refresh(self) -> None:
        runs, shown = self._runs(), self._shown()
        listed = ([(run, run.name, run.quality) for run in runs], self._waiting, shown)
        if listed == self._listed and self.list.currentRow() == self._row:
            return  # another gene is shown, no more
        self._listed = listed
        with signals_blocked(self.list):
            while self.list.count() > len(runs) + len(self._waiting):
                self.list.takeItem(self.list.count() - 1)
            for at, run in enumerate(runs):
                self._fill(at, run.name, details(run, runs), about(run, runs), TO_CHOOSE)
            for at, (name, state) in enumerate(self._waiting, len(runs)):
                self._fill(at, name, state, f"{name}: {state}", Qt.ItemFlag.NoItemFlags)
            self.list.fit_rows()
            row = -1 if shown is None else runs.index(shown)
            if self.list.currentRow() != row:
                self.list.setCurrentRow(row)
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
            (wanted.name or in_words(wanted.config), state)
            for wanted, state in found
            if wanted.model is self._context.app.current
        ]
        self.refresh()

    def step(self, by: int) -> None:
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

    def _fill(self, at: int, name: str, said: str, tip: str, flags: Qt.ItemFlag) -> None:
        if at >= self.list.count():
            self.list.addItem(QListWidgetItem())
        item: Any = self.list.item(at)
        if item.flags() != flags:
            item.setFlags(flags)
        for role, text in (
            (Qt.ItemDataRole.EditRole, name),
            (DETAILS, said),
            (Qt.ItemDataRole.AccessibleTextRole, f"{name}: {said}"),
            (Qt.ItemDataRole.ToolTipRole, tip),
        ):
            if item.data(role) != text:  # else a name that is being typed would be set back
                item.setData(role, text)

    def _open_menu(self, at: QPoint) -> None:
        """Offer what can be done with the run under the mouse, which is shown."""
        row = self.list.indexAt(at).row()
        if self._at(row) is not None:
            self.list.setCurrentRow(row)
            self.menu.popup(self.list.mapToGlobal(at))

    def _runs(self) -> Sequence[Run]:
        model = self._context.app.current
        return [] if model is None else list(model.runs)

    def _shown(self) -> Run | None:
        model = self._context.app.current
        return None if model is None else model.runs.of(model.enhancement)

    def _at(self, row: int) -> Run | None:
        return dict(enumerate(self._runs())).get(row)

    def _tell(self) -> None:
        self._context.resultChanged.emit()
        self._context.phaseChanged.emit()

    def _on_row(self, row: int) -> None:
        model, run = self._context.app.current, self._at(row)
        if model is not None and run is not None and run is not self._shown():
            model.show_run(run)
            self._tell()

    def _on_clicked(self) -> None:
        """Bring back the enhanced map of the run that is shown, where it was deleted."""
        if self._context.layers is not None:
            self._context.layers.bring_back()
            self._tell()

    def _on_renamed(self, item: QListWidgetItem) -> None:
        model, run = self._context.app.current, self._at(self.list.row(item))
        if model is not None and run is not None:
            model.runs.rename(run, item.text())
            self._listed = None
            self.refresh()  # with the old name where the new one is blank

    def _copy(self, how: str) -> None:
        run = self._shown()
        if run is not None:
            copy_run(self._context.message, how, run.enhancement.record, run.record)

    def _delete(self) -> None:
        at, model = self.list.currentRow(), self._context.app.current
        run = self._at(at)
        if model is not None and run is not None:
            against = model.maps.against
            model.delete_run(run)
            self._tell()
            self.deleted.emit(run, at, against)
            self.undo.setEnabled(True)


def _tip(key: str) -> str:
    return with_keys(ACTIONS[key].words, key)


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
