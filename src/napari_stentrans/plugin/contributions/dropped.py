"""Sections that are dropped on a window: read on a thread, so that the window lives on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari.layers import Layer
from napari.utils import progress
from napari.utils.notifications import show_warning
from qtpy.QtCore import QObject

from napari_stentrans.plugin.jobs.job import Job
from napari_stentrans.plugin.jobs.loading import layers_of, read_steps
from napari_stentrans.plugin.layers.units import agree
from napari_stentrans.plugin.napari_compat import unwrapped, window_of
from napari_stentrans.plugin.widgets.message_bar import MessageBar

if TYPE_CHECKING:
    from pathlib import Path

    import napari

    from napari_stentrans.plugin.layers.images import FirstLook


class Dropped(QObject):
    """One section that is being read for a viewer."""

    def __init__(self, viewer: napari.Viewer, path: Path) -> None:
        super().__init__(window_of(viewer))  # goes with the window
        self._viewer = unwrapped(viewer)
        self._bar = progress(total=0, desc=f"Reading {path.name}")
        self._viewer.status = f"Reading {path.name} …"
        self._job = Job(partial(read_steps, path), self)
        self._job.returned.connect(self._on_returned)
        self._job.warned.connect(self._on_warned)
        self._job.ended.connect(self._on_ended)
        self._job.start()

    def _on_returned(self, look: FirstLook) -> None:
        was_empty = not len(self._viewer.layers)
        for data in layers_of(look):
            self._viewer.layers.append(Layer.create(*data))
        agree(self._viewer)
        if was_empty:
            self._viewer.reset_view()

    def _on_warned(self, text: str) -> None:
        """Say what was mended or left out: whole in a dock that is seen, else by napari."""
        for bar in window_of(self._viewer).findChildren(MessageBar):
            dock = bar.parentWidget()
            if dock is not None and dock.isVisible():
                bar.add_note(text)
                return
        show_warning(text)

    def _on_ended(self) -> None:
        self._bar.close()
        self._viewer.status = "Ready"
        self.deleteLater()
