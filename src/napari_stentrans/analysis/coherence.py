"""Coherence: whether genes of a set go together in space more than random ones in the same maps.

Smoothing makes all genes alike, so after enhancement nearly every set looks coherent. The null is
therefore made of random sets of the same size and expression, looked at in the same maps: those
that were measured, or those that went through the same enhancement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.analysis.gene_matching import LEAST_GENES, match
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.multiple import false_discovery_rates
from napari_stentrans.errors import ConfigError
from napari_stentrans.factors import lognorm
from napari_stentrans.progress import Progress, drain
from napari_stentrans.wording import some

if TYPE_CHECKING:
    import anndata as ad
    from numpy.typing import NDArray

    from napari_stentrans.analysis.gene_matching import MatchedSets
    from napari_stentrans.analysis.gene_sets import GeneSets
    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.factors import FloatArray
    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section

    Array = NDArray[np.float64]
    Indices = NDArray[np.intp]

RANDOM, FIRST = 1000, 100
"""Random sets for each set; and how many of them decide whether the rest is drawn."""
UNSURE = 0.2
"""Sets with a p-value up to this in the first round get all random sets."""
SKETCH = 512
"""Numbers that a map is kept as: sums of its sites with random signs, which keep correlations."""
BINS = 20
"""Classes of expression within which random genes are drawn."""
ORDERS = 64
"""Random orders of a class that random genes are taken from."""
LEAST_SPOTS = 10
"""Genes seen in fewer spots take no part."""
FLAT = 1e-6
FDR = 0.05
KEY = "pathway_coherence"


@dataclass(frozen=True, eq=False)
class Coherence:
    """How coherent gene sets are.

    Attributes
    ----------
    matched
        Which genes of the sets are there, and how they were found.
    enhanced
        Whether maps of a run were looked at, not those that were measured.
    table
        A row for each set, the smallest p-value first: ``set``; ``genes`` that took part;
        ``coherence``: mean correlation between the maps of its genes, for enhanced maps their mean
        covariance in units of the measured spread, so that a gene of which little is known counts
        little; ``expected``: that of random
        sets of the same size and expression in the same maps; ``score``: by how many standard
        deviations of these it is above; ``pvalue``: share of random sets as coherent, one-sided,
        (1 + n) / (1 + random); ``fdr``: Benjamini and Hochberg.
    """

    matched: MatchedSets
    enhanced: bool
    table: pd.DataFrame

    def found(self, fdr: float = FDR) -> int:
        """Number of sets that are more coherent than random ones, at a false discovery rate."""
        return int((self.table["fdr"] <= fdr).sum())

    def annotate(self, adata: ad.AnnData) -> None:
        """Put the table into ``uns["pathway_coherence"]``."""
        adata.uns[KEY] = self.table.copy()


class _Sketch(NamedTuple):
    """Maps of genes in short: positions (gene,), values (gene, SKETCH), sums of their squares."""

    genes: Indices
    values: FloatArray
    squares: Array


def measure_coherence_steps(
    data: Section | Enhancement | Maps,
    sets: GeneSets,
    *,
    lost: NDArray[np.bool_] | None = None,
    random: int = RANDOM,
    seed: int = 0,
    least: int = LEAST_GENES,
) -> Steps[Coherence]:
    """Compare how alike the maps of a set's genes are with random sets in the same maps.

    Parameters
    ----------
    data
        A section as measured, or a result: then random sets went through the enhancement too.
    sets
        Gene sets.
    lost
        (spot,) True for spots of a section to leave out; a run has its own.
    random
        Random sets for each set; no p-value is below 1 / (1 + random).
    seed
        Of the random sets.
    least
        Sets with fewer genes are left out.

    Yields
    ------
    Progress
        One per block of genes, then one per set.

    Raises
    ------
    ConfigError
        When no set has enough genes, or no random sets are wanted.
    """
    if random < 1:
        raise ConfigError(f"Random sets for each set must be 1 or more, got {random}.")
    maps = Maps.of(data, lost)
    rng = np.random.default_rng(seed)
    seen, expression = _seen(maps)
    sketch = yield from _sketch_steps(maps, seen, rng)
    matched = match(sets, maps, least=max(least, 2), among=sketch.genes)
    bins = _bins(expression[sketch.genes])
    orders = _orders(bins, rng)
    place = np.full(len(maps.genes), -1)
    place[sketch.genes] = np.arange(len(sketch.genes))
    rows = []
    for done, (name, members) in enumerate(matched.members.items()):
        yield Progress("comparing with random sets", done, len(matched.members))
        rows.append((name, *_compared(sketch, place[members], bins, orders, random, rng)))
    columns = ["set", "genes", "coherence", "expected", "score", "pvalue"]
    table = pd.DataFrame(rows, columns=columns)
    table["fdr"] = false_discovery_rates(table["pvalue"].to_numpy(float))
    table = table.sort_values(["pvalue", "score"], ascending=[True, False], kind="stable")
    return Coherence(matched, maps.enhanced, table.reset_index(drop=True))


def measure_coherence(
    data: Section | Enhancement | Maps,
    sets: GeneSets,
    *,
    lost: NDArray[np.bool_] | None = None,
    random: int = RANDOM,
    seed: int = 0,
    least: int = LEAST_GENES,
) -> Coherence:
    """Compare sets with random ones in the same maps; see ``measure_coherence_steps``."""
    return drain(
        measure_coherence_steps(data, sets, lost=lost, random=random, seed=seed, least=least)
    )


def side_by_side(before: Coherence, after: Coherence) -> pd.DataFrame:
    """Table of both: ``set``, then the columns of each with ``_before`` and ``_after`` behind."""
    merged = before.table.merge(
        after.table, on="set", how="outer", suffixes=("_before", "_after"), sort=False
    )
    order = ["pvalue_after", "pvalue_before", "score_after"]
    ascending = [True, True, False]
    return merged.sort_values(order, ascending=ascending, kind="stable").reset_index(drop=True)


def in_words(before: Coherence, after: Coherence | None = None, fdr: float = FDR) -> str:
    """Say how many sets were found, against random sets in the same maps."""
    total = some(len(before.table), "set")
    told = f"{before.found(fdr):,} of {total} as measured"
    if after is not None:
        n = len(after.table)
        told += f", {after.found(fdr):,} of {some(n, 'set')} enhanced"
    return (
        f"More coherent than random sets of like expression in the same maps (FDR {fdr:.0%}): "
        f"{told}."
    )


def _seen(maps: Maps) -> tuple[Indices, Array]:
    """Genes of maps that are seen in enough spots, and the mean expression of all (gene,)."""
    columns = maps.section.genes.get_indexer(maps.genes)
    spots = maps.spots[maps.spots >= 0]
    counts = maps.section.counts[:, columns][spots]
    least = min(LEAST_SPOTS, max(len(spots) // 4, 1))
    mean = np.asarray(counts.sum(0), float).ravel() / len(spots)
    return np.flatnonzero(np.diff(counts.indptr) >= least), mean


def _sketch_steps(maps: Maps, genes: Indices, rng: np.random.Generator) -> Steps[_Sketch]:
    """Standardise the maps of genes and keep each as a few numbers (Charikar et al. 2002).

    The spread is that of what was measured: where nothing was to be seen, an enhanced map is
    nearly flat, and to stretch it would make much of its noise.
    """
    n = maps.n_sites
    width = min(SKETCH, n)
    spread = _measured_spread(maps)
    if n <= SKETCH:
        signs = sp.identity(n, np.float32, "csr")
    else:
        to, sign = rng.integers(width, size=n), rng.choice(np.array([-1, 1], np.float32), n)
        signs = sp.csr_matrix((sign, (to, np.arange(n))), (width, n))
    values = np.zeros((len(genes), width), np.float32)
    varies = np.zeros(len(genes), bool)
    for block, maps_of in maps.blocks(genes):
        yield Progress("looking at the maps of genes", block.start, len(genes))
        centred = maps_of - maps_of.mean(0, dtype=float).astype(np.float32)
        own = np.sqrt((centred.astype(float) ** 2).sum(0))
        length = spread[genes[block]] * np.sqrt(n) if maps.enhanced else own
        varies[block] = own > FLAT * np.sqrt(n)
        values[block] = (signs @ (centred / np.maximum(length, FLAT).astype(np.float32))).T
    values = values[varies]
    return _Sketch(genes[varies], values, np.einsum("gs,gs->g", values, values, dtype=float))


def _measured_spread(maps: Maps) -> Array:
    """Standard deviation (gene,) of log-normalised expression as measured, over all spots."""
    section = maps.section
    columns = section.genes.get_indexer(maps.genes)
    values = lognorm(section.counts, section.totals, section.median_total)[:, columns]
    mean = np.asarray(values.mean(0), float).ravel()
    values.data = values.data**2
    square = np.asarray(values.mean(0), float).ravel()
    return np.sqrt(np.maximum(square - mean**2, FLAT**2))


def _bins(expression: Array) -> Indices:
    """Class (gene,) of expression of each gene; classes are equally large."""
    rank = np.empty(len(expression), np.intp)
    rank[np.argsort(expression, kind="stable")] = np.arange(len(expression))
    return rank * BINS // max(len(expression), 1)


def _orders(bins: Indices, rng: np.random.Generator) -> list[Indices]:
    """Genes (order, place) of each class in random orders."""
    inside = [np.flatnonzero(bins == at) for at in range(BINS)]
    return [rng.permuted(np.tile(genes, (ORDERS, 1)), axis=1) for genes in inside]


def _compared(
    sketch: _Sketch,
    members: Indices,
    bins: Indices,
    orders: list[Indices],
    random: int,
    rng: np.random.Generator,
) -> tuple[int, float, float, float, float]:
    """Genes, coherence, what is expected, by how many deviations it is more, and the p-value."""
    found = _coherences(sketch, members[None])[0]
    wanted = np.bincount(bins[members], minlength=BINS)
    first = min(FIRST, random)
    null = _coherences(sketch, _drawn(orders, wanted, first, rng))
    if random > first and (1 + (null >= found).sum()) <= UNSURE * (1 + first):
        more = [_coherences(sketch, _drawn(orders, wanted, first, rng))
                for _ in range(-(-random // first) - 1)]  # fmt: skip
        null = np.concatenate([null, *more])[:random]
    pvalue = (1 + (null >= found).sum()) / (1 + len(null))
    expected, spread = null.mean(), max(null.std(), FLAT)
    return len(members), float(found), float(expected), (found - expected) / spread, pvalue


def _drawn(orders: list[Indices], wanted: Indices, n: int, rng: np.random.Generator) -> Indices:
    """Random sets (n, gene) with as many genes of each class as wanted, each once."""
    parts = []
    for of_class, k in zip(orders, wanted, strict=True):
        if not k:
            continue
        size = of_class.shape[1]
        which, start = rng.integers(ORDERS, size=n), rng.integers(size, size=n)
        parts.append(of_class[which[:, None], (start[:, None] + np.arange(k)) % size])
    return np.concatenate(parts, axis=1)


def _coherences(sketch: _Sketch, sets: Indices) -> Array:
    """Mean correlation or covariance between the maps of the genes of sets (set, gene)."""
    k = sets.shape[1]
    sums = np.zeros((len(sets), sketch.values.shape[1]), np.float32)
    for gene in range(k):
        sums += sketch.values[sets[:, gene]]
    together = np.einsum("sv,sv->s", sums, sums, dtype=float)
    return np.asarray((together - sketch.squares[sets].sum(1)) / (k * (k - 1)))
