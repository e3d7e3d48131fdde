"""Saver: asks what to save and where to, and starts the job that writes it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.export import record_path
from napari_stentrans.plugin.dialogs import ask_place
from napari_stentrans.plugin.save_dialog import SaveDialog
from napari_stentrans.plugin.saving import KINDS, OF_RUNS, Stock, Wish, with_quality

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.genes_panel import GenesPanel
    from napari_stentrans.plugin.layers import SectionLayers
    from napari_stentrans.plugin.runs import Run
    from napari_stentrans.plugin.saving import What
    from napari_stentrans.progress import Steps


class SaverJobs(NamedTuple):
    """What a saver needs of the dock.

    Attributes
    ----------
    write
        Starts a job that writes files: its work, the name of the first, what is to be done after.
    saved
        Says which files were written.
    """

    write: Callable[[Callable[[], Steps[list[Path]]], str, Callable[[list[Path]], None]], None]
    saved: Callable[[list[Path]], None]


class Saver:
    """Saves results, figures, tables and lost regions for the dock.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    genes
        Has the lists of genes to choose from.
    jobs
        Starts the jobs.
    """

    def __init__(self, parent: QWidget, genes: GenesPanel, jobs: SaverJobs) -> None:
        self._parent, self._genes, self._jobs = parent, genes, jobs
        self._what: What = "everything"
        self._wishes: dict[What, Wish] = {}
        self._folder: Path | None = None
        self._dialog: SaveDialog | None = None

    def ask(self, layers: SectionLayers, what: What | None = None) -> None:
        """Ask what to save of a section; ``what`` is chosen already where it is given."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        genes = self._genes
        index, mine = genes.search.index, genes.listed
        stock = Stock.of(layers, with_quality(layers), index, genes.kept.favourites, mine)
        dialog = self._dialog = SaveDialog(self._parent, stock)
        wanted = what or self._what
        first = Wish(wanted, next(iter(KINDS[wanted].formats)))
        dialog.setValue(self._wishes.get(wanted, first))
        run = layers.runs.of(layers.enhancement)
        dialog.accepted.connect(partial(self._on_accepted, dialog, stock, run))
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def _on_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None

    def _on_accepted(self, dialog: SaveDialog, stock: Stock, run: Run | None) -> None:
        wish = dialog.value()
        self._what, self._wishes[wish.what] = wish.what, wish
        proposed = wish.proposed(stock)
        if self._folder is not None and self._folder.is_dir():
            proposed = str(self._folder / proposed)
        formats, with_record = KINDS[wish.what].formats, wish.what in OF_RUNS
        path = ask_place(self._parent, proposed, formats, wish.ending, with_record=with_record)
        if path is None:
            return
        self._folder = path.parent
        self._jobs.write(
            partial(wish.steps, stock, path), path.name, partial(self._on_saved, wish, run)
        )

    def _on_saved(self, wish: Wish, run: Run | None, files: list[Path]) -> None:
        if run is not None and wish.what in OF_RUNS:
            run.record = record_path(files[0])
        self._jobs.saved(files)
