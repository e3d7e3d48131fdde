"""Space Ranger folders: Visium v1 and v2, Visium HD bins, with or without images.

Pixel positions are (x, y) = (pxl_col_in_fullres, pxl_row_in_fullres).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    first_of_each,
    holds_anndata,
    match_barcodes,
    plain_suffix,
    repeated_names_allowed,
    unplaced,
    warn,
)
from napari_stentrans.io.choices import Choice
from napari_stentrans.io.pairs import pairs_of
from napari_stentrans.io.positions import POSITION_FILES, read_positions
from napari_stentrans.io.spaceranger_files import (
    MATRIX,
    Found,
    Run,
    find,
    is_bin,
    is_technical,
    run_of,
    spatial_of,
    split_libraries,
)
from napari_stentrans.io.spaceranger_images import images_of, scale_factors
from napari_stentrans.io.tenx_matrix import TenxMatrix, read_matrix
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_stentrans.io.choices import Chosen

PREFERRED_BIN_UM = 8


def claims(path: Path) -> bool:
    """Whether the path is a 10x ``.h5``, also gzipped, or a folder of Space Ranger runs."""
    if path.is_file() and path.suffix.lower() == ".gz":
        return plain_suffix(path) == ".h5" and MATRIX in path.name
    if path.is_file():
        return path.suffix.lower() == ".h5" and not holds_anndata(path)
    if not path.is_dir() or path.suffix.lower() == ".zarr":
        return False
    if find(path):
        return True
    # Its positions may lie beside a table of counts that another program made.
    return bool(spatial_of(path) or spatial_of(path / "outs")) and not pairs_of(path)


def recognises(path: Path) -> bool:
    """Whether it is one of Space Ranger's, without opening it; other tools write ``.h5`` too."""
    if path.is_dir():
        return claims(path)
    return claims(path) and (MATRIX in path.name or spatial_of(path.parent) is not None)


def choices(path: Path) -> tuple[Choice, ...]:
    """Which sample of several, and which bin size of a Visium HD run.

    Raises
    ------
    ReadError
        When a matrix is damaged.
    """
    found = split_libraries(find(path))
    samples = tuple(dict.fromkeys(one.sample for one in found))
    sizes = sorted({one.bin_um for one in found if one.bin_um is not None})
    offered = []
    if len(samples) > 1:
        offered.append(Choice("sample", "Sample", samples, samples[0]))
    if len(sizes) > 1:
        size = PREFERRED_BIN_UM if PREFERRED_BIN_UM in sizes else sizes[-1]
        offered.append(Choice("bin", "Bin size (um)", tuple(map(str, sizes)), str(size)))
    return tuple(offered)


def read(path: Path, chosen: Chosen) -> Section:
    """Read a Space Ranger folder, a bin of a Visium HD run, or the ``.h5`` of a matrix.

    Where there is only a raw matrix, its spots under tissue are read.

    Raises
    ------
    ReadError
        When a part is missing or damaged, or the positions belong to other barcodes.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When spots, features or images were left out.
    """
    found = _chosen(path, chosen)
    run = run_of(found)
    positions_file = run.pick(*POSITION_FILES)
    if positions_file is None:
        raise ReadError(f"{run.spatial} holds no tissue_positions. Copy the whole spatial folder.")
    positions = read_positions(positions_file)
    adata = _assemble(
        _of_group(read_matrix(run.matrix), found.group), positions, run, positions_file
    )
    factors = scale_factors(run)
    name = _name_of(run, found)
    adata.uns["spatial"] = {name: {"images": {}, "scalefactors": factors}}
    images = images_of(run, factors, adata.obsm["spatial"])
    return Section.from_anndata(adata, images=images, source=path, name=name)


def _chosen(path: Path, chosen: Chosen) -> Found:
    """The one matrix that was chosen."""
    found = split_libraries(find(path))
    if not found:
        raise ReadError(
            f"'{path}' holds spatial data of Space Ranger and no counts: expected "
            f"filtered_{MATRIX}.h5 or a folder filtered_{MATRIX}. Put it beside the folder spatial."
        )
    fitting = [
        one
        for one in found
        if one.sample == chosen.get("sample", one.sample)
        and one.bin_um in (None, int(chosen.get("bin", one.bin_um or 0)))
    ]
    if not fitting:
        raise ReadError(
            f"{path}: the sample {chosen['sample']} has no bins of {chosen['bin']} um. "
            "Choose another bin size."
        )
    return fitting[0]


def _of_group(matrix: TenxMatrix, group: int | None) -> TenxMatrix:
    """Barcodes of one library of several; the matrix itself where it holds one."""
    if group is None:
        return matrix
    rows = np.flatnonzero(matrix.barcodes.str.endswith(f"-{group}"))
    return TenxMatrix(matrix.counts[rows], matrix.barcodes[rows], matrix.var)


def _assemble(
    matrix: TenxMatrix, positions: pd.DataFrame, run: Run, positions_file: Path
) -> AnnDataParts:
    """Put every barcode with a position into a table; from a raw matrix those in tissue."""
    rows = first_of_each(matrix.barcodes, "barcodes", run.matrix)
    barcodes = matrix.barcodes[rows]
    at = match_barcodes(barcodes, positions.index)
    placed = at >= 0
    if not placed.any():
        raise ReadError(
            f"No barcode of {run.matrix.name} has a position in {positions_file}: the counts are "
            f"named like {next(iter(barcodes), '')!r}, the positions like "
            f"{next(iter(positions.index), '')!r}. Check that both are of the same section."
        )
    if not placed.all():
        warn(f"{unplaced(placed, 'barcode')} left out (first: {barcodes[~placed][0]!r}).")
    if run.raw:
        placed[placed] = positions["in_tissue"].to_numpy()[at[placed]] == 1
    obs = positions.iloc[at[placed]].set_axis(barcodes[placed].astype(str))
    xy = obs[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(float)
    with repeated_names_allowed():
        return AnnDataParts(
            X=matrix.counts if len(obs) == len(matrix.barcodes) else matrix.counts[rows[placed]],
            obs=obs[["in_tissue", "array_row", "array_col"]],
            var=matrix.var,
            obsm={"spatial": xy},
        )


def _name_of(run: Run, found: Found) -> str:
    """Name of the section: the sample, the prefix of its files, or a person's folder."""
    folder = (run.spatial.parent if run.spatial.name == "spatial" else run.spatial).resolve()
    bins = f"_{folder.name}" if is_bin(folder.name) else ""
    if found.sample:
        return found.sample + bins
    if run.prefix.strip("_-. "):
        return run.prefix.strip("_-. ")
    while is_technical(folder.name):
        folder = folder.parent
    return (folder.name or "section") + bins
