"""SessionKeeper: asks for sessions, and starts the jobs that write and read them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.jobs.sessions import Work, bring_back_steps, facts_of, reopen_steps
from napari_stentrans.plugin.layers.deferred import Walk
from napari_stentrans.plugin.widgets.dialogs import ask_moved, ask_session, ask_session_target
from napari_stentrans.session import ENDING, read_session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.jobs.sessions import Reopened
    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.app_model import AppModel
    from napari_stentrans.plugin.models.recent import Recent
    from napari_stentrans.plugin.models.section_model import RunRequest
    from napari_stentrans.progress import Steps
    from napari_stentrans.session_facts import SessionFacts


class Jobs(NamedTuple):
    """What a keeper needs of the dock.

    Attributes
    ----------
    prepare
        Starts a job on the way to a section.
    write
        Starts a job that writes files; takes the name of the first, and what to do then.
    show
        Shows a section that was read.
    fail
        Says what cannot be done.
    again
        Makes a run whose result is not in the session, when its turn comes.
    ended
        Goes on once a session that was read has been brought back.
    """

    prepare: Callable[[Callable[[], Steps[Any]], str, Callable[[Any], None]], None]
    write: Callable[[Callable[[], Steps[list[Path]]], str, Callable[[], None]], None]
    show: Callable[[FirstLook], SectionLayers | None]
    fail: Callable[[str], None]
    again: Callable[[RunRequest], None]
    ended: Callable[[], None]


class SessionKeeper:
    """Saves and opens sessions for the dock.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    app
        Holds the settings and the lists of genes.
    recent
        Remembers what was opened.
    jobs
        Starts the jobs.

    Attributes
    ----------
    busy
        Whether a session that was read is being brought back.
    """

    def __init__(
        self,
        parent: QWidget,
        app: AppModel,
        recent: Recent,
        jobs: Jobs,
    ) -> None:
        self._parent, self._app = parent, app
        self._recent, self._jobs = recent, jobs
        self.busy = False

    def open(
        self,
        path: str | Path | None = None,
        opened: Callable[[SectionLayers], None] | None = None,
    ) -> None:
        """Bring back what was saved in a session; ask for one where no path is given.

        ``opened`` is called with its layers, whose work counts as saved without it.
        """
        path = path or ask_session(self._parent)
        if path is None:
            return
        try:
            session = read_session(Path(path))
        except StentransError as error:
            self._jobs.fail(str(error))
            return
        source = session.source or ask_moved(self._parent, session.facts.source)
        if source is not None:
            work = partial(reopen_steps, session, source)
            done = partial(self._on_reopened, opened)
            self._jobs.prepare(work, f"Opening {session.path.name}", done)

    def save(self, layers: SectionLayers, then: Callable[[], None] | None = None) -> None:
        """Ask where to, and write all that was done with a section there.

        ``then`` is called once it is written.
        """
        try:
            facts = facts_of(layers.model, self._app, self._app.settings.value())
        except StentransError as error:
            self._jobs.fail(str(error))
            return
        name = re.sub(r"[^\w.-]+", "_", layers.model.title) + ENDING
        path = ask_session_target(self._parent, name)
        if path is None:
            return
        state = layers.model.unsaved.state()

        def written() -> None:
            layers.model.unsaved.keep(state)
            if then is not None:
                then()

        self._jobs.write(partial(Work.of(layers.model, facts).steps, path), path.name, written)

    def facts(self, layers: SectionLayers, data: Path) -> SessionFacts:
        """What an autosaved session says; with the usual settings where the form makes no sense."""
        return facts_of(layers.model, self._app, self._app.settings.usable(), data)

    def _on_reopened(
        self, opened: Callable[[SectionLayers], None] | None, reopened: Reopened
    ) -> None:
        layers = self._jobs.show(reopened.look)
        if opened is None:
            self._recent.visit(reopened.session.path)
        if layers is None:
            return
        before = layers.model.unsaved.state()
        self.busy = True
        steps = bring_back_steps(layers, reopened, self._app)

        def done(again: list[RunRequest]) -> None:
            for wanted in again:
                self._jobs.again(wanted)
            layers.model.unsaved.keep(layers.model.unsaved.state() if opened is None else before)
            self._end()
            if opened is not None:
                opened(layers)

        def failed(error: StentransError) -> None:
            self._jobs.fail(str(error))
            self._end()

        Walk(self._parent, _while_there(layers, steps), done, failed)

    def _end(self) -> None:
        self.busy = False
        self._jobs.ended()


def _while_there(
    layers: SectionLayers, steps: Generator[None, None, list[RunRequest]]
) -> Generator[None, None, list[RunRequest]]:
    """Go on with steps until a person takes the section away."""
    while layers.present:
        try:
            next(steps)
        except StopIteration as end:
            again: list[RunRequest] = end.value
            return again
        yield
    return []
