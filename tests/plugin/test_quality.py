"""The check of a result, and the preview before it, by mouse and keys in a real window."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gestures import click, come_to, open_tab, save_result
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.evaluation.quality import quality_steps
from napari_stentrans.evaluation.verdict import HARDLY
from napari_stentrans.method_table import METHODS
from napari_stentrans.methods.base import Prediction
from napari_stentrans.methods.by_factors import by_factors
from napari_stentrans.methods.kriging import Kriging
from napari_stentrans.plugin.jobs.job import Preview, run_steps
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.trust import Trust
from napari_stentrans.plugin.panels.result.quality_table import QualityTable
from napari_stentrans.progress import Progress, drain


class Gated:
    """A predictor that goes on when it is let, and predicts twice the kriged value."""

    scale = "lognorm"
    gate = threading.Event()

    def __init__(self, config, lattice):
        self._kriging = Kriging(config, lattice)

    def fit(self, xy, values):
        while not self.gate.is_set():
            yield Progress("waiting", 0, 1)
            time.sleep(0.01)
        yield from self._kriging.fit(xy, values)

    def predict(self, xy, columns):
        mean, _ = yield from self._kriging.predict(xy, columns)
        return Prediction(2 * mean, None)


@pytest.fixture
def gate(monkeypatch):
    """Holds the method "published" until it is set; every run of it, also that of a check."""
    Gated.gate.clear()
    method = METHODS["published"]
    other = replace(method, run=by_factors(Gated), n_factors=20, costly=False)
    monkeypatch.setitem(METHODS, "published", other)
    yield Gated.gate
    Gated.gate.set()


def choose(qtbot, dock, method):
    box = dock.enhance.form.method
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findData(method)):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == method


def run_and_check(qtbot, dock):
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(lambda: dock._layers.model.quality is not None, timeout=30_000)
    qtbot.waitUntil(lambda: dock.phase is Phase.READY)
    return dock._layers.model.quality


# ---- the check


def test_a_run_is_checked_by_itself_and_the_answer_is_shown_and_saved(
    loaded, section, qtbot, tmp_path, monkeypatch
):
    layers, panel = loaded._layers, loaded.quality
    lost = np.linalg.norm(section.xy - section.xy[0], axis=1).argsort() < 20
    layers.paint.paint_spots(lost)
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: loaded.phase is Phase.CHECKING, timeout=30_000)
    assert "about as long as the run" in panel.words.text()
    assert "Checking how good it is here" in loaded.enhance.progress.words.text()
    assert loaded.enhance.progress.bar.isVisible()
    assert loaded.enhance.run.isEnabled()
    assert loaded.export.kinds["everything"].isEnabled()
    quality = run_and_check_ended(qtbot, loaded)
    assert not loaded.enhance.progress.bar.isVisible()

    expected = drain(quality_steps(section, layers.model.enhancement.record)).table
    pd.testing.assert_frame_equal(quality.table, expected)
    assert 0 < quality.hidden <= 0.2 * (section.n_spots - 20)
    assert f"{quality.hidden} spots that were hidden" in panel.words.text()
    assert f"correlation {quality.typical(quality.method):.2f}" in panel.words.text()
    assert open_tab(qtbot, loaded, "scatter").plot.isVisible()
    tab = open_tab(qtbot, loaded, "table")
    assert tab.table.rows.rowCount() == len(expected)

    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "mine"), "")
    )
    click(qtbot, tab.save)
    written = pd.read_csv(tmp_path / "mine.csv", index_col="gene")
    pd.testing.assert_frame_equal(written, expected.round(4), check_names=False)
    save_result(qtbot, loaded)
    qtbot.waitUntil(lambda: "mine.h5ad" in loaded.message.text(), timeout=30_000)
    found = json.loads((tmp_path / "mine.run.json").read_text())["quality"]
    assert found["spots_hidden"] == quality.hidden
    assert found["methods"]["linear"]["pcc_svg_median"] == pytest.approx(
        quality.typical("linear"), abs=1e-4
    )


def in_view(table, gene):
    """Whether the row of a gene is marked and seen."""
    row = table.rows.row(gene)
    seen = table.viewport().rect().contains(table.visualRect(table.rows.index(row, 0)))
    return seen and {index.row() for index in table.selectedIndexes()} == {row}


def run_and_check_ended(qtbot, dock):
    qtbot.waitUntil(lambda: dock.phase is Phase.READY, timeout=30_000)
    assert dock._layers.model.quality is not None
    return dock._layers.model.quality


def test_a_gene_is_shown_by_its_row_and_marked_wherever_it_was_chosen(loaded, qtbot):
    quality = run_and_check(qtbot, loaded)
    panel, page = loaded.quality, loaded.result
    open_tab(qtbot, loaded, "scatter")
    table = open_tab(qtbot, loaded, "table").table
    assert in_view(table, loaded._layers.model.gene)
    best, worst = quality.table["correlation"].idxmax(), quality.table["correlation"].idxmin()

    header = table.horizontalHeader()
    third = QPoint(header.sectionPosition(1) + 10, header.height() // 2)
    for expected in (worst, best, worst):
        if table.rows.name(0) != expected:
            qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=third)
        assert table.rows.name(0) == expected
        table.scrollToTop()
        at = table.visualRect(table.rows.index(0, 0)).center()
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
        assert loaded._layers.model.gene == expected
        assert loaded.data.search.edit.text() == expected
        assert panel.of_gene.text().startswith(f"{expected}:")
        row = quality.table.loc[expected]
        open_tab(qtbot, loaded, "scatter")
        assert page.scatter.plot.marked() == pytest.approx((row["linear"], row["correlation"]))
        open_tab(qtbot, loaded, "table")

    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert loaded._layers.model.gene == table.rows.name(1)

    losing = quality.table["gain"].where(quality.table["linear"] > HARDLY).idxmin()
    quality.table.loc[losing, "correlation"] = quality.table.loc[losing, "linear"]
    loaded.show_gene(losing)
    assert "no better than linear interpolation here" in panel.of_gene.text()
    assert table.currentIndex().row() == table.rows.row(losing)
    assert table.selectedIndexes()

    click(qtbot, page.opens["table"])
    assert not table.isVisible()
    for gene in (best, worst):
        loaded.show_gene(gene)
        open_tab(qtbot, loaded, "table")
        assert in_view(table, gene)
        click(qtbot, page.opens["table"])
        assert not table.isVisible()


def test_a_check_gives_way_to_whatever_a_person_begins(
    loaded, section, square_section, load, gate, qtbot
):
    layers, panel = loaded._layers, loaded.quality
    choose(qtbot, loaded, "published")
    loaded.enhance.form.setValue(EnhanceConfig(method="published"))

    def begin():
        click(qtbot, loaded.enhance.run)
        qtbot.waitUntil(lambda: loaded.phase is Phase.RUNNING)
        gate.set()
        qtbot.waitUntil(lambda: loaded.phase is Phase.CHECKING, timeout=30_000)

    layers.model.runs.changed.connect(gate.clear)  # so that the check is held
    begin()
    result = layers.model.enhancement
    loaded.show_gene("Gene3")
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene("Gene3").mean))
    click(qtbot, loaded.bar.views["side_by_side"])
    assert layers.model.view == "side_by_side"

    click(qtbot, loaded.enhance.cancel)
    qtbot.waitUntil(lambda: loaded.phase is Phase.READY)
    assert layers.model.enhancement is result
    assert layers.model.quality is None
    click(qtbot, panel.check)
    assert loaded.phase is Phase.CHECKING
    assert not panel.check.isVisible()
    begin()
    assert layers.model.enhancement is not result
    load(loaded, square_section)
    assert loaded.phase is Phase.READY
    assert not loaded.result.body.isVisible()
    assert layers.model.quality is None
    assert not loaded.message.isVisible()


def test_a_run_of_one_gene_is_checked_by_itself_and_says_what_was_not(loaded, qtbot):
    quality, panel, shown = (
        run_with(qtbot, loaded, "cubic"),
        loaded.quality,
        loaded._layers.model.gene,
    )
    assert list(quality.table.index) == [shown]
    assert f"{shown}: correlation" in panel.words.text()
    assert not open_tab(qtbot, loaded, "table").doubtful.isVisible()
    other = next(gene for gene in loaded._layers.model.section.genes if gene != shown)
    loaded.show_gene(other)
    assert panel.of_gene.text() == f"{other} was not checked: it was not part of the run."


def run_with(qtbot, dock, method):
    choose(qtbot, dock, method)
    return run_and_check(qtbot, dock)


def test_costly_methods_are_checked_only_when_asked(loaded, gate, monkeypatch, qtbot, ready):
    monkeypatch.setitem(METHODS, "published", replace(METHODS["published"], costly=True))
    gate.set()
    panel = loaded.quality
    choose(qtbot, loaded, "published")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: loaded._layers.model.enhancement is not None, timeout=30_000)
    qtbot.waitUntil(lambda: loaded.phase is Phase.READY)
    qtbot.wait(100)
    assert loaded.phase is Phase.READY
    assert "as long as the run" in panel.words.text()
    click(qtbot, panel.check)
    quality = run_and_check_ended(qtbot, loaded)
    assert open_tab(qtbot, loaded, "table").table.rows.rowCount() == len(quality.table)


def listed(table):
    """Names of the genes that the table lists."""
    return [table.rows.name(row) for row in range(table.rows.rowCount())]


def test_only_doubtful_genes_are_listed_and_they_are_those_that_are_warned_of(loaded, qtbot):
    quality, panel = run_and_check(qtbot, loaded), loaded.quality
    tab = open_tab(qtbot, loaded, "table")
    table, genes = tab.table, list(quality.table.index)
    warned = []
    for gene in genes:
        loaded.show_gene(gene)
        assert panel.trust.value in panel.light.text()
        if panel.trust in (Trust.CARE, Trust.DO_NOT):
            warned.append(gene)
    assert 0 < len(warned) < len(genes)
    assert tab.count.text() == f"{len(warned)} of {len(genes)} genes are doubtful (⚠)."
    names = [table.rows.index(row, 0).data() for row in range(len(genes))]
    assert {name.removesuffix(" ⚠") for name in names if name.endswith("⚠")} == {*warned}

    tick(qtbot, tab.doubtful)
    assert sorted(listed(table)) == sorted(warned)
    trusted = next(gene for gene in genes if gene not in warned)
    loaded.show_gene(trusted)
    assert not table.selectedIndexes()
    at = table.visualRect(table.rows.index(1, 0)).center()
    second = table.rows.name(1)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert loaded._layers.model.gene == second
    tick(qtbot, tab.doubtful)
    assert sorted(listed(table)) == sorted(genes)
    assert in_view(table, second)


def tick(qtbot, box):
    """Click the square of a tick box."""
    before = box.isChecked()
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert box.isChecked() != before


def test_a_click_on_a_header_sorts_and_shows_the_top(loaded, qtbot):
    quality, table = run_and_check(qtbot, loaded), open_tab(qtbot, loaded, "table").table
    header = table.horizontalHeader()
    gain = QPoint(header.sectionViewportPosition(3) + 10, header.height() // 2)
    tops = []
    for _ in range(2):
        table.scrollToBottom()
        last = table.rows.index(table.rows.rowCount() - 1, 0)
        assert table.viewport().rect().contains(table.visualRect(last))
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=gain)
        assert table.rowAt(2) == 0
        tops.append(table.rows.name(0))
    assert {*tops} == {quality.table["gain"].idxmin(), quality.table["gain"].idxmax()}


def test_a_section_too_small_to_be_checked_is_said_without_alarm(dock, load, qtbot):
    from napari_stentrans.simulate import simulate_section

    load(dock, simulate_section(50, 30, image=False))
    dock._layers.paint.paint_spots(np.arange(dock._layers.model.section.n_spots) > 4)
    choose(qtbot, dock, "kriging")
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(
        lambda: dock.result.body.isVisible() and dock.phase is Phase.READY, timeout=30_000
    )
    assert "Take a larger section" in dock.quality.words.text()
    assert not dock.message.isVisible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_panel_fits_and_tab_goes_through_it(loaded, qtbot, theme):
    loaded.viewer.theme = theme
    loaded.viewer.window.resize(1280, 800)
    run_and_check(qtbot, loaded)
    page, canvas = loaded.result, loaded.viewer.window._qt_viewer.canvas.native
    tab, plot = page.scores, open_tab(qtbot, loaded, "scatter").plot
    assert plot.plot.height() > 180
    assert abs(plot.plot.width() - canvas.width()) < 60, "as wide as the canvas"
    open_tab(qtbot, loaded, "table")
    qtbot.wait(50)
    about = (loaded.quality.words, loaded.quality.of_gene, loaded.quality.light)
    for part, inside in ((part, page) for part in about):
        assert part.accessibleName()
        assert part.mapTo(inside, QPoint(part.width(), 0)).x() <= inside.width()
    for part in (tab.count, plot, tab.doubtful, tab.table, tab.save):
        assert part.accessibleName()
    columns = tab.table.horizontalHeader()
    assert columns.length() <= tab.table.viewport().width(), "all columns are seen"
    chain, part = [tab.doubtful], tab.doubtful.nextInFocusChain()
    while len(chain) < 3:
        if part.isVisible() and part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            chain.append(part)
        part = part.nextInFocusChain()
    assert chain == [tab.doubtful, tab.save, tab.table]


def test_many_genes_are_sorted_by_number_and_name(qtbot):
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(
        rng.uniform(-1, 1, (20_000, 3)).round(2),
        index=[f"G{i}" for i in range(20_000)],
        columns=["correlation", "linear", "gain"],
    )
    table = QualityTable()
    qtbot.addWidget(table)
    table.set_scores(scores)
    model = table.rows
    shown = [model.name(row) for row in range(20_000)]
    best_first = scores.sort_values("correlation", ascending=False, kind="stable")
    assert shown == list(best_first.index)
    table.mark("G77")
    table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    gains = scores.loc[[model.name(row) for row in range(20_000)], "gain"]
    assert gains.is_monotonic_increasing
    assert {model.name(index.row()) for index in table.selectedIndexes()} == {"G77"}
    assert model.index(0, 3).data() == f"{scores['gain'].min():+.2f}"


# ---- the preview


def test_a_preview_comes_first_and_is_then_refined(loaded, section, gate, qtbot):
    layers = loaded._layers
    layers.paint.paint_spots(np.arange(section.n_spots) < 10)
    choose(qtbot, loaded, "published")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(
        lambda: "Preview by a smooth map (kriging)" in loaded.result.words.text(), timeout=30_000
    )
    assert "published is at work" in loaded.result.words.text()
    assert loaded.phase is Phase.RUNNING
    assert not loaded.quality.check.isVisible()
    assert loaded.quality.trust is Trust.UNKNOWN
    assert not loaded.export.save.isEnabled()
    mask = np.arange(section.n_spots) < 10
    kriged = enhance(section, mask, EnhanceConfig(method="kriging", upscale=2))
    for gene in (layers.model.gene, "Gene7"):
        loaded.show_gene(gene)
        np.testing.assert_allclose(
            layers.after.data, kriged.raster.draw(kriged.gene(gene).mean), atol=1e-5
        )
    gate.set()
    qtbot.waitUntil(lambda: loaded.phase is not Phase.RUNNING, timeout=30_000)
    assert layers.model.enhancement.record.config.method == "published"
    assert "Preview" not in loaded.result.words.text()
    run_and_check_ended(qtbot, loaded)


def test_a_cancelled_preview_goes_and_the_last_result_comes_back(loaded, gate, qtbot):
    layers = loaded._layers
    before = set(loaded.viewer.layers)

    def preview_and_cancel():
        choose(qtbot, loaded, "published")
        click(qtbot, loaded.enhance.run)
        qtbot.waitUntil(lambda: bool(layers.model.preview_of), timeout=30_000)
        assert layers.after is not None
        click(qtbot, loaded.enhance.cancel)
        qtbot.waitUntil(lambda: loaded.phase is Phase.READY)

    preview_and_cancel()
    assert set(loaded.viewer.layers) == before
    assert layers.model.enhancement is None
    assert layers.before.visible
    assert not loaded.result.body.isVisible()

    loaded.enhance.form.setValue(EnhanceConfig(method="kriging", upscale=1))
    quality = run_and_check(qtbot, loaded)
    result, shown = layers.model.enhancement, layers.after.data.copy()
    loaded.enhance.form.setValue(EnhanceConfig(method="published", upscale=2))
    preview_and_cancel()
    assert layers.model.enhancement is result
    assert layers.model.quality is quality
    np.testing.assert_array_equal(layers.after.data, shown)
    come_to(qtbot, loaded.quality)
    assert loaded.quality.of_gene.isVisible()


def test_a_preview_is_not_left_behind_when_the_dock_is_closed(loaded, gate, qtbot):
    before = set(loaded.viewer.layers)
    viewer, layers = loaded.viewer, loaded._layers
    choose(qtbot, loaded, "published")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: bool(layers.model.preview_of), timeout=30_000)
    viewer.window.remove_dock_widget(loaded)
    assert set(viewer.layers) == before


def test_only_methods_that_take_long_have_a_preview(section, gate):
    gate.set()
    for method, expected in (("kriging", 0), ("nearest", 0), ("published", 1)):
        config = EnhanceConfig(method=method, genes=("Gene1",))
        steps = list(run_steps(section, np.zeros(section.n_spots, bool), config, np.empty((0, 2))))
        previews = [step for step in steps if isinstance(step, Preview)]
        assert len(previews) == expected
        assert all(len(p.enhancement.genes) == len(section.genes) for p in previews)
