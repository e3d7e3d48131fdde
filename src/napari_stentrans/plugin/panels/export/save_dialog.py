"""SaveDialog: what to save, of which genes, in which format; says before what cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_stentrans.plugin.models.export_request import (
    BYTES_PER_VALUE,
    KINDS,
    WORTH_SAYING,
    ExportRequest,
    missing_package,
    size_in_words,
)
from napari_stentrans.plugin.widgets.panel import button
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.export_request import (
        ExportContext,
        Extra,
        Kind,
        What,
        WhichGenes,
    )
    from napari_stentrans.plugin.models.gene_names import Listed

EXTRAS: dict[Extra, tuple[str, str]] = {
    "std": ("Uncertainty", "Add the standard deviation of each value"),
    "provenance": ("Provenance", "Add a map of where values come from: measured, filled or added"),
    "image": ("Tissue image", "Draw the maps over the tissue image"),
}
WIDTH = 460
MOST_NAMED = 5


class SaveDialog(QDialog):
    """Widgets over an ExportRequest: ``value``, ``setValue``; Save is on when it can be written.

    Parameters
    ----------
    parent
        Whose window it belongs to.
    stock
        What there is to be saved.
    """

    def __init__(self, parent: QWidget, stock: ExportContext) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save")
        self._stock = stock
        self._listed: Listed | None = None
        self._make_kinds()
        self._make_genes()
        self.formats = QComboBox()
        self.formats.setAccessibleName("format")
        self.formats.setToolTip("Which programs can read it")
        self.formats.currentIndexChanged.connect(self._check)
        self.extras = {name: QCheckBox(text) for name, (text, _) in EXTRAS.items()}
        for name, box in self.extras.items():
            box.setToolTip(EXTRAS[name][1])
        self.words = QLabel()
        self.words.setAccessibleName("what will be in it")
        self.words.setWordWrap(True)
        self.save = button("Save as…", "Choose a name and a folder, and write it")
        self.save.setDefault(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.setValue(ExportRequest("everything", ".h5ad"))

    def value(self) -> ExportRequest:
        """What a person wants."""
        extras = frozenset(
            name
            for name, box in self.extras.items()
            if name in self.kind.extras and box.isChecked() and box.isEnabled()
        )
        genes = None if self._listed is None else self._listed.names
        return ExportRequest(self.what, self.formats.currentData(), genes, extras)

    def setValue(self, wish: ExportRequest) -> None:
        """Show a wish: what, format and extras; which genes follows from what it is."""
        possible = [what for what in KINDS if not self._stock.why_not(what)]
        self.kinds[wish.what if wish.what in possible else possible[0]].setChecked(True)
        self._show_kind()
        self.formats.setCurrentIndex(max(self.formats.findData(wish.ending), 0))
        for name, box in self.extras.items():
            box.setChecked(name in wish.extras and box.isEnabled())

    @property
    def what(self) -> What:
        """What is to be saved."""
        return next(what for what, made in self.kinds.items() if made.isChecked())

    @property
    def kind(self) -> Kind:
        """What is known of that."""
        return KINDS[self.what]

    # ---- what follows from what

    def _show_kind(self) -> None:
        """Offer the formats, genes and extras of what is to be saved."""
        kind = self.kind
        with signals_blocked(self.formats):
            self.formats.clear()
            for ending, words in kind.formats.items():
                self.formats.addItem(words, ending)
        self._form.setRowVisible(self.which, kind.by_gene)
        self._form.setRowVisible(self._extras_row, bool(kind.extras))
        for name, box in self.extras.items():
            box.setVisible(name in kind.extras)
            box.setEnabled(name != "image" or bool(self._stock.section.images))
        self.which.setCurrentIndex(self.which.findData("all" if not kind.most_genes else "shown"))
        self._check()

    def _check(self) -> None:
        """Find the genes, and say what will be in the file or why it cannot be written."""
        which: WhichGenes = self.which.currentData()
        self._form.setRowVisible(self.these, self.kind.by_gene and which == "these")
        self._listed = None
        if self.kind.by_gene and which != "all":
            self._listed = self._stock.genes(which, self.these.text())
        problem = self._problem()
        self.save.setEnabled(not problem)
        said = f"⚠ {problem}" if problem else self._about()
        self.words.setText(said)
        self.words.setAccessibleDescription(said)

    def _problem(self) -> str:
        package = missing_package(self.formats.currentData() or "")
        if package:
            return (
                f"This format needs the package {package}, which is not installed. Save as .h5ad "
                f'or .zarr, or close napari, run pip install "napari-stentrans[{package}]" and '
                "start it again."
            )
        if not self.kind.by_gene:
            return ""
        n, most = self._n_genes(), self.kind.most_genes
        if not n:
            return self._no_genes()
        if most is not None and n > most:
            what = "A figure shows" if self.what == "figure" else "This format holds"
            return f"{what} {some(most, 'gene')} at most, and these are {n:,}. Choose fewer genes."
        return ""

    def _no_genes(self) -> str:
        which: WhichGenes = self.which.currentData()
        if which == "these" and not self.these.text().strip():
            return "Write the names of genes, with commas between them."
        if which == "shown":
            gene = self._stock.label(self._stock.shown)
            return f"{gene} was not part of this run. Run again to enhance it."
        return f"None of these genes is in the result{self._left_out(' ({})')}."

    def _about(self) -> str:
        """What will be in the file, and how large it becomes where that matters."""
        parts, stock = [self.kind.about], self._stock
        if self.kind.by_gene and stock.result is not None:
            n_sites, n = len(stock.result.sites), self._n_genes()
            genes = some(n, "gene")
            size = n * n_sites * BYTES_PER_VALUE
            big = self.kind.most_genes is None and size > WORTH_SAYING
            large = f", up to {size_in_words(size)}" if big else ""
            parts.append(f"{genes} at {some(n_sites, 'site')}{large}.")
            parts.append(self._left_out("Not in the result, and left out: {}."))
        if self.what == "figure" and stock.section.um_per_px is None:
            parts.append("The scale bar is in pixels: how large one is was not in the data.")
        if self.what in ("everything", "images", "table"):
            parts.append("The settings of the run are written beside it (.run.json).")
        return " ".join(filter(None, parts))

    def _left_out(self, words: str) -> str:
        left = () if self._listed is None else self._listed.unknown
        more = " …" if len(left) > MOST_NAMED else ""
        return words.format(", ".join(left[:MOST_NAMED]) + more) if left else ""

    def _n_genes(self) -> int:
        if self._listed is not None:
            return len(self._listed.names)
        return 0 if self._stock.result is None else len(self._stock.result.genes)

    # ---- widgets

    def _make_kinds(self) -> None:
        self.kinds: dict[What, QRadioButton] = {}
        group = QButtonGroup(self)
        for what, kind in KINDS.items():
            made = QRadioButton(kind.title)
            why_not = self._stock.why_not(what)
            made.setEnabled(not why_not)
            made.setToolTip(why_not or kind.about)
            made.setAccessibleDescription(why_not or kind.about)
            group.addButton(made)
            self.kinds[what] = made
        group.buttonClicked.connect(lambda _: self._show_kind())

    def _make_genes(self) -> None:
        stock = self._stock
        n = 0 if stock.result is None else len(stock.result.genes)
        self.which = QComboBox()
        self.which.setAccessibleName("which genes")
        self.which.setToolTip("Genes that are written")
        self.which.addItem(f"All genes ({n:,})" if n != 1 else "The gene of this run", "all")
        self.which.addItem(f"The gene shown ({stock.label(stock.shown)})", "shown")
        if stock.favourites:
            self.which.addItem(f"Favourites ({len(stock.favourites):,})", "favourites")
        if stock.mine:
            self.which.addItem(f"My list ({len(stock.mine):,})", "mine")
        self.which.addItem("These genes", "these")
        self.which.currentIndexChanged.connect(self._on_which)
        self.these = QLineEdit()
        self.these.setAccessibleName("names of genes")
        self.these.setPlaceholderText("Names with commas between them")
        self.these.setToolTip("Names or ids of genes, with commas or spaces between them")
        self.these.textChanged.connect(self._check)

    def _on_which(self) -> None:
        self._check()
        if self.these.isVisible():
            self.these.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        for made in self.kinds.values():
            layout.addWidget(made)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setContentsMargins(0, 8, 0, 4)
        self._form.addRow("&Genes", self.which)
        self._form.addRow("", self.these)
        self._form.addRow("F&ormat", self.formats)
        self._extras_row = QWidget()
        row = QHBoxLayout(self._extras_row)
        row.setContentsMargins(0, 0, 0, 0)
        for box in self.extras.values():
            row.addWidget(box)
        row.addStretch(1)
        self._form.addRow("With", self._extras_row)
        layout.addLayout(self._form)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(WIDTH)
        self.words.setMinimumHeight(4 * self.fontMetrics().height())
        layout.activate()
        self.setMinimumHeight(self.sizeHint().height())  # all rows: no button moves when some go
