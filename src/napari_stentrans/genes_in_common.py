"""Genes that two tables have in common, whatever each calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_stentrans.gene_naming import GeneNaming


def genes_in_common(
    here: GeneNaming, there: GeneNaming
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the genes that both have, in the order of the first.

    Names, ids, symbols and other names count; a name that may stand for several genes stands for
    none.
    """
    found: dict[int, int] = {}
    for at, gene in enumerate(here.names):
        words = dict.fromkeys(word for word in (gene, here.ids[at], here.symbols[at]) if word)
        meant = (there.meaning(word).gene for word in words)
        other = next((other for other in meant if other is not None), None)
        if other is not None:
            found.setdefault(other, at)
    pairs = sorted((at, other) for other, at in found.items())
    return (
        np.array([at for at, _ in pairs], np.intp),
        np.array([other for _, other in pairs], np.intp),
    )
