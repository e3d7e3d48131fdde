"""GeneLists: what each list of genes holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from psygnal import Signal

from napari_stentrans.plugin.models.gene_names import Listed
from napari_stentrans.plugin.models.maps import SUMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_stentrans.enhancement import Enhancement
    from napari_stentrans.plugin.models.gene_index import GeneIndex
    from napari_stentrans.plugin.models.gene_names import Kept
    from napari_stentrans.plugin.models.section_model import SectionModel
    from napari_stentrans.section import Section

ListName = Literal["search", "spatial", "changed", "favourites", "recent", "mine"]
LISTS: dict[ListName, tuple[str, str]] = {
    "search": ("All genes", "All genes, or those that the search finds"),
    "spatial": ("Most spatial", "Genes whose map is smooth, not noise, come first (Moran's I)"),
    "changed": ("Most changed by the run", "Genes whose map the run changed most come first"),
    "favourites": ("Favourites", "Genes with a star; they are kept for the next time"),
    "recent": ("Recent", "Genes that you looked at last"),
    "mine": ("My list", "A list of genes that you paste, drop or open"),
}
"""Lists, by their titles and what they are."""
NO_TABLE = "For other names, such as HER2: Open… > Gene names."


Notes: TypeAlias = "Sequence[str] | NDArray[np.floating]"
"""Words or numbers beside the genes of a list."""


class Rankings(Protocol):
    """Makes lists of genes that take a while."""

    def spatial(self, section: Section) -> pd.Series | None:
        """Genes by Moran's I; None while they are being ranked."""

    def changed(self, result: Enhancement) -> pd.Series | None:
        """Genes of a result by change, in standard deviations; None while they are ranked."""


class Contents(NamedTuple):
    """Names in a list, a note or number beside each, and a sentence about the list."""

    names: Sequence[str]
    notes: Notes | None = None
    said: str = ""


class GeneLists:
    """Finds the genes of the list that a person wants to see; ``mine`` is one that they gave."""

    restored = Signal(str)
    """The lists of a session are back; a problem in words, or nothing."""

    def __init__(self, kept: Kept, rankings: Rankings) -> None:
        self.query = ""
        self.which: ListName = "search"
        self.mine: Listed | None = None
        self.kept, self._rankings = kept, rankings

    def restore(self, favourites: Sequence[str], mine: Sequence[str] | None, which: str) -> None:
        """Bring back the lists of a session; its favourites join those that are kept.

        A list that there is none of by this name is not shown.
        """
        problem = self.kept.add_favourites(favourites)
        self.mine = None if mine is None else Listed(tuple(mine), ())
        self.which = next((name for name in LISTS if name == which), self.which)
        self.restored.emit(problem)

    def contents(self, which: ListName, model: SectionModel, index: GeneIndex) -> Contents:
        if which == "search":
            return self._hits(index)
        if which == "spatial":
            ranked = self._rankings.spatial(model.section)
            return _ranked(ranked, "Moran's I: 1 is a smooth pattern, 0 is noise.")
        if which == "changed":
            return self._changed(model)
        if which == "mine":
            hint = "Paste names, or drop a CSV or TXT file on the list."
            mine = self.mine
            return Contents((), said=hint) if mine is None else Contents(mine.names, said=str(mine))
        self.kept.take_in()  # windows share them
        kept = self.kept.favourites if which == "favourites" else self.kept.recent
        here = [name for name in kept if name in SUMS or name in model.section.genes]
        return Contents(here, said=_about_kept(which, len(here), len(kept)))

    def exact(self, typed: str, index: GeneIndex) -> str | None:
        """Name of the gene or sum that has this name, or id, in any case; None without one."""
        sums = {name.lower(): name for name in SUMS}
        return sums.get(typed.strip().lower()) or index.resolve(typed.strip())

    def _hits(self, index: GeneIndex) -> Contents:
        typed = self.query.strip()
        query = typed.lower()
        if not query:
            return Contents([*SUMS, *index.names])
        hits = index.search(query)
        names, notes = [index.names[at] for at in hits], [index.note(at, query) for at in hits]
        sums = [name for name in SUMS if query in name.lower()]
        said = index.said_of(typed)
        if not (names or sums or said):
            said = f'No gene is like "{typed}" in its name or id.{index.hint(typed)}'
            said += "" if index.knows_others else f" {NO_TABLE}"
        return Contents([*names, *sums], [*notes, *[""] * len(sums)], said)

    def _changed(self, model: SectionModel) -> Contents:
        result = model.enhancement
        if result is None:
            return Contents((), said="There is no result yet: run first.")
        ranked = self._rankings.changed(result)
        if ranked is not None and ranked.empty:
            return Contents(
                (),
                said="This run kept all measured values. Mark lost regions, or let it denoise, to "
                "see what changes.",
            )
        return _ranked(ranked, "Change of the spots, in standard deviations of the gene.")


def _ranked(ranked: pd.Series | None, said: str) -> Contents:
    if ranked is None:
        return Contents((), said="Ranking the genes …")
    return Contents(list(ranked.index), ranked.to_numpy(), said)


def _about_kept(which: ListName, here: int, kept: int) -> str:
    if kept:
        return f"{kept - here:,} more, of other sections." if kept > here else ""
    if which == "recent":
        return "Genes that you look at will be listed here."
    return "No favourites yet: click the star of a gene."
