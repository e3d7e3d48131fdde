"""Progress: what a long computation yields, and the only thing that its watchers see."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """One step of a run.

    ``stage`` is what is being done, in words for a person; ``done`` of ``total`` steps of
    that stage are behind us; ``loss`` is the training loss where there is one.
    """

    stage: str
    done: int
    total: int
    loss: float | None = None

    @property
    def fraction(self) -> float:
        """Share of this stage that is done, 0 to 1."""
        return self.done / self.total if self.total else 1.0


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


def named(name: str, steps: Steps[T]) -> Steps[T]:
    """Say before every stage whose steps these are."""
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
        yield replace(step, stage=f"{name}: {step.stage}")
