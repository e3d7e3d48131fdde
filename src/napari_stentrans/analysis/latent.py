"""Latent: a few numbers for each site that tell tissues apart, from the maps of many genes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_stentrans.factors import often_seen
from napari_stentrans.progress import Progress
from napari_stentrans.svd import truncated_svd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps

COMPONENTS = 20
GENES = 2000
"""Genes that the components are found on, at most: the most often seen ones."""
SITES = 4000
"""Sites that the components are found on, at most."""
VALUES = 20_000_000
"""Values (site, gene) that are dense at once."""
WHAT = "finding the components of the maps"


class Columns(Protocol):
    """Gives values (site, gene) of genes at these positions."""

    def __call__(self, at: NDArray[np.intp]) -> FloatArray:
        """Make them."""
        ...


def telling_genes(maps: Maps, spots: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions of the genes of maps that tell tissues apart: seen in most of these spots."""
    column = maps.section.genes.get_indexer(maps.genes)
    counts = maps.section.counts[spots]
    seen, common = counts.getnnz(0)[column], often_seen(counts)[column]
    at = np.flatnonzero(common if common.any() else seen > 0)
    return np.sort(at[np.argsort(-seen[at], kind="stable")[:GENES]])


def latent_steps(
    columns: Columns, genes: NDArray[np.intp], n_sites: int, *, seed: int = 0
) -> Steps[FloatArray]:
    """Principal components (site, component) of genes, each scaled to a standard deviation of 1.

    They are found on ``SITES`` sites at most; all sites are put into them, genes in blocks.

    Yields
    ------
    Progress
        One per block of genes, twice.
    """
    rng = np.random.default_rng(seed)
    some = np.sort(rng.permutation(n_sites)[:SITES])
    step = max(1, VALUES // n_sites)
    blocks = [slice(start, start + step) for start in range(0, len(genes), step)]
    z = np.empty((len(some), len(genes)), np.float32)
    for i, block in enumerate(blocks):
        yield Progress(WHAT, i, 2 * len(blocks))
        z[:, block] = columns(genes[block])[some]
    mean, sd = z.mean(0), z.std(0)
    sd[sd < 1e-6] = np.inf  # a gene that does not vary says nothing
    z = (z - mean) / sd
    k = max(1, min(COMPONENTS, len(some) - 1, len(genes)))
    found = yield from truncated_svd(lambda x: z @ x, lambda x: z.T @ x, z.shape, k, seed)
    if not len(found.right):  # every site is the same
        return np.zeros((n_sites, 1), np.float32)
    axes = found.right.T * np.sign(found.right.sum(1) + 1e-12)  # the same way round anywhere
    if len(some) == n_sites:
        return np.asarray(z @ axes, np.float32)
    latent = np.zeros((n_sites, axes.shape[1]), np.float32)
    for i, block in enumerate(blocks):
        yield Progress(WHAT, len(blocks) + i, 2 * len(blocks))
        latent += ((columns(genes[block]) - mean[block]) / sd[block]) @ axes[block]
    return latent


def with_places(latent: FloatArray, xy: NDArray[np.float64], weight: float) -> FloatArray:
    """Latent (site, component) and positions, whose variance is ``weight`` times its variance."""
    if not weight:
        return latent
    place = xy - xy.mean(0)
    spread = np.sqrt(weight * latent.var(0).sum() / max(place.var(0).sum(), 1e-12))
    return np.hstack([latent, place * spread]).astype(np.float32)
