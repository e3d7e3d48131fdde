"""What analyses of very many spots cost: seconds, and memory.

Counts are made here: a square lattice, smooth patterns, nine values of ten zero. One analysis in
each process, so that the peak of its memory is its own:

    python benchmarks/huge.py domains patterns --spots 500000 --genes 2000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import scipy.sparse as sp

from napari_stentrans import Section, StentransWarning
from napari_stentrans.analysis import (
    GeneSets,
    compare_regions,
    find_domains,
    find_patterns,
    find_spatial_genes,
    score_pathways,
)
from napari_stentrans.annotation import Annotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

PATTERNS, DRAWS = 6, 1 << 22
MEAN = 0.12
"""Counts of a gene in a spot, geometric mean: a tenth of the values are not zero."""


def smooth(units: NDArray, rng: np.random.Generator) -> NDArray:
    """Smooth field (spot,) around 0."""
    waves = rng.normal(0, 9, (2, 8))
    field = np.cos(units @ waves + rng.uniform(0, 2 * np.pi, 8)).sum(1)
    return (field - field.mean()) / field.std()


def make(n_spots: int, n_genes: int, folder: Path, seed: int = 0) -> None:
    """Write counts of so many spots, and a region that their patterns know nothing of."""
    rng, side = np.random.default_rng(seed), round(np.sqrt(n_spots))
    xy = np.stack(np.divmod(np.arange(side**2), side), 1).astype(float)
    depth, guides = rng.gamma(8, 1 / 8, side**2), []
    for _ in range(PATTERNS):  # a table in which each spot stands as often as it is drawn
        share = np.cumsum(depth * np.exp(0.8 * smooth(xy / side, rng)))
        at = (np.arange(DRAWS) + 0.5) / DRAWS * share[-1]
        guides.append(np.searchsorted(share, at).astype(np.int32))
    spots, counts, ends = [], [], [0]
    for mean in MEAN * np.exp(rng.normal(0, 0.7, n_genes)):
        guide = guides[rng.integers(PATTERNS)]
        drawn = np.bincount(guide[rng.integers(DRAWS, size=int(mean * side**2))])
        spots.append(np.flatnonzero(drawn).astype(np.int32))
        counts.append(drawn[spots[-1]].astype(np.float32))
        ends.append(ends[-1] + len(spots[-1]))
    shape = side**2, n_genes
    table = sp.csc_matrix((np.concatenate(counts), np.concatenate(spots), ends), shape)
    sp.save_npz(folder / "counts.npz", table, compressed=False)
    np.savez(folder / "spots.npz", xy=xy * 100, inside=smooth(xy / side, rng) > 0.5)


def read(folder: Path) -> tuple[Section, Annotation]:
    """Section and its two regions."""
    table, spots = sp.load_npz(folder / "counts.npz"), np.load(folder / "spots.npz")
    section = Section.from_anndata(ad.AnnData(table, obsm={"spatial": spots["xy"]}))
    return section, Annotation.of(np.where(spots["inside"], "one", "other").tolist())


def sets_of(section: Section) -> GeneSets:
    """Fifty sets of forty genes."""
    rng = np.random.default_rng(0)
    return GeneSets(
        "drawn at random",
        {f"set {i}": tuple(rng.choice(section.genes, 40, replace=False)) for i in range(50)},
    )


ANALYSES = {
    "spatial": lambda section, _: find_spatial_genes(section),
    "domains": lambda section, _: find_domains(section),
    "patterns": lambda section, _: find_patterns(section),
    "regions": lambda section, regions: compare_regions(section, regions, "one", "other"),
    "pathways": lambda section, _: score_pathways(section, sets_of(section)),
}


def gigabytes() -> float:
    """Most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def measured(name: str, folder: Path) -> None:
    """Print what one analysis costs."""
    warnings.simplefilter("ignore", StentransWarning)
    section, regions = read(folder)
    section.totals.sum()
    counts = section.counts
    size = (counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes) / 1024**3
    before, wall, cpu = gigabytes(), time.perf_counter(), time.process_time()
    ANALYSES[name](section, regions)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{section.n_spots:,} spots x {len(section.genes):,} genes, {counts.nnz:,} values "
        f"({size:.2f} GB), {name}: {wall:.0f} s, {cpu:.0f} s of CPU; "
        f"memory {before:.2f} GB before, {gigabytes():.2f} GB at most",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("analyses", nargs="*", default=list(ANALYSES), metavar="ANALYSIS")
    parser.add_argument("--spots", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=2000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for work in ("counts", *asked.analyses):
            if work == "counts":
                target, arguments = make, (asked.spots, asked.genes, Path(folder))
            else:
                target, arguments = measured, (work, Path(folder))
            process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
            process.start()
            process.join()


if __name__ == "__main__":
    main()
