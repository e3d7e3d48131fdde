"""Reader: a section dropped on napari becomes its tissue image and the map of one gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.io import can_read
from napari_stentrans.paths import absolute
from napari_stentrans.plugin.contributions.dropped import read_for_napari, reopen_for_napari
from napari_stentrans.session import ENDING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_stentrans.plugin.layers.images import LayerData


def get_reader(path: str | Path | Sequence[str | Path]) -> Callable[..., list[LayerData]] | None:
    """Return what reads a path, or None where it holds no section; nothing is read yet."""
    one = _only(path)
    return read if one is not None and can_read(one) else None


def read(path: str | Path | Sequence[str | Path]) -> list[LayerData]:
    """Read a section into layers, which the dock takes up when it is open or opened.

    In a window that is alive they are read on a thread and added later.

    Raises
    ------
    ReadError
        When the section is damaged or lacks a part.
    SectionError
        When its counts or positions make no sense.
    """
    one = _only(path)
    if one is None:
        raise ReadError(f"Sections are opened one at a time, got {path}.")
    return read_for_napari(absolute(one))


def get_session_reader(
    path: str | Path | Sequence[str | Path],
) -> Callable[..., list[LayerData]] | None:
    """Return what opens a session, or None where it is not just one."""
    one = _only(path)
    return read_session if one is not None and str(one).lower().endswith(ENDING) else None


def read_session(path: str | Path | Sequence[str | Path]) -> list[LayerData]:
    """Open a session in the dock, which is opened too; without a viewer, the section of it.

    Raises
    ------
    ReadError
        When there is no viewer, and the session is damaged or its section is not there.
    SectionError
        When there is no viewer, and its section holds other data.
    """
    one = _only(path)
    if one is None:
        raise ReadError(f"Sessions are opened one at a time, got {path}.")
    return reopen_for_napari(absolute(one))


def _only(path: str | Path | Sequence[str | Path]) -> str | Path | None:
    """Return the path, or the only one of several; None where there are more."""
    if isinstance(path, list | tuple):
        return path[0] if len(path) == 1 else None
    return path  # type: ignore[return-value]
