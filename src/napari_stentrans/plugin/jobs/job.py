"""Jobs: long computations on a thread of their own, which never touch the viewer."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from napari.qt.threading import create_worker
from napari.utils.notifications import notification_manager, show_error
from qtpy.QtCore import QObject, Qt, Signal
from superqt.utils import GeneratorWorker

from napari_stentrans.errors import EnhancementFailed, StentransError, StentransWarning
from napari_stentrans.evaluation.quality import Quality, quality_steps
from napari_stentrans.method_table import METHODS, PLAIN
from napari_stentrans.neighbours import Neighbour, again
from napari_stentrans.pipeline import enhance_steps
from napari_stentrans.progress import Progress, Stage, Steps, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.record import RunRecord
    from napari_stentrans.record_facts import NeighbourFacts
    from napari_stentrans.section import Section

T = TypeVar("T")
EVERY = 0.2
"""Seconds between two updates of the window; a busy window slows the computation down."""
NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc")


@dataclass(frozen=True)
class Preview(Progress):
    """A step that brings a first result to look at, while a better one is being made."""

    enhancement: Enhancement = field(kw_only=True)


def run_steps(
    section: Section,
    lost: NDArray[Any],
    config: EnhanceConfig,
    sites: NDArray[Any],
    image_damaged: NDArray[Any] | None = None,
    neighbours: tuple[Neighbour | NeighbourFacts, ...] = (),
) -> Steps[Enhancement]:
    """Enhance, and make here what drawing the result would else make in the window's thread.

    Neighbours that are facts of a record are read again.

    Where the method takes long, a ``Preview`` by kriging without the image comes first.
    """
    if not METHODS[config.method].instant:
        quick = config.model_copy(update={"method": PLAIN, "genes": None, "image": "off"})
        steps = named(Stage.PREVIEW, _drawn(enhance_steps(section, lost, quick, sites)))
        yield Preview(Stage.PREVIEW, 1, 1, enhancement=(yield from steps))
    beside = [
        neighbour
        for one in neighbours
        for neighbour in ([one] if isinstance(one, Neighbour) else again(section, [one]))
    ]
    return (yield from _drawn(enhance_steps(section, lost, config, sites, image_damaged, beside)))


def _drawn(steps: Steps[Enhancement]) -> Steps[Enhancement]:
    enhancement = yield from steps
    yield Progress(Stage.DRAWING, 0, 1)
    draw_ahead(enhancement)
    return enhancement


def draw_ahead(enhancement: Enhancement) -> None:
    """Make here what showing a result would else make in the window's thread."""
    _ = enhancement.raster, enhancement.extrapolated
    import_module("napari_stentrans.plugin.panels.result.plots")  # half a second


def check_steps(section: Section, record: RunRecord) -> Steps[Quality | str]:
    """Check how good a result is, or return in words why not: nobody needs to be alarmed."""
    import_module("napari_stentrans.plugin.panels.result.plots")  # half a second
    try:
        quality = yield from in_plain_words(named(Stage.QUALITY, quality_steps(section, record)))
        _ = quality.table
    except StentransError as error:
        return str(error)
    return quality


def throttled(steps: Steps[T], stop: threading.Event, every: float = EVERY) -> Steps[T | None]:
    """Pass on a few steps a second: the first of each stage, and the last of all.

    Returns None soon after ``stop`` is set.
    """
    stages: set[str] = set()
    last, held = float("-inf"), None
    while not stop.is_set():
        try:
            step = next(steps)
        except StopIteration as end:
            if held is not None:
                yield held
            return end.value
        now = time.monotonic()
        if step.stage in stages and now - last < every:
            held = step
        else:
            stages.add(step.stage)
            last, held = now, None
            yield step
    return None


def in_plain_words(steps: Steps[T]) -> Steps[T]:
    """Turn errors that the thread worker would swallow into EnhancementFailed.

    Raises
    ------
    EnhancementFailed
        For a RuntimeError (torch raises them for nearly everything) and for lack of memory.
    """
    try:
        return (yield from steps)
    except (MemoryError, RuntimeError) as error:
        said = str(error).strip()
        if isinstance(error, MemoryError) or any(words in said.lower() for words in NO_MEMORY):
            raise EnhancementFailed(
                "There is not enough memory for this. Close other programs, choose fewer genes or "
                "another method, or run on the CPU (expert settings)."
            ) from error
        reason = (said or type(error).__name__).splitlines()[0]
        raise EnhancementFailed(
            f"The computation broke off: {reason} Nothing was changed. Try another method or "
            "other settings."
        ) from error


class Job(QObject):
    """A generator of Progress on a thread, with its signals in the thread of the window.

    Parameters
    ----------
    work
        Makes the generator; it runs on the job's own thread.
    announce
        Whether napari shows errors that are made for people, beside ``failed``.
    """

    progressed = Signal(object)
    previewed = Signal(object)
    """A first result, while the job goes on."""
    returned = Signal(object)
    failed = Signal(str)
    """What went wrong, in plain words."""
    warned = Signal(str)
    paused = Signal()
    resumed = Signal()
    ended = Signal()
    """The last signal of every job, also of a cancelled one."""

    def __init__(
        self,
        work: Callable[[], Steps[Any]],
        parent: QObject | None = None,
        *,
        announce: bool = True,
    ) -> None:
        super().__init__(parent)
        self._announce = announce
        stop, over, steps = threading.Event(), threading.Event(), work()
        self._stop, self._over = stop, over

        def guarded() -> Steps[Any]:
            return (yield from in_plain_words(throttled(steps, stop)))

        def end() -> None:  # on the thread that the steps ran on, if they were cancelled at a yield
            steps.close()
            over.set()

        guarded.__qualname__ = "stEnTrans"  # napari names it when it asks before it closes
        # superqt's own class: napari's would show a traceback for errors made for people.
        self._worker = create_worker(
            guarded, _worker_class=GeneratorWorker, _ignore_errors=True, _start_thread=False
        )
        self._worker.yielded.connect(self._on_yielded)
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_errored)
        self._worker.warned.connect(self._on_warned)
        self._worker.paused.connect(self.paused)
        self._worker.resumed.connect(self.resumed)
        self._worker.finished.connect(end, Qt.ConnectionType.DirectConnection)
        self._worker.finished.connect(self.ended)

    def start(self) -> None:
        self._worker.start()

    def pause(self) -> None:
        """Hold at the next step; ``paused`` says when."""
        self._worker.pause()

    def resume(self) -> None:
        self._worker.resume()

    def cancel(self) -> None:
        """Stop at the next step; nothing is returned."""
        self._stop.set()
        self._worker.quit()

    def stop(self, seconds: float) -> bool:
        """Cancel and wait; False when the computation did not reach its next step in time."""
        self.cancel()
        self.blockSignals(True)  # whoever stops a job wants to hear no more of it
        return self._over.wait(seconds)

    def _on_yielded(self, step: Progress) -> None:
        if not isinstance(step, Preview):
            self.progressed.emit(step)
        elif not self._stop.is_set():
            self.previewed.emit(step.enhancement)

    def _on_returned(self, result: object) -> None:
        if not self._stop.is_set():
            self.returned.emit(result)

    def _on_errored(self, error: Exception) -> None:
        if isinstance(error, StentransError):
            if self._announce:
                show_error(str(error))
            self.failed.emit(str(error))
            return
        notification_manager.receive_error(type(error), error, error.__traceback__)
        self.failed.emit(
            f"Something unexpected went wrong ({type(error).__name__}: {error}). Nothing was "
            "changed. Please report it with the traceback of napari's message."
        )

    def _on_warned(self, details: tuple[Any, ...]) -> None:
        message, category, *_ = details
        if issubclass(category, StentransWarning):
            self.warned.emit(str(message))
