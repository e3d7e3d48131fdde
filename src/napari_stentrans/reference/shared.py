"""Genes that a section and a reference have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_stentrans.errors import SectionError
from napari_stentrans.genes_in_common import genes_in_common
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.reference.cells import Cells
    from napari_stentrans.section import Section

FEWEST_SHARED, MOST_SHARED = 20, 1000
"""Genes in common that are needed, and that are looked at."""
FEWEST_SEEN = 3
"""Cells in which a gene is seen that is to be predicted."""


class Shared(NamedTuple):
    """Genes that the section and the reference have, and those that only the reference has.

    Attributes
    ----------
    here, there
        Columns of the shared genes that are looked at, in the section and in the cells.
    others
        Columns of the cells.
    n_shared
        How many there are in common, before the most useful were chosen.
    """

    here: NDArray[np.intp]
    there: NDArray[np.intp]
    others: NDArray[np.intp]
    n_shared: int


def shared_with(section: Section, cells: Cells, observed: NDArray[np.bool_]) -> Shared:
    """Find the genes in common, by names, ids, symbols and other names.

    Raises
    ------
    SectionError
        When they are too few, or the reference has no other gene.
    """
    here, there = genes_in_common(section.naming, cells.naming)
    others = np.setdiff1d(np.arange(len(cells.genes)), there)
    others = others[cells.counts.getnnz(0)[others] >= FEWEST_SEEN]
    in_spots = section.counts[:, here][observed].getnnz(0)
    in_cells = cells.counts[:, there].getnnz(0)
    useful = np.flatnonzero((in_spots >= FEWEST_SEEN) & (in_cells >= FEWEST_SEEN))
    if len(useful) < FEWEST_SHARED:
        raise SectionError(
            f"{section.name} and the reference {cells.name} have {some(len(here), 'gene')} in "
            f"common, of which {len(useful)} are seen in both; at least {FEWEST_SHARED} are "
            f"needed. Their genes are called {', '.join(map(str, section.genes[:3]))} and "
            f"{', '.join(map(str, cells.genes[:3]))}. Choose a reference of the same species and "
            "tissue, or name the genes alike."
        )
    if not len(others):
        raise SectionError(
            f"The reference {cells.name} has no gene that {section.name} lacks: there is nothing "
            "to predict."
        )
    often = in_spots[useful] / observed.sum() * in_cells[useful] / cells.n_cells
    useful = np.sort(useful[np.argsort(-often, kind="stable")[:MOST_SHARED]])
    return Shared(here[useful], there[useful], others, len(here))
