"""LossCurve: the training loss over the steps of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph

from napari_stentrans.plugin.widgets.plot import Plot

if TYPE_CHECKING:
    from napari_stentrans.progress import Progress

CURVE = "#e8833a"


class LossCurve(Plot):
    """The training loss over the steps of a run."""

    def __init__(self) -> None:
        super().__init__(height=120)
        self.setAccessibleName("training loss")
        self.setToolTip("The training loss: the lower, the better the network fits")
        self.plot.setLabel("left", "loss")
        self._line = self.plot.plot(pen=pyqtgraph.mkPen(CURVE, width=2))
        self._done: list[int] = []
        self._loss: list[float] = []

    def add(self, progress: Progress) -> None:
        self._done.append(progress.done)
        self._loss.append(float(progress.loss or 0.0))
        self._line.setData(self._done, self._loss)

    def points(self) -> list[tuple[int, float]]:
        """(step, loss) of all points drawn."""
        return list(zip(self._done, self._loss, strict=True))

    def clear(self) -> None:
        self._done.clear()
        self._loss.clear()
        self._line.setData([], [])
