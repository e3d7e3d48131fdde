"""What a run costs, step by step, and what the faster ways are worth.

    python benchmarks/speed.py                      # all
    python benchmarks/speed.py kriging published    # some
    python benchmarks/speed.py transformer kriging --spots 5000 --genes 20000
    python benchmarks/speed.py open --spots 5000 --genes 35000
    python benchmarks/speed.py linear               # seconds from 2,000 to 50,000 spots

Every ratio is measured in one run, interleaved; seconds are for this machine only.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from typing import TYPE_CHECKING

import numpy as np
import opening
import published_epoch
import torch

from napari_stentrans import EnhanceConfig, Section, enhance, enhance_steps, simulate_section
from napari_stentrans.methods import kriging as kriging_module
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.progress import drain

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans import Enhancement


EVERYTHING = ["open", "transformer", "kriging", "linear", "patterns", "published"]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def row(what: str, seconds: float, note: str = "") -> None:
    print(f"  {what:<44}{seconds:>10.3f} s  {note}")


def stages(section: Section, lost: np.ndarray, config: EnhanceConfig) -> Enhancement:
    """Run the pipeline and print the seconds of each stage, then those of showing it."""
    start = previous = time.perf_counter()
    stage, steps = "", enhance_steps(section, lost, config)
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            row(stage, time.perf_counter() - previous)
            result: Enhancement = stop.value
            break
        if step.stage != stage:
            now = time.perf_counter()
            row(stage or "checks", now - previous)
            stage, previous = step.stage, now
    row("in all, Run to result", time.perf_counter() - start, f"{len(result.sites):,} sites")
    row("raster of the sites", timed(lambda: result.raster)[0])
    genes = np.random.default_rng(0).choice(section.genes, 50)
    seconds, _ = timed(lambda: [result.raster.draw(result.gene(g).mean) for g in genes])
    row("a gene, decoded and drawn", seconds / 50)
    return result


def whole_run(method: str, spots: int, genes: int) -> None:
    seconds, section = timed(lambda: simulate_section(spots, genes, seed=0, image=False))
    assert isinstance(section, Section)
    print(f"{method}, {spots:,} hex spots x {genes:,} genes (simulated in {seconds:.1f} s)")
    lost = np.linalg.norm(section.xy - np.median(section.xy, axis=0), axis=1)
    stages(section, lost < 4 * section.lattice.spacing, EnhanceConfig(method=method, upscale=2))
    section.gene_lognorm("Gene8")  # library sizes are summed once
    row("a measured gene", timed(lambda: section.raster.draw(section.gene_lognorm("Gene9")))[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sparse = sum(a.nbytes for a in (section.counts.data, section.counts.indices)) / 2**20
    print(f"  peak memory {peak:,.0f} MiB; the sparse counts are {sparse:,.0f} MiB")


def linear(most: int) -> None:
    """Seconds of the transformer per thousand spots, filling a tenth of a section of 300 genes."""
    print("transformer, CPU seconds by spots")
    for spots in (n for n in (2000, 5000, 10_000, 20_000, 50_000) if n <= most):
        section = simulate_section(spots, 300, seed=0, artefacts=False, image=False)
        start = time.process_time()
        enhance(section, np.arange(spots) % 10 == 0)
        seconds = time.process_time() - start
        row(f"{spots:,} spots", seconds, f"{1000 * seconds / spots:.2f} s per 1,000")


def patterns(spots: int) -> None:
    """Local kriging with systems solved once per pattern of neighbours, against once per site."""
    section = simulate_section(spots, 50, seed=0, image=False)
    values = np.random.default_rng(0).normal(size=(spots, 8)).astype(np.float32)
    sites = section.lattice.between(section.xy)
    exact_below, kriging_module.EXACT_BELOW = kriging_module.EXACT_BELOW, 0
    seconds = {}
    for kind in ("square", "irregular"):  # an irregular lattice shares no patterns
        lattice = section.lattice
        if kind == "irregular":
            basis = lattice.spacing * np.array([(0.0, 1.0), (1.0, 0.0)])
            lattice = type(lattice)("irregular", lattice.origin, basis)
        method = Kriging(EnhanceConfig(), lattice)
        drain(method.fit(section.xy, values))
        seconds[kind], _ = timed(lambda m=method: drain(m.predict(sites, slice(None))))
    kriging_module.EXACT_BELOW = exact_below
    print(f"local kriging, {len(sites):,} sites from {spots:,} spots")
    row("each site alone", seconds["irregular"])
    row("once per pattern", seconds["square"], f"{seconds['irregular'] / seconds['square']:.1f} x")


def opened(spots: int, genes: int) -> None:
    print(f"a Space Ranger folder, {spots:,} spots x {genes:,} genes, to the first map")
    for name, value in opening.measure_apart(spots, genes).items():
        print(f"  {name:<44}{value:>10.3f}")


def published() -> None:
    print("published, one training epoch")
    for name, value in published_epoch.measure().items():
        print(f"  {name:<44}{value:>10.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=EVERYTHING)
    parser.add_argument("--spots", type=int, default=2695)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--most", type=int, default=50_000, help="spots, for linear")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for method in ("transformer", "kriging"):
        if method in arguments.what:
            whole_run(method, arguments.spots, arguments.genes)
    if "open" in arguments.what:
        opened(arguments.spots, arguments.genes)
    if "linear" in arguments.what:
        linear(arguments.most)
    if "patterns" in arguments.what:
        patterns(3 * arguments.spots)
    if "published" in arguments.what:
        published()


if __name__ == "__main__":
    main()
