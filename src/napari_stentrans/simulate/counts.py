"""Simulated genes: their share of the transcripts at a place, and counts drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from napari_stentrans.simulate.tissue import DOMAINS, GRADIENTS, HOT_SPOTS, PROGRAMMES

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[np.float64]

CHUNK = 2_000_000
"""Values (gene x spot) that are dense at a time."""
MEAN_SPREAD = 1.7
"""Standard deviation of the logarithm of mean expression between genes."""
STRONG, WEAK = 0.06, 0.35
"""Share of genes with a strong, and with a weak spatial pattern; the others have none."""
EFFECT = np.repeat([1.0, 0.55, 1.1], [len(DOMAINS), len(GRADIENTS), len(HOT_SPOTS)])
"""Loadings of a programme are multiplied by this: gradients run from -1 to 1."""


@dataclass(frozen=True, eq=False)
class Genes:
    """What is true of each gene.

    A gene's share of the transcripts at a place is proportional to
    ``exp(log_mean + loadings @ programmes)``.

    Attributes
    ----------
    log_mean
        (gene,) natural logarithm.
    loadings
        (gene, programme).
    shape
        (gene,) of the negative binomial: variance = mean + mean**2 / shape.
    """

    log_mean: Array
    loadings: Array
    shape: Array

    @classmethod
    def draw(cls, rng: np.random.Generator, n_genes: int) -> Genes:
        """Random genes; the first ones are a clear marker of each programme, in order."""
        n_programmes = len(PROGRAMMES)
        log_mean = rng.normal(0, MEAN_SPREAD, n_genes)
        kind = rng.random(n_genes)
        strong, weak = kind < STRONG, (kind >= STRONG) & (kind < STRONG + WEAK)
        loadings = np.zeros((n_genes, n_programmes))
        some = rng.random((n_genes, n_programmes)) < 2 / n_programmes
        loadings[weak] = (some * rng.normal(0, 0.35, some.shape))[weak]
        main = rng.integers(n_programmes, size=n_genes)
        loadings[strong, main[strong]] = rng.uniform(1.0, 2.8, n_genes)[strong]
        clear = np.arange(min(n_programmes, n_genes))
        loadings[clear] = 3.2 * np.eye(n_programmes)[clear]
        log_mean[clear] = rng.uniform(0.0, 0.8, len(clear))
        shape = np.exp(rng.normal(np.log(8), 0.4, n_genes))
        return cls(log_mean, loadings * EFFECT, shape)

    def weights(self, programmes: Array, genes: slice | NDArray[np.int64]) -> Array:
        """(gene, site) not normalised shares of some genes at programmes (site, programme)."""
        log = self.loadings[genes] @ programmes.T
        log += self.log_mean[genes, None]
        return np.asarray(np.exp(log, out=log))

    def totals(self, programmes: Array) -> Array:
        """(site,) sum of the weights of all genes."""
        spatial = self.loadings.any(1)
        total = np.full(len(programmes), np.exp(self.log_mean[~spatial]).sum())
        among = np.flatnonzero(spatial)
        for part in chunks(len(among), len(programmes)):
            total += self.weights(programmes, among[part]).sum(0)
        return total

    def shares(self, programmes: Array, genes: NDArray[np.int64]) -> Array:
        """(site, gene) share that some genes have of the transcripts at a site."""
        return np.asarray((self.weights(programmes, genes) / self.totals(programmes)).T)


def chunks(n_genes: int, n_sites: int) -> Iterator[slice]:
    """Yield runs of genes that are small enough to be dense at a time."""
    step = max(1, CHUNK // max(1, n_sites))
    for start in range(0, n_genes, step):
        yield slice(start, min(start + step, n_genes))


def draw_counts(
    rng: np.random.Generator,
    genes: Genes,
    programmes: Array,
    library: Array,
    mixed: NDArray[np.int64],
    sides: Array,
) -> sp.csc_matrix:
    """Draw negative binomial counts (spot, gene), gene chunk by gene chunk.

    Parameters
    ----------
    programmes
        (spot, programme).
    library
        (spot,) expected counts of all genes.
    mixed
        (m,) spots in a fold: they see the tissue of both sides instead of their own.
    sides
        (2 * m, programme) programmes of the one side, then of the other.
    """
    n_spots, n_mixed = len(programmes), len(mixed)
    sources = np.concatenate([programmes, sides])
    reads = np.concatenate([library, np.tile(library[mixed] / 2, 2)]) / genes.totals(sources)
    values, indices, lengths = [], [], []
    for part in chunks(len(genes.log_mean), n_spots):
        expected = genes.weights(sources, part)
        expected *= reads
        own, one, other = np.split(expected, [n_spots, n_spots + n_mixed], axis=1)
        own[:, mixed] = one + other
        shape = genes.shape[part, None]
        rate = rng.standard_gamma(np.broadcast_to(shape, own.shape))
        rate *= own / shape
        drawn = rng.poisson(rate)
        gene, spot = np.nonzero(drawn)
        values.append(drawn[gene, spot].astype(np.float32))
        indices.append(spot.astype(np.int32))
        lengths.append(np.bincount(gene, minlength=len(drawn)))
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    parts = (np.concatenate(values), np.concatenate(indices), indptr)
    return sp.csc_matrix(parts, shape=(n_spots, len(genes.log_mean)))
