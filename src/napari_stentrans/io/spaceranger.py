"""Space Ranger folders: Visium v1 and v2, Visium HD bins, with or without images.

Pixel positions are (x, y) = (pxl_col_in_fullres, pxl_row_in_fullres).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anndata as ad

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    first_of_each,
    match_barcodes,
    open_text,
    reading,
    repeated_names_allowed,
    warn,
)
from napari_stentrans.io.images import IMAGE_SUFFIXES, lazy_image
from napari_stentrans.io.positions import POSITION_FILES, read_positions
from napari_stentrans.io.tenx_matrix import TenxMatrix, read_matrix
from napari_stentrans.section import Section, SectionImage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from napari_stentrans.io.choices import Choice, Chosen

MATRIX = "feature_bc_matrix"
PREFERRED_BIN_UM = 8
_MATRIX_NAME = re.compile(rf"(.*?)(filtered|raw)_{MATRIX}(?:\.h5)?")
_BIN = re.compile(r"square_(\d+)um")


@dataclass(frozen=True)
class _Run:
    """Where the parts of one section lie.

    ``matrix`` is the ``.h5`` or the folder with ``matrix.mtx``, ``spatial`` the folder with the
    positions, ``prefix`` what stands before the usual file names (downloads from GEO have one);
    ``raw`` says that the matrix holds all spots, under tissue or not.
    """

    matrix: Path
    spatial: Path
    prefix: str
    raw: bool

    def pick(self, *patterns: str) -> Path | None:
        """First file in ``spatial`` that fits a pattern, the one with our prefix if several do."""
        for pattern in patterns:
            found = sorted(self.spatial.glob(f"*{pattern}"))
            if len(found) > 1:
                ours = [p for p in found if p.match(self.prefix + pattern)]
                found = ours or found
            if len(found) > 1:
                raise ReadError(
                    f"{self.spatial} holds several files of one kind: "
                    f"{', '.join(p.name for p in found)}. Give each section a folder of its own."
                )
            if found:
                return found[0]
        return None


def claims(path: Path) -> bool:
    """Whether the path is a 10x ``.h5`` or a folder with parts of a Space Ranger run."""
    if path.is_file():
        return path.suffix.lower() == ".h5"
    return path.is_dir() and any(
        _matrices(folder) or _bins(folder) or _spatial_of(folder) for folder in _folders(path)
    )


def recognises(path: Path) -> bool:
    """Whether it is one of Space Ranger's, without opening it; other tools write ``.h5`` too."""
    if path.is_dir():
        return claims(path)
    return claims(path) and (MATRIX in path.name or _spatial_of(path.parent) is not None)


def choices(path: Path) -> tuple[Choice, ...]:
    """Nothing to choose."""
    return ()


def read(path: Path, chosen: Chosen) -> Section:
    """Read a Space Ranger folder, a bin of a Visium HD run, or the ``.h5`` of a matrix.

    Of a Visium HD run with several bins the 8 um bins are read, else the coarsest. Where there
    is only a raw matrix, its spots under tissue are read.

    Raises
    ------
    ReadError
        When a part is missing or damaged, or the positions belong to other barcodes.
    SectionError
        When counts or positions make no sense.

    Warns
    -----
    StentransWarning
        When a bin was chosen, or spots, features or images were left out.
    """
    run = _find(path)
    positions_file = run.pick(*POSITION_FILES)
    if positions_file is None:
        raise ReadError(f"{run.spatial} holds no tissue_positions. Copy the whole spatial folder.")
    adata = _assemble(read_matrix(run.matrix), read_positions(positions_file), run, positions_file)
    factors = _scale_factors(run)
    name = _name_of(run)
    adata.uns["spatial"] = {name: {"images": {}, "scalefactors": factors}}
    return Section.from_anndata(adata, images=_images(run, factors), source=path, name=name)


def _find(path: Path) -> _Run:
    """Locate the matrix and the positions, whichever part of the run was given."""
    if path.is_file():
        return _run_of(path)
    for folder in _folders(path):
        bins = _bins(folder)
        matrices = _matrices(_choose_bin(bins) if bins else folder)
        if len(matrices) > 1:
            raise ReadError(
                f"{folder} holds several matrices: {', '.join(p.name for p in matrices)}. "
                "Open one of the .h5 files itself, or give each section a folder of its own."
            )
        if matrices:
            return _run_of(matrices[0])
    raise ReadError(
        f"{path} holds spatial data of Space Ranger and no counts: expected "
        f"filtered_{MATRIX}.h5 or a folder filtered_{MATRIX}. Put it beside the folder spatial."
    )


def _folders(path: Path) -> Iterator[Path]:
    """Folders in which the parts of the run may lie, when ``path`` is given."""
    yield path
    yield path / "outs"


def _matrices(folder: Path) -> list[Path]:
    """Matrices in a folder, of the best kind that is there: filtered before raw, .h5 first."""
    for kind in (f"filtered_{MATRIX}", f"raw_{MATRIX}"):
        for name in (f"{kind}.h5", kind):
            if (folder / name).exists():
                return [folder / name]
            if found := sorted(folder.glob(f"*_{name}")):
                return found
    return [folder] if any(folder.glob("*matrix.mtx*")) else []


def _bins(folder: Path) -> dict[int, Path]:
    """Bin size in micrometres -> folder of a Visium HD run; empty for other runs."""
    found = {}
    for parent in (folder, folder / "binned_outputs"):
        for inner in parent.glob("square_*um"):
            if (hit := _BIN.fullmatch(inner.name)) and _matrices(inner):
                found[int(hit[1])] = inner
    return found


def _choose_bin(bins: dict[int, Path]) -> Path:
    size = PREFERRED_BIN_UM if PREFERRED_BIN_UM in bins else max(bins)
    if len(bins) > 1:
        others = ", ".join(bins[other].name for other in sorted(bins) if other != size)
        warn(f"This Visium HD run has several bins; {bins[size].name} is read, not {others}.")
    return bins[size]


def _run_of(matrix: Path) -> _Run:
    usual = _MATRIX_NAME.fullmatch(matrix.name)
    prefix, kind = usual.groups() if usual else ("", "")
    homes = (matrix, matrix.parent) if matrix.is_dir() else (matrix.parent,)
    for home in homes:
        spatial = _spatial_of(home)
        if spatial is not None:
            return _Run(matrix, spatial, prefix, raw=kind == "raw")
    raise ReadError(
        f"{matrix} has no positions: expected a folder spatial with tissue_positions_list.csv, "
        f"tissue_positions.csv or .parquet in {matrix.parent}. Put the spatial folder there."
    )


def _spatial_of(folder: Path) -> Path | None:
    """Find the folder that holds the positions: ``spatial``, or the folder itself."""
    for home in (folder / "spatial", folder):
        if any(home.glob("*tissue_positions*")):
            return home
    return None


def _assemble(
    matrix: TenxMatrix, positions: pd.DataFrame, run: _Run, positions_file: Path
) -> ad.AnnData:
    """Put every barcode with a position into an AnnData; from a raw matrix those in tissue."""
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
        warn(
            f"{int((~placed).sum())} of {len(placed)} barcodes have no position and were left "
            f"out (first: {barcodes[~placed][0]!r})."
        )
    if run.raw:
        placed[placed] = positions["in_tissue"].to_numpy()[at[placed]] == 1
    obs = positions.iloc[at[placed]].set_axis(barcodes[placed].astype(str))
    xy = obs[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(float)
    with repeated_names_allowed():
        return ad.AnnData(
            X=matrix.counts[rows[placed]],
            obs=obs[["in_tissue", "array_row", "array_col"]],
            var=matrix.var,
            obsm={"spatial": xy},
        )


def _scale_factors(run: _Run) -> dict[str, float]:
    path = run.pick("scalefactors_json.json", "scalefactors_json.json.gz")
    if path is None:
        return {}
    with reading(path), open_text(path) as file:
        return {str(key): float(value) for key, value in dict(json.load(file)).items()}


def _images(run: _Run, factors: dict[str, float]) -> list[SectionImage]:
    images = []
    for kind in ("hires", "lowres"):
        path = run.pick(
            *(f"tissue_{kind}_image{suffix}{gz}" for gz in ("", ".gz") for suffix in IMAGE_SUFFIXES)
        )
        scale = factors.get(f"tissue_{kind}_scalef", 0.0)
        if path is not None and scale > 0:
            images.append(lazy_image(path, kind, scale))
        elif path is not None:
            warn(f"{path.name} is left out: scalefactors_json.json does not give its scale.")
    return images


def _name_of(run: _Run) -> str:
    """Name of the section: the prefix of its files, else the folder that a person named."""
    if run.prefix.strip("_-. "):
        return run.prefix.strip("_-. ")
    folder = (run.spatial.parent if run.spatial.name == "spatial" else run.spatial).resolve()
    bins = f"_{folder.name}" if _BIN.fullmatch(folder.name) else ""
    for technical in (_BIN.pattern, "binned_outputs", "outs"):
        if re.fullmatch(technical, folder.name):
            folder = folder.parent
    return (folder.name or "section") + bins
