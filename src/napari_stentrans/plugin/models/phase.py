"""Phase: what the dock is doing, and what can be done meanwhile."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What the dock is doing; it decides every button."""

    EMPTY = "no section"
    LOADING = "reading a section"
    READY = "waiting for the person"
    RUNNING = "a run goes on"
    PAUSING = "a run stops at its next step, to be resumed"
    PAUSED = "a run is held"
    STOPPING = "a run or a save stops at its next step"
    SAVING = "a result is being written"
    CHECKING = "how good the result is is being measured"

    @property
    def idle(self) -> bool:
        """Whether a person may begin something; a check gives way to it."""
        return self in (Phase.EMPTY, Phase.READY, Phase.CHECKING)

    @property
    def running(self) -> bool:
        """Whether there is a run that can be cancelled."""
        return self in (Phase.RUNNING, Phase.PAUSING, Phase.PAUSED)
