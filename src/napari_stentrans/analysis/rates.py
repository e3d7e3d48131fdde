"""Rates: the share of all counts that a gene has in two regions, and in the patches of each.

Depth is allowed for by that: a gene's counts in a place are set against all counts there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.analysis.patches import Patches

    Array = NDArray[np.float64]

HALF = 0.5
"""Counts added to those of a region, so that a gene that is not seen there has a ratio."""
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates of genes in region 0 and region 1.

    Attributes
    ----------
    rates
        (gene, 2) counts of the gene by all counts.
    seen
        (gene, 2) spots with the gene.
    deviations
        (patch, gene) of patches from their region, on a scale on which both regions scatter alike:
        counting gives a rate a variance that grows with it, what places have of their own one
        that grows with its square, and the gene's own scatter says how much is of which kind.
    scale
        (gene, 2) factor from that scale to that of the logarithm of the rate of a region.
    independent
        (gene,) variance of the logarithm of their ratio, were spots independent samples.
    """

    rates: Array
    seen: Array
    deviations: NDArray[np.float32]
    scale: Array
    independent: Array

    @property
    def log_ratio(self) -> Array:
        """(gene,) natural logarithm of the ratio of both."""
        return np.asarray(np.log(self.rates[:, 0] / self.rates[:, 1]))


class Exposed:
    """What rates of all genes are measured against: the counts of all genes at spots.

    Parameters
    ----------
    patches
        Of the two regions.
    region
        (spot,) 0, 1, or -1 for spots that take no part.
    totals
        (spot,) counts of all genes.

    Attributes
    ----------
    of_patches, sums
        Counts of all genes in each patch, and in the two regions.
    """

    def __init__(self, patches: Patches, region: NDArray[np.intp], totals: Array) -> None:
        self.patches, self.totals = patches, totals
        self.of_patches = np.asarray(patches.members @ totals)
        self._patch = np.full(len(region), len(patches))
        self._patch[patches.members.indices] = np.repeat(
            np.arange(len(patches)), np.diff(patches.members.indptr)
        )
        self._inside = np.stack([region == code for code in (0, 1)], 1).astype(float)
        self.sums, self._squares = totals @ self._inside, totals**2 @ self._inside

    def rates(self, counts: sp.csc_matrix) -> Rates:
        """Rates of the genes of counts (spot, gene)."""
        n_genes, spot = counts.shape[1], counts.indices
        gene = np.repeat(np.arange(n_genes), np.diff(counts.indptr))
        shape = (len(self.patches) + 1, n_genes)  # the last for spots that take no part
        at = (self._patch * n_genes).take(spot) + gene
        values = counts.data.astype(float)
        in_patches = np.bincount(at, values, shape[0] * n_genes).reshape(shape)[:-1]

        def both(of: Array, times: Array) -> Array:
            by_gene = sp.csr_matrix((of, spot, counts.indptr), counts.shape[::-1])
            return np.asarray(by_gene @ times)

        codes = self.patches.region
        sums = np.stack([in_patches[codes == code].sum(0) for code in (0, 1)], 1)
        rates = (sums + HALF) / self.sums
        crossed = both(values, self._inside * self.totals[:, None])
        residual = both(values**2, self._inside) - 2 * rates * crossed + rates**2 * self._squares
        independent = (residual / (rates * self.sums) ** 2).sum(1)
        seen = both(np.ones(len(values)), self._inside)
        deviations, scale = self._deviations(in_patches, sums, rates)
        return Rates(rates, seen, deviations, scale, independent)

    def _deviations(
        self, in_patches: Array, sums: Array, rates: Array
    ) -> tuple[NDArray[np.float32], Array]:
        exposure = self.of_patches[:, None]
        expected = rates[:, self.patches.region].T
        away = in_patches / exposure - expected
        by_counting = expected.sum(0) / np.maximum((exposure * away**2).sum(0), TINY)
        power = HALF * np.minimum(by_counting, 1)[:, None]
        whole = (sums.sum(1) + HALF)[:, None] / self.sums.sum()
        unit = rates ** (1 - power) * whole**power
        return np.asarray(away / unit[:, self.patches.region].T, np.float32), unit / rates
