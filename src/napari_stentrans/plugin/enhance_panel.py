"""Enhance: what to do, how, and the buttons that begin, hold and end a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout

from napari_stentrans.errors import ConfigError
from napari_stentrans.io import LostMask
from napari_stentrans.plugin.estimate import EstimateWords
from napari_stentrans.plugin.form import ConfigForm
from napari_stentrans.plugin.panel import Panel, button
from napari_stentrans.plugin.phase import Phase
from napari_stentrans.plugin.progress import ProgressPanel
from napari_stentrans.plugin.queue_row import QueueRow
from napari_stentrans.plugin.shortcuts import with_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig


class EnhancePanel(Panel):
    """The form of a run, its buttons and its progress."""

    runWanted = Signal()
    pauseWanted = Signal()
    resumeWanted = Signal()
    cancelWanted = Signal()

    def __init__(self) -> None:
        super().__init__("Enhance")
        self.form = ConfigForm()
        self.rows.addWidget(self.form)
        self.estimate = EstimateWords(self.form)
        self.rows.addWidget(self.estimate)
        self.run = button(
            "Run",
            with_keys("Fill, sharpen and denoise as chosen above", "run.start"),
            self.runWanted.emit,
        )
        self.add = button(
            "Queue",
            with_keys(
                "Add a run with the settings above; it begins when its turn comes", "run.start"
            ),
            self.runWanted.emit,
        )
        self.add.hide()
        self.pause = button(
            "Pause",
            with_keys("Hold the run; it goes on where it stopped", "run.pause"),
            self._on_pause,
        )
        self.cancel = button(
            "Cancel",
            with_keys("Stop; layers and the last result stay as they are", "run.cancel"),
            self.cancelWanted.emit,
        )
        row = QHBoxLayout()
        row.setSpacing(6)
        for made in (self.run, self.add, self.pause, self.cancel):
            row.addWidget(made, 1)
        self.rows.addLayout(row)
        self.queue = QueueRow()
        self.rows.addWidget(self.queue)
        self.progress = ProgressPanel()
        self.rows.addWidget(self.progress)

    def what_to_do(self, painted: LostMask) -> tuple[EnhanceConfig, LostMask]:
        """Settings and mask of a run, given what is painted.

        Raises
        ------
        ConfigError
            When they make no sense.
        """
        config, mask = self.form.value(), painted
        if not self.form.fill.isChecked():
            mask = LostMask(np.zeros_like(mask.lost), np.empty((0, 2)))
        if not (mask.lost.any() or len(mask.sites) or config.denoise or config.upscale == 2):
            raise ConfigError(
                "There is nothing to do: paint a lost region, or tick what else to do."
            )
        return config, mask

    def image_damaged(self, painted: LostMask) -> NDArray[np.bool_] | None:
        """Spots (spot,) where a run is not to look at the image; None where there is none."""
        return self.form.image.damaged_spots(painted)

    def set_phase(self, phase: Phase) -> None:
        """Offer what makes sense in a phase."""
        self.form.setEnabled(phase.idle or phase.running)
        self.run.setEnabled(phase in (Phase.READY, Phase.CHECKING))
        self.run.setHidden(phase.running)
        self.add.setVisible(phase.running)
        self.pause.setEnabled(phase in (Phase.RUNNING, Phase.PAUSED))
        self.pause.setText("Resume" if phase is Phase.PAUSED else "Pause")
        self.pause.setAccessibleName(self.pause.text().lower())
        self.cancel.setEnabled(phase.running or phase in (Phase.SAVING, Phase.CHECKING))

    def _on_pause(self) -> None:
        resume = self.pause.text() == "Resume"
        (self.resumeWanted if resume else self.pauseWanted).emit()
