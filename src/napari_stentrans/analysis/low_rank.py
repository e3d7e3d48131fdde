"""Low rank: maps of any number of genes as sums of a few maps, so that all of it is quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.analysis.latent import COMPONENTS, GENES, VALUES, latent_steps
from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.factors import fit_factors
from napari_stentrans.method_table import METHODS, PLAIN
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.analysis.latent import Columns
    from napari_stentrans.factors import Factors, FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

    Genes = NDArray[np.intp]

FLAT = 1e-6
"""A map whose standard deviation is smaller is flat: it is like no other."""
EXACT_BELOW, NEIGHBOURS = 1000, 48
"""With more spots than this a spot is kriged from so many around it."""


@dataclass(frozen=True, eq=False)
class LowRank:
    """Maps of genes within a few components.

    Attributes
    ----------
    basis
        (site, component) orthonormal, each with mean 0.
    vectors
        (gene, component) of the map of each gene, scaled to a standard deviation of 1: its length
        is the correlation of the map with what the components show of it. 0 for flat maps.
    """

    basis: FloatArray
    vectors: FloatArray

    @property
    def unit(self) -> FloatArray:
        """Vectors (gene, component) of length 1: their products are correlations of maps."""
        return _scaled(self.vectors)

    def subset(self, genes: Genes) -> LowRank:
        """The same components for some of the genes."""
        return LowRank(self.basis, self.vectors[genes])

    def latent(self) -> FloatArray:
        """Principal components (site, component) of the maps, the largest first."""
        vectors = self.vectors.astype(float)
        squares, turn = np.linalg.eigh(vectors.T @ vectors)
        squares, turn = squares[::-1], turn[:, ::-1]
        keep = squares > FLAT * max(squares[0], FLAT)
        if not keep.any():  # every site is the same
            return np.zeros((len(self.basis), 1), np.float32)
        turn = turn[:, keep] * np.sign((vectors @ turn[:, keep]).sum(0) + 1e-12)
        scale = np.sqrt(squares[keep] * len(self.basis))
        return np.asarray(self.basis @ (turn * scale), np.float32)

    def correlations(self, other: LowRank) -> FloatArray:
        """(gene,) correlation of the maps of each gene, here and there."""
        both = self.basis.T @ other.basis
        return np.asarray(((self.vectors @ both) * other.vectors).sum(1))

    def mean_maps(self, codes: Genes) -> FloatArray:
        """(site, group) mean of the maps of the genes of each group, itself standardised."""
        sums = np.eye(int(codes.max()) + 1, dtype=np.float32)[codes].T @ self.vectors
        return self.basis @ _scaled(sums).T * np.float32(np.sqrt(len(self.basis)))

    def likeness(self, codes: Genes, groups: FloatArray) -> FloatArray:
        """(gene,) correlation of each gene's map with that (site, group) of its group."""
        of_groups = groups.T @ self.basis / np.float32(np.sqrt(len(self.basis)))
        return np.asarray((self.vectors * of_groups[codes]).sum(1))


def fitted(section: Section, counts: sp.csc_matrix, seed: int = 0) -> Steps[Factors]:
    """Find the factors of counts of a section (spot, gene), or of a half of them."""
    return fit_factors(counts, COMPONENTS, median_total=section.median_total, most=GENES, seed=seed)


def kriged(
    section: Section, spots: NDArray[np.intp], factors: Sequence[Factors]
) -> Steps[list[LowRank]]:
    """Krige factors of counts at these spots of a section: maps without their noise.

    Kriging is linear: the factors of all are kriged, side by side, and no gene is.
    """
    smooth = METHODS[PLAIN].smooth
    assert smooth is not None
    without_noise = yield from smooth(
        section.xy[spots],
        np.hstack([of.scores for of in factors]),
        section.lattice,
        exact_below=EXACT_BELOW,
        neighbours=NEIGHBOURS,
    )
    ends = np.cumsum([of.scores.shape[1] for of in factors])[:-1]
    scores = np.split(without_noise, ends, axis=1)
    return [_low_rank(*pair) for pair in zip(scores, (f.loadings for f in factors), strict=True)]


def low_rank(columns: Columns, genes: Genes, n_sites: int, *, seed: int = 0) -> Steps[LowRank]:
    """Look at maps, a block of genes at a time, within their principal components."""
    latent = yield from latent_steps(columns, genes, n_sites, seed=seed)
    basis = np.linalg.qr(latent - latent.mean(0))[0]
    vectors = np.empty((len(genes), basis.shape[1]), np.float32)
    step = max(1, min(GENES_AT_ONCE, VALUES // n_sites))
    for start in range(0, len(genes), step):
        yield Progress("comparing maps of genes", start, len(genes))
        block = slice(start, start + step)
        values = columns(genes[block])
        off = values - values.mean(0)
        sd = off.std(0)
        vectors[block] = (off / np.where(sd > FLAT, sd, np.inf)).T @ basis / np.sqrt(n_sites)
    return LowRank(basis, vectors)


def _low_rank(scores: FloatArray, loadings: FloatArray) -> LowRank:
    """Maps scores (site, factor) @ loadings (gene, factor)."""
    basis, turn = np.linalg.qr(scores - scores.mean(0))
    vectors = loadings @ turn.T
    return LowRank(basis, _scaled(vectors, FLAT * np.sqrt(len(scores))))


def _scaled(vectors: FloatArray, flat: float = FLAT) -> FloatArray:
    """Vectors (thing, component) of length 1; 0 for those that are hardly as long as ``flat``."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > flat, length, np.inf), np.float32)
