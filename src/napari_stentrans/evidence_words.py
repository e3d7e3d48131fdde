"""What evidence was good for, and what lost regions rest on, in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

SPOTS_AROUND = "spots"
MOST_TOLD = 5
"""Regions that are told in words."""
TWICE = 1.0
LEAST_OF_A_SHARE = 0.1
"""A correlation below it is so near 0 that no share of it is given."""


class RegionFacts(BaseModel):
    """What a lost region rests on.

    Attributes
    ----------
    sites
        How many places were filled.
    middle
        (x, y) of them, full-resolution pixels.
    rests_on
        Share of what is known of them that comes from "spots", the measured spots around, and from
        each kind of evidence that was used, by its name in ``findings``; they sum to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: int
    middle: tuple[float, float]
    rests_on: dict[str, float]


def of_what_is_borrowed(found: dict[str, float], evidence: dict[str, str]) -> list[str]:
    """How much of what is known of filled places neighbouring sections add, if any."""
    if "borrowed_in_holes" not in found:
        return []
    share = found["borrowed_in_holes"]
    others = [words for name, words in evidence.items()
              if not name.startswith("neighbour") and found.get(f"{name}_used")]  # fmt: skip
    return [
        f"Of what is known of the filled places, {share:.0%} is borrowed from neighbouring "
        f"sections and {1 - share:.0%} comes from {' and '.join(['the spots around', *others])}."
    ]


def of_regions(regions: Sequence[RegionFacts], evidence: dict[str, str]) -> list[str]:
    """What each lost region rests on, where there are several, or several kinds of evidence."""
    if len(regions) < 2 and all(len(one.rests_on) < 3 for one in regions):
        return []
    words = {SPOTS_AROUND: "the spots around", **evidence}
    said = []
    for number, one in enumerate(regions[:MOST_TOLD], 1):
        parts = [f"{share:.0%} {words[name]}" for name, share in one.rests_on.items()]
        x, y = one.middle
        where = f"{some(one.sites, 'site')} around {x:.0f}, {y:.0f}"
        said.append(f"Region {number} ({where}) rests on: {', '.join(parts)}.")
    more = len(regions) - MOST_TOLD
    return said + [f"{some(more, 'more region')} in the run record."] * (more > 0)


def of_evidence(name: str, words: str, found: dict[str, float]) -> str:
    """What hidden spots said of one kind of evidence."""
    words = words[:1].upper() + words[1:]
    if f"{name}_elsewhere" in found:
        return f"{words} was not used: no spot lies on it, or it cannot be read."
    if f"{name}_blank" in found:
        return f"{words} was not used: it is blank and shows nothing to go by."
    if f"{name}_gain" not in found:
        return (
            f"{words} was not used: there are too few spots to tell whether it helps "
            f"({found[f'{name}_hidden']:.0f} could be hidden to try)."
        )
    gain = found[f"{name}_gain"]
    if not found[f"{name}_used"]:
        return f"{words} was not used: it did not help on hidden spots."
    if f"correlation_without_{name}" not in found:  # a record of an older version
        much = f" {gain:.0%}" if gain < TWICE else ""
        return f"{words} predicts hidden spots{much} better here."
    before, after = (found[f"correlation_{way}_{name}"] for way in ("without", "with"))
    from_to = f"mean correlation {before:.2f} without it, {after:.2f} with it"
    if f"correlation_error_{name}" in found:
        from_to += f", ± {max(found[f'correlation_error_{name}'], 0.01):.2f}"
    # A percentage of what may be chance says nothing.
    chance = max(1 / math.sqrt(found[f"{name}_hidden"]), LEAST_OF_A_SHARE)
    much = f" {gain:.0%}" if before > chance else ""
    return f"{words} predicts hidden spots{much} better here ({from_to})."
