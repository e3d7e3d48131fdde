"""What an analysis is given: a section, or a session with a result that was kept in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.errors import ConfigError, ReadError
from napari_stentrans.io import chosen_then, read_section
from napari_stentrans.session import ENDING, read_session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.section import Section
    from napari_stentrans.session import Session


class Opened(NamedTuple):
    """A section, and the result of a run where there is one."""

    section: Section
    result: Enhancement | None = None


def open_data(path: Path, choose: Mapping[str, str] | None = None, run: str = "") -> Opened:
    """Read a section, or a session with one of its results.

    Parameters
    ----------
    path
        A section, or a file ``*.stentrans``.
    choose
        What to take where the path holds several things; a session says it itself.
    run
        Name of a run of a session; by default the one that was shown, else the last.

    Raises
    ------
    ReadError
        When it cannot be read, or the section of a session is gone.
    SectionError
        When the section of a session holds other data than then.
    ConfigError
        When the session has no such run, its result was not stored, or the path is an exported
        result, which holds no counts.
    """
    if path.suffix.lower() != ENDING:
        if run:
            raise ConfigError(f"--run names a run of a session (*{ENDING}), not of a section.")
        section = read_section(path, dict(choose) if choose else None)
        if "stentrans" in section.adata.uns:
            raise ConfigError(
                f"'{path}' is an exported result: what it holds are estimates, not counts. Give "
                f"the section that was measured, or a session (*{ENDING}) with the result."
            )
        return Opened(section)
    if choose:
        raise ConfigError("A session says itself what was chosen: leave out --choose.")
    session = read_session(path)
    source = session.source
    if source is None:
        raise ReadError(
            f"The section of {path.name} is not at {session.facts.source} any more. Put it back, "
            f"or beside the session."
        )
    section = read_section(source, chosen_then(source, session.facts.chosen))
    session.check(section)
    return Opened(section, _result(session, section, run))


def _result(session: Session, section: Section, run: str) -> Enhancement | None:
    """Result of a run by its name; None where a session has no runs, and none is asked for."""
    facts = session.facts
    names = [each.name for each in facts.runs]
    if run and run not in names:
        raise ConfigError(
            f"{session.path.name} has no run {run!r}; it has {', '.join(names) or 'none'}."
        )
    if not names:
        return None
    at = names.index(run) if run else len(names) - 1 if facts.shown is None else facts.shown
    result = session.result(section, at)
    if result is None:
        raise ConfigError(
            f"The result {names[at]!r} was too large to be stored in {session.path.name}. Open it "
            "in the window, run again with the genes that matter, and save."
        )
    return result
