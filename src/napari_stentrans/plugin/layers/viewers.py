"""Viewers: what of a viewer is another thing in another version of napari, or in a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import Camera


def unwrapped(viewer: Any) -> Any:
    """Return the viewer itself: napari gives plugins a proxy, which is not the same object."""
    return getattr(viewer, "__wrapped__", viewer)


def camera_of(viewer: Any) -> Camera:
    """Camera of a viewer: its scene's since napari 0.9, its own before."""
    camera: Camera = getattr(viewer, "scene", viewer).camera
    return camera
