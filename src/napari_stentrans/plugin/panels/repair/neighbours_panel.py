"""NeighboursPanel: sections cut beside this one, how they lie on it, and how that is changed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton, QSlider, QWidget

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.io import why_not
from napari_stentrans.method_table import METHODS
from napari_stentrans.neighbours import MOST, Neighbour
from napari_stentrans.plugin.jobs.laying import Laying
from napari_stentrans.plugin.layers.neighbour_layers import NeighbourLayers
from napari_stentrans.plugin.models.endings import CAN_BE_OPENED
from napari_stentrans.plugin.panels.repair.neighbour_row import NeighbourRow
from napari_stentrans.plugin.panels.repair.neighbour_tools import NeighbourTools
from napari_stentrans.plugin.widgets import dialogs
from napari_stentrans.plugin.widgets.fold import Fold
from napari_stentrans.plugin.widgets.menu import Menu
from napari_stentrans.plugin.widgets.panel import (
    button,
    called,
    in_rows,
    name_button,
    row_of,
    words,
)
from napari_stentrans.plugin.widgets.throttle import follow
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.beside import Beside
    from napari_stentrans.progress import Progress

TITLE = "Neighbouring sections"
TIP = "Sections cut before or after this one, which may be whole where it has a hole"
NONE = (
    "A fold here is often whole in the section cut before or after. Add that one: it is laid on "
    "this section, and used where it helps."
)
UNUSED = "{} does not use neighbouring sections: choose transformer or kriging."
ADD = "Read a section in any format that can be opened, and lay it on this one"
OPEN = "It is open here; what is painted as lost in it is not used"


class NeighboursPanel(QWidget):
    """A fold with a row for each neighbour; the one that is laid by hand has its tools below."""

    changed = Signal()
    """Neighbours came or went, or lie otherwise."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self.layers = context, None
        self._drawn: NeighbourLayers | None = None
        self._method: str = EnhanceConfig().method
        self._view = ""
        self._rows: list[NeighbourRow] = []
        self.laying = Laying(context)
        self.laying.changed.connect(self._show_work)
        self.laying.progressed.connect(self._show_step)
        self._make()
        self.tools.layWanted.connect(self._on_lay)
        self.tools.failed.connect(context.fail)
        context.sectionsChanged.connect(self._allow)
        context.phaseChanged.connect(self._allow)
        self.refresh()

    layers: SectionLayers | None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Speak of the neighbours of this section from now on."""
        if layers is self.layers:
            return
        old, new = (None if of is None else of.model for of in (self.layers, layers))
        follow(old, new, self._on_view, "compared")
        last, now = (None if of is None else of.neighbours for of in (old, new))
        follow(last, now, self.refresh, "changed")
        self.tools.end()
        if self._drawn is not None:
            self._drawn.end()
        self.layers = layers
        self._drawn = None if layers is None else NeighbourLayers(layers)
        self._view = "" if new is None else new.view
        self.fold.setChecked(bool(new is not None and len(new.neighbours)))
        self.refresh()

    def hide_maps(self) -> None:
        """Show no neighbour over the maps of the section."""
        if self.layers is not None:
            self.layers.model.neighbours.show_alone(None)
        if self._drawn is not None:
            self._drawn.leave()

    def set_method(self, name: str) -> None:
        """Say where a method does not use neighbours."""
        self._method = name
        self.refresh()

    def add(self, path: Path) -> bool:
        """Add the section of a file; False where there is no section to add it to."""
        if self.layers is None or not self.add_button.isEnabled():
            return False
        if problem := why_not(path):
            text = f"'{path.name}' cannot be opened: {problem}. Open {CAN_BE_OPENED}."
            self._context.fail(text)
        else:
            self._add(Neighbour(path))
        return True

    # ---- what a person does

    def _add(self, neighbour: Neighbour) -> None:
        if self.layers is not None:
            self.fold.setChecked(True)
            self._context.message.clear()
            self.laying.add(self.layers, neighbour)

    def _add_files(self) -> None:
        for path in dialogs.ask_neighbours(self._context.dock):
            self.add(path)

    def _add_folder(self) -> None:
        path = dialogs.ask_folder(self._context.dock)
        if path is not None:
            self.add(path)

    def _add_open(self, other: SectionLayers) -> None:
        lost = other.paint.mask().lost
        self._add(Neighbour(other.model.section, lost=lost if lost.any() else None))

    def _list_sources(self) -> None:
        """Offer files and folders, and the other sections that are open."""
        menu = self._menu
        menu.clear()
        menu.add("Files (.h5ad, .h5, .tsv, .csv, .parquet, .gem)…", self._add_files, ADD)
        menu.add("Folder (Space Ranger, Xenium, SpatialData)…", self._add_folder, ADD)
        others = [layers for layers in self._context.sections if layers is not self.layers]
        if others:
            menu.addSeparator()
        for layers in others:
            menu.add(layers.model.title, partial(self._add_open, layers), OPEN)

    def _on_shown(self, one: Beside, on: bool) -> None:
        if self.layers is not None:
            self.layers.model.neighbours.show(one, on=on)

    def _on_by_hand(self, one: Beside, on: bool) -> None:
        if on and self.layers is not None and self._drawn is not None:
            self.tools.lay(self.layers, self._drawn, one)
        else:
            self.tools.end()
            if self._drawn is not None:
                self._drawn.leave()
        self.refresh()

    def _on_removed(self, one: Beside) -> None:
        layers = self.layers
        if layers is None:
            return
        if one is self.tools.of:
            self.tools.end()
        at = layers.model.neighbours.remove(one)
        tip = "Bring it back, as it lay"
        back = partial(self._bring_back, layers, one, at)
        self._context.message.offer(f"{one.name} was removed.", "Undo", tip, back)

    def _bring_back(self, layers: SectionLayers, one: Beside, at: int) -> None:
        if layers in self._context.sections and one not in layers.model.neighbours:
            layers.model.neighbours.add(one, at)

    def _on_view(self) -> None:
        """Hide the neighbours once a person looks at the section in another way."""
        if self.layers is not None and self.layers.model.view != self._view:
            self._view = self.layers.model.view
            self.hide_maps()

    def _on_lay(self, one: Beside, near: bool) -> None:
        if self.layers is not None:
            self.laying.lay(self.layers, one, one.lies if near else None)

    def _on_opacity(self, percent: int) -> None:
        if self._drawn is not None:
            self._drawn.set_opacity(percent / 100)

    def _on_swipe(self, percent: int) -> None:
        if self._drawn is not None:
            self._drawn.set_swiped(percent / 100)

    # ---- what is shown

    def refresh(self) -> None:
        """Show the neighbours that there are, and how they lie."""
        layers = self.layers
        there = [] if layers is None else list(layers.model.neighbours)
        self.setVisible(layers is not None)
        if [row.of for row in self._rows] != there:
            self._fill(there)
        for row in self._rows:
            row.refresh()
            row.lay.setChecked(row.of is self.tools.of)
        if self.tools.of is not None and self.tools.of not in there:
            self.tools.end()
        self.tools.refresh()
        self.fold.setText(f"{TITLE} ({len(there)})" if there else TITLE)
        useful = METHODS[self._method].evidence
        self.words.setText(NONE if useful else UNUSED.format(self._method.capitalize()))
        self.words.setVisible(not there or not useful)
        self._opacity.setVisible(any(one.shown for one in there))
        if layers is not None:
            self.opacity.setValue(round(100 * layers.model.neighbours.opacity))
            self.swipe.setValue(round(100 * layers.model.neighbours.swiped))
        self._context.check_unsaved()
        self.changed.emit()
        self._allow()

    def _fill(self, there: list[Beside]) -> None:
        if there and not self._rows:
            self.fold.setChecked(True)
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [NeighbourRow(one) for one in there]
        for row in self._rows:
            row.shownWanted.connect(partial(self._on_shown, row.of))
            row.layWanted.connect(partial(self._on_by_hand, row.of))
            row.removeWanted.connect(partial(self._on_removed, row.of))
            self._list.addWidget(row)

    @property
    def rows(self) -> list[NeighbourRow]:
        """One for each neighbour."""
        return list(self._rows)

    def _allow(self) -> None:
        n = len(self._rows)
        phase = self._context.phase
        self.add_button.setEnabled(n < MOST and (phase.idle or phase.running))
        full = f"There are {some(n, 'neighbouring section')}, as many as there can be."
        self.add_button.setToolTip(ADD if n < MOST else full)

    def _show_work(self) -> None:
        doing = self.laying.doing
        self.busy.setVisible(bool(doing))
        self.doing.setText(f"{doing} …" if doing else "")
        self.doing.setVisible(bool(doing))
        self.bar.setRange(0, 0)

    def _show_step(self, step: Progress) -> None:
        known = step.total > 1
        self.bar.setRange(0, 1000 if known else 0)
        self.bar.setValue(round(1000 * step.fraction))

    def _make(self) -> None:
        self.fold = Fold(TITLE, TIP)
        self.words = words("what neighbouring sections are for")
        self.add_button = QPushButton("Add neighbouring section…")
        name_button(self.add_button, ADD)
        self._menu = Menu(self)
        self._menu.aboutToShow.connect(self._list_sources)
        self.add_button.setMenu(self._menu)
        self.doing = words("what is done with a neighbouring section")
        self.bar = called(QProgressBar(), "laying a neighbouring section")
        self.bar.setFixedHeight(6)
        self.bar.setTextVisible(False)
        stop = "Stop; the neighbour stays, and a run will find how it lies"
        self.cancel = button("Cancel", stop, self.laying.cancel)
        self.busy = row_of(self.bar, self.cancel)
        self.opacity = _slider(
            "opacity", "How much of it is seen on this section", 5, self._on_opacity
        )
        tip = "Wipe it away from the left, to compare it with what lies below"
        self.swipe = _slider("swipe", tip, 0, self._on_swipe)
        self._opacity = row_of(self.opacity, QLabel("Swipe"), self.swipe, label="Opacity")
        self.tools = NeighbourTools()
        box = QWidget()
        self._list: Any = in_rows(box, spacing=6)
        self.body = QWidget()
        parts = (self.words, box, self.tools, self._opacity, self.doing, self.busy, self.add_button)
        in_rows(self.body, *parts, margins=(12, 0, 0, 0))
        self.body.hide()
        self.fold.toggled.connect(self.body.setVisible)
        in_rows(self, self.fold, self.body, spacing=3)
        self._show_work()


def _slider(name: str, tip: str, least: int, moved: Callable[[int], None]) -> QSlider:
    """Slider of percents."""
    made: QSlider = called(QSlider(Qt.Orientation.Horizontal), name, tip)
    made.setRange(least, 100)
    made.valueChanged.connect(moved)
    return made
