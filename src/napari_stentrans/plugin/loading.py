"""Work of a job that makes a section ready to be shown, away from the window's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_stentrans.io import read_section
from napari_stentrans.plugin.images import FirstLook
from napari_stentrans.plugin.samples import SAMPLES
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.progress import Steps


def read_steps(path: Path) -> Steps[FirstLook]:
    """Read a section and prepare its first map."""
    yield Progress(f"reading {path.name}", 0, 1)
    section = read_section(path)
    yield Progress("drawing the map", 0, 1)
    return FirstLook.of(section)


def sample_steps(name: str) -> Steps[FirstLook]:
    """Make a sample and prepare its first map."""
    yield Progress("making the sample", 0, 1)
    section = SAMPLES[name].make()
    yield Progress("drawing the map", 0, 1)
    return FirstLook.of(section)
