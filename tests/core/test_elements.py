"""Elements of AnnData files are read as anndata reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata.io import read_elem as as_anndata_does
from anndata.io import write_elem

from napari_stentrans.anndata_parts import AnnDataParts
from napari_stentrans.io.elements import read_elem

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame(
    {
        "number": [1, 2, 3],
        "share": [0.5, np.nan, 1.0],
        "flag": [True, False, True],
        "word": ["a", "b", "\u00e9"],
        "kind": pd.Categorical(["x", None, "y"], ["y", "x"], ordered=True),
        "maybe": pd.array([1, None, 3], dtype="Int64"),
        "perhaps": pd.array([True, None, False], dtype="boolean"),
    },
    index=["s1", "s2", "s3"],
)
KINDS: dict[str, Any] = {
    "array": np.arange(6.0).reshape(2, 3),
    "whole": np.arange(3, dtype=np.int32),
    "pixels": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "words": np.array(["a", "bc"], object),
    "records": np.array([(1, 2.0)], dtype=[("n", "i4"), ("x", "f8")]),
    "float": 1.5,
    "int": 3,
    "bool": True,
    "word": "hires",
    "nested": {"images": {"hires": np.ones((2, 2))}, "n": 1, "empty": {}},
    "csr": sp.random(7, 5, 0.4, "csr", dtype=np.float32, random_state=0),
    "csc": sp.random(7, 5, 0.4, "csc", dtype=np.float32, random_state=0),
    "table": TABLE,
    "named index": TABLE.rename_axis("barcode"),
    "no columns": TABLE[[]],
}


@pytest.fixture
def file(tmp_path: Path) -> h5py.File:
    with h5py.File(tmp_path / "elements.h5", "w") as file:
        for kind, value in KINDS.items():
            write_elem(file, kind, value)
        yield file


def assert_same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
    elif sp.issparse(a):
        for part in ("data", "indices", "indptr"):
            assert_same(getattr(a, part), getattr(b, part))
        assert a.shape == b.shape
    else:
        np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_element_is_read_as_anndata_reads_it(file: h5py.File, kind: str) -> None:
    assert_same(read_elem(file[kind]), as_anndata_does(file[kind]))


def test_what_is_read_here_does_not_ask_anndata(
    file: h5py.File, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Any) -> Any:
        raise AssertionError("anndata was asked")

    monkeypatch.setattr("anndata.io.read_elem", refused)
    for kind in set(KINDS) - {"records", "table", "named index"}:
        read_elem(file[kind])
    with pytest.raises(AssertionError, match="asked"):
        read_elem(file["records"])


def test_a_kind_that_anndata_does_not_know_is_an_error_of_the_readers(file: h5py.File) -> None:
    file["word"].attrs["encoding-type"] = "of tomorrow"
    with pytest.raises(ValueError, match="of tomorrow"):
        read_elem(file["word"])


def parts(**changed: Any) -> AnnDataParts:
    obs, var = TABLE[["number"]], pd.DataFrame(index=["g1", "g2"])
    given = {"X": sp.csr_matrix(np.eye(3, 2)), "obs": obs, "var": var, **changed}
    return AnnDataParts(**given)


def test_parts_become_one_anndata_that_is_then_what_counts() -> None:
    made = parts(obsm={"spatial": np.zeros((3, 2))}, uns={"a": 1})
    assert made.latest is made
    adata = made.adata
    assert isinstance(adata, ad.AnnData)
    assert made.adata is adata
    assert made.latest is adata
    assert (adata.n_obs, adata.n_vars, adata.uns["a"]) == (3, 2, 1)
    assert list(adata.obs["number"]) == [1, 2, 3]


@pytest.mark.parametrize(
    "wrong",
    [{"var": pd.DataFrame(index=["g1"])}, {"obsm": {"spatial": np.zeros((2, 2))}}],
    ids=["genes", "positions"],
)
def test_parts_that_do_not_fit_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"shape|length|match|rows"):
        parts(**wrong)
