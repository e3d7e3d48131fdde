"""ViewChoice: one choice of what the canvas shows of the maps before and after."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_stentrans.plugin.actions import ACTIONS, with_keys
from napari_stentrans.plugin.compare.views import NAMES as BOTH
from napari_stentrans.plugin.panels.following import Following
from napari_stentrans.plugin.widgets.panel import allow, button

if TYPE_CHECKING:
    from napari_stentrans.plugin.models.section_model import View
    from napari_stentrans.plugin.widgets.keys import Keys

VIEWS: dict[View, tuple[str, str]] = {
    "before": ("Before", "The map as measured, or of the run that you compare with"),
    "after": ("After", "The map of the run that is shown: repaired and sharpened"),
    "side_by_side": (
        "Side by side",
        "The measured map, or the run that you compare with, beside the run shown",
    ),
    "swipe": (
        "Swipe",
        "The measured map, or the run that you compare with, on the left of a handle that you "
        "drag; the run shown on the right",
    ),
    "blink": ("Blink", "Change between both maps twice a second. Or hold H to see the other map"),
    "difference": (
        "Difference",
        "The run shown minus the measured map, or minus the run that you compare with: "
        "red is more, blue is less",
    ),
    "uncertainty": ("Uncertainty", "How sure each value is: the estimate, or a new measurement"),
    "provenance": ("Origin", "Where each value comes from: measured, filled or between spots"),
}
"""Views by name: what they are called, and what they show."""
NO_SECTION = "Open a section first"
NO_RESULT = "There is no result yet: press Run first"
GONE = "The map before or after was deleted from napari's list"
NO_DOUBT = "This run does not know how sure its values are"
COLOURED = "Several genes are shown in colours, which no handle can part: show one gene"
LOOK = """
QPushButton {border-radius: 0px; padding: 3px 0px; margin: 0px; border: 1px solid rgba(128, 128,
128, 110);}
QPushButton:checked {background-color: #5a7deb; color: white;}
QPushButton:focus {border: 1px solid #5a7deb;}
"""
PADDING = 12


class ViewChoice(Following, QWidget):
    """Buttons side by side, of which one is down; in two rows, or more, where there is no room."""

    def __init__(self) -> None:
        self.views: dict[View, QPushButton] = {}  # first: Qt tells of its style at once
        super().__init__()
        self.setAccessibleName("what the canvas shows")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        for view, (name, tip) in VIEWS.items():
            made = self.views[view] = button(name, tip)
            made.setCheckable(True)
            made.clicked.connect(lambda on, view=view: self.show_view(view if on else "after"))
        self.setStyleSheet(LOOK)
        self._arrange(len(VIEWS))

    def bind(self, keys: Keys) -> None:
        for view, made in self.views.items():
            if f"compare.{view}" in ACTIONS:
                keys.on(f"compare.{view}", made.click)
        keys.while_held("compare.hold", partial(self._hold, True), partial(self._hold, False))

    def refresh(self) -> None:
        """Follow the layers, which a person may also switch in napari."""
        seen = () if self.model is None else self.model.seen
        for view, made in self.views.items():
            why, tip = self._why_not(view), VIEWS[view][1]
            if f"compare.{view}" in ACTIONS:
                tip = with_keys(tip, f"compare.{view}")
            allow(made, not why or view in seen, tip, f"{why}.")
            made.setAccessibleDescription(made.toolTip())
            made.setChecked(view in seen)

    def show_view(self, view: View) -> None:
        """Show a view and no other, as far as there is something to see."""
        if self.model is not None:
            self.model.choose_view(view)
            self.refresh()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(VIEWS) // self._columns_for(width))
        return rows * self.views["before"].sizeHint().height()

    def sizeHint(self) -> QSize:
        return QSize(self._width_of(len(VIEWS)), self.views["before"].sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width_of(2), self.views["before"].sizeHint().height())

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._arrange(self._columns_for(self.width()))

    def keyPressEvent(self, event: Any) -> None:
        """Go to the next button with the arrow keys."""
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(event.key())
        if step is None:
            super().keyPressEvent(event)
        else:
            self.focusNextPrevChild(step > 0)

    def changeEvent(self, event: Any) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.views:
            self._arrange(self._columns_for(self.width()))

    def _columns_for(self, width: int) -> int:
        return next((n for n in (8, 4) if self._width_of(n) <= width), 2)

    def _width_of(self, columns: int) -> int:
        """Width of so many buttons beside each other, whichever row is the longest."""
        wide = [_width(made) for made in self.views.values()]
        return sum(max(wide[at::columns]) for at in range(columns))

    def _arrange(self, columns: int) -> None:
        for at, made in enumerate(self.views.values()):
            made.setMinimumWidth(_width(made))
            self._grid.addWidget(made, at // columns, at % columns)
            self._grid.setColumnStretch(at, int(at < columns))

    def _why_not(self, view: View) -> str:
        layers = self.layers
        if layers is None:
            return NO_SECTION
        if view != "before" and layers.model.enhancement is None:
            return NO_RESULT
        needed = ("before", "after") if view in BOTH else (view,)
        if view != "difference" and not all(map(layers.has, needed)):
            return NO_DOUBT if view == "uncertainty" else GONE
        return COLOURED if view == "swipe" and len(layers.model.maps.names) > 1 else ""

    def _hold(self, on: bool) -> None:
        if self.layers is not None:
            (self.layers.views.hold if on else self.layers.views.release)()


def _width(made: QPushButton) -> int:
    return int(made.fontMetrics().horizontalAdvance(made.text())) + PADDING
