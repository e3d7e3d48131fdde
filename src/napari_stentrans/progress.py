"""Progress: what a long computation yields, and the only thing that its watchers see."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

PARTS = (
    "finding the patterns of the tissue",
    "tuning on hidden spots",
    "filling and sharpening",
)
"""Parts of a run, in their order."""


class Stage(StrEnum):
    """What a run is doing, in words for a person.

    Attributes
    ----------
    part
        Position in ``PARTS`` of the part of a run that it belongs to; None where it says enough.
    """

    part: int | None

    def __new__(cls, words: str, part: int | None = None) -> Stage:
        """Keep the part beside the words."""
        stage = str.__new__(cls, words)
        stage._value_, stage.part = words, part
        return stage

    IMAGE = "looking at the tissue image", 0
    NEIGHBOUR = "asking the neighbouring section", 0
    FACTORS = "finding spatial factors", 0
    CHECKING = "checking on hidden spots what helps", 1
    COMPARING = "comparing", 1
    RANGE = "fitting the spatial range", 2
    KRIGING = "kriging", 2
    ATTENDING = "attending to the tissue", 2
    OWN_COUNTS = "weighing the spots' own counts", 2
    DECODER = "tuning the decoder", 2
    UNCERTAINTY = "measuring uncertainty", 2
    DOUBTING = "asking the spots around", 2
    HELD_OUT = "holding out genes of the reference", 2
    REFERENCE = "looking at the reference", 2
    PREPARING = "preparing", 2
    CHOOSING = "choosing genes to train on"
    TRAINING = "training"
    PREDICTING = "predicting", 2
    GENES = "predicting genes", 2
    DRAWING = "drawing the result", 2
    PREVIEW = "preview: a quick first estimate"
    QUALITY = "checking how good it is here"


@dataclass(frozen=True)
class Progress:
    """One step of a long computation.

    Attributes
    ----------
    doing
        What is being done: one of ``Stage``, or other words for a person.
    done, total
        So many steps of that are behind us, of all.
    loss
        The training loss where there is one.
    within
        Of what that is a part, the whole first: the check of a run, whose turn it is.
    """

    doing: Stage | str
    done: int
    total: int
    loss: float | None = None
    within: tuple[Stage | str, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of it that is done, 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def whole(self) -> Stage | str:
        """The outermost of what is being done."""
        return (*self.within, self.doing)[0]

    @property
    def stage(self) -> str:
        """All of what is being done: "linear, 1 of 2: kriging"."""
        return ": ".join((*self.within, self.doing))


Steps = Generator[Progress, None, T]
"""A computation that yields Progress and returns T."""


def drain(steps: Steps[T]) -> T:
    """Run steps to the end and return their result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result


def told(steps: Generator[S, None, T], tell: Callable[[S], Progress]) -> Steps[T]:
    """Go through steps, telling each in another way."""
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
        yield tell(step)


def named(whole: Stage | str, steps: Steps[T]) -> Steps[T]:
    """Say of what these steps are a part."""
    return told(steps, lambda step: replace(step, within=(whole, *step.within)))
