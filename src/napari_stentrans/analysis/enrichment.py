"""Enrichment of gene sets in a list of genes, or in a ranking of them, by gseapy.

Fang et al. 2023, doi 10.1093/bioinformatics/btac757. Numbers are those of gseapy; what is done
here is to match names, to take the genes of the section that are seen as background, and to say
what a table holds.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_stentrans.analysis.gene_lists import note, positions, ranked_genes, seen_or_named
from napari_stentrans.analysis.gene_matching import match
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.progress import Progress, drain
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.gene_matching import MatchedSets
    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

SMALLEST, LARGEST = 5, 500
"""Genes of a set that is tested by rank, at least and at most."""
PERMUTATIONS = 1000
KEY = "pathways"
ROW = "gene {}"
"""What genes are called for gseapy, which takes numbers for numbers of NCBI."""


@dataclass(frozen=True, eq=False)
class Enrichment:
    """Gene sets that stand out in a list or in a ranking of genes.

    Attributes
    ----------
    kind
        "over-representation" or "preranked".
    matched
        Which genes of the sets are there, and how they were found.
    table
        A row for each set, the smallest p-value first. Both kinds: ``set``, ``genes`` of it in the
        background, ``hits``, ``pvalue``, ``fdr``, ``members``: names of the hits with "; " between
        them. Over-representation: ``hits`` are genes of the list; ``ratio``, share of the set that
        is in the list; ``odds_ratio`` (with Haldane's 1/2); ``pvalue``, hypergeometric; ``fdr``,
        Benjamini and Hochberg over the sets with a hit, as gseapy has it. Preranked: ``hits`` are
        genes of the leading edge; ``score``, normalised enrichment score, above 0 where genes of
        the set stand at the top; ``pvalue`` and ``fdr`` by permuted genes, 0 for none as extreme.
    n_genes, n_background
        Genes of the list that counted, or that were ranked; and of the background.
    """

    kind: str
    matched: MatchedSets
    table: pd.DataFrame
    n_genes: int
    n_background: int

    def annotate(self, adata: ad.AnnData) -> None:
        """Put the table into ``uns["pathways"]``, by the kind of the test."""
        adata.uns.setdefault(KEY, {})[self.kind.replace("-", "_")] = self.table.copy()


def over_representation_steps(
    genes: Iterable[str],
    sets: GeneSets,
    data: Section | Enhancement | Maps,
    *,
    background: Iterable[str] | None = None,
    least: int = 1,
) -> Steps[Enrichment]:
    """Find sets of which more genes are in a list than by chance (hypergeometric test).

    Parameters
    ----------
    genes
        The list: members of a pattern, genes of a comparison, or pasted.
    sets
        Gene sets.
    data
        A section, or a result of it.
    background
        Genes that could have come into the list; by default, those of the section that are seen
        in at least one spot that is not lost.
    least
        Sets with fewer genes in the background are not tested.

    Raises
    ------
    ConfigError
        When gseapy is not installed, no gene of the list is in the background, or no set has
        genes there.

    Warns
    -----
    StentransWarning
        When genes of the list are not in the background.
    """
    gseapy = _gseapy()
    maps = data if isinstance(data, Maps) else Maps.of(data)
    spots = maps.spots[maps.spots >= 0]
    if isinstance(data, Enhancement):  # whose sites are lost spots too
        spots = np.flatnonzero(data.sites.measured_spots)
    among = seen_or_named(maps, spots, background)
    matched = match(sets, maps, least=least, among=among)
    chosen = positions(genes, maps, "list")
    listed = np.intersect1d(chosen, among)
    if len(listed) < len(chosen):
        left = maps.genes[np.setdiff1d(chosen, among)]
        note(list(left), "of the list not in the background")
    if not len(listed):
        raise ConfigError(
            f"None of the {some(len(chosen), 'gene')} of the list is in the background of "
            f"{some(len(among), 'gene')} that are seen."
        )
    yield Progress("over-representation", 0, 1)
    found = None
    if np.isin(np.concatenate([*matched.members.values()]), listed).any():  # else gseapy fails
        found = gseapy.enrich(
            gene_list=_called(listed),
            gene_sets={name: _called(at) for name, at in matched.members.items()},
            background=_called(among),
            outdir=None,
            no_plot=True,
        ).results
    table = _listed_table(found, matched, maps)
    return Enrichment("over-representation", matched, table, len(listed), len(among))


def over_representation(
    genes: Iterable[str],
    sets: GeneSets,
    data: Section | Enhancement | Maps,
    *,
    background: Iterable[str] | None = None,
    least: int = 1,
) -> Enrichment:
    """Find sets that are frequent in a list; see ``over_representation_steps``."""
    return drain(over_representation_steps(genes, sets, data, background=background, least=least))


def preranked_steps(
    ranking: pd.Series | Mapping[str, float],
    sets: GeneSets,
    data: Section | Enhancement | Maps,
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    least: int = SMALLEST,
    most: int = LARGEST,
) -> Steps[Enrichment]:
    """Find sets whose genes stand together at one end of a ranking (GSEA, preranked).

    Parameters
    ----------
    ranking
        Gene -> what it is ranked by, such as the log2 fold change of a comparison of regions.
    sets
        Gene sets.
    data
        A section, or a result of it.
    seed, permutations
        Of the null.
    least, most
        Sets with fewer or more ranked genes are not tested.

    Raises
    ------
    ConfigError
        When gseapy is not installed, the ranking has too few genes or no differences, or no set
        fits.

    Warns
    -----
    StentransWarning
        When genes of the ranking are not known or have no number.
    """
    gseapy = _gseapy()
    maps = data if isinstance(data, Maps) else Maps.of(data)
    ranked = ranked_genes(ranking, maps)
    matched = match(sets, maps, least=least, among=ranked.index.to_numpy(np.intp))
    tested = {name: at for name, at in matched.members.items() if len(at) <= most}
    if not tested:
        raise ConfigError(f"Every set has more than {most:,} genes in the ranking. Allow more.")
    yield Progress("preranked enrichment", 0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what gseapy says of pandas to its own programmers
        result = gseapy.prerank(
            rnk=pd.Series(ranked.to_numpy(float), index=_called(ranked.index)),
            gene_sets={name: _called(at) for name, at in tested.items()},
            outdir=None,
            min_size=1,
            max_size=most,
            permutation_num=permutations,
            seed=seed,
            threads=1,
            no_plot=True,
        )
    table = _ranked_table(result.res2d, tested, maps)
    return Enrichment("preranked", matched, table, len(ranked), len(ranked))


def preranked(
    ranking: pd.Series | Mapping[str, float],
    sets: GeneSets,
    data: Section | Enhancement | Maps,
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    least: int = SMALLEST,
    most: int = LARGEST,
) -> Enrichment:
    """Find sets that stand at one end of a ranking; see ``preranked_steps``."""
    steps = preranked_steps(
        ranking, sets, data, seed=seed, permutations=permutations, least=least, most=most
    )
    return drain(steps)


def _gseapy() -> Any:
    try:
        return import_module("gseapy")  # an extra
    except ImportError as error:
        raise ConfigError(
            "Enrichment is done by gseapy, which is not installed. Install it with: "
            'pip install "napari-stentrans[pathways]"'
        ) from error


def _listed_table(found: pd.DataFrame | None, matched: MatchedSets, maps: Maps) -> pd.DataFrame:
    if found is None:
        found = pd.DataFrame(columns=["Term", "Overlap", "P-value", "Adjusted P-value",
                                      "Odds Ratio", "Genes"])  # fmt: skip
    sizes = found["Term"].map({name: len(at) for name, at in matched.members.items()})
    members = [_named(text.split(";"), maps) for text in found["Genes"]]
    hits = np.array([len(names) for names in members], int)
    table = pd.DataFrame(
        {
            "set": found["Term"],
            "genes": sizes.astype(int),
            "hits": hits,
            "ratio": hits / sizes.to_numpy(float),
            "odds_ratio": found["Odds Ratio"].astype(float),
            "pvalue": found["P-value"].astype(float),
            "fdr": found["Adjusted P-value"].astype(float),
            "members": ["; ".join(names) for names in members],
        }
    )
    return table.sort_values(["pvalue", "set"], kind="stable").reset_index(drop=True)


def _ranked_table(
    found: pd.DataFrame, tested: Mapping[str, NDArray[np.intp]], maps: Maps
) -> pd.DataFrame:
    members = [_named(text.split(";"), maps) for text in found["Lead_genes"]]
    table = pd.DataFrame(
        {
            "set": found["Term"],
            "genes": found["Term"].map({name: len(at) for name, at in tested.items()}),
            "hits": [len(names) for names in members],
            "score": found["NES"].astype(float),
            "pvalue": found["NOM p-val"].astype(float),
            "fdr": found["FDR q-val"].astype(float),
            "members": ["; ".join(names) for names in members],
        }
    )
    order = ["pvalue", "fdr", "set"]
    return table.sort_values(order, kind="stable").reset_index(drop=True)


def _called(at: Iterable[int]) -> list[str]:
    return [ROW.format(gene) for gene in at]


def _named(called: Iterable[str], maps: Maps) -> list[str]:
    """What to show for genes as gseapy gave them back, in the order of the section."""
    at = sorted(int(name.rpartition(" ")[2]) for name in called if name)
    return [maps.section.gene_label(str(maps.genes[gene])) for gene in at]
