"""ExportPage: what to save, of which genes, in which format; says before what cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.jobs.copying import copy_text
from napari_stentrans.plugin.models.export_request import KINDS, ExportRequest
from napari_stentrans.plugin.models.export_words import Asked, about, why_not
from napari_stentrans.plugin.models.paper import paper_script
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.plugin.panels.export.paper_choices import PaperChoices
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.widgets.make import choice, laid, offer
from napari_stentrans.plugin.widgets.panel import OneLine, allow, button, called, keep_room, words

if TYPE_CHECKING:
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.export_request import ExportContext, Extra, Kind, What
    from napari_stentrans.plugin.models.gene_names import Listed

EXTRAS: dict[Extra, tuple[str, str]] = {
    "std": ("Uncertainty", "Add the standard deviation of each value"),
    "provenance": (
        "Where values come from",
        "Add a map of where values come from: measured, filled or added",
    ),
    "image": ("Tissue image", "Draw the maps over the tissue image"),
}
AT_WISH: tuple[What, ...] = ("session", "paper")
"""What is never proposed."""
LINES = 6  # of words, whose room is kept: no button moves when some go
BUSY = "Wait until what is going on has ended, or cancel it, and save then."
SAVING = "Being written; Cancel leaves no half a file."
NOTHING = "Open a section first."


class ExportPage(Following, Page):
    """Widgets over an ExportRequest: ``value``, ``setValue``; Save is on when it can be written."""

    title = "Export"
    tip = "Save results, figures, lost regions, and all that you did"

    saveWanted = Signal(object)  # an ExportRequest

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._stock: ExportContext | None = None
        self._listed: Listed | None = None
        self._wishes: dict[What, ExportRequest] = {}
        self._picked = False
        self.kinds = {
            what: called(QRadioButton(kind.title), kind.title, kind.about)
            for what, kind in KINDS.items()
        }
        self.reasons = {what: OneLine(f"why not: {kind.title}") for what, kind in KINDS.items()}
        self.which = choice("which genes", "Genes that are written", least=10)
        self.these = QLineEdit()
        self.these.setAccessibleName("names of genes")
        self.these.setPlaceholderText("Names with commas between them")
        self.these.setToolTip("Names or ids of genes, with commas or spaces between them")
        self.formats = choice("format", "Which programs can read it", least=10)
        self.extras = {name: QCheckBox(text) for name, (text, _) in EXTRAS.items()}
        for name, box in self.extras.items():
            box.setAccessibleName(EXTRAS[name][0])
            box.setToolTip(EXTRAS[name][1])
        self.paper = PaperChoices(self._check)
        self.words = words("what will be in it")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.save = button("Save…", "Choose a name and a folder, and write it", self._on_save)
        self.copy = button("Copy as Python", "Copy a script that draws it", self._on_copy)
        self._lay_out()
        group = QButtonGroup(self)
        for made in self.kinds.values():
            made.setAccessibleName(made.text())
            group.addButton(made)
        self.kinds["everything"].setChecked(True)
        self._list_genes()
        self._show_kind()
        group.buttonToggled.connect(lambda _, on: self._show_kind() if on else None)
        group.buttonClicked.connect(self._on_picked)
        self.formats.currentIndexChanged.connect(self._check)
        self.which.currentIndexChanged.connect(self._check)
        self.which.activated.connect(self._on_which)
        self.these.textChanged.connect(self._check)
        context.follow(self)
        context.phaseChanged.connect(self._check)
        context.unsavedChanged.connect(self._show_unsaved)

    def set_layers(self, layers: SectionLayers | None) -> None:
        self._picked = self._picked and layers is self.layers  # of another section
        super().set_layers(layers)

    def value(self) -> ExportRequest:
        extras = frozenset(
            name
            for name, box in self.extras.items()
            if name in self.kind.extras and box.isChecked() and box.isEnabled()
        )
        genes = None if self._listed is None else self._listed.names
        ending, paper = self.formats.currentData(), self.paper.value()
        return ExportRequest(self.what, ending, genes, extras, paper)

    def setValue(self, wish: ExportRequest) -> None:
        """Show a wish: what, format and extras; which genes follows from what it is."""
        self.kinds[wish.what].setChecked(True)
        self._show_kind()
        self.formats.setCurrentIndex(max(self.formats.findData(wish.ending), 0))
        for name, box in self.extras.items():
            box.setChecked(name in wish.extras and box.isEnabled())
        if wish.what == "paper":
            self.paper.setValue(wish.paper)

    def choose(self, what: What | None = None) -> None:
        """Choose what to save, as it was saved last; what is there if nothing is wanted."""
        if what is not None:
            self._picked = True
            self._choose(what)
        self._catch_up()
        self.kinds[self.what].setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Catch up where it is seen; else that is done when it is shown."""
        if self.isVisible():
            self._catch_up()

    def _catch_up(self) -> None:
        """Show what there is to be saved now; what a person has chosen stays."""
        self._stock = self.context.stock()
        for what, made in self.kinds.items():
            reason = self._why_not(what)
            made.setEnabled(not reason)
            made.setToolTip(reason or KINDS[what].about)
            made.setAccessibleDescription(made.toolTip())
            self.reasons[what].setText(reason if self._stock else "")
        self._list_genes()
        self.paper.offer(self._stock)
        first: list[What] = ["everything", *(one for one in KINDS if one not in AT_WISH)]
        likely = next((one for one in first if not self._why_not(one)), self.what)
        if likely != self.what and (not self._picked or self._why_not(self.what)):
            self._choose(likely)
        self._allow_extras()
        self._check()

    def _show_unsaved(self, parts: list[str]) -> None:
        self.save.setText(f"Save… {MARK}" if parts else "Save…")
        self.refresh()

    def _why_not(self, what: What) -> str:
        return NOTHING if self._stock is None else self._stock.why_not(what)

    def _choose(self, what: What) -> None:
        first = ExportRequest(what, next(iter(KINDS[what].formats)))
        self.setValue(self._wishes.get(what, first))

    def _on_save(self) -> None:
        wish, self._picked = self.value(), True
        self._wishes[wish.what] = wish
        self.saveWanted.emit(wish)

    def _on_copy(self) -> None:
        """Copy a script that draws the figure."""
        wish, stock, message = self.value(), self._stock, self.context.message
        if stock is None or self.layers is None:
            return
        genes, image = list(wish.genes or ()), "image" in wish.extras
        try:
            script = paper_script(stock, wish.paper, genes, wish.ending, image, self.layers.model)
        except StentransError as error:
            message.show_message(str(error))
        else:
            copy_text(message, script, "Python")

    @property
    def what(self) -> What:
        return next(what for what, made in self.kinds.items() if made.isChecked())

    @property
    def kind(self) -> Kind:
        return KINDS[self.what]

    # ---- what follows from what

    def _show_kind(self) -> None:
        """Offer the formats, genes and extras of what is to be saved."""
        kind = self.kind
        offer(self.formats, kind.formats)
        self._form.setRowVisible(self.which, kind.by_gene)
        self._form.setRowVisible(self._extras_row, bool(kind.extras))
        self.paper.show_in(self._form, self.what == "paper")
        self.copy.setVisible(self.what == "paper")
        for name, box in self.extras.items():
            box.setVisible(name in kind.extras)
        self.which.setCurrentIndex(self.which.findData("shown" if kind.most_genes else "all"))
        self._allow_extras()
        self._check()

    def _allow_extras(self) -> None:
        image = self._stock is not None and bool(self._stock.section.images)
        allow(self.extras["image"], image, EXTRAS["image"][1], "This section has no image")

    def _check(self) -> None:
        """Find the genes, and say what will be in the file or why it cannot be written."""
        which, stock = self.which.currentData(), self._stock
        self._form.setRowVisible(self.these, self.kind.by_gene and which == "these")
        self._listed = None
        if stock is not None and self.kind.by_gene and which != "all":
            self._listed = stock.genes(which, self.these.text())
        problem = NOTHING
        if stock is not None:
            ending = self.formats.currentData() or ""
            asked = Asked(self.what, ending, which, self.these.text())
            problem = why_not(stock, asked, self._listed) if self.context.phase.idle else BUSY
        for made in (self.save, self.copy):
            made.setEnabled(not problem)
        said = f"⚠ {problem}" if problem else about(stock, self.what, self._listed)
        if self.context.phase is Phase.SAVING:
            said = SAVING
        self.words.setText(said)
        self.words.setAccessibleDescription(said)

    def _list_genes(self) -> None:
        """Offer the lists of genes that there are, the one that was chosen still chosen."""
        offered = {"all": "All genes", "shown": "The gene shown"}
        stock = self._stock
        if stock is not None:
            n = 0 if stock.result is None else len(stock.result.genes)
            offered["all"] = f"All genes ({n:,})" if n != 1 else "The gene of this run"
            offered["shown"] = f"The gene shown ({stock.label(stock.shown)})"
            if stock.favourites:
                offered["favourites"] = f"Favourites ({len(stock.favourites):,})"
            if stock.mine:
                offered["mine"] = f"My list ({len(stock.mine):,})"
        offer(self.which, {**offered, "these": "These genes"}, self.which.currentData())

    def _on_picked(self) -> None:
        self._picked = True

    def _on_which(self) -> None:
        if self.these.isVisible():
            self.these.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- Qt

    def _lay_out(self) -> None:
        left = Qt.AlignmentFlag.AlignLeft
        kinds = QGridLayout()
        kinds.setVerticalSpacing(4)
        kinds.setColumnStretch(1, 1)
        for row, what in enumerate(KINDS):
            kinds.addWidget(self.kinds[what], row, 0, left)
            kinds.addWidget(self.reasons[what], row, 1)
        self._choices, self._extras_row = QWidget(), QWidget()
        extras = laid(QVBoxLayout(self._extras_row), spacing=2)
        for box in self.extras.values():
            extras.addWidget(box, 0, left)
        self._form = QFormLayout(self._choices)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setContentsMargins(0, 8, 0, 4)
        self._form.addRow("Genes", self.which)
        self._form.addRow("", self.these)
        self._form.addRow("Format", self.formats)
        self.paper.add_to(self._form)
        self._form.addRow("With", self._extras_row)
        self.rows.addLayout(kinds)
        self.rows.addWidget(self._choices)
        self.rows.addWidget(self.words)
        buttons = laid(QHBoxLayout(), self.copy, self.save, spacing=6)
        buttons.insertStretch(0, 1)
        self.rows.addLayout(buttons)

    def showEvent(self, event: Any) -> None:
        """Catch up with what was done meanwhile."""
        super().showEvent(event)
        line, box = self.which.sizeHint().height() + 8, self.extras["std"].sizeHint().height() + 4
        most = max(3 * (line + box), 5 * line + box)  # no button moves when rows go
        self._choices.setMinimumHeight(most + 16)
        self.words.setMinimumHeight(LINES * self.words.fontMetrics().lineSpacing())
        keep_room(self.save, f"Save… {MARK}")
        self._catch_up()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.save.isEnabled():
            self.save.click()
        else:
            super().keyPressEvent(event)
