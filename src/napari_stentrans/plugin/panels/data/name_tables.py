"""NameTables: a menu that fetches a table of gene names, or takes one that a person has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_stentrans import hgnc
from napari_stentrans.downloads import size_steps
from napari_stentrans.gene_table import HGNC_PAGE, GeneTable
from napari_stentrans.hgnc import HGNC_TERMS, fetch_hgnc_steps
from napari_stentrans.known_gene_tables import folder, keep_table, kept_tables
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.widgets.dialogs import ask_gene_table, may_download
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

TITLE = "Gene names"
FETCH = (
    "Symbols for Ensembl ids, and other names: HER2 finds ERBB2.\n"
    f"From {HGNC_PAGE}; downloaded once, after asking"
)
GIVE = (
    "A text file with a column of symbols and others of ids or other names: of HGNC, MGI "
    "(MRK_List2.rpt), NCBI (gene_info) or BioMart. What is needed of it is kept"
)


class Offer(NamedTuple):
    """What is downloaded, for the question before."""

    title: str
    page: str
    licence: str
    folder: Path


class NameTables(Menu):
    """The menu; it lists the tables that are known.

    ``prepare`` starts a job and calls back with its result; ``known`` is called with a table, once
    the genes of all ``sections`` are indexed by it.
    """

    def __init__(
        self,
        parent: QWidget,
        prepare: Callable[[Callable[[], Steps[Any]], str, Callable[[Any], None]], None],
        sections: Callable[[], Iterable[Section]],
        known: Callable[[GeneTable], None],
    ) -> None:
        super().__init__(parent, TITLE)
        self._parent, self._prepare = parent, prepare
        self._sections, self._known = sections, known
        self.fetch = self.add("Download HGNC's table (human)…", self.download, FETCH)
        self.give = self.add("Use a table…", self.ask, GIVE)
        self.here = self.add("", None)
        self.aboutToShow.connect(self._list)

    def download(self) -> None:
        size = partial(size_steps, [hgnc.HGNC])
        self._prepare(size, "Looking for the table of gene names", self._if_wanted)

    def ask(self) -> None:
        path = ask_gene_table(self._parent)
        if path is not None:
            self._start(partial(_keep_steps, path), f"Reading {path.name}")

    def _if_wanted(self, size: int | None) -> None:
        offer = Offer("HGNC's table of human genes", HGNC_PAGE, HGNC_TERMS, folder())
        if may_download(self._parent, offer, size):
            self._start(fetch_hgnc_steps, "Downloading the table of gene names")

    def _start(self, fetch: Callable[[], Steps[GeneTable]], doing: str) -> None:
        self._prepare(partial(_take_steps, fetch, list(self._sections())), doing, self._known)

    def _list(self) -> None:
        said = ", ".join(path.stem for path in kept_tables())  # they are not read for this
        self.here.setText(f"Known: {said}" if said else "None is known yet")


def _keep_steps(path: Path) -> Steps[GeneTable]:
    yield Progress("reading the table of gene names", 0, 1)
    return keep_table(path)


def _take_steps(
    fetch: Callable[[], Steps[GeneTable]], sections: Sequence[Section]
) -> Steps[GeneTable]:
    """Get a table, and index the genes of what is open anew."""
    table = yield from fetch()
    for section in sections:
        yield Progress("finding the other names of genes", 0, 1)
        GeneIndex.of(section)
    return table
