"""DamageLine: looks for damage once a section is open, and says in a line what looks lost.

The line can show, paint or ignore it. A run that would take it as measured asks first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_stentrans.damage import Damage, damage_steps
from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.widgets.asking import Asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.repair.lost_panel import LostPanel

PATIENCE = 0.0
"""Seconds to wait for the search to end when it is given up: it holds nothing."""
UNCOVERED = "not captured"


class DamageLine(QObject):
    """What looks lost in the section that is worked on.

    Parameters
    ----------
    runner
        Whose jobs the search gives way to.
    lost
        The panel that holds the line, and paints.

    Attributes
    ----------
    line
        The line in that panel.
    question
        What is asked before a run.
    """

    looks = True
    """Whether damage is looked for at all."""
    changed = Signal()
    """Something else looks lost, or is painted or ignored."""
    imageDamaged = Signal()
    """What was painted is damaged in the image, too."""

    def __init__(self, runner: Runner, lost: LostPanel) -> None:
        super().__init__(runner)
        self._runner, self._lost = runner, lost
        self._layers: SectionLayers | None = None
        self._job: Job | None = None
        self._run: Callable[[], object] | None = None
        self.line = Asking(
            "what looks lost",
            {
                "Show": ("Show it in white on the map; again to take that away", self.show),
                "Paint": ("Paint it as lost regions, named by what it is", self.paint),
                "Ignore": ("Leave it as it is, and say no more of it", self.ignore),
            },
        )
        self.line.answers["Show"].setCheckable(True)
        self.question = Asking(
            "before the run",
            {
                "Paint and run": (
                    "Paint it as lost, and fill it from what is around",
                    self._paint_run,
                ),
                "Run as it is": ("Take what was counted there as measured", self._run_so),
                "Cancel": ("Run nothing", self._cancel),
            },
        )
        lost.rows.insertWidget(2, self.line)
        lost.marked.connect(lambda _: self.refresh())
        lost.finder.pointed.connect(self.line.answers["Show"].setChecked)
        runner.phaseChanged.connect(self._on_phase)
        runner.ended.connect(self._on_phase)

    @property
    def found(self) -> Damage | None:
        """What looks lost and is not painted; None where nobody has looked yet."""
        layers = self._layers
        if layers is None or layers.damage is None or layers.damage.section is not layers.section:
            return None
        mask = layers.paint.mask()
        return layers.damage.without(mask.lost, mask.sites)

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self._layers:
            self._stop()
            self._cancel()
        self._layers = layers
        self.refresh()
        self._on_phase()

    def asks(self, run: Callable[[], object]) -> bool:
        """Ask what a run is to do with what looks lost; False where there is nothing to ask."""
        found = self.found
        if self._layers is None or self._layers.ignores_damage or found is None:
            return False
        if not found.spots.any():
            return False
        self._run = run
        self.question.ask(f"{found.spots_in_words()} and {_are(found)} not painted.")
        self.question.answers["Paint and run"].setFocus()
        return True

    def refresh(self) -> None:
        found, layers = self.found, self._layers
        said = "" if found is None or layers is None or layers.ignores_damage else found.in_words()
        self.line.ask(f"{said}." if said else "")
        if not (found is not None and found.spots.any()):
            self._cancel()
        if not said:
            self._lost.finder.point_out(None)
        self.changed.emit()

    def show(self) -> None:
        found = self.found
        on = self.line.answers["Show"].isChecked() and found is not None
        self._lost.finder.point_out(_cells(found) if on and found is not None else None)

    def paint(self) -> None:
        """Paint what looks lost, a region for each reason."""
        found = self.found
        if found is None:
            return
        raster = found.section.raster
        parts = [(raster.paint(found.reasons == reason), reason) for reason in found.counts()]
        if len(found.sites):
            parts.append((raster.paint_sites(found.sites), UNCOVERED))
        self._lost.finder.point_out(None)
        self._lost.paint_named(parts)
        if (found.image & found.spots).any():
            self.imageDamaged.emit()

    def ignore(self) -> None:
        if self._layers is not None:
            self._layers.model.ignores_damage = True
        self.refresh()

    # ---- the question

    def _paint_run(self) -> None:
        run, self._run = self._run, None
        self.paint()
        self._go(run)

    def _run_so(self) -> None:
        run, self._run = self._run, None
        self.ignore()
        self._go(run)

    def _cancel(self) -> None:
        self._run = None
        self.question.hide()

    def _go(self, run: Callable[[], object] | None) -> None:
        self.question.hide()
        if run is not None:
            run()

    # ---- the search

    def _on_phase(self) -> None:
        """Look while nothing else is done, and give way to what is."""
        layers = self._layers
        if not self._runner.idle:
            self._stop()
            return
        done = layers is None or (
            layers.damage is not None and layers.damage.section is layers.section
        )
        if self._job is not None or layers is None or done or not self.looks:
            return
        job = self._job = Job(partial(damage_steps, layers.section), self, announce=False)
        job.returned.connect(partial(self._on_found, layers))
        job.ended.connect(partial(self._on_ended, job))
        job.start()

    def _on_found(self, layers: SectionLayers, damage: Damage) -> None:
        layers.model.damage = damage
        if layers is self._layers:
            self.refresh()

    def _on_ended(self, job: Job) -> None:
        job.deleteLater()
        if job is self._job:
            self._job = None

    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop(PATIENCE)
            self._job.deleteLater()
            self._job = None


def _are(found: Damage) -> str:
    return "is" if int(found.spots.sum()) == 1 else "are"


def _cells(found: Damage) -> NDArray[np.bool_]:
    """Cells (row, column) of what looks lost."""
    raster = found.section.raster
    return np.asarray(raster.paint(found.spots) | raster.paint_sites(found.sites))
