"""GeneIndex: finds genes by what a person types, well or nearly well, in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from rapidfuzz.distance import OSA, LCSseq
from rapidfuzz.process import cdist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.gene_naming import GeneNaming
    from napari_stentrans.section import Section

BEST = 50
FEW = 12
"""With fewer good hits than this, names that are nearly the query are looked for too."""
LEAST_FUZZY = 3
"""Shorter queries are nearly everything."""


_made: WeakKeyDictionary[GeneNaming, GeneIndex] = WeakKeyDictionary()


class GeneIndex:
    """Finds genes by symbol, name, id or other names: by their beginning, a part, or nearly.

    ``names`` are those of all genes, in the order of what is shown for them.
    """

    def __init__(self, naming: GeneNaming) -> None:
        folded = [label.lower() for label in naming.labels]
        order = sorted(range(len(folded)), key=folded.__getitem__)
        self._naming = naming
        self.names = [naming.names[i] for i in order]
        self._ids = [naming.ids[i] for i in order]
        self._others = [naming.others(i) for i in order]
        lines = [folded[i] for i in order]
        ids = [gene_id.lower() for gene_id in self._ids]
        others = [(name.lower(), i) for i, names in enumerate(self._others) for name in names]
        self._in_names, self._in_ids = Lines(lines), Lines(ids if any(ids) else [])
        self._in_others = Lines([name for name, _ in others])
        self._of_other = [i for _, i in others]
        self._nearly = NearNames(lines)
        self._exact = {name: name for name in self.names}
        self._loose = dict(zip(lines[::-1], self.names[::-1], strict=True))
        for part in (ids, [name.lower() for name in self.names]):
            for gene_id, name in zip(part, self.names, strict=True):
                self._loose.setdefault(_versionless(gene_id), name)
        self._loose.pop("", None)

    @classmethod
    def of(cls, section: Section) -> GeneIndex:
        """Index of a section, made once: with many genes, best on a thread."""
        naming = section.naming
        if naming not in _made:
            _made[naming] = cls(naming)
            naming.hint("")  # what it looks up is made here
        return _made[naming]

    def __len__(self) -> int:
        return len(self.names)

    def label(self, name: str) -> str:
        return self._naming.label(name)

    def resolve(self, word: str) -> str | None:
        """Name of the gene that a word stands for; None where there is none, or not surely one.

        That is a name, id or symbol, in any case, or another name of one gene alone.
        """
        found = self._exact.get(word) or self._loose.get(word.lower())
        found = found or self._loose.get(_versionless(word.lower()))
        if found is None:
            gene = self._naming.meaning(word).gene
            found = None if gene is None else self._naming.names[gene]
        return found

    def said_of(self, word: str) -> str:
        """What a word is here, where it is another name: "HER2 is ERBB2 here."; else ""."""
        direct = self._exact.get(word) or self._loose.get(_versionless(word.lower()))
        return "" if direct or not word else self._naming.meaning(word).said

    def hint(self, word: str) -> str:
        return self._naming.hint(word)

    @property
    def knows_others(self) -> bool:
        return self._naming.table is not None

    def note(self, position: int, query: str) -> str:
        """Why a query found the gene at a position: its id or other name; "" for what is shown."""
        query, gene_id = query.lower(), self._ids[position]
        label = self.label(self.names[position])
        if query in label.lower():
            return ""
        begin = [name for name in self._others[position] if name.lower().startswith(query)]
        return min(begin, key=len) if begin else gene_id if query in gene_id.lower() else ""

    def meant(self, typed: str) -> str | None:
        """Name of the gene that was surely meant: a whole name or id, or the only beginning."""
        typed = typed.strip()
        exact = self.resolve(typed)
        if exact is not None or not typed:
            return exact
        begin = self._in_names.having(f"\n{typed.lower()}", 2)
        return self.names[begin[0]] if len(begin) == 1 else None

    def search(self, query: str, best: int = BEST) -> list[int]:
        """Positions in ``names`` of the best matches, the best first.

        Genes of which the query is the name or another name come first, then names that begin
        with it, then ids and other names that do, then names and ids that contain it, in
        alphabetical order each. Where those are few, names follow that are one or two
        letters away from it, and names that have its letters in its order.
        """
        query = query.strip().lower()
        if "\n" in query or "\t" in query:
            return []
        if not query:
            return list(range(min(best, len(self))))
        hits: dict[int, None] = {}
        for lines, pattern in (
            (self._in_names, f"\n{query}\n"),
            (self._in_others, f"\n{query}\n"),
            (self._in_names, f"\n{query}"),
            (self._in_ids, f"\n{query}"),
            (self._in_others, f"\n{query}"),
            (self._in_names, query),
            (self._in_ids, query),
        ):
            found = lines.having(pattern, best)
            if lines is self._in_others:
                found = [self._of_other[at] for at in found]
            hits |= dict.fromkeys(found)
        if len(hits) < min(FEW, best) and len(query) >= LEAST_FUZZY:
            hits |= dict.fromkeys(self._nearly.search(query))
        return list(hits)[:best]


class Lines:
    """Lines of text, searched all at once as one string."""

    def __init__(self, lines: Sequence[str]) -> None:
        # Every line follows a line break, so beginnings of lines are plain strings too.
        self._text = "\n" + "\n".join(lines) + "\n"
        self._starts = np.cumsum([1, *(len(line) + 1 for line in lines)])
        self._letters = frozenset(self._text)

    def having(self, pattern: str, most: int) -> list[int]:
        found: list[int] = []
        if not self._letters.issuperset(pattern):  # ids have few letters: most queries end here
            return found
        at = self._text.find(pattern)
        while at >= 0 and len(found) < most:
            inside = at + (pattern[0] == "\n")
            line = int(np.searchsorted(self._starts, inside, side="right")) - 1
            found.append(line)
            at = self._text.find(pattern, int(self._starts[line + 1]) - 1)
        return found


class NearNames:
    """Finds names that are nearly a query, among those that have nearly all of its letters."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._lengths = names, np.array([len(name) for name in names], np.int64)
        starts = np.cumsum(self._lengths + 1) - self._lengths - 1
        self._has = np.bitwise_or.reduceat(_bits("".join(f"{name}\n" for name in names)), starts)

    def search(self, query: str) -> list[int]:
        """Names that are a letter or two away, then names with the letters in this order.

        Letters are added, dropped, changed or swapped with the next (Damerau 1964).
        """
        wrong = 1 if len(query) < 6 else 2
        near = self._candidates(query, wrong)
        near = near[np.abs(self._lengths[near] - len(query)) <= wrong]
        away = self._compared(query, near, OSA.distance, wrong)
        order = np.lexsort((self._lengths[near], away))[: (away <= wrong).sum()]
        spread = self._candidates(query, 0)
        spread = spread[self._compared(query, spread, LCSseq.similarity, len(query)) > 0]
        by_length = np.argsort(self._lengths[spread], kind="stable")
        return [*near[order].tolist(), *spread[by_length].tolist()]

    def _candidates(self, query: str, wrong: int) -> NDArray[np.intp]:
        """Names that lack at most so many of the letters."""
        lacking = np.bitwise_or.reduce(_bits(query)) & ~self._has
        for _ in range(wrong):
            lacking &= lacking - np.minimum(lacking, np.uint64(1))  # strikes out one letter
        return np.flatnonzero(lacking == 0)

    def _compared(self, query: str, at: NDArray[np.intp], scorer: Any, cutoff: int) -> NDArray[Any]:
        names = [self._names[i] for i in at]
        return np.asarray(cdist([query], names, scorer=scorer, score_cutoff=cutoff)[0])


def _bits(text: str) -> NDArray[np.uint64]:
    letters = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)
    return np.uint64(1) << (letters % 64).astype(np.uint64)


def _versionless(gene_id: str) -> str:
    """Id without the version behind its dot, as ENSG00000139618.15 has one."""
    stem, dot, version = gene_id.rpartition(".")
    return stem if dot and version.isdigit() and stem.startswith("ens") else gene_id
