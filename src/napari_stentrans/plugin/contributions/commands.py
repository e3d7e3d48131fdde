"""What the plugin adds to napari's menus."""

from __future__ import annotations

import napari.viewer  # noqa: TC002 - napari reads the annotations to hand the viewer over
from napari.utils.notifications import show_info

from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.layers.section_layers import adopt
from napari_stentrans.plugin.widgets.dialogs import ask_file


def open_section(viewer: napari.viewer.Viewer) -> None:
    """Let the person choose a file, and open its section in the dock."""
    path = ask_file(None)
    if path is not None:
        dock_of(viewer).open(path)


def use_active_layer(viewer: napari.viewer.Viewer) -> None:
    """Make a section of the active layer, in the dock."""
    dock_of(viewer).use_active_layer()


def paint_lost(viewer: napari.viewer.Viewer) -> None:
    """Let the person paint lost regions on the section that was opened last."""
    adopt(viewer)
    sections = find(viewer)
    if sections:
        sections[-1].add_lost()
    else:
        show_info("Open a section first: drop it on napari, or use File > Open Sample.")


def dock_of(viewer: napari.viewer.Viewer) -> StentransDock:
    """Return the dock of the window, opened where it was not."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, StentransDock):
            return widget
    _, dock = viewer.window.add_plugin_dock_widget("napari-stentrans")
    return dock
