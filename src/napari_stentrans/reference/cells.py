"""Cells: the single cells of a reference, counted one by one."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import SectionError
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.known_gene_tables import known_tables
from napari_stentrans.section_counts import are_whole, check_counts, counts_of
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from pathlib import Path

    import anndata as ad
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.anndata_parts import AnnDataParts

MOST_CELLS = 20_000
"""Cells that are looked at; of more, so many are drawn."""
FEWEST_CELLS = 20
LOGGED = 25.0
"""Fractions that are all below it are logarithms, not counts."""
MOST_TYPES = 500


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of single cells.

    Attributes
    ----------
    counts
        (cell, gene) raw counts, CSC.
    var
        (gene, ...) table of the genes, whose names are unique.
    types
        (cell,) cell types; None where no column names them. Cells without one have code -1.
    name, source
        What to call the reference, and where it was read from.
    n_all
        Cells that there were before some were drawn.
    column
        Of ``obs`` that names the types.
    """

    counts: sp.csc_matrix
    var: pd.DataFrame
    types: pd.Categorical | None
    name: str
    source: Path | None
    n_all: int
    column: str | None = None

    @classmethod
    def from_anndata(
        cls,
        adata: ad.AnnData,
        cell_type: str | None = None,
        *,
        name: str = "reference",
        source: Path | None = None,
        seed: int = 0,
    ) -> Cells:
        """Take the cells of an AnnData, at most ``MOST_CELLS`` of them; it is not changed.

        Parameters
        ----------
        cell_type
            Column of ``obs`` that names types; where cells are drawn, rare types keep the most.

        Raises
        ------
        SectionError
            When there are no counts, negative or logged values in their place, too few cells, or
            no such column.
        """
        types = None if cell_type is None else types_of(adata.obs, cell_type, name)
        rows = drawn(adata.n_obs, types, seed)
        part = adata if len(rows) == adata.n_obs else adata[rows]
        taken = None if types is None else types[rows]
        return cls.of_parts(part, taken, name, source, adata.n_obs, cell_type)

    @classmethod
    def of_parts(
        cls,
        parts: ad.AnnData | AnnDataParts,
        types: pd.Categorical | None,
        name: str,
        source: Path | None,
        n_all: int,
        column: str | None,
    ) -> Cells:
        """Find the counts of cells that are looked at; see ``from_anndata``."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            counts, var = counts_of(parts)
        made = cls.of_counts(counts, var, types, name, source, n_all, column)
        for warning in said:  # of what is used, and not of what is refused
            warnings.warn(warning.message, stacklevel=3)
        return made

    @classmethod
    def of_counts(
        cls,
        counts: sp.csc_matrix,
        var: pd.DataFrame,
        types: pd.Categorical | None,
        name: str,
        source: Path | None,
        n_all: int,
        column: str | None,
    ) -> Cells:
        """Check counts (cell, gene), and leave out cells without any; see ``from_anndata``."""
        try:
            check_counts(counts)
        except SectionError as error:
            raise SectionError(f"The reference {name} cannot be used. {error}") from error
        if not are_whole(counts.data) and counts.data.max() < LOGGED:
            raise SectionError(
                f"The reference {name} seems to be logged: fractions, none above "
                f'{counts.data.max():.3g}. Give raw counts, in X, layers["counts"] or raw.'
            )
        seen = np.asarray(counts.sum(1)).ravel() > 0
        if seen.sum() < FEWEST_CELLS:
            raise SectionError(
                f"The reference {name} has {some(int(seen.sum()), 'cell')} with counts; at least "
                f"{FEWEST_CELLS} are needed."
            )
        if not seen.all():
            counts, types = counts[seen], None if types is None else types[seen]
        if var.index.has_duplicates:
            raise SectionError(
                f"The reference {name} has gene names that stand more than once. Make them unique "
                "(adata.var_names_make_unique())."
            )
        return cls(counts, var, types, name, source, n_all, column)

    @property
    def genes(self) -> pd.Index:
        """Names of the genes."""
        return self.var.index

    @property
    def n_cells(self) -> int:
        """Number of cells that are looked at."""
        return int(self.counts.shape[0])

    @cached_property
    def naming(self) -> GeneNaming:
        """What the genes are called, and which gene a word stands for."""
        return GeneNaming(list(self.genes), self.var, known_tables())

    @cached_property
    def digest(self) -> str:
        """Short hash of the counts that are looked at, and of the names of the genes."""
        digest = hashlib.sha256()
        for part in (self.counts.data, self.counts.indices, self.counts.indptr):
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update("\n".join(map(str, self.genes)).encode())
        return digest.hexdigest()[:16]

    def in_words(self) -> str:
        """Say how many cells there are, and how many of them are looked at."""
        if self.n_cells == self.n_all:
            return f"{some(self.n_cells, 'cell')} of {self.name}"
        how = "those with counts" if self.n_all <= MOST_CELLS else self._drawn()
        return f"{self.n_cells:,} of {some(self.n_all, 'cell')} of {self.name}, {how}"

    def _drawn(self) -> str:
        return "drawn at random" if self.types is None else "drawn so that rare types stay"


def types_of(obs: pd.DataFrame, column: str, name: str) -> pd.Categorical:
    """(cell,) types that a column of ``obs`` names.

    Raises
    ------
    SectionError
        When there is no such column, or it names no types.
    """
    if column not in obs:
        there = ", ".join(map(str, obs.columns[:8])) or "none"
        raise SectionError(
            f"The reference {name} has no column {column!r} in obs that could name cell types; it "
            f"has {there}."
        )
    types = pd.Categorical(obs[column].astype(object).where(obs[column].notna()).map(_called))
    if not 2 <= len(types.categories) <= MOST_TYPES:
        raise SectionError(
            f"obs[{column!r}] of the reference {name} names no cell types: expected 2 to "
            f"{MOST_TYPES} different ones, found {len(types.categories):,}. Choose another column."
        )
    return types


def drawn(n: int, types: pd.Categorical | None, seed: int) -> NDArray[np.int64]:
    """Draw rows (cell,), rising: all, or ``MOST_CELLS``; of every type as many as can be."""
    if n <= MOST_CELLS:
        return np.arange(n)
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    if types is None:
        return np.sort(order[:MOST_CELLS])
    codes = np.asarray(types.codes)[order]
    sizes = np.sort(np.bincount(codes + 1))
    left, most = MOST_CELLS, 0  # the same most of every type, filled up from the smallest
    for at, size in enumerate(sizes):
        most = max(left // (len(sizes) - at), 1)
        if size > most:
            break
        left -= int(size)
    rank = np.empty(n, np.int64)  # of a cell among those of its type, as they were dealt
    by_type = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[by_type], prepend=codes[by_type[0]] - 1))
    rank[by_type] = np.arange(n) - np.repeat(ends, np.diff(np.append(ends, n)))
    return np.sort(order[rank < most])


def _called(label: object) -> str | None:
    return None if label is None else " ".join(str(label).split()) or None
