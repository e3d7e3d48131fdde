"""Finder: looks for what may be lost, shows it, and hands it over when a person says so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.panels.repair.proposal import ProposalBox
from napari_stentrans.tissue import enclosed_sites, uncovered_steps
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers

PATIENCE = 1.0
"""Seconds to wait for the search for tissue to end when another section is chosen."""
UNCOVERED = "not captured"
"""Name of the region that tissue without spots is painted with."""


class Finder(ProposalBox):
    """Proposes spots with low counts, tissue without spots, and holes, in one section."""

    accepted = Signal(object, str)
    """Places (bool, row and column) to be painted, and the name of their region, empty for any."""
    said = Signal(str)
    looking = Signal(bool)
    """A search in the image has begun or ended."""
    pointed = Signal(bool)
    """Places are pointed out, or no more."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: SectionLayers | None = None
        self._job: Job | None = None
        self._cells: NDArray[np.bool_] | None = None
        self._name = ""
        self._pointing = False
        self.thresholdChanged.connect(self._propose_below)
        self.applied.connect(self._accept)
        self.cancelled.connect(self.drop)

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self._layers:
            self.drop()
            if self._job is not None:
                self._job.stop(PATIENCE)
                self._on_ended()
        self._layers = layers

    def watch(self) -> None:
        """Notice that a person deleted the layer of what is proposed."""
        shown = self._cells is not None or self._pointing
        if shown and (self._layers is None or self._layers.proposal is None):
            self.drop()

    def low_counts(self) -> None:
        if self._layers is not None:
            self.drop()
            self._propose_below(self.ask_threshold(self._layers.section.totals))

    def uncovered(self) -> None:
        """Propose tissue without spots, once it is found on a thread of its own."""
        if self._layers is None or self._job is not None:
            return
        self.drop()
        self.looking.emit(True)
        self.said.emit("Looking for tissue in the image …")
        work = partial(uncovered_steps, self._layers.section)
        job = self._job = Job(work, self, announce=False)
        job.returned.connect(self._on_tissue)
        job.failed.connect(self.said)
        job.ended.connect(self._on_ended)
        job.start()

    def holes(self) -> None:
        """Propose the places without a spot that spots surround."""
        if self._layers is None:
            return
        self.drop()
        sites = enclosed_sites(self._layers.section)
        found = some(len(sites), "site inside the section has", "sites inside it have")
        self._propose_sites(sites, found, "No site inside the section is without a spot.")

    def drop(self) -> None:
        self._cells, self._name = None, ""
        self.hide()
        if self._layers is not None:
            self._layers.propose(None)
        if self._pointing:
            self._pointing = False
            self.pointed.emit(False)

    def point_out(self, cells: NDArray[np.bool_] | None) -> None:
        """Show places (row, column) without a question; None takes them away."""
        if cells is None and not self._pointing:
            return
        self.drop()
        if cells is not None and self._layers is not None:
            self._layers.propose(cells)
            self._pointing = True
            self.pointed.emit(True)

    def _propose_below(self, counts: int) -> None:
        if self._layers is not None:
            section = self._layers.section
            low = section.totals < counts
            found = some(int(low.sum()), "spot has", "spots have")
            text = f"{found} fewer than {some(counts, 'count')} (white)."
            self._propose(section.raster.paint(low), text)

    def _on_tissue(self, sites: NDArray[np.float64]) -> None:
        found = some(len(sites), "site on the tissue has", "sites on the tissue have")
        self._propose_sites(sites, found, "All tissue near the spots is covered by them.")

    def _propose_sites(self, sites: NDArray[np.float64], found: str, none: str) -> None:
        """Propose sites (site, 2), or say that there are none."""
        if self._layers is None:
            return
        if not len(sites):
            self.said.emit(none)
            return
        self.said.emit("")
        self.ask()
        self._name = UNCOVERED
        self._propose(self._layers.section.raster.paint_sites(sites), f"{found} no spot (white).")

    def _on_ended(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self.looking.emit(False)

    def _propose(self, cells: NDArray[np.bool_], text: str) -> None:
        self._cells = cells
        self.say(text, any_found=bool(cells.any()))
        if self._layers is not None:
            self._layers.propose(cells)

    def _accept(self) -> None:
        cells, name = self._cells, self._name
        self.drop()
        if cells is not None:
            self.accepted.emit(cells, name)
