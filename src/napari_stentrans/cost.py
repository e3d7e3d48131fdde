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
    epochs
        Passes over the genes (method published).
    """

    method: str
    spots: int
    sites: int
    genes: int
    values: int
    image: bool = False
    epochs: int = 10

    @classmethod
    def of(cls, section: Section, config: EnhanceConfig, lost: int = 0, sites: int = 0) -> Work:
        """Work of a run that fills so many lost spots and extra sites."""
        n = section.n_spots + sites
        epochs = config.published.epochs or (50 if section.lattice.kind == "square" else 10)
        image = config.image == "auto" and bool(section.images or config.features)
        return cls(
            method=config.method,
            spots=max(section.n_spots - lost, 1),
            sites=n * config.upscale**2,
            genes=len(section.genes) if config.genes is None else len(config.genes),
            values=section.counts.nnz,
            image=image and config.method == "transformer",
            epochs=epochs,
        )


class Cost(NamedTuple):
    """Seconds on this machine, and bytes at the peak beyond those of the section itself."""

    seconds: float
    bytes: float

    @property
    def gigabytes(self) -> float:
        """``bytes`` in 10^9, at least 0.1."""
        return max(self.bytes / 1e9, 0.1)


class _Rates(NamedTuple):
    """Seconds on the reference machine, and bytes, per unit of work."""

    start: float
    spot: float
    site: float
    value: float
    gene_site: float
    """Of one gene at one site; times the epochs for the published network."""
    megabytes: float
    bytes_of_site: float
    bytes_of_gene: float


RATES = {
    "transformer": _Rates(0.05, 2.0e-3, 4.0e-4, 4.5e-7, 0.0, 60, 10_000, 2_000),
    "kriging": _Rates(0.01, 1.4e-4, 2.7e-5, 1.5e-7, 0.0, 10, 6_000, 800),
    "published": _Rates(1.0, 1.4e-4, 2.7e-5, 1.5e-7, 3.0e-5, 150, 30_000, 1_000),
    "linear": _Rates(0.01, 5.0e-5, 1.0e-5, 1.5e-7, 2.0e-7, 10, 6_000, 100),
    "cubic": _Rates(0.02, 5.0e-5, 1.0e-5, 1.5e-7, 5.0e-7, 10, 6_000, 100),
    "nearest": _Rates(0.01, 4.0e-5, 1.0e-5, 1.5e-7, 2.0e-7, 10, 6_000, 100),
}
"""By method."""
IMAGE_START, IMAGE_SPOT, IMAGE_BYTES = 1.0, 5.0e-3, 150e6
"""More for looking at the tissue image."""
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
    rates = RATES[work.method]
    passes = work.epochs if work.method == "published" else 1
    seconds = (
        rates.start
        + rates.spot * work.spots
        + rates.site * work.sites
        + rates.value * work.values
        + rates.gene_site * work.genes * work.sites * passes
    )
    size = (
        rates.megabytes * MEGABYTE
        + rates.bytes_of_site * work.sites
        + rates.bytes_of_gene * work.genes
        + BYTES_OF_VALUE * work.values
    )
    if work.image:
        seconds += IMAGE_START + IMAGE_SPOT * work.spots
        size += IMAGE_BYTES
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
