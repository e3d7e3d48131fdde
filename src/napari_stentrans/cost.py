"""Cost: about how long a run takes, and how much memory, before it is begun.

The constants are fitted to runs of simulated sections (150 to 5,000 spots, 40 to 20,000 genes) on
one core that multiplies matrices of float32 at 95 GFLOP/s; other machines are compared with that
one by a matrix product. The estimate is for the CPU, and rough: within a factor of two or so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_stentrans.device import one_blas_thread
from napari_stentrans.method_table import METHODS

if TYPE_CHECKING:
    from napari_stentrans.config import EnhanceConfig
    from napari_stentrans.section import Section

REFERENCE = 95.0
"""GFLOP/s of the machine that the constants were fitted on."""
CALIBRATION, SIDE = 0.05, 384
"""Seconds that the matrix product is repeated for, and its size."""
SLOWEST, FASTEST = 0.05, 4.0
"""Speeds that are believed: a machine is rarely as much faster as its matrix product is."""
MEGABYTE = 1e6


@dataclass(frozen=True)
class Work:
    """What decides about the cost of a run.

    Attributes
    ----------
    method
        Name of the method.
    spots, sites
        Measured spots, and all sites that values are predicted at.
    genes
        Genes of the run.
    values
        Counts in the section that are not zero.
    image
        Whether a tissue image is looked at.
    passes
        How often the method goes over the genes.
    neighbours
        How many neighbouring sections are asked, whose place is known.
    """

    method: str
    spots: int
    sites: int
    genes: int
    values: int
    image: bool = False
    passes: int = 1
    neighbours: int = 0

    @classmethod
    def of(
        cls,
        section: Section,
        config: EnhanceConfig,
        lost: int = 0,
        sites: int = 0,
        neighbours: int = 0,
    ) -> Work:
        """Work of a run that fills so many lost spots and extra sites, with so many neighbours."""
        n = section.n_spots + sites
        method = METHODS[config.method]
        image = config.image == "auto" and bool(section.images or config.features)
        return cls(
            method=config.method,
            spots=max(section.n_spots - lost, 1),
            sites=n * config.upscale**2,
            genes=len(section.genes) if config.genes is None else len(config.genes),
            values=section.counts.nnz,
            image=image and method.evidence,
            passes=method.passes(config, section.lattice.kind),
            neighbours=neighbours if method.evidence else 0,
        )


class Cost(NamedTuple):
    """Seconds on this machine, and bytes at the peak beyond those of the section itself."""

    seconds: float
    bytes: float

    @property
    def gigabytes(self) -> float:
        """``bytes`` in 10^9, at least 0.1."""
        return max(self.bytes / 1e9, 0.1)


NEIGHBOUR = (0.25, 0.00016, 0.00015)
"""Seconds for each neighbour: at least, by spots and by sites."""
BYTES_OF_VALUE = 24.0
"""Copies of the counts: log-normalised, by spots and by genes."""


def estimate(work: Work, speed: float | None = None) -> Cost:
    """Estimate what a run costs.

    Linear in every size; it grows, or stays, when any of them grows.

    Parameters
    ----------
    work
        The run.
    speed
        Of this machine, 1 for the reference; as calibrated where not given.
    """
    method = METHODS[work.method]
    rates = method.rates
    seconds = (
        rates.start
        + rates.spot * work.spots
        + rates.site * work.sites
        + rates.value * work.values
        + rates.gene_site * work.genes * work.sites * work.passes
    )
    size = (
        rates.megabytes * MEGABYTE
        + rates.bytes_of_site * work.sites
        + rates.bytes_of_gene * work.genes
        + BYTES_OF_VALUE * work.values
    )
    if work.image:
        start, spot, more = method.evidence_rates
        seconds += start + spot * work.spots
        size += more
    start, spot, site = NEIGHBOUR
    seconds += work.neighbours * (start + spot * work.spots + site * work.sites)
    return Cost(seconds / (speed or machine_speed()), size)


_speed: list[float] = []


def machine_speed() -> float:
    """Speed of this machine relative to the reference; 1 until it was calibrated."""
    return _speed[0] if _speed else 1.0


def calibrate() -> float:
    """Measure the speed of this machine, once: 50 ms of matrix products.

    The fastest of the products counts, or the mean processor time of all where that is less, so
    that other threads and programs at work matter little.
    """
    if not _speed:
        matrix = np.ones((SIDE, SIDE), np.float32)
        fastest, n = float("inf"), 0
        with one_blas_thread():
            matrix @ matrix  # the first one is slow
            end, used = time.perf_counter() + CALIBRATION, time.thread_time()
            while not n or time.perf_counter() < end:
                began = time.perf_counter()
                matrix @ matrix
                fastest, n = min(fastest, time.perf_counter() - began), n + 1
        used = time.thread_time() - used  # 0 where the clock is too coarse
        fastest = min(fastest, used / n) if used else fastest
        gigaflops = 2 * SIDE**3 / fastest / 1e9
        _speed.append(float(np.clip(gigaflops / REFERENCE, SLOWEST, FASTEST)))
    return _speed[0]
