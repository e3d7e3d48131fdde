"""Unsaved: what of the work on a section is in no file yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from psygnal import Signal

from napari_stentrans.record_facts import PlacedImage
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.models.beside import NeighbourList
    from napari_stentrans.plugin.models.paint import Paint
    from napari_stentrans.plugin.models.runs import Run, Runs
    from napari_stentrans.section import Section

MARK = "●"
"""Beside the name of what is not saved."""


@dataclass(frozen=True, eq=False)
class State:
    """The work on a section, as it was at some time.

    Attributes
    ----------
    lost
        Labels (row, column) of the lost regions; None where nothing was painted.
    names
        Names of the regions by label.
    image
        Where a picture was laid below the spots; None where none was.
    annotation
        Named regions; None without any.
    neighbours
        Neighbouring sections, and how each lies.
    """

    runs: frozenset[Run] = frozenset()
    lost: NDArray[np.integer] | None = None
    names: dict[int, str] = field(default_factory=dict)
    image: PlacedImage | None = None
    annotation: Annotation | None = None
    neighbours: tuple[tuple[object, object], ...] = ()

    @classmethod
    def of(cls, model: Worked) -> State:
        runs, image = frozenset(model.runs), PlacedImage.of(model.section)
        labels = None if model.paint is None else model.paint.labels
        beside = tuple((one, one.lay.alignment) for one in model.neighbours)
        if model.paint is None or labels is None or not np.any(labels):
            return cls(runs, image=image, annotation=model.annotation, neighbours=beside)
        return cls(runs, np.array(labels), model.paint.names, image, model.annotation, beside)

    def same_paint(self, other: State) -> bool:
        if self.lost is None or other.lost is None:
            return self.lost is other.lost
        return self.names == other.names and np.array_equal(self.lost, other.lost)

    def same_annotation(self, other: State) -> bool:
        mine, theirs = self.annotation, other.annotation
        if mine is None or theirs is None:
            return mine is theirs
        return mine.names == theirs.names and np.array_equal(mine.codes, theirs.codes)

    def same(self, other: State) -> bool:
        same = self.runs == other.runs and self.image == other.image
        same = same and self.neighbours == other.neighbours
        return same and self.same_paint(other) and self.same_annotation(other)


class Worked(Protocol):
    """A section that is worked on."""

    section: Section
    title: str
    runs: Runs
    paint: Paint | None
    annotation: Annotation | None
    laid: Any
    neighbours: NeighbourList


class Unsaved:
    """Says what was done since a section was opened, or last saved."""

    changed = Signal()
    """Something was saved, be it here or beside a result (``Run.record``)."""

    def __init__(self, model: Worked) -> None:
        self._model = model
        self._saved = State.of(model)

    def state(self) -> State:
        return State.of(self._model)

    def keep(self, state: State) -> None:
        self._saved = state
        self.changed.emit()

    def keep_paint(self, state: State) -> None:
        self._saved = replace(self._saved, lost=state.lost, names=state.names)

    @property
    def parts(self) -> list[str]:
        """What is not saved, in words; empty where all is."""
        now = self.state()
        runs = [run for run in now.runs - self._saved.runs if run.record is None]
        parts = [some(len(runs), "run")] * bool(runs)
        parts += ["lost regions"] * (not now.same_paint(self._saved))
        parts += ["named regions"] * (not now.same_annotation(self._saved))
        parts += ["neighbouring sections"] * (now.neighbours != self._saved.neighbours)
        laid = self._model.laid is not None
        parts += ["the place of the tissue image"] * (laid or now.image != self._saved.image)
        return parts

    @property
    def marked(self) -> str:
        title = self._model.title
        return f"{title} {MARK}" if self.parts else title
