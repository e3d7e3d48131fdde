"""Names cut to the room that there is, and still told apart."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MORE = "…"


def shorten(names: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    """Cut names that do not fit, each another text than all others.

    A name is cut at its end; those that would be the same then, in their middle; and those that
    are the same even so have their number.

    Parameters
    ----------
    fits
        Whether there is room for a text; for a shorter one there is room as well.
    """
    cut = [_cut(name, fits, _beginning) for name in names]
    again = _repeated(cut)
    cut = [
        _cut(name, fits, _both_ends) if text in again else text
        for name, text in zip(names, cut, strict=True)
    ]
    again, taken = _repeated(cut), set(cut)
    for at, (name, text) in enumerate(zip(names, cut, strict=True)):
        if text in again:
            cut[at] = _numbered(name, at + 1, fits, taken)
            taken.add(cut[at])
    return cut


def _repeated(texts: Sequence[str]) -> set[str]:
    return {text for text, n in Counter(texts).items() if n > 1}


def _cut(name: str, fits: Callable[[str], bool], kept: Callable[[str, int], str]) -> str:
    """Name with as many letters as fit."""
    if fits(name):
        return name
    n = bisect_left(range(1, len(name)), True, key=lambda n: not fits(kept(name, n)))
    return kept(name, n)


def _beginning(name: str, n: int) -> str:
    return name[:n].rstrip() + MORE


def _both_ends(name: str, n: int) -> str:
    return name[: n - n // 2].rstrip() + MORE + name[len(name) - n // 2 :].lstrip()


def _numbered(name: str, number: int, fits: Callable[[str], bool], taken: set[str]) -> str:
    end = f" ({number})"
    text = _cut(name, lambda text: fits(text + end), _beginning) + end
    return text if text not in taken else _numbered(name, number + len(taken), fits, taken)
