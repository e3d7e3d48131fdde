"""Spatially variable genes: does the null hold, what is found at the same true FDR, how fast.

python benchmarks/spatial_genes.py --data DIR            # null on real sections, permuted
python benchmarks/spatial_genes.py --power --speed       # simulated sections
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import scipy.sparse as sp
from scipy.stats import beta, norm

from napari_stentrans import (
    EnhanceConfig,
    Section,
    StentransWarning,
    read_section,
    simulate_section,
)
from napari_stentrans.analysis.hidden_spots import find_spatial_genes_after
from napari_stentrans.analysis.multiple import false_discovery_rates
from napari_stentrans.analysis.spatial_genes import find_spatial_genes

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = {
    "A1": "legacy_st/A1.tsv.gz",
    "C1": "legacy_st/C1.tsv.gz",
    "visium_dg": "visium_dg/visium_DG_expr.txt.gz",
    "MOB1": "mouse_olfactory_bulb/MOB1.tsv.gz",
}
LEVELS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
LEVEL = 0.05
SIMULATED = (("hex", 1000, 2000, 0), ("square", 400, 3000, 1), ("hex", 2000, 2000, 2))
FLAT = 0.5
"""Share of simulated genes whose pattern is taken away."""
SHAPE = 8.0


def permuted(section: Section, rng: np.random.Generator) -> Section:
    """The section with its spots dealt to their places at random, each with all its counts."""
    order = rng.permutation(section.n_spots)
    return _section(section.counts[order], section)


def flat(section: Section, rng: np.random.Generator, which: np.ndarray | None = None) -> Section:
    """The section with genes (some or all) of constant share, at the depth of each spot."""
    totals, counts = section.totals, section.counts.toarray()
    every = np.ones(counts.shape[1], bool) if which is None else which
    expected = np.outer(totals, counts[:, every].sum(0) / totals.sum())
    counts[:, every] = rng.poisson(expected * rng.gamma(SHAPE, 1 / SHAPE, expected.shape))
    return _section(counts, section)


def _section(counts: np.ndarray | sp.spmatrix, like: Section) -> Section:
    adata = ad.AnnData(sp.csc_matrix(counts), obsm={"spatial": like.xy})
    adata.obs_names, adata.var_names = like.adata.obs_names, like.genes
    return Section.from_anndata(adata)


def null(section: Section, name: str, runs: int, after: int, config: EnhanceConfig) -> None:
    """Print how often anything is called where nothing varies in space."""
    for how, make in (("spots permuted", permuted), ("depth only", flat)):
        for label, n in (("before", runs), ("after", after)):
            p, calls, start = [], [], time.perf_counter()
            for run in range(n):
                made = make(section, np.random.default_rng(run))
                found = (
                    find_spatial_genes(made)
                    if label == "before"
                    else find_spatial_genes_after(made, config=config, seed=run)
                )
                p.append(found.table["pvalue"].to_numpy())
                calls.append(len(found.called(LEVEL)))
            if not calls:
                continue
            any_call, every = int(np.count_nonzero(calls)), np.concatenate(p)
            low = beta.ppf(0.025, any_call, n - any_call + 1) if any_call else 0.0
            high = beta.ppf(0.975, any_call + 1, n - any_call) if any_call < n else 1.0
            ratios = ", ".join(f"{(every < a).mean() / a:.2f}" for a in LEVELS)
            seconds = (time.perf_counter() - start) / n
            print(
                f"{name:10s} {how:15s} {label:7s} {any_call}/{n} runs call any gene "
                f"({low:.0%} to {high:.0%}), {sum(calls)} of {len(every):,}; "
                f"p below {LEVELS}: times {ratios}; {seconds:.1f} s each",
                flush=True,
            )


def cases() -> Iterator[tuple[str, Section, np.ndarray]]:
    """Make sections of which half of the patterns is taken away: words, section, (gene,) null."""
    for lattice, n_spots, n_genes, seed in SIMULATED:
        made = simulate_section(
            n_spots, n_genes, lattice=lattice, seed=seed, depth=4000, artefacts=False, image=False
        )
        rng = np.random.default_rng(seed)
        without = (rng.random(n_genes) < FLAT) | (made.adata.var["truth_pattern"] == "none")
        is_null = np.asarray(without)
        yield f"{lattice} {n_spots} x {n_genes}", flat(made, rng, is_null), is_null


def normal_p(morans_i: np.ndarray, n_spots: int) -> np.ndarray:
    """P-values of Moran's I by its normal approximation."""
    sd = np.sqrt(1 / (3 * n_spots))  # of I over six neighbours each, of which most are mutual
    return norm.sf((morans_i + 1 / (n_spots - 1)) / sd)


def power(config: EnhanceConfig) -> None:
    """Print how many true genes are found at the same true FDR."""
    for words, section, without in cases():
        start = time.perf_counter()
        table = find_spatial_genes_after(section, config=config).table
        seconds = time.perf_counter() - start
        is_null = without[section.genes.get_indexer(table.index)]
        print(f"{words}: {(~is_null).sum()} vary, {seconds:.0f} s")
        for label, p in (
            ("Moran's I, normal", normal_p(table["morans_i"].to_numpy(), section.n_spots)),
            ("before", table["pvalue_before"].to_numpy()),
            ("hidden spots only", table["pvalue_hidden"].to_numpy()),
            ("after", table["pvalue"].to_numpy()),
        ):
            print(f"  {label:18s} {in_words(p, is_null)}", flush=True)


def in_words(p: np.ndarray, is_null: np.ndarray) -> str:
    """How many true genes are found at a true FDR of 5%, and how many are false by its own."""
    order = np.argsort(p, kind="stable")
    false = np.cumsum(is_null[order])
    wrong = false / np.arange(1, len(p) + 1)
    good = np.flatnonzero(wrong <= LEVEL)
    most = int(good.max()) + 1 if len(good) else 0
    called = false_discovery_rates(p) <= LEVEL
    own = is_null[called].mean() if called.any() else 0.0
    return (
        f"{most - (false[most - 1] if most else 0):4d} true at a true FDR of 5%; by "
        f"its own FDR of 5%: {called.sum()} called, {own:.1%} of them false"
    )


def speed() -> None:
    """Print how long 5,000 spots x 20,000 genes take."""
    section = simulate_section(5000, 20_000, seed=0, image=False)
    start, cpu = time.perf_counter(), time.process_time()
    found = find_spatial_genes(section)
    print(found.in_words())
    print(f"{time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} s of a CPU")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real sections")
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS))
    parser.add_argument("--runs", type=int, default=20, help="permutations, before")
    parser.add_argument("--after", type=int, default=5, help="permutations, after")
    parser.add_argument("--method", default="transformer")
    parser.add_argument("--power", action="store_true")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    config = EnhanceConfig(method=arguments.method)
    if arguments.data is not None:
        for name in arguments.sections:
            section = read_section(arguments.data / SECTIONS[name])
            kept = ad.AnnData(section.counts, obsm={"spatial": section.xy})
            kept.var_names = section.genes
            null(Section.from_anndata(kept), name, arguments.runs, arguments.after, config)
    if arguments.power:
        power(config)
    if arguments.speed:
        speed()


if __name__ == "__main__":
    main()
