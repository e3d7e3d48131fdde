"""``stentrans patterns``: groups of genes, domains and spatial genes, printed and written."""

from __future__ import annotations

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, enhance, read_section
from napari_stentrans.analysis import find_domains, find_patterns, find_spatial_genes
from napari_stentrans.cli import main
from napari_stentrans.session import write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts


@pytest.fixture
def lost(sample, tmp_path):
    """A mask of barcodes, and the spots that it marks."""
    section = read_section(sample)
    mask = section.xy[:, 0] < np.quantile(section.xy[:, 0], 0.1)
    path = tmp_path / "lost.csv"
    pd.DataFrame({"barcode": section.obs.index[mask]}).to_csv(path, index=False)
    return path, mask


@pytest.fixture(scope="module")
def session(sample, tmp_path_factory):
    """A session with a run that filled some spots, at double resolution."""
    tmp_path = tmp_path_factory.mktemp("session")
    section = read_section(sample)
    mask = np.arange(section.n_spots) % 9 == 0
    result = enhance(section, mask, EnhanceConfig(method="kriging", upscale=2))
    run = RunFacts(name="first", record=result.record)
    facts = SessionFacts(
        source=str(sample), digest=section.digest, gene="Gene1", runs=(run,), shown=0
    )
    path = tmp_path / "work.stentrans"
    write_session(path, facts, None, [result])
    return path, mask, result


def test_without_more_words_patterns_are_printed(sample, capsys):
    assert main(["patterns", str(sample)]) == 0
    shown = capsys.readouterr().out
    found = find_patterns(read_section(sample))
    assert shown.startswith(f"{len(found.names)} patterns (as many as halves of the counts find")
    assert f"{len(found.members)} genes with a map that repeats" in shown
    assert found.summary["top_genes"][0] in shown
    assert "domains" not in shown


def test_everything_as_json_is_what_python_gives(sample, lost, capsys):
    path, mask = lost
    command = ["patterns", str(sample), "--patterns", "3", "--domains", "4", "--spatial-genes"]
    assert main([*command, "--lost", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    section = read_section(sample)
    assert facts["digest"] == section.digest
    groups = find_patterns(section, 3, lost=mask)
    assert [row["gene"] for row in facts["patterns"]["members"]] == groups.members["gene"].tolist()
    assert facts["patterns"]["stability"] == [
        {"n": 3, "agreement": None, "found_again": None, "chosen": True}
    ]
    sizes = {row["domain"]: row["sites"] for row in facts["domains"]["table"]}
    assert sizes == find_domains(section, 4, lost=mask).sizes
    assert sum(sizes.values()) == (~mask).sum()
    genes = find_spatial_genes(section, mask)
    assert facts["spatial_genes"]["in_words"] == genes.in_words()
    told = {row["gene"]: row["fdr"] for row in facts["spatial_genes"]["table"]}
    assert told == pytest.approx(genes.table["fdr"].to_dict())


def test_an_h5ad_holds_the_section_and_all_that_was_found(sample, tmp_path, capsys):
    out = tmp_path / "found.h5ad"
    command = ["patterns", str(sample), "--patterns", "2", "--domains", "3", "--spatial-genes"]
    assert main([*command, "-o", str(out)]) == 0
    assert str(out) in capsys.readouterr().err.replace("\n", "")
    adata, section = ad.read_h5ad(out), read_section(sample)
    assert (section.counts != adata.X).nnz == 0
    assert adata.obs["domain"].value_counts().to_dict() == find_domains(section, 3).sizes
    assert adata.obsm["X_stentrans"].shape[0] == section.n_spots
    assert {"pattern_1", "pattern_2"} <= set(adata.obs)
    assert {"pattern", "spatial_pvalue", "spatial_fdr"} <= set(adata.var)
    assert main(["patterns", str(out), "--domains", "3"]) == 0  # it is a section still
    assert main([*command, "-o", str(out)]) == 1
    assert "would be replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "columns"),
    [("--patterns", ["gene", "pattern", "correlation"]), ("--spatial-genes", ["gene", "pvalue"]),
     ("--domains", ["site", "x", "y", "domain"])],
)  # fmt: skip
def test_a_csv_holds_the_whole_table(sample, tmp_path, option, columns):
    out = tmp_path / "table.csv"
    assert main(["patterns", str(sample), option, "-o", str(out)]) == 0
    table = pd.read_csv(out)
    assert table.columns[: len(columns)].tolist() == columns
    assert len(table) > 20


def test_of_a_session_the_result_is_looked_at(session, tmp_path, capsys):
    path, mask, result = session
    out = tmp_path / "sites.csv"
    assert main(["patterns", str(path), "--run", "first", "--domains", "3", "-o", str(out)]) == 0
    assert f"{len(result.sites):,} sites" in capsys.readouterr().out
    assert len(pd.read_csv(out)) == len(result.sites)
    assert main(["patterns", str(path), "--spatial-genes", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["spatial_genes"]["in_words"]
    assert said == find_spatial_genes(result.section, mask).in_words()


def test_after_asks_runs_as_well(session, capsys):
    assert main(["patterns", str(session[0]), "--spatial-genes", "--after", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["spatial_genes"]
    assert "foretells spots that were hidden from it" in found["in_words"]
    assert {"fdr_before", "pvalue_hidden"} <= set(found["table"][0])


def test_what_cannot_be_asked_for(sample, session, lost, tmp_path, capsys):
    for words, said in (
        (["--after"], "--after goes with --spatial-genes"),
        (["--domains", "1"], "--domains takes a number from 2, or none, got 1"),
        (["--patterns", "-3"], "--patterns takes a number from 2, or none, got -3"),
        (["--domains", "--patterns", "-o", str(tmp_path / "t.csv")], "the table of one analysis"),
        (["-o", str(tmp_path / "t.png")], ".h5ad"),
        (["--run", "first"], "--run names a run of a session"),
        (["--domains", "900"], "number of domains must be a whole number"),
    ):
        assert main(["patterns", str(sample), *words]) == 1
        assert said in capsys.readouterr().err.replace("\n", " ")
    assert main(["patterns", str(session[0]), "--lost", str(lost[0])]) == 1
    assert "Lost spots are those of the run" in capsys.readouterr().err
    assert not list(tmp_path.glob("t.*"))


def test_one_figure_for_a_paper(sample, tmp_path, capsys):
    figure = tmp_path / "figure.svg"
    command = ["patterns", str(sample), "--patterns", "3", "--domains", "4"]
    assert main([*command, "--genes", "Gene1", "Gene2", "--figure", str(figure)]) == 0
    drawn = figure.read_text()
    for text in ("Gene2", "Domain 4", "Pattern 3", "as measured"):
        assert text in drawn
    assert 'width="493.' in drawn  # points: two columns
    assert str(figure) in capsys.readouterr().err
    assert main([*command, "--figure", str(figure)]) == 1  # it is there
    assert "would be replaced" in capsys.readouterr().err


def test_a_figure_of_one_column_shows_the_regions_of_the_section(sample, tmp_path):
    adata = ad.read_h5ad(sample)
    adata.obs["region"] = pd.Categorical(["Tumour", "Stroma"] * (adata.n_obs // 2))
    adata.write_h5ad(tmp_path / "named.h5ad")
    figure = tmp_path / "figure.svg"
    command = ["patterns", str(tmp_path / "named.h5ad"), "--genes", "Gene1", "--width", "one"]
    assert main([*command, "--figure", str(figure)]) == 0
    drawn = figure.read_text()
    assert "Tumour" in drawn
    assert 'width="240.' in drawn  # points: one column


def test_genes_and_width_are_those_of_a_figure(sample, capsys):
    for words in (["--genes", "Gene1"], ["--width", "one"]):
        assert main(["patterns", str(sample), *words]) == 1
        assert f"{words[0]} goes with a figure: say --figure FILE" in capsys.readouterr().err
