"""What a test of genes looks at: measured counts of some spots, in blocks of genes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_stentrans.analysis.maps import Maps
from napari_stentrans.errors import ConfigError
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterator

    import scipy.sparse as sp

    from napari_stentrans.factors import FloatArray
    from napari_stentrans.section import Section

Array = NDArray[np.float64]

FEWEST_SITES = 20
"""Spots without which nothing can be said about chance."""
FEWEST_SEEN = 3
VALUES_AT_ONCE = 2_000_000
"""Elements (spot, gene) that are dense at a time."""
GENES_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class TestedGenes:
    """Measured counts of spots that are looked at, and the genes seen often enough.

    Attributes
    ----------
    section
        What was measured.
    spots
        (spot,) positions of the spots among those of the section.
    columns
        (gene,) columns of the genes.
    n_spots
        (gene,) in how many of the spots each is seen.
    """

    section: Section
    spots: NDArray[np.intp]
    columns: NDArray[np.intp]
    n_spots: NDArray[np.intp]
    _counts: sp.csc_matrix

    @classmethod
    def of(
        cls, data: Section | Maps, lost: NDArray[np.bool_] | None, min_spots: int
    ) -> TestedGenes:
        """Choose spots that are neither lost nor without counts, and genes seen in enough of them.

        Raises
        ------
        ConfigError
            When maps are those of a run, ``min_spots`` is below 3, or too little is left to test.
        """
        if isinstance(data, Maps) and lost is not None:
            raise ConfigError("Lost spots are left out of these maps already; give them once.")
        maps = data if isinstance(data, Maps) else Maps.of(data, lost)
        if maps.enhanced:
            raise ConfigError(
                "Genes are tested on measured counts, and these are maps of a run, in which "
                "every gene is smooth. Give the section itself."
            )
        if min_spots < FEWEST_SEEN:
            raise ConfigError(
                f"min_spots must be {FEWEST_SEEN} or more, got {min_spots}: genes seen in fewer "
                "spots have no pattern that chance would not make."
            )
        section, spots = maps.section, maps.spots
        if len(spots) < FEWEST_SITES:
            raise ConfigError(
                f"A test needs {FEWEST_SITES} spots with counts that are not lost, found "
                f"{len(spots)}. Mark fewer spots as lost, or take a larger section."
            )
        whole = len(spots) == section.n_spots
        counts = section.counts if whole else section.counts[spots]
        seen = counts.getnnz(0)
        columns = np.flatnonzero(seen >= min_spots)
        if not len(columns):
            raise ConfigError(
                f"No gene is seen in {some(min_spots, 'spot')} or more of {len(spots):,}; the most "
                f"often seen one is in {int(seen.max(initial=0)):,}. Lower min_spots."
            )
        return cls(section, spots, columns, seen[columns].astype(np.intp), counts)

    @property
    def xy(self) -> Array:
        """(spot, 2) full-resolution pixels (x, y)."""
        return self.section.xy[self.spots]

    @property
    def units(self) -> Array:
        """(spot, 2) positions in spacings."""
        return self.xy / self.section.lattice.spacing

    @property
    def totals(self) -> Array:
        """(spot,) library sizes: counts of all genes of the section."""
        return self.section.totals[self.spots]

    def blocks(self) -> Iterator[slice]:
        """Genes in blocks that are small enough to be dense."""
        step = int(np.clip(VALUES_AT_ONCE // len(self.spots), 1, GENES_AT_ONCE))
        for start in range(0, len(self.columns), step):
            yield slice(start, min(start + step, len(self.columns)))

    def counts(self, block: slice) -> FloatArray:
        """(spot, gene) counts of a block of genes, dense."""
        return np.asarray(self._counts[:, self.columns[block]].toarray(), np.float32)
