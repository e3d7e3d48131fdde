"""What a PATH of an analysis opens: a section, or a session with the result that it shows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_stentrans.cli.bar import with_bar
from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.io import chosen_then, read_section
from napari_stentrans.pipeline import enhance_steps
from napari_stentrans.placing import again_steps
from napari_stentrans.session import ENDING, Session, read_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.section import Section


@dataclass(frozen=True, eq=False)
class Opened:
    """What was opened.

    Attributes
    ----------
    section
        What was measured.
    result
        The result of a run; None without any.
    annotation
        Named regions that a session has; None without any.
    """

    section: Section
    result: Enhancement | None = None
    annotation: Annotation | None = None

    @property
    def data(self) -> Section | Enhancement:
        """The result where there is one, else the section."""
        return self.section if self.result is None else self.result

    def enhanced(self, lost: NDArray | None) -> Opened:
        """Return it with a result of the default method, where it has none."""
        if self.result is not None:
            return self
        return replace(self, result=with_bar(enhance_steps(self.section, lost)))


def opened(path: Path, choose: Mapping[str, str] | None = None) -> Opened:
    """Open a section, or a session with the result that it shows.

    Raises
    ------
    ReadError
        When it cannot be read, or the data of a session are no longer where they were.
    SectionError
        When they are not those of the session.
    """
    if path.suffix != ENDING:
        return Opened(read_section(path, choose))
    session = read_session(path)
    if session.source is None:
        raise ReadError(
            f"The data of {path.name} are no longer at {session.facts.source}. Open it in the "
            "window, which asks where they are, and save it again."
        )
    chosen = choose or chosen_then(session.source, session.facts.chosen)
    section = read_section(session.source, chosen)
    session.check(section)
    section = with_bar(again_steps(section, session.image))
    return Opened(section, _result(session, section), session.annotation)


def _result(session: Session, section: Section) -> Enhancement | None:
    """Result that a session shows, or the last one; a large one is made again."""
    runs = session.facts.runs
    if not runs:
        return None
    at = len(runs) - 1 if session.facts.shown is None else session.facts.shown
    stored = session.result(section, at)
    if stored is not None:
        return stored
    said = f"The result {runs[at].name} was too large to be stored; it is made again."
    warnings.warn(said, StentransWarning, stacklevel=2)
    lost, config, sites, damaged = runs[at].record.inputs(section)
    return with_bar(enhance_steps(section, lost, config, sites, damaged))
