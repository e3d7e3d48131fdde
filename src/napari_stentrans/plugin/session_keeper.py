"""SessionKeeper: asks for sessions, and starts the jobs that write and read them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_stentrans.errors import StentransError
from napari_stentrans.plugin.dialogs import ask_moved, ask_session, ask_session_target
from napari_stentrans.plugin.sessions import (
    bring_back,
    facts_of,
    reopen_steps,
    save_session_steps,
)
from napari_stentrans.session import ENDING, read_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.plugin.enhance_panel import EnhancePanel
    from napari_stentrans.plugin.genes_panel import GenesPanel
    from napari_stentrans.plugin.images import FirstLook
    from napari_stentrans.plugin.layers import SectionLayers
    from napari_stentrans.plugin.recent import Recent
    from napari_stentrans.plugin.sessions import Reopened
    from napari_stentrans.progress import Steps


class Jobs(NamedTuple):
    """What a keeper needs of the dock.

    Attributes
    ----------
    prepare
        Starts a job on the way to a section.
    write
        Starts a job that writes files; takes the name of the first.
    show
        Shows a section that was read.
    fail
        Says what cannot be done.
    """

    prepare: Callable[[Callable[[], Steps[Any]], str, Callable[[Any], None]], None]
    write: Callable[[Callable[[], Steps[list[Path]]], str], None]
    show: Callable[[FirstLook], SectionLayers | None]
    fail: Callable[[str], None]


class SessionKeeper:
    """Saves and opens sessions for the dock.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    enhance
        Holds the settings, and the queue for results that have to be made again.
    genes
        Holds the lists of genes.
    recent
        Remembers what was opened.
    jobs
        Starts the jobs.
    """

    def __init__(
        self,
        parent: QWidget,
        enhance: EnhancePanel,
        genes: GenesPanel,
        recent: Recent,
        jobs: Jobs,
    ) -> None:
        self._parent, self._enhance, self._genes = parent, enhance, genes
        self._recent, self._jobs = recent, jobs

    def open(self, path: str | Path | None = None) -> None:
        """Bring back what was saved in a session; ask for one where no path is given."""
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
            self._jobs.prepare(work, f"Opening {session.path.name}", self._on_reopened)

    def save(self, layers: SectionLayers) -> None:
        """Ask where to, and write all that was done with a section there."""
        try:
            facts = facts_of(layers, self._enhance.form, self._genes)
        except StentransError as error:
            self._jobs.fail(str(error))
            return
        name = f"{layers.section.name.replace(' ', '_')}{ENDING}"
        path = ask_session_target(self._parent, name)
        if path is None:
            return
        lost = None if layers.lost is None else layers.lost.data.copy()
        results = [run.enhancement for run in layers.runs]
        qualities = [run.quality for run in layers.runs]
        work = partial(save_session_steps, path, facts, lost, results, qualities)
        self._jobs.write(work, path.name)

    def _on_reopened(self, opened: Reopened) -> None:
        layers = self._jobs.show(opened.look)
        self._recent.visit(opened.session.path)
        if layers is None:
            return
        try:
            again = bring_back(layers, opened, self._enhance.form, self._genes)
        except StentransError as error:
            self._jobs.fail(str(error))
            return
        for wanted in again:
            self._enhance.queue.add(wanted)
