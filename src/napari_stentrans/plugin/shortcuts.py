"""Keys of the dock, in one table; none of them is napari's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QWidget

SHORTCUTS: dict[str, tuple[str, str]] = {
    "lost.new": ("Alt+N", "New lost region, and paint with it"),
    "lost.next": ("Alt+.", "Paint with the next lost region"),
    "lost.previous": ("Alt+,", "Paint with the lost region before"),
    "lost.grow": ("Alt+=", "Grow the lost region by one spot"),
    "lost.shrink": ("Alt+-", "Shrink the lost region by one spot"),
    "lost.invert": ("Alt+I", "Swap the lost region for the spots outside"),
    "lost.clear": ("Alt+0", "Clear all lost regions"),
    "lost.shapes": ("Alt+D", "Paint the shapes of the selected Shapes layer"),
    "lost.low_counts": ("Alt+U", "Find spots with low counts"),
    "lost.uncovered": ("Alt+T", "Find tissue without spots"),
    "lost.holes": ("Alt+J", "Find places inside the section without a spot"),
    "genes.search": ("/", "Search a gene"),
    "genes.next": ("N", "Show the next gene of the list"),
    "genes.previous": ("Shift+N", "Show the gene before"),
    "genes.favourite": ("Ctrl+D", "Make the gene a favourite, or no longer"),
    "genes.lay_over": ("Ctrl+L", "Keep the gene and add another"),
    "tissue.see": ("Alt+Y", "See the tissue image through the maps"),
    "tissue.map": ("Alt+M", "Show as a map what the tissue image tells"),
    "compare.side_by_side": ("Shift+S", "Measured and enhanced map side by side"),
    "compare.swipe": ("Shift+W", "Swipe between the measured and the enhanced map"),
    "compare.swipe_left": ("Left", "Move the handle of the swipe to the left"),
    "compare.swipe_right": ("Right", "Move the handle of the swipe to the right"),
    "compare.blink": ("Shift+B", "Blink: change between both maps twice a second"),
    "compare.hold": ("H", "Hold: see the other map while the key is down"),
    "compare.difference": ("Shift+D", "Enhanced minus measured"),
    "compare.uncertainty": ("Shift+U", "How sure each value is"),
    "compare.provenance": ("Shift+O", "Where each value comes from"),
    "compare.profile": ("Shift+X", "Profile: draw a line and see the gene along it"),
}
"""Keys, and what they do in plain words, by action."""


def bind(parent: QWidget, actions: Mapping[str, Callable[[], object]]) -> None:
    """Let the keys of actions work in the window of a widget."""
    for name, action in actions.items():
        keys, words = SHORTCUTS[name]
        shortcut = QShortcut(QKeySequence(keys), parent)
        shortcut.setWhatsThis(words)
        shortcut.activated.connect(action)


def with_keys(tip: str, name: str) -> str:
    """Tooltip with the keys of an action."""
    return f"{tip} ({SHORTCUTS[name][0]})"
