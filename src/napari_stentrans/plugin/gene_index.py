"""GeneIndex: finds genes by what a person types, well or nearly well, in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_stentrans.section import Section

BEST = 50
FEW = 12
"""With fewer good hits than this, names that are nearly the query are looked for too."""
LEAST_FUZZY = 3
"""Shorter queries are nearly everything."""
LONGEST = 16
"""Letters of a name, and of a query, that count when it is compared with a query."""
MOST_COMPARED = 8000
END = 255
"""Stands behind the last letter of a query; no name has it."""


_made: WeakKeyDictionary[Section, GeneIndex] = WeakKeyDictionary()


class GeneIndex:
    """Finds genes by name or id: by their beginning, a part, or nearly.

    Parameters
    ----------
    names
        (gene,) names.
    ids
        (gene,) ids, for example of Ensembl; None where there are none.
    """

    def __init__(self, names: Sequence[str], ids: Sequence[str] | None = None) -> None:
        folded = [str(name).lower() for name in names]
        order = sorted(range(len(folded)), key=folded.__getitem__)
        self.names = [str(names[i]) for i in order]
        self.ids = None if ids is None else [str(ids[i]) for i in order]
        lines = [folded[i] for i in order]
        lines_of_ids = [] if self.ids is None else [gene_id.lower() for gene_id in self.ids]
        self._in_names, self._in_ids = Lines(lines), Lines(lines_of_ids)
        self._nearly = NearNames(lines)
        self._exact = {name: name for name in self.names}
        self._loose = dict(zip(lines[::-1], self.names[::-1], strict=True))
        for gene_id, name in zip(lines_of_ids, self.names, strict=self.ids is not None):
            self._loose.setdefault(_versionless(gene_id), name)

    @classmethod
    def of(cls, section: Section) -> GeneIndex:
        """Index of a section, made once: with many genes, best on a thread."""
        if section not in _made:
            ids = section.adata.var.get("gene_ids")
            known = None if ids is None else [str(gene_id) for gene_id in ids]
            _made[section] = cls(list(section.genes), known)
        return _made[section]

    def __len__(self) -> int:
        return len(self.names)

    def resolve(self, word: str) -> str | None:
        """Name of the gene that a word stands for: a name or id, in any case; else None."""
        found = self._exact.get(word) or self._loose.get(word.lower())
        return found or self._loose.get(_versionless(word.lower()))

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

        Names that begin with the query come first, then ids that do, then any that contain it,
        in alphabetical order each. Where those are few, names follow that are one or two
        letters away from it, and names that have its letters in its order.
        """
        query = query.strip().lower()
        if "\n" in query or "\t" in query:
            return []
        if not query:
            return list(range(min(best, len(self))))
        hits: dict[int, None] = {}
        for lines, pattern in (
            (self._in_names, f"\n{query}"),
            (self._in_ids, f"\n{query}"),
            (self._in_names, query),
            (self._in_ids, query),
        ):
            hits |= dict.fromkeys(lines.having(pattern, best))
        if len(hits) < min(FEW, best) and len(query) >= LEAST_FUZZY:
            hits |= dict.fromkeys(self._nearly.search(query))
        return list(hits)[:best]


class Lines:
    """Lines of text, searched all at once as one string.

    Parameters
    ----------
    lines
        (gene,) lower-case names or ids.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        # Every line follows a line break, so beginnings of lines are plain strings too.
        self._text = "\n" + "\n".join(lines) + "\n"
        self._starts = np.cumsum([1, *(len(line) + 1 for line in lines)])
        self._letters = frozenset(self._text)

    def having(self, pattern: str, most: int) -> list[int]:
        """Return the first lines that have the pattern in them."""
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
    """Finds names that are nearly a query; all names are compared at once, letter by letter.

    Parameters
    ----------
    names
        (gene,) lower-case names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        joined = "".join(name[:LONGEST].ljust(LONGEST, "\0") for name in names)
        letters = np.frombuffer(joined.encode("latin-1", "replace"), np.uint8)
        self._letters = np.ascontiguousarray(letters.reshape(-1, LONGEST).T)
        self._lengths = np.array([len(name) for name in names], np.int64)
        self._has = np.zeros(len(names), np.uint64)
        for column in self._letters:
            self._has |= _bit(column)

    def search(self, query: str) -> list[int]:
        """Names that are a letter or two away, then names with the letters in this order."""
        letters = np.frombuffer(query[:LONGEST].encode("latin-1", "replace"), np.uint8)
        wrong = 1 if len(query) < 6 else 2
        near = self._candidates(letters, wrong)
        near = near[np.abs(self._lengths[near] - len(query)) <= wrong][:MOST_COMPARED]
        distance = self._distance(letters, near, wrong)
        close = distance <= wrong
        order = np.lexsort((self._lengths[near[close]], distance[close]))
        spread = self._in_order(letters)
        by_length = np.argsort(self._lengths[spread], kind="stable")
        return [*near[close][order].tolist(), *spread[by_length].tolist()]

    def _candidates(self, letters: NDArray[np.uint8], wrong: int) -> NDArray[np.intp]:
        """Names that lack at most so many of the letters."""
        wanted = np.bitwise_or.reduce(_bit(letters))
        lacking = wanted & ~self._has
        for _ in range(wrong):
            lacking &= lacking - np.minimum(lacking, np.uint64(1))  # strikes out one letter
        return np.flatnonzero(lacking == 0)

    def _in_order(self, letters: NDArray[np.uint8]) -> NDArray[np.intp]:
        """Names that have all letters in their order, with others between."""
        at = self._candidates(letters, 0)
        expected = np.append(letters, np.uint8(END))
        found = np.zeros(len(at), np.intp)
        for column in self._letters[:, at]:
            found += expected[found] == column
        return at[found == len(letters)]

    def _distance(
        self, letters: NDArray[np.uint8], at: NDArray[np.intp], most: int
    ) -> NDArray[np.int8]:
        """Letters to add, drop, change or swap with the next to come from a query to names.

        Damerau (1964), optimal string alignment. Only cells within ``most`` of the diagonal are
        filled; distances above ``most`` are some number above it.
        """
        far, columns = np.int8(most + 1), self._letters[:, at]
        row = np.full((LONGEST + 1, len(at)), far)
        row[: most + 1] = np.arange(most + 1, dtype=np.int8)[:, None]
        above, matched_above = row, np.zeros((LONGEST, len(at)), bool)
        for i, letter in enumerate(letters, 1):
            matched = columns == letter
            two_above, above, row = above, row, np.full_like(row, far)
            row[0] = min(i, most + 1)
            for j in range(max(1, i - most), min(LONGEST, i + most) + 1):
                cell = np.minimum(above[j], row[j - 1]) + np.int8(1)
                np.minimum(cell, above[j - 1] + ~matched[j - 1], out=cell)
                if i > 1 and j > 1:
                    swapped = matched[j - 2] & matched_above[j - 1]
                    np.minimum(cell, two_above[j - 2] + np.int8(1), out=cell, where=swapped)
                row[j] = cell
            matched_above = matched
        return row[np.minimum(self._lengths[at], LONGEST), np.arange(len(at))]


def _bit(letters: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """One bit for each letter; none for the emptiness behind a name."""
    shift = (letters % 64).astype(np.uint64)
    return np.where(letters > 0, np.uint64(1) << shift, np.uint64(0))


def _versionless(gene_id: str) -> str:
    """Id without the version behind its dot, as ENSG00000139618.15 has one."""
    stem, dot, version = gene_id.rpartition(".")
    return stem if dot and version.isdigit() and stem.startswith("ens") else gene_id
