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
