"""Where the parts of Space Ranger runs lie: folders as written, and downloads with prefixes."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import open_text, reading
from napari_stentrans.io.tenx_matrix import MTX, gem_groups

if TYPE_CHECKING:
    from pathlib import Path

MATRIX = "feature_bc_matrix"
MOST_FOLDERS = 500
"""Folders inside of a folder that are looked into."""
_MATRIX_NAME = re.compile(rf"(.*?)(filtered|raw)_{MATRIX}(?:\.h5)?(?:\.gz)?")
_BIN = re.compile(r"square_(\d+)um")


@dataclass(frozen=True)
class Found:
    """A matrix that was found, and what it is of.

    Attributes
    ----------
    matrix
        The ``.h5``, the folder with ``matrix.mtx``, or one of several ``*matrix.mtx``.
    sample
        What to call it beside the others; "" where it is alone.
    bin_um
        Bin size of Visium HD in micrometres, or None.
    group
        Number at the end of its barcodes where one matrix holds several libraries, or None.
    """

    matrix: Path
    sample: str = ""
    bin_um: int | None = None
    group: int | None = None


@dataclass(frozen=True)
class Run:
    """Where the parts of one section lie.

    Attributes
    ----------
    matrix
        As in ``Found``.
    spatial
        Folder with the positions.
    prefix
        What stands before the usual file names; downloads from GEO have one.
    raw
        The matrix holds all spots, under tissue or not.
    shared
        ``spatial`` holds files of several sections: only those with our prefix are ours.
    """

    matrix: Path
    spatial: Path
    prefix: str
    raw: bool
    shared: bool

    def pick(self, *patterns: str) -> Path | None:
        """First file in ``spatial`` that fits a pattern, ours if several do."""
        for pattern in patterns:
            found = sorted(self.spatial.glob(f"*{pattern}"))
            if self.shared or len(found) > 1:
                ours = [p for p in found if self.owns(p.name.removesuffix(pattern))]
                exact = [p for p in ours if p.name == self.prefix + pattern]
                found = exact or ours or ([] if self.shared else found)
            if len(found) > 1:
                raise ReadError(
                    f"{self.spatial} holds several files of one kind: "
                    f"{', '.join(p.name for p in found)}. Give each section a folder of its own."
                )
            if found:
                return found[0]
        return None

    def owns(self, start: str) -> bool:
        """Whether the start of a file's name names our section: one's words begin the other's."""
        mine, other = _words(self.prefix), _words(start)
        shorter = min(len(mine), len(other))
        return mine[:shorter] == other[:shorter] and bool(shorter or not (mine or other))

    @property
    def folders(self) -> list[Path]:
        """Folders that may hold files of the run: ``spatial``, and upwards to beside ``outs``."""
        folder = self.spatial.parent if self.spatial.name == "spatial" else self.spatial
        found = [self.spatial, folder]
        while is_technical(folder.resolve().name):
            folder = folder.resolve().parent
            found += [folder / "spatial", folder]
        return list(dict.fromkeys(found))


def is_technical(name: str) -> bool:
    """Whether Space Ranger, not a person, gave a folder its name."""
    return bool(_BIN.fullmatch(name)) or name in ("binned_outputs", "outs")


def is_bin(name: str) -> bool:
    """Whether a folder is of one bin size of Visium HD."""
    return bool(_BIN.fullmatch(name))


def find(path: Path) -> list[Found]:
    """Find the matrices of a run, of a folder with several samples, or of a folder of runs.

    Nothing is opened.
    """
    if path.is_file():
        return [Found(path)]
    for home in (path, path / "outs"):
        if here := _in_home(home):
            return here
    several: list[Found] = []
    for inner in _folders_in(path):
        here = _in_home(inner) or _in_home(inner / "outs")
        several += [
            replace(one, sample=" ".join(filter(None, (inner.name, one.sample))))
            for one in here
            if _is_placed(one)
        ]
    return several


def split_libraries(found: list[Found]) -> list[Found]:
    """Split the matrix, where there is one, into the libraries that were aggregated in it.

    Raises
    ------
    ReadError
        When the matrix is damaged.
    """
    groups = gem_groups(found[0].matrix) if len(found) == 1 else []
    if len(groups) < 2:
        return found
    names = _library_names(found[0].matrix.parent, max(groups))
    return [replace(found[0], sample=names.get(g, str(g)), group=g) for g in groups]


def run_of(found: Found) -> Run:
    """Find what belongs to a matrix.

    Raises
    ------
    ReadError
        When there are no positions.
    """
    matrix = found.matrix
    usual = _MATRIX_NAME.fullmatch(matrix.name)
    loose = MTX.search(matrix.name) if matrix.is_file() else None
    prefix, kind = usual.groups() if usual else (matrix.name[: loose.start()] if loose else "", "")
    for home in (matrix, matrix.parent) if matrix.is_dir() else (matrix.parent,):
        spatial = spatial_of(home, prefix, found.sample if found.group is not None else "")
        if spatial is not None:
            one_of_many = bool(prefix) and len(_matrices(matrix.parent)) > 1
            shared = one_of_many and not (prefix and spatial.name.startswith(prefix))
            return Run(matrix, spatial, prefix, kind == "raw", shared)
    raise ReadError(
        f"{matrix} has no positions: expected a folder spatial with tissue_positions_list.csv, "
        f"tissue_positions.csv or .parquet in {matrix.parent}. Put the spatial folder there."
    )


def spatial_of(folder: Path, prefix: str = "", library: str = "") -> Path | None:
    """Find the folder with the positions: ``spatial``, one of our own, or the folder itself."""
    homes = [folder / "spatial" / library] if library else []
    if prefix:
        homes += [folder / f"{prefix}spatial", folder / prefix.strip("_-. ") / "spatial"]
    for home in (*homes, folder / "spatial", folder):
        if any(home.glob("*tissue_positions*")):
            return home
    return None


def _is_placed(found: Found) -> bool:
    """Whether there are positions for a matrix: those of single cells have none."""
    try:
        run_of(found)
    except ReadError:
        return False
    return True


def _in_home(home: Path) -> list[Found]:
    """Matrices of a folder: its bins, or its samples."""
    if bins := _bins(home):
        return [Found(_matrices(folder)[0], bin_um=size) for size, folder in sorted(bins.items())]
    matrices = _matrices(home)
    if len(matrices) > 1:
        return [Found(matrix, _label(matrix)) for matrix in matrices]
    return [Found(matrix) for matrix in matrices]


def _folders_in(path: Path) -> list[Path]:
    """Folders that a person may have put runs into; none where they cannot be listed."""
    try:
        folders = (inner for inner in path.iterdir() if inner.is_dir())
        return sorted(islice(folders, MOST_FOLDERS))
    except OSError:
        return []


def _library_names(folder: Path, count: int) -> dict[int, str]:
    """Group -> name from ``aggregation.csv``, which lists the libraries in their order."""
    path = folder / "aggregation.csv"
    if not path.is_file():
        return {}
    try:
        with reading(path), open_text(path) as file:
            rows = [row for row in csv.reader(file) if row][1:]
    except ReadError:  # then the numbers are their names
        return {}
    names = [row[0].strip() for row in rows]
    return dict(enumerate(names, start=1)) if len(set(names)) == len(names) == count else {}


def _matrices(folder: Path) -> list[Path]:
    """Matrices in a folder, of the best kind that is there: filtered before raw, .h5 first."""
    for kind in (f"filtered_{MATRIX}", f"raw_{MATRIX}"):
        for name in (f"{kind}.h5", kind, f"{kind}.h5.gz"):
            if (folder / name).exists():
                return [folder / name]
            if found := sorted(folder.glob(f"*{name}")):
                return found
    loose = sorted(p for p in folder.glob("*matrix.mtx*") if MTX.search(p.name))
    return loose if len(loose) > 1 else [folder] * len(loose)


def _bins(folder: Path) -> dict[int, Path]:
    """Bin size in micrometres -> folder of a Visium HD run; empty for other runs."""
    found = {}
    for parent in (folder, folder / "binned_outputs"):
        for inner in parent.glob("square_*um"):
            if (hit := _BIN.fullmatch(inner.name)) and _matrices(inner):
                found[int(hit[1])] = inner
    return found


def _label(matrix: Path) -> str:
    """What a person calls the sample of a matrix: the prefix of its name."""
    usual, loose = _MATRIX_NAME.fullmatch(matrix.name), MTX.search(matrix.name)
    prefix = usual[1] if usual else matrix.name[: loose.start()] if loose else matrix.name
    return prefix.strip("_-. ") or matrix.name


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^0-9a-z]+", text.lower()) if word]
