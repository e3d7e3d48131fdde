"""What the command line shows on the error stream: a progress bar and messages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

from napari_stentrans.progress import drain, told

if TYPE_CHECKING:
    from rich.console import Console

    from napari_stentrans.progress import Progress, Steps

T = TypeVar("T")


@cache
def console() -> Console:
    """Where messages go: the error stream."""
    from rich.console import Console

    return Console(stderr=True)


def with_bar(steps: Steps[T]) -> T:
    """Run steps to the end with a progress bar on the error stream."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
    )
    task = bar.add_task("starting", total=1, loss="")

    def show(step: Progress) -> Progress:
        if bar.tasks[0].description != step.stage:
            bar.reset(task, description=step.stage, total=1, loss="")
        loss = "" if step.loss is None else f"loss {step.loss:.4g}"
        bar.update(task, completed=step.fraction, loss=loss)
        return step

    with bar:
        return drain(told(steps, show))


def say(text: str) -> None:
    """Print for a person; not part of what another program reads."""
    console().print(text, highlight=False, soft_wrap=True, markup=False)
