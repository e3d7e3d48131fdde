"""Sections that are dropped on a window: read on a thread, so that the window lives on.

napari calls readers on the thread of the window, and wants layers at once. It gets its sign for
"no layers", and they are added when they have been made.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import napari
from napari.layers import Layer
from napari.utils import progress
from napari.utils.notifications import show_warning
from qtpy.QtCore import QObject, QTimer

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.jobs.loading import layers_of, read_steps
from napari_stentrans.plugin.jobs.waiting import window_is_alive
from napari_stentrans.plugin.layers.units import agree
from napari_stentrans.plugin.napari_compat import unwrapped
from napari_stentrans.plugin.widgets.message_bar import MessageBar
from napari_stentrans.progress import drain
from napari_stentrans.session import read_session

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.plugin.layers.images import FirstLook, LayerData

NO_LAYERS: list = [(None,)]
"""What a reader returns where there are no layers to add (yet)."""


def read_for_napari(path: Path) -> list[LayerData]:
    """Layers of a section, or NO_LAYERS where they are added to the viewer later.

    They are added later where the events of a window are being handled. A script, which has no
    window to keep alive, gets its layers.

    Raises
    ------
    ReadError, SectionError
        As ``read_section`` does, in a script; in a window napari tells the person.
    """
    viewer = napari.current_viewer()
    if viewer is None or not window_is_alive():
        return layers_of(drain(read_steps(path)))
    Dropped(viewer, path)
    return NO_LAYERS


def _warn(viewer: napari.Viewer, text: str) -> None:
    """Say what was mended or left out: whole in a dock that is seen, else by napari."""
    for bar in viewer.window._qt_window.findChildren(MessageBar):
        dock = bar.parentWidget()
        if dock is not None and dock.isVisible():
            bar.add_note(text)
            return
    show_warning(text)


def reopen_for_napari(path: Path) -> list[LayerData]:
    """Open a session in the dock of the window; without a viewer, the layers of its section.

    Raises
    ------
    ReadError, SectionError
        Without a viewer, as ``read_session`` and ``read_section`` do; the dock tells the person.
    """
    viewer = napari.current_viewer()
    if viewer is not None:
        later = QTimer(viewer.window._qt_window)  # the dock may ask where the data are
        later.setSingleShot(True)
        later.timeout.connect(partial(_reopen, unwrapped(viewer), path))
        later.timeout.connect(later.deleteLater)
        later.start()
        return NO_LAYERS
    session = read_session(path)
    if session.source is None:
        raise ReadError(
            f"The data of {path.name} are not at {session.facts.source} any more. Open the "
            "session in napari, and say there where they are."
        )
    look = drain(read_steps(session.source, session.facts.chosen, session.image))
    session.check(look.section)
    return layers_of(look)


def _reopen(viewer: napari.Viewer, path: Path) -> None:
    from napari_stentrans.plugin.contributions.commands import (
        dock_of,  # takes long, and is here by then
    )

    dock_of(viewer).open_session(path)


class Dropped(QObject):
    """One section that is being read for a viewer."""

    def __init__(self, viewer: napari.Viewer, path: Path) -> None:
        super().__init__(viewer.window._qt_window)  # goes with the window
        self._viewer = unwrapped(viewer)
        self._bar = progress(total=0, desc=f"Reading {path.name}")
        self._viewer.status = f"Reading {path.name} …"
        self._job = Job(partial(read_steps, path), self)
        self._job.returned.connect(self._on_returned)
        self._job.warned.connect(partial(_warn, viewer))
        self._job.ended.connect(self._on_ended)
        self._job.start()

    def _on_returned(self, look: FirstLook) -> None:
        was_empty = not len(self._viewer.layers)
        for data in layers_of(look):
            self._viewer.layers.append(Layer.create(*data))
        agree(self._viewer)
        if was_empty:
            self._viewer.reset_view()

    def _on_ended(self) -> None:
        self._bar.close()
        self._viewer.status = "Ready"
        self.deleteLater()
