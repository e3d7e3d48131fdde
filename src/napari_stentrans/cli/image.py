"""``--image`` and ``--features``: what is made of the tissue image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_image(parser: argparse.ArgumentParser, uses: Sequence[str]) -> None:
    """Add the options about the tissue image to a parser."""
    both = "; both: with and without it, side by side" if "both" in uses else ""
    parser.add_argument(
        "--image",
        choices=uses,
        help=f"auto: use the tissue image where it helps on hidden spots (default); off{both}",
    )
    parser.add_argument(
        "--features",
        metavar="KEY",
        help="key in obsm of your own embedding of the tissue image, to be used in its place",
    )
