"""``stentrans regions``: tables of regions, a comparison and its plot."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_section
from napari_stentrans.analysis.comparison import compare_regions
from napari_stentrans.annotation import Annotation
from napari_stentrans.cli import main
from napari_stentrans.session import write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts


@pytest.fixture
def loupe(sample, tmp_path):
    """Regions as Loupe exports them: barcodes, and a column of labels for some of them."""
    section = read_section(sample)
    labels = np.where(section.obs["domain"] == "layer2", "Tumour edge", "Stroma")
    table = pd.DataFrame({"Barcode": section.obs.index, "pathology": labels}).iloc[:190]
    path = tmp_path / "pathology.csv"
    table.to_csv(path, index=False)
    return path


def printed(capsys):
    return json.loads(capsys.readouterr().out)


def test_tables_of_a_column(sample, capsys):
    assert main(["regions", str(sample), "--column", "domain", "--genes", "Gene2", "Gene3"]) == 0
    shown = capsys.readouterr()
    assert "Only what was measured is shown" in shown.err
    assert "area_mm2" in shown.out
    section = read_section(sample)
    n = int((section.obs["domain"] == "layer2").sum())
    line = next(line for line in shown.out.splitlines() if line.split()[:1] == ["layer2"])
    assert line.split()[1:3] == [str(n), str(n)]
    assert sum("Gene3" in line for line in shown.out.splitlines()) == 10


def test_a_comparison_of_regions_of_loupe(sample, loupe, tmp_path, capsys):
    table, plot = tmp_path / "genes.csv", tmp_path / "volcano.svg"
    command = ["regions", str(sample), "--regions", str(loupe), "--compare", "Tumour edge"]
    command += ["Stroma", "-o", str(table), "--plot", str(plot), "--json"]
    assert main(command) == 0
    found = printed(capsys)["comparison"]
    section = read_section(sample)
    labels = np.where(section.obs["domain"] == "layer2", "Tumour edge", "Stroma").astype(object)
    labels[190:] = ""
    expected = compare_regions(section, Annotation.of(labels), "Tumour edge", "Stroma")
    assert found["in_words"] == expected.in_words()
    assert [row["gene"] for row in found["table"]] == list(expected.table.index)
    written = pd.read_csv(table, index_col=0)
    pd.testing.assert_frame_equal(written, expected.table, rtol=1e-4)
    assert "Tumour edge against Stroma" in plot.read_text(encoding="utf-8")
    assert main(command) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_a_session_gives_before_and_after(sample, tmp_path, capsys):
    section = read_section(sample)
    lost = np.arange(section.n_spots) < 9
    result = enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))
    annotation = Annotation.of_obs(section, "domain")
    run = RunFacts(name="first", record=result.record)
    facts = SessionFacts(
        source=str(sample), digest=section.digest, gene="Gene1", runs=(run,), shown=0
    )
    path = tmp_path / "work.stentrans"
    write_session(path, facts, None, [result], annotation=annotation)
    assert main(["regions", str(path), "--genes", "Gene2", "--compare", "layer2", "--json"]) == 0
    shown = capsys.readouterr()
    assert "Only what was measured" not in shown.err
    facts = json.loads(shown.out)
    assert sum(row["spots"] - row["measured"] for row in facts["regions"]) == 9
    assert all(row["after_low"] <= row["after_mean"] for row in facts["genes"])
    expected = compare_regions(result, annotation, "layer2").table
    row = facts["comparison"]["table"][0]
    assert row["pvalue"] == pytest.approx(expected["pvalue"].iloc[0])
    assert row["after_high"] == pytest.approx(expected["after_high"].iloc[0], rel=1e-4)
    sample.rename(tmp_path / "moved.h5ad")
    try:
        assert main(["regions", str(path)]) == 1
        assert "are no longer at" in capsys.readouterr().err
    finally:
        (tmp_path / "moved.h5ad").rename(sample)


def test_a_run_of_its_own(sample, tmp_path, capsys):
    command = ["regions", str(sample), "--column", "domain", "--compare", "layer2", "layer3"]
    assert main([*command, "--enhance", "--json"]) == 0
    after = printed(capsys)["comparison"]["table"]
    assert main([*command, "--json"]) == 0
    before = printed(capsys)["comparison"]["table"]
    assert [row["pvalue"] for row in after] == [row["pvalue"] for row in before]
    assert all(np.isfinite(row["after_log2_fold_change"]) for row in after)
    assert "after_log2_fold_change" not in before[0]


def test_lost_spots_are_left_out(sample, tmp_path, capsys):
    lost = tmp_path / "lost.csv"
    names = read_section(sample).obs.index[:20]
    lost.write_text("\n".join(["barcode", *names]))
    command = ["regions", str(sample), "--column", "domain", "--lost", str(lost), "--json"]
    assert main(command) == 0
    assert sum(row["spots"] - row["measured"] for row in printed(capsys)["regions"]) == 20


def test_errors_are_one_line(sample, loupe, tmp_path, capsys):
    for arguments, message in (
        ([], "There are no regions in sample.h5ad. Give a file with --regions"),
        (["--column", "nope"], "obs has no column 'nope'; it has domain, artefact"),
        (["--column", "domain", "--compare", "nope"], "no region 'nope' among 'layer1'"),
        (["--column", "domain", "--compare", "a", "b", "c"], "takes one region or two, got 3"),
        (["--column", "domain", "--plot", "a.png"], "--plot draws a comparison"),
        (["--column", "domain", "--compare", "layer1", "--plot", "a.gif"], ".svg"),
        (["--column", "domain", "-o", "a.xlsx"], ".csv"),
        (["--column", "domain", "--label", "mine"], "the table that --regions gives"),
        (["--column", "domain", "--genes", "Nope"], "no gene 'Nope'"),
        (["--regions", str(loupe), "--label", "mine"], "no column 'mine'"),
        (["--regions", str(tmp_path / "gone.csv")], "is not a file"),
    ):
        assert main(["regions", str(sample), *arguments]) == 1, arguments
        error = capsys.readouterr().err
        assert "Error:" in error
        assert message in error
    assert not list(tmp_path.glob("a.*"))
