"""Small sections of every format, as the programs of that format write them."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

GENES = ["Actb", "Gad1", "Sst"]
N = 40


def scattered(n: int = N, size: float = 400.0) -> np.ndarray:
    """(n, 2) positions of cells that keep a distance from each other, one decimal."""
    rng = np.random.default_rng(1)
    side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)[:n] + 0.5
    return np.round((grid + rng.uniform(-0.35, 0.35, (n, 2))) * size / side, 1)


def counted(n: int = N, genes: int = len(GENES)) -> np.ndarray:
    return np.random.default_rng(2).poisson(2.0, (n, genes)).astype(int)


XY, COUNTS = scattered(), counted()


def names(prefix: str = "cell", n: int = N) -> list[str]:
    return [f"{prefix}{i}" for i in range(1, n + 1)]


def write_tenx(path: Path, counts: np.ndarray, genes: list[str], types: list[str]) -> None:
    by_cell = sp.csr_matrix(counts)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(names(), "S")
        group["data"], group["indices"] = by_cell.data, by_cell.indices
        group["indptr"], group["shape"] = by_cell.indptr, by_cell.shape[::-1]
        features = group.create_group("features")
        features["name"] = np.array(genes, "S")
        features["id"] = np.array([f"ENSG{i}" for i in range(len(genes))], "S")
        features["genome"] = np.array(["mm10"] * len(genes), "S")
        features["feature_type"] = np.array(types, "S")


def xenium(folder: Path, suffix: str = ".csv.gz") -> Path:
    folder.mkdir(parents=True)
    counts = np.column_stack([COUNTS, np.ones(N, int), np.ones(N, int)])
    types = ["Gene Expression"] * 3 + ["Negative Control Probe", "Unassigned Codeword"]
    write_tenx(folder / "cell_feature_matrix.h5", counts, [*GENES, "NegControl", "Un_1"], types)
    table = pd.DataFrame({"cell_id": names(), "x_centroid": XY[:, 0], "y_centroid": XY[:, 1]})
    table = table.iloc[::-1].assign(transcript_counts=9)
    if suffix == ".parquet":
        table.to_parquet(folder / "cells.parquet")
    else:
        table.to_csv(folder / f"cells{suffix}", index=False)
    return folder


def merscope(folder: Path) -> Path:
    folder.mkdir(parents=True)
    ids = [f"{10**18 + i}" for i in range(N)]
    counts = pd.DataFrame(np.column_stack([COUNTS, np.ones(N, int)]), ids, [*GENES, "Blank-1"])
    counts.rename_axis("cell").astype(float).to_csv(folder / "cell_by_gene.csv")
    cells = pd.DataFrame({"fov": 0, "center_x": XY[:, 0], "center_y": XY[:, 1]}, ids)
    cells.to_csv(folder / "cell_metadata.csv")
    return folder


def cosmx(folder: Path) -> Path:
    folder.mkdir(parents=True)
    keys = pd.DataFrame({"fov": np.repeat([1, 2], N // 2), "cell_ID": [*range(1, N // 2 + 1)] * 2})
    counts = pd.DataFrame(COUNTS, columns=GENES).assign(NegPrb1=1, SystemControl2=1)
    outside = pd.DataFrame([[1, 0, 99, 99, 99, 0, 0]], columns=[*keys, *counts])
    table = pd.concat([outside, pd.concat([keys, counts], axis=1)])
    table.to_csv(folder / "Lung5_exprMat_file.csv", index=False)
    keys = keys.assign(Area=7, CenterX_global_px=XY[:, 0], CenterY_global_px=XY[:, 1])
    keys.to_csv(folder / "Lung5_metadata_file.csv.gz", index=False)
    return folder


def bases(n: int = N) -> list[str]:
    return ["".join("ACGT"[i >> 2 * k & 3] for k in range(10)) for i in range(n)]


def slideseq(folder: Path, header: bool = True) -> Path:
    folder.mkdir(parents=True)
    table = pd.DataFrame(COUNTS.T, GENES, bases()).rename_axis("GENE")
    table.to_csv(folder / "Puck_1.digital_expression.txt.gz", sep="\t")
    beads = pd.DataFrame({"barcodes": bases(), "xcoord": XY[:, 0], "ycoord": XY[:, 1]})
    beads.to_csv(folder / "BeadLocationsForR.csv", index=False, header=header)
    return folder


def gem(path: Path) -> Path:
    """Bins of 100 spots on a 5 x 8 grid, each gene's counts spread over a bin in two lines."""
    lines = ["#FileFormat=GEMv0.1", "#OffsetX=0", "geneID\tx\ty\tMIDCount\tExonCount"]
    for i, row in enumerate(COUNTS):
        x, y = 100 * (i % 8), 100 * (i // 8)
        for gene, count in zip(GENES, row, strict=True):
            if count:
                lines += [
                    f"{gene}\t{x + 3}\t{y + 5}\t{count - 1}\t0",
                    f"{gene}\t{x + 99}\t{y}\t1\t0",
                ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def plain(path: Path, **columns: object) -> Path:
    table = pd.DataFrame(COUNTS, names(), GENES).assign(**columns).rename_axis("cell")
    if path.suffix == ".parquet":
        table.reset_index().to_parquet(path)
    else:
        table.to_csv(path, sep="\t" if ".tsv" in path.name else ",")
    return path


def spaceranger(folder: Path) -> Path:
    """A Visium folder: version 2 positions with a header, and the .h5."""
    (folder / "spatial").mkdir(parents=True)
    write_tenx(folder / "filtered_feature_bc_matrix.h5", COUNTS, GENES, ["Gene Expression"] * 3)
    row, column = np.divmod(np.arange(N), 8)
    table = pd.DataFrame({"barcode": names(), "in_tissue": 1, "array_row": row})
    table["array_col"] = 2 * column + row % 2
    table["pxl_row_in_fullres"] = 100 + 17.32 * row
    table["pxl_col_in_fullres"] = 100 + 10 * table["array_col"]
    table.to_csv(folder / "spatial" / "tissue_positions.csv", index=False)
    factors = {"tissue_hires_scalef": 0.5, "tissue_lowres_scalef": 0.1}
    factors |= {"spot_diameter_fullres": 12.0, "fiducial_diameter_fullres": 17.0}
    (folder / "spatial" / "scalefactors_json.json").write_text(json.dumps(factors))
    for kind, side in (("hires", 150), ("lowres", 30)):
        pixels = np.full((side, side, 3), 200, np.uint8)
        Image.fromarray(pixels).save(folder / "spatial" / f"tissue_{kind}_image.png")
    return folder


def spaceranger_mtx(folder: Path) -> Path:
    """The same with the folder of matrix.mtx, and version 1 positions without a header."""
    spaceranger(folder)
    (folder / "filtered_feature_bc_matrix.h5").unlink()
    positions = folder / "spatial" / "tissue_positions.csv"
    lines = positions.read_text().splitlines()[1:]
    (folder / "spatial" / "tissue_positions_list.csv").write_text("\n".join(lines))
    positions.unlink()
    matrix = folder / "filtered_feature_bc_matrix"
    matrix.mkdir()
    with (matrix / "matrix.mtx").open("wb") as file:
        scipy.io.mmwrite(file, sp.coo_matrix(COUNTS.T))
    rows = [f"ENSG{i}\t{gene}\tGene Expression" for i, gene in enumerate(GENES)]
    (matrix / "features.tsv").write_text("\n".join(rows) + "\n")
    (matrix / "barcodes.tsv").write_text("\n".join(names()) + "\n")
    return folder


def legacy(path: Path) -> Path:
    """A legacy ST table of spots x genes with spots named ROWxCOL."""
    row, column = np.divmod(np.arange(N), 8)
    spots = [f"{r}x{c}" for r, c in zip(row + 3, column + 5, strict=True)]
    pd.DataFrame(COUNTS, spots, GENES).to_csv(path, sep="\t")
    return path


def annotated(path: Path) -> Path:
    """An .h5ad with obsm["spatial"]."""
    adata = ad.AnnData(
        sp.csr_matrix(COUNTS.astype(np.float32)),
        obs=pd.DataFrame(index=names()),
        var=pd.DataFrame(index=GENES),
        obsm={"spatial": XY},
    )
    adata.write_h5ad(path)
    return path


def two_tables(folder: Path) -> Path:
    """A table of counts and one of positions."""
    folder.mkdir(parents=True)
    plain(folder / "counts.csv")
    places = pd.DataFrame({"barcode": names(), "x": XY[:, 0], "y": XY[:, 1]})
    places.to_csv(folder / "where.tsv", sep="\t", index=False)
    return folder


def giotto(folder: Path, quoted: bool = False) -> Path:
    """Giotto's layout: genes x cells, blank-separated, and x and -y without names."""
    folder.mkdir(parents=True)
    mark = '"' if quoted else ""
    lines = [[f"{mark}{name}{mark}" for name in names()]]
    lines += [[f"{mark}{g}{mark}", *map(str, row)] for g, row in zip(GENES, COUNTS.T, strict=True)]
    text = "\n".join(" ".join(line) for line in lines) + "\n"
    (folder / "brain_expr.txt.gz").write_bytes(gzip.compress(text.encode()))
    np.savetxt(folder / "brain_locs.txt", XY * (1, -1), "%g", "\t")
    return folder


SMALL = {
    "spaceranger": lambda folder: spaceranger(folder / "brain"),
    "spaceranger_mtx": lambda folder: spaceranger_mtx(folder / "brain"),
    "h5ad": lambda folder: annotated(folder / "brain.h5ad"),
    "legacy": lambda folder: legacy(folder / "A1.tsv"),
    "xenium": lambda folder: xenium(folder / "brain", ".csv"),
    "merscope": lambda folder: merscope(folder / "brain"),
    "cosmx": lambda folder: cosmx(folder / "brain"),
    "slideseq": lambda folder: slideseq(folder / "brain"),
    "giotto": lambda folder: giotto(folder / "brain"),
    "gem": lambda folder: gem(folder / "brain.gem.gz"),
    "table": lambda folder: plain(folder / "brain.csv", x=XY[:, 0], y=XY[:, 1]),
    "tables": lambda folder: two_tables(folder / "brain"),
}
"""Name of a format -> what writes a small section of it into a folder and returns its path."""
