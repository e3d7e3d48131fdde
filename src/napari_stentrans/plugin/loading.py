"""Work of a job that makes a section ready to be shown, away from the window's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.io import read_section
from napari_stentrans.plugin.frame import Frame
from napari_stentrans.plugin.gene_index import GeneIndex
from napari_stentrans.plugin.images import FirstLook, lost_layer
from napari_stentrans.plugin.samples import SAMPLES
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section


def read_steps(path: Path) -> Steps[FirstLook]:
    """Read a section and prepare its first map."""
    yield Progress(f"reading {path.name}", 0, 1)
    return (yield from look_steps(read_section(path)))


def sample_steps(name: str) -> Steps[FirstLook]:
    """Make a sample and prepare its first map."""
    yield Progress("making the sample", 0, 1)
    return (yield from look_steps(SAMPLES[name].make()))


def look_steps(section: Section) -> Steps[FirstLook]:
    """Prepare the first map of a section."""
    yield Progress("drawing the map", 0, 1)
    look = FirstLook.of(section)
    GeneIndex.of(section)  # kept, since it takes long with many genes
    yield Progress("preparing the colours", 0, 1)
    # The first time, napari loads its units and compiles its labels: a second or two each.
    _, options, _ = lost_layer(section, Frame.of(section))
    options["colormap"].map(np.zeros(1, np.uint8))
    return look
