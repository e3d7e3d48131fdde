"""Patterns: genes in groups of like maps, as many groups as can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.analysis.clusters import Tree, by_size
from napari_stentrans.analysis.halving import (
    Halves,
    Kriged,
    as_asked,
    compared,
    kriged_counts,
    measured_spots,
)
from napari_stentrans.analysis.low_rank import low_rank
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.placed import as_annotation, check_number, rows_of
from napari_stentrans.device import on_one_thread
from napari_stentrans.errors import ConfigError, GeneNotFound
from napari_stentrans.factors import often_seen
from napari_stentrans.progress import Progress, drain
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.low_rank import LowRank
    from napari_stentrans.annotation import Annotation
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

    Genes = NDArray[np.intp]

REPEATED = 0.7
"""Genes whose maps of two halves of the counts correlate less have no pattern of their own."""
LEAST, LEAST_GENES = 0.02, 3
"""A pattern holds this share of the genes, and so many, at least; what is smaller is merged."""
MOST, MOST_ASKED = 12, 60
TOP = 5
"""Genes that the summary names."""
RARE, NOT_REPEATED = "too rare", "not repeated"


@dataclass(frozen=True, eq=False)
class Patterns:
    """Groups of genes with like maps.

    Attributes
    ----------
    maps
        The sites, and what was looked at.
    names
        "Pattern 1", "Pattern 2", ...: that of the most genes first.
    values
        (site, pattern) mean of the standardised maps of its genes, itself with mean 0 and
        standard deviation 1 over the sites.
    members
        ``gene``, ``pattern``, and ``correlation`` of the gene's map with that of the pattern,
        the highest of each pattern first.
    summary
        For each ``pattern``: number of ``genes``, ``reproducibility`` (correlation of its map as
        two halves of the counts show it, mean over splits), ``top_genes``.
    stability
        For each number of patterns ``n``: ``agreement`` of the groups that two halves of the
        counts give (adjusted Rand index); ``found_again``, the share of a group that the other
        half finds as one, mean over groups (Jaccard index); ``chosen``. NaN where a person said
        how many.
    left_out
        Number of genes without a pattern, by reason: "too rare" (seen in a tenth of the spots or
        fewer) and "not repeated" (maps of two halves of the counts do not correlate).
    """

    maps: Maps
    names: tuple[str, ...]
    values: FloatArray
    members: pd.DataFrame
    summary: pd.DataFrame
    stability: pd.DataFrame
    left_out: Mapping[str, int]

    def genes(self, name: str) -> list[str]:
        """Names of the genes of a pattern, the likest first."""
        return self.members["gene"][self.members["pattern"] == self._known(name)].tolist()

    def high(self, name: str) -> NDArray[np.bool_]:
        """(site,) True where a pattern is high: above the threshold of Otsu (1979)."""
        from skimage.filters import threshold_otsu

        values = self.values[:, self.names.index(self._known(name))]
        return np.asarray(values > threshold_otsu(values))

    def annotation(self, name: str) -> Annotation:
        """Where a pattern is high, as a region of the spots of the section."""
        return as_annotation(self.maps, np.where(self.high(name), 0, -1), (name,))

    def annotate(self, adata: ad.AnnData) -> None:
        """Put maps into ``obs["pattern_1"]``, ... and groups into ``var["pattern"]``.

        Sites and genes that have none are missing.

        Raises
        ------
        SectionError
            When the AnnData has none of the sites.
        """
        at = rows_of(self.maps, adata)
        for i, values in enumerate(self.values.T):
            adata.obs[f"pattern_{i + 1}"] = np.where(at >= 0, values[at], np.nan)
        of_gene = self.members.set_index("gene")["pattern"].reindex(adata.var_names)
        adata.var["pattern"] = pd.Categorical(of_gene, list(self.names))

    def _known(self, name: str) -> str:
        if name not in self.names:
            raise ConfigError(f"There is no {name!r} among {', '.join(self.names)}.")
        return name


def find_patterns(
    data: Section | Enhancement,
    n: int | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
    genes: Sequence[str] | None = None,
    seed: int = 0,
) -> Patterns:
    """Group genes by their maps; see ``find_patterns_steps``."""
    return drain(find_patterns_steps(data, n, lost=lost, genes=genes, seed=seed))


@on_one_thread
def find_patterns_steps(
    data: Section | Enhancement,
    n: int | None = None,
    *,
    lost: NDArray[np.bool_] | None = None,
    genes: Sequence[str] | None = None,
    seed: int = 0,
) -> Steps[Patterns]:
    """Group genes by the correlation of their maps: enhanced ones, or kriged ones of a section.

    Left out, and counted, are genes seen in a tenth of the spots or fewer, and those whose maps
    of two halves of the counts, kriged each on its own, do not correlate: smoothing makes a map
    of noise as well, but not the same one twice.

    Parameters
    ----------
    n
        How many patterns; by default the number, up to 12, whose groups halves of the counts find
        again (``halving.compared``).
    lost
        (spot,) True for spots of a section to leave out; a run has its own.
    genes
        Names of the genes to group; all when not given.

    Raises
    ------
    ConfigError
        When ``n`` or ``lost`` is not possible, or too few genes are left.
    GeneNotFound
        When a gene is not in the section or the result.
    """
    maps = Maps.of(data, lost)
    check_number(n, MOST_ASKED, "patterns")
    asked = _asked(maps, genes)
    column = maps.section.genes.get_indexer(maps.genes[asked])
    spots = measured_spots(data, lost)
    at = asked[often_seen(maps.section.counts[spots])[column]]
    steps = kriged_counts(maps, spots, at, seed, halved=True)
    whole, halved = (yield from steps) if len(at) else Kriged(None, [])
    kept = np.flatnonzero(_repeated(halved, len(at)) >= REPEATED)
    left_out = {RARE: len(asked) - len(at), NOT_REPEATED: len(at) - len(kept)}
    _check_enough(kept, n, left_out)
    if whole is None:
        whole = yield from low_rank(maps.columns, at[kept], maps.n_sites, seed=seed)
    else:
        whole = whole.subset(kept)
    halved = [Halves(pair.one.subset(kept), pair.other.subset(kept)) for pair in halved]
    if n is None:
        numbers = range(2, max(min(MOST, len(kept) // LEAST_GENES), 2) + 1)
        table = compared(numbers, (yield from _of_halves(halved, numbers, seed)))
    else:
        table = as_asked(int(n))
    chosen = int(table["n"][table["chosen"]].iloc[0])
    codes = _grouped(whole, [chosen], seed)[0]
    values = whole.mean_maps(codes)
    like = whole.likeness(codes, values)
    reproducibility = _reproducibility(halved, codes)
    names = tuple(f"Pattern {i + 1}" for i in range(values.shape[1]))
    members = _members(maps.genes[at[kept]], np.array(names)[codes], like)
    summary = _summary(members, names, reproducibility)
    return Patterns(maps, names, values, members, summary, table, left_out)


def _asked(maps: Maps, genes: Sequence[str] | None) -> Genes:
    """Positions of the genes asked for, each once, in the order of the maps."""
    if genes is None:
        return np.arange(len(maps.genes))
    section = maps.section
    at = maps.genes.get_indexer([section.genes[section.gene_index(gene)] for gene in genes])
    if (at < 0).any():
        missing = genes[int((at < 0).argmax())]
        raise GeneNotFound(f"{missing!r} is not among the genes of this result. Run it again so.")
    return np.unique(at)


def _check_enough(kept: Genes, n: int | None, left_out: Mapping[str, int]) -> None:
    if len(kept) < 2 * (n or 2):
        why = " and ".join(f"{some(count, 'gene')} {reason}" for reason, count in left_out.items())
        raise ConfigError(
            f"{n or 2} patterns need {2 * (n or 2)} genes or more with a map that can be "
            f"repeated, found {len(kept)} ({why}). Ask for fewer patterns or more genes."
        )


def _repeated(halved: Sequence[Halves], n_genes: int) -> FloatArray:
    """(gene,) correlation of maps of two halves, mean over splits."""
    found = [pair.one.correlations(pair.other) for pair in halved]
    return np.mean(found, 0) if found else np.zeros(n_genes, np.float32)


def _of_halves(
    halved: Sequence[Halves], numbers: Sequence[int], seed: int
) -> Steps[list[list[list[Genes]]]]:
    """Groups of either half, of each split, for each number of them."""
    splits = []
    for i, pair in enumerate(halved):
        yield Progress("comparing patterns of halves of the counts", i, len(halved))
        splits.append([_grouped(half, numbers, seed) for half in pair])
    return splits


def _grouped(maps: LowRank, numbers: Sequence[int], seed: int) -> list[Genes]:
    vectors = maps.unit.astype(float)
    tree, least = Tree.of(vectors, seed), max(LEAST_GENES, LEAST * len(vectors))
    return [by_size(tree.cut(n, least)) for n in numbers]


def _reproducibility(halved: Sequence[Halves], codes: Genes) -> FloatArray:
    """(pattern,) correlation of the maps of its genes in two halves, mean over splits."""
    found = [(one.mean_maps(codes) * other.mean_maps(codes)).mean(0) for one, other in halved]
    return np.asarray(np.mean(found, 0))


def _members(genes: pd.Index, pattern: NDArray[np.str_], like: FloatArray) -> pd.DataFrame:
    table = pd.DataFrame({"gene": genes.astype(str), "pattern": pattern, "correlation": like})
    order = table["pattern"].str.split().str[-1].astype(int)
    at = np.lexsort((-table["correlation"].to_numpy(), order.to_numpy()))
    return table.iloc[at].reset_index(drop=True)


def _summary(
    members: pd.DataFrame, names: Sequence[str], reproducibility: FloatArray
) -> pd.DataFrame:
    groups = members.groupby("pattern", sort=False)["gene"]
    top = groups.apply(lambda genes: ", ".join(genes.head(TOP)))
    return pd.DataFrame(
        {
            "pattern": list(names),
            "genes": groups.size().reindex(names).to_numpy(),
            "reproducibility": reproducibility,
            "top_genes": top.reindex(names).to_numpy(),
        }
    )
