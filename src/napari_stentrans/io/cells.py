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
from napari_stentrans.io.choices import no_choices
from napari_stentrans.io.legacy_table import POSITION_COLUMN, is_spot_table
from napari_stentrans.io.points import Cells, name_of, place
from napari_stentrans.io.tables import (
    find_column,
    header_of,
    parquet_chunks,
    parquet_columns,
    peek,
    read_columns,
    read_text_columns,
    tables_in,
)
from napari_stentrans.wording import some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

PAIRS = (
    ("x_centroid", "y_centroid"),
    ("center_x", "center_y"),
    ("CenterX_global_px", "CenterY_global_px"),
    ("x_um", "y_um"),
    ("xcoord", "ycoord"),
    ("x_coord", "y_coord"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("spatial_x", "spatial_y"),
    ("x", "y"),
)
"""What columns of x and y are called, the surest first."""
IN_UM = {"x_centroid", "center_x", "x_um"}
"""Columns of x that are in micrometres."""
IDS = (
    *("cell_id", "cell", "cellid", "barcode", "barcodes", "spot", "bead", "EntityID", "id"),
    *("index", "__index_level_0__", ""),
)
"""What a column of names is called; parquet names that of pandas."""
TRANSCRIPTS = ("feature_name", "gene", "target", "geneID", "gene_name", "transcript_id")
"""A column of this name says that a line is one molecule, not one cell."""
# fmt: off
NOT_GENES = frozenset({
    "z", "x", "y", "fov", "area", "volume", "width", "height", "n_counts", "total_counts",
    "transcript_counts", "n_genes", "cluster", "clusters", "leiden", "louvain", "label",
    "labels", "cell_type", "celltype", "sample", "region", "in_tissue", "array_row", "array_col",
    "row", "col", "nucleus_area", "nucleus_count", "cell_area", "min_x", "min_y", "max_x",
    "max_y", "qv", "log_umi", "xcoord", "ycoord", "control_probe_counts",
    "control_codeword_counts", "unassigned_codeword_counts", "deprecated_codeword_counts",
    "genomic_control_counts",
})
# fmt: on
"""Columns of tables of cells that count no gene, in lower case."""
FEWEST_GENES = 2
VALUES_AT_ONCE = 4_000_000


def claims(path: Path) -> bool:
    """Whether the path is such a table, one of a pair, a folder with them, or of transcripts."""
    if path.is_dir():
        return _parts(path) is not None
    header = header_of(path)
    if plain_suffix(path) == ".parquet" and not header:
        return True  # it takes a package to tell what it is
    return _is_transcripts(header) or _parts(path) is not None


def recognises(path: Path) -> bool:
    """Whether the path is such a table, one of a pair, or a folder with them."""
    return _parts(path) is not None


choices = no_choices


def read(path: Path, chosen: Chosen) -> Section:
    """Read cells from one table, or from a table of counts and one of positions.

    A table of positions has columns x and y; its counts lie in the other columns, or in the
    one other table beside it whose first column names the same cells.

    Raises
    ------
    ReadError
        When a table is damaged, or holds single transcripts.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When columns or cells stand more than once, or cells have no position.
    """
    parts = _parts(path)
    if parts is None:
        if plain_suffix(path) == ".parquet":
            parquet_columns(path)  # says what is wrong with it
        raise ReadError(
            f"'{path}' holds single transcripts (one line for each molecule), not cells. Open the "
            "table of cells by genes that the instrument's program wrote, or its folder."
        )
    counts_file, positions_file = parts
    header = header_of(positions_file)
    x, y = _pair(header) or PAIRS[-1]
    cell = _id_column(positions_file)
    if cell is None:
        positions = read_columns(positions_file, (x, y))
        positions.index = [f"cell_{i}" for i in range(1, len(positions) + 1)]
    else:
        positions = read_columns(positions_file, (x, y), (cell,)).set_index(cell)
    return place(
        _read_counts(counts_file, positions.index),
        positions,
        source=path,
        name=name_of(path) if path.is_dir() else plain_stem(counts_file),
        um_per_px=1.0 if x.lower() in IN_UM else None,
    )


def _parts(path: Path) -> tuple[Path, Path] | None:
    """Table of counts and table of positions, which may be one; None where it is not clear."""
    if path.is_file() and _is_whole(path):
        return path, path
    tables = tables_in(path if path.is_dir() else path.parent)
    if not path.is_dir() and path not in tables:
        return None
    places = [table for table in tables if _is_positions(table)]
    if path in places:
        places = [path]
    if len(places) != 1:
        whole = [table for table in tables if _is_whole(table)]
        return (whole[0], whole[0]) if path.is_dir() and len(whole) == 1 and not places else None
    counts = [t for t in ([path] if path in tables else tables) if _is_counts(t)]
    if path in places:
        counts = [table for table in tables if _is_counts(table)]
    return (counts[0], places[0]) if len(counts) == 1 else None


def _pair(header: list[str]) -> tuple[str, str] | None:
    for names in PAIRS:
        x, y = (find_column(header, name) for name in names)
        if x is not None and y is not None:
            return x, y
    return None


def _is_transcripts(header: list[str]) -> bool:
    xy = _pair(header) or (
        find_column(header, "x_location", "global_x", "x_global_px") and ("", "")
    )
    return bool(xy) and find_column(header, *TRANSCRIPTS) is not None


def _is_whole(path: Path) -> bool:
    """Whether a table has x, y and columns of genes."""
    header = header_of(path)
    return (
        _pair(header) is not None
        and POSITION_COLUMN not in header
        and not _is_transcripts(header)
        and len(_genes(path)) >= FEWEST_GENES
    )


def _is_positions(path: Path) -> bool:
    """Whether a table has x, y, names of cells and no genes."""
    header = header_of(path)
    return (
        _pair(header) is not None
        and POSITION_COLUMN not in header
        and not _is_transcripts(header)
        and _id_column(path) is not None
        and len(_genes(path)) < FEWEST_GENES
    )


def _is_counts(path: Path) -> bool:
    """Whether a table has columns of genes, and neither x and y nor spots named ROWxCOL."""
    header = header_of(path)
    if _pair(header) is not None or len(header) < FEWEST_GENES + 1 or _is_transcripts(header):
        return False
    text = plain_suffix(path) != ".parquet"
    return not (text and is_spot_table(path)) and len(_genes(path)) >= FEWEST_GENES


def _id_column(path: Path) -> str | None:
    """Column that names the cells, if it is called by one of the usual names."""
    return find_column(header_of(path), *IDS)


def _genes(path: Path) -> list[str]:
    """Columns that hold numbers and are not known to be something else."""
    header = header_of(path)
    skip = (
        NOT_GENES | {name.lower() for name in IDS} | {n for p in PAIRS for n in map(str.lower, p)}
    )
    named = [name for name in header if name.lower() not in skip]
    if plain_suffix(path) == ".parquet":
        numeric = parquet_columns(path)
        return [name for name in named if name in numeric]
    lines = peek(path)
    row = dict(zip(header, lines[1], strict=False)) if len(lines) > 1 else {}
    return [name for name in named if is_number(row.get(name, ""))]


def _read_counts(path: Path, cells: pd.Index) -> Cells:
    """Counts of the genes, some rows at a time; ``cells`` names them where no column does."""
    genes, name = _genes(path), _id_column(path)
    if name is None and _pair(header_of(path)) is None:
        name = header_of(path)[0]
        genes = [gene for gene in genes if gene != name]
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
    return Cells.of(counts, cells if name is None else names, genes)


def _chunks(path: Path, columns: list[str], name: str | None) -> Iterator[pd.DataFrame]:
    rows = max(VALUES_AT_ONCE // len(columns), 1)
    if plain_suffix(path) == ".parquet":
        yield from parquet_chunks(path, columns, rows)
        return
    with open_text(path) as file:
        yield from read_text_columns(file, columns, () if name is None else (name,), rows)
