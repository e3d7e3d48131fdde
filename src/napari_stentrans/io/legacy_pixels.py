"""What lies beside a legacy table: pixel positions of its spots, and the H&E image they lie on."""

from __future__ import annotations

import re
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

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.section import SectionImage

TABLE_WORDS = ("selection", "alignment", "spot_data")
TABLE_SUFFIXES = (".tsv", ".csv", ".txt")
COLUMNS = ("x", "y", "pixel_x", "pixel_y")
_COUNTS_WORDS = {"ut", "stdata", "filtered", "raw", "count", "counts", "matrix", "expression"}
_IMAGE_WORDS = {"he", "image", "img"}


def find_pixels(path: Path, array: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Pixel positions of spots from the table beside ``path``; None where there is no table.

    Spots that the table lacks are placed by the affine map that fits the others.

    Parameters
    ----------
    path
        The table of counts.
    array
        (spot, 2) array coordinates as they stand in the names of the spots.

    Returns
    -------
    (spot, 2) positions (x, y), pixels of the H&E image.

    Raises
    ------
    ReadError
        When the table is damaged, lacks columns, or is of other spots.
    """
    tables = [
        (rank, other)
        for other in sorted(path.parent.iterdir())
        for rank, word in enumerate(TABLE_WORDS)
        if word in other.name.lower() and plain_suffix(other) in TABLE_SUFFIXES
        if other != path and _holds(_words(other), _section_words(path))
    ]
    if not tables:
        return None
    _, beside = min(tables)
    return _place(array, _read_pixels(beside), beside)


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


def _read_pixels(path: Path) -> pd.DataFrame:
    """Table of x, y, pixel_x, pixel_y as numbers, each spot once, spots without pixels dropped."""
    with reading(path, f"Expected a table with the columns {', '.join(COLUMNS)}."):
        with open_text(path) as file:
            delimiter = delimiter_of(file.readline())
        table = pd.read_csv(path, sep=delimiter or r"\s+", encoding="utf-8-sig")
        missing = [column for column in COLUMNS if column not in table]
        if missing:
            raise ValueError(f"it lacks the columns {', '.join(missing)}")
        table = table[list(COLUMNS)].apply(pd.to_numeric).dropna()
    table[["x", "y"]] = table[["x", "y"]].round().astype(int)
    return table.drop_duplicates(["x", "y"])


def _place(array: NDArray[np.float64], table: pd.DataFrame, path: Path) -> NDArray[np.float64]:
    known = pd.MultiIndex.from_frame(table[["x", "y"]])
    at = known.get_indexer(pd.MultiIndex.from_arrays(np.rint(array).astype(int).T))
    found = at >= 0
    if not found.any():
        raise ReadError(
            f"'{path}' gives positions of none of the spots: they are named like "
            f"{'{:g}x{:g}'.format(*array[0])}, its rows like "
            f"{'{}x{}'.format(*known[0]) if len(known) else 'nothing'}. Move it away if it is of "
            "another section."
        )
    xy = np.empty_like(array)
    xy[found] = table[["pixel_x", "pixel_y"]].to_numpy(float)[at[found]]
    if not found.all():
        xy[~found] = _by_affine(array[found], xy[found], array[~found], path)
    return xy


def _by_affine(
    known: NDArray[np.float64], xy: NDArray[np.float64], wanted: NDArray[np.float64], path: Path
) -> NDArray[np.float64]:
    """(wanted, 2) positions by the least-squares affine map from known array coordinates."""
    design = np.column_stack([known, np.ones(len(known))])
    if np.linalg.matrix_rank(design) < 3:
        raise ReadError(
            f"'{path}' gives positions of {len(known)} spots only, too few to place the other "
            f"{len(wanted)}. Give the table of all spots."
        )
    solution, *_ = np.linalg.lstsq(design, xy, rcond=None)
    return np.asarray(np.column_stack([wanted, np.ones(len(wanted))]) @ solution)
