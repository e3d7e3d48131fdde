"""Keys of the dock, in one table; none of them is napari's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QWidget

SHORTCUTS: dict[str, tuple[str, str]] = {
    "tissue.see": ("Alt+Y", "See the tissue image through the maps"),
    "tissue.map": ("Alt+M", "Show as a map what the tissue image tells"),
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
