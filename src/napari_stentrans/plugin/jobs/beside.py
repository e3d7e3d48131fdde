"""Beside: pictures and labels of spots that are opened while a section is open belong to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_stentrans.io import can_read
from napari_stentrans.io._shared import plain_suffix
from napari_stentrans.io.images import IMAGE_SUFFIXES
from napari_stentrans.io.regions import SUFFIXES, read_regions
from napari_stentrans.plugin.jobs.loading import read_steps
from napari_stentrans.plugin.layers.images import FirstLook
from napari_stentrans.plugin.widgets.dialogs import ask_regions
from napari_stentrans.progress import Progress
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.jobs.runner import Runner
    from napari_stentrans.plugin.jobs.session_keeper import Jobs
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

MOST_NAMED = 4
BUSY = "Wait until the run has ended, or cancel it, and open what belongs to the section then."


class Beside:
    """Takes files that belong to the section that is open.

    A picture is laid below its spots, to be used as its tissue image or not; labels become named
    regions, or lost ones, as the person says.

    Parameters
    ----------
    parent
        Whose dialogs are shown.
    lay
        Lays a picture below the spots; whether it could.
    runner
        Says whether something else goes on.
    jobs
        Starts the jobs.
    said
        Says what became of a file.
    """

    def __init__(
        self,
        parent: QWidget,
        lay: Callable[[Path], bool],
        runner: Runner,
        jobs: Jobs,
        said: Callable[[str], None],
    ) -> None:
        self._parent, self._lay, self._jobs, self._said = parent, lay, jobs, said
        self._runner = runner
        self._layers: SectionLayers | None = None

    def set_layers(self, layers: SectionLayers | None) -> None:
        """Let files belong to this section from now on."""
        self._layers = layers

    def take(self, path: Path) -> bool:
        """Take a file; False where it is a section of its own, or belongs to none."""
        layers, suffix = self._layers, plain_suffix(path)
        picture = suffix in IMAGE_SUFFIXES
        if layers is None or not (picture or suffix in SUFFIXES) or not path.is_file():
            return False
        if (picture or not self._runner.idle) and can_read(path):
            return False
        if not self._runner.idle:
            self._jobs.fail(BUSY)
            return True
        if picture:
            return self._lay(path)
        work = partial(table_steps, layers.model.section, path)
        self._jobs.prepare(work, f"Reading {path.name}", partial(self._on_read, layers, path))
        return True

    def _on_read(self, layers: SectionLayers, path: Path, read: FirstLook | Annotation) -> None:
        if isinstance(read, FirstLook):
            self._jobs.show(read)
            return
        annotation = read
        if layers is not self._layers or not layers.present:
            return
        answer = ask_regions(self._parent, path.name, described(annotation))
        if answer == "named":
            layers.annotate(annotation)
            self._said(f"{some(len(annotation.names), 'named region')} of {path.name}.")
        elif answer == "lost":
            layers.paint.paint_regions(annotation)


def table_steps(section: Section, path: Path) -> Steps[FirstLook | Annotation]:
    """Read a section of its own, or named regions; to know which takes long beside many tables."""
    yield Progress(f"reading {path.name}", 0, 1)
    if can_read(path):
        return (yield from read_steps(path))
    return read_regions(path, section)


def described(annotation: Annotation) -> str:
    """Say how many regions of how many spots there are, and what the first are called."""
    counts = annotation.counts
    named = [f"{name} ({n:,})" for name, n in list(counts.items())[:MOST_NAMED]]
    more = f" and {len(counts) - MOST_NAMED} more" if len(counts) > MOST_NAMED else ""
    what = f"{some(len(counts), 'region')} of {some(sum(counts.values()), 'spot')}"
    return f"{what}: {', '.join(named)}{more}"
