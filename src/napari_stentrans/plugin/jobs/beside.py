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

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.plugin.jobs.loads import Loads
    from napari_stentrans.plugin.layers.section_layers import SectionLayers
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

MOST_NAMED = 4
BUSY = "Wait until the run has ended, or cancel it, and open what belongs to the section then."


class Beside:
    """Takes files that belong to the section that is open.

    A picture is laid below its spots by ``lay``, which says whether it could, to be used as its
    tissue image or not; labels become named regions, or lost ones, as the person says.
    """

    def __init__(self, loads: Loads, lay: Callable[[Path], bool]) -> None:
        self._loads, self._context, self._lay = loads, loads.context, lay

    def take(self, path: Path) -> bool:
        """Take a file; False where it is a section of its own, or belongs to none."""
        layers, suffix = self._context.layers, plain_suffix(path)
        idle, picture = self._context.runner.idle, suffix in IMAGE_SUFFIXES
        if layers is None or not (picture or suffix in SUFFIXES) or not path.is_file():
            return False
        if (picture or not idle) and can_read(path):
            return False
        if not idle:
            self._context.fail(BUSY)
            return True
        if picture:
            return self._lay(path)
        work = partial(table_steps, layers.model.section, path)
        self._loads.prepare(work, f"Reading {path.name}", partial(self._on_read, layers, path))
        return True

    def _on_read(self, layers: SectionLayers, path: Path, read: FirstLook | Annotation) -> None:
        if isinstance(read, FirstLook):
            self._loads.show(read)
            return
        if layers is not self._context.layers or not layers.present:
            return
        answer = ask_regions(self._context.dock, path.name, described(read))
        if answer == "named":
            layers.annotate(read)
            self._context.note(f"{some(len(read.names), 'named region')} of {path.name}.")
        elif answer == "lost":
            layers.paint.paint_regions(read)


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
