"""Saving: asks where to, and writes results and tables, off the window's thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_stentrans.errors import StentransError, WriteError
from napari_stentrans.export import record_path
from napari_stentrans.plugin.models.export_request import KINDS, OF_RUNS
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.dialogs import ask_place, ask_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.export_request import ExportRequest
    from napari_stentrans.plugin.models.runs import Run
    from napari_stentrans.plugin.models.unsaved import State, Unsaved
    from napari_stentrans.progress import Steps

STILL_HERE = "Nothing is lost: it is still in the viewer. Save it again in another place."
LONGEST = 30
"""Characters of a folder; of a longer one the tooltip tells the rest, and no button is covered."""


class Saving:
    """Writes what a person wants to keep; ``begun`` shows that something is being written."""

    def __init__(self, context: Context, begun: Callable[[str], None]) -> None:
        self._context, self._begun = context, begun
        self._folder: Path | None = None

    def save(self, wish: ExportRequest) -> None:
        """Ask where to, and write what is wanted there."""
        stock, layers = self._context.stock(), self._context.layers
        if stock is None or layers is None or not self._context.runner.idle:
            return
        model = layers.model
        proposed = wish.proposed(stock)
        if self._folder is not None and self._folder.is_dir():
            proposed = str(self._folder / proposed)
        formats, of_run = KINDS[wish.what].formats, wish.what in OF_RUNS
        run = model.runs.of(model.enhancement) if of_run else None
        parent = self._context.dock
        path = ask_place(parent, proposed, formats, wish.ending, with_record=of_run)
        if path is None:
            return
        self._folder = path.parent
        lost = model.unsaved.state() if wish.what == "lost" else None
        done = partial(_note_saved, model.unsaved, run, lost)
        self.write(partial(wish.steps, stock, path), path.name, done)

    def table(self) -> None:
        """Ask where to, and write the scores of the genes there."""
        model = self._context.app.current
        if model is None or model.quality is None:
            return
        name = f"{model.section.name.replace(' ', '_')}_quality.csv"
        path = ask_table(self._context.dock, name)
        if path is None:
            return
        try:
            model.quality.save_table(path, overwrite=True)  # the dialog has asked
        except StentransError as error:
            self._context.fail(f"{error} {STILL_HERE}")
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

        context = self._context
        if not context.runner.idle:  # a run of the queue has begun meanwhile
            context.fail("Wait until the run has ended, or cancel it, and save then.")
            return
        context.runner.stop()  # a check
        context.message.clear()
        self._begun(f"Writing {name}")
        context.runner.start(lambda: _told(work()), Phase.SAVING, done)

    def _say(self, files: list[Path]) -> None:
        names, folder = " and ".join(path.name for path in files), files[0].parent
        place = str(folder) if len(str(folder)) <= LONGEST else f"…/{folder.name}"
        whole = f"Saved {names} in {folder}."
        self._context.message.show_message(f"Saved {names} in {place}.", "note", whole)


def _note_saved(unsaved: Unsaved, run: Run | None, lost: State | None, files: list[Path]) -> None:
    """Note that a run, or the lost regions as they were, are in files now."""
    if run is not None:
        run.record = record_path(files[0])
    if lost is not None:
        unsaved.keep_paint(lost)
    unsaved.changed.emit()


def _told(steps: Steps[list[Path]]) -> Steps[list[Path]]:
    """Write, and say that nothing is lost where that fails."""
    try:
        return (yield from steps)
    except WriteError as error:
        raise WriteError(f"{error} {STILL_HERE}") from error
