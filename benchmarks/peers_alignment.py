"""Other programs that lay serial sections on each other, on known transforms of real sections.

    scripts/test-peers --only alignment --data DIR

The cases are those of ``alignment.py``. PASTE and PASTE2 give a plan: how much of each spot of the
neighbour goes to each spot of the section. The place of a spot is the mean of those that it goes
to; the residual is how far that lies from where it does, the median in spot spacings. PASTE2 is
told what share overlaps; the others find it.
"""

from __future__ import annotations

import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp
from alignment import KINDS, halves, moved, of_counts, residual
from candidates import section_of
from scoring import load_score

from napari_stentrans.alignment import align, by_hand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_stentrans import Section

SECTIONS = ("A1", "C1", "G2")
MOST_GENES = 2000
"""Those seen in the most spots: what both are given, as their tutorials filter genes."""


def table_of(section: Section, genes: np.ndarray) -> ad.AnnData:
    adata = ad.AnnData(sp.csr_matrix(section.counts[:, genes]))
    adata.var_names = section.genes[genes]
    adata.obsm["spatial"] = section.xy.copy()
    return adata


def paste(here: ad.AnnData, there: ad.AnnData, share: float) -> np.ndarray:
    """Plan (spot, spot of the neighbour), with its defaults."""
    import paste as package

    return np.asarray(package.pairwise_align(here, there))


def paste2(here: ad.AnnData, there: ad.AnnData, share: float) -> np.ndarray:
    """Plan of PASTE2, which is told the share that overlaps; counts by Kullback-Leibler."""
    from paste2 import PASTE2

    plan = PASTE2.partial_pairwise_align(here, there, s=share, dissimilarity="kl")
    return np.asarray(plan)


@contextmanager
def as_of_old() -> Iterator[None]:
    """Call line searches as POT did when PASTE 1.4.0 and PASTE2 1.0.1 were written."""
    import ot

    now = ot.optim.cg

    def cg(a: Any, b: Any, m: Any, reg: float, f: Any, df: Any, start: Any, search: Any,
           **more: Any) -> Any:  # fmt: skip
        def five(*given: Any, **kwargs: Any) -> Any:
            return search(*given[:5], **kwargs)

        return now(a, b, m, reg, f, df, start, five, **more)

    ot.optim.cg = cg
    try:
        yield
    finally:
        ot.optim.cg = now


PROGRAMS = {"PASTE": paste, "PASTE2": paste2}


def off(plan: np.ndarray, here: Section, true: np.ndarray) -> float:
    """Residual (median, in spacings) of the spots that the plan moves."""
    mass = plan.sum(0)
    moved_at_all = mass > 1e-12
    places = (plan.T @ here.xy)[moved_at_all] / mass[moved_at_all, None]
    far = np.linalg.norm(places - true[moved_at_all], axis=1)
    return float(np.median(far) / here.lattice.spacing)


def compare(data: Path) -> None:
    """Print the residual of each program for each case, and its time."""
    warnings.simplefilter("ignore")
    score, rows = load_score(data.parent / "score.py"), []
    for name in SECTIONS:
        section = section_of(score.load(name, data))
        often = np.argsort(-section.counts.getnnz(0), kind="stable")[:MOST_GENES]
        for case, kind in enumerate(KINDS):
            rng = np.random.default_rng([0, case, section.n_spots])
            mine, theirs = halves(section, rng)
            matrix, kept = moved(kind, section.xy, rng)
            here = of_counts(section, mine, section.xy, np.ones(len(kept), bool))
            there = of_counts(section, theirs, by_hand(matrix).onto(section.xy), kept)
            row: dict[str, object] = {"section": name, "case": kind}
            start = time.perf_counter()
            row["ours"] = residual(align(here, there), matrix, section, kept)
            row["ours, s"] = time.perf_counter() - start
            share = min(float(kept.mean()), 0.99)
            for program, run in PROGRAMS.items():
                start = time.perf_counter()
                with as_of_old():
                    plan = run(table_of(here, often), table_of(there, often), share)
                row[program] = off(plan, here, section.xy[kept])
                row[f"{program}, s"] = time.perf_counter() - start
            rows.append(row)
            print(
                {k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}, flush=True
            )
    print(pd.DataFrame(rows).groupby("case", sort=False).median(numeric_only=True).round(2))
