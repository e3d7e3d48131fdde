"""Tables of positions: names of cells or spots, x and y, and what else is said of their place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.io._shared import FOREIGN_ERRORS, is_number, plain_suffix, warn
from napari_stentrans.io.axes import Axes, axes_of, is_place
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.on_tissue import SPOTS, on_tissue, tissue_column
from napari_stentrans.io.positions import COLUMNS as SPACE_RANGER
from napari_stentrans.io.tables import (
    first_rows,
    header_of,
    parquet_columns,
    peek,
    read_columns,
    stamp,
)
from napari_stentrans.layout import Layout
from napari_stentrans.parts import parts_of_barcodes, parts_of_columns
from napari_stentrans.stacks import fewest_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.parts import Parts

IDS = (
    *("cell_id", "cell", "cellid", "barcode", "barcodes", "spot", "bead", "entityid", "id"),
    *("index", "__index_level_0__", ""),
)
"""What a column of names is called, in lower case; parquet names that of pandas."""
ROWS_LOOKED_AT = 200
SECTION, PLANE = "section", "plane"
SECTION_COLUMNS = {"section", "slice", "slide", "sample", "library", "batch", "donor", "patient"}
SECTION_COLUMNS |= {f"{name}_id" for name in SECTION_COLUMNS} | {"replicate", "puck", "region"}
"""Columns that may tell sections apart by numbers; those of words may in any case."""
MOST_PLANES = 64
FEWEST_IN_PLANE = 3
"""A depth that fewer cells have, on average, is measured and no plane."""
ROW_STEP, COLUMN_STEP = 3**0.5 / 2, 0.5
"""Steps of array rows and columns where rows are staggered, in spacings."""


@dataclass(frozen=True)
class Places:
    """A table of positions, known by its first lines.

    Attributes
    ----------
    path
        The table.
    header
        Names of its columns; those of Space Ranger, or name, x and y, where it has none.
    axes
        Which of them are positions.
    headed
        Whether the names stand in the table.
    """

    path: Path
    header: tuple[str, ...]
    axes: Axes
    headed: bool

    @classmethod
    def of(cls, path: Path) -> Places | None:
        """Look at the first lines of a table; None where it is none of positions with names."""
        header = header_of(path)
        if axes := axes_of(header):
            return cls(path, tuple(header), axes, headed=True) if _numeric(path, axes) else None
        if plain_suffix(path) == ".parquet" or len(lines := peek(path)) < 2:
            return None
        names = _unheaded(lines)
        found = axes_of(names) if names else None
        return cls(path, tuple(names), found, headed=False) if found else None

    @cached_property
    def ids(self) -> list[str]:
        """Columns that may name the cells, the likeliest first."""
        known = {name.lower(): name for name in reversed(self.header)}
        usual = [known[name] for name in IDS if name in known]
        row = peek(self.path)[-1] if plain_suffix(self.path) != ".parquet" else []
        words = [
            name
            for name, value in zip(self.header, row, strict=False)
            if not is_number(value) and not is_place(name)
        ]
        return list(dict.fromkeys([*usual, *words]))

    @property
    def others(self) -> int:
        """How many columns hold numbers that may count genes."""
        row = peek(self.path)[-1] if plain_suffix(self.path) != ".parquet" else []
        skip = {*self.ids, self.axes.x, self.axes.y, self.axes.z}
        pairs = zip(self.header, row, strict=False)
        return sum(name not in skip and is_number(value) for name, value in pairs)

    @cached_property
    def first(self) -> dict[str, list[str]]:
        """Column that may name the cells -> its first values; nothing where they are not text."""
        if plain_suffix(self.path) == ".parquet":
            return {}
        try:
            lines = first_rows(self.path, ROWS_LOOKED_AT)
        except FOREIGN_ERRORS:
            return {}
        places = {name: self.header.index(name) for name in self.ids}
        return {name: [line[at] for line in lines if at < len(line)] for name, at in places.items()}

    @property
    def table(self) -> pd.DataFrame:
        """The columns of names as text, x, y and z as numbers, and that of tissue as it stands.

        Raises
        ------
        ReadError
            When the table is damaged, or holds no numbers where they are expected.
        """
        return _read(self, *stamp(self.path)[1:])

    def placed(self, column: str | None) -> pd.DataFrame:
        """(cell, 2) x and y, indexed by the names in a column; numbered without one.

        Rows and columns of an array that is staggered are put where they lie. y is turned round
        where it counts upwards, as x and -y of an image.

        Warns
        -----
        StentransWarning
            When y was turned round.
        """
        xy = place_of(self.table[[self.axes.x, self.axes.y]], self.axes)
        numbered = [f"cell_{i}" for i in range(1, len(xy) + 1)]
        return upright(
            xy.set_axis(pd.Index(numbered if column is None else self.table[column]), axis=0),
            self.path,
        )

    def choices(self) -> tuple[Choice, ...]:
        """Which plane where there are several, and which spots where some lie on glass."""
        planes = self._planes()
        tissue, _ = on_tissue(self.table)
        offered = []
        if len(planes) > 1:
            names = tuple(map(_number, planes))
            offered.append(Choice(PLANE, "Plane", names, names[0]))
        elif sections := self._sections():
            names = sections.names
            offered.append(Choice(SECTION, "Section", names, names[0]))
        if tissue is not None and not tissue.all():
            offered.append(SPOTS)
        return tuple(offered)

    def wanted(self, chosen: Chosen) -> NDArray[np.bool_]:
        """(row,) rows of the plane and the spots that were chosen.

        Warns
        -----
        StentransWarning
            When rows are left out, or cells of all depths are drawn on one plane.
        """
        keep = np.ones(len(self.table), bool)
        tissue, complaint = on_tissue(self.table)
        if complaint:
            warn(f"{self.path.name}: {complaint}")
        if tissue is not None and chosen.get(SPOTS.key, SPOTS.default) == SPOTS.default:
            keep &= tissue
            if not tissue.all():
                warn(
                    f"{int((~tissue).sum()):,} of {len(keep):,} spots were left out: "
                    f"{self.path.name} says that they do not lie on tissue. "
                    "To keep them, choose all as Spots (spots=all)."
                )
        if SECTION in chosen and (sections := self._sections()):
            keep &= sections.of_spot == sections.names.index(chosen[SECTION])
        if PLANE in chosen:
            keep &= np.isclose(self.table[self.axes.z], float(chosen[PLANE]))
        elif self.axes.z and self.table[self.axes.z].nunique() > 1:
            warn(
                f"{self.path.name}: its column {self.axes.z!r} says how deep each cell lies; it is "
                "not used, cells of all depths are drawn on one plane. "
                + "Open this table alone to choose one."
                * bool(self._planes())
            )
        return keep

    def _sections(self) -> Parts | None:
        """What tells sections apart that lie over each other in the table; None for one section."""
        xy = self.table[[self.axes.x, self.axes.y]].to_numpy(float)
        if len(xy) < 2 or not np.isfinite(xy).all() or not np.ptp(xy, axis=0).any():
            return None
        ways = [
            *parts_of_columns(_labels(self, *stamp(self.path)[1:])),
            *(
                way
                for column in self.ids
                for way in parts_of_barcodes(pd.Index(self.table[column]))
            ),
        ]
        return fewest_parts(Layout(xy), ways) if ways else None

    def _planes(self) -> list[float]:
        """Depths that so many cells have that they are planes of their own."""
        if self.axes.z is None:
            return []
        depths = self.table[self.axes.z].dropna()
        levels = np.unique(depths)
        few = len(levels) <= min(MOST_PLANES, len(depths) / FEWEST_IN_PLANE)
        return [float(level) for level in levels] if few else []


@lru_cache(maxsize=4)
def _read(places: Places, changed: int, size: int) -> pd.DataFrame:
    """Columns of a table that say where cells are; kept, since it is asked for several times."""
    axes = places.axes
    numbers = [name for name in (axes.x, axes.y, axes.z) if name]
    column = tissue_column(places.header)
    text = [*places.ids, *([column] if column is not None and column not in places.ids else [])]
    return read_columns(places.path, numbers, text, None if places.headed else places.header)


@lru_cache(maxsize=4)
def _labels(places: Places, changed: int, size: int) -> pd.DataFrame:
    """Columns of words, and those that are called as sections are."""
    named = [name for name in places.header if name.lower() in SECTION_COLUMNS]
    columns = [name for name in dict.fromkeys([*places.ids, *named]) if name]
    if not columns:
        return pd.DataFrame()
    return read_columns(places.path, (), columns, None if places.headed else places.header)


def place_of(table: pd.DataFrame, axes: Axes) -> pd.DataFrame:
    """(cell, 2) x and y; rows and columns of an array as they lie where they are staggered."""
    xy = table.astype(float)
    grid = xy.to_numpy()
    if not axes.array or not np.isfinite(grid).all() or (grid != np.rint(grid)).any():
        return xy
    parity = grid.sum(1) % 2
    staggered = len(grid) > 2 and (parity == parity[0]).all()
    return xy * (COLUMN_STEP, ROW_STEP) if staggered else xy


def upright(xy: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Turn y (the second column) round where no y is positive: images count it downwards."""
    y = xy.iloc[:, 1]
    if not ((y <= 0).all() and (y < 0).any()):
        return xy
    warn(f"{path.name} counts y upwards (x and -y): y was turned round.")
    return pd.DataFrame({0: xy.iloc[:, 0], 1: -y}, xy.index)


def _numeric(path: Path, axes: Axes) -> bool:
    if plain_suffix(path) == ".parquet":
        return {axes.x, axes.y} <= parquet_columns(path)
    lines = peek(path)
    row = dict(zip(header_of(path), lines[1], strict=False)) if len(lines) > 1 else {}
    return all(is_number(row.get(name, "0") or "nan") for name in (axes.x, axes.y))


def _unheaded(lines: Sequence[Sequence[str]]) -> list[str]:
    """Names of the columns of a table without a header: Space Ranger's, or name, x, y and z."""
    widths = {len(line) for line in lines}
    if len(widths) > 1 or any(is_number(line[0]) for line in lines):
        return []
    if not all(is_number(field) for line in lines for field in line[1:]):
        return []
    if widths == {len(SPACE_RANGER)} and all(line[1] in ("0", "1") for line in lines):
        return list(SPACE_RANGER)
    return {3: ["barcode", "x", "y"], 4: ["barcode", "x", "y", "z"]}.get(min(widths), [])


def _number(value: float) -> str:
    return f"{value:.10g}"
