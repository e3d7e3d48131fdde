"""Choosing the format, AnnData files, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stentrans.errors import ReadError, SectionError, StentransWarning
from napari_stentrans.io import can_read, read_section, why_not

if TYPE_CHECKING:
    from pathlib import Path

XY = np.array([(10.0 * x, 10.0 * y) for x in range(6) for y in range(5)])


def example() -> ad.AnnData:
    rng = np.random.default_rng(0)
    return ad.AnnData(
        X=sp.csr_matrix(rng.poisson(2.0, (len(XY), 4)).astype(np.float32)),
        obs=pd.DataFrame(index=[f"spot{i}" for i in range(len(XY))]),
        var=pd.DataFrame(index=list("abcd")),
        obsm={"spatial": XY},
    )


def test_h5ad(tmp_path: Path) -> None:
    adata = example()
    path = tmp_path / "brain.h5ad"
    adata.write_h5ad(path)
    assert can_read(path)
    section = read_section(str(path))
    assert section.name == "brain"
    assert section.source == path
    np.testing.assert_array_equal(section.counts.toarray(), adata.X.toarray())
    np.testing.assert_array_equal(section.xy, XY)
    assert section.lattice.kind == "square"


def test_h5ad_with_array_coordinates_only(tmp_path: Path) -> None:
    adata = example()
    adata.obs[["array_row", "array_col"]] = (XY[:, ::-1] / 10).astype(int)
    del adata.obsm["spatial"]
    adata.write_h5ad(tmp_path / "brain.h5ad")
    np.testing.assert_allclose(read_section(tmp_path / "brain.h5ad").xy, XY / 10)


def test_h5ad_without_positions(tmp_path: Path) -> None:
    adata = example()
    del adata.obsm["spatial"]
    adata.write_h5ad(tmp_path / "brain.h5ad")
    with pytest.raises(SectionError, match="No positions"):
        read_section(tmp_path / "brain.h5ad")


def test_h5ad_with_repeated_names(tmp_path: Path) -> None:
    adata = example()
    adata.var_names = list("abca")
    adata.write_h5ad(tmp_path / "brain.h5ad")
    with pytest.warns(StentransWarning, match="gene names stand more than once") as warned:
        section = read_section(tmp_path / "brain.h5ad")
    assert len(warned) == 1
    assert list(section.genes) == ["a", "b", "c", "a-1"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.8, 0.99])
def test_truncated_h5ad(tmp_path: Path, share: float) -> None:
    path = tmp_path / "brain.h5ad"
    example().write_h5ad(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReadError, match=r"brain\.h5ad' cannot be read"):
        read_section(path)


def test_missing_path(tmp_path: Path) -> None:
    assert not can_read(tmp_path / "nothing")
    with pytest.raises(ReadError, match="does not exist"):
        read_section(tmp_path / "nothing")


def test_empty_folder(tmp_path: Path) -> None:
    assert not can_read(tmp_path)
    with pytest.raises(ReadError, match=r"the folder is empty.*Space Ranger folder.*\.h5ad"):
        read_section(tmp_path)


@pytest.mark.parametrize("name", ["picture.png", "notes.docx", "README"])
def test_unsupported_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"something")
    assert not can_read(path)
    reason = why_not(path)
    assert path.suffix in reason
    with pytest.raises(ReadError, match=re.escape(f"is not a section: {reason}.")):
        read_section(path)
    assert why_not(tmp_path / "gone.h5ad") == "it does not exist"


def hold(folder: Path, *names: str) -> Path:
    """Write a folder of files that hold nothing to read."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n")
    return folder


MISSES = {
    "transcripts of Xenium": (
        ("transcripts.parquet", "morphology.ome.tif"),
        r"holds single transcripts \(transcripts\.parquet\) and no counts of cells \(needed",
    ),
    "transcripts of MERSCOPE": (("detected_transcripts.csv",), "holds single transcripts"),
    "transcripts of CosMx": (("Lung5_tx_file.csv",), r"single transcripts \(Lung5_tx_file\.csv"),
    "outlines of Visium HD": (
        ("segmented_outputs/cell_segmentations.geojson",),
        "cells of Visium HD as outlines.*binned_outputs",
    ),
    "images": (("a.png", "b.ome.tif", "c.qptiff"), "an image holds no counts.*Add tissue image"),
    "reads": (("a_R1_001.fastq.gz", "a_R2_001.fastq.gz"), "run the instrument's pipeline"),
    "alignments": (("possorted.bam", "possorted.bam.bai"), "run the instrument's pipeline"),
    "objects of R": (("brain.rds",), r"save it in R as \.h5ad"),
    "half of Space Ranger": (
        ("scalefactors_json.json", "detected_tissue_image.jpg"),
        "positions and images of Space Ranger and no counts",
    ),
    "other things": (("notes.docx", "plan.pdf"), r"the folder holds notes\.docx, plan\.pdf"),
}


@pytest.mark.parametrize("kind", MISSES)
def test_what_a_folder_lacks(tmp_path: Path, kind: str) -> None:
    names, says = MISSES[kind]
    folder = hold(tmp_path / "run", *names)
    assert not can_read(folder)
    assert re.search(says, why_not(folder))
    with pytest.raises(ReadError, match=f"is not a section: .*{says}"):
        read_section(folder)


def test_the_folder_above_a_section_names_it(tmp_path: Path) -> None:
    example().write_h5ad(tmp_path / "brain.h5ad")
    table = "\tA\tB\n" + "\n".join(f"{r}x{c}\t1\t2" for r in range(4) for c in range(4))
    for name in ("run 1", "run 2"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "A1.tsv").write_text(table)
        found = why_not(tmp_path / "all")
        assert name in found
    assert found == "the folder holds sections, of which one is opened at a time (run 1, run 2)"
    (tmp_path / "files").mkdir()
    (tmp_path / "brain.h5ad").rename(tmp_path / "files" / "brain.h5ad")
    assert why_not(tmp_path / "files") == "the section lies in brain.h5ad (open that)"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.cloupe", "folder outs"),
        ("a.RData", r"save it in R as \.h5ad"),
        ("a.bgef", r"export it as \.h5ad or as a \.gem"),
        ("a.tissue.gef", r"export it as \.h5ad"),
        ("a.loom", "read_loom"),
        ("a.ome.tif", "an image holds no counts"),
        ("a.qptiff", "an image holds no counts"),
        ("a.fastq.gz", "sequencing reads"),
        ("a.tar.gz", "unpack it"),
        ("a.xlsx", r"save its tables as \.csv"),
        ("matrix.mtx.gz", "open the folder of the run"),
    ],
)
def test_what_a_file_is_and_what_to_do(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).write_bytes(b"something")
    assert not can_read(tmp_path / name)
    with pytest.raises(ReadError, match=f"is not a section: .*{says}"):
        read_section(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "counts.csv",
            ",c1,c2,c3\nActb,1,2,3\n",
            "as ROWxCOL .*no positions lie beside",
        ),
        ("coords.csv", "cell,x,y\nc1,1,2\n", "holds positions of spots, not counts"),
    ],
)
def test_one_half_of_two_tables(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ReadError, match=says):
        read_section(tmp_path / name)
    half = "and no positions" if name == "counts.csv" else "and no counts"
    assert half in why_not(tmp_path)


def test_tables_that_do_not_name_the_same_cells(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text(",c1,c2,c3\nActb,1,2,3\n")
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("cell,x,y\nd1,1,2\nd2,1,3\n")
    assert "positions (one.csv, two.csv) that do not name the same cells" in why_not(tmp_path)


def test_spatialdata_store(tmp_path: Path) -> None:
    store = tmp_path / "brain.zarr"
    store.mkdir()
    assert not can_read(store)
    with pytest.raises(ReadError, match="it is no SpatialData store"):
        read_section(store)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("points.csv", "index,axis-0,axis-1\n0,1.0,2.0\n"),
        ("A1_labels.tsv", "Row.names\tx\ty\tpixel_x\tpixel_y\n9x10\t9\t10\t3.0\t4.0\n"),
        ("notes.txt", "some words\n"),
        ("empty.tsv", ""),
        ("other.h5", "\x89HDF"),
    ],
)
def test_files_of_others_are_left_to_others(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert not can_read(path)
    with pytest.raises(ReadError):
        read_section(path)
