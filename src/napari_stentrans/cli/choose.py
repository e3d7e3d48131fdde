"""``--choose KEY=VALUE``: what to take where a path holds several things."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Pairs(argparse.Action):
    """Gather KEY=VALUE arguments into a dictionary."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        text = str(values)
        key, sign, option = (part.strip() for part in text.partition("="))
        if not (sign and key and option):
            parser.error(f"{option_string} expects KEY=VALUE, such as bin=16; got {text!r}")
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest) or {}), key: option})


def add_choose(parser: argparse.ArgumentParser) -> None:
    """Add ``--choose``; ``arguments.choose`` is a dictionary, or None where it was not given."""
    parser.add_argument(
        "--choose",
        action=_Pairs,
        metavar="KEY=VALUE",
        help="what to take where PATH holds several things, such as bin=16 or section=A; "
        "may be given several times ('info' lists what there is)",
    )
