"""What a PATH of an analysis opens: a section, or a session with the result that it shows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_stentrans.analysis.maps import check_measured
from napari_stentrans.cli.bar import with_bar
from napari_stentrans.errors import ConfigError, ReadError, StentransWarning
from napari_stentrans.io import chosen_then, read_section
from napari_stentrans.neighbours import again
from napari_stentrans.pipeline import enhance_steps
from napari_stentrans.placing import again_steps
from napari_stentrans.reference.reading import again as reference_again
from napari_stentrans.session import ENDING, Session, read_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
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

    def enhanced(self, lost: NDArray[np.bool_] | None) -> Opened:
        """Return it with a result of the default method, where it has none."""
        if self.result is not None:
            return self
        return replace(self, result=with_bar(enhance_steps(self.section, lost)))


def opened(path: Path, choose: Mapping[str, str] | None = None, run: str = "") -> Opened:
    """Open a section, or a session with the result that it shows.

    Parameters
    ----------
    run
        Name of another run of the session, whose result is wanted.

    Raises
    ------
    ReadError
        When it cannot be read, or the data of a session are no longer where they were.
    SectionError
        When they are not those of the session.
    ConfigError
        When there is no such run, or the path is an exported result, which holds no counts.
    """
    if path.suffix != ENDING:
        if run:
            raise ConfigError(f"--run names a run of a session (*{ENDING}), not of a section.")
        section = read_section(path, choose)
        check_measured(section)
        return Opened(section)
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
    return Opened(section, _result(session, section, run), session.annotation)


def _result(session: Session, section: Section, run: str) -> Enhancement | None:
    """Result of a run, else that a session shows, or the last; a large one is made again."""
    runs = session.facts.runs
    names = [each.name for each in runs]
    if run and run not in names:
        raise ConfigError(
            f"{session.path.name} has no run {run!r}; it has {', '.join(names) or 'none'}."
        )
    if not runs:
        return None
    shown = len(runs) - 1 if session.facts.shown is None else session.facts.shown
    at = names.index(run) if run else shown
    stored = session.result(section, at)
    if stored is not None:
        return stored
    said = f"The result {runs[at].name} was too large to be stored; it is made again."
    warnings.warn(said, StentransWarning, stacklevel=2)
    record = runs[at].record
    lost, config, sites, damaged = record.inputs(section)
    neighbours = again(section, record.neighbours)
    cells = reference_again(record.reference, config.seed)
    return with_bar(enhance_steps(section, lost, config, sites, damaged, neighbours, cells))
