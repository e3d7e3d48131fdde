"""``stentrans pathways``: tables, plots and errors."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from planted_sets import RANDOM, planted_sets, small_section

from napari_stentrans import EnhanceConfig, enhance, read_section
from napari_stentrans.cli import main
from napari_stentrans.session import write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts


@pytest.fixture(scope="module")
def section():
    return small_section()


@pytest.fixture(scope="module")
def sets(section):
    return planted_sets(section)


@pytest.fixture(scope="module")
def files(section, sets, tmp_path_factory):
    """A section, a session with a result, and sets, in files."""
    folder = tmp_path_factory.mktemp("files")
    section.adata.write_h5ad(folder / "s.h5ad")
    read = read_section(folder / "s.h5ad")
    result = enhance(read, config=EnhanceConfig(method="kriging"))
    facts = SessionFacts(
        source=str(read.source),
        digest=read.digest,
        gene="Gene1",
        runs=(RunFacts(name="kriging", record=result.record),),
        shown=0,
    )
    write_session(folder / "w.stentrans", facts, None, [result])
    lines = ["\t".join([name, "x", *genes]) for name, genes in sets.sets.items()]
    (folder / "sets.gmt").write_text("\n".join(lines))
    result.to_anndata().write_h5ad(folder / "result.h5ad")
    return folder


def test_the_command_compares_before_and_after(files, tmp_path, capsys):
    out, plot, scores = (tmp_path / name for name in ("t.csv", "dots.svg", "scores.csv"))
    assert main(["pathways", str(files / "w.stentrans"), "--sets", str(files / "sets.gmt"),
                 "--random", "99", "-o", str(out), "--plot", str(plot), "--scores", str(scores),
                 "--only", "planted layer2", "random 1", "random 2"]) == 0  # fmt: skip
    told = capsys.readouterr()
    assert "as measured" in told.out
    assert "3 sets enhanced" in told.out
    table = pd.read_csv(out)
    assert table["set"][0] == "planted layer2"
    assert {"pvalue_before", "pvalue_after", "fdr_before", "fdr_after"} <= set(table)
    assert "measured" in plot.read_text()
    assert list(pd.read_csv(scores))[:4] == ["site", "x", "y", "planted layer2"]
    assert main(["pathways", str(files / "w.stentrans"), "--sets", str(files / "sets.gmt"),
                 "-o", str(out)]) == 1  # fmt: skip
    assert "would be replaced" in capsys.readouterr().err


def test_the_command_prints_json(files, capsys):
    assert main(["pathways", str(files / "s.h5ad"), "--sets", str(files / "sets.gmt"), "--json",
                 "--random", "20"]) == 0  # fmt: skip
    facts = json.loads(capsys.readouterr().out)
    assert facts["sets"]["n"] == len(facts["table"]) == RANDOM + 2
    assert {"set", "coherence", "pvalue", "fdr"} <= set(facts["table"][0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["s.h5ad"], "Give the PATH"),
        (["--sets", "sets.gmt"], "Give the PATH"),
        (["s.h5ad", "--sets", "kegg"], "KEGG is not offered"),
        (["s.h5ad", "--sets", "gone.gmt"], "No such file"),
        (["s.h5ad", "--sets", "sets.gmt", "--run", "a"], "--run names a run of a session"),
        (["w.stentrans", "--sets", "sets.gmt", "--run", "a"], "has no run 'a'; it has kriging"),
        (["result.h5ad", "--sets", "sets.gmt"], "estimates, not counts"),
        (["s.h5ad", "--sets", "sets.gmt", "--by", "a"], "--by goes with --ranking"),
        (["s.h5ad", "--sets", "sets.gmt", "--only", "nothing"], "no set 'nothing'"),
    ],
)
def test_the_command_says_what_is_wrong(files, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(files)
    assert main(["pathways", *arguments]) == 1
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_command_enriches_lists_and_rankings(files, section, tmp_path, capsys):
    member = section.adata.var["truth_pattern"] == "layer2"
    (tmp_path / "list.txt").write_text("\n".join(section.genes[member]))
    table = pd.DataFrame({"gene": section.genes, "log2_fold_change": member.to_numpy(float)})
    table["log2_fold_change"] += np.random.default_rng(0).normal(0, 0.1, len(table))
    table.to_csv(tmp_path / "change.csv", index=False)
    common = ["pathways", str(files / "s.h5ad"), "--sets", str(files / "sets.gmt")]
    assert main([*common, "--genes", str(tmp_path / "list.txt")]) == 0
    assert "over-representation: 1 of" in capsys.readouterr().out
    assert main([*common, "--ranking", str(tmp_path / "change.csv"), "--random", "100"]) == 0
    assert "planted layer2" in capsys.readouterr().out.splitlines()[1]
