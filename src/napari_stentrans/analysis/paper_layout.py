"""How a figure for a paper is laid out: which parts, how large, side by side or below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_stentrans.analysis.paper_dots import RegionDots, SetDots
from napari_stentrans.analysis.paper_maps import GeneMaps, PatternMaps, RegionMap
from napari_stentrans.analysis.paper_room import EDGE, GAP, HEAD, MM, TALLEST, WIDTHS
from napari_stentrans.enhancement import Enhancement
from napari_stentrans.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from napari_stentrans.analysis.paper_drawn import Drawn, Part
    from napari_stentrans.analysis.paper_room import Width

COLUMNS: dict[str, tuple[int, ...]] = {"one": (2, 3, 4), "two": (4, 5, 6, 7, 8)}
"""Maps side by side: large ones, else as small as the page asks for."""
REGIONS: dict[str, float] = {"one": 0.55, "two": 0.3}
"""Width of the map of regions, as a share of all, beside large maps."""


class Row(NamedTuple):
    """Parts side by side."""

    parts: list[Part]

    @property
    def width(self) -> float:
        """Inches."""
        return sum(part.width for part in self.parts) + 2 * GAP * (len(self.parts) - 1)

    @property
    def height(self) -> float:
        """Inches."""
        return max(part.height for part in self.parts)


def arranged(drawn: Drawn, sets: Mapping[str, pd.DataFrame], width: Width) -> list[Row]:
    """Parts from top to bottom, with the largest maps with which a page holds them.

    Raises
    ------
    ConfigError
        When it would be taller than a page even with small maps.
    """
    rows: list[Row] = []
    side = 2 if isinstance(drawn.data, Enhancement) else 1
    for columns in COLUMNS[width]:
        if columns % side:
            continue  # both maps of a gene are side by side
        rows = _rows(drawn, sets, width, columns)
        if _tall(drawn, rows) <= TALLEST:
            return rows
    raise ConfigError(_why(rows, _tall(drawn, rows), width))


def _tall(drawn: Drawn, rows: Sequence[Row]) -> float:
    """Height in mm."""
    return (sum(row.height for row in rows) + HEAD * drawn.lost.any()) * MM


def _why(rows: Sequence[Row], tall: float, width: Width) -> str:
    """Say what takes most of the height."""
    heights: dict[str, float] = {}
    for row in rows:
        of = max(row.parts, key=lambda part: part.height).of
        heights[of] = heights.get(of, 0.0) + row.height * MM
    shares = ", ".join(f"{of} {height:.0f}" for of, height in heights.items())
    more = ", or take the width of two columns" if width == "one" else ""
    return (
        f"The figure would be {tall:.0f} mm tall, and a page holds {TALLEST:.0f} mm ({shares} mm). "
        f"Choose fewer {max(heights, key=lambda of: heights[of])}{more}."
    )


def _rows(drawn: Drawn, sets: Mapping[str, pd.DataFrame], width: Width, columns: int) -> list[Row]:
    whole = WIDTHS[width] / MM - 2 * EDGE
    rows: list[Row] = []
    if drawn.genes:
        rows.append(Row([GeneMaps(drawn, whole, columns)]))
    if drawn.regions is not None:
        each = REGIONS[width] * whole * (COLUMNS[width][0] / columns) ** 0.5
        rows += _rows_of_regions(drawn, whole, each, beside=width == "two")
    if drawn.patterns is not None:
        rows.append(Row([PatternMaps(drawn, whole, columns)]))
    if sets:
        rows.append(Row([SetDots(sets, whole)]))
    return rows


def _rows_of_regions(drawn: Drawn, whole: float, each: float, *, beside: bool) -> list[Row]:
    """Map of regions, and dots beside it where there is room, else below it."""
    if not drawn.genes and drawn.patterns is None:
        return [Row([RegionMap(drawn, whole, each, legend=True)])]
    if not beside:
        mapped = RegionMap(drawn, whole, each, legend=False)
        return [Row([mapped]), Row([RegionDots(drawn, whole)])]
    mapped = RegionMap(drawn, max(each, 2.05), each, legend=False)
    dots = RegionDots(drawn, whole - mapped.width - 2 * GAP)
    return [Row([mapped, dots])]
