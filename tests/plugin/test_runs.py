"""Runs that are kept, by mouse and keys; what is checked is what comes out in the layers."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import anndata as ad
import numpy as np
import pytest
from gestures import LEFT, click, come_to, compare_with, export_page, save_result, use_menu
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_stentrans import cost
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.enhancement import Enhancement, GeneMap
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.result.run_list import local_time
from napari_stentrans.rounding import ROUNDING, difference

EQUAL = "No difference beyond rounding at the sites that both know."


def run(qtbot, dock, ready):
    click(qtbot, dock.enhance.run)
    ready(dock)


def choose(qtbot, names, row):
    at = names.visualItemRect(names.item(row)).center()
    qtbot.mouseClick(names.viewport(), LEFT, pos=QPoint(20, at.y()))


def kept(dock):
    names = dock.result.runs.list
    return [names.item(i).text() for i in range(names.count())]


@pytest.fixture
def two_runs(loaded, qtbot, ready):
    """The dock with two runs, 2x and 1x, and what each showed."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    shown = []
    run(qtbot, loaded, ready)
    shown.append(loaded._layers.after.data.copy())
    click(qtbot, form.double)
    run(qtbot, loaded, ready)
    shown.append(loaded._layers.after.data.copy())
    return loaded, shown


def test_runs_are_kept_by_name_and_a_click_shows_one(two_runs, qtbot):
    dock, shown = two_runs
    assert kept(dock) == ["Run 1: kriging, 2×", "Run 2: kriging"]
    names = dock.result.runs.list
    assert names.currentRow() == 1
    choose(qtbot, names, 0)
    np.testing.assert_array_equal(dock._layers.after.data, shown[0])
    assert "553 sites" in dock.result.words.text()
    qtbot.keyClick(names, Qt.Key.Key_Down)
    np.testing.assert_array_equal(dock._layers.after.data, shown[1])


def test_paint_becomes_an_outline_at_every_run_and_solid_when_it_is_painted(loaded, qtbot, ready):
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    for _ in range(2):
        click(qtbot, loaded.lost.new)
        assert loaded._layers.lost.contour == 0
        run(qtbot, loaded, ready)
        layers = loaded._layers
        assert layers.lost.contour > 0
        spot = layers.model.section.lattice.spacing / layers.model.section.raster.pixel
        assert 2 * layers.lost.contour < spot, "what was filled at a single spot is seen"


def test_the_gene_switch_drives_the_run_that_is_shown(two_runs, qtbot):
    dock, _ = two_runs
    dock.show_gene("Gene3")
    choose(qtbot, dock.result.runs.list, 0)
    first = next(iter(dock._layers.model.runs)).enhancement
    np.testing.assert_array_equal(
        dock._layers.after.data, first.raster.draw(first.gene("Gene3").mean)
    )


def test_a_run_is_renamed_by_key_and_a_blank_name_is_not_taken(two_runs, qtbot):
    dock, _ = two_runs
    names = dock.result.runs.list
    choose(qtbot, names, 0)
    for typed, name in (("the fine one", "the fine one"), ("  ", "the fine one")):
        qtbot.keyClick(names, Qt.Key.Key_F2)
        edit = names.findChild(QLineEdit)
        edit.selectAll()
        qtbot.keyClicks(edit, typed)
        qtbot.keyClick(edit, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: names.findChild(QLineEdit) is None)
        assert kept(dock) == [name, "Run 2: kriging"]


def test_deleting_runs_shows_the_next_and_then_none(two_runs, qtbot):
    dock, shown = two_runs
    names = dock.result.runs.list
    choose(qtbot, names, 1)
    qtbot.keyClick(names, Qt.Key.Key_Delete)
    assert kept(dock) == ["Run 1: kriging, 2×"]
    np.testing.assert_array_equal(dock._layers.after.data, shown[0])
    use_menu(qtbot, dock, dock.result.runs.delete)
    assert dock._layers.after is None
    assert not dock.result.body.isVisible()
    assert dock._layers.before.visible
    assert not export_page(qtbot, dock).kinds["everything"].isEnabled()


@pytest.mark.numerical
def test_a_run_minus_another_is_the_difference_of_their_values(two_runs, qtbot):
    dock, _ = two_runs
    layers = dock._layers
    compare_with(qtbot, dock, 1)
    click(qtbot, dock.bar.views["difference"])
    for gene in (layers.model.gene, "Gene4"):  # the same settings give the same values at the spots
        dock.show_gene(gene)
        assert np.nanmax(np.abs(layers.difference.data)) == 0
    assert dock.bar.key.words.text() == EQUAL
    compare_with(qtbot, dock, 0)
    measured, second = (
        layers.model.section.gene_lognorm("Gene4"),
        list(layers.model.runs)[1].enhancement,
    )
    np.testing.assert_allclose(
        layers.difference.data,
        layers.model.section.raster.draw(second.gene("Gene4").mean - measured),
        atol=ROUNDING * measured.max(),
    )
    assert "Enhanced minus measured" in dock.bar.key.words.text()


@pytest.mark.numerical
def test_two_runs_that_differ_by_rounding_are_equal(two_runs, qtbot, monkeypatch):
    dock, _ = two_runs
    compare_with(qtbot, dock, 1)
    _scatter(monkeypatch, 1e-7)
    click(qtbot, dock.bar.views["difference"])
    assert np.nanmax(np.abs(dock._layers.difference.data)) == 0
    assert dock.bar.key.words.text() == EQUAL
    _scatter(monkeypatch, 1e-2)
    dock.show_gene("Gene4")
    assert np.nanmax(np.abs(dock._layers.difference.data)) > 0
    assert dock.bar.key.words.text() == "Run 2 minus Run 1: red more, blue less."


def _scatter(monkeypatch, size):
    """Let every value come out a little otherwise each time, as on other processors."""
    exact, rng = Enhancement.gene, np.random.default_rng(0)

    def gene(self, name):
        mean, std = exact(self, name)
        return GeneMap(mean + size * rng.normal(size=len(mean)).astype(np.float32), std)

    monkeypatch.setattr(Enhancement, "gene", gene)


def test_deleting_the_run_that_was_subtracted_leaves_the_measured_map(two_runs, qtbot):
    dock, _ = two_runs
    layers = dock._layers
    compare_with(qtbot, dock, 1)
    click(qtbot, dock.bar.views["difference"])
    layers.model.delete_run(next(iter(layers.model.runs)))
    assert layers.model.maps.against is None
    assert not dock.bar.partner.list.isVisible()
    measured = layers.model.section.gene_lognorm(layers.model.gene)
    np.testing.assert_array_equal(layers.before.data, layers.model.section.raster.draw(measured))
    assert "Enhanced minus measured" in dock.bar.key.words.text()
    click(qtbot, dock.bar.views["difference"])
    assert layers.after.visible


# ---- queue


def test_runs_queue_up_and_cancel_drops_the_one_at_work(loaded, slow, qtbot, ready):
    form, enhance = loaded.enhance.form, loaded.enhance
    click(qtbot, enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    assert not enhance.run.isVisible()
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, enhance.add)
    click(qtbot, form.double)
    click(qtbot, enhance.add)
    assert enhance.queue.words.text() == "2 waiting"
    click(qtbot, enhance.cancel)
    qtbot.waitUntil(lambda: len(loaded._layers.model.runs) == 2, timeout=60_000)
    ready(loaded)
    assert kept(loaded) == ["Run 1: kriging, 2×", "Run 2: kriging"]
    assert not enhance.queue.isVisible()
    come_to(qtbot, enhance.run)
    assert enhance.run.isVisible()


def test_the_cross_clears_the_queue(loaded, slow, qtbot, ready):
    enhance = loaded.enhance
    click(qtbot, enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    click(qtbot, enhance.add)
    qtbot.mouseClick(enhance.queue.clear_button, LEFT)
    assert not enhance.queue.isVisible()
    click(qtbot, enhance.cancel)
    ready(loaded)
    qtbot.wait(50)
    assert loaded.phase is Phase.READY
    assert kept(loaded) == []


# ---- estimate


@pytest.fixture
def known_speed(monkeypatch):
    """A machine as fast as the one that the estimate was fitted on."""
    monkeypatch.setattr(cost, "_speed", [1.0])


def words(button):
    """What a button says, in one line."""
    return " ".join(button.text().split())


def test_the_estimate_follows_the_form(known_speed, loaded, qtbot):
    form, line = loaded.enhance.form, loaded.enhance.run
    assert words(line) == "Double the resolution, denoise: under 5 s"
    form.setValue(EnhanceConfig(method="published", upscale=2))
    assert "about" in line.text()
    form.setValue(EnhanceConfig(method="kriging", upscale=2, denoise=False))
    assert words(line) == "Double the resolution, by kriging: under 5 s"
    loaded.viewer.layers.clear()
    qtbot.waitUntil(lambda: line.text() == "Run")


def test_the_estimate_learns_from_the_last_run(known_speed, two_runs):
    dock, _ = two_runs
    form, line = dock.enhance.form, dock.enhance.run
    line.learn(dock._layers.model.enhancement, 41.0)
    assert words(line).endswith(": about 40 s")
    form.setValue(EnhanceConfig(method="transformer"))
    assert words(line).endswith(": under 5 s")


def test_runs_with_equal_settings_are_told_apart(loaded, section, qtbot, ready):
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    run(qtbot, loaded, ready)
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) < 7)
    run(qtbot, loaded, ready)
    assert kept(loaded) == ["Run 1: kriging, 2×", "Run 2: kriging, 2×, 7 lost"]
    names = loaded.result.runs.list
    assert "7 lost spots" in names.item(1).toolTip()
    started = datetime.fromisoformat(loaded._layers.model.enhancement.record.started).astimezone()
    assert names.item(1).toolTip().endswith(f"\nMade {started:%Y-%m-%d %H:%M}")
    assert local_time("some day") == "some day"
    assert names.visualItemRect(names.item(0)).height() >= 22
    use_menu(qtbot, loaded, loaded.result.runs.delete)
    run(qtbot, loaded, ready)
    assert kept(loaded)[-1].startswith("Run 3")


# ---- copy


@pytest.fixture
def from_file(dock, section, tmp_path, ready):
    """The dock with a section that was read from a file whose name has a blank."""
    path = tmp_path / "my section.h5ad"
    section.adata.write_h5ad(path)
    dock.open(path)
    ready(dock)
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    return dock


@pytest.mark.numerical
def test_the_python_that_is_copied_gives_the_same_numbers(
    from_file, section, qtbot, ready, tmp_path
):
    dock = from_file
    dock._layers.paint.paint_spots(np.arange(section.n_spots) < 7)
    run(qtbot, dock, ready)
    dock.result.runs.as_python.trigger()
    text = QApplication.clipboard().text()
    subprocess.run([sys.executable, "-c", text], cwd=tmp_path, check=True, capture_output=True)
    again, result = ad.read_h5ad(tmp_path / "enhanced.h5ad"), dock._layers.model.enhancement
    assert again.obs_names.equals(result.sites.names)
    values = again[:, "Gene3"].X.ravel()
    assert not difference(values, result.gene("Gene3").mean).any()


def test_the_command_line_needs_a_saved_record_where_regions_are_painted(
    from_file, section, qtbot, ready, tmp_path, monkeypatch
):
    dock = from_file
    run(qtbot, dock, ready)
    dock.result.runs.as_command.trigger()
    line = QApplication.clipboard().text()
    assert line.startswith("stentrans enhance '")
    assert "--method kriging --upscale 2 -o enhanced.h5ad" in line
    dock._layers.paint.paint_spots(np.arange(section.n_spots) < 7)
    run(qtbot, dock, ready)
    dock.result.runs.as_command.trigger()
    assert "Save the result" in dock.message.text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "o"), ""))
    save_result(qtbot, dock)
    qtbot.waitUntil(lambda: "Saved" in dock.message.text())
    ready(dock)
    dock.result.runs.as_command.trigger()
    assert f"--record {tmp_path / 'o.run.json'}" in QApplication.clipboard().text()


def test_a_section_without_a_file_is_told(two_runs):
    dock, _ = two_runs
    dock.result.runs.as_python.trigger()
    assert "not read from a file" in dock.message.text()
