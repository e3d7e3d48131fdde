"""Gene sets: what is read, refused, matched to a section, and downloaded."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from file_server import FileServer

from napari_stentrans import Section, downloads
from napari_stentrans.analysis import orthologues, set_collections
from napari_stentrans.analysis.gene_matching import gene_places, match
from napari_stentrans.analysis.gene_sets import GeneSets, read_gmt
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.orthologues import fetch_orthologues_steps, known_orthologues
from napari_stentrans.analysis.set_collections import COLLECTIONS, collection, collection_steps
from napari_stentrans.downloads import Remote
from napari_stentrans.errors import ConfigError, DownloadError, ReadError, StentransWarning
from napari_stentrans.progress import drain

GMT = "Repair\thttp://a\tBRCA1\tATM\tATM\nCycle\tR-2\tCDK1\tCCNB1\tERBB2\n"
SETS = {"Repair": ("BRCA1", "ATM"), "Cycle": ("CDK1", "CCNB1", "ERBB2")}
ORTHOLOGUES = (
    "DB Class Key\tCommon Organism Name\tNCBI Taxon ID\tSymbol\tEntrezGene ID\tMouse MGI ID\n"
    "1\tmouse, laboratory\t10090\tErbb2\t13866\tMGI:95410\n"
    "1\thuman\t9606\tERBB2\t2064\t\n"
    "2\tmouse, laboratory\t10090\tTrp53\t22059\tMGI:98834\n"
    "2\thuman\t9606\tTP53\t7157\t\n"
    "3\tmouse, laboratory\t10090\tH2-K1\t14972\tMGI:95904\n"
    "3\tmouse, laboratory\t10090\tH2-D1\t14964\tMGI:95896\n"
    "3\thuman\t9606\tHLA-A\t3105\t\n"
    "4\tmouse, laboratory\t10090\tBrca1\t12189\tMGI:104537\n"
    "4\thuman\t9606\tBRCA1\t672\t\n"
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep downloads in a folder of the test."""
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    monkeypatch.setattr(downloads, "TIMEOUT", (2, 1))
    made = FileServer()
    yield made
    made.close()


def section_of(names, **columns):
    rng = np.random.default_rng(0)
    at = np.indices((6, 5)).reshape(2, -1).T.astype(float)
    counts = rng.poisson(4, (len(at), len(names))).astype(np.float32)
    var = pd.DataFrame(columns, index=pd.Index(names, dtype=object))
    return Section.from_anndata(ad.AnnData(counts, var=var, obsm={"spatial": at * 10}))


def written(tmp_path, text, name="sets.gmt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def zipped(text, *names):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names or ("sets.gmt",):
            file.writestr(name, text)
    return packed.getvalue()


# ---- files


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("sets.gmt", GMT.encode()),
        ("sets.gmt", GMT.replace("\n", "\r\n").encode("utf-8-sig")),
        ("sets.gmt", GMT.replace("\n", "\t\t\n\n").encode()),  # as spreadsheets write it
        ("sets.gmt", b"# a comment\n" + GMT.replace("ATM", "ATM,1.0").encode()),  # Enrichr's
        ("sets.gmt.gz", gzip.compress(GMT.encode(), mtime=0)),
        ("sets", gzip.compress(GMT.encode(), mtime=0)),
        ("sets.gmt.zip", zipped(GMT)),
    ],
    ids=["plain", "windows", "empty cells", "weights", "gz", "gz unsaid", "zip"],
)
def test_sets_are_read_in_every_dress(tmp_path, name, body):
    found = read_gmt(written(tmp_path, body, name))
    assert dict(found.sets) == SETS
    assert found.described["Cycle"] == "R-2"
    assert found.name == "sets"
    assert set(found.genes) == {"BRCA1", "ATM", "CDK1", "CCNB1", "ERBB2"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"# nothing\n\n", "is empty"),
        (b"BRCA1\nATM\n", "is no GMT file: line 1 is 'BRCA1'"),
        (b"gene,score\nBRCA1,2\n", "is no GMT file: line 1"),
        (b"<!DOCTYPE html>\n<html></html>", "is no GMT file"),
        (b"\x89HDF\r\n\x1a\n\xff\xff", "cannot be read as gene sets"),
        (b"A\tabout\nB\t\t\n", "has 2 sets, and none has a gene"),
        (b"A\tsame\tG1\tG2\nA\tsame\tG3\n", "two sets 'A'"),
        (b"A\tx\t1-Mar\t2-Sep\n", "holds dates and numbers"),
        (gzip.compress(GMT.encode(), mtime=0)[:-9], "cannot be read as gene sets"),
        (zipped(GMT, "a.gmt", "b.gmt"), "holds 2 GMT files"),
        (zipped(GMT, "a.txt"), "holds 0 GMT files"),
        (b"PK\x03\x04 no zip", "cannot be read as gene sets"),
    ],
)
def test_what_is_no_gmt_is_refused_with_what_to_do(tmp_path, body, said):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StentransWarning)
        with pytest.raises(ReadError, match=said):
            read_gmt(written(tmp_path, body))
    with pytest.raises(ReadError, match="No such file"):
        read_gmt(tmp_path / "gone.gmt")


def test_empty_sets_and_spoilt_names_are_left_out_and_told(tmp_path):
    text = "A\tx\tG1\t1-Mar\tSep-09\t2.31E+13\nB\tx\nC\tx\tG2\t2001-03-02 00:00:00\n"
    with pytest.warns(StentransWarning) as noted:
        found = read_gmt(written(tmp_path, text))
    assert dict(found.sets) == {"A": ("G1",), "C": ("G2",)}
    said = " ".join(str(note.message) for note in noted)
    assert "1 set is empty, left out: 'B'" in said
    assert "4 names were made dates or numbers by a spreadsheet" in said
    assert "'1-Mar'" in said


def test_names_that_look_like_dates_but_are_genes_stay(tmp_path):
    names = ("MARCH1", "SEPTIN2", "DEC1", "MAR1", "1060", "E2F1", "SEP15")
    found = read_gmt(written(tmp_path, "A\tx\t" + "\t".join(names)))
    assert found.sets["A"] == names


def test_sets_of_one_name_are_told_apart_by_what_is_said_of_them(tmp_path):
    text = "A\tR-1\tG1\nA\tR-2\tG2\nB\tx\tG3\nB\tx\tG3\n"
    with pytest.warns(StentransWarning, match="name is of several sets"):
        found = read_gmt(written(tmp_path, text))
    assert dict(found.sets) == {"A (R-1)": ("G1",), "A (R-2)": ("G2",), "B": ("G3",)}


def test_chosen_sets_and_those_that_are_not_there():
    sets = GeneSets("mine", SETS)
    assert list(sets.chosen(["Cycle"]).sets) == ["Cycle"]
    with pytest.raises(ConfigError, match="mine has no set 'Cyle' among its 2 sets"):
        sets.chosen(["Cyle"])
    with pytest.raises(ConfigError, match="no genes in 'A'"):
        GeneSets("mine", {"A": ()})
    with pytest.raises(ConfigError, match="no sets"):
        GeneSets("mine", {})


# ---- in a section


def test_genes_are_found_by_symbol_id_and_column_and_counted():
    names = ["ENSG00000012048", "ENSG00000149311", "ENSG00000170312", "ENSG00000000001"]
    symbols = ["BRCA1", "ATM", "CDK1", "OTHER"]
    for section in (section_of(names, gene_name=symbols), section_of(symbols)):
        found = match(GeneSets("s", SETS), Maps.of(section), least=1)
        assert list(found.members["Repair"]) == [0, 1]
        assert list(found.members["Cycle"]) == [2]
        assert list(found.table["found"]) == [2, 1]
        assert list(found.table["genes"]) == [2, 3]
        assert found.how == "names as they are written"
    by_id = GeneSets("s", {"A": ("ENSG00000149311.20", "ENSG00000012048")})
    assert list(match(by_id, Maps.of(section_of(names)), least=1).members["A"]) == [0, 1]


def test_a_set_with_few_genes_here_is_not_used_and_none_is_an_error():
    section = section_of(["BRCA1", "ATM", "X"])
    found = match(GeneSets("s", SETS), Maps.of(section), least=2)
    assert list(found.members) == ["Repair"]
    assert list(found.table["used"]) == [True, False]
    with pytest.raises(ConfigError, match=r"No set of s has 3 genes.*BRCA1, ATM, CDK1"):
        match(GeneSets("s", SETS), Maps.of(section), least=3)


def test_a_symbol_of_several_genes_stands_for_none():
    section = section_of(["ENSG1000000", "ENSG2000000", "ATM"], symbol=["BRCA1", "BRCA1", "-"])
    found = match(GeneSets("s", SETS), Maps.of(section), least=1)
    assert list(found.members["Repair"]) == [2]
    section = section_of(["Brca1", "brca1", "Atm"])
    with pytest.warns(StentransWarning, match="another case"):
        found = match(GeneSets("s", SETS), Maps.of(section), least=1)
    assert list(found.members["Repair"]) == [2]


def test_a_human_set_in_a_mouse_is_matched_by_case_and_that_is_said():
    section = section_of(["Brca1", "Atm", "Erbb2", "Trp53"])
    with pytest.warns(StentransWarning, match=r"another case.*3 of 5 genes.*--orthologues"):
        found = match(GeneSets("s", SETS), Maps.of(section), least=1)
    assert list(found.members["Repair"]) == [0, 1]


def test_orthologues_are_used_once_their_table_is_here(server, monkeypatch):
    serve_orthologues(server, monkeypatch)
    table = drain(fetch_orthologues_steps())
    assert known_orthologues().classes == table.classes
    mouse = section_of(["Brca1", "Erbb2", "Trp53", "H2-K1", "H2-D1"]).naming
    places, how = gene_places(["BRCA1", "ERBB2", "TP53", "HLA-A"], mouse)
    assert places == {"BRCA1": 0, "ERBB2": 1, "TP53": 2}  # HLA-A has two: not guessed
    assert "MGI's table of orthologues: 3 of 4 genes" in how
    human = section_of(["ERBB2", "TP53", "BRCA1", "HLA-A"]).naming
    assert gene_places(["Erbb2", "Trp53", "H2-K1"], human)[0] == {
        "Erbb2": 0,
        "Trp53": 1,
        "H2-K1": 3,
    }
    assert gene_places(["ERBB2", "TP53"], human) == ({"ERBB2": 0, "TP53": 1}, "")


def test_numbers_of_ncbi_need_the_table_and_say_so(server, monkeypatch):
    sets = GeneSets("wiki", {"A": ("2064", "7157", "672")})
    human, mouse = section_of(["ERBB2", "TP53", "BRCA1"]), section_of(["Erbb2", "Trp53"])
    with pytest.raises(ConfigError, match=r"numbers of NCBI.*--orthologues"):
        match(sets, Maps.of(human), least=1)
    serve_orthologues(server, monkeypatch)
    drain(fetch_orthologues_steps())
    for section, wanted in ((human, [0, 1, 2]), (mouse, [0, 1])):
        with pytest.warns(StentransWarning, match="numbers of NCBI were replaced"):
            assert list(match(sets, Maps.of(section), least=1).members["A"]) == wanted
    named = section_of(["2064", "7157", "672"])  # the section's own numbers come first
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StentransWarning)
        assert list(match(sets, Maps.of(named), least=1).members["A"]) == [0, 1, 2]


# ---- downloads


def serve_orthologues(server, monkeypatch, body=ORTHOLOGUES):
    server.files["hom.rpt"] = body.encode()
    monkeypatch.setattr(orthologues, "LEAST_CLASSES", 4)
    remote = Remote("HOM_MouseHumanSequence.rpt", f"{server.url}/hom.rpt", "")
    monkeypatch.setattr(orthologues, "MGI", remote)


def serve(server, name, body, least=2):
    found = COLLECTIONS[name]
    if found.listed is None:
        file = found.remote.name
        url = f"{server.url}/{file}"
    else:
        begin, end = found.listed
        file, url = f"{begin}20260110{end}", f"{server.url}/files/"
        old, other = f"{begin}20251210{end}", f"{begin}20260110-gmt-Bos_taurus.gmt"
        links = "".join(f'<a href="./{each}">{each}</a>' for each in (old, file, other))
        server.files["files/"] = f"<html>{links}</html>".encode()
        file = f"files/{file}"
    server.files[file] = body
    return replace(found, remote=replace(found.remote, url=url), least=least)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_is_downloaded_once_with_its_licence(server, name, tmp_path):
    body = zipped(GMT, "ReactomePathways.gmt") if name == "reactome" else GMT.encode()
    local = serve(server, name, body)
    assert not local.is_here
    found = drain(collection_steps(local))
    assert dict(found.sets) == SETS
    assert found.licence == local.licence
    assert "CC" in found.licence
    asked = len(server.asked)
    assert local.path.is_relative_to(tmp_path / "cache")
    assert drain(collection_steps(local)).sets == found.sets
    assert len(server.asked) == asked
    drain(collection_steps(local, anew=True))
    assert len(server.asked) == 2 * asked


def test_the_newest_file_of_the_species_is_taken(server):
    local = serve(server, "wikipathways", GMT.encode())
    drain(collection_steps(local))
    assert server.asked[-1][1] == "files/wikipathways-20260110-gmt-Homo_sapiens.gmt"
    server.files["files/"] = b"<html>maintenance</html>"
    with pytest.raises(DownloadError, match="names no file wikipathways-"):
        drain(collection_steps(local, anew=True))
    assert local.is_here  # the old one stays


@pytest.mark.parametrize(
    ("body", "said"), [(b"<html>log in</html>", "is no GMT"), (GMT.encode(), "cut off")]
)
def test_what_is_not_the_collection_is_not_kept(server, body, said):
    local = serve(server, "hallmark", body, least=3)
    with pytest.raises(DownloadError, match=said):
        drain(collection_steps(local))
    assert list(local.path.parent.iterdir()) == []
    steps = collection_steps(local)
    next(steps)
    steps.close()  # cancelled
    assert list(local.path.parent.iterdir()) == []


@pytest.mark.parametrize("body", ["<html></html>", ORTHOLOGUES[:300]])
def test_what_is_not_the_table_of_orthologues_is_not_kept(server, monkeypatch, body):
    serve_orthologues(server, monkeypatch, body)
    with pytest.raises(DownloadError, match=r"no table of orthologues|cut off"):
        drain(fetch_orthologues_steps())
    assert known_orthologues() is None


def test_kegg_is_not_offered_and_other_names_are_told():
    with pytest.raises(ConfigError, match="KEGG is not offered"):
        collection("kegg")
    with pytest.raises(ConfigError, match=r"no gene sets 'go'.*reactome, wikipathways"):
        collection("go")
    assert collection("Reactome").licence.startswith("CC0")
    for each in set_collections.COLLECTIONS.values():
        assert each.remote.url.startswith("https://")
