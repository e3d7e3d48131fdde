"""Genes: find them, walk through lists of them, lay them over each other, choose their look.

A row of the bar above the canvas.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtWidgets import QToolButton, QWidget
from superqt.utils import QSignalDebouncer

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.actions import with_keys
from napari_stentrans.plugin.models.gene_lists import NO_TABLE
from napari_stentrans.plugin.models.gene_names import Listed, parse, read_list
from napari_stentrans.plugin.models.maps import SUMS
from napari_stentrans.plugin.panels.genes.gene_popup import GenePopup
from napari_stentrans.plugin.panels.genes.look_button import LookButton
from napari_stentrans.plugin.panels.genes.overlay_line import OverlayLine
from napari_stentrans.plugin.widgets.bound import bind
from napari_stentrans.plugin.widgets.panel import allow, in_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.gene_index import GeneIndex
    from napari_stentrans.plugin.models.gene_lists import ListName
    from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
    from napari_stentrans.progress import Progress

DWELL_MS = 1500
"""A gene that is looked at for so long counts as recent."""
PAUSE_MS = 300
"""After so long a pause in typing, a gene is drawn whose name is typed out."""
MANY = "Many genes at once: up to nine of the list beside each other, over the canvas"
MOST_SIMILAR = 5
"""Genes that are named where there is none of a name."""


class GenesPanel(QWidget):
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
    manyWanted = Signal(bool)
    """Many genes of the list are to be seen at once, or one again."""
    failed = Signal(str)
    """Something could not be read; in words."""

    def __init__(self, search: GeneSearch, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("Genes")
        self._layers: SectionLayers | None = None
        self._listed_of: object = None
        self.search, self.rankings, self._lists = search, context.rankings, context.app.lists
        self.kept = self._lists.kept
        self._lists.restored.connect(self._on_restored)
        self.down = _tool("▾", "Show the lists of genes: all, most spatial, favourites, your own")
        self.down.setAccessibleName("lists of genes")
        self.popup = GenePopup(
            search.edit,
            self.down,
            is_favourite=lambda name: name in self.kept.favourites,
            label=lambda name: search.index.label(name),
        )
        self.list, self.lists, self.words = self.popup.list, self.popup.lists, self.popup.words
        self._dwell = QTimer(self)
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(DWELL_MS)
        self._dwell.timeout.connect(self._visit)
        self._pause = QSignalDebouncer(parent=self)
        self._pause.setTimeout(PAUSE_MS)
        self._pause.triggered.connect(self._on_pause)
        self._lay_out()
        self._connect()
        self.set_layers(None)

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Show the genes of this section from now on."""
        if self._layers is not None:
            self._layers.drawn.disconnect(self.refresh, missing_ok=True)
        if self._layers is not layers:
            self._lists.query, self._lists.mine = "", None
            self._pause.cancel()
            self.rankings.stop()
        self._layers = layers
        if layers is None:
            self.popup.close_up()
        else:
            layers.drawn.connect(self.refresh)
            self._fill()
        self.overlay.set_layers(layers)
        self.refresh()

    def refresh(self) -> None:
        """Show what is shown of the genes, and how."""
        layers = self._layers
        if layers is None:
            return
        shown = layers.maps.shown
        self.list.mark(shown)
        if shown != self.search.gene():  # else what is being typed would go
            self.search.set_gene(shown)
        self.star.setText("★" if shown in self.kept.favourites else "☆")
        self.star.setChecked(shown in self.kept.favourites)
        self.look_button.show_look(layers)
        self.overlay.refresh()
        self._dwell.start()
        self.popup.offer_changed(layers.enhancement is not None)
        if self.which() == "changed" and self._listed_of is not layers.enhancement:
            self._fill()

    def which(self) -> ListName:
        """Name of the list that is shown."""
        return self.popup.which()

    def choose_list(self, which: ListName | str) -> None:
        """Show another list; KeyError when there is no such list."""
        self.popup.choose(which)

    def _on_restored(self, problem: str) -> None:
        """Show the lists of a session."""
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
        shown = "" if self._layers is None else self._layers.maps.shown
        every = self.which() == "search" and not self._lists.query.strip()
        return names, names.index(shown) if every and shown in names else 0

    # ---- lists

    def _fill(self) -> None:
        """Fill the list anew; the gene that is shown is marked where it is listed."""
        layers = self._layers
        if layers is None:
            return
        self._listed_of, self._lists.which = layers.enhancement, self.which()
        found = self._lists.contents(self.which(), layers.model, self.search.index)
        ranked = self.which() in ("spatial", "changed")  # the first are what was asked for
        self.list.set_genes(found.names, found.notes, layers.maps.shown, follows=not ranked)
        self.popup.say(found.said)
        self._allow_many()
        self.popup.offer_own(self.which() == "mine")

    def _allow_many(self) -> None:
        for made in (self.many, self.popup.many):
            allow(made, self.list.genes.rowCount() > 0, MANY, "The list is empty.")

    def _on_step(self, step: Progress) -> None:
        if self.which() in ("spatial", "changed"):
            self.popup.say(f"{step.stage[:1].upper()}{step.stage[1:]} … {step.fraction:.0%}")

    def _on_searched(self, query: str) -> None:
        self._lists.query = query
        if self.which() == "search":
            self._fill()
        else:
            self.choose_list("search")
        if query.strip():
            self.list.mark(self._lists.exact(query, self.search.index) or "")
        self._pause.throttle()

    def _on_pause(self) -> None:
        """Draw the gene that is typed out, or that only one name begins like."""
        name = self.search.index.meant(self.search.edit.text())
        if name is not None and self._layers is not None and name != self._layers.maps.shown:
            self.search.set_gene_quietly(name)  # more may be typed
            self.geneChosen.emit(name)
            if self._lists.exact(self.search.edit.text(), self.search.index) is None:
                label = self.search.index.label(name)
                self.popup.say(f"{label} is shown, the only name that begins so.")

    def _on_entered(self) -> None:
        """Show the gene whose name or id is typed; never another."""
        typed = self.search.edit.text().strip()
        name = self._lists.exact(typed, self.search.index)
        if name is None and self._layers is not None and typed:
            shown = self._layers.maps.shown
            name = shown if self.search.index.meant(typed) == shown else None
        if name is not None:
            self._take(name)
            self.search.edit.selectAll()
            self.popup.close_up()
        elif typed:
            self._on_searched(typed)
            self._pause.cancel()
            self.popup.say(not_here(typed, self.search.index, self.list.names()[:MOST_SIMILAR]))

    def _take(self, name: str) -> None:
        """Show a gene that was confirmed; it counts as looked at."""
        self._pause.cancel()
        self.geneChosen.emit(name)
        if self._layers is not None:
            self.search.set_gene(self._layers.maps.shown)  # also where it was shown already
        self._visit()

    def _visit(self) -> None:
        """Count the gene that is shown as looked at."""
        if self._layers is None:
            return
        self.kept.visit(self._layers.maps.shown)
        self._complain(self.kept.save())

    def step(self, by: int) -> None:
        """Show the next gene of the list, or one before."""
        self._pause.cancel()
        self.list.step(by)

    def read_text(self, text: str) -> None:
        """Show the genes that a text lists."""
        self._show_mine(parse(text, self.search.index))

    def read_file(self, path: Path) -> None:
        """Show the genes that a file lists."""
        try:
            self._show_mine(read_list(path, self.search.index))
        except ReadError as error:
            self.failed.emit(str(error))

    def _show_mine(self, listed: Listed) -> None:
        self._lists.mine = listed
        self.choose_list("mine")
        self._fill()

    # ---- stars

    def toggle_favourite(self, name: str = "") -> None:
        """Make a gene a favourite, or no longer: the one that is shown where none is given."""
        if self._layers is None:
            return
        name = name or self._layers.maps.shown
        problem = self.kept.toggle_favourite(name)
        self.list.genes.restar(name)
        if self.which() == "favourites":
            self._fill()
        self.refresh()
        self._complain(problem)

    def _complain(self, problem: str) -> None:
        if problem:
            self.failed.emit(problem)

    # ---- Qt

    def _lay_out(self) -> None:
        self.star = _tool("☆", with_keys("Favourite: keep this gene in a list", "genes.favourite"))
        self.star.setAccessibleName("favourite")
        self.star.setStyleSheet("QToolButton:checked {color: #e69f00; background: transparent;}")
        self.overlay = OverlayLine()
        self.many = _tool("", MANY)
        self.many.setAccessibleName("many genes at once")
        self.look_button = LookButton()
        row = in_row(self.search, self.down, self.star, self.overlay, self.many, self.look_button)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.setStretchFactor(self.overlay, 0)
        self.setLayout(row)

    def _connect(self) -> None:
        self.search.searched.connect(self._on_searched)
        self.search.wanted.connect(self.popup.open)
        self.search.closed.connect(self.popup.close_up)
        self.search.stepped.connect(self.step)
        self.search.entered.connect(self._on_entered)
        self.search.listPasted.connect(self.read_text)
        self.list.moved.connect(self.geneChosen)
        self.list.taken.connect(self._take)
        self.list.starred.connect(self.toggle_favourite)
        self.list.typed.connect(self.search.type_in)
        self.popup.textGiven.connect(self.read_text)
        self.popup.fileGiven.connect(self.read_file)
        self.lists.currentIndexChanged.connect(self._fill)
        self.popup.toggled.connect(self.down.setChecked)
        self.down.clicked.connect(self._on_down)
        self.many.clicked.connect(self._on_many)
        self.popup.many.clicked.connect(lambda: self._on_many(True))
        self.star.clicked.connect(lambda: self.toggle_favourite())
        self.rankings.progressed.connect(self._on_step)
        self.rankings.found.connect(self._fill)
        self.rankings.failed.connect(self.failed)
        bind(
            self,
            {
                "genes.search": self._focus_search,
                "genes.next": partial(self.step, 1),
                "genes.previous": partial(self.step, -1),
                "genes.favourite": self.toggle_favourite,
                "genes.lay_over": self._lay_over,
            },
        )
        self.overlay.over.clicked.connect(self._focus_search)

    def _lay_over(self) -> None:
        self.overlay.lay_over()
        self._focus_search()

    def _focus_search(self) -> None:
        """Let another gene be typed."""
        if self.isEnabled():
            self.search.edit.setFocus()
            self.search.edit.selectAll()
            self.popup.open()

    def _on_down(self, on: bool) -> None:
        (self._focus_search if on else self.popup.close_up)()

    def _on_many(self, on: bool) -> None:
        self.popup.close_up()
        self.manyWanted.emit(on)


def _tool(text: str, tip: str) -> QToolButton:
    tool = QToolButton()
    tool.setText(text)
    tool.setToolTip(tip)
    tool.setCheckable(True)
    tool.setMinimumSize(QSize(22, 24))
    return tool


def not_here(typed: str, index: GeneIndex, similar: Sequence[str]) -> str:
    """Say that no gene is called so, and which may be meant."""
    said = index.said_of(typed) or index.hint(typed).strip()
    if said:
        return said if " may be " in said else f"No {typed} here. {said}"
    if similar:
        return f"No {typed} here. Similar: {', '.join(map(index.label, similar))}"
    more = "" if index.knows_others else f" {NO_TABLE}"
    return f"No {typed} here. No name is similar to it.{more}"
