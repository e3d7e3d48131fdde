"""CosMx: NanoString's flat files ``exprMat_file`` and ``metadata_file``.

Positions are global pixels as they stand in the file, whose y points up the slide: the map is
seen mirrored against the images of the fields of view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.points import Cells, place
from napari_stentrans.io.tables import find_column, header_of, read_columns, read_counts, tables_in

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

COUNTS, METADATA = "exprMat_file", "metadata_file"
X, Y = "CenterX_global_px", "CenterY_global_px"
CONTROLS = ("NegPrb", "Negative", "SystemControl", "FalseCode")
"""Columns of probes that measure no gene begin like this."""
PIXELS_UM = ("0.12", "0.18")
"""Micrometres per pixel: of the instruments that are sold, and of the first, public release."""


def claims(path: Path) -> bool:
    """Whether the path is a folder with CosMx's flat files, or one of the two."""
    if path.is_dir():
        return bool(_named(path, COUNTS) and _named(path, METADATA))
    header = header_of(path)
    if find_column(header, "fov") is None or find_column(header, "cell_ID") is None:
        return False
    return COUNTS in path.name or (METADATA in path.name and {X, Y} <= set(header))


recognises = claims


def choices(path: Path) -> tuple[Choice, ...]:
    """Length of a pixel, which the files do not say."""
    return (Choice("pixel", "Micrometres per pixel", PIXELS_UM, PIXELS_UM[0], parts=False),)


def read(path: Path, chosen: Chosen) -> Section:
    """Read the cells of a CosMx slide; its folder or one of the two files was given.

    Counts outside cells (``cell_ID`` 0) and control probes are left out.

    Raises
    ------
    ReadError
        When a file is missing or damaged, or a folder holds several slides.
    SectionError
        When counts or positions make no sense.
    """
    counts_file, metadata = _only(path, COUNTS), _only(path, METADATA)
    header = header_of(metadata)
    keys = [find_column(header, "fov") or "fov", find_column(header, "cell_ID") or "cell_ID"]
    table = read_columns(metadata, (*keys, X, Y))
    positions = table[[X, Y]].set_axis(_names(table[keys[0]], table[keys[1]]), axis=0)
    fov, columns, counts = read_counts(counts_file)
    cell = next((i for i, name in enumerate(columns) if name.lower() == "cell_id"), None)
    if cell is None or header_of(counts_file)[0].lower() != "fov":
        raise ReadError(
            f"{counts_file} must begin with the columns fov and cell_ID, got "
            f"{', '.join(header_of(counts_file)[:3])}. Take the file as it was exported."
        )
    by_gene = sp.csc_matrix(counts)
    number = by_gene[:, [cell]].toarray().ravel()
    genes = np.delete(np.arange(len(columns)), cell)
    inside = np.flatnonzero(number > 0)
    cells = Cells.of(
        sp.csr_matrix(by_gene[:, genes])[inside],
        _names(pd.to_numeric(pd.Series(fov), errors="coerce"), pd.Series(number))[inside],
        columns[genes],
    )
    name = counts_file.name[: counts_file.name.index(COUNTS)].strip("_-. ") or "section"
    return place(
        cells.without(*CONTROLS),
        positions,
        source=path,
        name=name,
        um_per_px=float(chosen["pixel"]),
    )


def _names(fov: pd.Series, cell: pd.Series) -> pd.Index:
    """Name cells by field of view and number, such as "c_3_117"."""
    return pd.Index([f"c_{f:g}_{c:g}" for f, c in zip(fov, cell, strict=True)])


def _named(folder: Path, part: str) -> list[Path]:
    return [table for table in tables_in(folder) if part in table.name]


def _only(path: Path, part: str) -> Path:
    """File of a slide with ``part`` in its name, of the slide that was given where several lie."""
    if path.is_file() and part in path.name:
        return path
    folder = path if path.is_dir() else path.parent
    found = _named(folder, part)
    if len(found) > 1 and path.is_file():
        prefix = path.name[: path.name.index(COUNTS if COUNTS in path.name else METADATA)]
        found = [p for p in found if p.name.startswith(prefix + part)]
    if len(found) != 1:
        raise ReadError(
            f"'{folder}' must hold one *{part}.csv, found "
            f"{', '.join(p.name for p in found) or 'none'}. Give each slide a folder of its own."
        )
    return found[0]
