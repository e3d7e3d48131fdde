"""Two regions compared, gene by gene: on measured counts, and what a run makes of it beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from napari_stentrans.analysis.after import estimate_steps, sites_of
from napari_stentrans.analysis.patches import Patches
from napari_stentrans.analysis.rates import Exposed
from napari_stentrans.analysis.regions import NORMAL_95, measured_spots
from napari_stentrans.analysis.spatial_noise import SpatialNoise, Spread, weighed
from napari_stentrans.analysis.wilcoxon import rank_sum
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.factors import lognorm
from napari_stentrans.progress import Progress, Steps, drain
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.section import Section

    Array = NDArray[np.float64]

REST = "the rest"
"""What the other region is called where none is given."""
LEAST_SPOTS = 5
"""Measured spots of a region that is compared."""
LEAST_SEEN = 10
"""Genes seen in fewer of the compared spots are not tested."""
AT_ONCE = 1024
"""Genes of a block."""
LEVEL, FDR = 0.95, 0.05
LN2 = float(np.log(2))
HALF = 0.5
"""Counts added to those of a region, so that a gene that is not seen there has a ratio."""
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Comparison:
    """Genes of one region against another.

    Attributes
    ----------
    one, other
        Names of the regions; ``other`` is "the rest" for all other measured spots.
    n_one, n_other
        Measured spots of each.
    n_rare
        Genes that were seen in too few spots to be tested.
    table
        A row for each gene that was tested, the smallest p-value first. ``log2_fold_change`` of
        the shares of all counts that the gene has in the regions, with the ends ``low`` and
        ``high`` of its interval (95%): how far two regions of their size and shape may differ by
        chance, as places nearby are alike, is part of it. ``pvalue`` and ``fdr``
        (Benjamini-Hochberg) say so as a test. ``pvalue_wilcoxon`` and ``fdr_wilcoxon`` are those
        of Wilcoxon's rank-sum test on log-normalised values, which takes each spot for a sample
        of its own. ``inflation`` is how many times more the difference varies than if that were
        so. ``mean_one`` and ``mean_other`` are counts per spot of the section's median library
        size, ``fraction_one`` and ``fraction_other`` shares of spots with the gene. Of a run:
        ``after_log2_fold_change`` with ``after_low`` and ``after_high`` (95%), of how uncertain
        the run's own estimates are; never a test. NaN for genes that are not part of the run.
    enhanced
        Whether there is an "after".
    """

    one: str
    other: str
    n_one: int
    n_other: int
    n_rare: int
    table: pd.DataFrame
    enhanced: bool

    def in_words(self, fdr: float = FDR) -> str:
        """Say how many genes differ, by both tests, and what tells them apart."""
        spatial, ranks = ((self.table[name] < fdr).sum() for name in ("fdr", "fdr_wilcoxon"))
        only = (self.table["fdr"] >= fdr) & (self.table["fdr_wilcoxon"] < fdr)
        rare = f" ({self.n_rare:,} seen in fewer than {LEAST_SEEN} spots are left out)"
        times = self.table["inflation"][only if only.any() else slice(None)].median()
        return (
            f"{self.one} ({some(self.n_one, 'spot')}) against {self.other} "
            f"({some(self.n_other, 'spot')}): of {some(len(self.table), 'gene')}"
            f"{rare if self.n_rare else ''}, {spatial:,} differ at an FDR of {fdr:.0%} by the test "
            f"that allows for spots nearby being alike, {ranks:,} by Wilcoxon's. Wilcoxon's takes "
            "each spot for a sample of its own, so any gene that changes smoothly over the tissue "
            f"seems to differ between any two regions: the difference of "
            f"{'the genes that only it names' if only.any() else 'a gene'} varies {times:.1f} "
            "times as much as it supposes (median). Both look at measured counts only."
        )

    def annotate(self, adata: ad.AnnData, key: str = "stentrans_regions") -> None:
        """Put the table into ``uns[key]`` as scanpy's ``rank_genes_groups`` does.

        ``sc.get.rank_genes_groups_df(adata, None, key=key)`` and scanpy's plots read it.
        """
        table = self.table
        score = -ndtri(np.maximum(table["pvalue"], TINY) / 2) * np.sign(table["log2_fold_change"])
        ranked = table.assign(score=score).sort_values("score", ascending=False)
        kinds = {
            "names": ranked.index.astype(str).to_numpy(object),
            "scores": ranked["score"].to_numpy(np.float32),
            "logfoldchanges": ranked["log2_fold_change"].to_numpy(np.float32),
            "pvals": ranked["pvalue"].to_numpy(),
            "pvals_adj": ranked["fdr"].to_numpy(),
        }
        reference = "rest" if self.other == REST else self.other
        params = {
            "groupby": "region",
            "reference": reference,
            "method": "spatial",
            "use_raw": False,
        }
        adata.uns[key] = {"params": params} | {
            name: np.rec.fromarrays([values], dtype=[(self.one, values.dtype)])
            for name, values in kinds.items()
        }


def compare_regions(
    data: Section | Enhancement,
    annotation: Annotation,
    one: str,
    other: str | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
) -> Comparison:
    """Compare the genes of two regions, or of one with the rest.

    Parameters
    ----------
    data
        A section, or the result of a run: then its estimates stand beside the test, which is
        always on the measured counts. Lost spots take no part in it.
    annotation
        Named regions of the spots.
    one, other
        Their names; without ``other`` all other measured spots, also those in no region.
    lost
        (spot,) True for spots of a section to leave out; a run has its own.

    Raises
    ------
    SectionError
        When there is no region of that name, or the regions are those of another section.
    ConfigError
        When both are the same, a region has fewer than 5 measured spots, or no gene is seen
        often enough to be tested.
    """
    return drain(compare_regions_steps(data, annotation, one, other, lost=lost))


def compare_regions_steps(
    data: Section | Enhancement,
    annotation: Annotation,
    one: str,
    other: str | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
) -> Steps[Comparison]:
    """Do what ``compare_regions`` does, one Progress per block of genes."""
    section, measured = measured_spots(data, lost)
    sides = _sides(section, annotation, one, other)
    region = np.where(measured, sides, -1)
    names = (one, other or REST)
    _check_large(region, names)
    table = yield from _tested_steps(section, region)
    enhanced = isinstance(data, Enhancement)
    if isinstance(data, Enhancement):
        table = table.join((yield from _after_steps(data, sides, table.index)))
    table = table.sort_values("pvalue", kind="stable")
    n_spots = np.bincount(region[region >= 0]).tolist()
    return Comparison(*names, *n_spots, len(section.genes) - len(table), table, enhanced)


def _sides(
    section: Section, annotation: Annotation, one: str, other: str | None
) -> NDArray[np.intp]:
    """(spot,) 0 in the one region, 1 in the other, -1 elsewhere."""
    annotation.check(section)
    inside = annotation.spots(one)
    outside = ~inside if other is None else annotation.spots(other)
    if one == other:
        raise ConfigError(f"{one!r} cannot be compared with itself. Choose another region.")
    return np.where(inside, 0, np.where(outside, 1, -1))


def _check_large(region: NDArray[np.intp], names: tuple[str, str]) -> None:
    """Raise ConfigError where one of the regions has too few measured spots."""
    for code, name in enumerate(names):
        found = int((region == code).sum())
        if found < LEAST_SPOTS:
            raise ConfigError(
                f"{name!r} has {some(found, 'measured spot')}; regions that are compared need "
                f"{LEAST_SPOTS} or more. Draw it larger, or choose another."
            )


def _often(seen: Array, n_spots: int) -> NDArray[np.intp]:
    """Genes of which enough is known, of (gene, 2) spots with them."""
    often = seen.sum(1) >= LEAST_SEEN
    if not often.any():
        most = int(seen.sum(1).max())
        raise ConfigError(
            f"No gene is seen in {LEAST_SEEN} or more of the {n_spots:,} spots that are compared; "
            f"the most often seen is in {most:,}. Compare larger regions."
        )
    return np.flatnonzero(often)


def _tested_steps(section: Section, region: NDArray[np.intp]) -> Steps[pd.DataFrame]:
    """Table of the genes that are seen often enough, in their order."""
    patches = Patches.of(section.xy, region)
    exposed = Exposed(patches, region, section.totals)
    noise = SpatialNoise(patches, exposed.of_patches)
    found, cases, by_rank = [], [], []
    for start in range(0, len(section.genes), AT_ONCE):
        yield Progress("comparing regions", start, len(section.genes))
        counts = section.counts[:, start : start + AT_ONCE]
        rates = exposed.rates(counts)
        found.append((rates.rates, rates.seen, rates.log_ratio, rates.independent))
        cases.append(noise.cases(rates.deviations, rates.scale))
        values = lognorm(counts, section.totals, section.median_total)
        by_rank.append(rank_sum(values, region))
    n_spots = np.bincount(region[region >= 0])
    often = _often(np.concatenate([seen for _, seen, *_ in found]), int(n_spots.sum()))
    rates, seen, ratio, independent = _joined(found, often)
    likely, std = _joined(cases, often)
    spread = Spread(weighed(likely), std, noise.freedom)
    p, away = spread.pvalues(ratio), spread.half_width(LEVEL)
    ranks = np.concatenate(by_rank)[often]
    means, fractions = rates * section.median_total, seen / n_spots
    columns = {
        "log2_fold_change": ratio / LN2,
        "low": (ratio - away) / LN2,
        "high": (ratio + away) / LN2,
        "pvalue": p,
        "fdr": _false_discovery(p),
        "pvalue_wilcoxon": ranks,
        "fdr_wilcoxon": _false_discovery(ranks),
        "inflation": spread.variance / np.maximum(independent, TINY),
        "mean_one": means[:, 0],
        "mean_other": means[:, 1],
        "fraction_one": fractions[:, 0],
        "fraction_other": fractions[:, 1],
    }
    return pd.DataFrame(columns, index=pd.Index(section.genes[often], name="gene"))


def _joined(blocks: list[tuple[Array, ...]], often: NDArray[np.intp]) -> list[Array]:
    """Join the blocks of each array (gene, ...), and keep the genes that are seen often enough."""
    return [np.concatenate(parts)[often] for parts in zip(*blocks, strict=True)]


def _false_discovery(pvalues: Array) -> Array:
    """False discovery rates of Benjamini and Hochberg."""
    from scipy.stats import false_discovery_control  # takes long to import

    return np.asarray(false_discovery_control(pvalues))


def _after_steps(
    result: Enhancement, region: NDArray[np.intp], names: pd.Index
) -> Steps[pd.DataFrame]:
    """Log2 fold changes of the sites of a run, for the genes that it has."""
    known = [str(name) for name in names if name in result.genes]
    found = yield from estimate_steps(result, sites_of(result, region), 2, known)
    half = HALF / np.maximum(np.bincount(region[region >= 0])[:, None], 1)
    log = np.log2(np.maximum(found.mean, 0) + half)
    relative = found.std / (np.maximum(found.mean, 0) + half) / LN2
    change, away = log[0] - log[1], NORMAL_95 * np.hypot(*relative)
    columns = {
        "after_log2_fold_change": change,
        "after_low": change - away,
        "after_high": change + away,
    }
    return pd.DataFrame(columns, index=pd.Index(known)).reindex(names)
