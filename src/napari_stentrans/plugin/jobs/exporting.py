"""Saving: asks where to, and writes results and tables, off the window's thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_stentrans.errors import StentransError, WriteError
from napari_stentrans.export import record_path
from napari_stentrans.plugin.models.export_request import KINDS, OF_RUNS, ExportContext
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.dialogs import ask_place, ask_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.export_request import ExportRequest
    from napari_stentrans.plugin.models.gene_lists import GeneLists
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.models.unsaved import State
    from napari_stentrans.plugin.widgets.message_bar import MessageBar
    from napari_stentrans.progress import Steps


STILL_HERE = "Nothing is lost: it is still in the viewer. Save it again in another place."

LONGEST = 30
"""Characters of a folder; of a longer one the tooltip tells the rest, and no button is covered."""


class Saving(QObject):
    """Writes what a person wants to keep.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    runner
        Does the work.
    begun
        Shows that something is being written.
    message
        Says what was written.
    lists
        Lists of genes to choose from.
    """

    failed = Signal(str)
    sessionWanted = Signal()
    """All that was done is to be saved."""

    def __init__(
        self,
        parent: QWidget,
        runner: Runner,
        begun: Callable[[str], None],
        message: MessageBar,
        lists: GeneLists,
    ) -> None:
        super().__init__(parent)
        self._parent, self._runner = parent, runner
        self._begun, self._message, self._lists = begun, message, lists
        self._layers: SectionLayers | None = None
        self._folder: Path | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Save what there is of this section from now on."""
        self._layers = layers

    def stock(self) -> ExportContext | None:
        """What there is to be saved of the section; None without one."""
        if self._layers is None:
            return None
        model, lists = self._layers.model, self._lists
        index = GeneIndex.of(model.section)
        return ExportContext.of(model, index, lists.kept.favourites, lists.mine)

    def save(self, wish: ExportRequest) -> None:
        """Ask where to, and write what is wanted there."""
        stock, layers = self.stock(), self._layers
        if stock is None or layers is None or not self._runner.idle:
            return
        if wish.what == "session":
            self.sessionWanted.emit()
            return
        run = layers.model.runs.of(layers.model.enhancement)
        proposed = wish.proposed(stock)
        if self._folder is not None and self._folder.is_dir():
            proposed = str(self._folder / proposed)
        formats, with_record = KINDS[wish.what].formats, wish.what in OF_RUNS
        path = ask_place(self._parent, proposed, formats, wish.ending, with_record=with_record)
        if path is None:
            return
        self._folder = path.parent
        lost = layers.model.unsaved.state() if wish.what == "lost" else None
        done = partial(self._on_saved, layers, run if with_record else None, lost)
        self.write(partial(wish.steps, stock, path), path.name, done)

    def table(self) -> None:
        """Ask where to, and write the scores of the genes there."""
        if self._layers is None or self._layers.model.quality is None:
            return
        path = ask_table(self._parent, f"{_file_name(self._layers.model.section.name)}_quality.csv")
        if path is None:
            return
        try:
            self._layers.model.quality.save_table(path, overwrite=True)  # the dialog has asked
        except StentransError as error:
            self.failed.emit(f"{error} {STILL_HERE}")
            return
        self._say([path])

    def write(
        self,
        work: Callable[[], Steps[list[Path]]],
        name: str,
        written: Callable[[list[Path]], None],
    ) -> None:
        """Start a job that writes files, of which ``name`` is the first; say which it wrote."""

        def done(files: list[Path]) -> None:
            written(files)
            self._say(files)

        if not self._runner.idle:  # a run of the queue has begun meanwhile
            self.failed.emit("Wait until the run has ended, or cancel it, and save then.")
            return
        self._runner.stop()  # a check
        self._message.clear()
        self._begun(f"Writing {name}")
        self._runner.start(lambda: _told(work()), Phase.SAVING, done)

    def _on_saved(
        self, layers: SectionLayers, run: Run | None, lost: State | None, files: list[Path]
    ) -> None:
        """Note that a run, or the lost regions as they were, are in files now."""
        if run is not None:
            run.record = record_path(files[0])
        if lost is not None:
            layers.model.unsaved.keep_paint(lost)
        layers.model.unsaved.changed.emit()

    def _say(self, files: list[Path]) -> None:
        names, folder = " and ".join(path.name for path in files), files[0].parent
        place = str(folder) if len(str(folder)) <= LONGEST else f"…/{folder.name}"
        whole = f"Saved {names} in {folder}."
        self._message.show_message(f"Saved {names} in {place}.", "note", whole)


def _told(steps: Steps[list[Path]]) -> Steps[list[Path]]:
    """Write, and say that nothing is lost where that fails."""
    try:
        return (yield from steps)
    except WriteError as error:
        raise WriteError(f"{error} {STILL_HERE}") from error


def _file_name(section: str) -> str:
    return section.replace(" ", "_")
