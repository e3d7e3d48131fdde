"""Neighbours as they are given: a section or its path, how it lies, and what of it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.alignment import Alignment, CommonGenes, common_genes
from napari_stentrans.errors import SectionError
from napari_stentrans.io import chosen_then, read_section
from napari_stentrans.record_facts import NeighbourFacts, NeighbourPlace
from napari_stentrans.section import Section
from napari_stentrans.targets import check_lost
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

MOST, FEWEST_SPOTS = 20, 20
"""Neighbours of one run at most, and spots with counts that each must have."""


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A section cut beside another, as serial sections are.

    Attributes
    ----------
    section
        The section, or the path of one, in any format.
    alignment
        How it lies on the other, where that is known; else it is found.
    lost
        (spot,) bool, True where the neighbour itself is not to be believed.
    chosen
        What is to be read where the path holds several things.
    """

    section: Section | str | Path
    alignment: Alignment | None = None
    lost: ArrayLike | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Given:
    """A neighbour that was read and fits.

    Attributes
    ----------
    section
        The neighbour.
    seen
        (spot,) of the neighbour: whether it has counts and is not lost.
    lost
        (spot,) as given.
    alignment
        As given; None where it is to be found.
    name
        What to call it.
    genes
        Those that the section has, too.
    """

    section: Section
    seen: NDArray[np.bool_]
    lost: NDArray[np.bool_]
    alignment: Alignment | None
    name: str
    genes: CommonGenes

    def again(self) -> Neighbour:
        """As it was given, but for that it is read."""
        return Neighbour(self.section, self.alignment, self.lost)

    def place(self, alignment: Alignment | None) -> NeighbourPlace:
        """What a session says of it."""
        section = self.section
        return NeighbourPlace(
            source=None if section.source is None else str(section.source.resolve()),
            chosen=dict(section.chosen),
            digest=section.digest,
            name=self.name,
            lost=tuple(section.adata.obs_names[self.lost]) if self.lost.any() else (),
            alignment="" if alignment is None else alignment.to_json(),
        )

    def facts(self, alignment: Alignment, share: float) -> NeighbourFacts:
        """What the run record says of it."""
        place = self.place(alignment).model_dump()
        return NeighbourFacts(**place, lies=alignment.in_words(), speaks_in_holes=round(share, 3))


def checked(
    section: Section, neighbours: Sequence[Section | str | Path | Neighbour]
) -> tuple[Given, ...]:
    """Read neighbours, and make sure that they can be neighbours of a section.

    Raises
    ------
    ReadError
        When a path cannot be read.
    MaskError
        When a mask of lost spots does not fit its neighbour.
    SectionError
        When there are too many, one is the section itself or given twice, has too few spots with
        counts, or too few genes in common with it.
    """
    if isinstance(neighbours, Section | str | Path | Neighbour):
        neighbours = [neighbours]
    if len(neighbours) > MOST:
        raise SectionError(
            f"At most {MOST} neighbouring sections can be used at once, got {len(neighbours)}. "
            "Give the nearest ones."
        )
    found: list[Given] = []
    for one in neighbours:
        given = _given(section, one)
        if given.section.digest == section.digest:
            raise SectionError(
                f"{given.name} is the section itself, not a neighbour of it (digest "
                f"{section.digest}). Give the sections that were cut before and after it."
            )
        if given.section.digest in [other.section.digest for other in found]:
            raise SectionError(f"The neighbouring section {given.name} is given twice.")
        found.append(given)
    return tuple(found)


def again(section: Section, facts: Sequence[NeighbourPlace]) -> list[Neighbour]:
    """Neighbours of a recorded run or a session, laid where they lay.

    Raises
    ------
    ReadError
        When one cannot be read.
    SectionError
        When the record does not say where one was, or another section is there now.
    """
    found = []
    for fact in facts:
        if fact.source is None:
            raise SectionError(
                f"The record does not say where the neighbouring section {fact.name} was, since "
                "it was not read from a file. Repeat the run in Python, with neighbours=."
            )
        other = read_section(fact.source, chosen_then(fact.source, fact.chosen))
        if other.digest != fact.digest:
            raise SectionError(
                f"The neighbouring section {fact.source} has changed since the run: its digest "
                f"was {fact.digest} and is {other.digest}. Give the same data."
            )
        lost = np.asarray(other.adata.obs_names.isin(fact.lost))
        alignment = Alignment.from_json(fact.alignment) if fact.alignment else None
        found.append(Neighbour(other, alignment, lost))
    return found


def _given(section: Section, one: Section | str | Path | Neighbour) -> Given:
    wrapped = one if isinstance(one, Neighbour) else Neighbour(one)
    other = wrapped.section
    if isinstance(other, str | Path):
        other = read_section(other, wrapped.chosen)
    if not isinstance(other, Section):
        raise SectionError(
            f"Expected a section, its path or a Neighbour, got {type(other).__name__}."
        )
    lost = check_lost(other, wrapped.lost)
    seen = ~lost & (other.totals > 0)
    name = other.name if other.source is None else other.source.name
    if seen.sum() < FEWEST_SPOTS:
        raise SectionError(
            f"The neighbouring section {name} has {some(int(seen.sum()), 'spot')} with counts "
            f"that are not lost; at least {FEWEST_SPOTS} are needed."
        )
    return Given(other, seen, lost, wrapped.alignment, name, common_genes(section, other))
