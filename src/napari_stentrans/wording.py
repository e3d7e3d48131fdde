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


def roughly(seconds: float) -> str:
    """About how long, as well as it is known before: "under 5 s", "about 10 s", "about 3 min"."""
    if seconds < 5:
        return "under 5 s"
    if seconds < 90:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    return time_in_words(seconds)


def time_in_words(seconds: float) -> str:
    """About how long, for a person: "about 12 s", "about 3 min", "about 1 h 20 min"."""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60} min"
