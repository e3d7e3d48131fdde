"""The command line, ``stentrans``: one module per command, imported when it is called."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_stentrans.cli.bar import console
from napari_stentrans.errors import StentransError, StentransWarning
from napari_stentrans.paths import absolute
from napari_stentrans.version import package_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COMMANDS = {
    "info": "Say what a section holds, or what this machine is like.",
    "enhance": "Fill lost spots, double the resolution, denoise.",
    "evaluate": "Hide a part of a section, predict it, say how good that is.",
    "patterns": "Group genes by their maps, find domains, and genes that vary in space.",
    "regions": "Say what is in each region, and compare two of them.",
    "pathways": "Score gene sets, and find those that stand out.",
    "genes": "Other names of genes: get a table of them, look names up.",
    "simulate": "Make a section whose true expression is known.",
    "view": "Open napari with the dock.",
}
"""What each command does; the module of its name has ``add_options`` and ``run``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all went well, 1 on an error that is ours, 2 on bad usage."""
    argv = sys.argv[1:] if argv is None else argv
    called = next((word for word in argv if word in COMMANDS), None)
    arguments = _parser([called] if called else []).parse_args(argv)
    warnings.showwarning = _show_warning
    warnings.simplefilter("always", StentransWarning)
    try:
        for name, value in vars(arguments).items():
            if isinstance(value, Path):
                setattr(arguments, name, absolute(value))
        arguments.run(arguments)
    except StentransError as error:
        _say("[bold red]Error:[/]", str(error))
        return 1
    except KeyboardInterrupt:
        console().print("Cancelled; nothing was written.")
        return 130
    except BrokenPipeError:  # whoever read our output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _say(what: str, text: str) -> None:
    from rich.markup import escape

    console().print(what, escape(text), highlight=False, soft_wrap=True)


def _parser(commands: Iterable[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Parser that knows all commands, and the options of some: these import what they run."""
    parser = argparse.ArgumentParser(
        prog="stentrans", description="Repair and sharpen spatial transcriptomics."
    )
    parser.add_argument("--version", action="version", version=package_version())
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    known = {
        name: parsers.add_parser(name, help=text, description=text)
        for name, text in COMMANDS.items()
    }
    for name in commands:
        module = import_module(f"{__name__}.{name}")
        module.add_options(known[name])
        known[name].set_defaults(run=module.run)
    return parser


def _show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, StentransWarning):
        _say("[yellow]Note:[/]", str(message))
