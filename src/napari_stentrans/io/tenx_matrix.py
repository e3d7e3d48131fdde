"""Count matrices as 10x Genomics writes them: one ``.h5`` file, or a folder with ``matrix.mtx``."""

from __future__ import annotations

import csv
import glob
import gzip
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from napari_stentrans.errors import ReadError
from napari_stentrans.io._shared import (
    DAMAGED,
    open_hdf5,
    open_text,
    plain_suffix,
    reading,
    warn,
)
from napari_stentrans.io.mtx import read_mtx

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

EXPRESSION = "Gene Expression"
MTX = re.compile(r"matrix\.mtx(\.gz)?$")
"""End of the name of a Matrix Market file; what stands before it is the prefix."""
_GROUP = re.compile(r"-(\d+)$")


@dataclass(frozen=True, eq=False)
class TenxMatrix:
    """Counts with their names.

    Attributes
    ----------
    counts
        (barcode, gene) raw counts, CSR.
    barcodes
        (barcode,) names, as they stand in the file.
    var
        (gene, ...) table: gene names as the index, ``gene_ids``, ``feature_types``.
    """

    counts: sp.csr_matrix
    barcodes: pd.Index
    var: pd.DataFrame


def read_matrix(path: Path, controls: Collection[str] = ()) -> TenxMatrix:
    """Read a ``*_feature_bc_matrix.h5``, a folder with ``matrix.mtx``, or one; genes only.

    Parameters
    ----------
    path
        The file or the folder.
    controls
        Types of features that belong to the instrument and are left out without a word.

    Raises
    ------
    ReadError
        When the file is damaged, is of another kind, or holds no gene expression.

    Warns
    -----
    StentransWarning
        When features other than gene expression were left out.
    """
    if path.is_dir():
        matrix = _read_folder(path)
    elif loose := MTX.search(path.name):
        matrix = _read_folder(path.parent, path.name[: loose.start()])
    else:
        matrix = _read_h5(path)
    return _genes_only(matrix, path, controls)


def gem_groups(path: Path) -> list[int]:
    """Numbers at the ends of the barcodes of a matrix: several where libraries were aggregated.

    Raises
    ------
    ReadError
        When the file is damaged.
    """
    if path.is_dir() or MTX.search(path.name):
        return sorted(set(filter(None, map(_group, _barcodes_of_folder(path)))))
    if plain_suffix(path) != ".h5":
        return []
    with reading(path, f"Expected a 10x count matrix (.h5). {DAMAGED}"), open_hdf5(path) as file:
        barcodes = file.get("matrix/barcodes")
        if barcodes is None or not len(barcodes):
            return []
        groups = {_group(value) for value in np.ravel(barcodes[:])}
    return sorted(group for group in groups if group is not None)


def _barcodes_of_folder(path: Path) -> list[str]:
    """Barcodes of ``barcodes.tsv`` in a folder, or beside a ``matrix.mtx``."""
    loose = MTX.search(path.name) if path.is_file() else None
    folder, prefix = (path.parent, path.name[: loose.start()]) if loose else (path, "")
    return [row[0] for row in _table(_one(folder, prefix, "barcodes.tsv"))]


def _group(barcode: bytes | str) -> int | None:
    hit = _GROUP.search(barcode.decode() if isinstance(barcode, bytes) else barcode)
    return int(hit[1]) if hit else None


def _read_h5(path: Path) -> TenxMatrix:
    """Read Cell Ranger 3 and later (group ``matrix``), else Cell Ranger 2 (one group a genome)."""
    with reading(path, f"Expected a 10x count matrix (.h5). {DAMAGED}"), open_hdf5(path) as file:
        group = file["matrix"] if "matrix" in file else _only_genome(file, path)
        features = group.get("features", group)
        names = _strings(features["name" if "name" in features else "gene_names"])
        ids = _strings(features["id" if "id" in features else "genes"])
        types = _strings(features["feature_type"]) if "feature_type" in features else None
        barcodes = _strings(group["barcodes"])
        n_genes, n_barcodes = (int(n) for n in np.ravel(group["shape"][:])[:2])
        if (len(names), len(barcodes)) != (n_genes, n_barcodes):
            raise ValueError(
                f"it says {n_genes} features and {n_barcodes} barcodes, and names {len(names)} "
                f"and {len(barcodes)}"
            )
        # The file is features x barcodes by column, which is barcodes x features by row.
        parts = (
            np.ravel(group["data"].astype(np.float32)[:]),
            _whole(group["indices"]),
            _whole(group["indptr"], np.int64),
        )
        counts = sp.csr_matrix(parts, (n_barcodes, n_genes))
        counts.check_format(full_check=True)
        table = _gene_table(names, ids, types)
    return TenxMatrix(counts, pd.Index(barcodes), table)


def _whole(dataset: Any, kind: Any = np.int32) -> NDArray[Any]:
    """Whole numbers (value,) of a dataset; R stores them as it stores all numbers.

    Raises
    ------
    ValueError
        When they are none: scipy would crash on NaN.
    """
    if dataset.dtype.kind in "iu":
        # HDF5 makes them narrow while it reads; what does not fit becomes the largest number.
        return np.ravel(dataset.astype(kind)[:])
    values = np.ravel(dataset[:])
    if values.dtype.kind != "f" or not (np.isfinite(values) & (values == np.rint(values))).all():
        raise ValueError("its indices are no whole numbers")
    if len(values) and np.abs(values).max() > np.iinfo(kind).max:
        raise ValueError(f"its indices reach {np.abs(values).max():g}")
    return np.asarray(values, kind)


def _only_genome(file: Any, path: Path) -> Any:
    groups = [node for node in file.values() if isinstance(node, h5py.Group) and "barcodes" in node]
    if len(groups) != 1:
        raise ReadError(
            f"'{path}' is not a 10x count matrix: expected a group 'matrix', found "
            f"{sorted(file) or 'nothing'}. Give filtered_feature_bc_matrix.h5 of Space Ranger."
        )
    return groups[0]


def _strings(dataset: Any) -> list[str]:
    return [
        value.decode() if isinstance(value, bytes) else str(value) for value in np.ravel(dataset[:])
    ]


def _read_folder(folder: Path, prefix: str = "") -> TenxMatrix:
    """Read ``matrix.mtx``, ``barcodes.tsv``, ``features.tsv`` or ``genes.tsv``, maybe ``.gz``."""
    matrix = _one(folder, prefix, "matrix.mtx")
    rows = _table(_one(folder, prefix, "features.tsv", "genes.tsv"))
    barcodes = [row[0] for row in _table(_one(folder, prefix, "barcodes.tsv"))]
    with reading(matrix, f"Expected a Matrix Market file. {DAMAGED}"):
        opener: Any = gzip.open if matrix.suffix == ".gz" else open
        with opener(matrix, "rb") as file:
            counts = read_mtx(file)
    if counts.shape != (len(rows), len(barcodes)):
        raise ReadError(
            f"'{folder}' does not fit together: the matrix has {counts.shape[0]} features and "
            f"{counts.shape[1]} barcodes, its tables name {len(rows)} and {len(barcodes)}. "
            "Copy the whole folder again."
        )
    names = [row[1] if len(row) > 1 else row[0] for row in rows]
    types = [row[2] for row in rows] if all(len(row) > 2 for row in rows) else None
    table = _gene_table(names, [row[0] for row in rows], types)
    return TenxMatrix(sp.csr_matrix(counts.T), pd.Index(barcodes), table)


def _one(folder: Path, prefix: str, *names: str) -> Path:
    """Find the one file of the folder that ends in one of the names, gzipped or not."""
    start = glob.escape(prefix) or "*"
    ends = [f"{name}{gz}" for name in names for gz in ("", ".gz")]
    found = sorted({path for end in ends for path in folder.glob(start + end)})
    if len(found) != 1:
        raise ReadError(
            f"'{folder}' must hold one {' or '.join(names)} (or .gz), found "
            f"{[p.name for p in found] or 'none'}. Put the files of one section into the folder."
        )
    return found[0]


def _table(path: Path) -> list[list[str]]:
    with reading(path), open_text(path) as file:
        try:
            rows = [row for row in csv.reader(file, delimiter="\t") if row]
        except csv.Error as error:
            raise ValueError(str(error)) from error
    if not rows:
        raise ReadError(f"'{path}' is empty. {DAMAGED}")
    return rows


def _gene_table(names: list[str], ids: list[str], types: Iterable[str] | None) -> pd.DataFrame:
    table = pd.DataFrame({"gene_ids": ids}, index=pd.Index(names, dtype=object))
    table["feature_types"] = EXPRESSION if types is None else list(types)
    return table


def _genes_only(matrix: TenxMatrix, path: Path, controls: Collection[str]) -> TenxMatrix:
    is_gene = (matrix.var["feature_types"] == EXPRESSION).to_numpy()
    if is_gene.all():
        return matrix
    others = sorted(set(matrix.var["feature_types"][~is_gene]))
    if not is_gene.any():
        raise ReadError(
            f"'{path}' holds no features of the type {EXPRESSION!r}, only {', '.join(others)}. "
            "Give the matrix of the gene expression."
        )
    strange = ~is_gene & ~matrix.var["feature_types"].isin(controls).to_numpy()
    if strange.any():
        kinds = ", ".join(sorted(set(matrix.var["feature_types"][strange])))
        warn(f"{int(strange.sum())} features that are not genes were left out ({kinds}).")
    counts = sp.csr_matrix(sp.csc_matrix(matrix.counts)[:, np.flatnonzero(is_gene)])
    return TenxMatrix(counts, matrix.barcodes, matrix.var[is_gene])
