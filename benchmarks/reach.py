"""How far values can be trusted: error at the same spots, in holes that grow around them.

    python benchmarks/reach.py --data DIR      # real sections and a simulated one
    python benchmarks/reach.py                 # the simulated one alone

Skill is 1 - mean squared error / that of the mean of the seen spots, over the 150 most spatial
genes; what is compared with is the truth in the simulated section, else what was measured. The
constant ``TRUSTED_REACH`` in ``targets.py`` rests on it.
"""

from __future__ import annotations

import argparse
import warnings
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_stentrans import EnhanceConfig, StentransWarning, enhance, read_section
from napari_stentrans.evaluation.protocols import hide
from napari_stentrans.factors import lognorm
from napari_stentrans.simulate import simulate_section, true_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.section import Section

SECTIONS = ("mouse_olfactory_bulb/MOB1.tsv.gz", "visium_mini")
RADII = (0.9, 1.5, 2.2, 3.2, 4.2, 5.2, 6.2)
"""Of the holes, in spacings."""
GENES, SEEDS = 150, 3


def spatial_genes(section: Section) -> NDArray[np.intp]:
    """Columns of the genes with the highest Moran's I among those seen in most spots."""
    values = lognorm(section.counts, section.totals, section.median_total).tocsc()
    seen = np.argsort(np.asarray((section.counts > 0).sum(0)).ravel())[::-1][:1500]
    dense = values[:, seen].toarray()
    dense -= dense.mean(0)
    first, second = section.lattice.neighbours(section.xy).T
    moran = (dense[first] * dense[second]).mean(0) / np.maximum(dense.var(0), 1e-12)
    return seen[np.argsort(moran)[::-1][:GENES]]


def centres(section: Section, rng: np.random.Generator) -> NDArray[np.intp]:
    """Spots well inside the section, far enough apart that no two holes meet."""
    units = section.xy / section.lattice.spacing
    around = cKDTree(units).query_ball_point(units, RADII[-1], return_length=True)
    chosen: list[int] = []
    for spot in rng.permutation(np.flatnonzero(around >= 0.85 * around.max())):
        if all(np.linalg.norm(units[spot] - units[c]) > 2 * RADII[-1] + 1 for c in chosen):
            chosen.append(int(spot))
    return np.array(chosen[:5])


def errors(section: Section, method: str) -> dict[int, list[tuple[NDArray, NDArray]]]:
    """Squared errors (gene,) of the method and of the mean, by distance to the nearest spot."""
    units, found = section.xy / section.lattice.spacing, defaultdict(list)
    genes = spatial_genes(section)
    names = list(section.genes[genes])
    usable = section.totals > 0
    for seed in range(SEEDS):
        holes = units[centres(section, np.random.default_rng(seed))]
        distance = cKDTree(holes).query(units)[0]
        for radius in RADII:
            hidden = distance < radius
            trial = hide(section, hidden)
            at = np.flatnonzero(distance[hidden & usable] < min(radius, 1.1))
            config = EnhanceConfig(method=method, denoise=False)
            result = enhance(trial.section, None, config, trial.sites)
            guess = np.asarray(result.to_anndata(names).X)[trial.rows][at]
            truth = trial.measured[:, genes].toarray()[at]
            if "simulation" in section.adata.uns:
                truth = true_expression(section, names)[hidden & usable][at]
            seen = lognorm(
                trial.section.counts[:, genes], trial.section.totals, trial.section.median_total
            )
            mean = np.asarray(seen.mean(0)).ravel()
            away = cKDTree(units[~hidden & usable]).query(units[hidden & usable][at])[0]
            for far, guessed, true in zip(np.rint(away).astype(int), guess, truth, strict=True):
                found[far].append(((guessed - true) ** 2, (mean - true) ** 2))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the real sections")
    parser.add_argument("--method", nargs="+", default=["kriging", "transformer"])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    sections = [simulate_section(2000, 1000, artefacts=False, image=False, seed=5)]
    if arguments.data is not None:
        sections += [read_section(arguments.data / name) for name in SECTIONS]
    for section in sections:
        for method in arguments.method:
            print(f"{section.name}, {method}: distance, spots, skill of all genes, of the median")
            for distance, rows in sorted(errors(section, method).items()):
                mine, means = np.array(rows).mean(0)
                each = np.median(1 - mine / np.maximum(means, 1e-12))
                pooled = 1 - mine.sum() / means.sum()
                print(f"  {distance}  {len(rows):4d}  {pooled:.2f}  {each:.2f}", flush=True)


if __name__ == "__main__":
    main()
