"""Xenium: the output folder of 10x's in situ instrument, cells at their centroids.

Cells are given in micrometres. Where the morphology image lies beside them, positions are
pixels of that image (micrometres over the ``pixel_size`` of ``experiment.xenium``); else a
"pixel" is a micrometre.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import tifffile

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import open_text, reading, warn
from napari_stentrans.io.choices import no_choices
from napari_stentrans.io.images import image_problem
from napari_stentrans.io.points import Cells, name_of, place
from napari_stentrans.io.tables import read_columns
from napari_stentrans.io.tenx_matrix import read_matrix
from napari_stentrans.section import SectionImage

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_stentrans.io.choices import Chosen
    from napari_stentrans.section import Section

MATRICES = ("cell_feature_matrix.h5", "cell_feature_matrix")
TABLES = ("cells.csv.gz", "cells.csv", "cells.parquet")
"""The same cells in each; parquet last, as it needs another package."""
EXPERIMENT = "experiment.xenium"
MORPHOLOGY = (
    "morphology_focus/ch0000_*.ome.tif",
    "morphology_focus/morphology_focus_0000.ome.tif",
    "morphology_focus.ome.tif",
    "morphology_mip.ome.tif",
)
"""The image of the nuclei, newest first; the stack of planes ``morphology.ome.tif`` is not it."""
CONTROLS = (
    "Negative Control Codeword",
    "Negative Control Probe",
    "Unassigned Codeword",
    "Deprecated Codeword",
    "Blank Codeword",
    "Genomic Control",
)
"""Types of features that test the instrument; they are left out without a word."""
MOST_PIXELS = 6000
"""The image is shown at the finest level that has no more pixels than this along a side."""


def claims(path: Path) -> bool:
    """Whether the path is a Xenium folder, or its table of cells, its matrix or its record."""
    return _folder(path) is not None


recognises = claims
choices = no_choices


def read(path: Path, chosen: Chosen) -> Section:
    """Read the cells of a Xenium run, whichever part of its folder was given.

    Raises
    ------
    ReadError
        When the matrix or the table of cells is missing or damaged.
    SectionError
        When counts or positions make no sense.
    """
    folder = _folder(path) or path
    matrix_file, table = _first(folder, MATRICES), _first(folder, TABLES)
    if matrix_file is None or table is None:
        raise ReadError(
            f"'{folder}' is a part of a Xenium run: expected {MATRICES[0]} (or the folder "
            f"{MATRICES[1]}) and {TABLES[0]} (or .parquet). Copy the whole output folder."
        )
    matrix = read_matrix(matrix_file, CONTROLS)
    positions = read_columns(table, ("x_centroid", "y_centroid"), ("cell_id",))
    pixel, images = _morphology(folder)
    return place(
        Cells(matrix.counts, matrix.barcodes, matrix.var),
        positions.set_index("cell_id") / pixel,
        source=path,
        name=name_of(folder),
        um_per_px=pixel,
        images=images,
    )


def _folder(path: Path) -> Path | None:
    """Folder of the run that a path is, or is a part of."""
    if path.is_dir() and path.name != MATRICES[1]:
        homes = [path, path / "outs"]
    elif path.name in {EXPERIMENT, *MATRICES, *TABLES}:
        homes = [path.parent]
    else:
        homes = []
    for home in homes:
        parts = [_first(home, names) for names in ((EXPERIMENT,), MATRICES, TABLES)]
        if parts[0] or all(parts[1:]):
            return home
    return None


def _first(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    """File or folder that fits the first pattern that any does; a link may lead nowhere."""
    for pattern in patterns:
        if (folder / pattern).is_symlink():
            return folder / pattern
        if found := sorted(folder.glob(pattern)):
            return found[0]
    return None


def _morphology(folder: Path) -> tuple[float, list[SectionImage]]:
    """Micrometres per pixel of the positions, and the image whose pixels they are, if any."""
    image, experiment = _first(folder, MORPHOLOGY), folder / EXPERIMENT
    if image is None or not experiment.is_file():
        return 1.0, []
    try:
        with reading(experiment), open_text(experiment) as file:
            pixel = float(json.load(file)["pixel_size"])
            if not pixel > 0:
                raise ValueError(f"pixel_size is {pixel}, expected more than 0")
        if problem := image_problem(image):
            raise ReadError(f"{image.name}: {problem}.")
        with reading(image, "Expected the morphology image as an OME-TIFF."):
            level, scale, size = _level(image)
    except ReadError as error:  # positions are in micrometres without it
        warn(f"The morphology image is left out: {error}")
        return 1.0, []
    return pixel, [SectionImage("morphology", partial(_pixels, image, level), scale, header=size)]


def _level(path: Path) -> tuple[int, float, tuple[int, int]]:
    """Level of a pyramid to show, 0 the finest, its pixels per full-resolution pixel, its size."""
    with tifffile.TiffFile(path, is_ome=False) as tiff:
        sizes = [(page.imagelength, page.imagewidth) for page in _levels(tiff)]
    sides = [max(size) for size in sizes]
    level = next((i for i, side in enumerate(sides) if side <= MOST_PIXELS), len(sides) - 1)
    return level, sizes[level][1] / sizes[0][1], sizes[level]


def _pixels(path: Path, level: int) -> NDArray[np.generic]:
    """(row, column) pixels of one level of a pyramid."""
    remedy = "Expected an OME-TIFF that tifffile reads; if it is one, it may be damaged."
    with reading(path, remedy), tifffile.TiffFile(path, is_ome=False) as tiff:
        return np.asarray(_levels(tiff)[level].asarray())


def _levels(tiff: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """Pages of the first plane: full resolution, then ever smaller."""
    first = tiff.pages.first
    return [first, *(first.pages or ())]
