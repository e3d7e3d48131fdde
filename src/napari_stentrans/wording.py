"""Words for people: numbers with what they count."""

from __future__ import annotations


def some(n: int, thing: str, things: str | None = None) -> str:
    """Say how many there are of something: "1 spot", "1,200 spots".

    ``things`` is how several are called, where that is not ``thing`` with an s.
    """
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"
