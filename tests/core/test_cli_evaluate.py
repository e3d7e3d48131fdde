from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_stentrans.cli import main


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.h5ad"
    arguments = ["--spots", "300", "--genes", "120", "--seed", "3"]
    assert main(["simulate", "-o", str(path), *arguments]) == 0
    return path


@pytest.mark.parametrize("protocol", ["upsample", "lost", "denoise"])
def test_table_json_and_plot(
    sample: Path, tmp_path: Path, protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table, picture = tmp_path / "scores.json", tmp_path / "boxes.png"
    command = ["evaluate", str(sample), "--protocol", protocol, "--seeds", "2"]
    command += ["--method", "linear", "kriging", "--json", str(table), "--plot", str(picture)]
    assert main(command) == 0
    shown = capsys.readouterr().out
    facts = json.loads(table.read_text())
    expected = ["linear", "kriging", *(["raw half"] if protocol == "denoise" else [])]
    assert list(facts["scores"]) == expected
    for name, scores in facts["scores"].items():
        line = next(line for line in shown.splitlines() if line.startswith(name))
        assert f"{scores['pcc_median']:.3f}"[:4] in line
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["boxes.png", "scores.json"]


def test_the_default_methods_and_chosen_genes(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(sample), "--seeds", "1", "--genes", "Gene1", "Gene2"]) == 0
    shown = capsys.readouterr().out
    assert "2 genes" in shown
    assert {"kriging", "linear", "nearest"} <= {line.split(" ")[0] for line in shown.splitlines()}


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_files_are_kept_unless_told(
    sample: Path, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / {"--json": "a.json", "--plot": "a.png"}[option]
    path.write_text("mine")
    command = ["evaluate", str(sample), "--seeds", "1", "--method", "nearest", option, str(path)]
    assert main(command) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert main([*command, "--overwrite"]) == 0
    assert path.read_bytes() != b"mine"


def test_errors_are_one_line(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--genes", "Nope"], "no gene 'Nope'"),
        (["--seeds", "0"], "At least one seed"),
        (["--plot", "a.gif"], ".png"),
    ):
        assert main(["evaluate", str(sample), *arguments]) == 1
        error = capsys.readouterr().err
        assert error.strip().startswith("Error:")
        assert message in error


def test_neighbours_are_taken_by_the_methods_that_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a lost region the section next to it helps; what is seen of it is told beside."""
    one, other, table = (str(tmp_path / name) for name in ("a.h5ad", "b.h5ad", "scores.json"))
    arguments = ["--spots", "500", "--genes", "200", "--seed", "3"]
    assert main(["simulate", "-o", one, "--serial", other, *arguments]) == 0
    command = ["evaluate", one, "--seeds", "1", "--neighbour", other, "--image", "off"]
    command += ["--genes", *(f"Gene{i}" for i in range(1, 8))]  # markers
    assert main([*command, "--method", "linear", "kriging", "--json", table]) == 0
    scores = json.loads(Path(table).read_text())["scores"]
    assert list(scores) == ["linear", "kriging", "kriging, no neighbours"]
    with_it, without = scores["kriging"], scores["kriging, no neighbours"]
    assert with_it["pcc_mean"] > 1.05 * without["pcc_mean"]
    assert with_it["neighbours_used"] == 1
    assert without["neighbours_used"] is None
    capsys.readouterr()
    assert main([*command, "--method", "linear"]) == 1
    assert "None of linear uses neighbouring sections" in capsys.readouterr().err
