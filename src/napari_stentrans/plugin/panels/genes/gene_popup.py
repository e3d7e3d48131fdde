"""GenePopup: the list of genes that opens below the search, and which of the lists it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_stentrans.plugin.models.gene_lists import LISTS
from napari_stentrans.plugin.panels.genes.gene_list import ROWS_SHOWN, GeneList
from napari_stentrans.plugin.widgets.drop_down import DropDown
from napari_stentrans.plugin.widgets.panel import button, in_row, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.models.gene_lists import ListName

TIP_ROLE = Qt.ItemDataRole.ToolTipRole


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
    """

    def __init__(
        self, *owners: QWidget, is_favourite: Callable[[str], bool], label: Callable[[str], str]
    ) -> None:
        super().__init__("lists of genes", *owners, width=320)
        self.lists = QComboBox()
        self.lists.setAccessibleName("list of genes to show")
        self.lists.setToolTip("Which genes are listed below")
        for which, (title, tip) in LISTS.items():
            self.lists.addItem(title, which)
            self.lists.setItemData(self.lists.count() - 1, tip, TIP_ROLE)
        self.list = GeneList(is_favourite, label)
        self.words = words("about the list of genes")
        self.paste = button("Paste", "Take a list of genes from the clipboard")
        self.open_list = button("Open list…", "Read a list of genes from a CSV or TXT file")
        self.many = button("Many genes at once", "")
        self.rows.addLayout(in_row(self.lists))
        self.rows.addWidget(self._listing())
        self.rows.addWidget(self.many)
        self.guard()

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
            title, tip = LISTS["changed"]
            at = self.lists.findData("spatial") + 1
            self.lists.insertItem(at, title, "changed")
            self.lists.setItemData(at, tip, TIP_ROLE)
        elif not on and at >= 0:
            self.lists.removeItem(at)  # the one before it is shown, where this one was

    def say(self, text: str) -> None:
        """Say something of the list, below it."""
        self.words.setText(text)
        self.words.setVisible(bool(text))

    def offer_own(self, on: bool) -> None:
        """Let a list of one's own be given."""
        for part in (self.paste, self.open_list):
            part.setVisible(on)

    def _listing(self) -> QWidget:
        """Lay out the list and what is said of it; it gives room, so that nothing else moves."""
        listing = QWidget()
        rows = QVBoxLayout(listing)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(5)
        rows.addWidget(self.list, 1)
        rows.addWidget(self.words)
        rows.addLayout(in_row(self.paste, self.open_list))
        listing.setFixedHeight(self.list.height_of(ROWS_SHOWN))
        return listing
