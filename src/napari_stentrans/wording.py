"""Words for people: numbers with what they count."""

from __future__ import annotations


def some(n: int, thing: str, things: str | None = None) -> str:
    """Say how many there are of something: "1 spot", "1,200 spots".

    ``things`` is how several are called, where that is not ``thing`` with an s.
    """
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"


def some_of(n: int, total: int, thing: str, one: str, several: str) -> str:
    """Say what one, or several, of a number of things are: "1 of 20 spots has", "3 of 20 have"."""
    return f"{n:,} of {some(total, thing)} {one if n == 1 else several}"
