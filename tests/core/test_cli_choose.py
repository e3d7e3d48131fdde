"""``--choose``: which of several things at a path the command line takes."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans.cli import main
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line says warnings in its own way; that ends with the test."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(warnings, "filters", list(warnings.filters))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two sections, 120 and 80 spots, whose counts lie in a layer."""
    parts = {}
    for seed, (name, spots) in enumerate({"left": 120, "right": 80}.items()):
        adata = simulate_section(n_spots=spots, n_genes=30, lattice="square", seed=seed).adata
        parts[name] = ad.AnnData(adata.X, adata.obs, adata.var, obsm=dict(adata.obsm))
    table = ad.concat(parts, label="section", index_unique="-")
    table.layers["counts"] = table.X.copy()
    table.X = table.X / 2.5
    path = tmp_path_factory.mktemp("two") / "both sides.h5ad"
    table.write_h5ad(path)
    return path


def info(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["info", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_info_says_what_there_is_and_what_was_taken(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = info(capsys, str(two))
    assert facts["name"] == "both sides_left"
    section, counts = facts["choices"]
    assert section == {
        "key": "section",
        "label": "Section",
        "options": ["left", "right"],
        "default": "left",
        "parts": True,
        "chosen": "left",
    }
    assert counts["chosen"] == "layers/counts"
    assert main(["info", str(two), "--choose", "section=right"]) == 0
    said = capsys.readouterr().out
    assert "section:                 right, of left, right (--choose section=VALUE)" in said
    other = info(capsys, "--choose", "section=right", "--choose", "counts=X", str(two))
    assert other["spots"] != facts["spots"]
    assert [choice["chosen"] for choice in other["choices"]] == ["right", "X"]


@pytest.mark.parametrize(
    ("argument", "said"),
    [("section=top", "must be one of left, right"), ("bin=8", "has only section, counts")],
)
def test_what_is_not_there_is_refused(
    two: Path, argument: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(two), "--choose", argument]) == 1
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("argument", ["section", "=left", "section="])
def test_pairs_are_pairs(two: Path, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["info", str(two), "--choose", argument])
    assert stopped.value.code == 2
    assert "expects KEY=VALUE" in capsys.readouterr().err


def test_enhance_and_replay_take_the_same(two: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "out.h5ad", tmp_path / "again.h5ad"
    options = ["--method", "linear", "--upscale", "1", "--choose", "section=right"]
    assert main(["enhance", str(two), *options, "-o", str(out)]) == 0
    record = tmp_path / "out.run.json"
    assert json.loads(record.read_text())["chosen"]["section"] == "right"
    assert main(["enhance", "--record", str(record), "-o", str(again)]) == 0
    first, second = ad.read_h5ad(out), ad.read_h5ad(again)
    assert all(name.endswith("-right") for name in first.obs_names)
    assert_same_numbers(np.asarray(first.X), np.asarray(second.X))
    changed = ["enhance", "--record", str(record), "--choose", "section=left", "-o"]
    assert main([*changed, str(tmp_path / "third.h5ad")]) == 1


def test_evaluate(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--choose", "section=right", "--method", "nearest", "--seeds", "1"]
    assert main(["evaluate", str(two), *options, "--protocol", "lost"]) == 0
    assert main(["evaluate", str(two), *options, "--choose", "section=top"]) == 1
    assert "must be one of left, right" in " ".join(capsys.readouterr().err.split())
