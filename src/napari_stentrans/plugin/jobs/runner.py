"""Runner: one job at a time, and the phase that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.progress import Steps

PATIENCE = 1.0
"""Seconds to wait for a computation to end when the dock closes or another begins, usually."""


class Runner(QObject):
    """Starts, holds and stops the jobs of the dock."""

    phaseChanged = Signal()
    """The job has entered another phase."""
    progressed = Signal(object)
    failed = Signal(str)
    warned = Signal(str)
    ended = Signal()
    """A job is over, however it ended; comes after its result."""

    def __init__(self, parent: QObject, patience: float = PATIENCE) -> None:
        super().__init__(parent)
        self._patience = patience
        self._job: Job | None = None
        self._phase = Phase.READY

    @property
    def busy(self) -> bool:
        return self._job is not None

    @property
    def phase(self) -> Phase:
        """What the job is doing; READY where there is none."""
        return self._phase if self.busy else Phase.READY

    @property
    def idle(self) -> bool:
        """Whether a job may begin; a check gives way to it."""
        return self.phase.idle

    def start(
        self,
        work: Callable[[], Steps[Any]],
        phase: Phase,
        returned: Callable[[Any], object],
        previewed: Callable[[Any], object] | None = None,
    ) -> None:
        """Start a job, after stopping the one before.

        Its result goes to ``returned``, and a result to look at meanwhile to ``previewed``.
        """
        self.stop()
        job = self._job = Job(work, self, announce=False)
        job.returned.connect(returned)
        if previewed is not None:
            job.previewed.connect(previewed)
        job.progressed.connect(self.progressed)
        job.failed.connect(self.failed)
        job.warned.connect(self.warned)
        job.paused.connect(self._on_paused)
        job.resumed.connect(self._on_resumed)
        job.ended.connect(self._on_ended)
        self._enter(phase)
        job.start()

    def pause(self) -> None:
        if self._job is not None and self._phase is Phase.RUNNING:
            self._job.pause()
            self._enter(Phase.PAUSING)

    def resume(self) -> None:
        if self._job is not None and self._phase is Phase.PAUSED:
            self._job.resume()

    def cancel(self) -> None:
        """Stop the job at its next step; ``ended`` says when."""
        if self._job is not None:
            self._job.cancel()
            self._enter(Phase.STOPPING)

    def stop(self) -> None:
        """Stop the job at its next step, and wait for it a little."""
        if self._job is not None:
            self._job.stop(self._patience)
            self._on_ended()

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self.phaseChanged.emit()

    def _on_paused(self) -> None:
        if self._phase is Phase.PAUSING:
            self._enter(Phase.PAUSED)

    def _on_resumed(self) -> None:
        if self._phase is Phase.PAUSED:
            self._enter(Phase.RUNNING)

    def _on_ended(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
            self.ended.emit()
