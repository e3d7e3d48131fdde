"""Maps: sites, and any gene's expression at them, measured or enhanced: what analyses look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.decoders import GENES_AT_ONCE
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError
from napari_stentrans.factors import lognorm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import scipy.sparse as sp
    from numpy.typing import NDArray

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.section import Section

VALUES_AT_ONCE = 1 << 21
"""Values of a block of sites with all genes: 8 MB, so that they stay in the cache."""


@dataclass(frozen=True, eq=False)
class Maps:
    """Expression (site, gene), log-normalised, of which columns are made when asked for.

    Attributes
    ----------
    section
        What was measured.
    names
        (site,) names of the sites, as in ``obs_names``.
    xy
        (site, 2) full-resolution pixels (x, y).
    spots
        (site,) position of each site among the spots of the section; -1 where it is none of them.
    genes
        Names of the genes.
    enhanced
        Whether values are those of a run, and not as measured.
    """

    section: Section
    names: pd.Index
    xy: NDArray[np.float64]
    spots: NDArray[np.intp]
    genes: pd.Index
    enhanced: bool
    _columns: Callable[[NDArray[np.intp]], FloatArray] = field(repr=False)
    _rows: Callable[[slice], FloatArray] = field(repr=False)

    @classmethod
    def of(cls, data: Section | Enhancement | Maps, lost: NDArray[np.bool_] | None = None) -> Maps:
        """Maps as measured, of a section, or as a run gives them; such maps stay as they are.

        Parameters
        ----------
        lost
            (spot,) True for spots of a section to leave out; a run has its own.

        Raises
        ------
        ConfigError
            When ``lost`` is not of this section, or goes with a run; or when the section is an
            exported result, which holds no counts.
        """
        if isinstance(data, Maps) and lost is not None:
            raise ConfigError("These maps know their spots already; give lost with a section only.")
        if isinstance(data, Maps):
            return data
        if isinstance(data, Enhancement):
            if lost is not None:
                raise ConfigError("Lost spots are those of the run; give them with a section only.")
            return cls._of_enhancement(data)
        return cls._of_section(data, lost)

    @classmethod
    def _of_section(cls, section: Section, lost: NDArray[np.bool_] | None) -> Maps:
        if lost is not None and np.shape(lost) != (section.n_spots,):
            raise ConfigError(
                f"Lost spots are a mask of shape {np.shape(lost)}; the section has "
                f"{section.n_spots:,} spots. Give one True or False for each of them."
            )
        check_measured(section)
        empty = section.totals == 0
        spots = np.flatnonzero(~(empty if lost is None else empty | lost))

        def columns(at: NDArray[np.intp]) -> FloatArray:
            counts = section.counts[:, at][spots]
            dense = lognorm(counts, section.totals[spots], section.median_total).toarray()
            return np.asarray(dense, np.float32)

        by_spot = _measured_by_spot(section)

        def rows(sites: slice) -> FloatArray:
            return np.asarray(by_spot()[spots[sites]].toarray(), np.float32)

        names, xy = section.adata.obs_names[spots], section.xy[spots]
        return cls(section, names, xy, spots, section.genes, False, columns, rows)

    @classmethod
    def _of_enhancement(cls, result: Enhancement) -> Maps:
        sites, genes = result.sites, [str(gene) for gene in result.measured_genes]
        spots = np.where(np.arange(len(sites)) < sites.n_spots, np.arange(len(sites)), -1)

        def columns(at: NDArray[np.intp]) -> FloatArray:
            blocks = result.blocks([genes[column] for column in at])
            return np.concatenate([mean for _, mean, _ in blocks], axis=1)

        by_spot = _measured_by_spot(result.section)
        in_section = result.section.genes.get_indexer(genes)
        kept = sites.measured & (not result.record.config.denoise)

        def rows(block: slice) -> FloatArray:
            at = np.arange(len(sites))[block]
            means = result.decoder.means(np.arange(len(genes)), at)
            as_measured = np.flatnonzero(kept[at])
            if len(as_measured):
                means[as_measured] = by_spot()[at[as_measured]][:, in_section].toarray()
            return means

        names = result.measured_genes
        return cls(result.section, sites.names, sites.xy, spots, names, True, columns, rows)

    def fit(self, data: Section | Enhancement) -> bool:
        """Whether they are of this section, or of a result with the same sites."""
        section = data.section if isinstance(data, Enhancement) else data
        if self.section.counts is not section.counts and self.section.digest != section.digest:
            return False
        return not self.enhanced or (
            isinstance(data, Enhancement) and self.names.equals(data.sites.names)
        )

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.names)

    @property
    def spacing(self) -> float:
        """Distance of neighbouring spots of the section, in full-resolution pixels."""
        return float(self.section.lattice.spacing)

    def at_spots(self, values: NDArray[np.generic]) -> NDArray[np.float32]:
        """Values (site,) at all spots of the section (spot,); NaN at those that take no part."""
        every = np.full(self.section.n_spots, np.nan, np.float32)
        here = self.spots >= 0
        every[self.spots[here]] = values[here]
        return every

    def columns(self, at: Sequence[int] | NDArray[np.intp]) -> FloatArray:
        """(site, gene) values of the genes at these positions: dense, so ask for few at once."""
        at = np.asarray(at, np.intp)
        return self._columns(at) if len(at) else np.empty((self.n_sites, 0), np.float32)

    def blocks(self, at: Sequence[int] | NDArray[np.intp]) -> Iterator[tuple[slice, FloatArray]]:
        """Genes at these positions in blocks: where they stand in ``at``, and their values."""
        for start in range(0, len(at), GENES_AT_ONCE):
            block = slice(start, min(start + GENES_AT_ONCE, len(at)))
            yield block, self.columns(at[block])

    def rows(self, sites: slice) -> FloatArray:
        """(site, gene) values of all genes at some sites: dense, so ask for few at once."""
        return self._rows(sites)

    def row_blocks(self) -> Iterator[tuple[slice, FloatArray]]:
        """All genes at sites in blocks that are small in memory: which sites, and their values."""
        step = max(VALUES_AT_ONCE // max(len(self.genes), 1), 1)
        for start in range(0, self.n_sites, step):
            block = slice(start, min(start + step, self.n_sites))
            yield block, self.rows(block)


def _measured_by_spot(section: Section) -> Callable[[], sp.csr_matrix]:
    """Log-normalised expression (spot, gene) as measured, sparse; made when first asked for."""
    return cache(lambda: lognorm(section.counts, section.totals, section.median_total).tocsr())


def check_measured(section: Section) -> None:
    """Raise ConfigError where what a section holds are the estimates of a run, not counts."""
    if "stentrans" in section.adata.uns:
        raise ConfigError(
            f"{section.name} is an exported result: what it holds are estimates, not counts. Give "
            "the section that was measured, or a session (*.stentrans) with the result."
        )
