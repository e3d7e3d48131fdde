"""Spatially variable genes: which vary in space by more than chance, as measured.

z'Kz of a gene's residuals z is large where near spots are alike. K are Gaussian kernels of
several ranges (``kernels``), p-values come from what permuted spots would give (``permutation``),
and the tests of all ranges make one p-value (Cauchy combination).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.kernels import Kernels
from napari_stentrans.analysis.multiple import combined, false_discovery_rates
from napari_stentrans.analysis.permutation import Invariants, moments, upper_tail
from napari_stentrans.analysis.residuals import Covariates, count_residuals, standardised
from napari_stentrans.analysis.tested_genes import TestedGenes
from napari_stentrans.device import one_blas_thread
from napari_stentrans.progress import Progress, drain
from napari_stentrans.ranking import LEAST_SPOTS, moran_of
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

LEVEL = 0.05
PREFIX = "spatial_"
"""What names in ``var`` begin with."""


@dataclass(frozen=True, eq=False)
class SpatialGenes:
    """Which genes vary in space.

    Attributes
    ----------
    table
        One row for each gene that was tested, by name, the surest first:

        ``pvalue``
            How often a gene that does not vary in space would look as much as if it did.
        ``fdr``
            Share of false ones among the genes up to this one (Benjamini and Hochberg).
        ``statistic``
            z'Kz of the best kernel, in standard deviations of what permuted spots give.
        ``range``
            Range of that kernel, in spacings of the spots: how large the pattern is.
        ``n_spots``
            Spots in which the gene is seen.
        ``morans_i``
            Moran's I of its log-normalised expression, over six neighbours.
        ``pvalue_before``, ``fdr_before``, ``pvalue_hidden``
            Where a run was asked as well: the test on what was measured alone, and whether the
            run foretells the gene at spots it did not see; ``pvalue`` is then of both.
    n_sites
        Spots that were looked at: neither lost nor without counts.
    min_spots
        Genes seen in fewer spots were not tested.
    """

    table: pd.DataFrame
    n_sites: int
    min_spots: int

    @property
    def after(self) -> bool:
        """Whether a run was asked as well."""
        return "fdr_before" in self.table

    def called(self, fdr: float = LEVEL) -> list[str]:
        """Names of the genes that vary in space at a false discovery rate, the surest first."""
        return [str(gene) for gene in self.table.index[self.table["fdr"] <= fdr]]

    def in_words(self, fdr: float = LEVEL) -> str:
        """What was found, in one sentence."""
        tested, found = len(self.table), len(self.called(fdr))
        tail = f"at a false discovery rate of {fdr:.0%}"
        if not self.after:
            return (
                f"{found:,} of {some(tested, 'gene')} vary in space {tail}, as measured at "
                f"{some(self.n_sites, 'spot')}."
            )
        before = int((self.table["fdr_before"] <= fdr).sum())
        return (
            f"{before:,} of {some(tested, 'gene')} vary in space {tail} as measured, and {found:,} "
            "when it also counts how well the run foretells spots that were hidden from it."
        )

    def annotate(self, adata: ad.AnnData) -> None:
        """Put the table into ``var`` as ``spatial_pvalue``, ``spatial_fdr`` and so on.

        NaN for genes that were not tested.
        """
        for column in self.table:
            adata.var[f"{PREFIX}{column}"] = self.table[column].reindex(adata.var_names).to_numpy()


def find_spatial_genes(
    data: Section | Maps,
    lost: NDArray[np.bool_] | None = None,
    *,
    min_spots: int = LEAST_SPOTS,
    seed: int = 0,
) -> SpatialGenes:
    """Test each gene for a pattern in space, as measured; see ``find_spatial_genes_steps``."""
    return drain(find_spatial_genes_steps(data, lost, min_spots=min_spots, seed=seed))


def find_spatial_genes_steps(
    data: Section | Maps,
    lost: NDArray[np.bool_] | None = None,
    *,
    min_spots: int = LEAST_SPOTS,
    seed: int = 0,
) -> Steps[SpatialGenes]:
    """Test each gene for a pattern in space, on measured counts.

    Depth is no pattern: what library sizes explain is taken out of counts and kernels.

    Parameters
    ----------
    data
        The section, or maps of it as measured.
    lost
        (spot,) True for spots to leave out; spots without counts always are.
    min_spots
        Test genes that are seen in so many spots or more.
    seed
        Of the rows that stand for large kernels; matters from 1,200 spots on.

    Yields
    ------
    Progress
        One per block of genes.

    Raises
    ------
    ConfigError
        When maps are those of a run, ``min_spots`` is below 3, or too little is left to test.
    """
    tested = TestedGenes.of(data, lost, min_spots)
    covariates = Covariates.of_depth(tested.totals)
    kernels = Kernels.of(tested.units, covariates)
    null, moran = [], moran_of(tested.xy)
    for kernel in range(len(kernels.ranges)):
        yield Progress("measuring what chance gives", kernel, len(kernels.ranges))
        null.append(kernels.invariants(kernel, seed))
    scale = (tested.section.median_total / tested.totals)[:, None].astype(np.float32)
    parts: list[pd.DataFrame] = []
    for block in tested.blocks():
        yield Progress("finding spatially variable genes", block.start, len(tested.columns))
        counts = tested.counts(block)
        with one_blas_thread():
            z = standardised(count_residuals(counts, tested.totals), covariates)
            found = _test(z, kernels, null)
        parts.append(found.assign(morans_i=moran(np.log1p(counts * scale))))
    genes = tested.section.genes[tested.columns]
    table = pd.concat(parts, ignore_index=True).set_index(pd.Index(genes, name="gene"))
    table.insert(1, "fdr", false_discovery_rates(table["pvalue"]))
    table.insert(4, "n_spots", tested.n_spots)
    return SpatialGenes(sorted_by_evidence(table), len(tested.spots), min_spots)


def sorted_by_evidence(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the surest genes first; those alike by the statistic, then as they were."""
    order = np.lexsort((np.arange(len(table)), -table["statistic"], table["pvalue"]))
    return table.iloc[order]


def _test(z: FloatArray, kernels: Kernels, null: list[Invariants]) -> pd.DataFrame:
    """Test standardised residuals z (spot, gene) with each kernel: p-value, statistic and range."""
    values, n = Invariants.of_values(z), len(z)
    statistics, varies = kernels.statistics(z), (z != 0).any(0)
    p, scores = np.ones_like(statistics), np.zeros_like(statistics)
    for i, (statistic, kernel) in enumerate(zip(statistics, null, strict=True)):
        sd, skew = moments(kernel, values, n)
        scores[i] = np.where(varies, statistic / sd, 0)
        p[i] = np.where(varies, upper_tail(scores[i], skew * kernel.heavier), 1)
    best = p.argmin(0)
    return pd.DataFrame(
        {
            "pvalue": np.where(varies, combined(p), 1),
            "statistic": scores[best, np.arange(len(best))],
            "range": np.array(kernels.ranges)[best],
        }
    )
