"""How good is it here: methods side by side on a person's own section.

A part of the section is hidden, methods predict it from the rest, and each gene's prediction is
correlated with what was measured. The protocols and scores are those of ``benchmarks/accuracy.py``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import ConfigError
from napari_stentrans.evaluation.protocols import (
    PROTOCOLS,
    ProtocolName,
    Trial,
    check_protocol,
    make_trial,
)
from napari_stentrans.evaluation.report import Evaluation
from napari_stentrans.evaluation.scores import gene_scores, noise_ceiling, summary
from napari_stentrans.evidence import TissueImage
from napari_stentrans.factors import SEEN, lognorm, often_seen
from napari_stentrans.method_table import METHODS
from napari_stentrans.neighbours import checked
from napari_stentrans.pipeline import enhance_steps
from napari_stentrans.progress import Progress, Steps, drain, named
from napari_stentrans.ranking import blocks, morans_i
from napari_stentrans.targets import check_lost
from napari_stentrans.tissue_image import tissue_words
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_stentrans.neighbours import Neighbour
    from napari_stentrans.section import Section

__all__ = ["DEFAULT_METHODS", "PROTOCOLS", "Evaluation", "evaluate", "evaluate_steps"]

SPATIALLY_VARIABLE = 300
"""So many genes, those of the highest Moran's I, count as spatially variable."""
DEFAULT_METHODS = (EnhanceConfig().method, "kriging", "linear", "nearest")
"""The default method, and what it is compared with."""
ALONE = ", no neighbours"
"""What follows the name of a method that is run without the neighbours that it could use."""
USED = "neighbours_used"
RAW_HALF = "raw half"
"""Row of the table that says how well one noisy half predicts the other."""


def evaluate(
    section: Section,
    protocol: ProtocolName = "lost",
    methods: Mapping[str, EnhanceConfig] | Sequence[str] | None = None,
    *,
    seeds: int = 3,
    genes: Sequence[str] | None = None,
    image_damaged: ArrayLike | None = None,
    neighbours: Sequence[Section | str | Path | Neighbour] = (),
) -> Evaluation:
    """Compare methods on a section.

    Parameters
    ----------
    section
        The section; never changed.
    protocol
        "upsample", "lost" or "denoise": what is hidden.
    methods
        Names of methods, or settings by the label that the table shows; when not given, the
        default method, kriging, linear and nearest.
    seeds
        How many times something else is hidden; scores are averaged.
    genes
        Genes to score; when not given, those seen in more than 10% of the spots.
    image_damaged
        (spot,) bool, True where the tissue image is not to be looked at.
    neighbours
        Sections that were cut beside this one, as ``enhance`` takes them. Methods that use them
        are there twice, the second time without: "transformer", "transformer, no neighbours".
        Where no alignment is given, they are laid anew for each hold-out, on what is not hidden.

    Raises
    ------
    MaskError
        When ``image_damaged`` is not one bool per spot.
    ConfigError
        When there is no such protocol or method, nothing to do, or none of the methods uses the
        neighbours that are given.
    ReadError
        When the path of a neighbour cannot be read.
    SectionError
        When the section is too small, or a neighbour cannot be one.
    GeneNotFound
        When the section has no such gene.
    EnhancementFailed
        When a method cannot run on this section.
    """
    steps = evaluate_steps(
        section,
        protocol,
        methods,
        seeds=seeds,
        genes=genes,
        image_damaged=image_damaged,
        neighbours=neighbours,
    )
    return drain(steps)


def evaluate_steps(
    section: Section,
    protocol: ProtocolName = "lost",
    methods: Mapping[str, EnhanceConfig] | Sequence[str] | None = None,
    *,
    seeds: int = 3,
    genes: Sequence[str] | None = None,
    image_damaged: ArrayLike | None = None,
    neighbours: Sequence[Section | str | Path | Neighbour] = (),
) -> Steps[Evaluation]:
    """Do what ``evaluate`` does, one Progress at a time; closing the generator stops it."""
    check_protocol(protocol)
    configs = _configs(methods)
    if seeds < 1 or not configs:
        raise ConfigError(
            f"At least one seed and one method are needed, got {seeds} and {len(configs)}."
        )
    others = [one.again() for one in checked(section, neighbours)]
    given = _given(configs, others)
    configs = {label: config for label, (config, _) in given.items()}
    damaged = section.adata.obs_names[check_lost(section, image_damaged, "image_damaged")]
    yield Progress("looking at the genes", 0, 1)
    if any(TissueImage().asked(section, config) for config in configs.values()):
        yield from tissue_words(section)  # of the whole section, for all trials
    columns = _columns(section, genes)
    about = _about(section, columns, protocol)
    labels = [*configs, RAW_HALF] if protocol == "denoise" else [*configs]
    pcc = pd.DataFrame(0.0, index=about.index, columns=labels)
    runs = []
    for seed in range(seeds):
        out, stay = (make_trial(section, protocol, seed, stay=stay) for stay in (False, True))
        for label in labels:
            turn = f"{label}, {seed + 1} of {seeds}" if seeds > 1 else label
            started = time.perf_counter()
            if label in configs:
                trial = out if configs[label].features is None else stay
                steps = _score(trial, *given[label], columns, damaged)
            else:
                steps = _score_raw_half(out, columns)
            scores, found = yield from named(turn, steps)
            seconds = round(time.perf_counter() - started, 3)
            run = {"method": label, "seed": seed, "sites": out.measured.shape[0]}
            runs.append({**run, **summary(scores, about), **found, "seconds": seconds})
            pcc[label] += scores[:, 0] / seeds
    return Evaluation(section.name, section.digest, protocol, about, pcc, pd.DataFrame(runs))


def _configs(
    methods: Mapping[str, EnhanceConfig] | Sequence[str] | None,
) -> dict[str, EnhanceConfig]:
    """Settings by label."""
    if methods is None:
        methods = DEFAULT_METHODS
    if isinstance(methods, str):
        methods = (methods,)
    if isinstance(methods, Mapping):
        return dict(methods)
    return {name: EnhanceConfig(method=name) for name in methods}


def _given(
    configs: dict[str, EnhanceConfig], neighbours: list[Neighbour]
) -> dict[str, tuple[EnhanceConfig, list[Neighbour]]]:
    """Settings and neighbours by label; methods that use neighbours are there without, too."""
    given: dict[str, tuple[EnhanceConfig, list[Neighbour]]] = {}
    for label, config in configs.items():
        uses = bool(neighbours) and METHODS[config.method].evidence
        given[label] = config, neighbours if uses else []
        if uses:
            given[label + ALONE] = config, []
    if neighbours and not any(used for _, used in given.values()):
        able = [name for name, method in METHODS.items() if method.evidence]
        raise ConfigError(
            f"None of {', '.join(configs)} uses neighbouring sections. Name one of "
            f"{', '.join(able)}, or leave the neighbours out."
        )
    return given


def _columns(section: Section, genes: Sequence[str] | None) -> NDArray[np.intp]:
    """Columns of the genes to score."""
    if genes is not None:
        return np.unique(np.array([section.gene_index(g) for g in genes], np.intp))
    seen = often_seen(section.counts, int((section.totals > 0).sum()))
    if not seen.any():
        raise ConfigError(
            f"None of the {some(len(section.genes), 'gene')} is seen in more than {SEEN:.0%} of "
            "the spots, which a correlation needs. Name the genes to score."
        )
    return np.flatnonzero(seen)


def _about(section: Section, columns: NDArray[np.intp], protocol: ProtocolName) -> pd.DataFrame:
    """Moran's I, noise ceiling and whether it is spatially variable, of each gene."""
    usable = section.totals > 0
    counts, totals = section.counts[usable][:, columns], section.totals[usable]
    values = lognorm(counts, totals, section.median_total)
    moran = morans_i(values, section.xy[usable])
    ceiling = noise_ceiling(section.counts, columns, of_half=protocol == "denoise")
    variable = np.zeros(len(columns), bool)
    variable[np.argsort(-moran, kind="stable")[:SPATIALLY_VARIABLE]] = True
    return pd.DataFrame(
        {"morans_i": moran, "ceiling": ceiling, "spatially_variable": variable},
        index=section.genes[columns],
    )


def _score(
    trial: Trial,
    config: EnhanceConfig,
    neighbours: list[Neighbour],
    columns: NDArray[np.intp],
    damaged: pd.Index,
) -> Steps[tuple[NDArray[np.float64], dict[str, float]]]:
    """Run a method and score it, (gene, 4) as in ``gene_scores``; share of neighbours used."""
    names = list(trial.section.genes[columns])
    settings = {"upscale": 1, "denoise": True, "genes": tuple(names)}
    config = config.model_copy(update=settings)
    section, lost = trial.section, trial.lost
    unseen = section.adata.obs_names.isin(damaged)
    enhancement = yield from enhance_steps(section, lost, config, trial.sites, unseen, neighbours)
    scores = np.empty((len(names), 4))
    for at, mean, _ in enhancement.blocks(names):
        yield Progress("scoring", at.start, len(names))
        measured = trial.measured[:, columns[at]].toarray()
        spread = enhancement.predictive_std(names[at])
        scores[at] = gene_scores(mean[trial.rows], measured, spread[trial.rows])
    found = enhancement.record.findings
    used = [found[f"neighbour{at}_used"] for at in range(1, len(neighbours) + 1)]
    return scores, {USED: float(np.mean(used))} if used else {}


def _score_raw_half(
    trial: Trial, columns: NDArray[np.intp]
) -> Steps[tuple[NDArray[np.float64], dict[str, float]]]:
    """Score the half of the counts that the methods are given."""
    section = trial.section
    half = lognorm(section.counts[:, columns], section.totals, section.median_total)
    scores = np.empty((len(columns), 4))
    for at in blocks(len(columns)):
        yield Progress("scoring", at.start, len(columns))
        measured = trial.measured[:, columns[at]].toarray()
        scores[at] = gene_scores(half[:, at].toarray(), measured, None)
    return scores, {}
