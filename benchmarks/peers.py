"""Other programs beside this one: genes that vary in space, and domains of the tissue.

    scripts/test-peers                   # its own environment; simulated sections
    scripts/test-peers --data DIR        # domains of labelled sections, and alignment, as well
    python benchmarks/peers.py --only spatial --peers squidpy

Each program is given what its documentation asks for: squidpy and SpatialDE values that are
normalised as they say, Hotspot and scBSP counts. DIR is as for ``domains.py``.
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import domains
import numpy as np
import pandas as pd
import peers_alignment
import scipy.sparse as sp
import spatial_genes

from napari_stentrans import Section, enhance, simulate_section
from napari_stentrans.analysis.agreement import adjusted_rand
from napari_stentrans.analysis.domains import find_domains
from napari_stentrans.analysis.hidden_spots import find_spatial_genes_after
from napari_stentrans.analysis.multiple import false_discovery_rates
from napari_stentrans.analysis.spatial_genes import find_spatial_genes

if TYPE_CHECKING:
    from collections.abc import Callable

    Test = Callable[[Section], pd.Series]

NULLS = 5
LEAST_SPOTS = 10
"""Spots in which a gene is seen, for its test to count; the same for all."""


def counts_of(section: Section) -> ad.AnnData:
    """Counts, positions and depth, as programs of scverse take them."""
    adata = ad.AnnData(sp.csr_matrix(section.counts, dtype=np.float32))
    adata.var_names, adata.obsm["spatial"] = section.genes, section.xy
    adata.layers["counts"] = adata.X.copy()
    adata.obs["total_counts"] = section.totals
    return adata[:, np.diff(section.counts.indptr) >= LEAST_SPOTS].copy()


def logged(section: Section) -> ad.AnnData:
    import scanpy as sc

    adata = counts_of(section)
    sc.pp.normalize_total(adata)
    sc.pp.log1p(adata)
    return adata


def ours(section: Section) -> pd.Series:
    return find_spatial_genes(section).table["pvalue"]


def ours_after(section: Section) -> pd.Series:
    return find_spatial_genes_after(section).table["pvalue"]


def squidpy(section: Section) -> pd.Series:
    """Moran's I of log-normalised values, p-values by the normal approximation."""
    import squidpy as sq

    adata = logged(section)
    sq.gr.spatial_neighbors(adata, coord_type="generic", n_neighs=6)
    sq.gr.spatial_autocorr(adata, mode="moran", n_perms=None, n_jobs=1)
    return adata.uns["moranI"]["pval_norm"]


def hotspot(section: Section) -> pd.Series:
    """Of counts, its model for UMIs, and 30 neighbours as in its tutorial."""
    import hotspot as package

    found = package.Hotspot(
        counts_of(section),
        layer_key="counts",
        model="danb",
        latent_obsm_key="spatial",
        umi_counts_obs_key="total_counts",
    )
    found.create_knn_graph(weighted_graph=False, n_neighbors=30)
    return found.compute_autocorrelations(jobs=1)["Pval"]


def spatialde(section: Section) -> pd.Series:
    """Of stabilised counts without what depth explains, as in its README."""
    import SpatialDE

    adata = counts_of(section)
    dense = pd.DataFrame(adata.X.toarray(), adata.obs_names, adata.var_names)
    values = SpatialDE.stabilize(dense.T).T
    rest = SpatialDE.regress_out(adata.obs, values.T, "np.log(total_counts)").T
    return SpatialDE.run(section.xy, rest).set_index("g")["pval"]


def scbsp(section: Section) -> pd.Series:
    """Of counts, with its defaults."""
    import scbsp as package

    adata = counts_of(section)
    found = package.granp(section.xy, sp.csr_matrix(adata.X))  # genes as numbers, in their order
    return pd.Series(found.iloc[:, 1].to_numpy(float), adata.var_names)


TESTS: dict[str, Test] = {
    "ours, before": ours,
    "ours, after": ours_after,
    "squidpy": squidpy,
    "hotspot": hotspot,
    "SpatialDE": spatialde,
    "scBSP": scbsp,
}


def timed(test: Test, section: Section) -> tuple[np.ndarray, float]:
    """P-values (gene,) of the genes that all may test, NaN where there is none; seconds."""
    start = time.perf_counter()
    p = test(section)
    seconds = time.perf_counter() - start
    seen = section.genes[np.diff(section.counts.indptr) >= LEAST_SPOTS]
    return p.reindex(seen).to_numpy(float), seconds


def power(tests: dict[str, Test]) -> None:
    """Print how many true genes are found at the same true FDR, and in what time."""
    for words, section, without in spatial_genes.cases():
        is_null = without[np.diff(section.counts.indptr) >= LEAST_SPOTS]
        print(f"{words}: {(~is_null).sum()} of {len(is_null)} genes vary")
        for name, test in tests.items():
            p, seconds = timed(test, section)
            found = spatial_genes.in_words(np.where(np.isnan(p), 1.0, p), is_null)
            print(f"  {name:14s} {found}; {seconds:.1f} s", flush=True)


def null(tests: dict[str, Test], runs: int) -> None:
    """Print what is called where no gene varies in space, but the depth of spots does."""
    made = simulate_section(600, 1000, seed=5, depth=4000, artefacts=False, image=False)
    for name, test in tests.items():
        called, low = [], []
        for run in range(runs):
            p, _ = timed(test, spatial_genes.flat(made, np.random.default_rng(run)))
            p = p[np.isfinite(p)]
            called.append(int((false_discovery_rates(p) <= spatial_genes.LEVEL).sum()))
            low.append((p < spatial_genes.LEVEL).mean())
        print(
            f"  {name:14s} {np.mean(low):.1%} of genes with p below 0.05; "
            f"{np.count_nonzero(called)} of {runs} runs call any, {sum(called)} genes",
            flush=True,
        )


# ---- domains


def leiden(section: Section, n: int) -> np.ndarray:
    """Scanpy's usual way; the resolution is the first that gives n clusters, else the nearest."""
    import scanpy as sc

    adata = logged(section)
    sc.pp.highly_variable_genes(adata, n_top_genes=min(2000, adata.n_vars))
    sc.pp.pca(adata, n_comps=30)
    sc.pp.neighbors(adata)
    return _leiden_of(adata, n)


def _leiden_of(adata: ad.AnnData, n: int) -> np.ndarray:
    import scanpy as sc

    low, high, best = 0.01, 4.0, None
    for _ in range(20):
        middle = (low * high) ** 0.5
        sc.tl.leiden(adata, middle, flavor="igraph", n_iterations=2, directed=False, random_state=0)
        codes = adata.obs["leiden"].to_numpy(str)
        found = len(set(codes))
        if best is None or abs(found - n) < abs(len(set(best)) - n):
            best = codes
        if found == n:
            break
        low, high = (middle, high) if found < n else (low, middle)
    return best


def graphst(section: Section, n: int, epochs: int) -> np.ndarray:
    """Its embedding, 20 components of it, and k-means, the best of 20 starts.

    Its own default is mclust, which is a program in R.
    """
    import torch
    from GraphST import GraphST
    from scipy.linalg import svd

    adata = counts_of(section)
    trained = GraphST.GraphST(adata, device=torch.device("cpu"), epochs=epochs).train()
    latent = trained.obsm["emb"] - trained.obsm["emb"].mean(0)
    u, s, _ = svd(latent, full_matrices=False)
    return domains.k_means(u[:, :20] * s[:20], n)


def labelled_domains(folder: Path) -> None:
    """Print the adjusted Rand index with a pathologist's labels."""
    finders: dict[str, Callable[[Section, int], np.ndarray]] = {
        "ours, section": lambda section, n: find_domains(section, n).labels,
        "ours, result": lambda section, n: find_domains(enhance(section), n).labels,
        "Leiden": leiden,
        "GraphST, 50 epochs": partial(graphst, epochs=50),
        "GraphST, 600 epochs": partial(graphst, epochs=600),
    }
    table: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*_labeled_coordinates.tsv")):
        section, labels = domains.labelled(folder, path.name.split("_")[0])
        known = ~np.isin(labels, ("undetermined", "nan"))
        n = len(set(labels[known]))
        for name, find in finders.items():
            start = time.perf_counter()
            codes = np.asarray(find(section, n))
            row = table.setdefault(name, {"seconds": 0.0})
            row[path.name.split("_")[0]] = adjusted_rand(labels[known], codes[known])
            row["seconds"] += time.perf_counter() - start
    found = pd.DataFrame(table).T
    found["mean"] = found.drop(columns="seconds").mean(axis=1)
    print(found.round(3).to_string())


def versions() -> str:
    """Of the programs that are compared."""
    found = []
    for name in ("squidpy", "hotspotsc", "spatialde-modern", "scbsp", "scanpy", "GraphST"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of labelled sections, for domains")
    parser.add_argument("--only", choices=("spatial", "null", "domains", "alignment"))
    parser.add_argument("--peers", nargs="+", choices=list(TESTS), default=list(TESTS))
    parser.add_argument("--runs", type=int, default=NULLS, help="sections without any pattern")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print(versions())
    tests = {name: TESTS[name] for name in asked.peers}
    if asked.only in (None, "spatial"):
        power(tests)
    if asked.only in (None, "null"):
        null(tests, asked.runs)
    if asked.data is not None and asked.only in (None, "domains"):
        labelled_domains(asked.data)
    if asked.data is not None and asked.only in (None, "alignment"):
        peers_alignment.compare(asked.data)


if __name__ == "__main__":
    main()
