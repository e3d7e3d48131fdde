"""Options of the command line for the settings of a run, as their fields describe them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_stentrans.settings import Setting


def add_setting(
    parser: argparse.ArgumentParser, setting: Setting, more: dict[str, str] | None = None
) -> None:
    """Add the option of a setting to a parser; what is not given stays None.

    Parameters
    ----------
    parser
        Of a command.
    setting
        What it is to be asked for.
    more
        Choices that only this command has, and what they mean.
    """
    choices = [*sorted(setting.choices), *(more or {})]
    told = [f"{choice}: {meaning}" for choice, meaning in (more or {}).items()]
    given: dict[str, Any] = {"type": setting.kind, "metavar": setting.shown.metavar}
    if choices:
        given["choices"] = choices
    if setting.kind is bool:
        given = {"action": argparse.BooleanOptionalAction}
    elif setting.kind is tuple:
        given |= {"type": str, "nargs": "+"}
    said = "; ".join([_words(setting), *told]).replace("%", "%%")
    parser.add_argument(setting.flag, default=None, help=said, **given)


def add_reference(parser: argparse.ArgumentParser) -> None:
    """Add the options that give single cells to predict genes from."""
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="CELLS",
        help="single cells of like tissue (.h5ad, 10x .h5, a folder with matrix.mtx): genes that "
        "only they have are predicted, and how far to trust each",
    )
    parser.add_argument(
        "--cell-type", metavar="COLUMN", help="column of the reference that names cell types"
    )


def _words(setting: Setting) -> str:
    of = f"{setting.group_label}: " if setting.group else ""
    default: Any = f"default {setting.default}"
    if setting.kind is bool:
        default = f"{'on' if setting.default else 'off'} unless said otherwise"
    elif setting.default is None:
        word = setting.shown.words.get(None)
        default = word and f"default: {word[:1].lower()}{word[1:]}"
    return f"{of}{setting.help}{f' ({default})' if default else ''}"


def add_neighbour(parser: argparse.ArgumentParser) -> None:
    """Add --neighbour OTHER, which may be given several times."""
    parser.add_argument(
        "--neighbour",
        type=Path,
        action="append",
        metavar="OTHER",
        help="a section cut beside this one, in any format; may be given up to 20 times",
    )
