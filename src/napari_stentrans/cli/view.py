"""``stentrans view``: napari with the dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.cli.choose import add_choose
from napari_stentrans.errors import ConfigError

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument(
        "path", type=Path, nargs="?", metavar="PATH", help="a section or a session to open"
    )
    add_choose(parser)


def run(arguments: argparse.Namespace) -> None:
    """Open the window, and the section or session where one was given."""
    try:
        from napari_stentrans.plugin.contributions.app import view
    except ImportError as error:
        raise ConfigError(
            f"The viewer needs napari and Qt ({error}). Install napari-stentrans[all]."
        ) from error
    view(arguments.path, arguments.choose)
