"""Saving: asks where to, and writes results and tables, off the window's thread."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_stentrans.errors import StentransError
from napari_stentrans.export import record_path, save_steps
from napari_stentrans.plugin.dialogs import ask_table, ask_target
from napari_stentrans.plugin.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.layers import SectionLayers
    from napari_stentrans.plugin.message_bar import MessageBar
    from napari_stentrans.plugin.progress import ProgressPanel
    from napari_stentrans.plugin.runner import Runner
    from napari_stentrans.plugin.runs import Run
    from napari_stentrans.progress import Steps


class Saving(QObject):
    """Writes what a person wants to keep.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    runner
        Does the work.
    progress
        Shows how far it is.
    message
        Says what was written.
    """

    failed = Signal(str)

    def __init__(
        self, parent: QWidget, runner: Runner, progress: ProgressPanel, message: MessageBar
    ) -> None:
        super().__init__(parent)
        self._parent, self._runner = parent, runner
        self._progress, self._message = progress, message
        self._layers: SectionLayers | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Save the results of this section from now on."""
        self._layers = layers

    def result(self) -> None:
        """Ask where to, and write the result there."""
        if self._layers is None or self._layers.enhancement is None or not self._runner.idle:
            return
        result, section = self._layers.enhancement, self._layers.section
        path = ask_target(self._parent, f"{_file_name(section.name)}_enhanced.h5ad")
        if path is None:
            return
        run, quality = self._layers.runs.of(result), self._layers.quality
        if quality is not None:
            record = result.record.model_copy(update={"quality": quality.facts()})
            result = replace(result, record=record)
        work = partial(save_steps, result, path, overwrite=True)  # the dialog has asked
        self.write(work, path.name, partial(self._on_saved, run))

    def table(self) -> None:
        """Ask where to, and write the scores of the genes there."""
        if self._layers is None or self._layers.quality is None:
            return
        path = ask_table(self._parent, f"{_file_name(self._layers.section.name)}_quality.csv")
        if path is None:
            return
        try:
            self._layers.quality.save_table(path, overwrite=True)  # the dialog has asked
        except StentransError as error:
            self.failed.emit(str(error))
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

        self._runner.stop()  # a check
        self._message.clear()
        self._progress.start(f"Writing {name}")
        self._runner.start(work, Phase.SAVING, done)

    def _on_saved(self, run: Run | None, files: list[Path]) -> None:
        if run is not None:
            run.record = record_path(files[0])

    def _say(self, files: list[Path]) -> None:
        names = " and ".join(path.name for path in files)
        self._message.show_message(f"Saved {names} in {files[0].parent}.", "note")


def _file_name(section: str) -> str:
    return section.replace(" ", "_")
