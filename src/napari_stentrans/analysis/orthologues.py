"""Orthologues of man and mouse, and NCBI's numbers of their genes: MGI's table, by download."""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.downloads import Remote, cache_folder, fetch_steps
from napari_stentrans.errors import DownloadError, ReadError
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_stentrans.gene_naming import GeneNaming
    from napari_stentrans.progress import Steps

MGI = Remote(
    "HOM_MouseHumanSequence.rpt",
    "https://www.informatics.jax.org/downloads/reports/HOM_MouseHumanSequence.rpt",
    sha256="",  # it changes every week
)
MGI_TERMS = "CC BY 4.0, Mouse Genome Informatics (cite doi 10.1093/nar/gkaa1083)"
FOLDER = "orthologues"
HUMAN, MOUSE = "9606", "10090"
"""NCBI's numbers of the species."""
COLUMNS = ("DB Class Key", "NCBI Taxon ID", "Symbol", "EntrezGene ID")
LEAST_CLASSES = 15_000
"""Groups of orthologues; a table of MGI with fewer was cut off."""


@dataclass(frozen=True, eq=False)
class Orthologues:
    """Genes of man and mouse that stem from one.

    Attributes
    ----------
    classes
        Group of orthologues -> symbols of each species (``HUMAN``, ``MOUSE``).
    of_symbol
        Species -> symbol -> its group.
    of_number
        NCBI's number of a gene -> its group, its species and its symbol.
    """

    classes: Mapping[str, Mapping[str, list[str]]]
    of_symbol: Mapping[str, Mapping[str, str]]
    of_number: Mapping[str, tuple[str, str, str]]

    def __len__(self) -> int:
        return len(self.classes)

    def replaced(self, genes: Iterable[str], naming: GeneNaming) -> dict[str, str]:
        """Gene -> its symbol in the species of a section; only where there is just one.

        Genes are symbols of either species, or numbers of NCBI.
        """
        species = self.species_of(naming)
        found = {}
        for gene in genes:
            group, of, symbol = self.of_number.get(gene, (None, "", gene))
            if group is None:
                homes = {s: t[gene] for s, t in self.of_symbol.items() if gene in t}
                of, group = next(iter(homes.items()), ("", None))
                if species in homes:  # it has the name of one that is here
                    of, group = species, homes[species]
            if group is None:
                continue
            symbols = [symbol] if of == species else self.classes[group].get(species, [])
            if len(symbols) == 1:
                found[gene] = symbols[0]
        return found

    def species_of(self, naming: GeneNaming) -> str:
        """Species that most genes of a section are of, by their symbols and ids."""
        called = [s or n for s, n in zip(naming.symbols, naming.names, strict=True)]
        mice = sum(gene_id.startswith("ENSMUSG") for gene_id in naming.ids)
        mice += sum(name in self.of_symbol[MOUSE] for name in called)
        men = sum(gene_id.startswith("ENSG0") for gene_id in naming.ids)
        men += sum(name in self.of_symbol[HUMAN] for name in called)
        return MOUSE if mice > men else HUMAN


_read: dict[tuple[str, int], Orthologues] = {}


def known_orthologues() -> Orthologues | None:
    """The table that is kept; None where none is."""
    path = cache_folder() / FOLDER / MGI.name
    if not path.is_file():
        return None
    key = (str(path), path.stat().st_mtime_ns)
    if key not in _read:
        _read.clear()
        _read[key] = read_orthologues(path)
    return _read[key]


def read_orthologues(path: Path) -> Orthologues:
    """Read MGI's table ``HOM_MouseHumanSequence.rpt``.

    Raises
    ------
    ReadError
        When it cannot be read, or is another table.
    """
    classes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    of_symbol: dict[str, dict[str, str]] = {HUMAN: {}, MOUSE: {}}
    of_number = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
            titles = rows.fieldnames or []
            if not set(COLUMNS) <= set(titles):
                raise ReadError(
                    f"'{path}' is no table of orthologues: expected the columns "
                    f"{', '.join(COLUMNS)}, found {', '.join(titles[:6]) or 'nothing'}. MGI's "
                    f"{MGI.name} is one."
                )
            for row in rows:
                group, species, symbol, number = (row[column].strip() for column in COLUMNS)
                if species in of_symbol and symbol:
                    classes[group][species].append(symbol)
                    of_symbol[species][symbol] = group
                    of_number[number] = (group, species, symbol)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReadError(f"'{path}' cannot be read as a table of orthologues: {error}.") from error
    of_number.pop("", None)
    return Orthologues(classes, of_symbol, of_number)


def fetch_orthologues_steps() -> Steps[Orthologues]:
    """Download MGI's table, check it and keep it.

    Raises
    ------
    DownloadError
        When it cannot be had whole, or cannot be kept.
    """
    folder = cache_folder() / FOLDER
    _make(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching") as scratch:
        yield from fetch_steps([MGI], Path(scratch))
        yield Progress("reading the table of orthologues", 0, 1)
        path = Path(scratch) / MGI.name
        try:
            table = read_orthologues(path)
        except ReadError as error:
            raise DownloadError(f"What came is no table of orthologues: {error}") from error
        if len(table) < LEAST_CLASSES:
            raise DownloadError(
                f"The table that came has {len(table):,} groups; MGI's has {LEAST_CLASSES:,} at "
                "least. It was cut off: try again later."
            )
        path.replace(folder / MGI.name)
    return table


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"'{folder}' cannot be written: {error.strerror or error}. Free some space, or set "
            "STENTRANS_CACHE to another folder."
        ) from error
