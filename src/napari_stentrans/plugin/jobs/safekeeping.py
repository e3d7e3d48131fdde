"""Safekeeping: work that is not saved is asked about when the window is closed, and autosaved."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QEvent, QObject, QTimer

from napari_stentrans.plugin.jobs.autosave import DATA, Shelf
from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.jobs.sessions import Work
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.napari_compat import unwrapped
from napari_stentrans.plugin.widgets.dialogs import ask_unsaved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import napari

    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.unsaved import State
    from napari_stentrans.session_facts import SessionFacts

EVERY_MS = 120_000
"""Between two looks at what was painted, laid or run since the last autosave."""
AFTER_RUN_MS = 4_000
MOST_BYTES = 50_000_000
"""Results gene by gene that are larger are made again when an autosaved session is opened."""
MOST_COUNTS = 100_000_000
"""Sections with more counts are not written, where they were read from no file."""
PATIENCE = 1.0


@dataclass(frozen=True)
class Desk:
    """What is needed of the dock that is open.

    Attributes
    ----------
    facts
        What a session says of a section, whose data are or will be at a path.
    save
        Asks where to, and saves the work on a section; then calls back.
    warn
        Says what went wrong.
    """

    facts: Callable[[SectionLayers, Path], SessionFacts]
    save: Callable[[SectionLayers, Callable[[], None]], None]
    warn: Callable[[str], None]


class Safekeeping(QObject):
    """Keeps the work in one window from being lost; it outlives the dock.

    Parameters
    ----------
    viewer
        The viewer whose sections are meant.

    Attributes
    ----------
    on
        Whether work is autosaved.
    shelf
        Where to.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__(unwrapped(viewer).window._qt_window)  # goes with the window
        self._ref = weakref.ref(unwrapped(viewer))
        self.on, self.shelf = True, Shelf()
        self._desk: Desk | None = None
        self._job: Job | None = None
        self._kept: WeakKeyDictionary[SectionLayers, State] = WeakKeyDictionary()
        self._said, self._agreed = False, False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.autosave)
        self._timer.start()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_RUN_MS)
        self._soon.timeout.connect(self.autosave)
        self._window.installEventFilter(self)

    @property
    def _window(self) -> Any:
        return self.parent()

    @property
    def _viewer(self) -> Any:
        return self._ref()

    @classmethod
    def of(cls, viewer: napari.Viewer) -> Safekeeping:
        """The one of a window, made where there is none."""
        found = unwrapped(viewer).window._qt_window.findChild(cls)
        return cls(viewer) if found is None else found

    def attach(self, desk: Desk | None) -> None:
        """Work with the dock that is open; None: there is none any more."""
        if desk is None:
            self._stop()
        self._desk = desk

    def soon(self) -> None:
        """Autosave before long, after a run."""
        self._soon.start()

    def autosave(self) -> None:
        """Write the work on one section that is not saved, off the window's thread."""
        if not self.on or self._desk is None or self._job is not None:
            return
        for layers in find(self._viewer):
            state = layers.model.unsaved.state()
            kept = self._kept.get(layers)
            if not layers.model.unsaved.parts:
                self.saved(layers)
            elif (kept is None or not kept.same(state)) and self._begin(layers, state):
                return

    def saved(self, layers: SectionLayers) -> None:
        """Keep what was done with a section no longer, once all of it is in a file."""
        if not layers.model.unsaved.parts:
            self.forget(layers)

    def forget(self, layers: SectionLayers) -> None:
        """Keep what was done with a section no longer."""
        self._kept.pop(layers, None)
        self.shelf.forget(layers)

    def take_over(self, layers: SectionLayers, path: Path) -> None:
        """Take up the work that another window has left in an autosaved session."""
        self.shelf.take_over(layers, path)
        self._kept[layers] = layers.model.unsaved.state()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask before the window closes, where something is not saved."""
        if event.type() != QEvent.Type.Close or self._viewer is None:
            return False
        sections = [layers for layers in find(self._viewer) if layers.model.unsaved.parts]
        seen = self._window.isVisible() and self._window._qt_viewer.isVisible()
        if self._agreed or not (
            sections and seen
        ):  # a script that closes a viewer takes its layers away first
            self._close()
            return False
        said = [
            f"{layers.model.title}: {', '.join(layers.model.unsaved.parts)}" for layers in sections
        ]
        answer = ask_unsaved(self._window, said)
        if answer == "save":
            self._save(sections[0])
        if answer != "close":
            event.ignore()
            return True
        for layers in sections:
            self.forget(layers)
        self._agreed = True
        self._close()
        if not event.spontaneous():
            return False
        event.ignore()  # napari would ask again
        QTimer.singleShot(0, lambda: self._window.close())
        return True

    def _save(self, layers: SectionLayers) -> None:
        """Save the work on a section in the dock, and close the window then."""
        if self._desk is None:
            self._viewer.window.add_plugin_dock_widget("napari-stentrans")
        if self._desk is not None:
            self._desk.save(layers, lambda: QTimer.singleShot(0, lambda: self._window.close()))

    def _begin(self, layers: SectionLayers, state: State) -> bool:
        """Start to write; False where that cannot be."""
        section, desk = layers.model.section, self._desk
        if section.source is None and section.counts.nnz > MOST_COUNTS:
            return False
        if desk is None:
            return False
        try:
            path = self.shelf.place(layers)
        except OSError as error:
            self._fail(str(error))
            return False
        facts = desk.facts(layers, path.with_suffix(DATA))
        work = partial(Work.of(layers.model, facts).steps, path, MOST_BYTES)
        self._job = Job(work, self, announce=False)
        self._job.returned.connect(partial(self._on_kept, layers, state))
        self._job.failed.connect(self._fail)
        self._job.ended.connect(self._on_ended)
        self._job.start()
        return True

    def _on_kept(self, layers: SectionLayers, state: State, files: list[Path]) -> None:
        self._kept[layers] = state
        self.saved(layers)  # saved by hand meanwhile

    def _on_ended(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self._soon.start()  # there may be another section

    def _fail(self, text: str) -> None:
        if self._desk is not None and not self._said:
            self._said = True
            self._desk.warn(
                f"Your work cannot be kept against a crash: {text} Save it now and then."
            )

    def _stop(self) -> None:
        self._soon.stop()
        job, self._job = self._job, None
        if job is not None:
            job.stop(PATIENCE)
            job.deleteLater()

    def _close(self) -> None:
        """Leave nothing behind but what nobody was asked about, such as deleted sections."""
        self._stop()
        for layers in find(self._viewer):
            self.saved(layers)
        self.shelf.let_go()
