"""Comparison of regions: false positives, coverage of intervals, and times.

Sections are made here, so that the truth is known: each gene is its mean, a random field (none, or
one that is alike over 1.5 to 20 spacings, weak or strong) and, where asked for, a known difference
between the two regions; counts scatter as negative binomials do. The regions, drawn without regard
to the genes, are a half, a disc, scattered islands, and a dozen spots.
With ``--after`` sections of ``simulate_section`` are run, and the intervals of what stands beside
the test are compared with the true expression. With ``--data`` regions are drawn at random on real
sections: a gene that then seems to differ is one by chance.

.venv/bin/python benchmarks/regions.py --seeds 24
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from napari_stentrans import EnhanceConfig, Section, StentransWarning, enhance, read_section
from napari_stentrans.analysis.comparison import compare_regions
from napari_stentrans.annotation import Annotation
from napari_stentrans.simulate import simulate_section, true_expression

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE, GENES = 36, 500
LENGTHS = (0.0, 1.5, 4.0, 10.0, 20.0)
"""Over which fields are alike, in spacings; 0 for none."""
STRENGTHS = (0.25, 0.7)
"""Standard deviations of the logarithm."""
EFFECTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
"""Log2 fold changes."""
SHAPES = ("half", "disc", "islands", "a dozen spots")
DEPTH = 5000.0


def roots(distance: NDArray, kind: str) -> dict[float, NDArray]:
    """Square roots of the covariances of fields, by length."""
    found = {}
    for length in LENGTHS[1:]:
        scaled = distance / length
        covariance = np.exp(-scaled) if kind == "rough" else np.exp(-(scaled**2) / 2)
        found[length] = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(covariance)))
    return found


def drawn(rng: np.random.Generator, xy: NDArray, shape: str) -> NDArray[np.bool_]:
    """Spots of a random region."""
    units = (xy - xy.min(0)) / np.ptp(xy, axis=0).max()
    spacing = 1 / np.sqrt(len(xy))
    centre = units[rng.integers(len(xy))]
    if shape == "half":
        angle = rng.uniform(0, 2 * np.pi)
        along = units @ [np.cos(angle), np.sin(angle)]
        return along > np.quantile(along, rng.uniform(0.3, 0.7))
    if shape == "disc":
        return np.linalg.norm(units - centre, axis=1) < rng.uniform(0.12, 0.25)
    if shape == "islands":
        waves = rng.normal(0, 9, (2, 12))
        field = np.cos(units @ waves + rng.uniform(0, 2 * np.pi, 12)).sum(1)
        return field > np.quantile(field, rng.uniform(0.5, 0.85))
    return np.linalg.norm(units - centre, axis=1) < 2.05 * spacing


def section_of(counts: NDArray, xy: NDArray) -> Section:
    """Section with its other genes put into one, so that library sizes are as meant."""
    table = sp.csc_matrix(counts.astype(np.float32))
    return Section.from_anndata(ad.AnnData(table, obsm={"spatial": xy * 100.0}))


def made(
    rng: np.random.Generator, kind: str, shape: str, effects: bool
) -> tuple[Section, Annotation, pd.DataFrame]:
    """Make a section, its region, and what is true of each gene."""
    xy = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2).astype(float)
    inside = drawn(rng, xy, shape)
    true = pd.DataFrame(
        {
            "length": rng.choice(LENGTHS, GENES),
            "strength": rng.choice(STRENGTHS, GENES),
            "effect": rng.choice(EFFECTS, GENES) if effects else 0.0,
        }
    )
    log = rng.normal(-0.5, 1.2, GENES) + np.outer(inside, true["effect"] * np.log(2))
    for length, root in roots(cdist(xy, xy), kind).items():
        genes = np.flatnonzero(true["length"] == length)
        strength = true["strength"].to_numpy()[genes]
        field = root @ rng.normal(size=(len(xy), len(genes)))
        log[:, genes] += strength * field - strength**2 / 2
    library = np.exp(rng.normal(0, 0.4, len(xy)) + 0.3 * np.sin(xy[:, 0] / 7))
    expected = library[:, None] * np.exp(log)
    counts = rng.poisson(expected * rng.gamma(6, 1 / 6, expected.shape))
    others = np.maximum(np.rint(DEPTH * library) - counts.sum(1), 0)
    section = section_of(np.column_stack([counts, others]), xy)
    return section, Annotation.of(np.where(inside, "one", "other").tolist()), true


def trial(seed: int, kind: str, effects: bool) -> pd.DataFrame:
    """Compare on one section."""
    rng = np.random.default_rng([seed, effects])
    shape = SHAPES[seed % len(SHAPES)]
    section, annotation, true = made(rng, kind, shape, effects)
    table = compare_regions(section, annotation, "one", "other").table
    at = table.index.astype(int)
    table, at = table[at < GENES], at[at < GENES]
    rows = true.loc[at].reset_index(drop=True).assign(shape=shape)
    inside = table["low"].to_numpy() <= rows["effect"], rows["effect"] <= table["high"].to_numpy()
    return rows.assign(
        spatial=table["pvalue"].to_numpy() < 0.05,
        wilcoxon=table["pvalue_wilcoxon"].to_numpy() < 0.05,
        strict=table["pvalue"].to_numpy() < 0.001,
        covered=inside[0] & inside[1],
    )


def of_fields(seeds: int) -> None:
    """Print false positives and coverage."""
    for kind in ("rough", "smooth"):
        null, known = (
            pd.concat([trial(seed, kind, effects) for seed in range(seeds)], ignore_index=True)
            for effects in (False, True)
        )
        print(f"\n{kind} fields: {len(null):,} genes without a difference, {len(known):,} with")
        for by in ("length", "strength", "shape", None):
            groups = [("all", slice(None))] if by is None else null.groupby(by).groups.items()
            for name, rows in groups:
                of = known if by is None else known[known[by] == name]
                found = null.loc[rows]
                print(
                    f"  {by or '':8s} {name!s:14s} false positives at 5%: "
                    f"{found['spatial'].mean():.3f} (at 0.1%: {found['strict'].mean():.4f}), "
                    f"Wilcoxon {found['wilcoxon'].mean():.3f}; interval covers "
                    f"{of['covered'].mean():.3f}; found {of['spatial'].mean():.2f}"
                )


def of_real(folder: Path, seeds: int) -> None:
    """Print how often genes of real sections differ between regions drawn at random."""
    for name in ("mouse_olfactory_bulb/MOB1.tsv.gz", "visium_mini", "legacy_st/A1.tsv.gz"):
        if not (folder / name).exists():
            continue
        section, rows = read_section(folder / name), []
        for seed in range(seeds):
            shape = SHAPES[seed % len(SHAPES)]
            inside = drawn(np.random.default_rng(seed), section.xy, shape)
            annotation = Annotation.of(np.where(inside, "one", "other").tolist())
            table = compare_regions(section, annotation, "one", "other").table
            rows.append((shape, *(table[["pvalue", "pvalue_wilcoxon"]] < 0.05).mean()))
        table = pd.DataFrame(rows, columns=["shape", "spatial", "wilcoxon"])
        print(f"\n{section.name}: share of genes below 5%, regions drawn at random")
        print(table.groupby("shape").mean().round(3).to_string())
        print(table[["spatial", "wilcoxon"]].mean().round(3).to_string())


def of_runs(seeds: int, methods: list[str]) -> None:
    """Print how often the intervals after a run hold what is true of the two regions."""
    for method in methods:
        covered, errors, before = [], [], []
        for seed in range(seeds):
            section = simulate_section(1500, 600, image=False, artefacts=False, seed=seed)
            annotation = Annotation.of_obs(section, "domain")
            result = enhance(section, config=EnhanceConfig(method=method))
            rates = np.expm1(true_expression(section, list(section.genes)))
            for name in annotation.names[:4]:
                inside = annotation.spots(name)
                table = compare_regions(result, annotation, name).table
                true = np.log2(rates[inside].mean(0) / rates[~inside].mean(0))
                true = pd.Series(true, section.genes)[table.index]
                low, high = table["after_low"], table["after_high"]
                covered.append(((low <= true) & (true <= high)).mean())
                errors.append((table["after_log2_fold_change"] - true).abs().mean())
                before.append((table["log2_fold_change"] - true).abs().mean())
        print(
            f"after {method}: intervals hold the true log2 fold change of this tissue in "
            f"{np.mean(covered):.3f}; mean error {np.mean(errors):.3f}, "
            f"before {np.mean(before):.3f}"
        )


def times() -> None:
    """Print how long a comparison takes."""
    section = simulate_section(5000, 20_000, image=False, artefacts=False, seed=1)
    annotation = Annotation.of_obs(section, "domain")
    section.totals.sum()
    for other in (None, "layer3"):
        wall, cpu = time.perf_counter(), time.process_time()
        compare_regions(section, annotation, "layer2", other)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"5,000 spots x 20,000 genes, {other or 'rest'}: {wall:.2f} s, {cpu:.2f} s of CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--data", type=Path, help="folder of the real sections")
    parser.add_argument("--after", nargs="*", metavar="METHOD", help="look at runs of methods")
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    if arguments.times:
        times()
    elif arguments.data is not None:
        of_real(arguments.data, arguments.seeds)
    elif arguments.after is not None:
        of_runs(arguments.seeds, arguments.after or ["kriging", "transformer"])
    else:
        of_fields(arguments.seeds)


if __name__ == "__main__":
    main()
