r"""How well a neighbouring section is aligned: known transforms of real sections, and real pairs.

    python benchmarks/alignment.py --data DIR [--score SCORE.PY] [--sections A1 G2]
    python benchmarks/alignment.py --data DIR --pairs             # real serial sections alone
    python benchmarks/alignment.py --times                        # 5,000 and more spots, no data

The counts of a section are split into two independent halves. One half stays where it is, the
other is moved by a known map and spoilt; the residual is how far the places of its spots are said
to lie from where they do, the median in spot spacings.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from candidates import section_of
from scoring import load_score

from napari_stentrans import Section, StentransWarning, read_section, simulate_section
from napari_stentrans.alignment import Alignment, align, by_hand

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = ("A1", "B1", "C1", "G2", "MOB1", "MOB2", "visium_dg")
KINDS = ("turned", "mirrored", "cropped to 60%", "stretched 10%", "30% dropped", "all of it")
PAIRS = {
    "serial": (("G2", "G1"), ("G2", "G3"), ("G1", "G3"), ("B4", "B3"), ("B4", "B5"), ("B3", "B5"),
               ("B1", "B3"), ("C1", "C2"), ("C1", "C3"), ("C2", "C3"), ("MOB1", "MOB2")),
    "strange": (("A1", "B1"), ("B1", "C1"), ("G2", "A1"), ("C1", "G2"), ("B4", "G2"), ("A1", "G3"),
                ("G2", "B1"), ("C2", "B4"), ("B1", "C2"), ("C3", "B5"), ("G1", "C2"), ("A1", "C1"),
               ("B5", "G1"), ("C2", "G3"), ("B3", "C3"), ("A1", "B4"), ("B1", "G1"), ("C3", "A1"),
                ("G3", "B3"), ("B5", "C1")),
}  # fmt: skip


def moved(kind: str, xy: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Map (3, 3) of positions xy (spot, 2) for a case, and the spots (spot,) that are kept."""
    every, kept = kind == KINDS[-1], np.ones(len(xy), bool)
    angle = rng.uniform(0, 2 * np.pi)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if kind == "mirrored" or (every and rng.random() < 0.5):
        linear = linear @ np.diag([-1.0, 1.0])
    if kind == "stretched 10%" or every:
        along = rng.uniform(0, np.pi)
        axis = np.array([np.cos(along), np.sin(along)])
        linear = linear @ (np.eye(2) + 0.1 * np.outer(axis, axis))
    if kind == "cropped to 60%" or every:
        across = xy @ np.array([np.cos(t := rng.uniform(0, 2 * np.pi)), np.sin(t)])
        kept &= across <= np.quantile(across, 0.6)
    if kind == "30% dropped" or every:
        kept &= rng.random(len(xy)) > 0.3
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = rng.uniform(-1, 1, 2) * np.ptp(xy, axis=0)
    return matrix, kept


def halves(section: Section, rng: np.random.Generator) -> tuple[sp.csc_matrix, sp.csc_matrix]:
    counts = section.counts.copy()
    counts.data = np.rint(counts.data)
    first = counts.copy()
    first.data = rng.binomial(counts.data.astype(int), 0.5).astype(np.float32)
    return first, sp.csc_matrix(counts - first)


def of_counts(section: Section, counts: sp.csc_matrix, xy: np.ndarray, kept: np.ndarray) -> Section:
    adata = ad.AnnData(sp.csr_matrix(counts)[kept], section.obs.iloc[kept][[]], obsm={
        "spatial": xy[kept]})  # fmt: skip
    adata.var_names = section.genes
    return Section.from_anndata(adata, name=section.name)


def residual(found: Alignment, matrix: np.ndarray, section: Section, kept: np.ndarray) -> float:
    at = section.xy[kept]
    far = np.linalg.norm(found.onto(by_hand(matrix).onto(at)) - at, axis=1)
    return float(np.median(far) / section.lattice.spacing)


def known_cases(section: Section, seed: int = 0) -> Iterator[dict[str, Any]]:
    for case, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, case, len(section.xy)])
        mine, theirs = halves(section, rng)
        matrix, kept = moved(kind, section.xy, rng)
        here = of_counts(section, mine, section.xy, np.ones(len(kept), bool))
        there = of_counts(section, theirs, by_hand(matrix).onto(section.xy), kept)
        start = time.perf_counter()
        found = align(here, there)
        yield {
            "section": section.name,
            "case": kind,
            "spots": f"{section.n_spots} / {kept.sum()}",
            "residual": residual(found, matrix, section, kept),
            "agreement": found.agreement,
            "found": found.found,
            "seconds": time.perf_counter() - start,
        }


LOOPS = (("G2", "G1", "G3"), ("B4", "B3", "B5"), ("C1", "C2", "C3"))
"""The third laid on the first by way of the second, and at once: both should agree."""


def whole(name: str, data: Path) -> Section:
    folder = "mouse_olfactory_bulb" if name.startswith("MOB") else "legacy_st"
    return read_section(data / folder / f"{name}.tsv.gz")


def pairs(data: Path) -> None:
    all_found = {}
    for what, names in PAIRS.items():
        for one, other in names:
            start = time.perf_counter()
            found = all_found[one, other] = align(whole(one, data), whole(other, data))
            took = time.perf_counter() - start
            print(f"{what}: {one} from {other}: {found.in_words()} ({took:.1f} s)", flush=True)
    for one, by, other in LOOPS:
        xy, section = whole(other, data).xy, whole(one, data)
        round_about = all_found[one, by].onto(all_found[by, other].onto(xy))
        off = np.linalg.norm(round_about - all_found[one, other].onto(xy), axis=1)
        off = np.median(off) / section.lattice.spacing
        print(f"{one} from {other}, by way of {by}: {off:.2f} spacings apart")


def times() -> None:
    for n in (1000, 5000, 20_000, 100_000):
        whole = simulate_section(n, 2000, image=False, artefacts=False)
        rng = np.random.default_rng(0)
        mine, theirs = halves(whole, rng)
        matrix, kept = moved("turned", whole.xy, rng)
        here = of_counts(whole, mine, whole.xy, kept)
        there = of_counts(whole, theirs, by_hand(matrix).onto(whole.xy), kept)
        start, cpu = time.perf_counter(), time.process_time()
        found = align(here, there)
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        off = residual(found, matrix, whole, kept)
        times = f"{took:.1f} s, {cpu:.1f} s of a processor"
        print(f"{n:,} spots: {times}, residual {off:.2f}, {found.in_words()}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--score", type=Path)
    parser.add_argument("--sections", nargs="+", default=SECTIONS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--times", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", StentransWarning)
    if asked.times:
        times()
    if asked.data is None:
        return
    if not asked.pairs:
        score = load_score(asked.score or asked.data.parent / "score.py")
        rows = []
        for name in asked.sections:
            for row in known_cases(section_of(score.load(name, asked.data)), asked.seed):
                rows.append(row)
                print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()},
                      flush=True)  # fmt: skip
        table = pd.DataFrame(rows)
        print(table.round(3).to_string(index=False))
        print(table.pivot(index="case", columns="section", values="residual").round(2).to_string())
        good = table["residual"] < 0.5
        print(f"{good.sum()} of {len(table)} below half a spacing")
    pairs(asked.data)


if __name__ == "__main__":
    main()
