"""Shortcuts: every key of the dock, in one table."""

from __future__ import annotations

SHORTCUTS: dict[str, tuple[str, str]] = {
    "compare.side_by_side": ("Shift-S", "Measured and enhanced map side by side"),
    "compare.swipe": ("Shift-W", "Swipe between the measured and the enhanced map"),
    "compare.swipe_left": ("Left", "Move the handle of the swipe to the left"),
    "compare.swipe_right": ("Right", "Move the handle of the swipe to the right"),
    "compare.blink": ("Shift-B", "Blink: change between both maps twice a second"),
    "compare.hold": ("H", "Hold: see the other map while the key is down"),
    "compare.difference": ("Shift-D", "Enhanced minus measured"),
    "compare.uncertainty": ("Shift-U", "How sure each value is"),
    "compare.provenance": ("Shift-O", "Where each value comes from"),
    "compare.profile": ("Shift-X", "Profile: draw a line and see the gene along it"),
}
"""Action to its keys, in napari's notation, and what it does in plain words."""


def keys_of(action: str) -> str:
    """Keys of an action as they stand in a tooltip, for example "Shift+S"."""
    return SHORTCUTS[action][0].replace("-", "+")
