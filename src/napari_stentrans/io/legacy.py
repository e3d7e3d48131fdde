"""Legacy Spatial Transcriptomics: a table of spots named ``ROWxCOL``, and what lies beside it.

The first number of a spot's name is kept as ``array_row`` and the second as ``array_col``. On
the arrays of that technology the first number runs along x of the tissue image and the second
along y. Where no pixel positions are known, positions are therefore (first, second) in units
of the spacing, so that a section is seen the same way round with and without them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    first_of_each,
    plain_stem,
    plain_suffix,
    repeated_names_allowed,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.legacy_pixels import find_image, find_pixels, some_on_glass
from napari_stentrans.io.legacy_table import (
    array_coordinates,
    is_spot_table,
    read_spot_table,
    spots_of,
)
from napari_stentrans.io.on_tissue import SPOTS
from napari_stentrans.io.pairs import is_counts
from napari_stentrans.io.places import Places
from napari_stentrans.io.tables import header_of, peek
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen

SUFFIXES = (".tsv", ".csv", ".txt")
MOST_TABLES = 300
"""Tables of a folder that are looked at."""
SQUARE_PITCH_UM = 200.0
"""Distance between the centres of neighbouring spots on the square arrays (Stahl et al. 2016)."""
HEX_STEP = (3**0.5 / 2, 0.5)
"""Step along x and y of one array coordinate where rows are staggered, in spacings."""


def claims(path: Path) -> bool:
    """Whether the path is a table, by its name, or a folder with tables of spots."""
    if path.is_file():
        return plain_suffix(path) in SUFFIXES
    return path.is_dir() and bool(_tables_in(path))


def recognises(path: Path) -> bool:
    """Whether the path is a table of spots, by its first two lines, or a folder with some."""
    return claims(path) and (path.is_dir() or is_spot_table(path))


def choices(path: Path) -> tuple[Choice, ...]:
    """Which table of a folder with several, and which spots where some lie on glass."""
    tables = _tables_in(path) if path.is_dir() else {path.name: path}
    names = tuple(tables)
    sample = (Choice("sample", "Sample", names, names[0]),) if len(names) > 1 else ()
    return (*sample, SPOTS) if any(map(_has_glass, tables.values())) else sample


def _has_glass(table: Path) -> bool:
    """Whether some spots of a table are known not to lie on tissue."""
    try:
        return some_on_glass(table, array_coordinates(spots_of(table), table))
    except ReadError:
        return False  # said when it is read


def _tables_in(folder: Path) -> dict[str, Path]:
    """Name -> table of spots in a folder."""
    try:
        files = [p for p in sorted(folder.iterdir()) if p.is_file() and plain_suffix(p) in SUFFIXES]
    except OSError:  # a folder that cannot be listed
        return {}
    tables = [
        path
        for path in islice(files, MOST_TABLES)
        if is_spot_table(path) and not _is_positions(path)
    ]
    stems = [plain_stem(path) for path in tables]
    names = stems if len(set(stems)) == len(stems) else [path.name for path in tables]
    return dict(zip(names, tables, strict=True))


def _table_of(folder: Path, chosen: Chosen) -> Path:
    """The table that was chosen, or the only one."""
    tables = _tables_in(folder)
    return tables[chosen.get("sample", next(iter(tables)))]


def read(path: Path, chosen: Chosen) -> Section:
    """Read a table of counts, with pixel positions and H&E image where they lie beside it.

    Of a folder with several tables the chosen one is read.

    Beside ``A1.tsv.gz`` these are looked for: a table of pixel positions with ``selection``,
    ``alignment`` or ``spot_data`` and ``A1`` in its name, and an image ``A1`` or ``A1_HE``.
    Where that table says which spots lie on tissue, the others are left out unless chosen.
    Names may hold decimals (``9.02x20.99``): array coordinates are rounded, positions are not.

    Raises
    ------
    ReadError
        When the table is damaged, empty, or its spots are not named ROWxCOL.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When spots or genes stand more than once, spots on glass are left out, spots are placed
        by others, or an image does not fit.
    """
    source = path
    if path.is_dir():
        path = _table_of(path, chosen)
    if not is_spot_table(path) or _is_positions(path):
        _say_what_lacks(path)
    table = read_spot_table(path)
    rows = first_of_each(table.spots, "spots", path)
    spots = table.spots[rows]
    array = array_coordinates(spots, path)
    pixels = find_pixels(path, array, chosen.get(SPOTS.key) == "all")
    if pixels is not None:
        rows, spots, array = rows[pixels.kept], spots[pixels.kept], array[pixels.kept]
    with repeated_names_allowed():
        parts = AnnDataParts(
            X=table.counts[rows],
            obs=pd.DataFrame(np.rint(array).astype(int), spots, ["array_row", "array_col"]),
            var=pd.DataFrame(index=table.genes),
            obsm={"spatial": _array_xy(array) if pixels is None else pixels.xy},
        )
    section = Section.from_anndata(parts, source=source, name=plain_stem(path))
    if pixels is None:
        return section
    square = section.lattice.kind == "square"
    return section.with_facts(
        images=find_image(path, pixels.xy),
        um_per_px=SQUARE_PITCH_UM / section.lattice.spacing if square else None,
    )


def _is_positions(path: Path) -> bool:
    """Whether a table gives x and y of its spots and counts nothing."""
    places = Places.of(path)
    return places is not None and not places.others


def _say_what_lacks(path: Path) -> None:
    """Raise where a table is one half of a pair whose other half is not there."""
    lines = peek(path)
    if len(lines) < 2:
        return
    if _is_positions(path) and len(lines[1]) == len(header_of(path)):
        raise ReadError(
            f"'{path}' holds positions of spots, not counts, and no table of counts beside it "
            "names the same cells. Put that table into its folder."
        )
    if is_counts(path):
        raise ReadError(
            f"'{path}' names no spots as ROWxCOL (its first row is {lines[1][0]!r}, its first "
            f"column {header_of(path)[1]!r}), and no positions lie beside it. Put a table with the "
            "names of its cells, x and y into its folder."
        )


def _array_xy(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """(spot, 2) positions (x, y) of array coordinates (spot, 2), in spacings."""
    parity = np.rint(array).sum(1) % 2
    staggered = len(array) > 2 and (parity == parity[0]).all()
    return np.asarray(array * (HEX_STEP if staggered else (1.0, 1.0)))
