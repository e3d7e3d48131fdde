"""Gene names in the window: symbols for ids, other names from a table, and where it comes from."""

from __future__ import annotations

import time

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gene_tables import HGNC
from gestures import LEFT, said_of_run, type_gene
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from napari_stentrans import EnhanceConfig, enhance, known_gene_tables
from napari_stentrans.gene_naming import GeneNaming
from napari_stentrans.gene_table import GeneTable, Row
from napari_stentrans.known_gene_tables import keep_table
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.gene_names import parse
from napari_stentrans.section import Section

ERBB2, PDCD1, SNCA = "ENSG00000141736", "ENSG00000188389", "ENSG00000145335"
UNKNOWN = "ENSG00000000009"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(known_gene_tables, "folder", lambda: tmp_path / "gene_names")


@pytest.fixture
def table_file(tmp_path):
    path = tmp_path / "hgnc.txt"
    path.write_text(HGNC)
    return path


@pytest.fixture
def by_ids(square_section):
    """A section whose genes are named by ids, and nothing else is known of them."""
    return named(square_section, [ERBB2, PDCD1, SNCA, UNKNOWN])


def named(section, names, **columns):
    counts = section.counts[:, : len(names)].toarray() + 1
    var = pd.DataFrame(columns, index=pd.Index(names, dtype=object))
    adata = ad.AnnData(counts, var=var, obsm={"spatial": section.xy})
    return Section.from_anndata(adata, name="by ids")


def use_table(dock, qtbot, monkeypatch, path):
    """Choose a table in the dock's menu."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    menu = dock.data.open.menu()
    names = next(a.menu() for a in menu.actions() if a.text() == "Gene names")
    next(a for a in names.actions() if a.text().startswith("Use a table")).trigger()
    qtbot.waitUntil(lambda: "known by name" in dock.message.text(), timeout=20_000)
    qtbot.waitUntil(dock.data.open.isEnabled)


def listed(dock):
    """What a person reads in the list."""
    model = dock.genes.list.genes
    return [model.data(model.index(row)) for row in range(model.rowCount())]


def test_ids_show_symbols_of_the_file_everywhere(dock, square_section, load, qtbot):
    symbols = ["ERBB2", "PDCD1", "SNCA", ""]
    section = named(square_section, [ERBB2, PDCD1, SNCA, UNKNOWN], feature_name=symbols)
    layers = load(dock, section)
    type_gene(qtbot, dock, "ERBB2")
    assert layers.model.gene == ERBB2
    assert layers.before.name == "ERBB2 measured"
    assert dock.data.search.edit.text() == "ERBB2"
    assert dock.bar.key.bar.toolTip().startswith("ERBB2: ")
    assert "ERBB2" in listed(dock)
    type_gene(qtbot, dock, SNCA.lower())  # ids find it too
    assert layers.before.name == "SNCA measured"
    type_gene(qtbot, dock, UNKNOWN)
    assert layers.before.name == f"{UNKNOWN} measured"
    result = enhance(section, config=EnhanceConfig(method="linear", genes=(SNCA, ERBB2)))
    layers.show_enhancement(result)
    dock.show_gene(ERBB2)
    assert layers.after.name == "ERBB2 enhanced"
    assert "ENSG" not in said_of_run(dock)


def test_a_table_names_the_genes_of_what_is_open(
    dock, by_ids, load, qtbot, monkeypatch, table_file
):
    layers = load(dock, by_ids)
    type_gene(qtbot, dock, ERBB2)
    qtbot.keyClicks(dock.data.search.edit, "")
    type_gene(qtbot, dock, "HER2")
    assert "Open… > Gene names" in dock.genes.words.text()
    use_table(dock, qtbot, monkeypatch, table_file)
    assert "3 of 4 genes here" in dock.message.text()
    assert layers.before.name == "ERBB2 measured"
    assert listed(dock) == ["ERBB2"]  # the search goes on
    assert dock.data.search.edit.text() == "ERBB2"
    dock.show_gene(SNCA)
    type_gene(qtbot, dock, "her2")
    assert layers.model.gene == ERBB2
    assert dock.data.search.edit.text() == "ERBB2"
    assert dock.genes.words.text() == "her2 is ERBB2 here."


def test_a_name_of_several_genes_lists_them_and_draws_none(dock, by_ids, load, qtbot, table_file):
    keep_table(table_file)
    layers = load(dock, by_ids)
    dock.show_gene(UNKNOWN)
    edit = dock.data.search.edit
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "PD1")
    assert listed(dock)[:2] == ["PDCD1", "SNCA"]
    assert dock.genes.words.text() == "PD1 may be PDCD1 or SNCA."
    qtbot.wait(400)  # longer than the pause after which a gene is drawn
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert layers.model.gene == UNKNOWN
    assert dock.genes.words.text() == "PD1 may be PDCD1 or SNCA."
    qtbot.keyClick(edit, Qt.Key.Key_Down)
    assert layers.model.gene == PDCD1


def test_a_pasted_list_says_what_its_words_are_here(table_file):
    keep_table(table_file)
    naming = GeneNaming(
        [ERBB2, PDCD1, SNCA], pd.DataFrame(index=range(3)), known_gene_tables.known_tables()
    )
    found = parse("HER2\nCD279\nPD1\nNOPE\n", GeneIndex(naming))
    assert found.names == (ERBB2, PDCD1)
    assert found.unknown == ("PD1", "NOPE")
    assert str(found) == (
        "2 genes. 2 are not in this section: PD1, NOPE. HER2 is ERBB2 here. CD279 is PDCD1 here. "
        "PD1 may be PDCD1 or SNCA."
    )


def test_a_search_among_all_names_of_35000_genes_takes_less_than_10_ms():
    rng = np.random.default_rng(0)
    letters = np.array(list("ABCDEFGHIKLMNPRSTUVWXYZ0123456789"))
    made = ("".join(rng.choice(letters, rng.integers(4, 9))) for _ in range(90_000))
    words = list(dict.fromkeys(made))
    names = words[:35_000]
    rows = [
        Row(name, (f"ENSG{at:011d}",), tuple(words[35_000 + at : 35_001 + at + at % 2]))
        for at, name in enumerate(names)
    ]
    assert sum(len(row.others) for row in rows) > 45_000
    ids = [row.ids[0] for row in rows]
    index = GeneIndex(GeneNaming(ids, pd.DataFrame(index=ids), [GeneTable("many", rows)]))
    typed = [name[:n].lower() for name in names[::5000] for n in range(1, len(name) + 1)]
    typed += [rows[7].others[0].lower(), "her2", "ensg00000", "zz9q", rows[9].symbol[::-1].lower()]
    took = []
    for query in typed:
        began = time.thread_time()  # of this thread alone, whatever else the machine does
        hits = index.search(query)
        [index.note(hit, query) for hit in hits]
        index.resolve(query), index.said_of(query), index.meant(query)
        took.append(time.thread_time() - began)
    assert np.percentile(took, 90) < 0.01
    assert index.names[index.search(rows[7].others[0])[0]] == ids[7]


# ---- where the table comes from


@pytest.mark.parametrize("button", ["Download", "Cancel"])
def test_the_download_is_asked_about_first(dock, by_ids, load, gene_table_server, qtbot, button):
    layers = load(dock, by_ids)
    dock.show_gene(ERBB2)
    asked = []

    def press():
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, press)
            return
        asked.append(f"{box.text()}\n{box.informativeText()}")
        found = next(b for b in box.buttons() if b.text().replace("&", "") == button)
        qtbot.mouseClick(found, LEFT)

    QTimer.singleShot(20, press)
    dock.jobs.names.fetch.trigger()
    qtbot.waitUntil(lambda: bool(asked), timeout=20_000)
    assert "HGNC's table of human genes" in asked[0]
    assert "CC0" in asked[0]
    assert "https://www.genenames.org" in asked[0]
    if button == "Cancel":
        qtbot.waitUntil(dock.data.open.isEnabled)
        assert [ask[0] for ask in gene_table_server.asked] == ["HEAD"]
        assert layers.before.name == f"{ERBB2} measured"
        return
    qtbot.waitUntil(lambda: "known by name" in dock.message.text(), timeout=20_000)
    assert layers.before.name == "ERBB2 measured"
    dock.jobs.names.aboutToShow.emit()
    assert dock.jobs.names.here.text() == "Known: hgnc_complete_set"
    qtbot.waitUntil(dock.data.open.isEnabled)


def test_what_is_no_table_is_refused_in_words(dock, by_ids, load, qtbot, monkeypatch, tmp_path):
    load(dock, by_ids)
    path = tmp_path / "picture.txt"
    path.write_bytes(b"\x89PNG\r\n\xff\xfe")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    dock.jobs.names.give.trigger()
    qtbot.waitUntil(lambda: "picture.txt" in dock.message.text(), timeout=20_000)
    assert "cannot be read as a table of gene names" in dock.message.text()
    qtbot.waitUntil(dock.data.open.isEnabled)
    assert known_gene_tables.known_tables() == ()
