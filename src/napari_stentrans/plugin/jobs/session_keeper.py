"""SessionKeeper: asks for sessions, and starts the jobs that write and read them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.jobs.sessions import Work, bring_back_steps, facts_of, reopen_steps
from napari_stentrans.plugin.layers.deferred import Walk
from napari_stentrans.plugin.widgets.dialogs import ask_moved, ask_session, ask_session_target
from napari_stentrans.session import ENDING, read_session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_stentrans.plugin.jobs.exporting import Saving
    from napari_stentrans.plugin.jobs.loads import Loads
    from napari_stentrans.plugin.jobs.sessions import Reopened
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.plugin.models.recent import Recent
    from napari_stentrans.plugin.models.section_model import RunRequest
    from napari_stentrans.session_facts import SessionFacts

LEFT_OUT = (
    "Neighbouring sections that were not read from a file are not part of the session, which could "
    "not find them again."
)


class SessionKeeper:
    """Saves and opens sessions for the dock.

    Parameters
    ----------
    loads, saving
        Start the jobs that read and write.
    recent
        Remembers what was opened.
    again
        Makes a run whose result is not in the session, when its turn comes.
    """

    def __init__(
        self, loads: Loads, saving: Saving, recent: Recent, again: Callable[[RunRequest], None]
    ) -> None:
        self.context = loads.context
        self._loads, self._saving, self._recent, self._again = loads, saving, recent, again

    def open(
        self, path: str | Path | None = None, opened: Callable[[SectionLayers], None] | None = None
    ) -> None:
        """Bring back what was saved in a session; ask for one where no path is given.

        ``opened`` is called with its layers, whose work counts as saved without it.
        """
        if not self.context.may("open the session"):
            return
        path = path or ask_session(self.context.dock)
        if path is None:
            return
        try:
            session = read_session(Path(path))
        except StentransError as error:
            self.context.fail(str(error))
            return
        source = session.source or ask_moved(self.context.dock, session.facts.source)
        if source is not None:
            work = partial(reopen_steps, session, source)
            done = partial(self._on_reopened, opened)
            self._loads.prepare(work, f"Opening {session.path.name}", done)

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Ask where to, and write all that was done with the section there; call ``then`` after."""
        layers, app = self.context.layers, self.context.app
        if layers is None or not self.context.phase.idle:
            return
        model = layers.model
        try:
            facts = facts_of(model, app, app.settings.value())
        except StentransError as error:
            self.context.fail(str(error))
            return
        if len(facts.neighbours) < len(model.neighbours):
            self.context.note(LEFT_OUT)
        name = re.sub(r"[^\w.-]+", "_", model.title) + ENDING
        path = ask_session_target(self.context.dock, name)
        if path is None:
            return
        state = model.unsaved.state()

        def written(files: list[Path]) -> None:
            self._recent.visit(files[0])
            model.unsaved.keep(state)
            if then is not None:
                then()

        self._saving.write(partial(Work.of(model, facts).steps, path), path.name, written)

    def save_work(self, layers: SectionLayers, then: Callable[[], None]) -> None:
        """Save what was done with a section, as a session where it can be one; then call back."""
        if not self.context.may("save"):
            return
        self.context.choose(layers)
        if layers.model.section.source is not None:
            self.save(then)
        else:
            self.context.saveWanted.emit("lost" if layers.model.enhancement is None else None)

    def facts(self, layers: SectionLayers, data: Path) -> SessionFacts:
        """What an autosaved session says; with the usual settings where the form makes no sense.

        The data of the section are or will be at the path ``data``.
        """
        app = self.context.app
        return facts_of(layers.model, app, app.settings.usable(), data)

    def _on_reopened(
        self, opened: Callable[[SectionLayers], None] | None, reopened: Reopened
    ) -> None:
        layers = self._loads.show(reopened.look)
        if opened is None:
            self._recent.visit(reopened.session.path)
        unsaved = layers.model.unsaved
        before = unsaved.state()
        self.context.restoring = True

        def done(again: list[RunRequest]) -> None:
            for wanted in again:
                self._again(wanted)
            unsaved.keep(unsaved.state() if opened is None else before)
            self._end()
            if opened is not None:
                opened(layers)

        def failed(error: StentransError) -> None:
            self.context.fail(str(error))
            self._end()

        steps = bring_back_steps(layers, reopened, self.context.app)
        Walk(self.context, _while_there(layers, steps), done, failed)

    def _end(self) -> None:
        self.context.restoring = False
        self.context.runner.ended.emit()


def _while_there(
    layers: SectionLayers, steps: Generator[None, None, list[RunRequest]]
) -> Generator[None, None, list[RunRequest]]:
    """Go on with steps until a person takes the section away."""
    while layers.present:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        yield
    return []
