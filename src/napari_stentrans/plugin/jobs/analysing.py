"""Analysing: analyses of a section or a result, one at a time, beside what the dock does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.progress import Steps


class Analysing(QObject):
    """Runs analyses on a thread of their own; another begins only when the last has ended."""

    progressed = Signal(object)
    failed = Signal(str)
    warned = Signal(str)
    changed = Signal()
    """One begins, or has ended."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = Runner(self)
        self._runner.progressed.connect(self.progressed)
        self._runner.failed.connect(self.failed)
        self._runner.warned.connect(self.warned)
        self._runner.ended.connect(self.changed)

    @property
    def busy(self) -> bool:
        return self._runner.busy

    def start(self, work: Callable[[], Steps[Any]], returned: Callable[[Any], object]) -> None:
        """Begin; ``returned`` takes what it comes to, in the window's thread."""
        self._runner.start(work, Phase.RUNNING, returned)
        self.changed.emit()

    def cancel(self) -> None:
        """Stop at the next step; nothing is returned."""
        self._runner.cancel()

    def stop(self) -> None:
        """Stop, and wait for it a little."""
        self._runner.stop()
