"""Paths that mean the same place from the beginning of a run to its end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError

if TYPE_CHECKING:
    from napari_stentrans.errors import StentransError


def absolute(path: str | Path, failing: type[StentransError] = ReadError) -> Path:
    """Path from the root, with ``~`` filled in; links and ``..`` stay as they are.

    Done once, where a path comes in: whoever changes or removes the working folder while a run
    is at work does not move what is read and written.

    Raises
    ------
    ReadError
        When ``~NAME`` names nobody, or the working folder is gone; or another error, ``failing``.
    """
    try:
        return Path(path).expanduser().absolute()
    except (OSError, RuntimeError) as error:
        cause = "the working folder is gone" if isinstance(error, OSError) else "no such user"
        raise failing(
            f"'{path}' cannot be found from here: {cause}. Give the whole path, from the root."
        ) from error
