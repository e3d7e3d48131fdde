"""Two regions compared, gene by gene: on measured counts, and what a run makes of it beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

from napari_stentrans.analysis.after import estimate_steps, half_width, sites_of
from napari_stentrans.analysis.rates import HALF
from napari_stentrans.analysis.regions import measured_spots
from napari_stentrans.analysis.tested import LEAST_SEEN, LN2, NOISE, TINY, tested_steps
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.progress import Steps, drain
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
FDR = 0.05


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
        ``after_log2_fold_change`` with ``after_low`` and ``after_high`` (95%): how well the
        difference of this very piece of tissue is known by the run (``after.half_width``); it is
        no test. NaN for genes that are not part of the run.
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
        said = (
            f"{self.one} ({some(self.n_one, 'spot')}) against {self.other} "
            f"({some(self.n_other, 'spot')}): of {some(len(self.table), 'gene')}"
            f"{rare if self.n_rare else ''}, {spatial:,} differ at an FDR of {fdr:.0%} by the test "
            f"that allows for spots nearby being alike, {ranks:,} by Wilcoxon's, which takes each "
            "spot for a sample of its own, so that genes that change smoothly over the tissue seem "
            "to differ between any two regions."
        )
        if only.any():
            times = self.table["inflation"][only].median()
            said += (
                f" The difference of the {some(int(only.sum()), 'gene')} that only Wilcoxon's "
                f"names varies {times:.1f} times as much as it supposes (median)."
            )
        return f"{said} Both look at measured counts only."

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
    table = yield from tested_steps(section, region)
    enhanced = isinstance(data, Enhancement)
    if isinstance(data, Enhancement):
        table = table.join((yield from _after_steps(data, sides, table)))
    table = table.drop(columns=NOISE).sort_values("pvalue", kind="stable")
    n_spots = np.bincount(region[region >= 0]).tolist()
    n_rare = len(section.genes) - len(table)
    return Comparison(*names, n_spots[0], n_spots[1], n_rare, table, enhanced)


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


def _after_steps(
    result: Enhancement, region: NDArray[np.intp], table: pd.DataFrame
) -> Steps[pd.DataFrame]:
    """Log2 fold changes of the sites of a run, for the genes that it has."""
    known = [str(name) for name in table.index if name in result.genes]
    found = yield from estimate_steps(result, sites_of(result, region), 2, known)
    half = HALF / np.maximum(np.bincount(region[region >= 0])[:, None], 1)
    mean = np.maximum(found.mean, 0) + half
    change, measured = np.subtract(*np.log2(mean)), table.loc[known]
    before, noise = (measured[name].to_numpy() for name in ("log2_fold_change", NOISE))
    away = half_width(np.hypot(*(found.std / mean)) / LN2, noise, change - before)
    columns = {
        "after_log2_fold_change": change,
        "after_low": change - away,
        "after_high": change + away,
    }
    return pd.DataFrame(columns, index=pd.Index(known)).reindex(table.index)
