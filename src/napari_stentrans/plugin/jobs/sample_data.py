"""Samples: how those that are simulated are made, and those that are real come here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.downloads import size_steps
from napari_stentrans.plugin.jobs.loading import look_steps, read_steps
from napari_stentrans.progress import Progress
from napari_stentrans.samples import sample_steps as download_steps
from napari_stentrans.simulate import simulate_section, simulate_serial

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.progress import Steps
    from napari_stentrans.samples import RealSample
    from napari_stentrans.section import Section
    from napari_stentrans.simulate.tissue import LatticeKind

HERE = 0
"""Bytes to download of a sample that is here already."""


class Sample(NamedTuple):
    """A simulated sample: what it is called, and how its sections are made, the first one first."""

    title: str
    make: Callable[[], tuple[Section, ...]]


def _alone(n_spots: int, n_genes: int, lattice: LatticeKind) -> tuple[Section, ...]:
    return (simulate_section(n_spots, n_genes, lattice=lattice),)


SAMPLES = {
    "hex": Sample("Simulated Visium section (hex lattice)", partial(_alone, 2000, 1500, "hex")),
    "square": Sample(
        "Simulated legacy ST section (square lattice)", partial(_alone, 900, 1000, "square")
    ),
    "serial": Sample("Two simulated serial sections", partial(simulate_serial, 1000, 1000)),
}


def sample_steps(name: str) -> Steps[list[FirstLook]]:
    """Make a simulated sample and prepare the first map of each section, that of the first last."""
    yield Progress("making the sample", 0, 1)
    looks: list[FirstLook] = []
    for section in reversed(SAMPLES[name].make()):
        looks.append((yield from look_steps(section)))
    return looks


def missing_steps(sample: RealSample) -> Steps[int | None]:
    """Bytes that must be downloaded first: HERE for none, None where nobody knows."""
    yield Progress("looking for the sample", 0, 1)
    if sample.is_here:
        return HERE
    return (yield from size_steps(sample.remotes))


def real_steps(sample: RealSample) -> Steps[FirstLook]:
    """Download a real sample where it is not here yet, read it and prepare its first map."""
    path = yield from download_steps(sample)
    return (yield from read_steps(path))
