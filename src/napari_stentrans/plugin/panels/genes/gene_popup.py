"""GenePopup: the list of genes that opens below the search, and which of the lists it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_stentrans.plugin.models.gene_lists import LISTS
from napari_stentrans.plugin.panels.genes.gene_list import ROWS_SHOWN, GeneList
from napari_stentrans.plugin.panels.genes.gene_search import clipboard
from napari_stentrans.plugin.widgets.dialogs import ask_gene_list
from napari_stentrans.plugin.widgets.drop_down import DropDown
from napari_stentrans.plugin.widgets.make import TIP_ROLE, choice, laid
from napari_stentrans.plugin.widgets.panel import button, in_row, row_of, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.models.gene_lists import ListName


class GenePopup(DropDown):
    """Shows one list of genes; what it holds is said by whoever fills it.

    Parameters
    ----------
    owners
        Where the keyboard may be while it is open; it opens below the first.
    is_favourite
        Whether a gene has a star.
    label
        What to show for a name.

    Attributes
    ----------
    own
        Buttons to give a list of one's own.
    """

    textGiven = Signal(str)
    """Text that lists genes was pasted or dropped."""
    fileGiven = Signal(object)
    """Path of a file that lists genes, which was chosen or dropped."""

    def __init__(
        self, *owners: QWidget, is_favourite: Callable[[str], bool], label: Callable[[str], str]
    ) -> None:
        super().__init__("lists of genes", *owners, width=320)
        tip = "Which genes are listed below"
        self.lists = choice("list of genes to show", tip, LISTS)
        self.list = GeneList(is_favourite, label)
        self.words = words("about the list of genes")
        self.paste = button("Paste", "Take a list of genes from the clipboard", self._paste)
        self.open_list = button(
            "Open list…", "Read a list of genes from a CSV or TXT file", self._open
        )
        self.own = row_of(self.paste, self.open_list)
        self.many = button("Many genes at once", "")
        listing = QWidget()  # gives room, so that nothing else moves
        laid(QVBoxLayout(listing), (self.list, 1), self.words, self.own, spacing=5)
        listing.setFixedHeight(self.list.height_of(ROWS_SHOWN))
        self.rows.addLayout(in_row(self.lists))
        self.rows.addWidget(listing)
        self.rows.addWidget(self.many)
        self.guard()
        self.list.pasted.connect(self._paste)
        self.list.textDropped.connect(self.textGiven)
        self.list.fileDropped.connect(self.fileGiven)

    def which(self) -> ListName:
        """Name of the list that is shown."""
        return self.lists.currentData()

    def choose(self, which: ListName | str) -> None:
        """Show another list.

        Raises
        ------
        KeyError
            When there is no such list.
        """
        at = self.lists.findData(which)
        if at < 0:
            there = (self.lists.itemData(i) for i in range(self.lists.count()))
            raise KeyError(f"no list {which!r}: there are {', '.join(there)}")
        self.lists.setCurrentIndex(at)

    def offer_changed(self, on: bool) -> None:
        """List what the run changed only where there is a run."""
        at = self.lists.findData("changed")
        if on and at < 0:
            at, (title, tip) = list(LISTS).index("changed"), LISTS["changed"]
            self.lists.insertItem(at, title, "changed")
            self.lists.setItemData(at, tip, TIP_ROLE)
        elif not on and at >= 0:
            self.lists.removeItem(at)  # the one before it is shown, where this one was

    def say(self, text: str) -> None:
        """Say something of the list, below it."""
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def _paste(self) -> None:
        self.textGiven.emit(clipboard())

    def _open(self) -> None:
        path = ask_gene_list(self)
        if path is not None:
            self.fileGiven.emit(path)
