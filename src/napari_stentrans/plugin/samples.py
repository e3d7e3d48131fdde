"""Sample data: simulated sections, made on the spot, so that they need no network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.plugin.images import FirstLook
from napari_stentrans.plugin.loading import layers_of, look_steps
from napari_stentrans.progress import Progress
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.images import LayerData
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section


class Sample(NamedTuple):
    """A sample: what it is called, and how it is made."""

    title: str
    make: Callable[[], Section]


SAMPLES = {
    "hex": Sample(
        "Simulated Visium section (hex lattice)",
        partial(simulate_section, 2000, 1500, lattice="hex"),
    ),
    "square": Sample(
        "Simulated legacy ST section (square lattice)",
        partial(simulate_section, 900, 1000, lattice="square"),
    ),
}


def sample_steps(name: str) -> Steps[FirstLook]:
    """Make a sample and prepare its first map."""
    yield Progress("making the sample", 0, 1)
    return (yield from look_steps(SAMPLES[name].make()))


def hex_section() -> list[LayerData]:
    """Layers of a simulated section on the hex lattice of 10x Visium."""
    return layers_of(FirstLook.of(SAMPLES["hex"].make()))


def square_section() -> list[LayerData]:
    """Layers of a simulated section on the square lattice of legacy Spatial Transcriptomics."""
    return layers_of(FirstLook.of(SAMPLES["square"].make()))
