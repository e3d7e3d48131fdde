"""What can be done by a key or in a menu: one table, that menus, keys, tooltips and docs come from.

None of the keys is napari's own. Nothing of Qt or napari is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_stentrans.plugin.models.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Callable


def _always(dock: Any) -> bool:
    return True


@dataclass(frozen=True)
class Action:
    """Something that a person can do."""

    keys: str
    """As Qt writes them."""
    words: str
    """What it does, in the list of keys."""
    text: str = ""
    """What its button or its line in a menu says."""
    tip: str = ""
    do: Callable[[Any], object] | None = None
    """Does it, given the dock; None where the part that it belongs to binds it."""
    when: Callable[[Any], bool] = _always
    why: str = ""
    """What its tooltip adds while it cannot be done; one without is offered at all times."""


def _has_section(dock: Any) -> bool:
    return dock.layers is not None and dock.phase is not Phase.LOADING


def _has_region(dock: Any) -> bool:
    return _has_section(dock) and dock.lost.has_region


def _can_find_tissue(dock: Any) -> bool:
    return _has_section(dock) and dock.lost.can_find_tissue


def _edit(name: str) -> Callable[[Any], object]:
    return lambda dock: dock.lost.edit(name)


NO_SECTION = "Open a section first."
NO_REGION = "There is no lost region yet: paint one."
NO_IMAGE = "This section has no image. Holes… finds sites inside it without a spot."

ACTIONS: dict[str, Action] = {
    "data.open": Action("Alt+O", "Open a file",
        do=lambda dock: dock.data.fileWanted.emit(), when=lambda dock: dock.data.open.isEnabled()),
    "session.open": Action("Alt+Shift+O", "Open a session", "Session…",
        "Data, lost regions, runs, gene and settings, as they were saved",
        do=lambda dock: dock.open_session(), when=lambda dock: dock.data.open.isEnabled()),
    "session.save": Action("Alt+K", "Keep all that you did in a session", "Save session…",
        "Write a .stentrans file of all you did; the data stay where they are",
        do=lambda dock: dock.save_session(),
        when=lambda dock: dock.layers is not None and dock.phase.idle, why=NO_SECTION),
    "save.anything": Action("Alt+E", "Save: for analysis, images, a table, lost regions", "Save…",
        "Write the result for analysis, as images, table or figure; or the lost regions",
        do=lambda dock: dock.save(), when=lambda dock: dock.layers is not None, why=NO_SECTION),
    "save.figure": Action("Alt+Shift+E", "Save a figure of genes, before and after", "Figure…",
        "Write a figure of genes, before and after",
        do=lambda dock: dock.save("figure"), when=lambda dock: dock.layers is not None,
        why=NO_SECTION),
    "lost.new": Action("Alt+N", "New lost region, and paint with it", "+",
        "Start painting; again for a region of another kind",
        do=lambda dock: dock.lost.add_region(), when=_has_section, why=NO_SECTION),
    "lost.next": Action("Alt+.", "Paint with the next lost region", "Next region",
        do=lambda dock: dock.lost.step_region(1), when=_has_region, why=NO_REGION),
    "lost.previous": Action("Alt+,", "Paint with the lost region before", "Region before",
        do=lambda dock: dock.lost.step_region(-1), when=_has_region, why=NO_REGION),
    "lost.grow": Action("Alt+=", "Grow the lost region by one spot", "Grow",
        "Let the region take in the spots next to it",
        do=_edit("grown"), when=_has_region, why=NO_REGION),
    "lost.shrink": Action("Alt+-", "Shrink the lost region by one spot", "Shrink",
        "Take the outermost spots of the region away",
        do=_edit("shrunk"), when=_has_region, why=NO_REGION),
    "lost.invert": Action("Alt+I", "Swap the lost region for the spots outside", "Invert",
        "Swap the region for the spots that no region has",
        do=_edit("inverted"), when=_has_region, why=NO_REGION),
    "lost.clear": Action("Alt+0", "Clear all lost regions", "Clear all",
        "Take the paint of all regions away; undo brings it back",
        do=_edit("cleared"), when=_has_region, why=NO_REGION),
    "lost.shapes": Action("Alt+D", "Paint the shapes of the selected Shapes layer", "From shapes",
        "Paint what is drawn on the selected Shapes layer",
        do=lambda dock: dock.lost.from_shapes(), when=_has_section, why=NO_SECTION),
    "lost.low_counts": Action("Alt+U", "Find spots with low counts", "Low counts…",
        "Find spots with far fewer counts than others",
        do=lambda dock: dock.lost.finder.low_counts(), when=_has_section, why=NO_SECTION),
    "lost.uncovered": Action("Alt+T", "Find tissue without spots", "Not covered…",
        "Find tissue in the image that no spot covers",
        do=lambda dock: dock.lost.finder.uncovered(), when=_can_find_tissue, why=NO_IMAGE),
    "lost.holes": Action("Alt+J", "Find sites inside the section without a spot", "Holes…",
        "Find sites without a spot inside the section",
        do=lambda dock: dock.lost.finder.holes(), when=_has_section, why=NO_SECTION),
    "genes.search": Action("/", "Search a gene"),
    "genes.next": Action("N", "Show the next gene of the list"),
    "genes.previous": Action("Shift+N", "Show the gene before"),
    "genes.favourite": Action("Ctrl+D", "Make the gene a favourite, or no longer"),
    "genes.lay_over": Action("Ctrl+L", "Keep the gene and add another"),
    "tissue.see": Action("Alt+Y", "See the tissue image through the maps"),
    "tissue.map": Action("Alt+M", "Show as a map what the tissue image tells",
        "What the image tells",
        "Three numbers of the image as red, green and blue: like colours are like tissue. "
        "Colours are arbitrary, and some may look alike to you that are not",
        do=lambda dock: dock.enhance.form.image.toggle_map(),
        when=lambda dock: _has_section(dock) and dock.enhance.form.image.there,
        why="This section has no image, and no embedding of one."),
    "run.start": Action("Ctrl+Return", "Run; while a run goes on: queue another", "Run",
        "Fill, sharpen and denoise as chosen above",
        do=lambda dock: dock.enhance.press_run(),
        when=lambda dock: dock.enhance.run.isEnabled() or dock.enhance.add.isEnabled()),
    "run.pause": Action("Ctrl+P", "Pause the run, or let it go on", "Pause",
        "Hold the run; it goes on where it stopped",
        do=lambda dock: dock.enhance.pause.click(),
        when=lambda dock: dock.enhance.pause.isEnabled()),
    "run.cancel": Action("Ctrl+.", "Cancel what is going on", "Cancel",
        "Stop; layers and the last result stay as they are",
        do=lambda dock: (dock.enhance.cancel.click(), dock.data.cancel.click()),
        when=lambda dock: dock.enhance.cancel.isEnabled() or dock.data.cancel.isEnabled()),
    "runs.next": Action("Alt+PgDown", "Show the next run",
        do=lambda dock: dock.result.runs.step(1)),
    "runs.previous": Action("Alt+PgUp", "Show the run before",
        do=lambda dock: dock.result.runs.step(-1)),
    "runs.rename": Action("Alt+R", "Rename the run that is shown",
        do=lambda dock: dock.rename_run()),
    "runs.delete": Action("Alt+Del", "Delete the run that is shown",
        do=lambda dock: dock.result.runs.delete.trigger(),
        when=lambda dock: dock.result.runs.delete.isEnabled()),
    "runs.python": Action("Alt+Shift+P", "Copy the run as Python",
        do=lambda dock: dock.result.runs.as_python.trigger()),
    "runs.command": Action("Alt+Shift+L", "Copy the run as a command line",
        do=lambda dock: dock.result.runs.as_command.trigger()),
    "quality.check": Action("Alt+Q", "Check how good the result is here, or show the table",
        do=lambda dock: dock.show_quality()),
    "compare.with": Action("Alt+Shift+M", "Choose what to compare with: measured, or another run",
        do=lambda dock: dock.bar.partner.open()),
    "compare.side_by_side": Action("Shift+S", "Both maps side by side"),
    "compare.swipe": Action("Shift+W", "Swipe between both maps"),
    "compare.swipe_left": Action("Left", "Move the handle of the swipe to the left"),
    "compare.swipe_right": Action("Right", "Move the handle of the swipe to the right"),
    "compare.blink": Action("Shift+B", "Blink: change between both maps twice a second"),
    "compare.hold": Action("H", "Hold: see the other map while the key is down"),
    "compare.difference": Action("Shift+D", "Enhanced minus measured, or one run minus another"),
    "compare.uncertainty": Action("Shift+U", "How sure each value is"),
    "compare.provenance": Action("Shift+O", "Where each value comes from"),
    "compare.profile": Action("Shift+X", "Profile: draw a line and see the gene along it"),
    "help.keys": Action("F1", "Show or hide this list of keys", "Keys", "All keys, in one list",
        do=lambda dock: dock.corner.show_keys()),
    "help.preferences": Action("Ctrl+Shift+,", "Preferences of stEnTrans", "Preferences",
        "Preferences: what the dock begins with",
        do=lambda dock: dock.corner.show_preferences()),
}  # fmt: skip
"""What can be done, by a name that begins with what it is about."""
EDITS = ("lost.grow", "lost.shrink", "lost.invert", "lost.clear")
FINDS = ("lost.low_counts", "lost.uncovered", "lost.holes", "lost.shapes", "tissue.map")
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
    "Pages": {
        "Alt+1 to Alt+4": "Repair, Result, Export, Analyse: the pages, from left to right",
        "Ctrl+Tab": "The next page, while the dock has the keyboard",
    },
    "In lists and lines": {
        "Up, Down": "The next gene, run or region, or the one before",
        "Enter": "Show the gene whose name is typed",
        "F2": "Rename the run or region that is chosen",
        "Delete": "Delete the run or region that is chosen",
        "Tab": "Go on to the next button or line",
        "Space": "Press the button; show or hide the region that is chosen",
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
        title: {
            action.keys: action.words
            for name, action in ACTIONS.items()
            if name.partition(".")[0] in begins
        }
        for title, begins in GROUPS.items()
    }
    return ours | OTHERS


def keys_of(name: str) -> str:
    """Keys of an action."""
    return ACTIONS[name].keys


def with_keys(tip: str, name: str) -> str:
    """Tooltip with the keys of an action."""
    return f"{tip} ({keys_of(name)})"


def tip_of(name: str, why: str = "") -> str:
    """Tooltip of an action with its keys; and why it cannot be done, where that is given."""
    action = ACTIONS[name]
    tip = with_keys(action.tip or action.words, name)
    return f"{tip}.\n{why}" if why else tip
