"""Enhancing: begins runs and checks, lets them wait their turn, and takes what they give."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import QObject, QTimer, Signal

from napari_stentrans.errors import StentransError
from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.plugin.jobs.job import check_steps, run_steps
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.section_model import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import SectionModel


class Waiting(Protocol):
    """Runs that wait for the one at work."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[RunRequest]: ...

    def add(self, wanted: RunRequest) -> None:
        """Let a run wait for its turn."""

    def take(self) -> RunRequest | None:
        """Return the run whose turn it is, which waits no longer; None when none waits."""

    def clear(self) -> None:
        """Let go of all that wait."""


class RunPanel(Protocol):
    """What a person asks for runs with, and sees how far they are."""

    @property
    def queue(self) -> Waiting:
        """Runs that wait."""

    def what_to_do(self, painted: LostMask) -> tuple[EnhanceConfig, LostMask]:
        """Settings and mask of a run, given what is painted."""

    def image_damaged(self, painted: LostMask) -> NDArray[np.bool_] | None:
        """Spots (spot,) where a run is not to look at the image; None where there is none."""

    def refuse(self) -> None:
        """Show the settings, with which no run can begin."""

    def begin(self) -> None:
        """Show that a run begins."""

    def check(self) -> None:
        """Show that a check begins."""

    def learn(self, result: Enhancement) -> None:
        """Learn from a run how long the next may take."""


class Enhancing(QObject):
    """Runs, and the checks that follow them.

    Parameters
    ----------
    viewer
        Whose sections are enhanced; one that was removed meanwhile gets no result.
    runner
        Does the work.
    panel
        Says what to do, holds the runs that wait, and shows how far one is.
    problem
        Says why a check came to nothing.

    Attributes
    ----------
    checks
        Whether a result is checked after its run, where that is cheap.
    """

    changed = Signal()
    """There is something else to show as the result, or as its quality."""
    began = Signal()
    """A run has begun."""
    enhanced = Signal()
    """The result of a run is shown."""
    failed = Signal(str)
    offered = Signal(str, str, str, object)
    """What to say, and the name, tip and work of a button beside it."""

    def __init__(
        self, viewer: ViewerModel, runner: Runner, panel: RunPanel, problem: Callable[[str], None]
    ) -> None:
        super().__init__(runner)
        self._viewer, self._runner, self._panel, self._problem = viewer, runner, panel, problem
        self._layers: SectionLayers | None = None
        self._check_next = False
        self.checks = True
        self._at_work: RunRequest | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Enhance this section from now on; say what became of runs when the dock was closed."""
        self._layers = layers
        if layers is not None and layers.model.stopped:
            stopped, layers.model.stopped = layers.model.stopped, []
            n = len(stopped)
            what = "The run was" if n == 1 else f"{n} runs were"
            tip = "Begin what was stopped anew, with the settings and the paint of then"
            said = f"{what} stopped when the dock was closed."
            self.offered.emit(said, "Run again", tip, partial(self._run_again, stopped))

    @property
    def at_work(self) -> RunRequest | None:
        """Run that is being made; None where none is."""
        return self._at_work if self._runner.phase.running else None

    @property
    def at_work_on(self) -> SectionModel | None:
        """Section of the run that is at work; None where none is."""
        return None if self.at_work is None else self.at_work.model

    def run(self) -> None:
        """Enhance the section as the panel says, now or after the run that is at work."""
        if self._layers is None:
            return
        try:
            painted = self._layers.paint.mask()
            config, mask = self._panel.what_to_do(painted)
        except StentransError as error:
            self.failed.emit(str(error))
            self._panel.refuse()
            return
        damaged = self._panel.image_damaged(painted)
        self._begin(RunRequest(self._layers.model, config, mask, damaged=damaged))

    def check(self) -> None:
        """Measure how good the result is, on the section itself; the dock can be used meanwhile."""
        model = None if self._layers is None else self._layers.model
        result = None if model is None else model.enhancement
        if model is None or result is None:
            return
        self._panel.check()
        work = partial(check_steps, result.section, result.record)
        self._runner.start(work, Phase.CHECKING, partial(self._on_checked, model, result))

    def go_on(self) -> None:
        """Begin what comes after a job that is over: the next run, or the check of the last."""
        if len(self._panel.queue):
            QTimer.singleShot(0, self._run_next)  # unless something else begins
        elif self._check_next:
            self._check_next = False
            self.check()

    def forget_check(self) -> None:
        """Let the last run go unchecked, because a person went on to something else."""
        self._check_next = False

    def shut_down(self) -> None:
        """Begin nothing more, and remember on their sections which runs come to nothing."""
        for wanted in [self.at_work, *self._panel.queue]:
            if wanted is not None:
                wanted.model.stopped.append(wanted)
        self._layers = None
        self._check_next = False
        self._panel.queue.clear()

    def _begin(self, wanted: RunRequest) -> None:
        if not self._runner.idle:
            self._panel.queue.add(wanted)
            return
        self._runner.stop()  # a check
        model, config, mask = wanted.model, wanted.config, wanted.mask
        if model.paint is not None:
            model.paint.stop()
        self._at_work = wanted
        work = partial(run_steps, model.section, mask.lost, config, mask.sites, wanted.damaged)
        self._panel.begin()
        self.began.emit()
        self._runner.start(
            work,
            Phase.RUNNING,
            partial(self._on_enhanced, wanted),
            partial(self._on_previewed, model, config.method),
        )

    def _is_open(self, model: SectionModel) -> bool:
        return any(layers.model is model for layers in find(self._viewer))

    def _run_again(self, stopped: list[RunRequest]) -> None:
        """Begin runs one after the other, of sections that are still there."""
        for wanted in stopped:
            if self._is_open(wanted.model):
                self._begin(wanted)

    def _run_next(self) -> None:
        """Begin the run whose turn it is, if a run may begin and its section is still there."""
        if not self._runner.idle:
            return
        wanted = self._panel.queue.take()
        while wanted is not None and not self._is_open(wanted.model):
            wanted = self._panel.queue.take()
        if wanted is not None:
            self._begin(wanted)

    def _on_enhanced(self, wanted: RunRequest, result: Enhancement) -> None:
        model = wanted.model
        if not self._is_open(model):
            self.failed.emit(
                "The section was removed while the run went on; its result is dropped."
            )
            return
        self._panel.learn(result)
        model.show_run(model.runs.add(result, wanted.name))
        if model.view == "before":
            model.choose_view("after")  # what was waited for
        self.changed.emit()
        here = self._layers is not None and model is self._layers.model
        if here:
            self.enhanced.emit()
        cheap = is_cheap(result.record.config)
        self._check_next = self.checks and cheap and here

    def _on_previewed(self, model: SectionModel, method: str, result: Enhancement) -> None:
        if self._is_open(model):
            model.show_preview(result, method)
            self.changed.emit()

    def _on_checked(self, model: SectionModel, result: Enhancement, found: Quality | str) -> None:
        if isinstance(found, str):
            self._problem(found)
            return
        run = model.runs.of(result)
        if run is not None:
            run.quality = found
        if model.enhancement is result:
            self.changed.emit()
