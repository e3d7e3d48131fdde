"""What lies beside a legacy table: pixel positions of its spots, and the H&E image they lie on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    delimiter_of,
    open_text,
    plain_stem,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.images import IMAGE_SUFFIXES, image_problem, image_size, lazy_image
from napari_stentrans.io.on_tissue import on_tissue
from napari_stentrans.wording import some, some_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage

TABLE_WORDS = ("selection", "alignment", "spot_data")
TABLE_SUFFIXES = (".tsv", ".csv", ".txt")
COLUMNS = ("x", "y", "pixel_x", "pixel_y")
_COUNTS_WORDS = {"ut", "stdata", "filtered", "raw", "count", "counts", "matrix", "expression"}
_IMAGE_WORDS = {"he", "image", "img"}


@dataclass(frozen=True, eq=False)
class Pixels:
    """Where spots lie, by the table beside them.

    Attributes
    ----------
    kept
        (spot,) those that are wanted.
    xy
        (kept, 2) their positions (x, y), pixels of the H&E image.
    """

    kept: NDArray[np.bool_]
    xy: NDArray[np.float64]


def table_of_pixels(path: Path) -> Path | None:
    """Return the table of positions beside a table of counts; None where there is none."""
    tables = [
        (rank, other)
        for other in sorted(path.parent.iterdir())
        for rank, word in enumerate(TABLE_WORDS)
        if word in other.name.lower() and plain_suffix(other) in TABLE_SUFFIXES
        if other != path and _holds(_words(other), _section_words(path))
    ]
    return min(tables)[1] if tables else None


def some_on_glass(path: Path, array: NDArray[np.float64]) -> bool:
    """Whether the table beside ``path`` says of some spots (spot, 2) that they lie on glass."""
    beside = table_of_pixels(path)
    try:
        table = None if beside is None else _read_pixels(beside)[0]
    except ReadError:
        return False  # said when it is read
    if table is None or "tissue" not in table:
        return False
    at = _rows_of(array, table)
    return bool((at >= 0).any()) and not (table["tissue"].to_numpy(bool)[at] & (at >= 0)).all()


def find_pixels(path: Path, array: NDArray[np.float64], everywhere: bool) -> Pixels | None:
    """Pixel positions of spots from the table beside ``path``; None where there is no table.

    Where the table says which spots lie on tissue, the others are left out, also those that it
    does not list. With ``everywhere``, and where it does not say, all are kept; those that it
    does not list are placed by the affine map that fits the others.

    Parameters
    ----------
    path
        The table of counts.
    array
        (spot, 2) array coordinates as they stand in the names of the spots.
    everywhere
        Whether spots are wanted that do not lie on tissue.

    Raises
    ------
    ReadError
        When the table is damaged, lacks columns, or is of other spots.

    Warns
    -----
    StentransWarning
        When spots are left out, or are placed by the others.
    """
    beside = table_of_pixels(path)
    if beside is None:
        return None
    table, complaint = _read_pixels(beside)
    if complaint:
        warn(f"{beside.name}: {complaint}")
    at = _rows_of(array, table)
    listed = at >= 0
    if not listed.any():
        raise ReadError(_of_others(beside, array, table))
    kept = np.ones(len(array), bool)
    if "tissue" in table and not everywhere:
        kept = listed & table["tissue"].to_numpy(bool)[at]
        if not kept.any():
            raise ReadError(
                f"'{beside}' says of none of the {some(len(array), 'spot')} of {path.name} that "
                "it lies on "
                "tissue. Check that both are of the same section, or choose all spots (spots=all)."
            )
        if not kept.all():
            warn(
                f"{some_of(int((~kept).sum()), len(kept), 'spot', 'was', 'were')} left out: "
                f"{beside.name} does "
                "not select them as spots on tissue. To keep them, choose all as Spots (spots=all)."
            )
    xy = np.empty_like(array)
    xy[listed] = table[["pixel_x", "pixel_y"]].to_numpy(float)[at[listed]]
    unplaced = kept & ~listed
    if unplaced.any():
        xy[unplaced] = _by_affine(array[listed], xy[listed], array[unplaced], beside)
        warn(
            f"{some_of(int(unplaced.sum()), len(kept), 'spot', 'has', 'have')} no row in "
            f"{beside.name}, and "
            f"{'was' if unplaced.sum() == 1 else 'were'} placed by the others."
        )
    return Pixels(kept, xy[kept])


def find_image(path: Path, xy: NDArray[np.float64]) -> tuple[SectionImage, ...]:
    """Find the H&E image beside ``path`` that positions xy (spot, 2) lie on, if there is one."""
    for other in sorted(path.parent.iterdir()):
        if other.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if [w for w in _words(other) if w not in _IMAGE_WORDS] != _section_words(path):
            continue
        if problem := image_problem(other):
            warn(f"The image {other.name} is left out: {problem}.")
            continue
        rows, columns = image_size(other)
        if (xy < 0).any() or (xy > (columns, rows)).any():
            warn(
                f"'{other.name}' is left out: the spots lie at up to {xy.max(0).round()} (x, y), "
                f"outside its {columns} x {rows} pixels. Use the image of the positions."
            )
            continue
        return (lazy_image(other, "H&E"),)
    return ()


def _words(path: Path) -> list[str]:
    return [word for word in re.split(r"[^0-9a-z]+", plain_stem(path).lower()) if word]


def _section_words(path: Path) -> list[str]:
    """Words of a count table's name that name the section."""
    words = _words(path)
    return [word for word in words if word not in _COUNTS_WORDS] or words


def _holds(words: list[str], part: list[str]) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _read_table(path: Path) -> pd.DataFrame:
    """Table of positions as it stands, names of columns in lower case."""
    with reading(path, f"Expected a table with the columns {', '.join(COLUMNS)}."):
        with open_text(path) as file:
            delimiter = delimiter_of(file.readline())
        table = pd.read_csv(
            path, sep=delimiter or r"\s+", encoding="utf-8-sig", skipinitialspace=True
        )
        return table.rename(columns=lambda name: str(name).strip().lower())


def _read_pixels(path: Path) -> tuple[pd.DataFrame, str]:
    """x, y, pixel_x, pixel_y and, where it is said, tissue; and what to say of the latter.

    Each spot once, those without pixels dropped.
    """
    table = _read_table(path)
    with reading(path, f"Expected a table with the columns {', '.join(COLUMNS)}."):
        missing = [column for column in COLUMNS if column not in table]
        if missing:
            raise ValueError(f"it lacks the columns {', '.join(missing)}")
        numbers = table[list(COLUMNS)].apply(pd.to_numeric)
        tissue, complaint = on_tissue(table)
        if tissue is not None:
            numbers["tissue"] = tissue
        numbers = numbers.dropna()
        numbers[["x", "y"]] = numbers[["x", "y"]].round().astype(int)
    return numbers.drop_duplicates(["x", "y"]), complaint


def _rows_of(array: NDArray[np.float64], table: pd.DataFrame) -> NDArray[np.int64]:
    """(spot,) row of each spot in a table of positions; -1 where it has none."""
    known = pd.MultiIndex.from_frame(table[["x", "y"]])
    wanted = pd.MultiIndex.from_arrays(np.rint(array).astype(int).T)
    return np.asarray(known.get_indexer(wanted), np.int64)


def _of_others(path: Path, array: NDArray[np.float64], table: pd.DataFrame) -> str:
    rows = table[["x", "y"]].to_numpy()
    return (
        f"'{path}' gives positions of none of the spots: they are named like "
        f"{'{:g}x{:g}'.format(*array[0])}, its rows like "
        f"{'{}x{}'.format(*rows[0]) if len(rows) else 'nothing'}. Move it away if it is of "
        "another section."
    )


def _by_affine(
    known: NDArray[np.float64], xy: NDArray[np.float64], wanted: NDArray[np.float64], path: Path
) -> NDArray[np.float64]:
    """(wanted, 2) positions by the least-squares affine map from known array coordinates."""
    design = np.column_stack([known, np.ones(len(known))])
    if np.linalg.matrix_rank(design) < 3:
        raise ReadError(
            f"'{path}' gives positions of {some(len(known), 'spot')} only, too few to place the "
            "other "
            f"{len(wanted)}. Give the table of all spots."
        )
    solution, *_ = np.linalg.lstsq(design, xy, rcond=None)
    return np.asarray(np.column_stack([wanted, np.ones(len(wanted))]) @ solution)
