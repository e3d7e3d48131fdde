"""Lost regions: mark what a fold, a bubble or a tear has spoilt, and see what that comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QSize, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLayout, QToolButton

from napari_stentrans.errors import MaskError
from napari_stentrans.plugin import edits
from napari_stentrans.plugin.icons import icon, text_color
from napari_stentrans.plugin.panel import Panel, button, words
from napari_stentrans.plugin.proposal import ProposalBox
from napari_stentrans.plugin.region_list import RegionList
from napari_stentrans.plugin.regions import Painted, Regions
from napari_stentrans.plugin.shortcuts import bind, with_keys
from napari_stentrans.plugin.worker import Job
from napari_stentrans.targets import TRUSTED_REACH
from napari_stentrans.tissue import uncovered_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QPushButton

    from napari_stentrans.plugin.layers import SectionLayers

TOOLS = {
    "paint": ("brush", "Brush", "Paint lost tissue (key 2 or P on the canvas)"),
    "erase": ("eraser", "Eraser", "Take paint away (key 1 or E on the canvas)"),
    "polygon": ("polygon", "Polygon", "Outline lost tissue with clicks (key 3 on the canvas)"),
    "fill": ("bucket", "Fill", "Fill a closed outline with a click (key 4 or F on the canvas)"),
}
STEPS = {
    "undo": ("Undo", "Take the last change of the paint back (Ctrl+Z on the canvas)"),
    "redo": ("Redo", "Do again what was taken back (Ctrl+Shift+Z on the canvas)"),
}
EVENTS = ("paint", "data", "set_data", "labels_update", "features", "colormap", "selected_label")
COUNT_EVERY_MS = 150
PATIENCE = 1.0
"""Seconds to wait for the search for tissue to end when another section is chosen."""
UNCOVERED = "not captured"
"""Name of the region that is made for tissue without spots."""


class LostPanel(Panel):
    """Tools over the layer of lost regions of one section."""

    counted = Signal(int, int)
    """Spots and sites that are painted."""

    def __init__(self) -> None:
        super().__init__("Lost regions")
        self._layers: SectionLayers | None = None
        self._regions: Regions | None = None
        self._job: Job | None = None
        self._proposed: NDArray[np.bool_] | None = None
        self._proposed_name = ""
        self._hint = ""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(COUNT_EVERY_MS)
        self._soon.timeout.connect(self.count)
        self._make_tools()
        self.regions = RegionList()
        self.rows.addWidget(self.regions)
        self._make_buttons()
        self.proposal = ProposalBox()
        self.proposal.thresholdChanged.connect(self._on_threshold)
        self.proposal.applied.connect(self._apply)
        self.proposal.cancelled.connect(self._cancel)
        self.words, self.warning = words("what is painted"), words("what is too large")
        for widget in (self.proposal, self.words, self.warning):
            self.rows.addWidget(widget)
        self._bind_keys()
        self.count()

    # ---- what the dock calls

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Work on the lost regions of this section from now on."""
        if layers is not self._layers:
            self._stop_looking()
            self._cancel()
        self._layers = layers
        self._hint = ""
        self.watch()

    def watch(self) -> None:
        """Follow the layer of lost regions, which may have come or gone."""
        layer = None if self._layers is None else self._layers.lost
        if layer is not self._watched:
            self._listen(False)
            self._regions = None if layer is None else Regions(layer)
            self._listen(True)
        if self._proposed is not None and (self._layers is None or self._layers.proposal is None):
            self._cancel()  # a person deleted the layer of what was proposed
        self._show_mode()
        self.count()

    def count(self) -> None:
        """Say what is painted, region by region."""
        there = self._regions is not None
        for made in (*self.tools.values(), *self.steps.values(), *self.edits.values()):
            made.setEnabled(there)
        if self._layers is None or self._regions is None:
            self.regions.show_regions(None, {})
            self.words.setText(
                "Nothing is marked. Paint over folds, bubbles and tears to have them filled."
            )
            self.warning.hide()
            self.counted.emit(0, 0)
            return
        self._regions.take_in_painted()
        try:
            found = Painted.of(self._layers.section, self._regions.layer.data)
        except MaskError as error:
            self.words.setText(str(error))
            return
        counts = {label: found.counts(label) for label in self._regions.names}
        self.regions.show_regions(self._regions, counts)
        spots, sites = int(found.mask.lost.sum()), len(found.mask.sites)
        self.words.setText(self._in_words(spots, sites))
        self._warn(found)
        self.counted.emit(spots, sites)

    def recolour(self) -> None:
        """Draw the icons in the colours of the theme."""
        color = text_color(self.words)
        for mode, (name, *_) in TOOLS.items():
            self.tools[mode].setIcon(icon(name, color))
        for name, made in self.steps.items():
            made.setIcon(icon(name, color))
        self.count()

    # ---- words

    def _in_words(self, spots: int, sites: int) -> str:
        parts = [f"{spots:,} spots lost"] if spots else []
        parts += [f"{sites:,} unmeasured sites"] if sites else []
        said = ", ".join(parts) or "Nothing is marked yet"
        return f"{self._hint} {said}.".strip()

    def _warn(self, found: Painted) -> None:
        """Name the regions that are too large to be trusted."""
        names = {} if self._regions is None else self._regions.names
        large = " and ".join(f"“{names[i]}”" for i in found.too_large() if i in names)
        far = int(found.far.sum())
        self.warning.setVisible(bool(far))
        self.warning.setText(
            f"⚠ {large or 'What is painted'} reaches too far to be trusted: {far:,} of "
            f"{len(found.far):,} places lie more than {TRUSTED_REACH:g} spots from any measured "
            "one. They will be filled, and marked as extrapolated."
        )

    # ---- regions

    def _new(self) -> None:
        """Make a layer to paint on, or another region on the one that is there."""
        if self._layers is None:
            return
        first = self._regions is None or not self._regions.names
        self._layers.add_lost()
        self.watch()
        if self._regions is None or (first and self._regions.names):
            return
        self._hint = ""
        try:
            label = self._regions.add()
        except MaskError as error:
            self._hint = str(error)
        else:
            self.count()
            self.regions.focus_name(label)

    def _step_region(self, step: int) -> None:
        if self._regions is not None and self._regions.names:
            labels = list(self._regions.names)
            at = labels.index(self._regions.selected) if self._regions.selected in labels else -step
            self._regions.select(labels[(at + step) % len(labels)])

    def _label(self) -> int:
        """Label to paint with; the layer is made where it is not there."""
        layers = self._layers
        if layers.lost is None:
            layers.add_lost().mode = "pan_zoom"
            self.watch()
        if not self._regions.names:
            self._regions.add()
        elif self._regions.selected not in self._regions.names:  # the eraser's 0
            self._regions.select(next(iter(self._regions.names)))
        return self._regions.selected

    # ---- edits

    def _edit(self, change: Callable[..., NDArray[np.integer]]) -> None:
        if self._layers is None or self._regions is None:
            return
        label, labels = self._label(), np.asarray(self._regions.layer.data)
        self._hint = ""
        self._layers.relabel(change(self._layers.section, labels, label))
        self.count()

    def _clear(self) -> None:
        if self._layers is not None and self._regions is not None:
            self._hint = ""
            self._layers.relabel(np.zeros_like(self._regions.layer.data))
            self.count()

    def _step(self, name: str) -> None:
        if self._regions is not None:
            getattr(self._regions.layer, name)()
            self.count()

    def _from_shapes(self) -> None:
        if self._layers is None:
            return
        found = _shapes(self._layers)
        if found is None:
            self._say("Draw on a Shapes layer first (button above napari's layer list), select it.")
            return
        label = self._label()
        self._add(edits.drawn(found, self._layers.lost), label, f"Painted {found.name}.")

    def _add(self, cells: NDArray[np.bool_], label: int, said: str) -> None:
        self._hint = said
        self._layers.relabel(edits.added(np.asarray(self._layers.lost.data), cells, label))
        self.count()

    def _say(self, text: str) -> None:
        self._hint = text
        self.count()

    # ---- proposals

    def _low_counts(self) -> None:
        if self._layers is not None:
            self._cancel()
            self._on_threshold(self.proposal.ask_threshold(self._layers.section.totals))

    def _on_threshold(self, counts: int) -> None:
        low = self._layers.section.totals < counts
        found = f"{int(low.sum()):,} spots have fewer than {counts:,} counts (yellow)."
        self._propose(self._layers.section.raster.paint(low), found, any_found=bool(low.any()))

    def _look_for_tissue(self) -> None:
        """Find tissue without spots on a thread of its own."""
        if self._layers is None or self._job is not None:
            return
        self._cancel()
        self.sources["uncovered"].setEnabled(False)
        self._say("Looking for tissue in the image …")
        job = self._job = Job(partial(uncovered_steps, self._layers.section), self)
        job.returned.connect(self._on_tissue)
        job.failed.connect(self._say)
        job.ended.connect(self._on_looked)
        job.start()

    def _on_tissue(self, sites: NDArray[np.float64]) -> None:
        self._hint = ""
        if not len(sites):
            self._say("All tissue in the image has spots.")
            return
        found = f"{len(sites):,} places on the tissue have no spot (yellow)."
        self.proposal.ask()
        cells = self._layers.section.raster.paint_sites(sites)
        self._proposed_name = UNCOVERED
        self._propose(cells, found, any_found=True)

    def _on_looked(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self.sources["uncovered"].setEnabled(True)
        self.count()

    def _stop_looking(self) -> None:
        if self._job is not None:
            self._job.stop(PATIENCE)
            self._hint = ""
            self._on_looked()

    def _propose(self, cells: NDArray[np.bool_], text: str, *, any_found: bool) -> None:
        self._proposed = cells
        self.proposal.say(text, any_found=any_found)
        self._layers.propose(cells)

    def _apply(self) -> None:
        cells, name = self._proposed, self._proposed_name
        if self._layers is None or cells is None:
            return
        self._cancel()
        label = self._label()
        if name:
            known = {named: i for i, named in self._regions.names.items()}
            label = known[name] if name in known else self._regions.add(name)
        self._add(cells, label, "")

    def _cancel(self) -> None:
        self._proposed, self._proposed_name = None, ""
        self.proposal.hide()
        if self._layers is not None:
            self._layers.propose(None)

    # ---- widgets

    def _make_tools(self) -> None:
        self.new = button(
            "New region", with_keys("Start painting; again for a region of another kind", "lost.new")
        )
        self.new.clicked.connect(self._new)
        row = self._row(self.new)
        self.tools: dict[str, QToolButton] = {}
        for mode, (_, name, tip) in TOOLS.items():
            self.tools[mode] = _tool(row, name, tip, partial(self._use, mode))
            self.tools[mode].setCheckable(True)
        self.steps: dict[str, QToolButton] = {}
        for step, (name, tip) in STEPS.items():
            self.steps[step] = _tool(row, name, tip, partial(self._step, step))

    def _make_buttons(self) -> None:
        def changed(name: str, text: str, tip: str) -> QPushButton:
            change = partial(self._edit, getattr(edits, name))
            return button(text, tip, change)

        self.edits = {
            "grow": changed(
                "grown", "Grow", with_keys("Let the region take in the next spots", "lost.grow")
            ),
            "shrink": changed(
                "shrunk", "Shrink", with_keys("Take the outermost spots away", "lost.shrink")
            ),
            "invert": changed(
                "inverted",
                "Invert",
                with_keys("Swap the region for the spots that no region has", "lost.invert"),
            ),
            "clear": button("Clear", "Take the paint of all regions away", self._clear),
        }
        self.clear = self.edits["clear"]
        self._row(*self.edits.values())
        self.sources = {
            "shapes": button(
                "From shapes",
                with_keys("Paint what is drawn on the selected Shapes layer", "lost.shapes"),
                self._from_shapes,
            ),
            "low_counts": button(
                "Low counts…",
                with_keys("Find spots with far fewer counts than the others", "lost.low_counts"),
                self._low_counts,
            ),
            "uncovered": button(
                "No spots…",
                with_keys("Find tissue in the image that no spot covers", "lost.uncovered"),
                self._look_for_tissue,
            ),
        }
        self._row(*self.sources.values())

    def _row(self, *stretched: QPushButton) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        for made in stretched:
            row.addWidget(made, 1)
        self.rows.addLayout(row)
        return row

    def _bind_keys(self) -> None:
        bind(
            self,
            {
                "lost.new": self._new,
                "lost.next": partial(self._step_region, 1),
                "lost.previous": partial(self._step_region, -1),
                "lost.grow": self.edits["grow"].click,
                "lost.shrink": self.edits["shrink"].click,
                "lost.invert": self.edits["invert"].click,
                "lost.shapes": self._from_shapes,
                "lost.low_counts": self._low_counts,
                "lost.uncovered": self._look_for_tissue,
            },
        )

    def _use(self, mode: str) -> None:
        """Switch a tool on, or back to moving the view when it was on."""
        if self._layers is None or self._layers.lost is None:
            return
        layer = self._layers.lost
        if mode != "erase":
            self._label()
        layer.mode = mode if layer.mode != mode else "pan_zoom"
        self._layers.viewer.layers.selection.active = layer
        self._show_mode()

    # ---- the layer

    @property
    def _watched(self) -> Labels | None:
        return None if self._regions is None else self._regions.layer

    def _listen(self, on: bool) -> None:
        """Connect to, or let go of, the layer that is watched."""
        if self._watched is None:
            return
        events = self._watched.events
        for name in EVENTS:
            emitter = getattr(events, name)
            (emitter.connect if on else emitter.disconnect)(self._count_soon)
        (events.mode.connect if on else events.mode.disconnect)(self._show_mode)

    def _count_soon(self, event: object = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_mode(self, event: object = None) -> None:
        mode = "" if self._watched is None else str(self._watched.mode)
        for name, tool in self.tools.items():
            tool.setChecked(name == mode)


def _shapes(layers: SectionLayers) -> Shapes | None:
    """The Shapes layer that is meant: a selected one, else the only one; with shapes in it."""
    drawn = [layer for layer in layers.viewer.layers if isinstance(layer, Shapes) and layer.nshapes]
    selected = [layer for layer in drawn if layer in layers.viewer.layers.selection]
    found = selected or (drawn if len(drawn) == 1 else [])
    return found[-1] if found else None


def _tool(row: QLayout, name: str, tip: str, clicked: Callable[[], None]) -> QToolButton:
    made = QToolButton()
    made.setToolTip(tip)
    made.setAccessibleName(name.lower())
    made.setIconSize(QSize(18, 18))
    made.clicked.connect(lambda: clicked())
    row.addWidget(made)
    return made
