"""GeneTable: symbols, ids and other names of the genes of a species, read from a text file."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

HGNC_PAGE = "https://www.genenames.org/download/statistics-and-files/"
MOST_BYTES = 500_000_000
SYMBOLS = ("symbol", "approvedsymbol", "hgncsymbol", "mgisymbol", "markersymbol", "genesymbol",
           "genename", "externalgenename")  # fmt: skip
IDS = ("ensemblgeneid", "ensemblid", "genestableid", "ensemblidsuppliedbyensembl", "ensembl",
       "geneid", "hgncid", "mgiid", "mgiaccessionid", "dbxrefs")  # fmt: skip
OTHERS = ("aliassymbol", "aliassymbols", "prevsymbol", "prevsymbols", "previoussymbol",
          "previoussymbols", "synonyms", "synonym", "genesynonym", "markersynonymspipeseparated",
          "othernames", "aliases", "alias")  # fmt: skip
"""Titles of columns, by their letters and digits."""
BY_COMMAS = frozenset(
    {"aliassymbols", "prevsymbols", "previoussymbols", "synonym", "aliases", "alias"}
)
"""Columns whose names are parted by commas; elsewhere by "|", since names have commas in them."""
STATUS, TAXON = "status", "taxid"
IN_USE = frozenset({"", "approved", "o"})
"""What the column of the status says of genes that were not withdrawn."""
NOTHING = frozenset({"", "-", "na", "nan", "none", "null"})
AN_ID = re.compile(
    r"(?:ENS[A-Z]{0,6}G\d{6,}|FBgn\d{7}|WBGene\d{8}|AT[1-5MC]G\d{5}|MGI:\d+|HGNC:\d+)(?:\.\d+)?"
)
"""Ids of genes: Ensembl's, also of flies, worms and cress, and those of MGI and HGNC."""


class Row(NamedTuple):
    """Names of one gene: its symbol, its ids, and its other names, of now and before."""

    symbol: str
    ids: tuple[str, ...]
    others: tuple[str, ...]


class GeneTable:
    """Names of the genes of one species.

    Parameters
    ----------
    name
        What to call the table.
    rows
        (gene,) names.
    """

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name, self.rows = name, tuple(rows)
        self._by_symbol = {row.symbol: gene for gene, row in enumerate(rows)}
        self._loose = {symbol.lower(): gene for symbol, gene in self._by_symbol.items()}
        self._by_id = {name: gene for gene, row in enumerate(rows) for name in row.ids}
        self._by_other: dict[str, list[int]] = {}
        for gene, row in enumerate(rows):
            for other in dict.fromkeys(map(str.lower, row.others)):
                self._by_other.setdefault(other, []).append(gene)

    def __len__(self) -> int:
        return len(self.rows)

    def of_id(self, gene_id: str) -> int | None:
        """Gene of an id, with a version or without."""
        return self._by_id.get(gene_id, self._by_id.get(gene_id.partition(".")[0]))

    def of_symbol(self, symbol: str) -> int | None:
        """Gene of a symbol that is in use, in this case."""
        return self._by_symbol.get(symbol)

    def meant(self, word: str) -> list[int]:
        """Genes that a word stands for, in any case: as symbol, else as one of the other names."""
        gene = self._by_symbol.get(word, self._loose.get(word.lower()))
        return self._by_other.get(word.lower(), []) if gene is None else [gene]


def read_table(path: Path) -> GeneTable:
    """Read a table of gene names: HGNC's, MGI's, NCBI's, BioMart's, or one with such columns.

    Raises
    ------
    ReadError
        When it cannot be read, has no column of symbols, or neither ids nor other names.
    """
    try:
        with _lines(path) as lines:
            rows = list(_merged(_rows(path, lines)))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReadError(
            f"'{path}' cannot be read as a table of gene names: {reason}. Give a text file, such "
            "as hgnc_complete_set.txt."
        ) from error
    if not rows:
        raise ReadError(f"'{path}' names no genes: its column of symbols is empty.")
    return GeneTable(path.name.removesuffix(".gz").rpartition(".")[0] or path.name, rows)


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    """Lines of a text file, gzipped or not, that is not too large for a table of genes."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline=None) as file:
        yield _limited(file)


def _limited(lines: Iterable[str]) -> Iterator[str]:
    read = 0
    for line in lines:
        read += len(line)
        if read > MOST_BYTES:
            raise OSError("it is too large for the genes of one species")
        yield line.rstrip("\n")


def _rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    """Genes of a table whose columns are known by their titles."""
    first = next((line for line in lines if line.strip() and not line.startswith("##")), "")
    sign = max("\t,;", key=first.count)
    cells = (
        (_unquoted(line) for line in lines) if sign == "\t" else csv.reader(lines, delimiter=sign)
    )
    titles = [_plain(title) for title in next(iter(csv.reader([first], delimiter=sign)), [])]
    symbols, ids, others = (
        [titles.index(title) for title in known if title in titles]
        for known in (SYMBOLS, IDS, OTHERS)
    )
    commas = frozenset(at for at in others if titles[at] in BY_COMMAS)
    if not symbols or not (ids or others):
        raise ReadError(
            f"'{path}' is no table of gene names: expected a column of symbols (symbol, gene_name) "
            "and one of ids or other names (ensembl_gene_id, alias_symbol, prev_symbol, Synonyms), "
            f"found {', '.join(titles[:8]) or 'nothing'}. HGNC's hgnc_complete_set.txt is one: "
            f"{HGNC_PAGE}"
        )
    taxa: set[str] = set()
    for row in cells:
        row += [""] * (len(titles) - len(row))
        if STATUS in titles and row[titles.index(STATUS)].strip().lower() not in IN_USE:
            continue
        if TAXON in titles:
            taxa.add(row[titles.index(TAXON)])
            if len(taxa) > 1:
                raise ReadError(f"'{path}' has genes of several species; give those of one.")
        symbol = row[symbols[0]].strip()
        if symbol.lower() not in NOTHING:
            yield Row(symbol, _ids_in(row, ids), _names_in(row, others, commas))


def _merged(rows: Iterable[Row]) -> Iterable[Row]:
    """One row for each symbol: BioMart's tables have one for each of its other names."""
    found: dict[str, Row] = {}
    for row in rows:
        old = found.get(row.symbol)
        if old is not None:
            ids, others = (*old.ids, *row.ids), (*old.others, *row.others)
            row = Row(row.symbol, tuple(dict.fromkeys(ids)), tuple(dict.fromkeys(others)))
        found[row.symbol] = row
    return found.values()


def _ids_in(row: Sequence[str], columns: Sequence[int]) -> tuple[str, ...]:
    """Ids in some cells, without versions."""
    found = (gene_id for at in columns for gene_id in AN_ID.findall(row[at]))
    return tuple(dict.fromkeys(gene_id.partition(".")[0] for gene_id in found))


def _names_in(
    row: Sequence[str], columns: Sequence[int], by_commas: frozenset[int]
) -> tuple[str, ...]:
    """Names in some cells, parted by "|", or in some of them by commas or semicolons."""
    found: dict[str, None] = {}
    for at in columns:
        commas = at in by_commas and "|" not in row[at]
        names = re.split("[,;]", row[at]) if commas else row[at].split("|")
        found |= dict.fromkeys(name.strip() for name in names)
    return tuple(name for name in found if name.lower() not in NOTHING)


def _unquoted(line: str) -> list[str]:
    """Cells between tabs. Quotes are for whole cells only: names of genes have primes in them."""
    return [
        cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
        for cell in line.split("\t")
    ]


def _plain(title: str) -> str:
    return "".join(sign for sign in title.lower() if sign.isalnum())
