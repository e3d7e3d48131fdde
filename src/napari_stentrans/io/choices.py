"""What a person may choose where a path holds more than one thing: a bin size, a section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError

if TYPE_CHECKING:
    from pathlib import Path

Chosen = Mapping[str, str]
"""Key of a Choice -> the option that was taken."""
MOST_NAMED = 5
"""Options that a warning names."""


@dataclass(frozen=True)
class Choice:
    """One thing to choose before a path is read.

    Attributes
    ----------
    key
        Short name, as on the command line: "bin", "section", "counts".
    label
        What the dock calls it: "Bin size".
    options
        What there is to choose from, at least one.
    default
        The option that is taken where nothing is said.
    parts
        Whether the options are parts of the path, of which only one is read; else they are ways
        to read it.
    before
        What was read before this could be chosen, where that is not the default: records and
        sessions from then do not name it.
    """

    key: str
    label: str
    options: tuple[str, ...]
    default: str
    parts: bool = True
    before: str = ""


def no_choices(path: Path) -> tuple[Choice, ...]:
    """Nothing to choose: a reader's ``choices`` where a path holds one thing only."""
    return ()


def settle(choices: Sequence[Choice], chosen: Chosen | None, path: object) -> dict[str, str]:
    """Take what was chosen, and the default of everything else.

    Raises
    ------
    ReadError
        When something was chosen that ``path`` does not offer.
    """
    taken = {choice.key: choice.default for choice in choices}
    options = {choice.key: choice.options for choice in choices}
    for key, option in (chosen or {}).items():
        if key not in options:
            what = f"only {', '.join(options)}" if options else "nothing to choose"
            raise ReadError(f"'{path}' has {what}, got {key}={option}. Leave it out.")
        if option not in options[key]:
            raise ReadError(
                f"{key} of {path} must be one of {', '.join(options[key])}; got {option!r}."
            )
        taken[key] = option
    return taken


def as_recorded(choices: Sequence[Choice], chosen: Chosen) -> dict[str, str]:
    """Complete what a record says was chosen by what was read before there was a choice."""
    unsaid = {choice.key: choice.before for choice in choices if choice.before}
    return {**unsaid, **chosen}


def left_out(choices: Sequence[Choice], chosen: Chosen | None, path: Path) -> str:
    """What is read and what is not, where parts of a path were not chosen; "" for nothing."""
    said = []
    for choice in choices:
        others = [option for option in choice.options if option != choice.default]
        if others and choice.parts and choice.key not in (chosen or {}):
            some = ", ".join(others[:MOST_NAMED]) + ", ..." * (len(others) > MOST_NAMED)
            said.append(
                f"{choice.label.lower()} {choice.default} is read, not {some} (choose by "
                f"{choice.key}={others[0]})"
            )
    return f"{path.resolve().name}: {'; '.join(said)}." if said else ""
