"""Rankings of genes: how spatial they are, and how much an enhancement changed them.

Genes go through in blocks of columns, so nothing of spots x genes is ever dense.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_stentrans.factors import lognorm, often_seen
from napari_stentrans.progress import Progress
from napari_stentrans.rounding import difference
from napari_stentrans.svd import product_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

Array = NDArray[np.float64]

BLOCK = 256
MORAN_NEIGHBOURS = 6
LEAST_SPOTS = 10
"""Genes seen in fewer spots have a Moran's I by chance only; they are not ranked."""
NO_SPREAD = 1e-6


def blocks(n: int) -> Iterator[slice]:
    """Yield runs of columns that are small enough to be dense."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def morans_i(values: sp.csc_matrix, xy: Array) -> Array:
    """Moran's I (gene,) of values (spot, gene) at xy (spot, 2), over six neighbours each.

    I = sum_i z_i mean_j(z_j) / sum_i z_i^2, j the neighbours of i (Moran 1950, row-normalised).
    """
    moran = moran_of(xy)
    parts = [moran(values[:, at].toarray()) for at in blocks(values.shape[1])]
    return np.concatenate([np.empty(0), *parts])


def moran_of(xy: Array) -> Callable[[FloatArray], Array]:
    """Make the function that gives Moran's I (gene,) of a block of values (spot, gene) at xy."""
    around = _neighbour_means(xy)
    return lambda values: _moran(values, around)


def most_spatial_steps(section: Section) -> Steps[pd.Series]:
    """Rank genes by Moran's I of their log-normalised expression, the most spatial first.

    Genes that are seen in fewer than ``LEAST_SPOTS`` spots are left out.

    Yields
    ------
    Progress
        One per block of genes.
    """
    at = np.flatnonzero(np.diff(section.counts.indptr) >= LEAST_SPOTS)
    around, moran = _neighbour_means(section.xy), np.empty(len(at))
    for block in blocks(len(at)):
        yield Progress("ranking genes by Moran's I", block.start, len(at))
        some = lognorm(section.counts[:, at[block]], section.totals, section.median_total)
        moran[block] = _moran(some.toarray(), around)
    return _ranked(moran, section.genes[at])


def most_changed_steps(result: Enhancement) -> Steps[pd.Series]:
    """Rank the genes of a result by how much it changed their maps, the most changed first.

    The change of a gene is the root mean square of enhanced minus measured at the spots whose
    values the run replaced (all of them where it denoised, else the lost ones), in standard
    deviations of the measured values over the section; log-normalised both. Genes that are seen
    in few spots (``SEEN``) are left out while there are others: all of them change a lot.
    Empty where the run replaced the value of no spot.

    Yields
    ------
    Progress
        One per block of genes.
    """
    section, n_spots = result.section, result.sites.n_spots
    replaced = np.ones(n_spots, bool)
    if not result.record.config.denoise:
        replaced = ~result.sites.measured[:n_spots]
    spots = np.flatnonzero(replaced)
    columns = section.genes.get_indexer(result.genes)
    common = often_seen(section.counts)[columns]
    genes = np.flatnonzero(common if common.any() else np.ones(len(columns), bool))
    if not len(spots):
        return pd.Series(dtype=float)
    change = np.empty(len(genes))
    for block in blocks(len(genes)):
        yield Progress("comparing before and after", block.start, len(genes))
        at = genes[block]
        some = section.counts[:, columns[at]]
        measured = lognorm(some, section.totals, section.median_total).toarray()
        error = difference(result.decoder.means(at, spots), measured[spots])
        spread = np.maximum(measured.std(0, dtype=float), NO_SPREAD)
        change[block] = np.sqrt((error**2).mean(0, dtype=float)) / spread
    return _ranked(change, result.genes[genes])


def _neighbour_means(xy: Array) -> Callable[[FloatArray], FloatArray]:
    """Make the function that gives means (spot, column) of values over six neighbours each."""
    n = len(xy)
    k = min(MORAN_NEIGHBOURS, n - 1)
    _, near = cKDTree(xy).query(xy, range(1, k + 2))
    pairs = (np.repeat(np.arange(n), k), near[:, 1:].ravel())
    weights = np.full(n * k, 1 / max(k, 1), np.float32)  # a single spot has no neighbours
    return product_with(sp.csr_matrix((weights, pairs), (n, n)))


def _moran(values: FloatArray, around: Callable[[FloatArray], FloatArray]) -> Array:
    z = np.asarray(values - values.mean(0), np.float32)
    return np.asarray((z * around(z)).sum(0) / np.maximum((z * z).sum(0), 1e-9), float)


def _ranked(values: Array, genes: pd.Index) -> pd.Series:
    order = np.argsort(-values, kind="stable")
    return pd.Series(values[order], index=genes[order])
