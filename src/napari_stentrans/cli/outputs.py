"""What a command writes: a result that cannot lie where it was asked for is kept elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import WriteError
from napari_stentrans.session import ENDING, write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_stentrans.enhancement import Enhancement

    Write = Callable[[Path], list[Path]]


class Outputs:
    """Files that were written, and what became of those that could not be.

    The work is done by then, and may have taken hours: nothing that goes wrong while one file is
    written throws it away or keeps the next file from being written.

    Attributes
    ----------
    written
        Where files lie, in the order in which they were written.
    """

    def __init__(self) -> None:
        self.written: list[Path] = []
        self._problems: list[str] = []

    def write(self, path: Path, write: Write, last_resort: Write | None = None) -> None:
        """Write a file, or keep it in another folder.

        Parameters
        ----------
        path
            Where it was asked for.
        write
            Writes to a path and returns the files.
        last_resort
            Writes a smaller file, to be tried when ``write`` fails in every folder; it gets the
            same path.
        """
        try:
            self.written += write(path)
        except Exception as error:  # noqa: BLE001 - whatever it was, the result must not go with it
            problem = str(error) if isinstance(error, WriteError) else f"'{path}': {error!r}."
        else:
            return
        for attempt in filter(None, (write, last_resort)):
            for folder in _other_folders():
                try:
                    kept = attempt(folder / path.name)
                except Exception:  # noqa: BLE001
                    folder.rmdir()  # what fails leaves nothing
                    continue
                self.written += kept
                names = " and ".join(str(file) for file in kept)
                self._problems.append(f"{problem} It was kept all the same: {names}.")
                return
        self._problems.append(f"{problem} No other folder took it either.")

    def check(self) -> None:
        """Raise WriteError where a file does not lie where it was asked for."""
        if self._problems:
            raise WriteError("\n".join(self._problems))


def as_session(enhancement: Enhancement, path: Path) -> list[Path]:
    """Write a result as a session, which needs little room: it holds factors, and no counts.

    Raises
    ------
    WriteError
        When the section was not read from a file, so that a session could not find it again, or
        the session cannot be written.
    """
    section, record = enhancement.section, enhancement.record
    if record.source is None:
        raise WriteError("This section was not read from a file.")
    run = RunFacts(name=record.config.method, record=record)
    facts = SessionFacts(
        source=record.source,
        chosen=record.chosen,
        image=record.image_placed,
        digest=record.digest,
        gene=str(section.genes[section.gene_index(str(enhancement.genes[0]))]),
        config=record.config,
        runs=(run,),
        shown=0,
    )
    return [write_session(path.with_name(path.name + ENDING), facts, None, [enhancement])]


def _other_folders() -> Iterator[Path]:
    """New, empty folders: in the person's own, in the working and in the temporary folder."""
    for place in (Path.home, Path.cwd, tempfile.gettempdir):
        try:
            yield Path(tempfile.mkdtemp(prefix="stentrans-kept-", dir=place()))
        except (OSError, RuntimeError):  # not there, or nothing can be written
            continue
