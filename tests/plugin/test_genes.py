"""Finding genes: ranks of the search, names that are nearly right, and lists in texts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_stentrans.errors import ReadError
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.plugin.models.gene_index import BEST, GeneIndex, NearNames
from napari_stentrans.plugin.models.gene_names import MOST_RECENT, Kept, parse, read_list

NAMES = ["Mobp", "Mbp", "Plp1", "mt-Co1", "Xmbp2", "MBPx"]
IDS = ["ENSG03", "ENSG01", "ENSG02", "ENSG07", "ENSG05", "ENSG06"]


def index_of(names, ids):
    """Index of genes of which the file gives names and ids."""
    return GeneIndex(GeneNaming(names, pd.DataFrame({"gene_ids": ids}, index=list(names))))


def found(query, names=NAMES, ids=IDS, **options):
    index = index_of(names, ids)
    return [index.names[i] for i in index.search(query, **options)]


# ---- search


def test_prefixes_come_first_then_parts_then_what_is_nearly_it():
    assert found("mbp") == ["Mbp", "MBPx", "Xmbp2", "Mobp"]


def test_case_does_not_matter_and_blanks_are_ignored():
    assert found(" MOBP ") == found("mobp")
    assert found("mobp")[0] == "Mobp"


def test_ids_are_found_whole_and_in_part():
    assert found("ensg05") == ["Xmbp2"]
    assert found("g07") == ["mt-Co1"]
    assert len(found("ensg")) == 6


def test_a_query_never_matches_across_two_genes():
    assert found("ensg01mbpx") == []
    assert found("p\tens") == []
    assert found("3\nm") == []
    assert found("mobpmt-co1") == []


def test_an_exact_name_is_first_and_each_gene_comes_once():
    names = [f"A{i}" for i in range(200)]
    hits = found("a1", names, [f"xa1{i}" for i in range(200)])
    assert hits[0] == "A1"
    assert len(hits) == len(set(hits)) == BEST


def test_nothing_typed_lists_the_first_genes_in_order():
    assert found("") == ["Mbp", "MBPx", "Mobp", "mt-Co1", "Plp1", "Xmbp2"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mpb", "Mbp"),  # two letters swapped
        ("gfpa", "Gfap"),
        ("slc71a7", "Slc17a7"),
        ("hladra", "HLA-DRA"),  # left out
        ("pvalbb", "Pvalb"),  # one too many
        ("camk3a", "Camk2a"),  # another
        ("sl17", "Slc17a7"),  # letters between
    ],
)
def test_slips_are_forgiven(typed, meant):
    names = [*NAMES, "Gfap", "Slc17a7", "HLA-DRA", "Pvalb", "Camk2a", "Actb", "Gad1"]
    assert found(typed, names, None)[0] == meant


def test_good_hits_stand_before_those_that_are_nearly_it():
    names = ["Gad1", "Gda1", "Gad12", "xGad1"]
    assert found("gad1", names, None) == ["Gad1", "Gad12", "xGad1", "Gda1"]


def distance(a, b):
    """Optimal string alignment, cell by cell."""
    d = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            changed = d[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, changed)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[-1, -1]


@pytest.mark.parametrize("query", ["abca", "bdacab"])
def test_all_names_within_the_distance_are_found_and_no_others(query):
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(list("abcd"), rng.integers(1, 9))) for _ in range(400)]
    in_order = {i for i, name in enumerate(names) if is_spread(query, name)}
    wrong = 1 if len(query) < 6 else 2
    near = {i for i, name in enumerate(names) if distance(query, name) <= wrong}
    assert set(NearNames(names).search(query)) == near | in_order


def is_spread(query, name):
    letters = iter(name)
    return all(letter in letters for letter in query)


# ---- lists


INDEX = index_of(NAMES, ["ENSG00000139618.15", *IDS[1:]])


def test_names_one_a_line_or_in_a_line_are_read_in_their_order():
    for text in ("Plp1\nMbp\n\nmobp\n", "Plp1, MBP; Mobp", "Plp1 Mbp Mobp", '"Plp1"\tMbp\tMobp'):
        if ";" in text:
            text = text.replace(";", ",")
        assert parse(text, INDEX).names == ("Plp1", "Mbp", "Mobp")


def test_ids_are_known_with_any_version():
    assert parse("ENSG00000139618\nensg00000139618.2\nENSG02", INDEX).names == ("Mobp", "Plp1")


def test_of_a_table_the_column_of_genes_is_taken_without_its_header():
    table = "rank,gene,score\n1,Mbp,0.5\n2,Plp1,0.4\n3,Nope,0.1\n"
    listed = parse(table, INDEX)
    assert listed.names == ("Mbp", "Plp1")
    assert listed.unknown == ("Nope",)
    assert str(listed) == "2 genes. 1 is not in this section: Nope."


def test_many_unknown_names_are_cut_short():
    said = str(parse("\n".join(f"No{i}" for i in range(30)), INDEX))
    assert said == "0 genes. 30 are not in this section: No0, No1, No2, No3, No4 …."


def test_a_file_is_read_whatever_wrote_it(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b"\xef\xbb\xbfgene\r\nMbp\r\nPlp1\r\n")
    assert read_list(path, INDEX).names == ("Mbp", "Plp1")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mine.xlsx", b"", "Expected a list of genes as .csv, .tsv, .txt, got mine.xlsx"),
        ("mine.txt", b"\xff\xfe\x00", "Save it as plain text"),
        ("huge.csv", b"a\n" * 3_000_000, "too large"),
    ],
)
def test_what_is_no_list_is_told(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=said):
        read_list(tmp_path / name, INDEX)


# ---- kept


def test_favourites_and_recent_genes_last(own_settings):
    kept = Kept()
    assert kept.toggle_favourite("Mbp") == kept.toggle_favourite("Plp1") == ""
    for i in range(MOST_RECENT + 5):
        kept.visit(f"A{i}")
    kept.visit("A20")
    kept.save()
    again = Kept()
    assert again.favourites == ["Mbp", "Plp1"]
    assert again.recent[:2] == ["A20", f"A{MOST_RECENT + 4}"]
    assert len(again.recent) == MOST_RECENT
    assert json.loads((own_settings / "genes.json").read_text())["favourites"] == ["Mbp", "Plp1"]


@pytest.mark.parametrize("content", ["{", "[1]", '{"favourites": 3, "recent": [1, "Mbp"]}'])
def test_a_spoilt_file_is_begun_anew(own_settings, content):
    own_settings.mkdir(parents=True)
    (own_settings / "genes.json").write_text(content)
    assert Kept().favourites == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be kept" in Kept(tmp_path / "file" / "genes.json").toggle_favourite("Mbp")
