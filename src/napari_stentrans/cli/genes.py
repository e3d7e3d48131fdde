"""``stentrans genes``: tables of gene names, and what a name stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_stentrans.cli.bar import say, with_bar
from napari_stentrans.gene_table import HGNC_PAGE
from napari_stentrans.hgnc import HGNC_TERMS, fetch_hgnc_steps
from napari_stentrans.io import read_section
from napari_stentrans.known_gene_tables import (
    folder,
    forget_tables,
    keep_table,
    known_tables,
)

if TYPE_CHECKING:
    import argparse

    from napari_stentrans.gene_table import GeneTable
    from napari_stentrans.section import Section


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="symbols, ids or other names")
    parser.add_argument("--of", type=Path, metavar="PATH", help="look NAMEs up in this section")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="keep a table of gene names: of HGNC, MGI, NCBI or BioMart",
    )
    way.add_argument(
        "--download", action="store_true", help="download HGNC's table of human genes (CC0)"
    )
    way.add_argument("--forget", action="store_true", help="delete the tables that are kept")


def run(arguments: argparse.Namespace) -> None:
    """Keep, fetch or forget tables; say which are known, or what names stand for."""
    section = None if arguments.of is None else read_section(arguments.of)
    if arguments.table is not None:
        keep_table(arguments.table)
    elif arguments.download:
        say(f"From {HGNC_PAGE}; terms: {HGNC_TERMS}. It is kept in {folder()}.")
        with_bar(fetch_hgnc_steps())
    elif arguments.forget:
        for path in forget_tables():
            say(f"Deleted {path}")
    tables = known_tables()
    for name in arguments.names:
        print(_in_words(name, tables) if section is None else _in_section(name, section))
    if arguments.names:
        return
    for table in tables:
        others = sum(len(row.others) for row in table.rows)
        print(f"{table.name}: {len(table):,} genes, {others:,} other names")
    if not tables:
        say(
            "No table of gene names is known. Give one with --table FILE, or take HGNC's with "
            "--download."
        )


def _in_words(name: str, tables: tuple[GeneTable, ...]) -> str:
    """What the tables know of a name."""
    found = []
    for table in tables:
        by_id = table.of_id(name)
        for gene in table.meant(name) if by_id is None else [by_id]:
            row = table.rows[gene]
            other = f"; also {', '.join(row.others)}" if row.others else ""
            found.append(", ".join((row.symbol, *row.ids)) + other)
    return f"{name}: {' | '.join(found) or 'not known'}"


def _in_section(name: str, section: Section) -> str:
    """What a name stands for in a section."""
    naming = section.naming
    found = naming.meaning(name)
    if found.gene is None:
        return f"{name}: not in this section.{naming.hint(name)}"
    gene = naming.names[found.gene]
    called = dict.fromkeys((naming.labels[found.gene], gene, naming.ids[found.gene]))
    return f"{name}: {', '.join(filter(None, called))}"
