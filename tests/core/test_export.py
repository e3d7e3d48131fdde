from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest

from napari_stentrans import EnhanceConfig, Enhancement, RunRecord, enhance, simulate_section
from napari_stentrans.errors import ReadError, WriteError
from napari_stentrans.export import save, save_steps

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def result() -> Enhancement:
    section = simulate_section(200, 300, seed=2)
    lost = np.arange(200) % 9 == 0
    return enhance(section, lost, EnhanceConfig(upscale=2, factors=5))


def test_the_file_holds_what_to_anndata_gives(result: Enhancement, tmp_path: Path) -> None:
    written = save(result, tmp_path / "out.h5ad")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.h5ad", "out.run.json"]
    assert written == [tmp_path / "out.h5ad", tmp_path / "out.run.json"]
    read, made = ad.read_h5ad(tmp_path / "out.h5ad"), result.to_anndata()
    np.testing.assert_array_equal(read.X, made.X)
    for layer in ("counts", "std"):
        np.testing.assert_array_equal(read.layers[layer], made.layers[layer])
    assert (read.obs["provenance"] == made.obs["provenance"]).all()
    np.testing.assert_array_equal(read.obsm["spatial"], made.obsm["spatial"])
    record = RunRecord.model_validate_json(read.uns["stentrans"]["record"])
    assert record == result.record == RunRecord.read(tmp_path / "out.run.json")


def test_some_genes_only(result: Enhancement, tmp_path: Path) -> None:
    save(result, tmp_path / "two.h5ad", genes=["Gene9", "Gene2"])
    read = ad.read_h5ad(tmp_path / "two.h5ad")
    assert list(read.var_names) == ["Gene9", "Gene2"]
    np.testing.assert_allclose(read.X[:, 0], result.gene("Gene9").mean, atol=1e-5)


def test_nothing_is_replaced_without_asking(result: Enhancement, tmp_path: Path) -> None:
    (tmp_path / "out.run.json").write_text("mine")
    with pytest.raises(WriteError, match=r"out\.run\.json would be replaced"):
        save(result, tmp_path / "out.h5ad")
    assert (tmp_path / "out.run.json").read_text() == "mine"
    save(result, tmp_path / "out.h5ad", overwrite=True)
    assert ad.read_h5ad(tmp_path / "out.h5ad").n_vars == 300


def test_a_cancelled_export_leaves_no_file(result: Enhancement, tmp_path: Path) -> None:
    steps = save_steps(result, tmp_path / "out.h5ad")
    next(steps)
    assert list(tmp_path.iterdir())
    steps.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [("out.txt", "written as .h5ad"), ("missing/out.h5ad", "does not exist")],
)
def test_places_that_cannot_be(
    result: Enhancement, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(WriteError, match=message):
        save(result, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_record_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read"):
        RunRecord.read(tmp_path / "none.json")
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(ReadError, match="not a run record"):
        RunRecord.read(tmp_path / "x.json")
