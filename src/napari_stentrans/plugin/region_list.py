"""RegionList: the lost regions by colour and name; the one that is chosen is painted with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from napari_stentrans.plugin.icons import icon, text_color
from napari_stentrans.plugin.regions import PRESETS, colour_of

if TYPE_CHECKING:
    from napari_stentrans.plugin.regions import Regions


class RegionName(QComboBox):
    """A name that can be chosen or typed; the wheel scrolls the dock, not the names."""

    renamed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(PRESETS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(40)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.textActivated.connect(self.renamed)
        self.lineEdit().editingFinished.connect(lambda: self.renamed.emit(self.currentText()))

    def set_name(self, name: str) -> None:
        """Show a name, unless another is just being typed."""
        tip = f"Name of this region, now “{name}”: choose one or type your own"
        for part in (self, self.lineEdit()):
            part.setToolTip(tip)
            part.setAccessibleName(f"name of region {name}")
        if not self.lineEdit().isModified() and self.currentText() != name:
            self.setEditText(name)

    def wheelEvent(self, event: Any) -> None:
        """Leave the wheel to the dock."""
        event.ignore()


class RegionRow(QFrame):
    """One region: colour, name, what is painted, an eye and a bin."""

    def __init__(self, label: int) -> None:
        super().__init__()
        self.label = label
        self.setObjectName("region")
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 1, 3, 1)
        row.setSpacing(4)
        self.swatch, self.eye, self.bin = (_tool() for _ in range(3))
        self.swatch.setCheckable(True)
        self.eye.setCheckable(True)
        self.name, self.painted = RegionName(), QLabel()
        self.painted.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for widget in (self.swatch, self.name, self.painted, self.eye, self.bin):
            row.addWidget(widget, int(widget is self.name))

    def show_region(self, name: str, counts: tuple[int, int], *, hidden: bool, used: bool) -> None:
        """Show what is known of the region."""
        spots, sites = counts
        self.name.set_name(name)
        self.painted.setText(f"{spots:,} + {sites:,}" if sites else f"{spots:,}")
        self.painted.setToolTip(f"{spots:,} spots and {sites:,} places without a spot")
        self.painted.setAccessibleName(f"painted with {name}")
        self.swatch.setChecked(used)
        self.eye.setChecked(not hidden)
        color = text_color(self.painted)
        self.swatch.setIcon(icon("swatch_used" if used else "swatch", colour_of(self.label)))
        self.eye.setIcon(icon("eye_closed" if hidden else "eye", color))
        self.bin.setIcon(icon("bin", color))
        _say(self.swatch, f"paint {name}", "Brush, polygon and fill paint this region")
        _say(self.eye, f"show {name}", "Show or hide the paint; it counts as lost either way")
        _say(self.bin, f"delete {name}", "Delete this region and its paint; undo brings it back")
        self.setStyleSheet(
            "#region {background-color: rgba(90, 125, 235, 70); border-radius: 3px;}" if used else ""
        )


class RegionList(QWidget):
    """The regions of a layer; rows come and go with them."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("lost regions by name")
        self._regions: Regions | None = None
        self.rows: dict[int, RegionRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)

    def show_regions(self, regions: Regions | None, counts: dict[int, tuple[int, int]]) -> None:
        """Show regions, and (spots, sites) of each; rows that stay keep the keyboard's focus."""
        if regions is not self._regions:
            self._clear()
            self._regions = regions
        names = {} if regions is None else regions.names
        for label in self.rows.keys() - names.keys():
            self._drop(label)
        for at, (label, name) in enumerate(names.items()):
            if label not in self.rows:
                self._insert(at, label)
            row = self.rows[label]
            hidden, used = label in regions.hidden, label == regions.selected
            row.show_region(name, counts.get(label, (0, 0)), hidden=hidden, used=used)
        self.setVisible(bool(names))

    def focus_name(self, label: int) -> None:
        """Let the name of a region be typed."""
        if label in self.rows:
            self.rows[label].name.setFocus()
            self.rows[label].name.lineEdit().selectAll()

    def _insert(self, at: int, label: int) -> None:
        row = self.rows[label] = RegionRow(label)
        regions = self._regions
        row.swatch.clicked.connect(partial(self._select, label))
        row.eye.clicked.connect(lambda on: regions.set_visible(label, on=on))
        row.bin.clicked.connect(lambda: regions.remove(label))
        row.name.renamed.connect(partial(self._rename, label))
        self._column.insertWidget(at, row)

    def _select(self, label: int) -> None:
        self._regions.select(label)
        self.rows[label].swatch.setChecked(True)

    def _rename(self, label: int, name: str) -> None:
        edit = self.rows[label].name.lineEdit()
        edit.setModified(False)
        self._regions.rename(label, name)
        edit.setText(self._regions.names.get(label, name))

    def _clear(self) -> None:
        for label in list(self.rows):
            self._drop(label)

    def _drop(self, label: int) -> None:
        row = self.rows.pop(label)
        row.name.blockSignals(True)  # a name that is being typed goes with its region
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()


def _tool() -> QToolButton:
    made = QToolButton()
    made.setIconSize(QSize(16, 16))
    made.setAutoRaise(True)
    return made


def _say(tool: QToolButton, name: str, tip: str) -> None:
    tool.setAccessibleName(name)
    tool.setToolTip(tip)
