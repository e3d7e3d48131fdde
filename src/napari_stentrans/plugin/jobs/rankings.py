"""Rankings: lists of genes that take a while, made in the background and kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.ranking import most_changed_steps, most_spatial_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.progress import Progress
    from napari_stentrans.section import Section

PATIENCE = 1.0
"""Seconds to wait for a ranking to end when another is wanted."""


class Rankings(QObject):
    """Genes of sections by Moran's I, and of results by how much they changed.

    Each is computed once, on a thread of its own, and kept as long as its section or result is.
    """

    progressed = Signal(object)
    """A step of the ranking that is being made."""
    found = Signal()
    """The ranking that was asked for last is there."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: WeakKeyDictionary[Any, pd.Series] = WeakKeyDictionary()
        self._job: Job | None = None
        self._of: Any = None

    def spatial(self, section: Section) -> pd.Series | None:
        """Genes by Moran's I; None while they are being ranked."""
        return self._ask(section, partial(most_spatial_steps, section))

    def changed(self, result: Enhancement) -> pd.Series | None:
        """Genes of a result by change, in standard deviations; None while they are ranked."""
        return self._ask(result, partial(most_changed_steps, result))

    def stop(self) -> None:
        """Let go of the ranking that is being made."""
        job, self._job, self._of = self._job, None, None
        if job is not None:
            job.stop(PATIENCE)
            job.deleteLater()

    def _ask(self, of: Section | Enhancement, work: Callable[[], Any]) -> pd.Series | None:
        if of in self._kept:
            return self._kept[of]
        if self._of is not of:
            self.stop()
            self._of = of
            job = self._job = Job(work, self, announce=False)
            job.progressed.connect(self._on_progress)
            job.returned.connect(partial(self._on_returned, job))
            job.failed.connect(self.failed)
            job.ended.connect(partial(self._on_ended, job))
            job.start()
        return None

    def _on_progress(self, step: Progress) -> None:
        self.progressed.emit(step)

    def _on_returned(self, job: Job, ranked: pd.Series) -> None:
        if job is self._job:
            self._kept[self._of] = ranked

    def _on_ended(self, job: Job) -> None:
        if job is not self._job:
            return
        known = self._of in self._kept
        self._job = self._of = None
        job.deleteLater()
        if known:
            self.found.emit()
