"""Write the tables of docs/cli.md anew from the parser of ``stentrans``.

.venv/bin/python scripts/cli_docs.py
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from napari_stentrans.cli import _parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
BEGIN, END = "<!-- options of {} -->", "<!-- end -->"


def commands() -> dict[str, argparse.ArgumentParser]:
    """Parsers of the commands, by name."""
    choices = next(
        action.choices
        for action in _parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return dict(choices)


def table(parser: argparse.ArgumentParser) -> str:
    """The arguments of a command as a table of Markdown."""
    rows = ["| option | what it does |", "|---|---|"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        rows.append(f"| {_name(action)} | {_words(action)} |")
    return "\n".join(rows)


def _name(action: argparse.Action) -> str:
    value = ""
    if action.nargs != 0:
        choices = (
            ",".join(map(str, action.choices)) if action.choices and not action.metavar else ""
        )
        value = str(action.metavar or (f"{{{choices}}}" if choices else action.dest.upper()))
        value = f"{value} ..." if action.nargs == "+" else value
        value = f"[{value}]" if action.nargs == "?" else value
        value = f"[{value} ...]" if action.nargs == "*" else value
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{name}`" for name in action.option_strings) + (
        f" `{value}`" if value and "BooleanOptional" not in type(action).__name__ else ""
    )


def _words(action: argparse.Action) -> str:
    text = re.sub(r"([|*])", r"\\\1", (action.help or "").replace("%%", "%"))
    text += "; must be given" * (action.required and bool(action.option_strings))
    default = action.default
    known = default is None or isinstance(default, bool) or "default" in text
    return text if known else f"{text + '; ' * bool(text)}default {default}"


def page(text: str) -> str:
    """Return the page with its tables as the parser has them."""
    for name, parser in commands().items():
        head, begin, rest = text.partition(BEGIN.format(name))
        _, end, tail = rest.partition(END)
        if not end:
            raise SystemExit(f"{PAGE} has no place for {name}: {BEGIN.format(name)} {END}")
        text = f"{head}{begin}\n\n{table(parser)}\n\n{end}{tail}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
