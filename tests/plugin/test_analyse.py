"""The page Analyse: regions, domains, spatial genes, patterns and pathways, by mouse and keys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gestures import LEFT, click, come_to
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_stentrans.analysis import read_gmt
from napari_stentrans.annotation import Annotation
from napari_stentrans.plugin.jobs import analyses
from napari_stentrans.plugin.panels.analyse.page import AnalysePage
from napari_stentrans.progress import Progress, drain
from napari_stentrans.section import Section


@pytest.fixture
def page(loaded):
    return loaded.pages.page(AnalysePage)


@pytest.fixture
def read_sets(qtbot, tmp_path, monkeypatch):
    """Choose a file of gene sets in the menu of the button."""

    def read_sets(page, sets):
        path = tmp_path / "own.gmt"
        path.write_text("\n".join("\t".join([name, "", *of]) for name, of in sets.items()))
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
        come_to(qtbot, page.asks.sets)
        page.asks.sets.menu().actions()[0].trigger()
        qtbot.waitUntil(lambda: page.asks.sets.value is not None)

    return read_sets


@pytest.fixture
def ask(qtbot):
    """Press what begins an analysis, and wait for what it comes to."""

    def ask(page, kind):
        click(qtbot, page.asks.begins[kind])
        qtbot.waitUntil(lambda: not page.jobs.busy)
        return page.model.found.get(kind)

    return ask


@pytest.fixture
def done(loaded, qtbot, ready):
    """The dock with a result by kriging, of a section that lost nine spots."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    loaded._layers.paint.paint_spots(np.arange(loaded._layers.model.section.n_spots) < 9)
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    return loaded


@pytest.fixture
def halved(page, qtbot, loaded):
    """Two named regions: the left and the right half of the section."""
    section = loaded._layers.model.section
    right = section.xy[:, 0] > np.median(section.xy[:, 0])
    page.named.show_annotation(Annotation(("left", "right"), right.astype(np.int32)))
    return page


def click_row(qtbot, table, name):
    """Click the row of a table."""
    at = table.rows.index(table.rows.row(name), 0)
    table.scrollTo(at)
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(at).center())


def titles(table):
    """Titles of the columns of a table, from left to right."""
    header = range(table.rows.columnCount())
    return [table.rows.headerData(at, Qt.Orientation.Horizontal) for at in header]


def test_without_a_section_nothing_can_be_asked(dock):
    page = dock.pages.page(AnalysePage)
    for made in page.asks.begins.values():
        assert not made.isEnabled()
        assert "Open a section first" in made.toolTip()


def test_domains_become_regions_that_can_be_painted_and_named(page, ask, qtbot, loaded):
    page.asks.n_domains.setValue(3)
    found = ask(page, "domains")
    model = loaded._layers.model
    assert model.annotation.names == ("Domain 1", "Domain 2", "Domain 3")
    assert loaded._layers.regions is not None
    assert list(found.table["sites"]) == list(model.annotation.counts.values())
    assert "3 domains" in page.words.text()
    assert page.tab.isVisible()
    rows = page.named.list.rows
    assert [row.text(0) for row in rows.values()] == list(model.annotation.names)
    assert page.named.list.rows[1].text(1) == str(model.annotation.counts["Domain 1"])
    rows[1].setText(0, "cortex")
    qtbot.waitUntil(lambda: "cortex" in model.annotation.names)
    assert "cortex" in [page.asks.one.itemText(i) for i in range(page.asks.one.count())]
    assert set(model.section.adata.obs["region"].cat.categories) == set(model.annotation.names)


def test_paint_moves_spots_from_one_region_to_another(halved, qtbot, loaded):
    model, layer = loaded._layers.model, loaded._layers.regions
    before = model.annotation.counts
    click(qtbot, halved.named.tools["paint"])
    assert layer.mode == "paint"
    assert loaded.viewer.layers.selection.active is layer
    section = model.section
    spot = int(np.flatnonzero(model.annotation.spots("left"))[0])
    halved.named.list.setCurrentItem(halved.named.list.rows[2])
    assert layer.selected_label == 2
    cells = section.raster.paint(np.arange(section.n_spots) == spot)
    layer.data_setitem(np.nonzero(cells), layer.selected_label)
    qtbot.waitUntil(lambda: model.annotation.counts["right"] == before["right"] + 1)
    assert model.annotation.counts["left"] == before["left"] - 1


def test_a_region_is_begun_with_a_click_and_painted(page, qtbot, loaded):
    come_to(qtbot, page.named.new)
    qtbot.mouseClick(page.named.new, LEFT)
    layers = loaded._layers
    assert layers.regions is not None
    section = layers.model.section
    cells = section.raster.paint(np.arange(section.n_spots) < 20)
    layers.regions.data_setitem(np.nonzero(cells), layers.regions.selected_label)
    qtbot.waitUntil(lambda: sum(layers.model.annotation.counts.values()) == 20)


def test_regions_are_compared_and_a_click_shows_the_gene(
    halved, ask, qtbot, loaded, tmp_path, monkeypatch
):
    found = ask(halved, "compare")
    assert {"log2_fold_change", "pvalue", "fdr", "pvalue_wilcoxon"} <= set(found.table)
    assert "left" in halved.words.text()
    assert "Wilcoxon" in halved.words.text()
    plot = halved.tab.plot
    assert plot.isVisible()
    labels = [loaded._layers.model.section.gene_label(str(gene)) for gene in found.table.index]
    strongest = found.table["pvalue"].argsort(kind="stable").to_numpy()
    qtbot.waitUntil(lambda: bool(plot.named()))
    assert plot.named()[0] == labels[strongest[0]]
    assert halved.tab.table.verticalScrollBar().value() == 0
    gene = str(found.table.index[3])
    click_row(qtbot, halved.tab.table, gene)
    qtbot.waitUntil(lambda: loaded._layers.model.gene == gene)
    across, up = halved.tab.plot.marked()
    assert across == pytest.approx(found.table.loc[gene, "log2_fold_change"])
    assert up == pytest.approx(-np.log10(found.table.loc[gene, "pvalue"]))
    path = tmp_path / "compared.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    click(qtbot, halved.tab.save)
    saved = pd.read_csv(path, index_col=0)
    assert list(saved.index) == list(found.table.index)
    np.testing.assert_allclose(saved["pvalue"], found.table["pvalue"], rtol=1e-4)


def test_one_region_is_not_compared_with_itself(halved, ask, qtbot, loaded):
    assert halved.asks.one.currentData() == "left"
    halved.asks.other.setCurrentIndex(halved.asks.other.findData("left"))
    assert ask(halved, "compare") is None
    assert "itself" in loaded.message.text()
    assert halved.asks.begins["compare"].isEnabled()


def test_spatial_genes_are_of_what_was_measured(page, ask, loaded):
    found = ask(page, "spatial")
    assert found.words == page.words.text()
    assert "vary in space" in found.words
    assert found.table["pvalue"].is_monotonic_increasing
    assert page.tab.table.rows.rowCount() == len(found.table)


def test_spatial_genes_after_a_run_stand_beside_those_before(done, ask, qtbot):
    page = done.pages.page(AnalysePage)
    assert page.asks.after.isEnabled()
    click(qtbot, page.asks.after)
    assert page.asks.after.isChecked()
    found = ask(page, "spatial")
    assert {"fdr", "fdr_before", "pvalue_hidden"} <= set(found.table)
    assert found.words == page.words.text()
    model = done._layers.model
    lost = ~model.enhancement.sites.measured[: model.section.n_spots]
    scope = {"section": model.section, "result": model.enhancement}
    exec(found.python, scope)
    pd.testing.assert_frame_equal(scope["found"].table, found.table)
    assert scope["found"].n_sites == (~lost & (model.section.totals > 0)).sum()


def test_without_a_result_there_is_no_after(page, loaded):
    assert not page.asks.after.isEnabled()
    assert "First run" in page.asks.after.toolTip()


def test_regions_are_described_with_the_gene_that_is_shown(halved, ask, loaded):
    model = loaded._layers.model
    found = ask(halved, "regions")
    assert list(found.table.index) == ["left", "right"]
    assert model.section.gene_label(model.gene) in halved.words.text()
    inside = model.annotation.spots("left")
    assert found.table.loc["left", "mean"] == pytest.approx(
        model.section.gene_lognorm(model.gene)[inside].mean(), rel=1e-5
    )
    assert found.table.loc["left", "spots"] == inside.sum()
    scope = {"section": model.section, "annotation": model.annotation}
    exec(found.python, scope)
    assert list(scope["found"].index) == ["left", "right"]


def test_sets_that_go_together_are_told_before_and_after(done, ask, qtbot, read_sets):
    page = done.pages.page(AnalysePage)
    genes = list(done._layers.model.section.genes)
    read_sets(page, {"one": genes[:8], "other": genes[8:16]})
    found = ask(page, "coherent")
    assert {"coherence_before", "coherence_after", "fdr_after"} <= set(found.table)
    assert "as measured" in page.words.text()
    assert "enhanced" in page.words.text()
    assert page.tab.table.rows.rowCount() == 2
    click_row(qtbot, page.tab.table, "other")
    qtbot.waitUntil(lambda: done._layers.found is not None)
    assert "other" in done._layers.found.name


def test_a_pattern_is_seen_and_goes_when_a_gene_is_chosen(page, ask, qtbot, loaded):
    page.asks.n_patterns.setValue(2)
    found = ask(page, "patterns")
    layers, name = loaded._layers, "Pattern 1"
    click_row(qtbot, page.tab.table, name)
    layer = layers.found
    assert layer.visible
    assert name in layer.name
    expected = layers.model.section.raster.draw(found.maps.values(name))
    np.testing.assert_array_equal(layer.data, expected)
    genes = set(found.inner.index[found.inner["pattern"] == name])
    assert page.tab.genes.rows.rowCount() == len(genes)
    gene = next(gene for gene in sorted(genes) if gene != layers.model.gene)
    click_row(qtbot, page.tab.genes, gene)
    qtbot.waitUntil(lambda: layers.model.gene == gene)
    assert layers.found is None


def test_gene_sets_of_a_file_are_drawn_as_maps(page, ask, qtbot, loaded, read_sets):
    assert not page.asks.begins["pathways"].isEnabled()
    genes = list(loaded._layers.model.section.genes)
    sets = {f"set {i}": genes[12 * i : 12 * i + 12] for i in range(3)}
    read_sets(page, sets)
    assert "own" in page.asks.sets.text()
    found = ask(page, "pathways")
    assert set(found.table.index) == set(sets)
    click_row(qtbot, page.tab.table, "set 1")
    assert "set 1" in loaded._layers.found.name


def test_a_set_stands_out_in_the_genes_of_a_pattern(page, ask, qtbot, loaded, read_sets):
    page.asks.n_patterns.setValue(2)
    patterns = ask(page, "patterns")
    assert not page.asks.begins["enriched"].isEnabled()
    assert "gene sets first" in page.asks.begins["enriched"].toolTip()
    members = list(patterns.inner.index[patterns.inner["pattern"] == "Pattern 1"])
    others = [gene for gene in loaded._layers.model.section.genes if gene not in members]
    mixed = [*members[:1], *others[: len(members) - 1]]
    read_sets(page, {"planted": members, "mixed": mixed})
    click_row(qtbot, page.tab.table, "Pattern 1")
    found = ask(page, "enriched")
    assert found.table.loc["planted", "fdr"] < 0.05 < found.table.loc["mixed", "fdr"]
    assert "the genes of Pattern 1" in page.words.text()


def test_a_script_does_the_same_again(dock, qtbot, section, tmp_path, ask):
    path = tmp_path / "section.h5ad"
    section.adata.write_h5ad(path)
    dock.open(path)
    qtbot.waitUntil(lambda: dock._layers is not None)
    page = dock.pages.page(AnalysePage)
    page.asks.n_domains.setValue(3)
    qtbot.waitUntil(lambda: page.asks.begins["domains"].isEnabled())
    found = ask(page, "domains")
    click(qtbot, page.copy)
    script = QApplication.clipboard().text()
    scope = {}
    exec(script.replace("print(", "shown = ("), scope)
    np.testing.assert_array_equal(list(scope["found"].sizes.values()), found.table["sites"])


def test_sets_are_looked_for_among_the_genes_that_were_analysed(section, tmp_path):
    """Genes seen in lost spots only are no background; the script says so too."""
    lost = np.arange(section.n_spots) % 10 == 0
    adata = section.adata.copy()
    counts = adata.X.tolil()
    counts[np.flatnonzero(~lost), 3] = 0
    adata.X = counts.tocsr()
    section = Section.from_anndata(adata)
    shown = drain(analyses.patterns(section, lost, 2))
    genes = [str(gene) for gene in section.genes]
    path = tmp_path / "own.gmt"
    path.write_text(
        "\n".join(["\t".join(["few", "", *genes[:6]]), "\t".join(["more", "", *genes])])
    )
    found = drain(analyses.enriched(shown, "", read_gmt(path), f"read_gmt({str(path)!r})"))
    seen = int((np.asarray(section.counts[~lost].sum(0)) > 0).sum())
    assert found.table.loc["more", "genes"] == seen
    scope = {"section": section}
    exec(found.python, scope)
    np.testing.assert_array_equal(scope["enriched"].table["genes"], found.table["genes"])
    drawn = drain(found.map_later("few"))
    assert np.isnan(drawn.values("few")[lost]).all()


@pytest.mark.parametrize("work", [analyses.domains, analyses.patterns])
def test_lost_spots_take_no_part_and_a_script_leaves_them_out(section, work):
    lost = np.arange(section.n_spots) % 10 == 0
    found = drain(work(section, lost, 3))
    shown = found.maps.values(found.table.index[0])
    assert np.isnan(shown[lost]).all()
    assert np.isfinite(shown[~lost]).all()
    scope = {"section": section}
    exec(found.python, scope)
    np.testing.assert_array_equal(scope["lost"], lost)
    again = scope["found"].maps
    np.testing.assert_array_equal(again.spots, np.flatnonzero(~lost))


def test_an_analysis_can_be_cancelled(page, qtbot, loaded):
    click(qtbot, page.asks.begins["domains"])
    assert page.jobs.busy
    assert page.cancel.isVisible()
    assert not page.asks.begins["patterns"].isEnabled()
    qtbot.mouseClick(page.cancel, LEFT)
    qtbot.waitUntil(lambda: not page.jobs.busy)
    assert "domains" not in loaded._layers.model.found
    assert not page.cancel.isVisible()
    assert page.asks.begins["domains"].isEnabled()


@pytest.mark.high_dpi
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_page_fits_without_scrolling(halved, qtbot, loaded, theme):
    loaded.viewer.theme = theme
    loaded.viewer.window.resize(1280, 800)
    loaded.pages.show_page(halved)
    qtbot.wait(100)
    area = loaded.pages.widget(loaded.pages.currentIndex())
    assert area.verticalScrollBar().maximum() == 0
    assert halved.minimumSizeHint().width() <= area.viewport().width()


def test_a_file_of_regions_says_how_many_there_are(page, loaded, qtbot, tmp_path, monkeypatch):
    names = loaded._layers.model.section.adata.obs_names
    path = tmp_path / "labels.csv"
    pd.Series(
        ["one", "two"] * (len(names) // 2), names[: len(names) // 2 * 2], name="label"
    ).to_csv(path, index_label="barcode")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    page.named._menu.aboutToShow.emit()
    menu = page.named.source.menu().actions()
    assert not any("array" in action.text() for action in menu)
    menu[0].trigger()
    qtbot.waitUntil(lambda: page.named.annotation is not None)
    assert page.named.annotation.names == ("one", "two")
    assert "2 regions of" in loaded.message.text()
    assert path.name in loaded.message.text()


def test_named_regions_that_are_in_no_file_are_said_to_be_unsaved(halved, loaded, qtbot, tmp_path):
    parts = loaded._layers.model.unsaved
    assert parts.parts == ["named regions"]
    parts.keep(parts.state())
    assert parts.parts == []
    halved.named.list.rows[1].setText(0, "cortex")
    qtbot.waitUntil(lambda: parts.parts == ["named regions"])


def test_named_regions_come_back_with_a_session(dock, section, qtbot, tmp_path, monkeypatch, ready):
    path, kept = tmp_path / "section.h5ad", tmp_path / "kept.stentrans"
    section.adata.write_h5ad(path)
    dock.open(path)
    qtbot.waitUntil(lambda: dock._layers is not None and dock.context.phase.idle)
    page = dock.pages.page(AnalysePage)
    halves = (np.arange(section.n_spots) % 2).astype(np.int32)
    page.named.show_annotation(Annotation(("odd", "even"), halves))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(kept), ""))
    dock.save_session()
    ready(dock)
    first = dock._layers
    assert first.model.unsaved.parts == []
    dock.open_session(kept)
    qtbot.waitUntil(lambda: dock._layers is not first and page.asks.one.count() == 2)
    ready(dock)
    assert [row.text(0) for row in page.named.list.rows.values()] == ["odd", "even"]
    assert page.asks.begins["compare"].isEnabled()
    assert dock._layers.model.unsaved.parts == []


def test_what_begins_as_another_returns_is_at_work(page, qtbot):
    jobs, seen = page.jobs, []

    def work(what):
        yield Progress(what, 0, 1)
        return what

    def go_on(first):
        jobs.start(lambda: work("second"), seen.append)
        seen.extend([first, jobs.busy])

    jobs.start(lambda: work("first"), go_on)
    qtbot.waitUntil(lambda: "second" in seen)
    assert seen == ["first", True, "second"]
    qtbot.waitUntil(lambda: not jobs.busy)
