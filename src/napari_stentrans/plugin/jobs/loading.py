"""Work of a job that makes a section ready to be shown, away from the window's thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import napari
import numpy as np

from napari_stentrans.cost import calibrate
from napari_stentrans.errors import StentransError
from napari_stentrans.io import choices_of, read_section
from napari_stentrans.io._shared import warn
from napari_stentrans.placing import again_steps
from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.layers.images import FirstLook, Origin, lost_layer
from napari_stentrans.plugin.layers.section_layers import make_way
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.plugin.layers.images import LayerData
    from napari_stentrans.progress import Steps
    from napari_stentrans.record_facts import PlacedImage
    from napari_stentrans.section import Section


def read_steps(
    path: Path, chosen: Chosen | None = None, image: PlacedImage | None = None
) -> Steps[FirstLook]:
    """Read a section, what was chosen of it, and prepare its first map.

    A tissue image that was laid below its spots is laid there again, where it can be.
    """
    yield Progress(f"reading {path.name}", 0, 1)
    section = read_section(path, chosen)
    try:
        section = yield from again_steps(section, image)
    except StentransError as error:
        warn(f"The tissue image is left out: {error}")
    choices = choices_of(path) if section.chosen else ()
    look = yield from look_steps(section)
    return replace(look, origin=Origin(path, choices))


def look_steps(section: Section) -> Steps[FirstLook]:
    """Prepare the first map of a section."""
    yield Progress("drawing the map", 0, 1)
    look = FirstLook.of(section)
    calibrate()  # for the estimate of a run
    GeneIndex.of(section)  # kept, since it takes long with many genes
    yield Progress("preparing the colours", 0, 1)
    # The first time, napari loads its units and compiles its labels: a second or two each.
    _, options, _ = lost_layer(section, Frame.of(section))
    options["colormap"].map(np.zeros(1, np.uint8))
    return look


def layers_of(look: FirstLook) -> list[LayerData]:
    """Layers of a section, in the unit of those that are in the viewer."""
    viewer = napari.current_viewer()
    if viewer is None:
        return look.layer_data(Frame.of(look.section))
    frame = Frame.of(look.section, viewer.layers)
    make_way(viewer, frame)
    return look.layer_data(frame)
