"""Rankings: lists of genes that take a while, made in the background and kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.ranking import most_changed_steps, most_spatial_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.section import Section


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
        self._of: Any = None
        self._runner = Runner(self)
        self._runner.progressed.connect(self.progressed)
        self._runner.failed.connect(self.failed)
        self._runner.ended.connect(self._on_ended)

    def spatial(self, section: Section) -> pd.Series | None:
        """Genes by Moran's I; None while they are being ranked."""
        return self._ask(section, partial(most_spatial_steps, section))

    def changed(self, result: Enhancement) -> pd.Series | None:
        """Genes of a result by change, in standard deviations; None while they are ranked."""
        return self._ask(result, partial(most_changed_steps, result))

    def stop(self) -> None:
        self._of = None
        self._runner.stop()

    def _ask(self, of: Section | Enhancement, work: Callable[[], Any]) -> pd.Series | None:
        if of in self._kept:
            return self._kept[of]
        if self._of is not of:
            self.stop()
            self._of = of
            self._runner.start(work, Phase.RUNNING, partial(self._kept.__setitem__, of))
        return None

    def _on_ended(self) -> None:
        of, self._of = self._of, None
        if of is not None and of in self._kept:
            self.found.emit()
