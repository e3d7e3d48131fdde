"""DamageLine: looks for damage once a section is open, and says in a line what looks lost.

The line can show, paint or ignore it. A run that would take it as measured asks first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_stentrans.damage import Damage, damage_steps
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.repair.finder import UNCOVERED
from napari_stentrans.plugin.widgets.message_bar import Asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.panels.repair.lost_panel import LostPanel


class DamageLine(QObject):
    """What looks lost in the section that is worked on; the search gives way to other jobs.

    The ``line`` is in the panel of lost regions, the ``question`` is asked before a run.
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
        self._search = Runner(self, patience=0.0)  # it holds nothing
        self._run: Callable[[], object] | None = None
        show = "Show it in white on the map; again to take that away"
        paint = "Paint it as lost regions, named by what it is"
        ignore = "Leave it as it is, and say no more of it"
        answers = {
            "Show": (show, self.show),
            "Paint": (paint, self.paint),
            "Ignore": (ignore, self.ignore),
        }
        self.line = Asking("what looks lost", answers)
        self.line.answers["Show"].setCheckable(True)
        fill = "Paint it as lost, and fill it from what is around"
        keep = "Take what was counted there as measured"
        answers = {
            "Paint and run": (fill, partial(self._go, self.paint)),
            "Run as it is": (keep, partial(self._go, self.ignore)),
            "Cancel": ("Run nothing", self._cancel),
        }
        self.question = Asking("before the run", answers)
        lost.rows.insertWidget(2, self.line)
        lost.marked.connect(lambda _: self.refresh())
        lost.finder.pointed.connect(self.line.answers["Show"].setChecked)
        lost.finder.asked.connect(self.refresh)
        runner.phaseChanged.connect(self._on_phase)
        runner.ended.connect(self._on_phase)

    @property
    def found(self) -> Damage | None:
        """What looks lost and is not painted; None where nobody has looked yet."""
        damage = self._damage
        if damage is None or self._layers is None:
            return None
        mask = self._layers.paint.mask()
        return damage.without(mask.lost, mask.sites)

    @property
    def _damage(self) -> Damage | None:
        """What was found in the section with the images that it has now."""
        model = None if self._layers is None else self._layers.model
        damage = None if model is None else model.damage
        same = damage is not None and model is not None and damage.section is model.section
        return damage if same else None

    @property
    def _ignored(self) -> bool:
        return self._layers is None or self._layers.model.ignores_damage

    def set_layers(self, layers: SectionLayers | None) -> None:
        if layers is not self._layers:
            self._search.stop()
            self._cancel()
        self._layers = layers
        self.refresh()
        self._on_phase()

    def asks(self, run: Callable[[], object]) -> bool:
        """Ask what a run is to do with what looks lost; False where there is nothing to ask."""
        found = self.found
        if self._ignored or found is None or not found.spots.any():
            return False
        self._run = run
        self.refresh()
        self.question.ask(f"{found.spots_in_words()} and {_are(found)} not painted.")
        self.question.answers["Paint and run"].setFocus()
        return True

    def refresh(self) -> None:
        found = self.found
        said = "" if found is None or self._ignored else found.in_words()
        alone = self._lost.finder.isHidden() and self._run is None  # one question at a time
        self.line.ask(f"{said}." if said and alone else "")
        if not (found is not None and found.spots.any()):
            self._cancel()
        if not said:
            self._lost.finder.point_out(None)
        self.changed.emit()

    def show(self) -> None:
        found = self.found
        on = self.line.answers["Show"].isChecked()
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

    def _go(self, first: Callable[[], object]) -> None:
        """Run, once what looks lost is dealt with."""
        run, self._run = self._run, None
        first()
        self.question.hide()
        self.refresh()
        if run is not None:
            run()

    def _cancel(self) -> None:
        asked, self._run = self._run is not None, None
        self.question.hide()
        if asked:
            self.refresh()

    # ---- the search

    def _on_phase(self) -> None:
        """Look while nothing else is done, and give way to what is."""
        layers = self._layers
        if not self._runner.idle:
            self._search.stop()
        elif layers is not None and self.looks and self._damage is None and not self._search.busy:
            work = partial(damage_steps, layers.model.section)
            self._search.start(work, Phase.LOADING, partial(self._on_found, layers))

    def _on_found(self, layers: SectionLayers, damage: Damage) -> None:
        layers.model.damage = damage
        if layers is self._layers:
            self.refresh()


def _are(found: Damage) -> str:
    return "is" if int(found.spots.sum()) == 1 else "are"


def _cells(found: Damage) -> NDArray[np.bool_]:
    """Cells (row, column) of what looks lost."""
    raster = found.section.raster
    return np.asarray(raster.paint(found.spots) | raster.paint_sites(found.sites))
