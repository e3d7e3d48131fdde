"""Progress of a run: a bar, the stage in words, the time left, and the loss as it falls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_stentrans.plugin.models.stages import Stages
from napari_stentrans.plugin.widgets.panel import OneLine, called, in_rows
from napari_stentrans.wording import time_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.panels.repair.loss_curve import LossCurve
    from napari_stentrans.progress import Progress

TRUSTED_AFTER = 1.0
"""Seconds of a stage before its pace is told."""


class Pace:
    """Follows the steps of a run and says how far it is and how long it will take.

    A stage may contain loops of its own, with another total or a single step; only the loop that
    a stage began with counts, so that the bar never jumps back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: dict[str, tuple[float, int]] = {}
        self._slept = 0.0
        self._asleep: float | None = None
        self.stage = ""
        self.fraction = 0.0

    def step(self, progress: Progress) -> bool:
        """Take in a step; False when it is one of an inner loop."""
        stage, now = progress.stage, self._clock()
        if progress.total <= 1 and stage != self.stage and 0 < self.fraction < 1:
            return False
        if stage != self.stage:
            self._began.setdefault(stage, (now, progress.total))
            self.stage, self.fraction, self._slept = stage, progress.fraction, 0.0
            return True
        if progress.total != self._began[stage][1]:
            return False
        self.fraction = max(self.fraction, progress.fraction)
        return True

    def sleep(self, asleep: bool) -> None:
        """Leave out the time of a pause."""
        now = self._clock()
        if asleep and self._asleep is None:
            self._asleep = now
        elif not asleep and self._asleep is not None:
            self._slept += now - self._asleep
            self._asleep = None

    def seconds_left(self) -> float | None:
        """Seconds until this stage is done, None while that cannot be told."""
        if not self.stage or not 0 < self.fraction < 1:
            return None
        spent = self._clock() - self._began[self.stage][0] - self._slept
        if spent < TRUSTED_AFTER:
            return None
        return spent * (1 - self.fraction) / self.fraction


class ProgressPanel(QWidget):
    """Bar and words; empty and hidden while nothing runs.

    The curve of the loss goes to ``rows``, since it is too high to be always in view. ``of`` is
    the section of the run, where another is looked at; else empty.
    """

    busy = Signal(bool)
    """Something is shown, or nothing any more."""

    def __init__(self, rows: QVBoxLayout) -> None:
        super().__init__()
        self._pace, self._stages, self._rows = Pace(), Stages(), rows
        self._said, self.of, self._cancelled = "", "", False
        self.bar = called(QProgressBar(), "progress")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.words = OneLine("what is being done")
        self.curve: LossCurve | None = None
        in_rows(self, self.bar, self.words, spacing=3)
        self.hide()

    def start(self, words: str) -> None:
        """Begin: a busy bar until the first step that can be counted."""
        self._pace, self._stages = Pace(), Stages()
        self._said, self.of, self._cancelled = "", "", False
        self.bar.setRange(0, 0)
        self.words.setText(words)
        if self.curve is not None:
            self.curve.clear()
            self.curve.hide()
        self.show()
        self.busy.emit(True)

    def step(self, progress: Progress) -> None:
        if progress.loss is not None:
            self._plot(progress)
        if not self._pace.step(progress) or self._cancelled:
            return
        known = progress.total > 1
        self.bar.setRange(0, 1000 if known else 0)
        self.bar.setValue(round(1000 * self._pace.fraction))
        self._said = self._stages.in_words(progress)
        left = self._pace.seconds_left()
        if left is not None:  # before what may be cut off
            step = self._said.startswith("step ") and not self.of
            said = f"of {self._said}" if step else f"· {self._in_words()}"
            self.words.setText(f"{time_in_words(left).capitalize()} left {said}")
        else:
            count = f" · {progress.done:,} of {progress.total:,}" * known
            self.words.setText(self._in_words() + count)

    def set_paused(self, paused: bool) -> None:
        """Say that the run is held, and leave the pause out of the time."""
        self._pace.sleep(paused)
        if not self._said:
            return  # nothing was begun that could be held
        stage = self._in_words()
        self.words.setText(f"{stage} · paused" if paused else stage)

    def _in_words(self) -> str:
        said = self._said[:1].upper() + self._said[1:]
        return f"{self.of} · {said}" if self.of else said

    def cancel(self) -> None:
        """Say that it ends at the next step, whatever that is called."""
        self._cancelled = True
        self.bar.setRange(0, 0)
        self.words.setText("Cancelling …")

    def finish(self) -> None:
        """Clear away bar and words; the curve stays to be looked at."""
        self.bar.setRange(0, 1)
        self.hide()
        self.busy.emit(False)

    def _plot(self, progress: Progress) -> None:
        if self.curve is None:
            from napari_stentrans.plugin.panels.repair.loss_curve import LossCurve  # half a second

            self.curve = LossCurve()
            self._rows.addWidget(self.curve)
        self.curve.show()
        self.curve.add(progress)
