"""What a run is doing, in plain words; unknown stages are said as they are."""

from __future__ import annotations

CHECKING = "checking how good it is here"
PREVIEW = "preview: a quick first estimate"
STEPS = (
    ("finding the patterns of the tissue", ("finding spatial factors", "looking at the tissue")),
    ("tuning on hidden spots", ("checking the network", "checking the tissue image")),
    (
        "filling and sharpening",
        (
            "attending to the tissue", "fitting the spatial range", "kriging", "tuning the decoder",
            "weighing the spots", "measuring uncertainty", "preparing", "predicting",
            "drawing the result",
        ),
    ),
)  # fmt: skip
"""Steps of a run in their order, and how the stages of each begin."""


class Stages:
    """Turns stages into words; a run never goes back to an earlier step."""

    def __init__(self) -> None:
        self._step = 0

    def in_words(self, stage: str) -> str:
        """Words of a stage, without a capital letter."""
        if stage.startswith(CHECKING):
            return CHECKING
        if stage.startswith("preview"):
            return PREVIEW
        for step, (words, beginnings) in enumerate(STEPS):
            if stage.startswith(beginnings):
                self._step = max(self._step, step)
                words = STEPS[self._step][0]
                return f"step {self._step + 1} of {len(STEPS)}: {words}"
        return stage
