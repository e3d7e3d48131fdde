"""Like genes: how alike maps of genes are, a block of genes at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.analysis.latent import VALUES, latent_steps
from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_stentrans.analysis.latent import Columns
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps

    Genes = NDArray[np.intp]

FLAT = 1e-6
"""A map whose standard deviation is smaller is flat: it is like no other."""
WHAT = "comparing maps of genes"


def standardised(values: FloatArray) -> FloatArray:
    """Maps (site, gene) with mean 0 and standard deviation 1; flat ones are 0."""
    off = values - values.mean(0)
    sd = off.std(0)
    return np.asarray(off / np.where(sd > FLAT, sd, np.inf), np.float32)


def coordinates(
    columns: Columns, genes: Genes, n_sites: int, *, seed: int = 0
) -> Steps[FloatArray]:
    """Unit vectors (gene, component) whose products are the correlations of maps, nearly.

    Nearly: maps are looked at within their principal components. Flat maps are zeros.
    """
    latent = yield from latent_steps(columns, genes, n_sites, seed=seed)
    basis = np.linalg.qr(latent - latent.mean(0))[0]
    vectors = np.empty((len(genes), basis.shape[1]), np.float32)
    for block, z in _blocks(columns, genes, n_sites):
        yield Progress(WHAT, block.start, len(genes))
        vectors[block] = z.T @ basis
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(length > FLAT, length, np.inf), np.float32)


def repeated(one: Columns, other: Columns, genes: Genes, n_sites: int) -> Steps[FloatArray]:
    """(gene,) correlation of a gene's maps of two halves."""
    found = np.empty(len(genes), np.float32)
    for block, z in _blocks(one, genes, n_sites):
        yield Progress("comparing halves of the counts", block.start, len(genes))
        found[block] = (z * standardised(other(genes[block]))).mean(0)
    return found


def mean_maps(columns: Columns, genes: Genes, codes: Genes, n_sites: int) -> Steps[FloatArray]:
    """(site, group) mean of the standardised maps of the genes of each group, itself so."""
    n = int(codes.max()) + 1
    sums = np.zeros((n_sites, n), np.float32)
    for block, z in _blocks(columns, genes, n_sites):
        yield Progress("drawing patterns", block.start, len(genes))
        sums += z @ np.eye(n, dtype=np.float32)[codes[block]]
    return standardised(sums)


def likeness(columns: Columns, genes: Genes, codes: Genes, groups: FloatArray) -> Steps[FloatArray]:
    """(gene,) correlation of each gene's map with that (site, group) of its group."""
    found = np.empty(len(genes), np.float32)
    for block, z in _blocks(columns, genes, len(groups)):
        yield Progress(WHAT, block.start, len(genes))
        found[block] = (z * groups[:, codes[block]]).mean(0)
    return found


def _blocks(
    columns: Columns, genes: Genes, n_sites: int
) -> Generator[tuple[slice, FloatArray], None, None]:
    """Genes in blocks: where they stand in ``genes``, and their standardised maps."""
    step = max(1, min(GENES_AT_ONCE, VALUES // n_sites))
    for start in range(0, len(genes), step):
        block = slice(start, min(start + step, len(genes)))
        yield block, standardised(columns(genes[block]))
