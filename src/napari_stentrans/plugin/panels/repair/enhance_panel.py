"""Enhance: what to do, how, and the buttons that begin, hold and end a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QWidget

from napari_stentrans.cost import Work
from napari_stentrans.errors import ConfigError, StentransError
from napari_stentrans.io import LostMask
from napari_stentrans.plugin.actions import tip_of, with_keys
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.repair.form import ConfigForm
from napari_stentrans.plugin.panels.repair.progress import ProgressPanel
from napari_stentrans.plugin.panels.repair.run_button import RunButton, tasks
from napari_stentrans.plugin.widgets.panel import (
    Tool,
    button,
    called,
    column,
    in_row,
    in_rows,
    reveal,
    row_of,
    words,
)
from napari_stentrans.targets import check_observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.models.section_model import RunRequest
    from napari_stentrans.section import Section


QUEUE = "Add a run with the settings above; it begins when its turn comes"


class EnhancePanel(QWidget):
    """The form of a run, its buttons and its progress.

    Attributes
    ----------
    curve
        Room for the curve of the loss, below all buttons: they stay where they are.
    begins
        What begins a run, which stays in view.
    foot
        How far a run is, and what holds and ends it: there while something runs.
    """

    runWanted = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setAccessibleName("enhance")
        self._context, self._held, self._began = context, False, 0.0
        self.form = ConfigForm()
        in_rows(self, self.form)
        self.run = RunButton(self.runWanted.emit)
        self.refusal = words("why no run can begin")
        self.add = button("Add to the queue", with_keys(QUEUE, "run.start"), self.runWanted.emit)
        self.add.hide()
        self.pause = button("Pause", tip_of("run.pause"), self._on_pause)
        self.cancel = button("Cancel", tip_of("run.cancel"), context.runner.cancel)
        self.queue = QueueRow()
        self.curve = QWidget()
        self.progress = ProgressPanel(in_rows(self.curve))
        self.begins = column(self.refusal, self.run, self.add)
        self.foot = column(self.progress, row_of(self.queue, self.pause, self.cancel))
        self.foot.hide()
        self.form.valueChanged.connect(self._allow)
        self.form.fill.toggled.connect(self._allow)
        self.progress.busy.connect(self._show_foot)
        self.queue.changed.connect(self._show_foot)
        context.phaseChanged.connect(self._show_phase)
        context.paintChanged.connect(self._show_painted)
        context.sectionsChanged.connect(self._allow)
        self._allow()

    def what_to_do(self, painted: LostMask) -> tuple[EnhanceConfig, LostMask]:
        """Settings and mask of a run, given what is painted.

        Raises
        ------
        ConfigError
            When they make no sense.
        """
        config, mask = self.form.value(), painted
        if not self.form.fill.isChecked():
            mask = _nothing(len(mask.lost))
        if not (mask.lost.any() or len(mask.sites) or config.denoise or config.upscale == 2):
            fill = "" if painted.lost.any() or len(painted.sites) else "paint a lost region and "
            raise ConfigError(
                f"There is nothing to do: {fill}tick Fill lost regions, or tick Double the "
                "resolution or Denoise."
            )
        return config, mask

    def why_not(self) -> str:
        """Say why a run could only refuse, as things stand; empty where it could begin."""
        section, painted = self._section, self._context.painted
        if section is None:
            return ""
        if painted is None or len(painted.lost) != section.n_spots:
            painted = _nothing(section.n_spots)
        try:
            config, mask = self.what_to_do(painted)
            check_observed(section, mask.lost)
            for gene in config.genes or ():
                section.gene_index(gene)
        except StentransError as error:
            return str(error)
        return ""

    def image_damaged(self, painted: LostMask) -> NDArray[np.bool_] | None:
        """Spots (spot,) where a run is not to look at the image; None where there is none."""
        return self.form.image.damaged_spots(painted)

    def refresh(self) -> None:
        """Say anew what a run would do."""
        self._allow()

    def refuse(self) -> None:
        """Show the settings, with which no run can begin."""
        reveal(self.form)

    def check(self) -> None:
        self.progress.start("Checking how good it is here")

    def begin(self) -> None:
        self._held, self._began = False, time.monotonic()
        self.progress.start("Starting")

    def learn(self, result: Enhancement) -> None:
        """Estimate by what the run took that was begun last, unless it was held meanwhile."""
        if not self._held:
            self.run.learn(result, time.monotonic() - self._began)

    def press_run(self) -> None:
        """Begin a run, or let one wait for its turn, as their button would."""
        (self.add if self._context.phase.running else self.run).click()

    @property
    def _section(self) -> Section | None:
        layers = self._context.layers
        return None if layers is None else layers.model.section

    def _show_phase(self) -> None:
        phase = self._context.phase
        paused = phase is Phase.PAUSED
        self._held = self._held or paused
        self.form.setEnabled(phase.idle or phase.running)
        self._allow()
        self.run.setHidden(phase.running)
        self.add.setVisible(phase.running)
        self.pause.setEnabled(paused or phase is Phase.RUNNING)
        self.pause.setText("Resume" if paused else "Pause")
        self.pause.setAccessibleName(self.pause.text().lower())
        self.cancel.setEnabled(phase.running or phase in (Phase.SAVING, Phase.CHECKING))
        self.progress.set_paused(paused)
        if phase is Phase.STOPPING:
            self.progress.cancel()
        self._show_foot()

    def _show_painted(self, painted: LostMask | None) -> None:
        self.form.set_lost(*_amount(painted))
        self._allow()

    def _allow(self) -> None:
        """Let a run begin where it would not just refuse; else it is said why."""
        why, phase = self.why_not(), self._context.phase
        idle = phase in (Phase.READY, Phase.CHECKING)
        self.run.setEnabled(idle and not why)
        self._show_task(why)
        self.add.setEnabled(not why)
        self.add.setToolTip(with_keys(QUEUE, "run.start") + (f".\n{why}" if why else ""))
        self.refusal.setText(why)
        self.refusal.setVisible(bool(why) and (idle or phase.running))

    def _show_task(self, why: str) -> None:
        section, work, said = self._section, None, why
        if section is not None and not why:
            config, fill = self.form.value(), self.form.fill.isChecked()
            amount = _amount(self._context.painted if fill else None)
            layers = self._context.layers
            beside = 0 if layers is None else len(layers.model.neighbours)
            work = Work.of(section, config, *amount, beside)
            said = tasks(config, *amount, image=self.form.image.used, neighbours=work.neighbours)
        self.run.show_task(work, said)

    def _show_foot(self) -> None:
        self.pause.setVisible(self._context.phase.running)
        self.foot.setVisible(not self.progress.isHidden() or len(self.queue) > 0)

    def _on_pause(self) -> None:
        runner = self._context.runner
        (runner.resume if runner.phase is Phase.PAUSED else runner.pause)()


class QueueRow(QWidget):
    """Says how many runs wait; hidden while none does."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[RunRequest] = []
        self.words = called(QLabel(), "runs that wait")
        let_go = "Let go of the runs that wait; the one at work goes on"
        self.clear_button = Tool("clear the queue", let_go, self.clear, text="×", flat=True)
        row = in_row(box=self, spacing=4)
        row.addWidget(self.words)
        row.addWidget(self.clear_button)
        self.hide()

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[RunRequest]:
        return iter(self._waiting)

    def add(self, wanted: RunRequest) -> None:
        self._waiting.append(wanted)
        self._refresh()

    def take(self) -> RunRequest | None:
        """Return the run whose turn it is, which waits no longer; None when none waits."""
        wanted = self._waiting.pop(0) if self._waiting else None
        self._refresh()
        return wanted

    def clear(self) -> None:
        self._waiting.clear()
        self._refresh()

    def _refresh(self) -> None:
        self.words.setText(f"{len(self)} waiting")
        self.setVisible(len(self) > 0)
        self.changed.emit()


def _nothing(n_spots: int) -> LostMask:
    return LostMask(np.zeros(n_spots, bool), np.empty((0, 2)))


def _amount(painted: LostMask | None) -> tuple[int, int]:
    """Spots and sites that are painted."""
    return (0, 0) if painted is None else (int(painted.lost.sum()), len(painted.sites))
