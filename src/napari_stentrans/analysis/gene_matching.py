"""Gene sets in a section: which of its genes belong to each set, and how they were found."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.analysis.orthologues import known_orthologues
from napari_stentrans.errors import ConfigError, StentransWarning
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.analysis.maps import Maps
    from napari_stentrans.gene_naming import GeneNaming

LEAST_GENES = 5
"""A set with fewer genes here says nothing."""
LEAST_DIRECT = 0.5
"""Share of the genes found in any case that must be written alike, for one and the same species."""


@dataclass(frozen=True, eq=False)
class MatchedSets:
    """Sets of which some genes are in a section.

    Attributes
    ----------
    sets
        Where they come from.
    members
        (gene,) positions among ``Maps.genes``, ascending, of each set with enough genes here.
    table
        A row for each set: ``set``, ``genes`` in the set, ``found`` here, ``share`` of them,
        ``used``: whether ``found`` is enough.
    how
        In words, how names were matched.
    """

    sets: GeneSets
    members: Mapping[str, NDArray[np.intp]]
    table: pd.DataFrame
    how: str

    def indicator(self, n_genes: int) -> sp.csr_matrix:
        """(set, gene) 1 where a gene belongs to a set."""
        rows = np.repeat(np.arange(len(self.members)), [len(m) for m in self.members.values()])
        columns = np.concatenate([np.empty(0, np.intp), *self.members.values()])
        values = np.ones(len(rows), np.float32)
        return sp.csr_matrix((values, (rows, columns)), (len(self.members), n_genes))


def match(
    sets: GeneSets,
    maps: Maps,
    *,
    least: int = LEAST_GENES,
    among: NDArray[np.intp] | None = None,
) -> MatchedSets:
    """Find the genes of sets in maps.

    Names count as symbols, ids and other names, as ``Section.naming`` knows them. Where the sets
    are of the other of man and mouse, their genes are replaced by orthologues of MGI's table,
    if that is kept, else by genes of the same symbol in another case; a note says so. A name that
    may stand for several genes stands for none.

    Parameters
    ----------
    least
        Sets with fewer genes here are not used.
    among
        (gene,) positions among ``maps.genes``: no others count.

    Raises
    ------
    ConfigError
        When no set has enough genes.

    Warns
    -----
    StentransWarning
        When names were not taken as they are.
    """
    places, how = gene_places(sets.genes, maps.section.naming)
    at = maps.genes.get_indexer(maps.section.genes)  # of the section -> of the maps
    if among is not None:
        at = np.where(np.isin(at, among), at, -1)
    members, rows = {}, []
    for name, genes in sets.sets.items():
        found = np.unique([at[places[gene]] for gene in genes if gene in places])
        found = found[found >= 0].astype(np.intp)
        rows.append((name, len(genes), len(found), len(found) / len(genes), len(found) >= least))
        if len(found) >= least:
            members[name] = found
    table = pd.DataFrame(rows, columns=["set", "genes", "found", "share", "used"])
    if not members:
        example = ", ".join(map(str, maps.genes[:3]))
        raise ConfigError(
            f"No set of {sets.name} has {some(least, 'gene')} among the "
            f"{some(len(maps.genes), 'gene')} looked at. Its genes are called "
            f"{', '.join(sets.genes[:3])}, and these {example}. {how}"
        )
    if how:
        warnings.warn(f"{sets.name}: {how}", StentransWarning, stacklevel=2)
    return MatchedSets(sets, members, table, how)


def gene_places(genes: Iterable[str], naming: GeneNaming) -> tuple[dict[str, int], str]:
    """Positions in a section of genes that are found there, and in words how, "" if as they are.

    All genes are matched in one way: as they are written, or as those of another species.
    """
    genes = list(dict.fromkeys(genes))
    direct = {gene: at for gene in genes if (at := naming.meaning(gene).gene) is not None}
    cased = _by_case(genes, naming)
    by_ids = sum(gene.isdigit() for gene in genes) > len(genes) / 2
    if not by_ids and len(direct) >= LEAST_DIRECT * len(cased):
        return direct, ""
    table = known_orthologues()
    if table is not None:
        symbols = table.replaced(genes, naming)
        found = {g: at for g, s in symbols.items() if (at := naming.meaning(s).gene) is not None}
        if len(found) > len(direct):
            what = "numbers of NCBI" if by_ids else "genes of another species"
            return found, (
                f"{what} were replaced by MGI's table of orthologues: {len(found):,} of "
                f"{some(len(genes), 'gene')} found."
            )
    if by_ids:
        return direct, (
            "genes are numbers of NCBI, and the section has none. Get the table that knows them: "
            "stentrans pathways --orthologues."
        )
    return cased, (
        f"genes are written in another case here (as of man and mouse): {len(cased):,} of "
        f"{some(len(genes), 'gene')} were taken by the same symbol in another case. "
        "Orthologues that are called otherwise are missed; stentrans pathways --orthologues gets "
        "MGI's table of them."
    )


def _by_case(genes: Iterable[str], naming: GeneNaming) -> dict[str, int]:
    """Positions of genes by their symbol in any case; none where two genes share it."""
    known: dict[str, set[int]] = {}
    for at, (name, symbol) in enumerate(zip(naming.names, naming.symbols, strict=True)):
        known.setdefault((symbol or name).lower(), set()).add(at)
    found = {gene: known.get(gene.lower(), set()) for gene in genes}
    return {gene: next(iter(places)) for gene, places in found.items() if len(places) == 1}
