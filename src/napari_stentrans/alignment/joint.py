"""Factors that two sections share, found on observed spots alone, and how they vary in space."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.errors import SectionError
from napari_stentrans.factors import SEEN, library_sizes, lognorm
from napari_stentrans.genes_in_common import genes_in_common
from napari_stentrans.svd import Products, Standardised, truncated_svd
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

Array = NDArray[np.float64]
CommonGenes = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Columns of genes, of the section and of its neighbour."""

LEAST_GENES = 50
MOST_GENES = 2000
"""Genes that factors are found on, those seen in the most spots of both."""
N_FACTORS = 12
AROUND = 8
"""Other spots around a spot that its factors are compared with."""
LEAST_WEIGHT = 0.02
REACH = 1.5
"""A place is known from spots within so many spacings."""
BANDWIDTHS = (0.4, 0.6, 0.8, 1.1, 1.5, 2.0)
"""Standard deviations, in spacings, of the windows that factors are averaged in."""
NEAREST = 32


def common_genes(section: Section, neighbour: Section) -> CommonGenes:
    """Columns of the genes that both sections have, in the order of the section.

    Names, ids, symbols and other names count, as ``Section.naming`` knows them; a name that may
    stand for several genes stands for none.

    Raises
    ------
    SectionError
        When they are fewer than ``LEAST_GENES``.
    """
    here, there = genes_in_common(section.naming, neighbour.naming)
    if len(here) < LEAST_GENES:
        raise SectionError(
            f"{section.name} and {neighbour.name} have {some(len(here), 'gene')} in common; at "
            f"least {LEAST_GENES} are needed. Their genes are called "
            f"{', '.join(map(str, section.genes[:3]))} and "
            f"{', '.join(map(str, neighbour.genes[:3]))}. Choose a section of the same species, "
            "or name the genes alike."
        )
    return here, there


@dataclass(frozen=True, eq=False)
class Sheet:
    """Factors of the observed spots of one section.

    Attributes
    ----------
    xy
        (spot, 2) positions of the observed spots, full-resolution pixels.
    scores
        (spot, factor): mean 0, variance 1.
    spacing
        Of the section's spots, full-resolution pixels.
    smoothness
        (factor,) correlation of a factor at a spot with its mean at the spots around it.
    """

    xy: Array
    scores: FloatArray
    spacing: float
    smoothness: Array

    def at(self, xy: Array) -> FloatArray:
        """Smoothed factors (site, factor) at positions xy (site, 2); NaN where they do not reach.

        A local mean whose width is chosen for each factor by leaving spots out.
        """
        distance, near = self._tree.query(xy, min(NEAREST, len(self.xy)))
        distance, near = distance.reshape(len(xy), -1), near.reshape(len(xy), -1)
        found = _local_means(distance / self.spacing, near, self.scores, self._widths)
        found[distance[:, 0] > REACH * self.spacing] = np.nan
        return found

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.xy)

    @cached_property
    def _widths(self) -> Array:
        rng = np.random.default_rng(0)
        n = len(self.xy)
        some_spots = np.arange(n) if n <= 2000 else np.sort(rng.choice(n, 2000, replace=False))
        distance, near = self._tree.query(self.xy[some_spots], min(NEAREST + 1, n))
        own = self.scores[some_spots]
        errors = []
        for width in BANDWIDTHS:
            every = np.full(own.shape[1], width)
            mean = _local_means(distance[:, 1:] / self.spacing, near[:, 1:], self.scores, every)
            errors.append(((own - mean) ** 2).mean(0))
        return np.asarray(BANDWIDTHS)[np.argmin(errors, 0)]


def _local_means(
    distance: Array, near: NDArray[np.intp], scores: FloatArray, widths: Array
) -> FloatArray:
    """Gaussian means (site, factor) of the nearest spots, distances (site, near) in spacings."""
    found = np.empty((len(distance), scores.shape[1]), np.float32)
    for width in np.unique(widths):
        at = widths == width
        weight = np.exp(-0.5 * (distance**2 - distance[:, :1] ** 2) / width**2)
        weight /= weight.sum(1, keepdims=True)
        found[:, at] = np.einsum("sn,snf->sf", weight, scores[:, at][near])
    return found


@dataclass(frozen=True, eq=False)
class Projection:
    """Counts of one section to factors.

    Attributes
    ----------
    genes
        (gene,) columns of the section.
    median_total
        Library size of these genes that every spot is scaled to.
    loadings
        (gene, factor) of log-normalised genes, scaled so that factors have variance 1.
    offset
        (factor,) taken away thereafter.
    """

    genes: NDArray[np.intp]
    median_total: float
    loadings: FloatArray
    offset: FloatArray

    def of(self, section: Section, spots: NDArray[np.bool_]) -> FloatArray:
        """Factors (spot, factor) of some spots (spot,), also of such as took no part."""
        counts = _raw(section, spots, self.genes)
        values = lognorm(counts, library_sizes(counts), self.median_total)
        return np.asarray(values @ self.loadings - self.offset, np.float32)


@dataclass(frozen=True, eq=False)
class JointFactors:
    """Factors that two sections share.

    Attributes
    ----------
    section, neighbour
        Of the observed spots of each.
    weights
        (factor,) how much each counts: how smooth it is in both; they sum to 1.
    own, others
        How counts of the section, and of the neighbour, become factors.
    """

    section: Sheet
    neighbour: Sheet
    weights: Array
    own: Projection
    others: Projection

    def with_spots(self, section: Section, seen: NDArray[np.bool_]) -> JointFactors:
        """The same factors, of all spots of the section that are ``seen`` (spot,)."""
        mine = _sheet(section, seen, self.own.of(section, seen))
        return replace(self, section=mine, weights=_weights(mine, self.neighbour))


def joint_factors(
    section: Section,
    neighbour: Section,
    seen: NDArray[np.bool_],
    neighbour_seen: NDArray[np.bool_],
    *,
    genes: CommonGenes | None = None,
    n_factors: int = N_FACTORS,
    seed: int = 0,
) -> Steps[JointFactors]:
    """Find the factors of the genes in common, of the spots that are ``seen`` (spot,) alone.

    ``genes`` are those in common, where they are known already.

    Genes are log-normalised and standardised within each section, so that depth and platform
    may differ; both sections count alike, however many spots they have. Counts stay sparse.

    Raises
    ------
    SectionError
        When there are too few genes in common, or too few spots.
    """
    genes = genes or common_genes(section, neighbour)
    pairs = [(section, seen), (neighbour, neighbour_seen)]
    raw = [_raw(s, kept, columns) for (s, kept), columns in zip(pairs, genes, strict=True)]
    both = _often_seen(*raw)
    raw = [sp.csc_matrix(table[:, both]) for table in raw]
    totals = [library_sizes(table) for table in raw]
    medians = [float(np.median(np.maximum(total, 1))) for total in totals]
    parts = [
        Standardised(Products(lognorm(*fit))) for fit in zip(raw, totals, medians, strict=True)
    ]
    loadings = yield from _loadings(parts, n_factors, seed)
    sheets, projections = [], []
    for (s, kept), part, columns, median in zip(pairs, parts, genes, medians, strict=True):
        scores = part.dot(loadings)
        middle, sd = scores.mean(0), np.maximum(scores.std(0), 1e-9)
        own = np.asarray(loadings / part.sd[:, None] / sd, np.float32)
        offset = np.asarray(part.mean @ own + middle / sd, np.float32)
        projections.append(Projection(columns[both], median, own, offset))
        sheets.append(_sheet(s, kept, np.asarray((scores - middle) / sd, np.float32)))
    mine, theirs = sheets
    return JointFactors(mine, theirs, _weights(mine, theirs), projections[0], projections[1])


def _raw(section: Section, seen: NDArray[np.bool_], genes: NDArray[np.intp]) -> sp.csc_matrix:
    """Counts (spot, gene) of the spots that are seen."""
    return sp.csc_matrix(section.counts[:, genes][seen])


def _often_seen(mine: sp.csc_matrix, theirs: sp.csc_matrix) -> NDArray[np.bool_]:
    """Genes (gene,) seen in many spots of both, or where they are few, in any; not too many."""
    share = np.minimum(mine.getnnz(0) / mine.shape[0], theirs.getnnz(0) / theirs.shape[0])
    often = share > SEEN
    if often.sum() < LEAST_GENES:
        often = share > 0
    if often.sum() > MOST_GENES:
        often &= share >= np.partition(share, -MOST_GENES)[-MOST_GENES]
    return np.asarray(often)


def _loadings(parts: list[Standardised], n_factors: int, seed: int) -> Steps[FloatArray]:
    """(gene, factor) right singular vectors of both tables, each as heavy as the other."""
    n = [len(part.weight) for part in parts]
    scale = [np.float32(1 / np.sqrt(m)) for m in n]

    def dot(genes: FloatArray) -> FloatArray:
        return np.vstack([part.dot(genes) * s for part, s in zip(parts, scale, strict=True)])

    def tdot(spots: FloatArray) -> FloatArray:
        mine, theirs = np.split(spots, [n[0]])
        return parts[0].tdot(mine * scale[0]) + parts[1].tdot(theirs * scale[1])

    shape = sum(n), len(parts[0].mean)
    found = yield from truncated_svd(dot, tdot, shape, n_factors, seed, from_genes=True)
    return np.ascontiguousarray(found.right.T)


def _weights(mine: Sheet, theirs: Sheet) -> Array:
    """(factor,) how smooth factors are in both; they sum to 1."""
    weights = np.sqrt(np.maximum(mine.smoothness, 0) * np.maximum(theirs.smoothness, 0))
    weights = np.where(weights < LEAST_WEIGHT, 0, weights)
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))


def _sheet(section: Section, seen: NDArray[np.bool_], scores: FloatArray) -> Sheet:
    xy = section.xy[seen]
    _, near = cKDTree(xy).query(xy, min(AROUND + 1, len(xy)))
    around = scores[near[:, 1:]].mean(1)
    around = (around - around.mean(0)) / np.maximum(around.std(0), 1e-9)
    smoothness = np.asarray((around * scores).mean(0), float)
    return Sheet(xy, scores, section.lattice.spacing, smoothness)
