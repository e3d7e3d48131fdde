"""RegionList: regions by colour and name; the one that is chosen is painted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QTreeWidget,
    QTreeWidgetItem,
)
from superqt.utils import signals_blocked

from napari_stentrans.plugin.layers.regions import PRESETS
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.plugin.widgets.panel import called
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.regions import Regions

NAME, PAINTED, EYE, BIN = range(4)
"""Columns."""
KEYS = {Qt.Key.Key_F2: NAME, Qt.Key.Key_Space: EYE, Qt.Key.Key_Delete: BIN}
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ROWS_SHOWN = 4
TIPS = {
    NAME: "Click: brush, polygon and fill paint this region. Double-click, or F2: another name",
    EYE: "Show or hide the paint (key Space); it counts as lost either way",
    BIN: "Delete this region and its paint (key Delete); undo brings it back",
}


class RegionList(QTreeWidget):
    """The regions of a layer, a row each: name, what is painted, an eye and a bin.

    ``rows`` has the row of each label; ``tips`` what its columns are for.
    """

    tips: ClassVar[dict[int, str]] = TIPS

    def __init__(self, what: str = "Lost regions") -> None:
        super().__init__()
        self.rows: dict[int, QTreeWidgetItem] = {}
        called(self, f"{what.lower()} by name", f"{what}; the one that is chosen is painted with")
        self._regions: Regions | None = None
        self._counts: dict[int, tuple[int, int]] = {}
        self.setColumnCount(4)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setIconSize(QSize(16, 16))
        self.setItemDelegateForColumn(NAME, Naming(self))
        for column in (PAINTED, EYE, BIN):
            self.setItemDelegateForColumn(column, Fixed(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        header: Any = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(22)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(PAINTED, QHeaderView.ResizeMode.ResizeToContents)
        for column in (EYE, BIN):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, 26)
        self.currentItemChanged.connect(self._on_current)
        self.itemClicked.connect(self._on_clicked)
        self.itemChanged.connect(self._on_renamed)

    def show_regions(self, regions: Regions | None, counts: dict[int, tuple[int, int]]) -> None:
        """Show regions, and (spots, sites) of each; a name that is being typed stays."""
        names = {} if regions is None else regions.names
        with signals_blocked(self):
            if regions is not self._regions or list(self.rows) != list(names):
                self._fill(list(names))
            self._regions, self._counts = regions, counts
            if regions is not None:
                for label, name in names.items():
                    self._show(label, name, hidden=label in regions.hidden)
                self.setCurrentItem(self.rows.get(regions.selected))
        self.setVisible(bool(names))
        height = self.sizeHintForRow(0) if names else 0
        self.setFixedHeight(min(len(names), ROWS_SHOWN) * height + 2 * self.frameWidth() + 2)

    def edit_name(self, label: int) -> None:
        if label in self.rows:
            self.editItem(self.rows[label], NAME)

    def changeEvent(self, event: Any) -> None:
        """Draw the icons in the colours of the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.rows:
            self.show_regions(self._regions, self._counts)

    def keyPressEvent(self, event: Any) -> None:
        row = self.currentItem()
        if row is None or event.key() not in KEYS:
            super().keyPressEvent(event)
        else:
            self._act(row, KEYS[event.key()])

    def _fill(self, labels: list[int]) -> None:
        self.clear()
        self.rows = {}
        for label in labels:
            row = self.rows[label] = QTreeWidgetItem(self)
            row.setFlags(row.flags() | Qt.ItemFlag.ItemIsEditable)
            row.setTextAlignment(PAINTED, RIGHT)
            for column, tip in self.tips.items():
                row.setToolTip(column, tip)

    def _show(self, label: int, name: str, *, hidden: bool) -> None:
        spots, sites = self._counts.get(label, (0, 0))
        row, colour = self.rows[label], text_color(self)
        if row.text(NAME) != name:
            row.setText(NAME, name)
        row.setText(PAINTED, f"{spots:,} + {sites:,}" if sites else f"{spots:,}")
        row.setToolTip(PAINTED, f"{some(spots, 'spot')} and {some(sites, 'site')} without a spot")
        regions = self._regions
        if regions is None:
            return
        used = label == regions.selected
        row.setIcon(NAME, icon("swatch_used" if used else "swatch", regions.colour_of(label)))
        row.setIcon(EYE, icon("eye_closed" if hidden else "eye", colour))
        row.setIcon(BIN, icon("bin", colour))
        said = Qt.ItemDataRole.AccessibleTextRole
        row.setData(NAME, said, f"{name}, {row.text(PAINTED)} painted{', hidden' * hidden}")
        row.setData(EYE, said, f"show {name}")
        row.setData(BIN, said, f"delete {name}")

    def _label(self, row: QTreeWidgetItem | None) -> int | None:
        return next((label for label, of in self.rows.items() if of is row), None)

    def _act(self, row: QTreeWidgetItem, column: int) -> None:
        """Do what a column is for: another name, show or hide, delete."""
        regions, label = self._regions, self._label(row)
        if regions is None or label is None:
            return
        if column == NAME:
            self.editItem(row, NAME)
        elif column == EYE:
            regions.set_visible(label, on=label in regions.hidden)
        elif column == BIN:
            regions.remove(label)

    def _on_current(self, row: QTreeWidgetItem | None, before: object = None) -> None:
        label = self._label(row)
        if self._regions is not None and label is not None:
            self._regions.select(label)

    def _on_clicked(self, row: QTreeWidgetItem, column: int) -> None:
        if column != NAME:
            self._act(row, column)

    def _on_renamed(self, row: QTreeWidgetItem, column: int) -> None:
        label = self._label(row)
        if self._regions is not None and label is not None and column == NAME:
            self._regions.rename(label, row.text(NAME))
            with signals_blocked(self):  # a blank one is not taken
                row.setText(NAME, self._regions.names.get(label, row.text(NAME)))


class NamedRegionList(RegionList):
    """Regions of an annotation."""

    tips: ClassVar[dict[int, str]] = TIPS | {
        EYE: "Show or hide this region (key Space)",
        BIN: "Take this region off the list (key Delete)",
    }

    def __init__(self) -> None:
        super().__init__("Named regions")


class Naming(QStyledItemDelegate):
    """Asks for a name: one of the list, or another that is typed."""

    def createEditor(self, parent: Any, option: Any, index: Any) -> Any:
        box, edit = QComboBox(parent), QLineEdit()
        box.setLineEdit(edit)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItems(PRESETS)
        for part in (box, edit):
            called(part, "name of the region", "Name of this region: choose one or type your own")
        box.textActivated.connect(lambda: self.commitData.emit(box))
        edit.editingFinished.connect(lambda: self._take(box))
        return box

    def setEditorData(self, editor: Any, index: Any) -> None:
        if not editor.lineEdit().isModified():
            editor.setCurrentIndex(editor.findText(index.data()))
            editor.setEditText(index.data())
            editor.lineEdit().selectAll()

    def setModelData(self, editor: Any, model: Any, index: Any) -> None:
        model.setData(index, editor.currentText())

    def _take(self, box: QComboBox) -> None:
        if box.isVisible():  # not where Escape took it away
            self.commitData.emit(box)
            self.closeEditor.emit(box)


class Fixed(QStyledItemDelegate):
    """Lets nothing be written."""

    def createEditor(self, parent: Any, option: Any, index: Any) -> Any:
        return None
