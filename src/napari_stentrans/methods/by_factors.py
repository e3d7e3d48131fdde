"""Methods that predict a few spatial factors and the library size; genes are decoded later."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.decoders import FactorDecoder
from napari_stentrans.factors import fit_factors
from napari_stentrans.methods.base import FactorPredictor, LeftOut, Prediction
from napari_stentrans.methods.calibration import noise_of
from napari_stentrans.methods.doubt import doubted, suspect
from napari_stentrans.methods.holdout import Judged, Looked, Trial, compare, look_at_hidden_spots
from napari_stentrans.methods.trend import left_out, predict_with
from napari_stentrans.progress import Stage, named
from napari_stentrans.run_inputs import Modelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_stentrans.methods.base import Pairs, Predictor
    from napari_stentrans.progress import Steps
    from napari_stentrans.run_inputs import RunInputs


def by_factors(make: type[Predictor]) -> Callable[[RunInputs], Steps[Modelled]]:
    """Make the ``run`` of a method of a predictor that is given factors."""
    return partial(_run, make)


def _run(make: type[Predictor], inputs: RunInputs) -> Steps[Modelled]:
    section, seen, genes, targets = inputs.section, inputs.seen, inputs.genes, inputs.targets
    factors = yield from fit_factors(
        seen.counts, inputs.n_factors, median_total=section.median_total, seed=inputs.seed
    )
    looked = (yield from _check(make, inputs)) if inputs.evidence else Looked((), [])
    used, here = looked.used(inputs.evidence), targets.measured
    pairs = [known.pair(here, np.ones(len(here), bool)) for known in used]
    depth = np.log(seen.totals)[:, None].astype(np.float32)
    columns, predictor = np.hstack([factors.scores, depth]), make(inputs.config, section.lattice)
    mean, std = yield from predict_with(predictor, seen.xy, columns, targets.xy, pairs)
    sites = suspect(inputs, used)
    if std is not None and sites.any():
        other = make(inputs.config, section.lattice)
        rest = [k.pair(here, sites) for k in used if not k.kind.spoilt]
        steps = predict_with(other, seen.xy, columns, targets.xy[sites], rest)
        alone = yield from named(Stage.DOUBTING, steps)
        std[sites] = doubted(Prediction(mean[sites], std[sites]), alone)
    totals, tissue = np.exp(mean[:, -1], dtype=np.float64), slice(-1)
    std, noise = None if std is None else std[:, tissue], None
    if isinstance(predictor, FactorPredictor):
        mean_of_others, var = yield from left_out(predictor, columns, pairs)
        noise = noise_of(inputs, factors, LeftOut(mean_of_others[:, tissue], var[:, tissue]))
        if std is not None:
            std = std * np.sqrt(noise.at_sites)[:, None]
    chosen = factors if len(genes) == len(section.genes) else factors.subset(genes)
    decoder = FactorDecoder(section.genes[genes], chosen, mean[:, tissue], std, noise)
    return Modelled(decoder, totals, looked.findings(inputs.evidence))


def _check(make: type[Predictor], inputs: RunInputs) -> Steps[Looked]:
    """Find out whether the evidence helps to predict hidden spots, and by how much."""
    lattice, median = inputs.section.lattice, inputs.section.median_total

    def attempt(trial: Trial, every: list[Pairs]) -> Steps[list[Judged]]:
        factors = yield from fit_factors(
            trial.seen, inputs.n_factors, median_total=median, seed=inputs.seed
        )
        here, there = trial.xy[~trial.hidden], trial.xy[trial.hidden]
        judged = []
        for pairs in every:
            predictor = make(inputs.config, lattice)
            mean, _ = yield from predict_with(predictor, here, factors.scores, there, pairs)
            judged.append((yield from compare(trial, factors, mean)))
        return judged

    return (yield from look_at_hidden_spots(inputs, attempt))
