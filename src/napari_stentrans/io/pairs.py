"""A table of counts and a table of positions that name the same cells, whichever way round.

What the two are called does not matter, nor the order of their rows and columns. The side of the
counts whose names match those of the positions is that of the cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    FOREIGN_ERRORS,
    is_number,
    match_barcodes,
    plain_stem,
    plain_suffix,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.legacy_pixels import table_of_pixels
from napari_stentrans.io.legacy_table import is_spot_table
from napari_stentrans.io.on_tissue import SPOTS
from napari_stentrans.io.places import IDS, Places
from napari_stentrans.io.tables import (
    first_rows,
    header_of,
    parquet_chunks,
    peek,
    stamp,
    tables_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen

T = TypeVar("T")
FEWEST_GENES = 2
SAMPLE = "sample"
ROWS_LOOKED_AT = 20
BEGINNING = 4000
"""Characters of a row that may hold names of cells."""
SURE = 0.5
"""Names of one side that fit so often need no comparison with the other side."""
TRANSCRIPTS = ("feature_name", "gene", "target", "geneid", "gene_name", "transcript_id")
"""A column of this name says that a line is one molecule, not one cell."""
_PLAIN_WORDS = re.compile(
    r"counts?|expr(ession)?|matrix|dge|mapped|digital|umi|raw|filtered|coor(d(inate)?)?s?|"
    r"loc(ation)?s?|pos(ition)?s?|spatial|cells?|beads?|spots?|meta(data)?|for|r|by|genes?|tissue|"
    r"list|file|data"
)


@dataclass(frozen=True)
class Pair:
    """A table of counts with the positions of its cells.

    Attributes
    ----------
    counts
        The table of counts.
    places
        The table of positions.
    rows
        Column of the counts that names the cells; None where the columns are the cells, and
        the rows genes.
    column
        Column of the positions that names the cells.
    """

    counts: Path
    places: Places
    rows: str | None
    column: str


def tables_of(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the tables of counts in a folder, and of those of positions."""
    tables = tables_in(folder)
    places = [table for table in tables if _places(table)]
    counts = [table for table in tables if table not in places and is_counts(table)]
    return [table.name for table in counts], [table.name for table in places]


def pairs_of(path: Path) -> dict[str, Pair]:
    """Name -> pair: those in a folder, or those that a table is a part of."""
    tables = tables_in(path if path.is_dir() else path.parent)
    if not path.is_dir() and path not in tables:
        return {}
    pairs = _pairs_in(tuple(map(stamp, tables)))
    parts = [(pair, (pair.counts, pair.places.path)) for pair in pairs]
    found = [pair for pair, files in parts if path.is_dir() or path in files]
    stems = [plain_stem(pair.counts) for pair in found]
    if len(set(stems)) < len(stems):
        stems = [f"{pair.counts.name}, {pair.places.path.name}" for pair in found]
    return dict(zip(stems, found, strict=True))


@lru_cache(maxsize=8)
def _pairs_in(stamps: tuple[tuple[Path, int, int], ...]) -> list[Pair]:
    """Pairs among tables; kept, since it is asked for several times."""
    tables = [path for path, _, _ in stamps]
    places = [of for table in tables if (of := _places(table))]
    where = {of.path for of in places}
    counts = [table for table in tables if table not in where and is_counts(table)]
    return _matched(counts, places) if places else []


def choices_of_pairs(path: Path, pairs: dict[str, Pair]) -> tuple[Choice, ...]:
    """Which pair, where there are several; and what the positions of the only one offer."""
    names = tuple(pairs)
    offered = [pair.places.choices() for pair in pairs.values()]
    if len(names) < 2:
        return offered[0] if offered else ()
    spots = (SPOTS,) if any(SPOTS in of for of in offered) else ()
    return (Choice(SAMPLE, "Sample", names, names[0]), *spots)


def chosen_pair(pairs: dict[str, Pair], chosen: Chosen) -> Pair:
    """The pair that was chosen, or the only one."""
    return pairs[chosen.get(SAMPLE, next(iter(pairs)))]


def is_transcripts(header: list[str]) -> bool:
    """Whether a line of a table is one molecule."""
    names = {name.lower() for name in header}
    places = {"x_location", "global_x", "x_global_px", "x", "y"} | {"x_centroid", "xcoord"}
    return bool(names & set(TRANSCRIPTS)) and bool(names & places)


def is_counts(path: Path) -> bool:
    """Whether a table has a name and then numbers in each row, and no positions."""
    header = header_of(path)
    if len(header) < FEWEST_GENES + 1 or is_transcripts(header) or Places.of(path):
        return False
    if plain_suffix(path) == ".parquet":
        return True
    lines = peek(path)
    if len(lines) < 2 or all(map(is_number, lines[0])):
        return False
    if is_spot_table(path) and table_of_pixels(path):
        return False  # a legacy table, whose pixels are known
    numbers = islice(filter(is_number, lines[1][1:]), FEWEST_GENES)
    return len(list(numbers)) == FEWEST_GENES


def _places(table: Path) -> Places | None:
    """Table of positions, if it is one and counts nothing."""
    header = header_of(table)
    if {"x", "y", "pixel_x", "pixel_y"} <= set(header) or is_transcripts(header):
        return None
    found = Places.of(table)
    return found if found and found.ids else None


def _matched(counts: list[Path], places: list[Places]) -> list[Pair]:
    """Pairs whose names match, and of these those whose files are called most alike."""
    found = [pair for c in counts for p in places if (pair := _Sides(c).match(p))]
    found = [p for p in found if p.places.others < max(FEWEST_GENES, len(header_of(p.counts)))]
    if not found and len(counts) == len(places) == 1 and places[0].others < FEWEST_GENES:
        name = header_of(counts[0])[0]
        found = [Pair(counts[0], places[0], name, places[0].ids[0])]  # to say what does not fit
    return most_alike(found, lambda pair: (pair.counts, pair.places.path))


def most_alike(pairs: list[T], files: Callable[[T], tuple[Path, Path]]) -> list[T]:
    """Of pairs that share a file those whose files are called most alike."""
    best: dict[Path, int] = {}
    for pair in pairs:
        for file in files(pair):
            best[file] = max(best.get(file, 0), alike(*files(pair)))
    return [pair for pair in pairs if alike(*files(pair)) >= max(best[f] for f in files(pair))]


def alike(one: Path, other: Path) -> int:
    """How many words two files share that are no words for what they hold."""
    return len(_words(one) & _words(other))


def _words(path: Path) -> set[str]:
    words = re.split(r"[^0-9a-z]+", plain_stem(path).lower())
    numbered = (re.fullmatch(r"(\D*)(\d+)", word) for word in words)
    words += [hit[2] for hit in numbered if hit and _PLAIN_WORDS.fullmatch(hit[1])]  # "expr2"
    return {word for word in words if word and not _PLAIN_WORDS.fullmatch(word)}


@dataclass(frozen=True)
class _Sides:
    """Names along the two sides of a table of counts; of the rows the first ones."""

    path: Path

    @cached_property
    def columns(self) -> list[str]:
        return header_of(self.path) if plain_suffix(self.path) != ".parquet" else []

    @cached_property
    def rows(self) -> dict[str, list[str]]:
        """Column that may name the rows -> its first values."""
        header = header_of(self.path)
        known = {name.lower(): name for name in reversed(header)}
        columns = dict.fromkeys([header[0], *(known[name] for name in IDS if name in known)])
        try:
            if plain_suffix(self.path) == ".parquet":
                table = next(parquet_chunks(self.path, list(columns), ROWS_LOOKED_AT))
                return {name: [str(value) for value in table[name]] for name in columns}
            lines = first_rows(self.path, ROWS_LOOKED_AT, BEGINNING)
        except (*FOREIGN_ERRORS, ReadError):
            return {}
        places = {name: header.index(name) for name in columns}
        return {name: [line[at] for line in lines if at < len(line)] for name, at in places.items()}

    def match(self, places: Places) -> Pair | None:
        """Pair this with a table of positions by the column that names most of its cells."""
        best: tuple[float, Pair] | None = None
        if quick := self._quickly(places):
            return quick
        try:
            table = places.table
        except ReadError:
            return None
        for column in places.ids:
            known = pd.Index(table[column].unique())
            for name, names in self._sides():
                if best and best[0] > SURE:
                    return best[1]
                share = float((match_barcodes(names, known) >= 0).mean()) if names else 0.0
                if share > (best[0] if best else 0.0):
                    best = share, Pair(self.path, places, name, column)
        return best[1] if best else None

    def _quickly(self, places: Places) -> Pair | None:
        """Pair them by the first names of the positions, where these fit well."""
        for column, some in places.first.items():
            known = set(some)
            if len(known & set(self.columns)) > SURE * len(known):
                return Pair(self.path, places, None, column)
            for name, names in self.rows.items():
                if names and sum(n in known for n in names) > SURE * len(names):
                    return Pair(self.path, places, name, column)
        return None

    def _sides(self) -> Iterator[tuple[str | None, list[str]]]:
        yield None, self.columns
        yield from self.rows.items()
