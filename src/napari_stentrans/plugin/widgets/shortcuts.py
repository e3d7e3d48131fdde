"""Keys of the dock, in one table; none of them is napari's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QWidget

SHORTCUTS: dict[str, tuple[str, str]] = {
    "data.open": ("Alt+O", "Open a file"),
    "session.open": ("Alt+Shift+O", "Open a session"),
    "session.save": ("Alt+K", "Keep all that you did in a session"),
    "save.anything": ("Alt+E", "Save: for analysis, images, a table, lost regions"),
    "save.figure": ("Alt+Shift+E", "Save a figure of genes, before and after"),
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
    "lost.holes": ("Alt+J", "Find sites inside the section without a spot"),
    "genes.search": ("/", "Search a gene"),
    "genes.next": ("N", "Show the next gene of the list"),
    "genes.previous": ("Shift+N", "Show the gene before"),
    "genes.favourite": ("Ctrl+D", "Make the gene a favourite, or no longer"),
    "genes.lay_over": ("Ctrl+L", "Keep the gene and add another"),
    "tissue.see": ("Alt+Y", "See the tissue image through the maps"),
    "tissue.map": ("Alt+M", "Show as a map what the tissue image tells"),
    "run.start": ("Ctrl+Return", "Run; while a run goes on: queue another"),
    "run.pause": ("Ctrl+P", "Pause the run, or let it go on"),
    "run.cancel": ("Ctrl+.", "Cancel what is going on"),
    "runs.next": ("Alt+PgDown", "Show the next run"),
    "runs.previous": ("Alt+PgUp", "Show the run before"),
    "runs.rename": ("Alt+R", "Rename the run that is shown"),
    "runs.delete": ("Alt+Del", "Delete the run that is shown"),
    "runs.python": ("Alt+Shift+P", "Copy the run as Python"),
    "runs.command": ("Alt+Shift+L", "Copy the run as a command line"),
    "quality.check": ("Alt+Q", "Check how good the result is here, or show the table"),
    "compare.with": ("Alt+Shift+M", "Choose what to compare with: measured, or another run"),
    "compare.side_by_side": ("Shift+S", "Both maps side by side"),
    "compare.swipe": ("Shift+W", "Swipe between both maps"),
    "compare.swipe_left": ("Left", "Move the handle of the swipe to the left"),
    "compare.swipe_right": ("Right", "Move the handle of the swipe to the right"),
    "compare.blink": ("Shift+B", "Blink: change between both maps twice a second"),
    "compare.hold": ("H", "Hold: see the other map while the key is down"),
    "compare.difference": ("Shift+D", "Enhanced minus measured, or one run minus another"),
    "compare.uncertainty": ("Shift+U", "How sure each value is"),
    "compare.provenance": ("Shift+O", "Where each value comes from"),
    "compare.profile": ("Shift+X", "Profile: draw a line and see the gene along it"),
    "help.keys": ("F1", "Show or hide this list of keys"),
    "help.preferences": ("Ctrl+Shift+,", "Preferences of stEnTrans"),
}
"""Keys, and what they do in plain words, by action."""
GROUPS: dict[str, tuple[str, ...]] = {
    "Open and save": ("data", "session", "save"),
    "Genes": ("genes", "tissue"),
    "Run": ("run", "runs", "quality"),
    "Compare": ("compare",),
    "Lost regions": ("lost",),
    "Help": ("help",),
}
"""Headings over the actions, by how their names begin."""
OTHERS: dict[str, dict[str, str]] = {
    "In lists and lines": {
        "Up, Down": "The next gene or run, or the one before",
        "Enter": "Show the gene whose name is typed",
        "F2": "Rename the run that is chosen",
        "Delete": "Delete the run that is chosen",
        "Tab": "Go on to the next button or line",
        "Space": "Press the button",
    },
    "While you paint (napari's own)": {
        "2 or P": "Brush",
        "1 or E": "Eraser",
        "3": "Polygon",
        "4 or F": "Fill",
        "[ and ]": "Smaller and larger brush",
        "Ctrl+Z": "Take the last stroke back",
        "Space": "Hold it to move the view",
        "Ctrl+R": "See the whole section",
    },
}
"""Keys that Qt and napari give, which help here: keys and what they do, by heading."""


def groups() -> dict[str, dict[str, str]]:
    """All keys and what they do, by heading."""
    ours = {
        title: {keys: words for name, (keys, words) in SHORTCUTS.items() if _begins(name, begins)}
        for title, begins in GROUPS.items()
    }
    return ours | OTHERS


def _begins(name: str, begins: tuple[str, ...]) -> bool:
    return name.partition(".")[0] in begins


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
