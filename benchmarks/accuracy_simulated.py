"""Simulated sections: how close predictions come to the true expression, borders apart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from candidates import choose, predict, section_of
from scipy.spatial import cKDTree

from napari_stentrans import simulate_section, true_expression
from napari_stentrans.errors import EnhancementFailed

if TYPE_CHECKING:
    from types import ModuleType

    from candidates import Candidates

SECTIONS = (("hex", 0), ("square", 1), ("hex", 2))
SPOTS, GENES, DEPTH = 1200, 1500, 6000
LOST_SEEDS = 3
SPATIALLY_VARIABLE = 300
"""So many genes, those whose true expression varies most, stand for the svg of the real sections."""


def rows(
    score: ModuleType, names: list[str], protocols: list[str], epochs: int | None
) -> list[dict[str, Any]]:
    """One row for each section, method and hold-out; denoising is from all counts."""
    made = []
    for lattice, seed in SECTIONS:
        simulated = simulate_section(
            SPOTS, GENES, lattice=lattice, seed=seed, depth=DEPTH, artefacts=False, image=False
        )
        counts = simulated.counts.toarray()
        seen = (counts > 0).mean(0) > 0.1
        genes = np.asarray(simulated.genes[seen])
        rc = simulated.adata.obs[["array_row", "array_col"]].to_numpy()
        truth = score.Truth(f"simulated {lattice} {seed}", lattice, rc, counts[:, seen], genes)
        expected = true_expression(simulated, list(genes))
        domain = simulated.adata.obs["domain"].cat.codes.to_numpy()
        _, near = cKDTree(truth.xy).query(truth.xy, 7)
        border = (domain[near] != domain[:, None]).any(1)
        print(f"{truth.name}: {len(rc)} spots, {len(genes)} genes", flush=True)
        methods = choose(names, simulated.lattice, epochs)
        made += _of_section(score, truth, expected, border, methods, protocols)
    return made


def _of_section(
    score: ModuleType,
    truth: Any,
    expected: np.ndarray,
    border: np.ndarray,
    methods: Candidates,
    protocols: list[str],
) -> list[dict[str, Any]]:
    section, made = section_of(truth), []
    svg = np.argsort(-expected.std(0))[:SPATIALLY_VARIABLE]
    hold_outs = [*score.protocols(truth, LOST_SEEDS), ("denoise", np.ones(len(truth.rc), bool))]
    for name, observed in hold_outs:
        if name.rstrip("0123456789") not in protocols:
            continue
        at = observed if name == "denoise" else ~observed
        for label, candidate in methods.items():
            start = time.perf_counter()
            try:
                predicted, _ = predict(section, observed, candidate)
            except EnhancementFailed as error:
                print(f"  {name}: {label} {error}")
                continue
            row = {"section": truth.name, "hold_out": name, "method": label}
            row["seconds"] = time.perf_counter() - start
            made.append(row | _scores(score, predicted, expected, svg, at, border))
        if name == "denoise":
            row = {"section": truth.name, "hold_out": name, "method": "as measured"}
            raw = score.lognorm(truth.counts)
            made.append(row | _scores(score, raw, expected, svg, at, border))
    return made


def _scores(
    score: ModuleType,
    predicted: np.ndarray,
    expected: np.ndarray,
    svg: np.ndarray,
    at: np.ndarray,
    border: np.ndarray,
) -> dict[str, float]:
    """Correlation with the truth, and error in units of a gene's true spread over the section.

    The error is of the pattern: a gene's mean error is taken off, for log1p of noisy counts is
    lower than that of their expectation, whatever the method.
    """
    r = score.pearson(predicted[at], expected[at])
    error = predicted[:, svg] - expected[:, svg]
    error = (error - error[at].mean(0)) / expected[:, svg].std(0)
    return {
        "pcc_svg_median": float(np.median(r[svg])),
        "pcc_median": float(np.median(r)),
        "pcc_mean": float(r.mean()),
        "error_svg": float(np.median(np.sqrt((error[at] ** 2).mean(0)))),
        "error_border": float(np.median(np.sqrt((error[at & border] ** 2).mean(0)))),
    }
