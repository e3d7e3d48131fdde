"""Reader: a section dropped on napari becomes its tissue image and the map of one gene.

napari calls readers on the thread of the window, and wants layers at once. A window that is alive
gets its sign for "no layers", and they are added when they have been made.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import napari

from napari_stentrans.errors import ReadError
from napari_stentrans.io import can_read
from napari_stentrans.paths import absolute
from napari_stentrans.plugin.contributions.dropped import Dropped
from napari_stentrans.plugin.jobs.loading import layers_of, read_steps
from napari_stentrans.plugin.jobs.waiting import window_is_alive
from napari_stentrans.plugin.napari_compat import unwrapped, window_of
from napari_stentrans.plugin.widgets.throttle import timer
from napari_stentrans.progress import drain
from napari_stentrans.session import ENDING
from napari_stentrans.session import read_session as read_session_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_stentrans.plugin.layers.images import LayerData

    Paths = str | Path | Sequence[str | Path]

NO_LAYERS: list = [(None,)]
"""What a reader returns where there are no layers to add (yet)."""


def get_reader(path: Paths) -> Callable[..., list[LayerData]] | None:
    """Return what reads a path, or None where it holds no section; nothing is read yet."""
    one = _only(path)
    return read if one is not None and can_read(one) else None


def read(path: Paths) -> list[LayerData]:
    """Read a section into layers, which the dock takes up when it is open or opened.

    In a window that is alive they are read on a thread and added later; a script gets its layers.

    Raises
    ------
    ReadError
        When the section is damaged or lacks a part.
    SectionError
        When its counts or positions make no sense.
    """
    one, viewer = _only(path), napari.current_viewer()
    if one is None:
        raise ReadError(f"Sections are opened one at a time, got {path}.")
    if viewer is None or not window_is_alive():
        return layers_of(drain(read_steps(absolute(one))))
    Dropped(viewer, absolute(one))
    return NO_LAYERS


def get_session_reader(path: Paths) -> Callable[..., list[LayerData]] | None:
    """Return what opens a session, or None where it is not just one."""
    one = _only(path)
    return read_session if one is not None and str(one).lower().endswith(ENDING) else None


def read_session(path: Paths) -> list[LayerData]:
    """Open a session in the dock, which is opened too; without a viewer, the section of it.

    Raises
    ------
    ReadError
        When there is no viewer, and the session is damaged or its section is not there.
    SectionError
        When there is no viewer, and its section holds other data.
    """
    one, viewer = _only(path), napari.current_viewer()
    if one is None:
        raise ReadError(f"Sessions are opened one at a time, got {path}.")
    if viewer is not None:
        reopen = partial(_reopen, unwrapped(viewer), absolute(one))
        later = timer(window_of(viewer), reopen)  # the dock may ask where the data are
        later.timeout.connect(later.deleteLater)
        later.start()
        return NO_LAYERS
    session = read_session_file(absolute(one))
    if session.source is None:
        raise ReadError(
            f"The data of {session.path.name} are not at {session.facts.source} any more. Open "
            "the session in napari, and say there where they are."
        )
    look = drain(read_steps(session.source, session.facts.chosen, session.image))
    session.check(look.section)
    return layers_of(look)


def _reopen(viewer: napari.Viewer, path: Path) -> None:
    from napari_stentrans.plugin.contributions.commands import dock_of  # takes long: here by then

    dock_of(viewer).open_session(path)


def _only(path: Paths) -> str | Path | None:
    """Return the path, or the only one of several; None where there are more."""
    if isinstance(path, list | tuple):
        return path[0] if len(path) == 1 else None
    return path  # type: ignore[return-value]
