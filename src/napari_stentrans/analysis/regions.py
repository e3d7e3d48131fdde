"""Regions, one by one: how large they are, and what is expressed in them, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.after import NORMAL_95, estimate_steps, half_width, sites_of
from napari_stentrans.analysis.maps import check_measured
from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.factors import lognorm
from napari_stentrans.progress import Progress, Steps, drain
from napari_stentrans.targets import check_lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.annotation import Annotation
    from napari_stentrans.section import Section

UM2_OF_MM2 = 1e6


def measured_spots(
    data: Section | Enhancement, lost: NDArray[np.bool_] | None = None
) -> tuple[Section, NDArray[np.bool_]]:
    """Return the section, and (spot,) True where something was measured that is not lost.

    Raises
    ------
    ConfigError
        When ``lost`` goes with a run, which has its own, or the section is an exported result.
    MaskError
        When it is not of this section.
    """
    if isinstance(data, Enhancement):
        if lost is not None:
            raise ConfigError("Lost spots are those of the run; give them with a section only.")
        return data.section, data.sites.measured_spots & (data.section.totals > 0)
    check_measured(data)
    return data, ~check_lost(data, lost) & (data.totals > 0)


def region_table(
    data: Section | Enhancement, annotation: Annotation, *, lost: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Say of each region how large it is and what was counted there.

    Returns
    -------
    pandas.DataFrame
        By region: ``spots``; ``measured`` of them, neither lost nor empty; ``area_mm2``, what the
        spots have to themselves (NaN where micrometres are not known); ``counts`` of all genes
        and all measured spots, and ``median_counts`` of a spot; ``genes`` seen there.

    Raises
    ------
    SectionError
        When the regions are those of another section.
    """
    section, measured = measured_spots(data, lost)
    annotation.check(section)
    each = section.lattice.area_of_a_spot * (section.um_per_px or np.nan) ** 2 / UM2_OF_MM2
    rows, by_spot = {}, section.counts.tocsr()
    for name in annotation.names:
        inside = annotation.spots(name)
        seen = np.flatnonzero(inside & measured)
        totals = section.totals[seen]
        rows[name] = {
            "spots": int(inside.sum()),
            "measured": len(seen),
            "area_mm2": inside.sum() * each,
            "counts": totals.sum(),
            "median_counts": np.median(totals) if len(seen) else np.nan,
            "genes": len(np.unique(by_spot[seen].indices)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("region")


def region_genes(
    data: Section | Enhancement,
    annotation: Annotation,
    genes: Sequence[str],
    *,
    lost: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Say how much of some genes there is in each region, as measured and after a run.

    Returns
    -------
    pandas.DataFrame
        A row for each ``region`` and ``gene``. ``mean`` of the log-normalised expression of the
        measured spots, with the ends ``low`` and ``high`` of its interval (95%), and ``fraction``
        of the spots that show the gene. Of a run: ``after_mean``, ``after_low`` and
        ``after_high`` of its sites (``after.half_width``), and ``after_fraction`` of sites that
        would show the gene at the library size they have. These say how well the means of this
        very piece of tissue are known; ``compare_regions`` says whether regions differ.

    Raises
    ------
    SectionError
        When the regions are those of another section.
    GeneNotFound
        When the section or the run has no such gene.
    """
    return drain(region_genes_steps(data, annotation, genes, lost=lost))


def region_genes_steps(
    data: Section | Enhancement,
    annotation: Annotation,
    genes: Sequence[str],
    *,
    lost: NDArray[np.bool_] | None = None,
) -> Steps[pd.DataFrame]:
    """Do what ``region_genes`` does, one Progress per block of genes."""
    section, measured = measured_spots(data, lost)
    annotation.check(section)
    at = np.array(list(dict.fromkeys(section.gene_index(gene) for gene in genes)), np.intp)
    names = [str(name) for name in section.genes[at]]
    parts = []
    for start in range(0, len(at), GENES_AT_ONCE):
        yield Progress("looking at the regions", start, len(at))
        block = slice(start, start + GENES_AT_ONCE)
        parts.append(_before(section, annotation, measured, at[block]))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if isinstance(data, Enhancement):
        sites = sites_of(data, annotation.codes)
        found = yield from estimate_steps(data, sites, len(annotation.names), names)
        table["after_mean"] = found.log_mean.ravel("F")
        noise = (table["high"] - table["mean"]).to_numpy() / NORMAL_95
        moved = (table["after_mean"] - table["mean"]).to_numpy()
        away = half_width(found.log_std.ravel("F"), noise, moved)
        table["after_low"] = np.maximum(table["after_mean"] - away, 0)
        table["after_high"] = table["after_mean"] + away
        table["after_fraction"] = found.fraction.ravel("F")
    return table


def _before(
    section: Section, annotation: Annotation, measured: NDArray[np.bool_], at: NDArray[np.intp]
) -> pd.DataFrame:
    """Rows of a block of genes (gene, then region)."""
    values = lognorm(section.counts[:, at], section.totals, section.median_total).toarray()
    rows = []
    for gene, column in zip(section.genes[at], values.T, strict=True):
        for code, region in enumerate(annotation.names):
            inside = np.asarray(column[measured & (annotation.codes == code)], float)
            n = len(inside)
            mean = inside.mean() if n else np.nan
            away = NORMAL_95 * inside.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            share = (inside > 0).mean() if n else np.nan
            rows.append((region, str(gene), mean, max(mean - away, 0), mean + away, share))
    return pd.DataFrame(rows, columns=["region", "gene", "mean", "low", "high", "fraction"])
