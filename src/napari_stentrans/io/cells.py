"""Any table of cells or spots: x, y and a column for each gene, in one table or in two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    is_number,
    open_text,
    plain_stem,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.axes import axes_of, is_place
from napari_stentrans.io.legacy_table import POSITION_COLUMN
from napari_stentrans.io.pairs import (
    FEWEST_GENES,
    choices_of_pairs,
    chosen_pair,
    is_transcripts,
    pairs_of,
)
from napari_stentrans.io.places import IDS, Places
from napari_stentrans.io.points import Cells, name_of, place
from napari_stentrans.io.tables import (
    header_of,
    parquet_chunks,
    parquet_columns,
    peek,
    read_counts,
    read_text_columns,
    tables_in,
)
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_stentrans.io.choices import Choice, Chosen
    from napari_stentrans.io.pairs import Pair
    from napari_stentrans.section import Section

# fmt: off
NOT_GENES = frozenset({
    "fov", "area", "volume", "width", "height", "n_counts", "total_counts",
    "transcript_counts", "n_genes", "cluster", "clusters", "leiden", "louvain", "label",
    "labels", "cell_type", "celltype", "sample", "region", "in_tissue",
    "nucleus_area", "nucleus_count", "cell_area", "min_x", "min_y", "max_x",
    "max_y", "qv", "log_umi", "control_probe_counts",
    "control_codeword_counts", "unassigned_codeword_counts", "deprecated_codeword_counts",
    "genomic_control_counts",
})
# fmt: on
"""Columns of tables of cells that count no gene, in lower case."""
OWN = ["site", "x", "y", "provenance"]
"""How a table of a result of this program begins; then a mean and a std for each gene."""
MEAN = " mean"
VALUES_AT_ONCE = 4_000_000


def claims(path: Path) -> bool:
    """Whether the path is such a table, one of a pair, a folder with them, or of transcripts."""
    if not path.is_dir():
        header = header_of(path)
        if plain_suffix(path) == ".parquet" and not header:
            return True  # it takes a package to tell what it is
        if is_transcripts(header):
            return True
    return recognises(path)


def recognises(path: Path) -> bool:
    """Whether the path is such a table, one of a pair, or a folder with them."""
    return bool(pairs_of(path)) or _whole_in(path) is not None


def choices(path: Path) -> tuple[Choice, ...]:
    """Which of several pairs; else which plane, which spots, where the positions offer them."""
    if pairs := pairs_of(path):
        return choices_of_pairs(path, pairs)
    whole = _whole_in(path)
    return whole.choices() if whole else ()


def read(path: Path, chosen: Chosen) -> Section:
    """Read cells from one table, or from a table of counts and one of positions.

    A table of positions has columns x and y; its counts lie in the other columns, or in a
    table beside it whose rows or columns are named like its cells.

    Raises
    ------
    ReadError
        When a table is damaged, or holds single transcripts.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When columns or cells stand more than once, cells have no position or no counts, are left
        out, or lie at depths that are not used.
    """
    if pairs := pairs_of(path):
        name = name_of(path) if path.is_dir() and len(pairs) == 1 else ""
        return read_pair(chosen_pair(pairs, chosen), path, name, chosen)
    whole = _whole_in(path)
    if whole is None:
        if plain_suffix(path) == ".parquet":
            parquet_columns(path)  # says what is wrong with it
        raise ReadError(
            f"'{path}' holds single transcripts (one line for each molecule), not cells. Open the "
            "table of cells by genes that the instrument's program wrote, or its folder."
        )
    column = next((name for name in whole.ids if name.lower() in IDS), None)
    if _is_own(header_of(whole.path)):
        column = OWN[0]
        warn(
            f"{whole.path.name} is a result of this program: the means of its genes are read, "
            "which are estimates and no counts; their std is left out."
        )
    return place(
        _read_counts(whole.path, column),
        whole.placed(column),
        source=path,
        name=name_of(path) if path.is_dir() else plain_stem(whole.path),
        um_per_px=1.0 if whole.axes.um else None,
        wanted=whole.wanted(chosen),
    )


def read_pair(pair: Pair, source: Path, name: str, chosen: Chosen) -> Section:
    """Read a table of counts with the positions that name its cells.

    Raises
    ------
    ReadError, SectionError
        As for ``read``.
    """
    counts, rows = pair.counts, pair.rows
    return place(
        _read_genes(counts) if rows is None else _read_counts(counts, rows),
        pair.places.placed(pair.column),
        source=source,
        name=name or plain_stem(pair.counts),
        um_per_px=1.0 if pair.places.axes.um else None,
        wanted=pair.places.wanted(chosen),
    )


def _read_genes(path: Path) -> Cells:
    """Counts of a table of genes x cells; columns of text about the genes are left out."""
    if all(map(is_number, peek(path)[1][1:])):
        genes, names, counts = read_counts(path)
        return Cells.of(sp.csr_matrix(counts.T), names, genes)
    by_gene = _read_counts(path, header_of(path)[0])
    return Cells.of(sp.csr_matrix(by_gene.counts.T), by_gene.var.index, by_gene.names)


def _whole_in(path: Path) -> Places | None:
    """The one table of a path that has x, y and columns of genes; None where it is not clear."""
    tables = tables_in(path) if path.is_dir() else [path]
    found = [places for table in tables if (places := _whole(table))]
    return found[0] if len(found) == 1 else None


def _whole(path: Path) -> Places | None:
    header = header_of(path)
    if axes_of(header) is None or POSITION_COLUMN in header or is_transcripts(header):
        return None
    places = Places.of(path)
    enough = _is_own(header) or len(_genes(path)) >= FEWEST_GENES
    return places if places and places.headed and enough else None


def _is_own(header: list[str]) -> bool:
    """Whether a table is a result of this program."""
    return header[: len(OWN)] == OWN and any(name.endswith(MEAN) for name in header)


def _genes(path: Path) -> list[str]:
    """Columns that hold numbers and are not known to be something else."""
    header = header_of(path)
    if _is_own(header):
        return [name for name in header if name.endswith(MEAN)]
    skip = NOT_GENES | set(IDS)
    named = [name for name in header if name.lower() not in skip and not is_place(name)]
    if plain_suffix(path) == ".parquet":
        numeric = parquet_columns(path)
        return [name for name in named if name in numeric]
    lines = peek(path)
    row = dict(zip(header, lines[1], strict=False)) if len(lines) > 1 else {}
    return [name for name in named if is_number(row.get(name, ""))]


def _read_counts(path: Path, name: str | None) -> Cells:
    """Counts of the genes, some rows at a time; a column names the cells, or they are numbered."""
    genes = [gene for gene in _genes(path) if gene != name]
    repeated = len(genes) - len(set(genes))
    if repeated:
        warn(
            f"{some(repeated, 'column')} of {path.name}, named as another is, "
            f"{'was' if repeated == 1 else 'were'} left out."
        )
        genes = list(dict.fromkeys(genes))
    names: list[str] = []
    parts = []
    wanted = [*([] if name is None else [name]), *genes]
    with reading(path, "Expected a table with a line for each cell and a column for each gene."):
        for table in _chunks(path, wanted, name):
            values = table[genes].apply(pd.to_numeric).to_numpy(np.float32)
            parts.append(sp.csr_matrix(values))
            names.extend([] if name is None else table[name].map(str))
    if not parts:
        raise ReadError(f"'{path}' holds no rows. The file may be cut off: copy it again.")
    counts = sp.csr_matrix(sp.vstack(parts))
    if name is None:
        names = [f"cell_{i}" for i in range(1, counts.shape[0] + 1)]
    if _is_own(header_of(path)):
        genes = [gene.removesuffix(MEAN) for gene in genes]
    return Cells.of(counts, names, genes)


def _chunks(path: Path, columns: list[str], name: str | None) -> Iterator[pd.DataFrame]:
    rows = max(VALUES_AT_ONCE // len(columns), 1)
    if plain_suffix(path) == ".parquet":
        yield from parquet_chunks(path, columns, rows)
        return
    with open_text(path) as file:
        yield from read_text_columns(file, columns, () if name is None else (name,), rows)
