"""RegionList: the lost regions by colour and name; the one that is chosen is painted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_stentrans.plugin.layers.regions import PRESETS, colour_of
from napari_stentrans.plugin.widgets.icons import icon, text_color
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.plugin.layers.regions import Regions


USED = "#region {background-color: rgba(90, 125, 235, 70); border-radius: 3px;}"


class RegionName(QComboBox):
    """A name that can be chosen or typed; the wheel scrolls the dock, not the names."""

    renamed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.edit = QLineEdit()
        self.setLineEdit(self.edit)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(PRESETS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(40)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.textActivated.connect(self.renamed)
        self.edit.editingFinished.connect(lambda: self.renamed.emit(self.currentText()))

    def set_name(self, name: str) -> None:
        """Show a name, unless another is just being typed."""
        tip = f"Name of this region, now “{name}”: choose one or type your own"
        for part in (self, self.edit):
            part.setToolTip(tip)
            part.setAccessibleName(f"name of region {name}")
        if not self.edit.isModified() and self.currentText() != name:
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
        self.painted.setMinimumWidth(self.painted.fontMetrics().horizontalAdvance("000 + 00"))
        self.painted.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for widget in (self.swatch, self.name, self.painted, self.eye, self.bin):
            row.addWidget(widget, int(widget is self.name))

    def show_region(self, name: str, counts: tuple[int, int], *, hidden: bool, used: bool) -> None:
        """Show what is known of the region."""
        spots, sites = counts
        self.name.set_name(name)
        self.painted.setText(f"{spots:,} + {sites:,}" if sites else f"{spots:,}")
        self.painted.setToolTip(f"{some(spots, 'spot')} and {some(sites, 'site')} without a spot")
        self.painted.setAccessibleName(f"painted with {name}")
        self.swatch.setChecked(used)
        self.eye.setChecked(not hidden)
        color = text_color(self.painted)
        self.swatch.setIcon(icon("swatch_used" if used else "swatch", colour_of(self.label)))
        self.eye.setIcon(icon("eye_closed" if hidden else "eye", color))
        self.bin.setIcon(icon("bin", color))
        tip = "Brush, polygon and fill paint this region"
        _say(self.swatch, f"paint {name}", f"{tip} now" if used else f"Click: {tip.lower()}")
        _say(self.eye, f"show {name}", "Show or hide the paint; it counts as lost either way")
        _say(self.bin, f"delete {name}", "Delete this region and its paint; undo brings it back")
        self.setStyleSheet(USED if used else "")


class RegionList(QWidget):
    """The regions of a layer; rows come and go with them."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("lost regions by name")
        self._regions: Regions | None = None
        self._counts: dict[int, tuple[int, int]] = {}
        self.rows: dict[int, RegionRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)

    def show_regions(self, regions: Regions | None, counts: dict[int, tuple[int, int]]) -> None:
        """Show regions, and (spots, sites) of each; rows that stay keep the keyboard's focus."""
        if regions is not self._regions:
            self._keep_rows(set())
            self._regions = regions
        self._counts = counts
        names = {} if regions is None else regions.names
        self._keep_rows(set(names))
        self.setVisible(bool(names))
        if regions is None:
            return
        hidden, used = regions.hidden, regions.selected
        for at, (label, name) in enumerate(names.items()):
            if label not in self.rows:
                self._insert(at, label, regions)
            found = counts.get(label, (0, 0))
            self.rows[label].show_region(name, found, hidden=label in hidden, used=label == used)

    def recolour(self) -> None:
        """Draw the icons in the colours of the theme."""
        self.show_regions(self._regions, self._counts)

    def focus_name(self, label: int) -> None:
        """Let the name of a region be typed."""
        if label in self.rows:
            self.rows[label].name.setFocus()
            self.rows[label].name.edit.selectAll()

    def _insert(self, at: int, label: int, regions: Regions) -> None:
        row = self.rows[label] = RegionRow(label)

        def select() -> None:
            regions.select(label)
            row.swatch.setChecked(True)  # also when it was already

        def rename(name: str) -> None:
            row.name.edit.setModified(False)
            regions.rename(label, name)
            row.name.edit.setText(regions.names.get(label, name))

        row.swatch.clicked.connect(select)
        row.name.renamed.connect(rename)
        row.eye.clicked.connect(lambda on: regions.set_visible(label, on=on))
        row.bin.clicked.connect(lambda: regions.remove(label))
        self._column.insertWidget(at, row)

    def _keep_rows(self, labels: set[int]) -> None:
        """Take away the rows of all other regions."""
        for label in self.rows.keys() - labels:
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
