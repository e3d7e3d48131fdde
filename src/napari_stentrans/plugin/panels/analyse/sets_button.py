"""SetsButton: which gene sets are scored; read from a file, or downloaded when asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from napari_stentrans.analysis.gene_sets import read_gmt
from napari_stentrans.analysis.set_collections import COLLECTIONS, collection_steps
from napari_stentrans.downloads import size_steps
from napari_stentrans.plugin.widgets.dialogs import ask_gene_sets, may_download
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import name_button
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.analysis.set_collections import Collection
    from napari_stentrans.plugin.jobs.analysing import Analysing
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.progress import Steps

NONE = "Gene sets"
TIP = "Gene sets, such as pathways: a GMT file, or a well-known collection"


class SetsButton(QPushButton):
    """Button with a menu; it says which sets are chosen.

    Attributes
    ----------
    value
        The sets; None without any.
    python
        What makes them in Python.
    """

    changed = Signal()

    def __init__(self, context: Context, jobs: Analysing) -> None:
        super().__init__(NONE)
        name_button(self, TIP)
        self._context, self._jobs = context, jobs
        self.value: GeneSets | None = None
        self.python = ""
        menu = Menu(self)
        menu.add("File (.gmt)…", self.ask, "A line for each set: its name, a remark, its genes")
        menu.addSeparator()
        for one in COLLECTIONS.values():
            tip = f"{one.page}\nTerms: {one.licence}\nDownloaded once, after asking"
            menu.add(f"{one.title}…", partial(self.take, one), tip)
        self.setMenu(menu)

    def ask(self) -> None:
        """Ask for a file of gene sets, and read it."""
        path = ask_gene_sets(self)
        if path is not None:
            self.read(path)

    def read(self, path: Path) -> None:
        """Read gene sets from a file."""
        python = f"read_gmt({str(path)!r})"
        done = partial(self.set_value, python=python)
        self._jobs.start(partial(_read_steps, path), done)

    def take(self, collection: Collection) -> None:
        """Take a collection, which is downloaded where it is not here and a person agrees."""
        if collection.is_here:
            self._fetch(collection)
            return
        size = partial(size_steps, [collection.remote])
        self._jobs.start(size, partial(self._agree, collection))

    def set_value(self, sets: GeneSets, python: str) -> None:
        """Use these sets from now on."""
        self.value, self.python = sets, python
        self.setText(sets.name)
        self.setToolTip(f"{TIP}\nNow: {len(sets.sets):,} sets of {sets.name}")
        self.changed.emit()

    def _agree(self, collection: Collection, size: int | None) -> None:
        if may_download(self._context.dock, collection, size):
            self._fetch(collection)

    def _fetch(self, collection: Collection) -> None:
        work = partial(collection_steps, collection)
        done = partial(self.set_value, python=f"read_gmt({str(collection.path)!r})")
        self._jobs.start(work, done)


def _read_steps(path: Path) -> Steps[GeneSets]:
    yield Progress(f"reading {path.name}", 0, 1)
    return read_gmt(path)
