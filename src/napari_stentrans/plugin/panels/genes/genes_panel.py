"""Genes: find them, walk through lists of them, lay them over each other, choose their look.

A row of the bar above the canvas.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget
from superqt.utils import QSignalDebouncer

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.gene_lists import NO_TABLE
from napari_stentrans.plugin.models.gene_names import Listed, parse, read_list
from napari_stentrans.plugin.models.maps import SUMS
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.genes.gene_list import GenePopup
from napari_stentrans.plugin.panels.genes.look_form import LookButton
from napari_stentrans.plugin.panels.genes.overlay_line import OverlayLine
from napari_stentrans.plugin.widgets.bound import bind
from napari_stentrans.plugin.widgets.make import laid, tool
from napari_stentrans.plugin.widgets.panel import allow
from napari_stentrans.plugin.widgets.throttle import timer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.gene_index import GeneIndex
    from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
    from napari_stentrans.progress import Progress

DWELL_MS = 1500  # a gene that is looked at for so long counts as recent
PAUSE_MS = 300  # after so long a pause in typing, a gene is drawn whose name is typed out
RANKED = ("spatial", "changed")  # lists whose first genes are what was asked for
DOWN = "Show the lists of genes: all, most spatial, favourites, your own"
MANY = "Many genes at once: up to nine of the list beside each other, over the canvas"
MOST_SIMILAR = 5  # genes that are named where there is none of a name


class GenesPanel(Following, QWidget):
    """Search, star, overlay and look of the genes of one section in a row; lists open below it.

    Parameters
    ----------
    search
        The line to search with; the panel takes it in.
    context
        Has the lists of genes.
    """

    geneChosen = Signal(str)
    """Name of a gene, or of a sum over all genes, that is to be shown at once."""
    manyWanted = Signal(bool)  # many genes of the list are to be seen at once, or one again
    failed = Signal(str)  # something could not be read; in words

    def __init__(self, search: GeneSearch, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("Genes")
        self._listed_of: object = None
        self.search, self.rankings, self._lists = search, context.rankings, context.app.lists
        self.kept = self._lists.kept
        self._lists.restored.connect(self._on_restored)
        self._dwell = timer(self, self._visit, DWELL_MS)
        self._pause = QSignalDebouncer(parent=self)
        self._pause.setTimeout(PAUSE_MS)
        self._pause.triggered.connect(self._on_pause)
        self._lay_out()
        self._connect()

    def set_layers(self, layers: SectionLayers | None) -> None:
        if self.layers is not layers:
            self._lists.query, self._lists.mine = "", None
            self._pause.cancel()
            self.rankings.stop()
        super().set_layers(layers)
        self.overlay.show_of(self.model)
        if layers is None:
            self.popup.close_up()
        self._fill()

    def refresh(self) -> None:
        model = self.model
        if model is None:
            return
        shown = model.maps.shown
        self.list.mark(shown)
        if shown != self.search.gene:  # else what is being typed would go
            self.search.set_gene(shown)
        self.star.setText("★" if shown in self.kept.favourites else "☆")
        self.star.setChecked(shown in self.kept.favourites)
        self.look_button.show_of(model)
        self.overlay.show_of(model)
        self._dwell.start()
        self.popup.offer_changed(model.enhancement is not None)
        if self.which() == "changed" and self._listed_of is not model.enhancement:
            self._fill()

    def _on_restored(self, problem: str) -> None:
        self._complain(problem)
        if self.lists.findData(self._lists.which) >= 0:
            self.choose_list(self._lists.which)
        self._fill()
        self.refresh()

    def shut_down(self) -> None:
        """Stop what runs, and write what is kept."""
        self.rankings.stop()
        if self._dwell.isActive():
            self._dwell.stop()
            self._visit()
        self._pause.cancel()
        self.set_layers(None)
        self.popup.shut_down()
        self.look_button.box.shut_down()

    def page(self) -> tuple[Sequence[str], int]:
        """Genes of the list, and the position of the one that they are to be shown from.

        Lists begin with what was asked for; all genes go on from the one that is shown.
        """
        names = [name for name in self.list.names() if name not in SUMS]
        every = self.which() == "search" and not self._lists.query.strip()
        return names, names.index(self._shown) if every and self._shown in names else 0

    # ---- lists

    @property
    def _shown(self) -> str:
        return "" if self.model is None else self.model.maps.shown

    def _exact(self, typed: str) -> str | None:
        return self._lists.exact(typed, self.search.index)

    def _fill(self) -> None:
        """Fill the list anew; the gene that is shown is marked where it is listed."""
        model = self.model
        if model is None:
            return
        which = self.which()
        self._listed_of, self._lists.which = model.enhancement, which
        found = self._lists.contents(which, model, self.search.index)
        self.list.set_genes(found.names, found.notes, self._shown, follows=which not in RANKED)
        self.popup.say(found.said)
        for made in (self.many, self.popup.many):
            allow(made, self.list.genes.rowCount() > 0, MANY, "The list is empty.")
        self.popup.own.setVisible(which == "mine")

    def _on_step(self, step: Progress) -> None:
        if self.which() in RANKED:
            self.popup.say(f"{step.stage[:1].upper()}{step.stage[1:]} … {step.fraction:.0%}")

    def _on_searched(self, query: str) -> None:
        self._lists.query = query
        if self.which() == "search":
            self._fill()
        else:
            self.choose_list("search")
        if query.strip():
            self.list.mark(self._exact(query) or "")
        self._pause.throttle()

    def _on_pause(self) -> None:
        """Draw the gene that is typed out, or that only one name begins like."""
        typed = self.search.edit.text()
        name = self.search.index.meant(typed)
        if name is not None and self.model is not None and name != self._shown:
            self.search.gene = name  # what is typed stays: more may be typed
            self.geneChosen.emit(name)
            if self._exact(typed) is None:
                label = self.search.index.label(name)
                self.popup.say(f"{label} is shown, the only name that begins so.")

    def _on_entered(self) -> None:
        """Show the gene whose name or id is typed; never another."""
        typed, index = self.search.edit.text().strip(), self.search.index
        name = self._exact(typed)
        if name is None and typed and index.meant(typed) == self._shown:
            name = self._shown or None
        if name is not None:
            self._take(name)
            self.popup.say(index.said_of(typed))
            self.search.edit.selectAll()
            self.popup.close_up()
        elif typed:
            self._on_searched(typed)
            self._pause.cancel()
            self.popup.say(not_here(typed, index, self.list.names()[:MOST_SIMILAR]))

    def _take(self, name: str) -> None:
        """Show a gene that was confirmed; it counts as looked at."""
        self._pause.cancel()
        self.geneChosen.emit(name)
        if self._lists.query:  # what was typed has been found: the list is whole again
            self._lists.query = ""
            self._fill()
        if self.model is not None:
            self.search.set_gene(self._shown)  # also where it was shown already
        self._visit()

    def _visit(self) -> None:
        if self.model is not None:
            self.kept.visit(self._shown)
            self._complain(self.kept.save())

    def step(self, by: int) -> None:
        self._pause.cancel()
        self.list.step(by)

    def read_text(self, text: str) -> None:
        self._show_mine(parse(text, self.search.index))

    def read_file(self, path: Path) -> None:
        try:
            self._show_mine(read_list(path, self.search.index))
        except ReadError as error:
            self.failed.emit(str(error))

    def _show_mine(self, listed: Listed) -> None:
        self._lists.mine = listed
        self.choose_list("mine")
        self._fill()

    def toggle_favourite(self, name: str = "") -> None:
        """Make a gene a favourite, or no longer: the one that is shown where none is given."""
        if self.model is not None:
            problem = self.kept.toggle_favourite(name or self._shown)
            self.list.genes.restar(name or self._shown)
            if self.which() == "favourites":
                self._fill()
            self.refresh()
            self._complain(problem)

    def _complain(self, problem: str) -> None:
        if problem:
            self.failed.emit(problem)

    # ---- Qt

    def _lay_out(self) -> None:
        least, star = (22, 24), with_keys("Favourite: keep this gene in a list", "genes.favourite")
        self.down = tool("▾", DOWN, "lists of genes", checkable=True, least=least)
        self.star = tool("☆", star, "favourite", self.toggle_favourite, checkable=True, least=least)
        self.star.setStyleSheet("QToolButton:checked {color: #e69f00; background: transparent;}")
        self.many = tool("", MANY, "many genes at once", checkable=True, least=least)
        self.overlay, self.look_button = OverlayLine(), LookButton()
        self.popup = GenePopup(self.kept, self.search, self.down)
        self.list, self.lists, self.words = self.popup.list, self.popup.lists, self.popup.words
        self.which, self.choose_list = self.popup.which, self.popup.choose
        tools = (self.down, self.star, self.overlay, self.many, self.look_button)
        laid(QHBoxLayout(self), (self.search, 1), *tools, spacing=3)

    def _connect(self) -> None:
        search, listed, popup = self.search, self.list, self.popup
        for signal, do in (
            (search.searched, self._on_searched),
            (search.wanted, popup.open),
            (search.closed, popup.close_up),
            (search.stepped, self.step),
            (search.entered, self._on_entered),
            (search.listPasted, self.read_text),
            (listed.moved, self.geneChosen),
            (listed.taken, self._take),
            (listed.starred, self.toggle_favourite),
            (listed.typed, search.type_in),
            (listed.textGiven, self.read_text),
            (listed.fileGiven, self.read_file),
            (popup.toggled, self.down.setChecked),
            (popup.many.clicked, partial(self._on_many, True)),
            (self.lists.currentIndexChanged, self._fill),
            (self.down.clicked, self._on_down),
            (self.many.clicked, self._on_many),
            (self.overlay.over.clicked, self._focus_search),
            (self.rankings.progressed, self._on_step),
            (self.rankings.found, self._fill),
            (self.rankings.failed, self.failed),
        ):
            signal.connect(do)
        actions: dict[str, Callable[[], object]] = {
            "genes.search": self._focus_search,
            "genes.next": partial(self.step, 1),
            "genes.previous": partial(self.step, -1),
            "genes.favourite": self.toggle_favourite,
            "genes.lay_over": self._lay_over,
        }
        bind(self, actions)

    def _lay_over(self) -> None:
        self.overlay.lay_over()
        self._focus_search()

    def _focus_search(self) -> None:
        if self.isEnabled():
            self.search.edit.setFocus()
            self.search.edit.selectAll()
            self.popup.open()

    def _on_down(self, on: bool) -> None:
        (self._focus_search if on else self.popup.close_up)()

    def _on_many(self, on: bool, *_: bool) -> None:
        self.popup.close_up()
        self.manyWanted.emit(on)


def not_here(typed: str, index: GeneIndex, similar: Sequence[str]) -> str:
    """Say that no gene is called so, and which may be meant."""
    said = index.said_of(typed) or index.hint(typed).strip()
    if said:
        return said if " may be " in said else f"No {typed} here. {said}"
    if similar:
        return f"No {typed} here. Similar: {', '.join(map(index.label, similar))}"
    more = "" if index.knows_others else f" {NO_TABLE}"
    return f"No {typed} here. No name is similar to it.{more}"
