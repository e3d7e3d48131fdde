"""Laying: neighbouring sections are read and laid beside the runs of the dock, one at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtCore import QObject, QTimer, Signal

from napari_stentrans.alignment import align_steps
from napari_stentrans.errors import StentransError
from napari_stentrans.io._shared import warn
from napari_stentrans.neighbours import Neighbour, again, checked
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.models.beside import Beside, Lay, pixels_of
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.alignment import Alignment
    from napari_stentrans.neighbours import Given
    from napari_stentrans.plugin.jobs.context import Context
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.record_facts import NeighbourPlace
    from napari_stentrans.section import Section


class Task(NamedTuple):
    """Work on a neighbour of one section: what it is, makes, and is followed by."""

    layers: SectionLayers
    doing: str
    work: Callable[[], Steps[Any]]
    done: Callable[[Any], object]


class Laying(QObject):
    """Reads neighbouring sections, and finds how they lie on the one that they are beside.

    ``doing`` says what is at work, in words; it is empty while nothing is.
    """

    changed = Signal()
    """Something began or is over."""
    progressed = Signal(object)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._context, self.doing = context, ""
        self._waiting: list[Task] = []
        self._runner = Runner(self, patience=0.0)
        self._runner.progressed.connect(self.progressed)
        self._runner.failed.connect(context.fail)
        self._runner.warned.connect(context.note)
        self._runner.ended.connect(self._on_ended)

    def add(self, layers: SectionLayers, neighbour: Neighbour) -> None:
        """Read a neighbour, take it in, and lay it."""
        model, name = layers.model, name_of(neighbour)

        def read() -> Steps[Beside]:
            return added_steps(model.section, model.neighbours.neighbours, neighbour)

        done = partial(self._on_read, layers)
        self._begin(Task(layers, f"Reading {name}", read, done))

    def lay(self, layers: SectionLayers, one: Beside, start: Alignment | None = None) -> None:
        """Find how a neighbour lies: anywhere, or near a ``start``."""
        section, lost = layers.model.section, layers.paint.mask().lost
        work = partial(lay_steps, section, one.given, lost, start)
        doing = f"Laying {one.name} on {layers.model.title}"
        self._begin(Task(layers, doing, work, partial(self._on_laid, layers, one)))

    def cancel(self) -> None:
        """Stop what is at work; what waits goes on."""
        self._runner.cancel()

    def stop(self) -> None:
        """Stop all."""
        self._waiting.clear()
        self._runner.stop()

    def _begin(self, task: Task) -> None:
        if self._runner.busy:
            self._waiting.append(task)
            self.changed.emit()
            return
        if task.layers not in self._context.sections:
            self._go_on()
            return
        self.doing = task.doing
        self._runner.start(task.work, Phase.LOADING, task.done)
        self.changed.emit()

    def _go_on(self) -> None:
        if self._waiting and not self._runner.busy:
            self._begin(self._waiting.pop(0))

    def _on_ended(self) -> None:
        self.doing = ""
        QTimer.singleShot(0, self._go_on)
        self.changed.emit()

    def _on_read(self, layers: SectionLayers, one: Beside) -> None:
        if layers in self._context.sections:
            layers.model.neighbours.add(one)
            if one.lay.alignment is None:
                self.lay(layers, one)

    def _on_laid(self, layers: SectionLayers, one: Beside, lay: Lay) -> None:
        if one in layers.model.neighbours:
            layers.model.neighbours.put(one, lay)


def name_of(neighbour: Neighbour) -> str:
    """What to call a neighbour that may not be read yet."""
    given = neighbour.section
    return Path(given).name if isinstance(given, str | Path) else given.name


def added_steps(
    section: Section, others: Sequence[Neighbour], neighbour: Neighbour
) -> Steps[Beside]:
    """Read a neighbour, and make sure that it can be one beside the others."""
    yield Progress(f"reading {name_of(neighbour)}", 0, 1)
    *_, checked_one = checked(section, [*others, neighbour])
    yield Progress("drawing the map", 0, 1)
    return Beside.of(section, checked_one)


def lay_steps(
    section: Section, given: Given, lost: NDArray[np.bool_], start: Alignment | None
) -> Steps[Lay]:
    """Find how a neighbour lies, and which spot each pixel of it then shows."""
    steps = align_steps(section, given.section, lost=lost, neighbour_lost=~given.seen, start=start)
    alignment = yield from steps
    return Lay(alignment, pixels_of(given, alignment))


def restored_steps(section: Section, places: Sequence[NeighbourPlace]) -> Steps[list[Beside]]:
    """Read the neighbours of a session; those that cannot be read are left out, with a warning."""
    found: list[Beside] = []
    for at, place in enumerate(places):
        yield Progress(f"reading {Path(place.source or place.name).name}", at, len(places))
        try:
            given = checked(section, again(section, [place]))
            found += [Beside.of(section, one) for one in given]
        except StentransError as error:
            warn(f"The neighbouring section {place.name} is left out: {error}")
    return found
