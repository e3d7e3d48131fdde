"""What genes are called: ids show symbols, tables know other names, and nothing is guessed."""

from __future__ import annotations

import gzip
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gene_tables import HGNC, TABLES

from napari_stentrans import (
    EnhanceConfig,
    Section,
    StentransWarning,
    enhance,
    known_gene_tables,
)
from napari_stentrans.cli import main
from napari_stentrans.errors import DownloadError, GeneNotFound, ReadError
from napari_stentrans.gene_table import read_table
from napari_stentrans.hgnc import fetch_hgnc_steps
from napari_stentrans.known_gene_tables import VARIABLE, keep_table
from napari_stentrans.progress import drain
from napari_stentrans.simulate import simulate_section

ERBB2, PDCD1, SNCA = "ENSG00000141736", "ENSG00000188389", "ENSG00000145335"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep tables in a folder of the test."""
    monkeypatch.setattr(known_gene_tables, "folder", lambda: tmp_path / "cache" / "gene_names")
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def hgnc(tmp_path):
    """HGNC's table, in small, as it is kept."""
    path = tmp_path / "hgnc_complete_set.txt"
    path.write_text(HGNC)
    return keep_table(path)


def section_of(names, **columns):
    rng = np.random.default_rng(0)
    at = np.indices((6, 5)).reshape(2, -1).T.astype(float)
    counts = rng.poisson(4, (len(at), len(names))).astype(np.float32)
    var = pd.DataFrame(columns, index=pd.Index(names, dtype=object))
    return Section.from_anndata(ad.AnnData(counts, var=var, obsm={"spatial": at * 10}))


# ---- what the file knows


@pytest.mark.parametrize(
    "column",
    ["gene_name", "gene_names", "symbol", "SYMBOL", "gene_symbols", "feature_name", "hgnc_symbol",
     "external_gene_name", "Gene name", "gene_short_name"],
)  # fmt: skip
def test_ids_show_the_symbols_of_the_file_and_stay_the_names(column):
    section = section_of([ERBB2, f"{PDCD1}.7"], **{column: ["ERBB2", "PDCD1"]})
    assert list(section.genes) == [ERBB2, f"{PDCD1}.7"]
    assert [section.gene_label(name) for name in section.genes] == ["ERBB2", "PDCD1"]
    for word in (ERBB2, f"{ERBB2}.13", "ERBB2"):
        assert section.gene_index(word) == 0
    for word in (PDCD1, f"{PDCD1}.7", "PDCD1"):
        assert section.gene_index(word) == 1


def test_symbols_may_be_categories_or_missing_and_ids_are_no_symbols():
    names = [ERBB2, PDCD1, SNCA]
    symbols = pd.Categorical(["ERBB2", None, "SNCA"])
    section = section_of(names, feature_name=symbols, symbol=names, feature_length=[1, 2, 3])
    assert [section.gene_label(name) for name in names] == ["ERBB2", PDCD1, "SNCA"]


def test_a_symbol_of_several_ids_is_shown_with_them_and_stands_for_none():
    section = section_of([ERBB2, PDCD1], symbol=["SAME", "SAME"])
    assert section.gene_label(ERBB2) == f"SAME ({ERBB2})"
    with pytest.raises(GeneNotFound, match=rf"SAME may be SAME \({ERBB2}\) or SAME \({PDCD1}\)"):
        section.gene_index("SAME")


def test_names_that_are_symbols_are_shown_as_they_are():
    section = section_of(["ERBB2", "X"], gene_name=["other", "names"], ensembl_id=[ERBB2, SNCA])
    assert [section.gene_label(name) for name in section.genes] == ["ERBB2", "X"]
    assert section.gene_index(SNCA) == 1


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("erbb2", "ERBB2"),
        ("ERBB2", "GRCh38_ERBB2"),
        ("ERBB2", "hg19_ERBB2"),
        ("Erbb2", "mm10___Erbb2"),
        ("mm10___Erbb2", "ERBB2"),
        ("MARCH1", "1-Mar"),
        ("SEPT7", "7-Sep"),
        ("DEC1", "1-Dec"),
        ("MARCHF2", "2001-03-02 00:00:00"),
        ("2-Mar", "MARCH2"),
        ("SEPTIN9", "Sep-09"),
    ],
)
def test_what_may_be_meant_is_named_and_not_taken(word, name):
    section = section_of([name, "Actb"])
    with pytest.raises(GeneNotFound, match=f"Did you mean {name!r}"):
        section.gene_index(word)


def test_the_digest_of_a_section_does_not_depend_on_what_is_shown(hgnc):
    plain, named = section_of([ERBB2, SNCA]), section_of([ERBB2, SNCA], symbol=["ERBB2", "SNCA"])
    assert named.gene_label(ERBB2) == plain.gene_label(ERBB2) == "ERBB2"
    assert plain.digest == named.digest


# ---- tables


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("ending", [".txt", ".txt.gz"])
def test_tables_are_read_as_they_are_published(tmp_path, kind, ending):
    path = tmp_path / f"names{ending}"
    opener = gzip.open if ending.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(TABLES[kind])
    table = read_table(path)
    (gene,) = table.meant("her2")
    row = table.rows[gene]
    assert row.symbol.upper() == "ERBB2"
    if kind != "mgi":
        assert table.of_id(f"{ERBB2}.3") == gene
    assert "GONE1" not in [row.symbol for row in table.rows]
    assert "Old1" not in [row.symbol for row in table.rows]
    assert all(row.symbol for row in table.rows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a column of symbols"),
        ("gene,x,y\nA,1,2\n", "expected a column of symbols"),
        ("symbol\tensembl_gene_id\n", "names no genes"),
        ("#tax_id\tSymbol\tSynonyms\n9606\tA\tB\n10090\tC\tD\n", "several species"),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_kept(tmp_path, text, said):
    path = tmp_path / "names.tsv"
    path.write_text(text)
    with pytest.raises(ReadError, match=said):
        keep_table(path)
    path.write_bytes(b"symbol\tprev_symbol\n\xff\xfe\x00")
    with pytest.raises(ReadError, match="cannot be read as a table of gene names"):
        keep_table(path)
    assert known_gene_tables.kept_tables() == []


def test_a_table_that_is_kept_is_the_same_and_can_be_forgotten(tmp_path, hgnc):
    (table,) = known_gene_tables.known_tables()
    assert table.rows == hgnc.rows
    assert table.meant("p21(Cip1,Waf1)") == [5]  # names may have commas
    assert table.name == "hgnc_complete_set"
    assert len(known_gene_tables.forget_tables()) == 1
    assert known_gene_tables.known_tables() == ()


def test_a_table_that_was_spoilt_is_left_out_with_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone.txt"))
    section = section_of([ERBB2])
    with pytest.warns(StentransWarning, match=r"No other names of genes: .*gone\.txt"):
        assert section.gene_label(ERBB2) == ERBB2
    with warnings.catch_warnings():  # once is enough
        warnings.simplefilter("error")
        assert section.gene_index(ERBB2) == 0


def test_ids_show_the_symbols_of_a_table_as_soon_as_it_is_there(tmp_path):
    section = section_of([ERBB2, "ENSG00000000009"])
    assert section.gene_label(ERBB2) == ERBB2
    path = tmp_path / "hgnc.txt"
    path.write_text(HGNC)
    keep_table(path)
    assert section.gene_label(ERBB2) == "ERBB2"
    assert section.gene_label("ENSG00000000009") == "ENSG00000000009"


@pytest.mark.parametrize("names", [["ERBB2", "PDCD1"], [ERBB2, PDCD1]])
@pytest.mark.parametrize("word", ["HER2", "her-2", "NGL", "CD340"])
def test_another_name_finds_the_gene_and_says_so_once(hgnc, names, word):
    section = section_of(names)
    with pytest.warns(StentransWarning, match=f"{word} is ERBB2 here") as noted:
        assert section.gene_index(word) == section.gene_index(word) == 0
    assert len(noted) == 1


@pytest.mark.parametrize(
    ("names", "word", "index"),
    [(["MARCH1", "A"], "MARCHF1", 0), (["CD20", "A"], "MS4A1", 0), (["MS4A1", "A"], "CD20", 0)],
)
def test_symbols_of_before_and_now_find_each_other(hgnc, names, word, index):
    with pytest.warns(StentransWarning, match=f"{word} is {names[0]} here"):
        assert section_of(names).gene_index(word) == index


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["PDCD1", "SNCA"], "PD1 may be PDCD1 or SNCA"),
        (["PDCD1", "A"], "PD1 may be PDCD1 or SNCA, which is not in this section"),
        (["A", "B"], "PD1 may be PDCD1 or SNCA, not in this section"),
    ],
)
def test_a_name_of_several_genes_is_never_guessed(hgnc, names, said):
    with pytest.raises(GeneNotFound, match=said):
        section_of(names).gene_index("PD1")


def test_a_mouse_is_no_human_but_is_hinted_at(hgnc, tmp_path):
    section = section_of(["Erbb2", "Actb"])
    with pytest.raises(
        GeneNotFound, match=r"HER2 is ERBB2, not in this section\. Did you mean 'Erb"
    ):
        section.gene_index("HER2")
    path = tmp_path / "MRK_List2.rpt"
    path.write_text(TABLES["mgi"])
    keep_table(path)
    with pytest.warns(StentransWarning, match="HER2 is Erbb2 here"):
        assert section.gene_index("HER2") == 0
    with pytest.warns(StentransWarning, match="HER2 is ERBB2 here"):
        assert section_of(["ERBB2", "PDCD1"]).gene_index("HER2") == 0


def test_a_run_by_other_names_is_recorded_by_those_of_the_section(hgnc, tmp_path):
    section = section_of([ERBB2, PDCD1, SNCA])
    config = EnhanceConfig(method="linear", genes=("HER2", "PDCD1"))
    with pytest.warns(StentransWarning, match="HER2 is ERBB2 here"):
        result = enhance(section, np.arange(30) == 12, config)
    assert list(result.genes) == [ERBB2, PDCD1]
    assert result.record.config.genes == (ERBB2, PDCD1)
    assert np.array_equal(result.gene("PDCD1").mean, result.gene(PDCD1).mean)
    known_gene_tables.forget_tables()
    again = enhance(section, *result.record.inputs(section)[:2])
    assert np.array_equal(again.gene(ERBB2).mean, result.gene(ERBB2).mean)


# ---- the download


@pytest.mark.parametrize("fault", ["", "cut", "stall", "503", "no length"])
def test_the_table_is_downloaded_and_kept_whole(gene_table_server, fault):
    gene_table_server.faults = [fault]
    table = drain(fetch_hgnc_steps())
    assert [path.name for path in known_gene_tables.kept_tables()] == ["hgnc_complete_set.tsv"]
    assert sorted(path.name for path in known_gene_tables.folder().iterdir()) == [
        "hgnc_complete_set.tsv"
    ]
    assert known_gene_tables.known_tables()[0].rows == table.rows == read_rows(gene_table_server)


def read_rows(gene_table_server):
    path = known_gene_tables.folder() / "whole.txt"
    path.write_bytes(gene_table_server.files["hgnc.txt"])
    rows = read_table(path).rows
    path.unlink()
    return rows


def test_what_is_not_the_table_is_not_kept_and_the_old_one_stays(gene_table_server):
    drain(fetch_hgnc_steps())
    for body, said in ((b"<html>log in</html>", "no table"), (HGNC.encode()[:300], "cut off")):
        gene_table_server.files["hgnc.txt"] = body
        with pytest.raises(DownloadError, match=said):
            drain(fetch_hgnc_steps())
    assert len(known_gene_tables.known_tables()[0]) == 7
    steps = fetch_hgnc_steps()
    next(steps)
    steps.close()  # cancelled
    assert sorted(path.name for path in known_gene_tables.folder().iterdir()) == [
        "hgnc_complete_set.tsv"
    ]


def test_a_newer_version_takes_the_place_of_the_old_one(gene_table_server):
    drain(fetch_hgnc_steps())
    gene_table_server.files["hgnc.txt"] = (
        HGNC.encode() + b"HGNC:9\tNEW1\tnew\tp\tApproved\tXX\t\t\n"
    )
    assert drain(fetch_hgnc_steps()).meant("XX") == [7]


# ---- the command line


def test_the_command_keeps_says_and_forgets(tmp_path, capsys):
    assert main(["genes"]) == 0
    assert "No table of gene names is known" in capsys.readouterr().err
    path = tmp_path / "hgnc.txt"
    path.write_text(HGNC)
    assert main(["genes", "--table", str(path)]) == 0
    assert "hgnc: 7 genes, 17 other names" in capsys.readouterr().out
    assert main(["genes", "HER2", "ENSG00000145335", "NOPE"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("HER2: ERBB2, ENSG00000141736, HGNC:3430; also NEU,")
    assert said[1].startswith("ENSG00000145335: SNCA,")
    assert said[2] == "NOPE: not known"
    section_of([ERBB2, PDCD1]).adata.write_h5ad(tmp_path / "s.h5ad")
    assert main(["genes", "HER2", "PD1", "--of", str(tmp_path / "s.h5ad")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"HER2: ERBB2, {ERBB2}"
    assert said[1].startswith("PD1: not in this section. PD1 may be PDCD1 or SNCA")
    assert main(["genes", "--forget"]) == 0
    assert known_gene_tables.kept_tables() == []


def test_both_an_id_and_a_symbol_choose_a_gene_of_a_run(tmp_path):
    section = section_of([ERBB2, PDCD1, SNCA], feature_name=["ERBB2", "PDCD1", "SNCA"])
    section.adata.write_h5ad(tmp_path / "s.h5ad")
    out = tmp_path / "r.h5ad"
    genes = ["--genes", "ERBB2", PDCD1]
    assert main(["enhance", str(tmp_path / "s.h5ad"), "-o", str(out), "--method", "linear",
                 "--upscale", "2", *genes]) == 0  # fmt: skip
    written = ad.read_h5ad(out)
    assert list(written.var_names) == [ERBB2, PDCD1]
    assert list(written.var["feature_name"]) == ["ERBB2", "PDCD1"]  # nothing is lost


def test_a_result_says_the_symbols_of_ids_that_a_table_knows(hgnc):
    section = simulate_section(60, 5, image=False, artefacts=False, depth=900)
    config = EnhanceConfig(method="nearest")
    assert "symbol" not in enhance(section, config=config).to_anndata().var
    adata = section.adata.copy()
    adata.var_names = [ERBB2, PDCD1, *(f"ENSG0000099999{i}" for i in range(3))]
    result = enhance(Section.from_anndata(adata), config=config).to_anndata()
    assert list(result.var["symbol"]) == ["ERBB2", "PDCD1", "", "", ""]


def test_a_table_knows_ids_of_genes_that_are_named_by_symbols(hgnc):
    section = section_of(["ERBB2", "PDCD1"])
    assert section.gene_index(ERBB2) == section.gene_index(f"{ERBB2}.13") == 0
    with pytest.raises(GeneNotFound, match="Did you mean 'ERBB2'"):  # another case is no name
        section.gene_index("Erbb2")
