from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.h5ad"
    assert (
        main(["simulate", "-o", str(path), "--spots", "300", "--genes", "60", "--seed", "3"]) == 0
    )
    return path


def test_simulate_then_info(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["info", str(sample), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["spots"], facts["genes"], facts["lattice"]) == (300, 60, "hex")
    assert facts["spacing_um"] == pytest.approx(100, rel=0.01)
    assert main(["info", str(sample)]) == 0
    assert "lattice:" in capsys.readouterr().out


def test_enhance_and_replay(sample: Path, tmp_path: Path) -> None:
    names = list(ad.read_h5ad(sample).obs_names)
    mask = tmp_path / "lost.csv"
    mask.write_text("barcode\n" + "\n".join(names[40:60]) + "\n")
    out, again = tmp_path / "out.h5ad", tmp_path / "again.h5ad"
    options = ["--lost", str(mask), "--upscale", "2", "--method", "kriging", "--seed", "5"]
    assert main(["enhance", str(sample), *options, "-o", str(out)]) == 0
    result = ad.read_h5ad(out)
    assert list(result.obs_names[result.obs["provenance"] == "lost"]) == names[40:60]
    assert result.n_obs > 900
    assert main(["enhance", "--record", str(tmp_path / "out.run.json"), "-o", str(again)]) == 0
    assert_same_numbers(result.X, ad.read_h5ad(again).X)


def test_published_on_two_genes(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.h5ad"
    options = ["--method", "published", "--epochs", "1", "--genes", "Gene2", "Gene5"]
    assert main(["enhance", str(sample), *options, "--upscale", "2", "-o", str(out)]) == 0
    result = ad.read_h5ad(out)
    assert list(result.var_names) == ["Gene2", "Gene5"]
    assert np.isfinite(result.X).all()


@pytest.mark.parametrize("name", ["maps.ome.tif", "table.csv", "table.csv.gz", "store.zarr"])
def test_every_format_and_a_figure(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out, figure = tmp_path / name, tmp_path / "figure.png"
    options = ["--method", "nearest", "--genes", "Gene2", "Gene5", "--figure", str(figure)]
    capsys.readouterr()
    assert main(["enhance", str(sample), *options, "-o", str(out)]) == 0
    record = tmp_path / f"{name.split('.')[0]}.run.json"
    assert capsys.readouterr().out.split() == [str(out), str(record), str(figure)]
    assert all(path.exists() for path in (out, record, figure))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nowhere.h5ad"], "nowhere.h5ad"),
        (["enhance", "-o", "x.h5ad"], "Give the PATH"),
        (["enhance", "SAMPLE", "-o", "x.txt"], ".h5ad"),
        (["enhance", "SAMPLE", "-o", "x.h5ad", "--figure", "x.png"], "1 to 20 genes, got 60"),
        (["enhance", "SAMPLE", "-o", "x.h5ad", "--figure", "x.gif"], "A figure is written as"),
        (["enhance", "--record", "no.json", "-o", "x.xls"], "or .zarr or .sdata.zarr or"),
        (["enhance", "SAMPLE", "--genes", "Nope", "-o", "x.h5ad"], "no gene 'Nope'"),
        (["enhance", "--record", "no.json", "-o", "x.h5ad"], "cannot be read"),
        (["enhance", "--record", "no.json", "--seed", "1", "-o", "x.h5ad"], "leave out --seed"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(
    sample: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    capsys.readouterr()
    assert main([str(sample) if a == "SAMPLE" else a for a in arguments]) == 1
    error = capsys.readouterr().err
    assert error.strip().startswith("Error:")
    assert message in error
    assert "Traceback" not in error
    assert sorted(tmp_path.iterdir()) == before


def test_existing_files_are_kept(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sample.read_bytes()
    assert main(["simulate", "-o", str(sample), "--spots", "100", "--genes", "20"]) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert sample.read_bytes() == before
