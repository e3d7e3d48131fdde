"""Samples: how those that are simulated are made, and those that are real come here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.downloads import size_steps
from napari_stentrans.plugin.jobs.loading import look_steps, read_steps
from napari_stentrans.progress import Progress
from napari_stentrans.samples import sample_steps as download_steps
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.plugin.layers.images import FirstLook
    from napari_stentrans.progress import Steps
    from napari_stentrans.samples import RealSample
    from napari_stentrans.section import Section

HERE = 0
"""Bytes to download of a sample that is here already."""


class Sample(NamedTuple):
    """A simulated sample: what it is called, and how it is made."""

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
    """Make a simulated sample and prepare its first map."""
    yield Progress("making the sample", 0, 1)
    return (yield from look_steps(SAMPLES[name].make()))


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
