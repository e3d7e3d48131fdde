"""Gene search: ranks, keys and clicks."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_stentrans.plugin.genes import BEST, GeneIndex, GeneSearch

NAMES = ["Mobp", "Mbp", "Plp1", "mt-Co1", "Xmbp2", "MBPx"]
IDS = ["ENSG03", "ENSG01", "ENSG02", "ENSG07", "ENSG05", "ENSG06"]


def found(query, names=NAMES, ids=IDS, **options):
    index = GeneIndex(names, ids)
    return [index.names[i] for i in index.search(query, **options)]


def test_prefixes_come_first_then_parts():
    assert found("mbp") == ["Mbp", "MBPx", "Xmbp2"]


def test_case_does_not_matter_and_blanks_are_ignored():
    assert found(" MOBP ") == found("mobp") == ["Mobp"]


def test_ids_are_found_whole_and_in_part():
    assert found("ensg05") == ["Xmbp2"]
    assert found("g07") == ["mt-Co1"]
    assert len(found("ensg")) == 6


def test_a_query_never_matches_across_two_genes():
    assert found("ensg01mbpx") == []
    assert found("p\tens") == []
    assert found("3\nm") == []


def test_an_exact_name_is_first_and_each_gene_comes_once():
    names = [f"A{i}" for i in range(200)]
    hits = found("a1", names, [f"xa1{i}" for i in range(200)])
    assert hits[0] == "A1"
    assert len(hits) == len(set(hits)) == BEST


def test_nothing_typed_lists_the_first_genes_in_order():
    assert found("") == ["Mbp", "MBPx", "Mobp", "mt-Co1", "Plp1", "Xmbp2"]


@pytest.fixture
def search(qtbot):
    box = QWidget()
    layout = QVBoxLayout(box)
    search = GeneSearch()
    layout.addWidget(search)
    layout.addStretch(1)
    box.resize(300, 400)
    qtbot.addWidget(box)
    search.set_genes(NAMES, IDS)
    search.set_gene("Plp1")
    with qtbot.waitExposed(box):
        box.show()
    search.chose = []
    search.chosen.connect(search.chose.append)
    search.box = box
    search.edit.setFocus()
    search.edit.selectAll()
    return search


def shown(search):
    return [search.hits.item(i).data(Qt.ItemDataRole.UserRole) for i in range(search.hits.count())]


def test_typing_shows_matches_below_the_line(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    assert search.hits.isVisible()
    assert shown(search) == ["Mbp", "MBPx", "Xmbp2"]
    assert search.hits.y() > search.edit.y()


def test_enter_takes_the_best_match(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    qtbot.keyClick(search.edit, Qt.Key.Key_Return)
    assert search.chose == ["Mbp"]
    assert search.edit.text() == "Mbp"
    assert not search.hits.isVisible()


def test_arrow_keys_move_and_stay_inside_the_list(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    for key in (Qt.Key.Key_Up, *[Qt.Key.Key_Down] * 5, Qt.Key.Key_Up, Qt.Key.Key_Return):
        qtbot.keyClick(search.edit, key)
    assert search.chose == ["MBPx"]


def test_down_without_a_query_lists_genes(search, qtbot):
    qtbot.keyClick(search.edit, Qt.Key.Key_Down)
    assert len(shown(search)) == 6


def test_a_click_chooses(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    at = search.hits.visualItemRect(search.hits.item(2)).center()
    qtbot.mouseClick(search.hits.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert search.chose == ["Xmbp2"]
    assert not search.hits.isVisible()


def test_esc_clears_and_chooses_nothing(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    qtbot.keyClick(search.edit, Qt.Key.Key_Escape)
    assert search.edit.text() == ""
    assert not search.hits.isVisible()
    assert search.chose == []
    assert search.gene() == "Plp1"


def test_no_match_is_said_and_cannot_be_chosen(search, qtbot):
    qtbot.keyClicks(search.edit, "zzz")
    assert "zzz" in search.hits.item(0).text()
    qtbot.keyClick(search.edit, Qt.Key.Key_Return)
    at = search.hits.visualItemRect(search.hits.item(0)).center()
    qtbot.mouseClick(search.hits.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert search.chose == []


def test_leaving_shows_the_gene_of_the_map_again(search, qtbot):
    qtbot.keyClicks(search.edit, "mb")
    QApplication.sendEvent(search.edit, QFocusEvent(QEvent.Type.FocusOut))
    assert search.edit.text() == "Plp1"
    assert not search.hits.isVisible()
