"""Safekeeping: work that is not saved is asked about when the window is closed, and autosaved."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QEvent, QObject, QTimer

from napari_stentrans.plugin.jobs.autosave import DATA, Shelf
from napari_stentrans.plugin.jobs.runner import Runner
from napari_stentrans.plugin.jobs.sessions import Work
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.napari_compat import unwrapped, window_of
from napari_stentrans.plugin.widgets.dialogs import ask_unsaved
from napari_stentrans.plugin.widgets.throttle import timer

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from napari_stentrans.plugin.jobs.session_keeper import SessionKeeper
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.unsaved import State

EVERY_MS = 120_000
"""Between two looks at what was painted, laid or run since the last autosave."""
AFTER_RUN_MS = 4_000
MOST_BYTES = 50_000_000
"""Results gene by gene that are larger are made again when an autosaved session is opened."""
MOST_COUNTS = 100_000_000
"""Sections with more counts are not written, where they were read from no file."""


def unsaved_words(layers: SectionLayers) -> str:
    """Say what of the work on a section is not saved."""
    return f"{layers.model.title}: {', '.join(layers.model.unsaved.parts)}"


class Safekeeping(QObject):
    """Keeps the work in one window from being lost; it outlives the dock.

    Attributes
    ----------
    on
        Whether work is autosaved.
    shelf
        Where to.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__(window_of(viewer))  # goes with the window
        self._ref = weakref.ref(unwrapped(viewer))
        self.on, self.shelf = True, Shelf()
        self._keeper: SessionKeeper | None = None
        self._runner = Runner(self)
        self._runner.failed.connect(self._fail)
        self._kept: WeakKeyDictionary[SectionLayers, State] = WeakKeyDictionary()
        self._said, self._agreed = False, False
        self._timer = timer(self, self.autosave, EVERY_MS)
        self._timer.setSingleShot(False)
        self._timer.start()
        self._soon = timer(self, self.autosave, AFTER_RUN_MS)
        self._runner.ended.connect(self.soon)  # there may be another section
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
        found: Any = window_of(viewer).findChild(cls)
        return cls(viewer) if found is None else found

    def attach(self, keeper: SessionKeeper | None) -> None:
        """Work with the dock that is open; None: there is none any more."""
        if keeper is None:
            self._stop()
        self._keeper = keeper

    def soon(self) -> None:
        self._soon.start()

    def autosave(self) -> None:
        """Write the work on one section that is not saved, off the window's thread."""
        if not self.on or self._keeper is None or self._runner.busy:
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
        self.shelf.places[layers] = path
        self._kept[layers] = layers.model.unsaved.state()

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Ask before the window closes, where something is not saved."""
        if event.type() != QEvent.Type.Close or self._viewer is None:
            return False
        sections = [layers for layers in find(self._viewer) if layers.model.unsaved.parts]
        seen = self._window.isVisible() and self._window._qt_viewer.isVisible()
        if self._agreed or not (sections and seen):  # a script has taken the layers away before
            self._close()
            return False
        answer = ask_unsaved(self._window, [unsaved_words(layers) for layers in sections])
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
        self._close_soon()
        return True

    def _save(self, layers: SectionLayers) -> None:
        """Save the work on a section in the dock, and close the window then."""
        if self._keeper is None:
            self._viewer.window.add_plugin_dock_widget("napari-stentrans")
        if self._keeper is not None:
            self._keeper.save_work(layers, self._close_soon)

    def _begin(self, layers: SectionLayers, state: State) -> bool:
        """Start to write; False where that cannot be."""
        section, keeper = layers.model.section, self._keeper
        too_large = section.source is None and section.counts.nnz > MOST_COUNTS
        if keeper is None or too_large:
            return False
        try:
            path = self.shelf.place(layers)
        except OSError as error:
            self._fail(str(error))
            return False
        facts = keeper.facts(layers, path.with_suffix(DATA))
        work = partial(Work.of(layers.model, facts).steps, path, MOST_BYTES)
        self._runner.start(work, Phase.SAVING, partial(self._on_kept, layers, state))
        return True

    def _on_kept(self, layers: SectionLayers, state: State, files: list[Path]) -> None:
        self._kept[layers] = state
        self.saved(layers)  # saved by hand meanwhile

    def _fail(self, text: str) -> None:
        if self._keeper is not None and not self._said:
            self._said = True
            self._keeper.context.note(
                f"Your work cannot be kept against a crash: {text} Save it now and then."
            )

    def _stop(self) -> None:
        self._runner.stop()
        self._soon.stop()

    def _close_soon(self) -> None:
        QTimer.singleShot(0, lambda: self._window.close())

    def _close(self) -> None:
        """Leave nothing behind but what nobody was asked about, such as deleted sections."""
        self._stop()
        for layers in find(self._viewer):
            self.saved(layers)
        self.shelf.let_go()
