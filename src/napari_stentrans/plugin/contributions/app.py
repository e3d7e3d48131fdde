"""``stentrans view``: napari with the dock, on a section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari

from napari_stentrans.plugin.dock import StentransDock

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen


def open_viewer(
    path: Path | None = None, chosen: Chosen | None = None
) -> tuple[napari.Viewer, StentransDock]:
    """Make a viewer with the dock; the section at ``path``, if any, is being read."""
    viewer = napari.Viewer(title="napari-stentrans")
    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    if path is not None:
        dock.open(path, chosen)
    return viewer, dock


def view(path: Path | None = None, chosen: Chosen | None = None) -> None:
    """Open the viewer and stay until it is closed."""
    open_viewer(path, chosen)
    napari.run()
