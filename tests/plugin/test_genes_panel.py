"""The panel of genes by mouse and keys; what is checked is what the layers show."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from gestures import LEFT, click
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog
from scipy.sparse import csc_matrix

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.plugin.jobs.rankings import Rankings
from napari_stentrans.plugin.layers.section_layers import SectionLayers
from napari_stentrans.plugin.models.app_model import AppModel
from napari_stentrans.plugin.models.gene_index import GeneIndex
from napari_stentrans.plugin.models.gene_lists import GeneLists
from napari_stentrans.plugin.models.gene_names import Kept
from napari_stentrans.plugin.models.maps import PER_SPOT, TOTALS
from napari_stentrans.plugin.panels.bar.view_key import ViewKey
from napari_stentrans.plugin.panels.genes.gene_list import STAR_WIDTH
from napari_stentrans.plugin.panels.genes.gene_search import GeneSearch
from napari_stentrans.plugin.panels.genes.genes_panel import GenesPanel
from napari_stentrans.progress import drain
from napari_stentrans.ranking import most_changed_steps, most_spatial_steps
from napari_stentrans.simulate import simulate_section

DOWN, UP, ENTER = Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return


@pytest.fixture
def layers(section):
    """A section in a viewer without a window."""
    layers = SectionLayers(ViewerModel(), section)
    layers.model.show_gene("Gene1")
    return layers


@pytest.fixture
def make(qtbot):
    """Make a panel for layers, in a window of its own."""
    panels = []

    def make(layers):
        search = GeneSearch()
        search.set_index(GeneIndex.of(layers.model.section))
        rankings = Rankings(search)
        app = AppModel(GeneLists(Kept(), rankings))
        panel = GenesPanel(search, SimpleNamespace(app=app, rankings=rankings))
        panel.geneChosen.connect(layers.model.show_gene)
        panel.set_layers(layers)
        panel.key = ViewKey()
        panel.key.set_layers(layers)
        qtbot.addWidget(panel.key)
        panel.resize(400, 520)
        qtbot.addWidget(panel)
        with qtbot.waitExposed(panel):
            panel.show()
        panels.append(panel)
        return panel

    yield make
    for panel in panels:
        panel.shut_down()


@pytest.fixture
def panel(make, layers):
    return make(layers)


@pytest.fixture(scope="module")
def result(section):
    """The section, enhanced."""
    lost = np.arange(section.n_spots) < 5
    config = EnhanceConfig(method="kriging", upscale=2, device="cpu")
    return enhance(section, lost, config)


def search(qtbot, panel, text):
    panel.search.edit.setFocus()
    panel.search.edit.selectAll()
    qtbot.keyClicks(panel.search.edit, text)


def test_a_list_that_is_not_there_is_refused(loaded):
    with pytest.raises(KeyError, match="no list 'everything': there are search, spatial"):
        loaded.genes.choose_list("everything")


def choose_list(qtbot, panel, title):
    """Move to a list by the keys."""
    qtbot.keyClick(panel.lists, Qt.Key.Key_Home)
    for _ in range(panel.lists.findText(title)):
        qtbot.keyClick(panel.lists, DOWN)
    assert panel.lists.currentText() == title


def row_of(panel, name):
    return panel.list.visualRect(panel.list.genes.index(panel.list.names().index(name)))


def assert_drawn(layers, gene):
    section = layers.model.section
    expected = section.raster.draw(section.gene_lognorm(gene))
    np.testing.assert_array_equal(layers.before.data, expected)


# ---- search


def test_typing_lists_hits_and_enter_draws_the_best(panel, layers, qtbot):
    search(qtbot, panel, "gene1")
    assert panel.list.names()[:3] == ["Gene1", "Gene10", "Gene11"]
    assert_drawn(layers, "Gene1")
    search(qtbot, panel, "gnee17")
    qtbot.keyClick(panel.search.edit, DOWN)
    qtbot.keyClick(panel.search.edit, ENTER)
    assert_drawn(layers, "Gene17")
    assert panel.search.edit.text() == "Gene17"
    search(qtbot, panel, "gene17")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert panel.search.edit.text() == "Gene17"  # as it is written


def test_no_key_is_missed_while_old_events_are_kept(old_events, panel, layers, qtbot):
    for gene in ("Gene17", "Gene3", "Gene12"):
        search(qtbot, panel, gene)
        qtbot.keyClick(panel.search.edit, ENTER)
        assert_drawn(layers, gene)
        qtbot.keyClick(panel.search.edit, Qt.Key.Key_Escape)
        assert panel.search.edit.text() == ""


def test_enter_never_takes_another_gene_than_the_one_that_is_typed(panel, layers, qtbot):
    search(qtbot, panel, "GNEE17")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert_drawn(layers, "Gene1")
    assert panel.search.edit.text() == "GNEE17"
    assert panel.words.text().startswith("No GNEE17 here. Similar: Gene17, ")
    choose_list(qtbot, panel, "Favourites")
    qtbot.keyClick(panel.search.edit, ENTER)  # the hits are listed again, to be clicked
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=row_of(panel, "Gene17").center())
    assert_drawn(layers, "Gene17")
    search(qtbot, panel, "zz\u00dc")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert panel.words.text().startswith("No zz\u00dc here. No name is similar to it. For other")
    search(qtbot, panel, "TOTAL counts")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert layers.model.maps.shown == TOTALS


def test_a_whole_name_is_drawn_after_a_pause_and_can_be_typed_on(panel, layers, qtbot):
    search(qtbot, panel, "gene2")
    qtbot.waitUntil(lambda: layers.model.gene == "Gene2")
    assert_drawn(layers, "Gene2")
    assert panel.search.edit.text() == "gene2"
    qtbot.keyClicks(panel.search.edit, "0")
    qtbot.waitUntil(lambda: layers.model.gene == "Gene20")
    assert panel.list.current() == "Gene20"


def test_the_only_name_that_begins_so_is_drawn_after_a_pause(make, qtbot, section):
    adata = section.adata.copy()
    adata.var_names = ["Zfp1", *adata.var_names[1:]]
    layers = SectionLayers(ViewerModel(), replace(section, adata=adata))
    panel = make(layers)
    search(qtbot, panel, "zf")
    qtbot.waitUntil(lambda: layers.model.gene == "Zfp1")
    assert "Zfp1 is shown" in panel.words.text()
    qtbot.keyClick(panel.search.edit, ENTER)
    assert panel.search.edit.text() == "Zfp1"


def test_arrow_keys_draw_each_gene_at_once_from_the_line_and_in_the_list(panel, layers, qtbot):
    search(qtbot, panel, "gene1")
    for key, gene in ((DOWN, "Gene10"), (DOWN, "Gene11"), (UP, "Gene10"), (UP, "Gene1")):
        qtbot.keyClick(panel.search.edit, key)
        assert_drawn(layers, gene)
    panel.list.setFocus()
    qtbot.keyClick(panel.list, DOWN)
    assert_drawn(layers, "Gene10")
    qtbot.keyClick(panel.list, Qt.Key.Key_Home)
    qtbot.keyClick(panel.list, UP)
    assert_drawn(layers, "Gene1")


def test_a_click_draws_a_gene(panel, layers, qtbot):
    search(qtbot, panel, "gene2")
    at = row_of(panel, "Gene21").center()
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=at)
    assert_drawn(layers, "Gene21")


def test_letters_typed_in_the_list_search(panel, layers, qtbot):
    panel.list.setFocus()
    qtbot.keyClick(panel.list, "g")
    assert panel.search.edit.text() == "g"
    qtbot.keyClicks(panel.search.edit, "ene30")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert_drawn(layers, "Gene30")


def test_esc_lists_all_genes_and_leaving_shows_the_gene_of_the_map(panel, layers, qtbot):
    search(qtbot, panel, "gene30")
    qtbot.keyClick(panel.search.edit, Qt.Key.Key_Escape)
    assert panel.search.edit.text() == ""
    assert len(panel.list.names()) == len(layers.model.section.genes) + 2
    QApplication.sendEvent(panel.search.edit, QFocusEvent(QEvent.Type.FocusOut))
    assert panel.search.edit.text() == "Gene1"
    assert_drawn(layers, "Gene1")


def test_no_hit_is_said_and_nothing_is_drawn(panel, layers, qtbot):
    search(qtbot, panel, "zzz")
    assert 'No gene is like "zzz"' in panel.words.text()
    qtbot.keyClick(panel.search.edit, ENTER)
    qtbot.keyClick(panel.search.edit, DOWN)
    assert_drawn(layers, "Gene1")


# ---- favourites and recent genes


def test_stars_are_clicked_and_last(panel, layers, make, qtbot, own_settings):
    search(qtbot, panel, "ene2")
    rect = row_of(panel, "Gene20")
    star = QPoint(rect.left() + STAR_WIDTH // 2, rect.center().y())
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=star)
    assert_drawn(layers, "Gene1")  # a star does not draw
    qtbot.mouseClick(panel.star, LEFT)
    assert json.loads((own_settings / "genes.json").read_text())["favourites"] == [
        "Gene20",
        "Gene1",
    ]
    again = make(layers)
    choose_list(qtbot, again, "Favourites")
    assert again.list.names() == ["Gene20", "Gene1"]
    qtbot.mouseClick(again.star, LEFT)
    assert again.list.names() == ["Gene20"]


def test_favourites_of_other_sections_are_counted(panel, qtbot):
    choose_list(qtbot, panel, "Favourites")
    assert "No favourites yet" in panel.words.text()
    panel.kept.favourites = ["Gene3", "Elsewhere"]
    choose_list(qtbot, panel, "Recent")
    choose_list(qtbot, panel, "Favourites")
    assert panel.list.names() == ["Gene3"]
    assert "1 more, of other sections" in panel.words.text()


def test_genes_that_were_taken_are_recent_and_those_passed_by_are_not(panel, qtbot):
    for gene in ("gene5", "gene6"):
        search(qtbot, panel, gene)
        qtbot.keyClick(panel.search.edit, ENTER)
    search(qtbot, panel, "gene1")
    qtbot.keyClick(panel.search.edit, DOWN)
    qtbot.keyClick(panel.search.edit, DOWN)
    choose_list(qtbot, panel, "Recent")
    assert panel.list.names() == ["Gene6", "Gene5"]


# ---- lists


def drop(panel, *, text="", path=None):
    data = QMimeData()
    if path is not None:
        data.setUrls([QUrl.fromLocalFile(str(path))])
    else:
        data.setText(text)
    held = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(panel.list.viewport(), QDragEnterEvent(QPoint(20, 20), *held))
    QApplication.sendEvent(panel.list.viewport(), QDropEvent(QPointF(20, 20), *held))


def test_a_pasted_list_is_shown_and_unknown_names_are_said(panel, layers, qtbot):
    QApplication.clipboard().setText("Gene7\nFoo\ngene3\n")
    for target in (panel.search.edit, panel.list):
        panel.choose_list("search")
        target.setFocus()
        QTest.keySequence(target, QKeySequence(QKeySequence.StandardKey.Paste))
        assert panel.list.names() == ["Gene7", "Gene3"]
        assert panel.words.text() == "2 genes. 1 is not in this section: Foo."
    qtbot.keyClick(panel.list, DOWN)
    assert_drawn(layers, "Gene7")


def test_one_pasted_name_is_searched_for(panel, qtbot):
    QApplication.clipboard().setText("gene33")
    panel.search.edit.setFocus()
    panel.search.edit.selectAll()
    QTest.keySequence(panel.search.edit, QKeySequence(QKeySequence.StandardKey.Paste))
    assert panel.list.names()[0] == "Gene33"


def test_lists_are_dropped_as_text_and_as_files(panel, qtbot, tmp_path):
    drop(panel, text="Gene9, Gene8")
    assert panel.list.names() == ["Gene9", "Gene8"]
    path = tmp_path / "markers.csv"
    path.write_text("gene,logfc\nGene4,1.5\nGene2,1.1\n")
    drop(panel, path=path)
    assert panel.list.names() == ["Gene4", "Gene2"]
    with qtbot.waitSignal(panel.failed) as told:
        drop(panel, path=tmp_path / "picture.png")
    assert "picture.png" in told.args[0]
    assert panel.list.names() == ["Gene4", "Gene2"]


def test_a_list_is_opened_by_its_button(panel, qtbot, tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("Gene12\nGene13\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "mine.txt"), ""))
    choose_list(qtbot, panel, "My list")
    click(qtbot, panel.popup.open_list)
    assert panel.list.names() == ["Gene12", "Gene13"]


# ---- rankings


def test_the_most_spatial_genes_are_ranked_in_the_background(panel, layers, qtbot):
    choose_list(qtbot, panel, "Most spatial")
    assert panel.list.names() == []
    qtbot.waitUntil(lambda: bool(panel.list.names()))
    ranked = drain(most_spatial_steps(layers.model.section))
    assert panel.list.names() == list(ranked.index)
    qtbot.keyClick(panel.list, Qt.Key.Key_Home)
    qtbot.keyClick(panel.list, DOWN)
    assert_drawn(layers, panel.list.current())
    choose_list(qtbot, panel, "Recent")
    layers.model.show_gene(ranked.index[-1])
    choose_list(qtbot, panel, "Most spatial")
    assert panel.list.names() == list(ranked.index)  # at once
    assert panel.list.current() == ranked.index[-1]  # marked, and the best are seen
    assert panel.list.indexAt(QPoint(30, 5)).row() == 0
    layers.model.show_gene(ranked.index[-2])
    assert panel.list.indexAt(QPoint(30, 5)).row() == 0
    qtbot.keyClick(panel.list, Qt.Key.Key_End)
    assert panel.list.indexAt(QPoint(30, 5)).row() > 0


def test_the_most_changed_genes_follow_the_result(panel, layers, result, qtbot):
    assert panel.lists.findText("Most changed by the run") < 0  # there is no run
    layers.show_enhancement(result)
    choose_list(qtbot, panel, "Most changed by the run")
    qtbot.waitUntil(lambda: bool(panel.list.names()))
    assert panel.list.names() == list(drain(most_changed_steps(result)).index)
    config = EnhanceConfig(method="linear", upscale=2, denoise=False, device="cpu")
    layers.show_enhancement(enhance(layers.model.section, None, config))
    qtbot.waitUntil(lambda: "kept all measured values" in panel.words.text())
    assert panel.list.names() == []


def test_closing_in_the_middle_of_a_ranking_stops_it(make, qtbot):
    layers = SectionLayers(ViewerModel(), simulate_section(400, 3000, image=False))
    panel = make(layers)
    choose_list(qtbot, panel, "Most spatial")
    panel.shut_down()
    qtbot.wait(50)
    assert panel.list.names() == []


# ---- overlays


def blended(section, raster, maps):
    """Colours (row, column, 3) of maps and their limits, by another way."""
    total = np.zeros((*raster.shape, 3))
    for colour, (values, measured) in zip(("ff00ff", "00ff00", "2a2aff"), maps, strict=False):
        top = np.percentile(measured, 99.5)
        share = np.clip(np.nan_to_num(raster.draw(values)) / top, 0, 1)
        total += share[..., None] * [int(colour[i : i + 2], 16) for i in (0, 2, 4)]
    return np.minimum(total, 255)


def test_genes_are_laid_over_each_other_before_and_after(panel, layers, result, qtbot):
    section = layers.model.section
    layers.show_enhancement(result)
    genes = []
    for gene in ("Gene2", "Gene5", "Gene8"):
        search(qtbot, panel, gene)
        qtbot.keyClick(panel.search.edit, ENTER)
        genes.append(gene)
        measured = [section.gene_lognorm(g) for g in genes]
        if len(genes) > 1:
            for layer, raster, maps in (
                (layers.before, section.raster, measured),
                (layers.after, result.raster, [result.gene(g).mean for g in genes]),
            ):
                assert layer.rgb
                expected = blended(section, raster, list(zip(maps, measured, strict=True)))
                np.testing.assert_allclose(layer.data[..., :3], expected, atol=1.01)
                np.testing.assert_array_equal(layer.data[..., 3] > 0, raster.index >= 0)
            qtbot.waitUntil(lambda: [bar.name for bar in panel.key.bar.bars()] == genes)
        if len(genes) < 3:
            click(qtbot, panel.overlay.over)
    assert not panel.overlay.over.isEnabled()
    assert layers.before.name == "Gene2 + Gene5 + Gene8 measured"
    for _ in range(2):
        click(qtbot, panel.overlay.chips[0])
    assert not layers.before.rgb
    assert_drawn(layers, "Gene8")
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene("Gene8").mean))
    assert layers.after.contrast_limits == layers.before.contrast_limits


def test_an_overlay_keeps_what_a_person_chose_of_the_layers(panel, layers, result, qtbot):
    layers.show_enhancement(result)
    layers.before.name, layers.before.opacity, layers.before.colormap = "mine", 0.5, "magma"
    layers.before.visible = True
    order = [layer.name for layer in layers.viewer.layers]
    layers.viewer.layers.selection.active = layers.before
    layers.model.choose_view("side_by_side")
    click(qtbot, panel.overlay.over)
    layers.model.show_gene("Gene4")
    qtbot.waitUntil(lambda: layers.model.view == "side_by_side")
    assert layers.before.rgb
    layers.model.choose_view("after")
    assert [layer.name for layer in layers.viewer.layers] == [
        name.replace("Gene1 ", "Gene1 + Gene4 ")
        if "enhanced" in name
        else name.replace("Gene1 ", "Gene4 ").replace("mine", "Gene1 + Gene4: mine")
        for name in order
    ]
    assert (layers.before.name, layers.before.opacity) == ("Gene1 + Gene4: mine", 0.5)
    assert not panel.look_button.form.colormap.isEnabled()
    assert "each in its own colour" in panel.look_button.form.colormap.toolTip()
    assert layers.viewer.layers.selection.active is layers.before
    click(qtbot, panel.overlay.chips[0])
    assert layers.before.colormap.name == layers.after.colormap.name == "magma"
    layers.before.contrast_limits = (0, 1)
    assert layers.after.contrast_limits == [0, 1]  # linked again


def test_the_difference_survives_an_overlay(panel, layers, result, qtbot):
    layers.show_enhancement(result)
    layers.model.choose_view("difference")
    click(qtbot, panel.overlay.over)
    layers.model.show_gene("Gene4")
    qtbot.waitUntil(lambda: layers.model.view == "difference")
    assert not layers.after.visible
    layers.model.choose_view("after")
    assert layers.after.visible


# ---- look


def unfold(qtbot, panel):
    click(qtbot, panel.look_button)
    assert panel.look_button.form.isVisible()
    return panel.look_button.form


def pick(qtbot, combo, text):
    qtbot.keyClick(combo, Qt.Key.Key_Home)
    for _ in range(combo.findText(text)):
        qtbot.keyClick(combo, DOWN)
    assert combo.currentText() == text


def type_number(qtbot, spin, number):
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, number)
    qtbot.keyClick(spin, ENTER)


def test_counts_or_log_normalised(panel, layers, result, qtbot):
    layers.show_enhancement(result)
    assert panel.key.bar.bars()[0].unit == "expression (log)"
    pick(qtbot, unfold(qtbot, panel).scale, "Counts (linear)")
    section, mean = layers.model.section, result.gene("Gene1").mean
    counts = section.gene_counts("Gene1")
    np.testing.assert_array_equal(layers.before.data, section.raster.draw(counts))
    expected = result.expected_counts(mean[:, None])[:, 0]
    np.testing.assert_allclose(layers.after.data, result.raster.draw(expected), rtol=1e-6)
    assert panel.key.bar.bars()[0].unit == "counts"
    assert panel.key.bar.bars()[0].limits[1] == pytest.approx(np.percentile(counts, 99.5))


def test_the_range_is_in_percentiles_of_the_gene(panel, layers, qtbot):
    look = unfold(qtbot, panel)
    type_number(qtbot, look.high, "80")
    type_number(qtbot, look.low, "20")
    for gene in ("Gene1", "Gene3"):
        layers.model.show_gene(gene)
        expected = np.percentile(layers.model.section.gene_lognorm(gene), [20, 80])
        np.testing.assert_allclose(layers.before.contrast_limits, expected, rtol=1e-5)
    type_number(qtbot, look.low, "95")
    assert look.value().low < look.value().high


@pytest.fixture
def high_layers(section):
    """A section whose first gene is high everywhere."""
    counts = section.counts.toarray()
    counts[:, 0] = counts.sum(1) * np.linspace(1, 3, len(counts))
    adata = section.adata.copy()
    adata.X = csc_matrix(counts.astype(np.float32))
    return SectionLayers(ViewerModel(), replace(section, adata=adata))


def test_a_gene_that_is_high_everywhere_shows_its_differences(high_layers, make, qtbot):
    panel = make(high_layers)
    section, gene = high_layers.model.section, high_layers.model.section.genes[0]
    high_layers.model.show_gene(gene)
    expected = np.percentile(section.gene_lognorm(gene), [1, 99.5])
    assert expected[0] > 1
    np.testing.assert_allclose(high_layers.before.contrast_limits, expected, rtol=1e-5)
    np.testing.assert_allclose(panel.key.bar.bars()[0].limits, expected, rtol=1e-5)
    look = unfold(qtbot, panel)
    qtbot.mouseClick(look.from_zero, LEFT, pos=QPoint(8, 10))
    np.testing.assert_allclose(high_layers.before.contrast_limits, [0, expected[1]], rtol=1e-5)
    assert panel.key.bar.bars()[0].limits[0] == 0
    qtbot.mouseClick(look.from_zero, LEFT, pos=QPoint(8, 10))
    np.testing.assert_allclose(high_layers.before.contrast_limits, expected, rtol=1e-5)
    sparse = section.genes[int(np.argmin(section.counts.mean(0)))]
    high_layers.model.show_gene(sparse)
    assert high_layers.before.contrast_limits[0] == 0


def test_contrast_set_by_hand_is_remembered_for_its_gene(panel, layers, qtbot):
    layers.before.contrast_limits = (0.5, 1.5)
    layers.model.show_gene("Gene3")
    assert layers.before.contrast_limits != [0.5, 1.5]
    layers.model.show_gene("Gene1")
    assert layers.before.contrast_limits == [0.5, 1.5]
    assert panel.key.bar.bars()[0].limits == (0.5, 1.5)
    click(qtbot, unfold(qtbot, panel).follow)
    top = np.percentile(layers.model.section.gene_lognorm("Gene1"), 99.5)
    np.testing.assert_allclose(layers.before.contrast_limits, [0, top], rtol=1e-5)


def test_the_bar_follows_the_layer(panel, layers, qtbot):
    pick(qtbot, unfold(qtbot, panel).colormap, "magma")
    assert layers.before.colormap.name == "magma"
    layers.before.contrast_limits = (0, 2)
    layers.before.colormap = "gray"
    (bar,) = panel.key.bar.bars()
    assert bar.limits == (0, 2)
    np.testing.assert_allclose(bar.colours[-1, :3], 1, atol=0.01)
    layers.model.show_gene("Gene3")
    assert layers.before.colormap.name == "gray"


# ---- sums


def test_total_counts_and_genes_per_spot_are_maps(panel, layers, result, qtbot):
    layers.show_enhancement(result)
    section = layers.model.section
    look = unfold(qtbot, panel)
    pick(qtbot, look.scale, "Counts (linear)")
    search(qtbot, panel, "total counts")
    qtbot.keyClick(panel.search.edit, ENTER)
    assert panel.search.edit.text() == TOTALS
    np.testing.assert_array_equal(
        layers.before.data, section.raster.draw(section.totals.astype(np.float32))
    )
    np.testing.assert_array_equal(
        layers.after.data, result.raster.draw(result.totals.astype(np.float32))
    )
    search(qtbot, panel, "genes PER spot")
    qtbot.keyClick(panel.search.edit, ENTER)
    seen = np.asarray((section.counts > 0).sum(1)).ravel().astype(np.float32)
    np.testing.assert_array_equal(layers.before.data, section.raster.draw(seen))
    assert np.isnan(layers.after.data).all()
    assert panel.key.bar.bars()[0].unit == "genes"
    assert layers.model.gene == "Gene1"  # a run for one gene still has one
    assert layers.before.name == f"{PER_SPOT} measured"


# ---- in the dock


def test_keys_of_the_canvas_search_step_and_keep_genes(loaded, qtbot):
    canvas = loaded.viewer.window._qt_viewer.canvas.native
    layers, panel = loaded._layers, loaded.genes
    loaded.show_gene("Gene1")
    loaded.window().activateWindow()
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    for keys, gene in (("N", "Gene10"), ("N", "Gene11"), ("Shift+N", "Gene10")):
        QTest.keySequence(canvas, QKeySequence(keys))
        assert_drawn(layers, gene)
    QTest.keySequence(canvas, QKeySequence("Ctrl+D"))
    assert panel.kept.favourites == ["Gene10"]
    QTest.keySequence(canvas, QKeySequence("Ctrl+L"))
    QTest.keySequence(canvas, QKeySequence("N"))
    assert layers.before.rgb
    QTest.keySequence(canvas, QKeySequence("/"))
    qtbot.waitUntil(panel.search.edit.hasFocus)


def test_the_run_of_the_shown_gene_is_that_of_the_last_gene(loaded, qtbot, ready):
    loaded.show_gene("Gene3")
    loaded.show_gene(TOTALS)
    form = loaded.enhance.form
    qtbot.keyClick(form.method, Qt.Key.Key_Home)
    for _ in range(form.method.findData("linear")):
        qtbot.keyClick(form.method, DOWN)
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    assert list(loaded._layers.model.enhancement.genes) == ["Gene3"]
    assert loaded.genes.search.edit.text() == TOTALS
    assert not loaded.message.isVisible()


def test_favourites_that_cannot_be_kept_are_told(loaded, own_settings):
    own_settings.parent.mkdir(exist_ok=True)
    own_settings.write_text("a file where the folder should be")
    loaded.genes.toggle_favourite("Gene5")
    assert "Favourites cannot be kept for the next time" in loaded.message.text()
    assert loaded.genes.kept.favourites == ["Gene5"], "for this time they are"
