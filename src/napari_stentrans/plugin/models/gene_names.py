"""Lists of genes: those that a person pastes or drops, and those that are kept for them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.models.small_files import (
    load_json,
    names_in,
    settings_folder,
    store_json,
)
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from napari_stentrans.plugin.models.gene_index import GeneIndex

ENDINGS = (".csv", ".tsv", ".txt")
DELIMITERS = "\t,;"
MOST_BYTES = 5_000_000
MOST_RECENT = 30
MOST_NAMED = 5
"""Unknown names that are written out."""
HEADERS = frozenset({"", "gene", "genes", "symbol", "name", "gene_name", "gene_symbol", "gene_id"})
FILE = "genes.json"


@dataclass(frozen=True)
class Listed:
    """Genes that a text lists.

    Attributes
    ----------
    names
        Names of genes of the section, each once, in the order of the text.
    unknown
        Words of the text that no gene has as name or id.
    said
        What words are here that are other names of genes, or may be several.
    """

    names: tuple[str, ...]
    unknown: tuple[str, ...]
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str], index: GeneIndex) -> Listed:
        found = {word: index.resolve(word) for word in words if word}
        names = dict.fromkeys(name for name in found.values() if name is not None)
        unknown = tuple(word for word, name in found.items() if name is None)
        said = tuple(filter(None, map(index.said_of, found)))
        return cls(tuple(names), unknown, said)

    def __str__(self) -> str:
        """Say how many genes were found, which were not, and which are called otherwise."""
        genes = f"{some(len(self.names), 'gene')}."
        more = " …" if len(self.said) > MOST_NAMED else ""
        other = "".join(f" {said}" for said in self.said[:MOST_NAMED]) + more
        if not self.unknown:
            return genes + other
        named = ", ".join(self.unknown[:MOST_NAMED])
        more = " …" if len(self.unknown) > MOST_NAMED else ""
        verb = "is" if len(self.unknown) == 1 else "are"
        return f"{genes} {len(self.unknown):,} {verb} not in this section: {named}{more}.{other}"


def parse(text: str, index: GeneIndex) -> Listed:
    """Genes that a text lists: one a line, in a line, or in a column of a table.

    Of a table, that column is taken that names the most genes; a first row without any is
    its header.
    """
    rows = [[word.strip().strip("\"'") for word in row] for row in _rows(text)]
    rows = [row for row in rows if any(row)]
    if len(rows) <= 1:
        return Listed.of([word for row in rows for word in _words(row)], index)
    columns = list(zip_longest(*rows, fillvalue=""))
    known = [sum(index.resolve(word) is not None for word in column) for column in columns]
    column = columns[known.index(max(known))]
    if column[0].lower() in HEADERS and index.resolve(column[0]) is None:
        column = column[1:]
    return Listed.of(column, index)


def read_list(path: Path, index: GeneIndex) -> Listed:
    """Genes that a text file lists; ReadError when it is none, too large, or cannot be read."""
    if path.suffix.lower() not in ENDINGS:
        raise ReadError(f"Expected a list of genes as {', '.join(ENDINGS)}, got {path.name}.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ReadError(f"'{path.name}' is too large to be a list of genes.")
        return parse(path.read_text(encoding="utf-8-sig"), index)
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(
            f"'{path.name}' cannot be read as a list of genes ({error}). Save it as plain text, "
            "one name in a line."
        ) from error


def is_list(text: str) -> bool:
    """Whether a pasted text is more than the name of one gene."""
    return len([word for row in _rows(text) for word in _words(row) if word]) > 1


class Kept:
    """Favourite and recent genes, by name, in a small file among napari's settings."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_folder() / FILE
        self._seen: dict[str, object] = {}
        self.favourites: list[str] = []
        self.recent: list[str] = []
        self.take_in()

    def take_in(self) -> None:
        stored = load_json(self._path)
        if stored and stored != self._seen:
            self._seen = stored
            self.favourites = names_in(stored.get("favourites"))
            self.recent = names_in(stored.get("recent"))[:MOST_RECENT]

    def toggle_favourite(self, name: str) -> str:
        """Make a gene a favourite, or no longer, and write the file; returns as ``save``."""
        self.take_in()
        if name in self.favourites:
            self.favourites.remove(name)
        else:
            self.favourites.append(name)
        return self.save()

    def add_favourites(self, names: Iterable[str]) -> str:
        """Make genes favourites that are not yet; returns as ``save``."""
        self.take_in()
        new = [name for name in names if name not in self.favourites]
        self.favourites += new
        return self.save() if new else ""

    def visit(self, name: str) -> None:
        self.take_in()
        self.recent = [name, *(other for other in self.recent if other != name)][:MOST_RECENT]

    def save(self) -> str:
        """Write the file; returns in words why it could not be written, else nothing."""
        kept = {"favourites": self.favourites, "recent": self.recent}
        try:
            store_json(self._path, kept)
        except OSError as error:
            return f"Favourites cannot be kept for the next time: {error}."
        self._seen = {name: list(names) for name, names in kept.items()}
        return ""


def _rows(text: str) -> Sequence[Sequence[str]]:
    """Rows of a text, parted by the delimiter that most of its lines have."""
    lines = text.splitlines()
    counts = {sign: sum(sign in line for line in lines) for sign in DELIMITERS}
    sign = max(counts, key=counts.__getitem__)
    return list(csv.reader(lines, delimiter=sign)) if counts[sign] else [[line] for line in lines]


def _words(row: Sequence[str]) -> list[str]:
    """Names in one row, which may have blanks between them."""
    return [word for cell in row for word in cell.split()]
