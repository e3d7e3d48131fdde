"""Enhancing: begins runs and checks, lets them wait their turn, and takes what they give."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import QObject, QTimer, Signal

from napari_stentrans.errors import StentransError
from napari_stentrans.evaluation.quality import is_cheap
from napari_stentrans.plugin.jobs.job import check_steps, run_steps
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.section_model import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.evaluation.quality import Quality
    from napari_stentrans.io import LostMask
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.section_model import SectionModel


class Waiting(Protocol):
    """Runs that wait for the one at work."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[RunRequest]: ...
    def add(self, wanted: RunRequest) -> None: ...
    def take(self) -> RunRequest | None: ...
    def clear(self) -> None: ...


class RunPanel(Protocol):
    """What a person asks for runs with, and sees how far they are."""

    @property
    def queue(self) -> Waiting: ...
    def what_to_do(self, painted: LostMask) -> tuple[EnhanceConfig, LostMask]: ...
    def image_damaged(self, painted: LostMask) -> NDArray[np.bool_] | None: ...
    def refuse(self) -> None: ...
    def begin(self) -> None: ...
    def check(self) -> None: ...
    def learn(self, result: Enhancement) -> None: ...


class Enhancing(QObject):
    """Runs, and the checks that follow them; a section that was removed gets no result.

    Parameters
    ----------
    context
        Whose section is enhanced.
    panel
        Says what to do, holds the runs that wait, and shows how far one is.
    problem
        Says why a check came to nothing.

    Attributes
    ----------
    checks
        Whether a result is checked after its run, where that is cheap.
    """

    began = Signal()
    """A run has begun."""
    enhanced = Signal()
    """The result of a run is shown."""

    def __init__(self, context: Context, panel: RunPanel, problem: Callable[[str], None]) -> None:
        super().__init__(context)
        self._context, self._runner = context, context.runner
        self.panel, self._problem = panel, problem
        self.checks, self._check_next = True, False
        self._at_work: RunRequest | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Say what became of the runs of this section when the dock was closed."""
        if layers is not None and layers.model.stopped:
            stopped, layers.model.stopped = layers.model.stopped, []
            n = len(stopped)
            what = "The run was" if n == 1 else f"{n} runs were"
            tip = "Begin what was stopped anew, with the settings and the paint of then"
            said = f"{what} stopped when the dock was closed."
            self._context.message.offer(said, "Run again", tip, partial(self._run_again, stopped))

    @property
    def at_work(self) -> RunRequest | None:
        """Run that is being made; None where none is."""
        return self._at_work if self._runner.phase.running else None

    def run(self) -> None:
        """Enhance the section as the panel says, now or after the run that is at work."""
        layers = self._context.layers
        if layers is None or not (self._context.phase.idle or self._context.phase.running):
            return
        self._context.message.clear()
        try:
            painted = layers.paint.mask()
            config, mask = self.panel.what_to_do(painted)
        except StentransError as error:
            self._context.fail(str(error))
            self.panel.refuse()
            return
        damaged = self.panel.image_damaged(painted)
        beside = layers.model.neighbours.neighbours
        self._begin(RunRequest(layers.model, config, mask, damaged=damaged, neighbours=beside))

    def check(self) -> None:
        """Measure how good the result is, on the section itself; the dock can be used meanwhile."""
        model = self._context.app.current
        result = None if model is None else model.enhancement
        if model is None or result is None:
            return
        self.panel.check()
        work = partial(check_steps, result.section, result.record)
        self._runner.start(work, Phase.CHECKING, partial(self._on_checked, model, result))

    def go_on(self) -> None:
        """Begin what comes after a job that is over: the next run, or the check of the last."""
        if len(self.panel.queue):
            QTimer.singleShot(0, self._run_next)  # unless something else begins
        elif self._check_next:
            self._check_next = False
            self.check()

    def forget_check(self) -> None:
        """Let the last run go unchecked, because a person went on to something else."""
        self._check_next = False

    def shut_down(self) -> None:
        """Begin nothing more, and remember on their sections which runs come to nothing."""
        for wanted in [self.at_work, *self.panel.queue]:
            if wanted is not None:
                wanted.model.stopped.append(wanted)
        self._check_next = False
        self.panel.queue.clear()

    def _begin(self, wanted: RunRequest) -> None:
        if not self._runner.idle:
            self.panel.queue.add(wanted)
            return
        self._runner.stop()  # a check
        model, config, mask = wanted.model, wanted.config, wanted.mask
        if model.paint is not None:
            model.paint.stop()
        self._at_work = wanted
        given = mask.lost, config, mask.sites, wanted.damaged, wanted.neighbours
        work = partial(run_steps, model.section, *given)
        self.panel.begin()
        self.began.emit()
        done = partial(self._on_enhanced, wanted)
        previewed = partial(self._on_previewed, model, config.method)
        self._runner.start(work, Phase.RUNNING, done, previewed)

    def _is_open(self, model: SectionModel) -> bool:
        return any(layers.model is model for layers in self._context.sections)

    def _run_again(self, stopped: list[RunRequest]) -> None:
        """Begin runs one after the other, of sections that are still there."""
        for wanted in stopped:
            if self._is_open(wanted.model):
                self._begin(wanted)

    def _run_next(self) -> None:
        """Begin the run whose turn it is, if a run may begin and its section is still there."""
        if not self._runner.idle:
            return
        wanted = self.panel.queue.take()
        while wanted is not None and not self._is_open(wanted.model):
            wanted = self.panel.queue.take()
        if wanted is not None:
            self._begin(wanted)

    def _on_enhanced(self, wanted: RunRequest, result: Enhancement) -> None:
        model = wanted.model
        if not self._is_open(model):
            self._context.fail(
                "The section was removed while the run went on; its result is dropped."
            )
            return
        self.panel.learn(result)
        model.show_run(model.runs.add(result, wanted.name))
        if model.view == "before":
            model.choose_view("after")  # what was waited for
        self._context.resultChanged.emit()
        here = model is self._context.app.current
        if here:
            self.enhanced.emit()
        self._check_next = self.checks and here and is_cheap(result.record.config)

    def _on_previewed(self, model: SectionModel, method: str, result: Enhancement) -> None:
        if self._is_open(model):
            model.show_preview(result, method)
            self._context.resultChanged.emit()

    def _on_checked(self, model: SectionModel, result: Enhancement, found: Quality | str) -> None:
        if isinstance(found, str):
            self._problem(found)
            return
        run = model.runs.of(result)
        if run is not None:
            run.quality = found
        if model.enhancement is result:
            self._context.resultChanged.emit()
