"""What a run is doing, in the words of the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.progress import PARTS, Stage

if TYPE_CHECKING:
    from napari_stentrans.progress import Progress


class Stages:
    """Turns steps into words; a run never goes back to an earlier part."""

    def __init__(self) -> None:
        self._part = 0

    def in_words(self, step: Progress) -> str:
        whole = step.whole
        if not isinstance(whole, Stage):
            return step.stage
        if whole.part is None:
            return str(whole)
        self._part = max(self._part, whole.part)
        return f"step {self._part + 1} of {len(PARTS)}: {PARTS[self._part]}"
