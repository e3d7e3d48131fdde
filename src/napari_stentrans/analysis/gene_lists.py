"""Lists and rankings of genes, as they are pasted, read from a file or come from a comparison."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import ConfigError, GeneNotFound, ReadError, StentransWarning
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_stentrans.analysis.maps import Maps

TOLD = 5
GENE_COLUMNS = ("gene", "genes", "name", "names", "symbol", "gene_name", "geneid", "gene_id")
"""Columns that name genes; else the first one does."""
RANK_COLUMNS = ("log2_fold_change", "log2foldchange", "logfoldchanges", "avg_log2fc", "logfc",
                "log2fc", "score", "scores", "stat", "t", "nes", "effect")  # fmt: skip
"""Columns to rank by, the best first; else the only one with numbers."""


def read_list(path: str | Path) -> list[str]:
    """Read names of genes from a text file: parted by lines, commas, semicolons, tabs or spaces.

    A table (csv, tsv) with a column of genes counts as those genes.

    Raises
    ------
    ReadError
        When it cannot be read, or names nothing.
    """
    path = Path(path).expanduser()
    text = _text(path)
    table = _table(path, text)
    if table is not None and _plain(table.columns[0]) in GENE_COLUMNS:
        names = [str(name).strip() for name in table.iloc[:, 0].dropna()]
    else:
        names = re.split(r"[\s,;]+", re.sub(r"(?m)^#.*$", "", text))
    found = list(dict.fromkeys(name.strip("'\"") for name in names if name.strip("'\"")))
    if not found:
        raise ReadError(f"'{path}' names no genes. Give a text file with a gene a line.")
    return found


def read_ranking(path: str | Path, by: str = "") -> pd.Series:
    """Read a ranking: a table (csv, tsv, rnk) with genes and numbers.

    Parameters
    ----------
    by
        Column to rank by; by default one of ``RANK_COLUMNS``, or the only one with numbers.

    Raises
    ------
    ReadError
        When it cannot be read, names a gene twice, or it is not sure what to rank by.
    """
    path = Path(path).expanduser()
    text = _text(path)
    table = _table(path, text)
    if table is None:
        raise ReadError(
            f"'{path}' is no table of genes and numbers. Give a csv or tsv file, such as a "
            "comparison of regions."
        )
    columns = {_plain(column): column for column in table.columns}
    named = next((columns[c] for c in GENE_COLUMNS if c in columns), table.columns[0])
    numbers = [c for c in table.columns if c != named and table[c].dtype.kind in "fiu"]
    if by and by not in table:
        raise ReadError(f"'{path}' has no column {by!r}; it has {', '.join(table.columns)}.")
    known = [columns[c] for c in RANK_COLUMNS if c in columns and columns[c] in numbers]
    if not by and not known and len(numbers) != 1:
        raise ReadError(
            f"'{path}' does not say what to rank by: expected a column of numbers named "
            f"{', '.join(RANK_COLUMNS[:4])}, found {', '.join(map(str, table.columns))}. Name it "
            "with --by COLUMN."
        )
    column = by or (known or numbers)[0]
    genes = table[named].astype(str).str.strip()
    twice = genes[genes.duplicated()]
    if len(twice):
        raise ReadError(
            f"'{path}' names {some(len(twice), 'gene')} twice (first: {twice.iloc[0]}). Keep one "
            "row for each, such as those of one comparison."
        )
    return pd.Series(table[column].to_numpy(), index=pd.Index(genes), name=str(column))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text file"
        raise ReadError(f"'{path}' cannot be read as a list of genes: {reason}.") from error


def _table(path: Path, text: str) -> pd.DataFrame | None:
    """Table of a text with columns; None where it has one column only. ``.rnk`` has no titles."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    sign = max("\t,;", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=sign)]
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows):
        return None
    untitled = width == 2 and _is_number(rows[0][1])
    titles = ["gene", "score"] if untitled else [title or "gene" for title in rows.pop(0)]
    table = pd.DataFrame(rows, columns=titles)
    for column in table:
        numbers = pd.to_numeric(table[column].replace("", np.nan), errors="coerce")
        if numbers.notna().sum() > 0.5 * len(table):
            table[column] = numbers if column != table.columns[0] else table[column]
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(title: object) -> str:
    return str(title).strip().lower().replace(" ", "_")


def seen_or_named(
    maps: Maps, spots: NDArray[np.intp], genes: Iterable[str] | None
) -> NDArray[np.intp]:
    """Positions among the genes of maps of those that could have come into a list.

    ``genes`` that are named, or those that were counted in ``spots`` (position,) of the section.
    """
    if genes is not None:
        return positions(genes, maps, "background")
    columns = maps.section.genes.get_indexer(maps.genes)
    seen = maps.section.counts[spots].getnnz(axis=0) > 0
    return np.flatnonzero(seen[columns])


def positions(genes: Iterable[str], maps: Maps, of: str) -> NDArray[np.intp]:
    """Positions of genes that are named, each once; the rest is told."""
    found: dict[int, None] = {}
    missing = []
    for gene in dict.fromkeys(str(gene).strip() for gene in genes):
        at = _position(gene, maps)
        if at is None:
            missing.append(gene)
        else:
            found[at] = None
    if not found:
        raise ConfigError(
            f"No gene of the {of} is among the {some(len(maps.genes), 'gene')} of "
            f"{maps.section.name}. They are called {', '.join(map(str, maps.genes[:3]))}, ..."
        )
    if missing:
        note(missing, f"of the {of} not in this section")
    return np.array(sorted(found), np.intp)


def _position(gene: str, maps: Maps) -> int | None:
    try:
        name = maps.section.genes[maps.section.gene_index(gene)]
    except GeneNotFound:
        return None
    at = maps.genes.get_indexer([name])[0]
    return None if at < 0 else int(at)


def ranked_genes(ranking: pd.Series | Mapping[str, float], maps: Maps) -> pd.Series:
    """What genes are ranked by, the highest first, by their positions among those of maps."""
    values = pd.to_numeric(pd.Series(dict(ranking), dtype=object), errors="coerce").astype(float)
    known = values[np.isfinite(values)]
    if len(known) < len(values):
        note(list(values.index[~np.isfinite(values)]), "of the ranking without a number")
    places = pd.Series({gene: _position(str(gene), maps) for gene in known.index}, dtype=object)
    missing = [str(gene) for gene in places.index[places.isna()]]
    if missing:
        note(missing, "of the ranking not in this section")
    known = known[~places.isna().to_numpy()]
    known.index = places.dropna().astype(int)
    if known.index.has_duplicates:
        twice = maps.genes[known.index[known.index.duplicated()].unique()]
        raise ConfigError(
            f"The ranking names {some(len(twice), 'gene')} twice (first: {twice[0]}), by name, id "
            "or another name. Keep one of them."
        )
    if len(known) < 2 or known.nunique() < 2:
        raise ConfigError(
            f"A ranking needs genes of this section with different numbers, got "
            f"{some(len(known), 'gene')} with {some(known.nunique(), 'number')}."
        )
    order = np.lexsort((known.index.to_numpy(np.intp), -known.to_numpy()))
    return known.iloc[order]


def note(genes: list[str], what: str) -> None:
    """Warn of genes that are left out, and say what they are."""
    some_of = ", ".join(map(str, genes[:TOLD])) + ", ..." * (len(genes) > TOLD)
    warnings.warn(
        f"{some(len(genes), 'gene')} {what}, left out: {some_of}.", StentransWarning, stacklevel=3
    )
