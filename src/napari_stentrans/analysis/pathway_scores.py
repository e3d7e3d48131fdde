"""Scores of gene sets as maps: AUCell at each site.

Aibar et al. 2017, doi 10.1038/nmeth.4463: the genes of a site are ranked, and a set scores the
area under its recovery curve within the top of the ranks. Genes that are equal at a site, such as
all that are not seen there, get the mean over all orders that they may stand in, instead of one by
chance: nothing depends on a seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.gene_matching import LEAST_GENES, match
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.errors import ConfigError
from napari_stentrans.progress import Progress, drain

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.gene_matching import MatchedSets
    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

TOP = 0.05
"""Share of the genes, from the highest rank down, that counts: AUCell's own."""
LEAST_TOP = 10
KEY = "pathway_scores"


@dataclass(frozen=True, eq=False)
class PathwayScores:
    """Scores of gene sets at sites.

    Attributes
    ----------
    maps
        What was scored.
    matched
        Which genes of the sets are there, and how they were found.
    scores
        (site, set) AUCell: 1 where the genes of a set are the highest of a site, 0 where none of
        them is among the top. Row names are those of the sites.
    table
        A row for each set: ``set``, ``genes``, ``found`` (genes of the set here), ``mean`` and
        ``sd`` of the score over the sites, ``reached``: share of the sites where it is above 0.
    top
        Ranks that counted.
    """

    maps: Maps
    matched: MatchedSets
    scores: pd.DataFrame
    table: pd.DataFrame
    top: int

    def annotate(self, adata: ad.AnnData) -> None:
        """Put the scores into ``obsm["pathway_scores"]``, by the names of spots or sites.

        Spots that have no score get NaN.
        """
        adata.obsm[KEY] = self.scores.reindex(adata.obs_names)


def score_pathways_steps(
    data: Section | Enhancement | Maps,
    sets: GeneSets,
    *,
    lost: NDArray[np.bool_] | None = None,
    top: float = TOP,
    least: int = LEAST_GENES,
) -> Steps[PathwayScores]:
    """Score sets at each site.

    Parameters
    ----------
    data
        A section as measured, or a result.
    sets
        Gene sets.
    lost
        (spot,) True for spots of a section to leave out; a run has its own.
    top
        Share of the genes, from the highest rank down, that counts.
    least
        Sets with fewer genes here are not scored.

    Yields
    ------
    Progress
        One per block of sites.

    Raises
    ------
    ConfigError
        When no set has enough genes, or ``top`` is not above 0 and up to 1.
    """
    if not 0 < top <= 1:
        raise ConfigError(f"The top of the ranks is a share above 0 and up to 1, got {top:g}.")
    maps = Maps.of(data, lost)
    matched = match(sets, maps, least=least)
    n_genes = len(maps.genes)
    m = min(max(round(top * n_genes), LEAST_TOP), n_genes)
    indicator = matched.indicator(n_genes)
    best = np.array([_best(len(at), m) for at in matched.members.values()], np.float32)
    scores = np.empty((maps.n_sites, len(best)), np.float32)
    for block, values in maps.row_blocks():
        yield Progress("scoring gene sets", block.start, maps.n_sites)
        scores[block] = (indicator @ rank_weights(values, m).T).T / best
    frame = pd.DataFrame(scores, index=maps.names, columns=pd.Index(list(matched.members)))
    return PathwayScores(maps, matched, frame, _table(matched, scores), m)


def score_pathways(
    data: Section | Enhancement | Maps,
    sets: GeneSets,
    *,
    lost: NDArray[np.bool_] | None = None,
    top: float = TOP,
    least: int = LEAST_GENES,
) -> PathwayScores:
    """Score sets at each site; see ``score_pathways_steps``."""
    return drain(score_pathways_steps(data, sets, lost=lost, top=top, least=least))


def rank_weights(values: FloatArray, m: int) -> FloatArray:
    """Weights (site, gene): m of the highest gene of a site, 1 of the m-th, 0 of all below.

    Equal genes share the mean of the weights of their ranks.
    """
    n_sites = len(values)
    weights = np.zeros(values.shape, np.float32)
    last = np.array([_highest(row, m) for row in values], values.dtype)
    above = values > last[:, None]
    rows, columns = np.nonzero(above)
    found = values[rows, columns]
    order = np.lexsort((-found, rows))
    rows, columns, found = rows[order], columns[order], found[order]
    n_above = np.bincount(rows, minlength=n_sites)
    start = np.cumsum(n_above) - n_above
    rank = np.arange(len(rows)) - start[rows]  # from 0
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (rows[1:] != rows[:-1]) | (found[1:] != found[:-1])
    group = np.cumsum(fresh) - 1
    mean = np.bincount(group, rank) / np.maximum(np.bincount(group), 1)
    weights[rows, columns] = m - mean[group]
    tied = values == last[:, None]
    left = m - n_above  # ranks for those that are tied at the last: weights left, ..., 1
    shared = left * (left + 1) / 2 / tied.sum(1)
    weights += tied * shared[:, None].astype(np.float32)
    return weights


def _highest(row: FloatArray, m: int) -> float:
    """The m-th highest of values (gene,); quick where most are equal, as those not seen are."""
    low = row.min()
    others = row[row > low]
    at = len(others) - m
    return float(low if at < 0 else np.partition(others, at)[at])


def _best(k: int, m: int) -> float:
    """Sum of the weights of a set of k genes that are the highest of a site."""
    first = min(k, m)
    return first * m - first * (first - 1) / 2


def _table(matched: MatchedSets, scores: NDArray[np.float32]) -> pd.DataFrame:
    table = matched.table.loc[matched.table["used"], ["set", "genes", "found"]]
    facts = {
        "mean": scores.mean(0, dtype=float),
        "sd": scores.std(0, dtype=float),
        "reached": (scores > 0).mean(0),
    }
    return table.assign(**facts).reset_index(drop=True)
