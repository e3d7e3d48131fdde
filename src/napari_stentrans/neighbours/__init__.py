"""Neighbours: sections cut beside this one, which were measured where this one has a hole.

Each is laid on the section (``alignment``), silent where it does not agree with the spots around
(``maps``), and has to prove itself on hidden spots (``gate``). Those that help become one kind of
evidence, which methods need not ask about again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.alignment import compare_steps, lay_steps
from napari_stentrans.device import on_one_thread
from napari_stentrans.errors import StentransWarning
from napari_stentrans.evidence import Known
from napari_stentrans.neighbours.gate import gate
from napari_stentrans.neighbours.given import MOST, Given, Neighbour, again, checked
from napari_stentrans.neighbours.maps import Told, together, told
from napari_stentrans.neighbours.rests import Rests, rest_steps
from napari_stentrans.progress import Progress, Stage, Steps, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_stentrans.alignment import Alignment, JointFactors
    from napari_stentrans.record_facts import NeighbourFacts
    from napari_stentrans.section import Section
    from napari_stentrans.targets import Sites
    from napari_stentrans.trust import Trust

__all__ = [
    "MOST",
    "Borrowed",
    "Given",
    "Neighbour",
    "Rests",
    "again",
    "borrow_steps",
    "checked",
    "rested_on",
]


class NextSections:
    """What the neighbouring sections that help say, as one kind of evidence."""

    name = "neighbours"
    words = "the neighbouring sections"
    spoilt = False


class Borrowed(NamedTuple):
    """What neighbours say.

    Attributes
    ----------
    known
        The evidence; empty where none of them helps.
    facts
        Of each neighbour, for the run record.
    findings, words
        As a run keeps those of evidence.
    each
        What each neighbour that helps says, by its name in ``findings``.
    joint
        Factors of the observed spots; None where no neighbour helps.
    """

    known: tuple[Known, ...] = ()
    facts: tuple[NeighbourFacts, ...] = ()
    findings: dict[str, float] = {}  # noqa: RUF012  never changed
    words: dict[str, str] = {}  # noqa: RUF012
    each: dict[str, Known] = {}  # noqa: RUF012
    joint: JointFactors | None = None


@dataclass(frozen=True, eq=False)
class _Heard:
    """One neighbour: how it lies, what it tells of the targets, and what that is worth."""

    given: Given
    alignment: Alignment
    told: Told
    trust: Trust
    joint: JointFactors


@on_one_thread
def borrow_steps(
    section: Section,
    targets: Sites,
    observed: NDArray[np.bool_],
    given: Sequence[Given],
    seed: int,
) -> Steps[Borrowed]:
    """Lay neighbours on a section, ask each, and put together what those that help say.

    Parameters
    ----------
    observed
        (spot,) of the section, from which alone all is learned.
    given
        From ``checked``.
    """
    if not given:
        return Borrowed()
    heard: list[_Heard] = []
    for at, other in enumerate(given, 1):
        turn = other.name if len(given) == 1 else f"{other.name}, {at} of {len(given)}"
        heard.append((yield from named(turn, _heard(section, targets, observed, other, seed))))
    names = [f"neighbour{at}" for at in range(1, len(heard) + 1)]
    findings: dict[str, float] = {}
    for name, one in zip(names, heard, strict=True):
        findings |= one.trust.findings(name)
        _warn_of(section, one)
    used = [one for one in heard if one.trust.used]
    known: tuple[Known, ...] = ()
    if used:
        known = (_known([one.told for one in used], targets),)
    return Borrowed(
        known,
        tuple(one.given.facts(one.alignment, one.told.share_of(targets)) for one in heard),
        findings,
        {
            name: f"the neighbouring section {one.given.name}"
            for name, one in zip(names, heard, strict=True)
        },
        {
            name: _known([one.told], targets)
            for name, one in zip(names, heard, strict=True)
            if one.trust.used
        },
        used[0].joint if used else None,
    )


def rested_on(borrowed: Borrowed, known: Sequence[Known], targets: Sites) -> Steps[Rests]:
    """Ask what the targets of a run rest on; where no neighbour helps, nothing is asked.

    Parameters
    ----------
    known
        Other evidence that was used.
    """
    if borrowed.joint is None:
        return Rests()
    sources = {one.kind.name: one for one in known} | borrowed.each
    return (yield from rest_steps(borrowed.joint, sources, frozenset(borrowed.each), targets))


def _known(every: list[Told], targets: Sites) -> Known:
    shown = together(every, targets.xy, targets.measured)
    return Known(NextSections(), shown.components, shown.blind, settled=True)


def _heard(
    section: Section, targets: Sites, observed: NDArray[np.bool_], given: Given, seed: int
) -> Steps[_Heard]:
    """Lay one neighbour on the section, ask it about the targets, and try it on hidden spots."""
    yield Progress(Stage.NEIGHBOUR, 0, 3)
    compared = yield from compare_steps(
        section,
        given.section,
        lost=~observed,
        neighbour_lost=~given.seen,
        genes=given.genes,
        seed=seed,
    )
    alignment = given.alignment or (yield from lay_steps(compared))
    yield Progress(Stage.NEIGHBOUR, 1, 3)
    joint = compared.whole()
    found = told(joint, alignment, targets)
    yield Progress(Stage.NEIGHBOUR, 2, 3)
    trust = yield from gate(joint, found.values[targets.measured], seed)
    trust = trust._replace(used=trust.used and (alignment.found or alignment.by == "hand"))
    return _Heard(given, alignment, found, trust, joint)


def _warn_of(section: Section, one: _Heard) -> None:
    if not one.trust.used:
        said = (
            f"The neighbouring section {one.given.name} is not used: laid on {section.name}, it "
            f"did not help to predict hidden spots ({one.alignment.in_words()}). It may be another "
            "tissue, or lie wrong: give its place by hand or by landmarks."
        )
        warnings.warn(said, StentransWarning, stacklevel=2)
