"""Broken input of many kinds: each a clear error, or a sane section and a warning."""

from __future__ import annotations

import gzip
import shutil
import tracemalloc
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from small_files import GENES, SMALL, XY, N, annotated, spaceranger

from napari_stentrans.errors import MaskError, ReadError, SectionError, StentransWarning
from napari_stentrans.io import choices_of, read_mask, read_section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_stentrans.section import Section

POSITIONS, H5 = "spatial/tissue_positions.csv", "filtered_feature_bc_matrix.h5"
FINE = ""
"""What a case says when a section must come out without a word."""


@dataclass(frozen=True)
class Case:
    """How a small valid file is broken, and what must come of it.

    ``format`` is a key of SMALL; ``spoil`` changes what was written and may return another
    path to open; ``says`` is found in the error, or in the warning where ``warns``.
    """

    name: str
    format: str
    spoil: Callable[[Path], Path | None]
    says: str
    warns: bool = False


def text(part: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change the text of a file in a folder, or of the file itself for ""."""

    def spoil(path: Path) -> None:
        file = path / part if part else path
        packed = file.suffix == ".gz"
        old = gzip.decompress(file.read_bytes()) if packed else file.read_bytes()
        new = change(old.decode()).encode()
        file.write_bytes(gzip.compress(new) if packed else new)

    return spoil


def data(part: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        file = path / part if part else path
        file.write_bytes(change(file.read_bytes()))

    return spoil


def hdf(part: str, key: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """Replace a dataset of an HDF5 file."""

    def spoil(path: Path) -> None:
        with h5py.File(path / part if part else path, "r+") as file:
            old, attributes = file[key][()], dict(file[key].attrs)
            del file[key]
            file[key] = change(old)
            file[key].attrs.update(attributes)

    return spoil


def remove(part: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        target = path / part
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return spoil


def first(share: float) -> Callable[[bytes], bytes]:
    """Cut a file off."""
    return lambda content: content[: int(share * len(content))]


def second_line(old: str, new: str) -> Callable[[str], str]:
    """Replace a part of the first line below the header."""

    def change(content: str) -> str:
        lines = content.split("\n")
        assert old in lines[1]
        return "\n".join([lines[0], lines[1].replace(old, new, 1), *lines[2:]])

    return change


def column(number: int, value: str, separator: str = ",") -> Callable[[str], str]:
    """Set one column of every line below the header."""

    def change(content: str) -> str:
        header, *lines = content.strip().split("\n")
        rows = [line.split(separator) for line in lines]
        rows = [[*row[:number], value, *row[number + 1 :]] for row in rows]
        return "\n".join([header, *(separator.join(row) for row in rows)]) + "\n"

    return change


def moved(new_name: str) -> Callable[[Path], Path]:
    def spoil(path: Path) -> Path:
        target = path.parent / new_name
        target.parent.mkdir(parents=True, exist_ok=True)
        return path.rename(target)

    return spoil


def keep_lines(n: int) -> Callable[[str], str]:
    return lambda content: "\n".join(content.split("\n")[:n]) + "\n"


def old_mac(content: str) -> str:
    return content.replace("\n", "\r")


def mixed(content: str) -> str:
    lines = content.split("\n")
    return "".join(line + ("\r\n" if i % 2 else "\n") for i, line in enumerate(lines) if line)


MATRIX, MTX = "filtered_feature_bc_matrix", "filtered_feature_bc_matrix/matrix.mtx"
FEATURES = "filtered_feature_bc_matrix/features.tsv"
V1, SCALES = "spatial/tissue_positions_list.csv", "spatial/scalefactors_json.json"
X, SPATIAL = "X/data", "obsm/spatial"


def nth(index: int, value: object, kind: type = float) -> Callable[[np.ndarray], np.ndarray]:
    """Replace one number of an array."""

    def change(old: np.ndarray) -> np.ndarray:
        new = old.astype(kind)
        new.flat[index] = value
        return new

    return change


SPACERANGER = [
    Case("h5 of no bytes", "spaceranger", data(H5, first(0)), "the file is empty"),
    *(
        Case(f"h5 cut at {s}", "spaceranger", data(H5, first(s)), "cannot be read")
        for s in (0.01, 0.3, 0.6, 0.9, 0.99)
    ),
    Case(
        "h5 that is text",
        "spaceranger",
        data(H5, lambda _: b"hello\n" * 99),
        "it is not an HDF5 file, which .h5 files are",
    ),
    Case(
        "h5 without data",
        "spaceranger",
        hdf(H5, "matrix/data", lambda _: np.zeros(0)),
        "should have the same size",
    ),
    Case(
        "h5 names too few",
        "spaceranger",
        hdf(H5, "matrix/barcodes", lambda a: a[:-1]),
        "3 features and 40 barcodes, and names 3 and 39",
    ),
    Case(
        "h5 index too high",
        "spaceranger",
        hdf(H5, "matrix/indices", nth(3, 99, int)),
        "indices must be < 3",
    ),
    Case(
        "h5 index negative",
        "spaceranger",
        hdf(H5, "matrix/indices", nth(3, -1, int)),
        "indices must be >= 0",
    ),
    Case(
        "h5 index overflows",
        "spaceranger",
        hdf(H5, "matrix/indices", nth(3, 2**40, np.int64)),
        "indices must be < 3",
    ),
    Case(
        "h5 pointers fall",
        "spaceranger",
        hdf(H5, "matrix/indptr", lambda a: a[::-1].copy()),
        "pointer should start with 0",
    ),
    Case(
        "h5 pointers too many",
        "spaceranger",
        hdf(H5, "matrix/indptr", nth(-1, 10**9, np.int64)),
        "Last value of index pointer",
    ),
    Case(
        "h5 huge shape",
        "spaceranger",
        hdf(H5, "matrix/shape", lambda _: np.array([2**62, 2**62])),
        "it says 4611686018427387904 features",
    ),
    Case(
        "h5 negative shape",
        "spaceranger",
        hdf(H5, "matrix/shape", lambda _: np.array([-3, 40])),
        "it says -3 features",
    ),
    Case(
        "h5 NaN count",
        "spaceranger",
        hdf(H5, "matrix/data", nth(0, np.nan)),
        "Counts must be finite",
    ),
    Case(
        "h5 infinite count",
        "spaceranger",
        hdf(H5, "matrix/data", nth(0, np.inf)),
        "Counts must be finite",
    ),
    Case(
        "h5 negative count",
        "spaceranger",
        hdf(H5, "matrix/data", nth(0, -1)),
        "Counts must not be negative",
    ),
    Case(
        "h5 fraction",
        "spaceranger",
        hdf(H5, "matrix/data", nth(0, 0.5)),
        "found fractions",
        warns=True,
    ),
    Case("h5 all zero", "spaceranger", hdf(H5, "matrix/data", lambda a: 0 * a), "genes are zero"),
    Case(
        "h5 genes of one name",
        "spaceranger",
        hdf(H5, "matrix/features/name", lambda a: np.array([b"A"] * 3)),
        "2 gene names stand more than once",
        warns=True,
    ),
    Case(
        "h5 one barcode for all",
        "spaceranger",
        hdf(H5, "matrix/barcodes", lambda a: np.array([a[0]] * N)),
        "39 barcodes stand more than once",
        warns=True,
    ),
    Case(
        "h5 wrong encoding",
        "spaceranger",
        hdf(H5, "matrix/features/name", lambda a: np.array([b"\xff\xfe", b"B", b"C"])),
        "is not UTF-8 text",
    ),
    Case(
        "h5 of antibodies",
        "spaceranger",
        hdf(H5, "matrix/features/feature_type", lambda a: np.array([b"Antibody Capture"] * 3)),
        "only Antibody Capture",
    ),
    Case("no positions", "spaceranger", remove(POSITIONS), "Put the spatial folder there"),
    Case("no spatial folder", "spaceranger", remove("spatial"), "Put the spatial folder there"),
    Case("no matrix", "spaceranger", remove(H5), "and no counts"),
    Case("positions empty", "spaceranger", data(POSITIONS, first(0)), "No columns to parse"),
    Case(
        "positions header only", "spaceranger", text(POSITIONS, keep_lines(1)), "holds no positions"
    ),
    Case(
        "positions cut in a line",
        "spaceranger",
        data(POSITIONS, first(0.5)),
        "no finite position",
    ),
    Case(
        "positions of others",
        "spaceranger",
        text(POSITIONS, lambda t: t.replace("cell", "bin")),
        "the positions like 'bin1'",
    ),
    Case(
        "positions wrong header",
        "spaceranger",
        text(POSITIONS, lambda t: t.replace("pxl_", "pixel_")),
        "lacks the columns pxl_row_in_fullres",
    ),
    Case(
        "positions NaN",
        "spaceranger",
        text(POSITIONS, second_line("100.0", "nan")),
        "no finite position",
    ),
    Case(
        "positions infinite",
        "spaceranger",
        text(POSITIONS, second_line("100.0", "inf")),
        "no finite position",
    ),
    Case(
        "positions blank",
        "spaceranger",
        text(POSITIONS, second_line("100.0", "")),
        "no finite position",
    ),
    Case(
        "positions words",
        "spaceranger",
        text(POSITIONS, second_line("100.0", "left")),
        'string "left"',
    ),
    Case("array fraction", "spaceranger", text(POSITIONS, second_line(",0,0,", ",0.5,0,")), FINE),
    Case(
        "array overflows",
        "spaceranger",
        text(POSITIONS, second_line(",0,0,", f",{10**30},0,")),
        "Integer out of range",
    ),
    Case(
        "all in one place",
        "spaceranger",
        text(POSITIONS, lambda t: column(5, "7")(column(4, "7")(t))),
        "lie in one place",
    ),
    Case(
        "positions twice",
        "spaceranger",
        text(POSITIONS, lambda t: t + t.split("\n", 1)[1]),
        "40 barcodes stand more than once",
        warns=True,
    ),
    Case(
        "positions UTF-16",
        "spaceranger",
        data(POSITIONS, lambda b: b.decode().encode("utf-16")),
        "is not UTF-8 text",
    ),
    Case(
        "positions Latin-1",
        "spaceranger",
        data(POSITIONS, lambda b: b.replace(b"cell1,", b"cell\xe9,")),
        "is not UTF-8 text",
    ),
    Case(
        "positions with a BOM", "spaceranger", data(POSITIONS, lambda b: b"\xef\xbb\xbf" + b), FINE
    ),
    Case("positions mixed line ends", "spaceranger", text(POSITIONS, mixed), FINE),
    Case("positions of an old Mac", "spaceranger", text(POSITIONS, old_mac), FINE),
    Case("swapped columns, by name", "spaceranger", lambda p: _swap(p / POSITIONS), FINE),
    Case(
        "v1 too few columns",
        "spaceranger_mtx",
        text(V1, lambda t: t.replace(",1,", ",", 1)),
        "Expected 5 fields in line 2, saw 6",
    ),
    Case("v1 blank lines", "spaceranger_mtx", text(V1, lambda t: t.replace("\n", "\n\n")), FINE),
    Case(
        "scales no JSON",
        "spaceranger",
        data(SCALES, first(0.5)),
        "Scales are not known",
        warns=True,
    ),
    Case(
        "scales a list",
        "spaceranger",
        data(SCALES, lambda _: b"[1, 2]"),
        "Scales are not known",
        warns=True,
    ),
    Case(
        "scales words",
        "spaceranger",
        text(SCALES, lambda t: t.replace("0.5", '"big"')),
        "does not give the scale",
        warns=True,
    ),
    Case("scales missing", "spaceranger", remove(SCALES), "does not give its scale", warns=True),
    Case("mtx empty", "spaceranger_mtx", data(MTX, first(0)), "its first line is not"),
    Case("mtx cut", "spaceranger_mtx", data(MTX, first(0.5)), "entries and holds"),
    Case("mtx no banner", "spaceranger_mtx", text(MTX, lambda t: t[20:]), "its first line is not"),
    Case(
        "mtx index too high",
        "spaceranger_mtx",
        text(MTX, lambda t: t.replace("\n1 1 ", "\n9 1 ", 1)),
        "it names rows 1 to 9 of 3",
    ),
    Case(
        "mtx index 0",
        "spaceranger_mtx",
        text(MTX, lambda t: t.replace("\n1 1 ", "\n0 1 ", 1)),
        "it names rows 0 to 3 of 3",
    ),
    Case(
        "mtx overflows",
        "spaceranger_mtx",
        text(MTX, lambda t: t.rstrip() + "9" * 40 + "\n"),
        "Counts must be finite",
    ),
    Case(
        "mtx huge size",
        "spaceranger_mtx",
        text(MTX, lambda t: t.replace("\n3 40 ", f"\n3 {10**12} ")),
        "40 of 1000000000000",
    ),
    Case("mtx without features", "spaceranger_mtx", remove(FEATURES), "found none"),
    Case(
        "mtx features cut",
        "spaceranger_mtx",
        text(FEATURES, keep_lines(2)),
        "its tables name 2 and 40",
    ),
    Case("mtx features empty", "spaceranger_mtx", data(FEATURES, first(0)), "is empty"),
]
ANNDATA = [
    *(
        Case(f"h5ad cut at {s}", "h5ad", data("", first(s)), "cannot be read")
        for s in (0.0, 0.05, 0.5, 0.95)
    ),
    Case("h5ad that is a zip", "h5ad", data("", lambda b: b"PK" + b[2:]), "it is not an HDF5 file"),
    Case(
        "h5ad NaN position",
        "h5ad",
        hdf("", SPATIAL, nth(0, np.nan)),
        "1 of 40 spots has no position and was left out",
        warns=True,
    ),
    Case("h5ad one place", "h5ad", hdf("", SPATIAL, lambda a: 0 * a), "lie in one place"),
    Case(
        "h5ad one column of positions",
        "h5ad",
        hdf("", SPATIAL, lambda a: a[:, :1]),
        "must have the shape (40, 2), got (40, 1)",
    ),
    Case("h5ad positions are words", "h5ad", hdf("", SPATIAL, lambda a: a.astype("S")), FINE),
    Case("h5ad NaN count", "h5ad", hdf("", X, nth(0, np.nan)), "Counts must be finite"),
    Case("h5ad negative count", "h5ad", hdf("", X, nth(0, -3)), "Counts must not be negative"),
    Case("h5ad fractions", "h5ad", hdf("", X, nth(0, 0.25)), "found fractions", warns=True),
    Case("h5ad too few names", "h5ad", hdf("", "var/_index", lambda a: a[:-1]), "cannot be read"),
    Case(
        "h5ad names twice",
        "h5ad",
        hdf("", "obs/_index", lambda a: np.array([b"a"] * N)),
        "39 barcodes stand more than once",
        warns=True,
    ),
]
LEGACY = [
    Case("legacy empty", "legacy", data("", first(0)), "the file is empty"),
    Case("legacy header only", "legacy", text("", keep_lines(1)), "has no rows below it"),
    Case(
        "legacy cut in a line",
        "legacy",
        data("", lambda b: b.rstrip()[:-3]),
        "line 41 has 1 values, expected 3",
    ),
    Case("legacy gzip garbage", "legacy", lambda p: _garbage(p), "cannot be read"),
    Case(
        "legacy gzip cut",
        "legacy",
        lambda p: _packed(p, 0.7),
        "ended before the end-of-stream marker",
    ),
    Case("legacy binary", "legacy", data("", lambda _: bytes(range(256)) * 9), "is not UTF-8 text"),
    Case("legacy NUL bytes", "legacy", data("", lambda b: b + b"\0" * 50), "line 42 has 0 values"),
    Case(
        "legacy words",
        "legacy",
        text(
            "",
            second_line(
                "\t",
                "\tmany",
            ),
        ),
        "holds 'many",
    ),
    Case("legacy NaN", "legacy", text("", column(2, "nan", "\t")), "Counts must be finite"),
    Case("legacy infinite", "legacy", text("", column(2, "inf", "\t")), "Counts must be finite"),
    Case(
        "legacy negative", "legacy", text("", column(2, "-2", "\t")), "Counts must not be negative"
    ),
    Case("legacy overflow", "legacy", text("", column(2, "9" * 30, "\t")), FINE),
    Case(
        "legacy overflow to infinity",
        "legacy",
        text("", column(2, "1e300", "\t")),
        "Counts must be finite",
    ),
    Case(
        "legacy one column too many",
        "legacy",
        text("", lambda t: t.rstrip() + "\t7\n"),
        "line 41 has 4 values",
    ),
    Case(
        "legacy spots of one name",
        "legacy",
        text("", column(0, "5x5", "\t")),
        "39 spots stand more than once",
        warns=True,
    ),
    Case(
        "legacy everything twice",
        "legacy",
        text("", lambda t: t + t.split("\n", 1)[1]),
        "40 spots stand more than once",
        warns=True,
    ),
    Case("legacy strange spots", "legacy", text("", second_line("3x5", "three")), "names no spots"),
    Case(
        "legacy UTF-16",
        "legacy",
        data("", lambda b: b.decode().encode("utf-16")),
        "is not UTF-8 text",
    ),
    Case("legacy BOM", "legacy", data("", lambda b: b"\xef\xbb\xbf" + b), FINE),
    Case("legacy mixed line ends", "legacy", text("", mixed), FINE),
    Case("legacy one spot", "legacy", text("", keep_lines(2)), FINE),
    Case(
        "legacy one gene",
        "legacy",
        text("", lambda t: "\n".join("\t".join(r.split("\t")[:2]) for r in t.split("\n"))),
        FINE,
    ),
    Case(
        "legacy no genes",
        "legacy",
        text("", lambda t: "\n".join(r.split("\t")[0] for r in t.split("\n"))),
        "no numbers in the rows",
    ),
    Case("blanks and other letters in the path", "legacy", moved("my données/脳 1.tsv"), FINE),
]
CELLS = [
    Case(
        "xenium without cells",
        "xenium",
        lambda p: _part(p, "cells.csv", "experiment.xenium"),
        "part of a Xenium run",
    ),
    Case(
        "xenium cells wrong header",
        "xenium",
        text("cells.csv", lambda t: t.replace("centroid", "middle")),
        "no column 'x_centroid'",
    ),
    Case("xenium positions words", "xenium", text("cells.csv", column(1, "here")), 'string "here"'),
    Case("xenium cells empty", "xenium", data("cells.csv", first(0)), "no column"),
    Case(
        "merscope swapped tables",
        "merscope",
        lambda p: _exchange(p / "cell_by_gene.csv", p / "cell_metadata.csv"),
        FINE,
    ),
    Case(
        "merscope counts cut",
        "merscope",
        data("cell_by_gene.csv", lambda b: b.rstrip()[:-4]),
        "line 41 has 3 values, expected 4",
    ),
    Case(
        "merscope counts empty", "merscope", data("cell_by_gene.csv", first(0)), "the file is empty"
    ),
    Case(
        "merscope NaN position",
        "merscope",
        text("cell_metadata.csv", column(2, "nan")),
        "no finite position",
    ),
    Case(
        "merscope blanks only",
        "merscope",
        text("cell_by_gene.csv", lambda t: t.replace(",".join(GENES), "Blank-2,Blank-3,Blank-4")),
        "no counts of genes",
    ),
    Case(
        "cosmx without cell_ID",
        "cosmx",
        text("Lung5_exprMat_file.csv", lambda t: t.replace("cell_ID", "nr")),
        "must have the columns fov and cell_ID, or cell, got fov, nr",
    ),
    Case(
        "cosmx fov words",
        "cosmx",
        text("Lung5_exprMat_file.csv", column(0, "one")),
        "the counts are named like 'c_one_1'",
    ),
    Case(
        "cosmx nothing in cells",
        "cosmx",
        text("Lung5_exprMat_file.csv", column(1, "0")),
        "no counts of genes in cells",
    ),
    Case(
        "cosmx gzip cut",
        "cosmx",
        data("Lung5_metadata_file.csv.gz", first(0.7)),
        "ended before the end-of-stream marker",
    ),
    Case(
        "slideseq beads cut",
        "slideseq",
        data("BeadLocationsForR.csv", first(0.5)),
        "cells have no position",
        warns=True,
    ),
    Case(
        "slideseq gzip cut",
        "slideseq",
        data("Puck_1.digital_expression.txt.gz", first(0.7)),
        "is not a section",
    ),
    Case(
        "gem wrong header", "gem", text("", lambda t: t.replace("MIDCount", "n")), "not a GEM table"
    ),
    Case("gem gzip cut", "gem", data("", first(0.8)), "ended before the end-of-stream marker"),
    Case("gem no rows", "gem", text("", keep_lines(3)), "holds no rows"),
    Case(
        "gem negative place",
        "gem",
        text("", lambda t: t.replace("\t3\t", "\t-3\t", 1)),
        "must be 0 or more",
    ),
    Case(
        "gem place overflows",
        "gem",
        text("", lambda t: t.replace("\t3\t", f"\t{10**25}\t", 1)),
        "out of range",
    ),
    Case(
        "gem words", "gem", text("", lambda t: t.replace("\t3\t", "\tthree\t", 1)), 'string "three"'
    ),
    Case(
        "gem negative count",
        "gem",
        text("", lambda t: t.replace("\t1\t0", "\t-1\t0", 1)),
        "counts must be numbers from 0 up",
    ),
    Case(
        "gem too few columns",
        "gem",
        text("", lambda t: t + "\nActb\t3"),
        "every line must name a gene",
    ),
    Case(
        "table cut in a line",
        "table",
        data("", lambda b: b.rstrip()[:-9]),
        "no finite position",
    ),
    Case(
        "table one place",
        "table",
        text("", lambda t: column(4, "1")(column(5, "1")(t))),
        "lie in one place",
    ),
    Case("table infinite", "table", text("", column(4, "inf")), "no finite position"),
    Case(
        "table huge positions",
        "table",
        text("", second_line(f",{XY[0, 0]},", ",1e300,")),
        "further than",
    ),
    Case(
        "table negative counts", "table", text("", column(1, "-1")), "Counts must not be negative"
    ),
    Case(
        "table words below numbers",
        "table",
        text("", lambda t: t.rstrip() + "\nc,a,b,c,1,1\n"),
        'string "a"',
    ),
    Case(
        "table ragged", "table", text("", lambda t: t.rstrip() + "\nc,1,1,1,1,1,1,1,1\n"), "saw 9"
    ),
    Case(
        "table cells twice",
        "table",
        text("", lambda t: t + t.split("\n", 1)[1]),
        "cells stand more than once",
        warns=True,
    ),
    Case("table one cell", "table", text("", keep_lines(2)), FINE),
    Case(
        "table with a column twice",
        "table",
        text("", lambda t: t.replace(GENES[1], GENES[0])),
        "1 column of brain.csv, named as another is, was left out",
        warns=True,
    ),
    Case("table with a BOM", "table", data("", lambda b: b"\xef\xbb\xbf" + b), FINE),
    Case(
        "table an open quote", "table", text("", second_line("cell1", '"cell1')), "cannot be read"
    ),
    Case(
        "tables of other cells",
        "tables",
        text("where.tsv", lambda t: t.replace("cell", "spot")),
        "the positions like 'spot1'",
    ),
    Case("tables without numbers", "tables", text("counts.csv", column(1, "many")), FINE),
]
CASES = [*SPACERANGER, *ANNDATA, *LEGACY, *CELLS]


def _swap(path: Path) -> None:
    table = pd.read_csv(path)
    table[table.columns[::-1]].to_csv(path, index=False)


def _garbage(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(b"\x1f\x8b\x08" + path.read_bytes())
    return target


def _packed(path: Path, share: float) -> Path:
    target = path.with_name(path.name + ".gz")
    packed = gzip.compress(path.read_bytes())
    target.write_bytes(packed[: int(share * len(packed))])
    return target


def _part(path: Path, gone: str, given: str) -> Path:
    (path / gone).unlink()
    (path / given).write_text("{}")
    return path / given


def _exchange(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken(tmp_path: Path, case: Case) -> None:
    path = SMALL[case.format](tmp_path)
    path = case.spoil(path) or path
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        if case.says and not case.warns:
            with pytest.raises((ReadError, SectionError)) as error:
                read_section(path)
            assert case.says in str(error.value)
            return
        section = read_section(path)
    assert {w.category for w in warned} <= {StentransWarning}
    assert any(case.says in str(w.message) for w in warned) or not case.says
    assert bool(warned) == case.warns
    assert_sane(section)


def assert_sane(section: Section) -> None:
    """A section that can be shown: whole counts, a place for each spot, a map that is not huge."""
    assert section.n_spots >= 1
    assert np.isfinite(section.xy).all()
    assert np.isfinite(section.counts.data).all()
    assert (section.counts.data >= 0).all()
    assert section.adata.obs_names.is_unique
    assert section.adata.var_names.is_unique
    assert section.raster.index.size < 2**24
    assert np.isfinite(section.gene_lognorm(section.genes[0])).all()


def test_there_are_many_kinds() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize(
    "name", ["", "empty folder", "a file without suffix", "a.docx", "a.zarr", "a.h5", "a.gem"]
)
def test_what_is_no_section(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if "." in name:
        path.write_bytes(b"\0\1\2" * 30)
    elif "folder" in name:
        path.mkdir()
    elif name:
        path.write_text("hello")
    with pytest.raises(ReadError, match=r"not a section|has no positions|not a GEM|10x count"):
        read_section(path)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    for open_path in (read_section, choices_of):
        with pytest.raises(ReadError, match="does not exist"):
            open_path(tmp_path / "nothing")


MASKS = {
    "empty list": ("a.csv", b"", "lists 'nothing'"),
    "list of others": ("a.csv", b"x\ny\n", "names no spot of this section"),
    "list in UTF-16": ("a.txt", "cell1".encode("utf-16"), "is not UTF-8 text"),
    "npy cut": ("a.npy", b"\x93NUMPY\x01\0v\0{'descr'", "cannot be read"),
    "npy that runs code": ("a.npy", b"\x80\x04\x95", "cannot be read"),
    "png cut": ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "cannot be read"),
    "tif that is text": ("a.tif", b"hello", "cannot be read"),
    "geojson cut": ("a.geojson", b'{"type": "Polygon", "coord', "cannot be read"),
    "geojson of points": ("a.geojson", b'{"type": "Point", "coordinates": [1, 2]}', "no polygon"),
    "geojson NaN": (
        "a.json",
        b'{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 1]]]}',
        "corners",
    ),
    "geojson two corners": (
        "a.json",
        b'{"type": "Polygon", "coordinates": [[[0, 1], [2, 2]]]}',
        "corners",
    ),
    "geojson no type": ("a.json", b"{}", "cannot be read"),
    "geojson deep": ("a.json", b"[" * 100_000, "cannot be read"),
    "another suffix": ("a.doc", b"", "is not a mask"),
}


@pytest.mark.parametrize("name", MASKS)
def test_broken_masks(tmp_path: Path, name: str) -> None:
    file, content, says = MASKS[name]
    section = read_section(annotated(tmp_path / "brain.h5ad"))
    (tmp_path / file).write_bytes(content)
    with pytest.raises((ReadError, MaskError)) as error:
        read_mask(tmp_path / file, section)
    assert says in str(error.value)


@pytest.mark.parametrize("shape", [(0, 5), (3,), (2, 3, 4, 5), (7, 7)])
def test_masks_of_another_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    section = read_section(annotated(tmp_path / "brain.h5ad"))
    np.save(tmp_path / "a.npy", np.ones(shape))
    with pytest.raises(MaskError, match="shape"):
        read_mask(tmp_path / "a.npy", section)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_a_huge_image_does_not_slow_opening(tmp_path: Path, suffix: str) -> None:
    """20,000 x 20,000 pixels of one colour, a few kilobytes on disk."""
    path = spaceranger(tmp_path / "brain")
    (path / "spatial" / "tissue_hires_image.png").unlink()
    image = path / "spatial" / f"tissue_hires_image{suffix}"
    if suffix == ".png":
        Image.new("1", (20_000, 20_000), 1).save(image)
    else:
        tile = np.ones((2000, 2000), np.uint8)
        tiles = (tile for _ in range(100))
        tifffile.imwrite(
            image,
            tiles,
            shape=(20_000, 20_000),
            dtype=np.uint8,
            tile=(2000, 2000),
            compression="zlib",
        )
    tracemalloc.start()
    section = read_section(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(section.images) == 2
    assert peak < 20e6
    assert_sane(section)
