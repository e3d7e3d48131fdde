"""Reference: genes that a section lacks, from single cells that have them.

In the cells, other genes are regressed on those that the section has too (ridge, ``weights``); the
maps that a run makes of these say where each other gene is. Shared genes that are held out, in
folds, say how far to trust each (``lessons``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.errors import SectionError
from napari_stentrans.factors import fit_factors, lognorm
from napari_stentrans.gene_naming import shared_genes
from napari_stentrans.method_table import METHODS, PLAIN
from napari_stentrans.progress import Progress, Stage, Steps
from napari_stentrans.record import TRUSTED, ReferenceFacts
from napari_stentrans.reference.cells import MOST_CELLS, Cells
from napari_stentrans.reference.decoder import ReferenceDecoder, WithReference
from napari_stentrans.reference.lessons import Lessons, Tried, traits
from napari_stentrans.reference.moments import CLIP, Directions, moments_steps, one_by_one
from napari_stentrans.reference.reading import cells_of, read_cells
from napari_stentrans.reference.weights import Weights
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.decoders import Decoder
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.reference.moments import Moments
    from napari_stentrans.section import Section
    from napari_stentrans.targets import Sites

__all__ = [
    "MOST_CELLS",
    "Cells",
    "FromReference",
    "Shared",
    "WithReference",
    "cells_of",
    "predict_genes_steps",
    "read_cells",
    "shared_with",
]

FEWEST_SHARED, MOST_SHARED = 20, 1000
"""Genes in common that are needed, and that are looked at."""
FEWEST_SEEN = 3
"""Cells in which a gene is seen that is to be predicted."""
FOLDS = 5
RIDGES = (1.0, 3.0, 10.0)
"""Of the regression, in variances of a standardised gene."""
EXACT_BELOW = 1000
AROUND = 48
"""Spots of which a held-out fold's factors are smoothed exactly, else so many around each."""
SITES_AT_ONCE = 4096
LEAST_OF_NOISE = 0.25
"""Of how far measurements lie from what is told, at least so much is not noise."""


class Shared(NamedTuple):
    """Genes that the section and the reference have, and those that only the reference has.

    Attributes
    ----------
    here, there
        Columns of the shared genes that are looked at, in the section and in the cells.
    others
        Columns of the cells.
    n_shared
        How many there are in common, before the most useful were chosen.
    """

    here: NDArray[np.intp]
    there: NDArray[np.intp]
    others: NDArray[np.intp]
    n_shared: int


@dataclass(frozen=True, eq=False)
class FromReference:
    """Genes predicted from a reference.

    Attributes
    ----------
    decoder
        Gives them at the sites of a run.
    held_out
        By name of the shared gene: ``reached``, correlation with what was measured when it was
        held out, and ``told``, what was to be expected of it.
    facts
        What the run record says of it.
    ridge
        Of the regression, as chosen on held-out genes.
    """

    decoder: ReferenceDecoder
    held_out: pd.DataFrame
    facts: ReferenceFacts
    ridge: float

    def of(self, genes: Sequence[str] | None) -> FromReference:
        """Only those of these genes that are predicted; all where none are named."""
        if genes is None:
            return self
        wanted = self.decoder.genes.get_indexer(list(dict.fromkeys(genes)))
        return replace(self, decoder=self.decoder.subset(wanted[wanted >= 0]))


def shared_with(section: Section, cells: Cells, observed: NDArray[np.bool_]) -> Shared:
    """Find the genes in common, by names, ids, symbols and other names.

    Raises
    ------
    SectionError
        When they are too few, or the reference has no other gene.
    """
    here, there = shared_genes(section.naming, cells.naming)
    others = np.setdiff1d(np.arange(len(cells.genes)), there)
    others = others[cells.counts.getnnz(0)[others] >= FEWEST_SEEN]
    in_spots = section.counts[:, here][observed].getnnz(0)
    in_cells = cells.counts[:, there].getnnz(0)
    useful = np.flatnonzero((in_spots >= FEWEST_SEEN) & (in_cells >= FEWEST_SEEN))
    if len(useful) < FEWEST_SHARED:
        raise SectionError(
            f"{section.name} and the reference {cells.name} have {some(len(here), 'gene')} in "
            f"common, of which {len(useful)} are seen in both; at least {FEWEST_SHARED} are "
            f"needed. Their genes are called {', '.join(map(str, section.genes[:3]))} and "
            f"{', '.join(map(str, cells.genes[:3]))}. Choose a reference of the same species and "
            "tissue, or name the genes alike."
        )
    if not len(others):
        raise SectionError(
            f"The reference {cells.name} has no gene that {section.name} lacks: there is nothing "
            "to predict."
        )
    often = in_spots[useful] / observed.sum() * in_cells[useful] / cells.n_cells
    useful = np.sort(useful[np.argsort(-often, kind="stable")[:MOST_SHARED]])
    return Shared(here[useful], there[useful], others, len(here))


def predict_genes_steps(
    section: Section,
    observed: NDArray[np.bool_],
    targets: Sites,
    decoder: Decoder,
    cells: Cells,
    seed: int = 0,
    *,
    shared: Shared | None = None,
) -> Steps[FromReference]:
    """Predict every gene of a reference that a section lacks, at the sites of a run.

    Parameters
    ----------
    observed
        (spot,) of the section, from which alone all is learned.
    targets, decoder
        Sites of the run, and the maps that it made; all shared genes are among them.
    shared
        Of ``shared_with``, where it was asked already.

    Raises
    ------
    SectionError
        When there are too few genes in common.
    """
    shared = shared or shared_with(section, cells, observed)
    totals = section.totals[observed]
    kept = section.counts[:, shared.here][observed]
    share = float(kept.sum() / totals.sum())
    learned = yield from moments_steps(
        cells, shared.there, shared.others, section.median_total * share
    )
    values = lognorm(kept, totals, section.median_total)
    spots = _Spots(section, observed, values, shared)
    tried = yield from _held_out(spots, learned, seed)
    ridge = max(tried, key=lambda one: float(np.median(tried[one].reached)))
    best = tried[ridge]
    lessons = Lessons.of(best)
    weights = Weights.of(learned.directions, learned.cross, learned.others, ridge)
    along, unsure = yield from _along(spots, learned, targets, decoder)
    by_direction = learned.directions.vectors.T @ weights.by_gene
    at = along[targets.measured]
    told = np.einsum("dg,de,eg->g", by_direction, np.cov(at.T), by_direction, optimize=True)
    of_genes = traits(learned.others, weights.fits, told)
    level = np.clip(lessons.level.at(of_genes), 0, lessons.highest)
    off = np.exp(lessons.doubt.at(of_genes))
    counting = _counting(level, section.median_total / totals)
    of_expression = np.maximum(off - counting, LEAST_OF_NOISE * off)
    parts = (
        along, by_direction * lessons.spread, level, of_expression, off - of_expression,
        told * lessons.spread**2, unsure, np.clip(lessons.trust.at(of_genes), 0, 1),
    )  # fmt: skip
    made = ReferenceDecoder(
        cells.genes[shared.others], *(np.asarray(part, np.float32) for part in parts)
    )
    table = pd.DataFrame(
        {"reached": best.reached, "told": np.clip(lessons.trust.at(best.traits), 0, 1)},
        pd.Index(section.genes[shared.here], name="gene"),
    )
    facts = ReferenceFacts(
        source=None if cells.source is None else str(cells.source.resolve()),
        digest=cells.digest,
        name=cells.name,
        cell_type=cells.column,
        cells=cells.in_words(),
        shared=shared.n_shared,
        predicted=len(made.genes),
        reached=round(float(table["reached"].median()), 4),
        trusted=int((made.trust >= TRUSTED).sum()),
    )
    return FromReference(made, table, facts, ridge)


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
        measured = spots.values[:, fold].toarray() - spots.mean[fold]
        for ridge in RIDGES:
            weights = Weights.of(directions, np.asarray(cross, np.float32), sd, ridge)
            told = np.asarray(maps @ weights.by_gene, float)
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


def _counting(level: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance (gene,) that counting adds to log1p of scaled counts, by the delta method."""
    return float(scale.mean()) * np.expm1(level) * np.exp(-2 * level)
