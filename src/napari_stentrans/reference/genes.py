"""Genes predicted from a reference: the steps, and what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.factors import fit_factors, lognorm
from napari_stentrans.method_table import METHODS, PLAIN
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.record_facts import TRUSTED, ReferenceFacts
from napari_stentrans.reference.decoder import ReferenceDecoder
from napari_stentrans.reference.lessons import Lessons, Tried, traits
from napari_stentrans.reference.moments import CLIP, Directions, moments_steps, one_by_one
from napari_stentrans.reference.weights import Weights

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.decoders import Decoder
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.reference.cells import Cells
    from napari_stentrans.reference.moments import Moments
    from napari_stentrans.reference.shared import Shared
    from napari_stentrans.run_inputs import RunInputs
    from napari_stentrans.section import Section
    from napari_stentrans.targets import Sites

FOLDS = 5
RIDGES = (1.0, 3.0, 10.0)
"""Of the regression, in variances of a standardised gene."""
EXACT_BELOW = 1000
AROUND = 48
"""Spots of which a held-out fold's factors are smoothed exactly, else so many around each."""
SITES_AT_ONCE = 4096
LEAST_OF_NOISE = 0.25
"""Of how far measurements lie from what is told, at least so much is not noise."""


class FromReference(NamedTuple):
    """Genes predicted from a reference: what gives them, and what the run record says of it."""

    decoder: ReferenceDecoder
    facts: ReferenceFacts


def predict_genes_steps(
    inputs: RunInputs,
    observed: NDArray[np.bool_],
    decoder: Decoder,
    cells: Cells,
    shared: Shared,
) -> Steps[FromReference]:
    """Predict genes of a reference that a section lacks, at the targets of a run.

    Those of ``config.genes``, or all where none are named there.

    Parameters
    ----------
    inputs
        Of the run.
    observed
        (spot,) of the section, from which alone all is learned.
    decoder
        The maps that the run made; all genes of ``shared`` are among them.
    shared
        Of ``shared_with``.
    """
    section, seen = inputs.section, inputs.seen
    kept = seen.counts[:, shared.here]
    median = section.median_total * float(kept.sum() / seen.totals.sum())
    learned = yield from moments_steps(cells, shared.there, shared.others, median)
    values = lognorm(kept, seen.totals, section.median_total)
    spots = _Spots(section, observed, values, shared)
    tried = yield from _held_out(spots, learned, inputs.seed)
    ridge = max(tried, key=lambda one: float(np.median(tried[one].reached)))
    along, unsure = yield from _along(spots, learned, inputs.targets, decoder)
    lessons = Lessons.of(tried[ridge])
    made = _made(cells.genes[shared.others], learned, lessons, ridge, along, unsure, inputs)
    facts = ReferenceFacts(
        source=None if cells.source is None else str(cells.source.resolve()),
        digest=cells.digest,
        name=cells.name,
        cell_type=cells.column,
        cells=cells.in_words(),
        shared=shared.n_shared,
        predicted=len(made.genes),
        reached=round(float(np.median(tried[ridge].reached)), 4),
        trusted=int((made.trust >= TRUSTED).sum()),
    )
    return FromReference(made.among(inputs.config.genes), facts)


def _made(
    genes: pd.Index,
    learned: Moments,
    lessons: Lessons,
    ridge: float,
    along: FloatArray,
    unsure: FloatArray,
    inputs: RunInputs,
) -> ReferenceDecoder:
    """Put together what is told of each gene, and how sure that is."""
    weights = Weights.of(learned.directions, learned.cross, learned.others, ridge)
    at = along[inputs.targets.measured]
    told = np.einsum("dg,de,eg->g", weights.along, np.cov(at.T), weights.along, optimize=True)
    of_genes = traits(learned.others, weights.fits, told)
    level = np.clip(lessons.level.at(of_genes), 0, lessons.highest)
    off = np.exp(lessons.doubt.at(of_genes))
    scale = float((inputs.section.median_total / inputs.seen.totals).mean())
    counting = scale * np.expm1(level) * np.exp(-2 * level)  # of log1p, by the delta method
    of_expression = np.maximum(off - counting, LEAST_OF_NOISE * off)
    parts = (
        along, weights.along * lessons.spread, level, of_expression, off - of_expression,
        told * lessons.spread**2, unsure, np.clip(lessons.trust.at(of_genes), 0, 1),
    )  # fmt: skip
    return ReferenceDecoder(genes, *(np.asarray(part, np.float32) for part in parts))


class _Spots:
    """Shared genes at the observed spots, as measured."""

    def __init__(
        self, section: Section, observed: NDArray[np.bool_], values: sp.csc_matrix, shared: Shared
    ) -> None:
        self.section, self.observed, self.values, self.here = section, observed, values, shared.here
        each = one_by_one(values)
        self.mean, self.sd = each.mean, np.maximum(each.sd, 1e-6)

    def standardised(self, means: FloatArray, genes: NDArray[np.intp] | slice) -> FloatArray:
        """Maps (site, gene) of some of the shared genes, in deviations as measured."""
        z = (means - self.mean[genes].astype(np.float32)) / self.sd[genes].astype(np.float32)
        return np.asarray(np.clip(z, -CLIP, CLIP), np.float32)


def _held_out(spots: _Spots, learned: Moments, seed: int) -> Steps[dict[float, Tried]]:
    """Hold out shared genes, a fold at a time, for each of ``RIDGES``; genes in their order."""
    n = len(spots.here)
    order = np.random.default_rng(seed).permutation(n)
    found: dict[float, list[Tried]] = {ridge: [] for ridge in RIDGES}
    folds = [np.sort(order[at::FOLDS]) for at in range(FOLDS)]
    for at, fold in enumerate(folds):
        yield Progress(Stage.HELD_OUT, at, FOLDS)
        rest = np.setdiff1d(np.arange(n), fold)
        maps = yield from _maps_without(spots, fold, rest, seed)
        directions = Directions.of(learned.gram[np.ix_(rest, rest)])
        sd = learned.shared.at(fold)
        cross = directions.vectors.T @ learned.gram[np.ix_(rest, fold)] * sd.sd
        along = maps @ directions.vectors
        measured = spots.values[:, fold].toarray() - spots.mean[fold]
        for ridge in RIDGES:
            weights = Weights.of(directions, np.asarray(cross, np.float32), sd, ridge)
            told = np.asarray(along @ weights.along, float)
            told -= told.mean(0)
            found[ridge].append(
                Tried(
                    traits(sd, weights.fits, told.var(0)),
                    spots.mean[fold],
                    measured.var(0),
                    told.var(0),
                    (measured * told).mean(0),
                )
            )
    back = np.argsort(np.concatenate(folds), kind="stable")
    return {
        ridge: Tried(*(part[back] for part in Tried.joined(parts)))
        for ridge, parts in found.items()
    }


def _maps_without(
    spots: _Spots, fold: NDArray[np.intp], rest: NDArray[np.intp], seed: int
) -> Steps[FloatArray]:
    """Maps (spot, gene) of the rest of the shared genes, from all genes but those of the fold."""
    section, plain = spots.section, METHODS[PLAIN]
    left = np.setdiff1d(np.arange(len(section.genes)), spots.here[fold])
    counts = section.counts[:, left][spots.observed]
    seen = np.asarray(counts.sum(1)).ravel() > 0  # a spot may have counts of the fold alone
    factors = yield from fit_factors(
        counts[seen], plain.n_factors or 1, median_total=section.median_total, seed=seed
    )
    assert plain.smooth is not None
    scores = yield from plain.smooth(
        section.xy[spots.observed][seen], factors.scores, section.lattice,
        exact_below=EXACT_BELOW, neighbours=AROUND,
    )  # fmt: skip
    at = np.searchsorted(left, spots.here[rest])
    maps = np.zeros((len(seen), len(rest)), np.float32)
    maps[seen] = spots.standardised(factors.mean[at] + scores @ factors.loadings[at].T, rest)
    return maps


def _along(
    spots: _Spots, learned: Moments, targets: Sites, decoder: Decoder
) -> Steps[tuple[FloatArray, FloatArray]]:
    """Maps of the shared genes along the directions (site, direction), and how unsure (site,)."""
    genes = decoder.genes.get_indexer(spots.section.genes[spots.here])
    vectors, n = learned.directions.vectors, len(targets)
    along = np.empty((n, vectors.shape[1]), np.float32)
    for start in range(0, n, SITES_AT_ONCE):
        yield Progress(Stage.REFERENCE, start, n)
        sites = np.arange(start, min(start + SITES_AT_ONCE, n))
        means = decoder.means(genes, sites)
        along[sites] = spots.standardised(means, slice(None)) @ vectors
    unsure, known = np.zeros(n), 0
    for start in range(0, len(genes), GENES_AT_ONCE):
        block = slice(start, start + GENES_AT_ONCE)
        _, std = decoder.columns(genes[block])
        if std is not None:
            unsure += ((std / spots.sd[block]) ** 2).sum(1)
            known += len(genes[block])
    unsure /= max(known, 1)
    here = targets.measured
    spread = max(float(along[here].var(0).sum()) / len(genes), 1e-9)
    return along, np.asarray(np.maximum(unsure - unsure[here].mean(), 0) / spread, np.float32)
