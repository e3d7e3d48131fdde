"""The dock by mouse and keys in a real window; what is checked is what comes out in the layers."""

from __future__ import annotations

import json
import threading

import anndata as ad
import numpy as np
import pytest
from gestures import LEFT, click, middle, paint, save_result, world_of
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox, QScrollArea
from superqt.utils._qthreading import WorkerBase

from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.layers.images import FirstLook
from napari_stentrans.plugin.widgets import dialogs


def run(qtbot, dock, ready):
    click(qtbot, dock.enhance.run)
    ready(dock)


def roles(viewer):
    return {layer.metadata["stentrans"]["role"] for layer in viewer.layers}


# ---- data


def test_it_begins_empty_and_says_what_to_do(dock):
    assert "Drop a file or folder here" in dock.data.about.text()
    assert not dock.enhance.run.isEnabled()
    assert not dock.lost.new.isEnabled()
    assert not dock.result.body.isVisible()


def test_a_loaded_section_is_described_and_shown(loaded, section):
    about = loaded.data.about.text()
    assert "150 spots × 40 genes" in about
    assert "hexagonal" in about
    assert "100 µm" in about
    assert roles(loaded.viewer) == {"before"}


def test_a_file_is_opened_from_the_menu(dock, section, ready, tmp_path, monkeypatch):
    path = tmp_path / "mine.h5ad"
    section.adata.write_h5ad(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    dock.data.open.menu().actions()[0].trigger()
    ready(dock)
    assert "150 spots" in dock.data.about.text()
    assert roles(dock.viewer) == {"before"}


def test_a_sample_is_opened_from_the_menu(dock, ready):
    dock.data.open.samples.actions()[1].trigger()
    assert not dock.data.open.isEnabled()
    assert dock.data.busy.isVisible()
    ready(dock)
    assert "square lattice" in dock.data.about.text()
    assert {"image", "before"} == roles(dock.viewer)


def test_a_bad_path_is_told_and_nothing_changes(loaded, qtbot, tmp_path):
    (tmp_path / "bad.h5ad").write_bytes(b"no hdf5")
    before = list(loaded.viewer.layers)
    loaded.open(tmp_path / "bad.h5ad")
    qtbot.waitUntil(loaded.message.isVisible)
    assert "bad.h5ad" in loaded.message.text()
    qtbot.waitUntil(loaded.enhance.run.isEnabled)
    assert list(loaded.viewer.layers) == before
    assert "150 spots" in loaded.data.about.text()
    qtbot.mouseClick(loaded.message.close_button, LEFT)
    assert not loaded.message.isVisible()


def test_a_gene_that_is_typed_is_shown(loaded, section, qtbot):
    search = loaded.data.search
    search.edit.selectAll()
    qtbot.keyClicks(search.edit, "gene17")
    qtbot.keyClick(search.edit, Qt.Key.Key_Return)
    expected = section.raster.draw(section.gene_lognorm("Gene17"))
    np.testing.assert_array_equal(loaded._layers.before.data, expected)


def test_layers_that_a_reader_made_are_taken_in(dock, section, ready):
    for data in FirstLook.of(section).layer_data(Frame.of(section)):
        dock.viewer._add_layer_from_data(*data)
    ready(dock)
    assert "150 spots" in dock.data.about.text()


def test_removing_all_layers_empties_the_dock(loaded, qtbot):
    loaded.viewer.layers.clear()
    qtbot.waitUntil(lambda: "Drop a file or folder here" in loaded.data.about.text())
    assert not loaded.enhance.run.isEnabled()


def test_the_section_that_is_chosen_is_seen_alone_and_whole(
    loaded, section, square_section, load, qtbot, ready
):
    run(qtbot, loaded, ready)
    first = loaded._layers
    click(qtbot, loaded.bar.views["difference"])
    seen = [layer for layer in first.present if layer.visible]
    second = load(loaded, square_section)
    assert second.before.visible
    assert not any(layer.visible for layer in first.present)
    camera = getattr(loaded.viewer, "scene", loaded.viewer).camera  # moved in napari 0.9
    in_view = second.before.extent.world.mean(0)
    np.testing.assert_allclose(camera.center[-2:], in_view, rtol=0.02)
    first.model.show_run(next(iter(first.model.runs)))  # what comes meanwhile stays out of sight
    assert not any(layer.visible for layer in first.present)
    qtbot.keyClick(loaded.data.sections, Qt.Key.Key_Up)
    assert loaded._layers is first
    assert [layer for layer in first.present if layer.visible] == seen
    assert not second.before.visible
    in_view = first.before.extent.world.mean(0)
    np.testing.assert_allclose(camera.center[-2:], in_view, rtol=0.02)


def test_a_section_that_is_opened_twice_gets_a_number(loaded, section, load, qtbot):
    load(loaded, section)
    sections = loaded.data.sections
    name = section.name
    assert [sections.itemText(i) for i in range(2)] == [name, f"{name} [1]"]
    assert name not in loaded.data.about.text()  # said by the list above it
    names = [layer.name for layer in loaded.viewer.layers]
    gene = loaded._layers.model.gene
    assert names == [f"{name} · {gene} measured", f"{name} [1] · {gene} measured"]


def test_two_sections_side_by_side_each_keep_their_own(
    loaded, section, square_section, load, qtbot, ready
):
    run(qtbot, loaded, ready)
    load(loaded, square_section)
    assert "100 spots" in loaded.data.about.text()
    assert loaded.repair.isVisible()  # what can be done with a section that has no result
    assert not loaded.result.body.isVisibleTo(loaded.result)
    assert loaded.data.sections.isVisible()
    qtbot.keyClick(loaded.data.sections, Qt.Key.Key_Up)
    assert "150 spots" in loaded.data.about.text()
    assert loaded.result.body.isVisibleTo(loaded.result)
    run(qtbot, loaded, ready)
    assert loaded._layers.model.enhancement.section is section


# ---- lost regions


def test_painting_by_mouse_is_counted_and_comes_back_filled(loaded, section, qtbot, ready):
    layers, spot = loaded._layers, middle(section)
    before = layers.before.data.copy()
    click(qtbot, loaded.lost.new)
    assert layers.lost.mode == "paint"
    start = world_of(layers, spot)
    paint(qtbot, loaded.viewer, start, (0, 60), (0, 120))
    lost = layers.paint.mask().lost
    assert lost[spot]
    assert 2 <= lost.sum() < 60
    qtbot.waitUntil(lambda: f"{lost.sum()} spots lost" in loaded.lost.words.text())
    run(qtbot, loaded, ready)
    np.testing.assert_array_equal(layers.before.data, before)
    result = layers.model.enhancement
    assert (result.provenance[: section.n_spots] == "lost").tolist() == lost.tolist()
    row, column = result.raster.pixel_of(section.xy[lost]).T
    filled = layers.after.data[row, column]
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled, result.gene(layers.model.gene).mean[: section.n_spots][lost])
    assert f"lost, filled {lost.sum()}" in loaded.result.legend.text().replace("&nbsp;", " ")


def test_painting_beyond_the_spots_is_counted_as_sites(loaded, section, qtbot):
    click(qtbot, loaded.lost.new)
    corner = Frame.of(section).world_yx(section.xy.min(0) - 1.5 * section.lattice.spacing)
    paint(qtbot, loaded.viewer, corner, (150, 0))
    sites = len(loaded._layers.paint.mask().sites)
    assert sites > 0
    qtbot.waitUntil(lambda: f"{sites} unmeasured sites" in loaded.lost.words.text())
    assert "spots lost" not in loaded.lost.words.text()


def test_tools_follow_the_layer_and_the_layer_follows_the_tools(loaded, qtbot):
    click(qtbot, loaded.lost.new)
    lost, tools = loaded._layers.lost, loaded.lost.tools
    assert tools["paint"].isChecked()
    for mode in ("erase", "polygon"):
        click(qtbot, tools[mode])
        assert lost.mode == mode
        assert [m for m, tool in tools.items() if tool.isChecked()] == [mode]
    lost.mode = "paint"
    assert tools["paint"].isChecked()
    click(qtbot, tools["paint"])
    assert lost.mode == "pan_zoom"


def test_no_tool_looks_on_while_another_layer_is_selected(loaded, qtbot):
    click(qtbot, loaded.lost.new)
    lost, tools = loaded._layers.lost, loaded.lost.tools
    selection = loaded.viewer.layers.selection
    selection.active = loaded._layers.before
    assert not any(tool.isChecked() for tool in tools.values())
    click(qtbot, tools["paint"])
    assert selection.active is lost
    assert lost.mode == "paint"
    assert tools["paint"].isChecked()


# ---- runs


def test_a_run_brings_the_enhanced_maps(loaded, qtbot, ready):
    run(qtbot, loaded, ready)
    assert {"before", "after", "provenance", "uncertainty"} <= roles(loaded.viewer)
    assert "Transformer" in loaded.result.words.text()
    assert not loaded.message.isVisible()


def test_a_second_run_replaces_the_first(loaded, qtbot, ready):
    run(qtbot, loaded, ready)
    first, n_layers = loaded._layers.model.enhancement, len(loaded.viewer.layers)
    click(qtbot, loaded.enhance.form.double)
    run(qtbot, loaded, ready)
    second = loaded._layers.model.enhancement
    assert len(loaded.viewer.layers) == n_layers
    assert len(second.sites) == 150 < len(first.sites)
    assert loaded._layers.after.data.shape == second.raster.shape


def test_without_fill_the_paint_is_left_out(loaded, section, qtbot, ready):
    layers = loaded._layers
    layers.paint.paint_spots(np.arange(section.n_spots) < 10)
    qtbot.mouseClick(loaded.enhance.form.fill, LEFT, pos=QPoint(8, 10))
    run(qtbot, loaded, ready)
    assert layers.model.enhancement.sites.counts()["lost"] == 0


def test_genes_change_before_and_after_together(loaded, section, qtbot, ready):
    run(qtbot, loaded, ready)
    layers = loaded._layers
    loaded.data.search.edit.selectAll()
    qtbot.keyClicks(loaded.data.search.edit, "gene3")
    qtbot.keyClick(loaded.data.search.edit, Qt.Key.Key_Return)
    result = layers.model.enhancement
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene("Gene3").mean))
    np.testing.assert_array_equal(
        layers.before.data, section.raster.draw(section.gene_lognorm("Gene3"))
    )


def test_a_method_for_one_gene_says_which_genes_it_lacks(loaded, qtbot, ready):
    form = loaded.enhance.form
    qtbot.keyClick(form.method, Qt.Key.Key_Home)
    for _ in range(form.method.findData("linear")):
        qtbot.keyClick(form.method, Qt.Key.Key_Down)
    run(qtbot, loaded, ready)
    assert list(loaded._layers.model.enhancement.genes) == [loaded._layers.model.gene]
    other = next(g for g in ("Gene3", "Gene4") if g != loaded._layers.model.gene)
    loaded.show_gene(other)
    assert f"{other} was not part of this run" in loaded.result.words.text()


def test_run_is_off_with_nothing_to_do_and_says_why(loaded, qtbot):
    for box in (loaded.enhance.form.double, loaded.enhance.form.denoise):
        qtbot.mouseClick(box, LEFT, pos=QPoint(8, 10))
    run = loaded.enhance.run
    assert not run.isEnabled()
    assert "nothing to do: paint" in run.toolTip()
    assert loaded.enhance.refusal.isVisible()
    assert "tick" in loaded.enhance.refusal.text()
    click(qtbot, loaded.lost.new)
    paint(qtbot, loaded.viewer, world_of(loaded._layers, 75), (0, 60))
    qtbot.waitUntil(lambda: loaded.enhance.run.text().startswith("Fill "))
    assert run.isEnabled()
    assert "nothing" not in run.toolTip()
    qtbot.mouseClick(loaded.enhance.form.fill, LEFT, pos=QPoint(8, 10))
    assert not run.isEnabled()
    assert "nothing to do: tick Fill" in run.toolTip()


def test_run_is_off_where_no_spots_are_left_and_says_why(loaded, section, qtbot):
    lost = np.ones(section.n_spots, bool)
    loaded._layers.paint.paint_spots(lost)
    run = loaded.enhance.run
    qtbot.waitUntil(lambda: not run.isEnabled())
    assert "Mark fewer spots as lost" in run.toolTip()
    assert "A run needs 2 spots" in loaded.enhance.refusal.text()
    assert roles(loaded.viewer) == {"before", "lost"}
    qtbot.mouseClick(loaded.enhance.form.fill, LEFT, pos=QPoint(8, 10))
    assert run.isEnabled()  # nothing is filled, so that all spots are learned from


def test_run_is_off_without_genes_and_with_unknown_ones(loaded, qtbot):
    form, run = loaded.enhance.form, loaded.enhance.run
    form.choose_method("linear")
    form.which_genes.setCurrentIndex(form.which_genes.findData("list"))
    assert not run.isEnabled()
    assert "list of genes is empty" in run.toolTip()
    qtbot.keyClicks(form.genes, "Gene99x")
    assert not run.isEnabled()
    assert "no gene" in run.toolTip()
    form.genes.clear()
    qtbot.keyClicks(form.genes, "Gene3")
    assert run.isEnabled()


def test_an_error_inside_torch_is_told_and_the_last_result_stays(loaded, qtbot, ready, request):
    run(qtbot, loaded, ready)
    result, shown = loaded._layers.model.enhancement, loaded._layers.after.data.copy()
    request.getfixturevalue("broken")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(loaded.message.isVisible)
    assert "mat1 and mat2 shapes cannot be multiplied" in loaded.message.text()
    ready(loaded)
    assert loaded._layers.model.enhancement is result
    np.testing.assert_array_equal(loaded._layers.after.data, shown)


@pytest.mark.parametrize("kind", ["MemoryError", "torch.OutOfMemoryError"])
def test_lack_of_memory_is_told(loaded, qtbot, monkeypatch, broken, kind):
    def fit(self, xy, values):
        yield from ()
        import torch

        raise MemoryError if kind == "MemoryError" else torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(broken, "fit", fit)
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(loaded.message.isVisible)
    assert "not enough memory" in loaded.message.text()
    qtbot.waitUntil(loaded.enhance.run.isEnabled)


def test_cancel_stops_a_run_soon_and_changes_nothing(loaded, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    assert not loaded.enhance.run.isEnabled()
    click(qtbot, loaded.enhance.cancel)
    assert loaded.enhance.progress.words.text() == "Cancelling …"
    qtbot.waitUntil(loaded.enhance.run.isEnabled, timeout=500)
    assert slow.stopped.is_set()
    assert roles(loaded.viewer) == {"before"}
    assert not loaded.message.isVisible()


def test_pause_holds_a_run_and_resume_goes_on(loaded, qtbot, slow):
    pause = loaded.enhance.pause
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    click(qtbot, pause)
    qtbot.waitUntil(lambda: pause.text() == "Resume")
    at = slow.steps
    assert "paused" in loaded.enhance.progress.words.text()
    qtbot.wait(300)
    assert slow.steps == at
    click(qtbot, pause)
    qtbot.waitUntil(lambda: slow.steps > at)
    click(qtbot, loaded.enhance.cancel)
    qtbot.waitUntil(loaded.enhance.run.isEnabled, timeout=500)


def test_the_loss_is_drawn_while_it_falls(loaded, qtbot, slow):
    progress = loaded.enhance.progress
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: progress.curve is not None and len(progress.curve.points()) >= 3)
    assert progress.curve.isVisible()
    steps, losses = zip(*progress.curve.points(), strict=True)
    assert list(steps) == sorted(steps)
    assert list(losses) == sorted(losses, reverse=True)
    click(qtbot, loaded.enhance.cancel)
    qtbot.waitUntil(loaded.enhance.run.isEnabled)


def test_genes_can_be_changed_during_a_run(loaded, section, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    loaded.data.search.edit.selectAll()
    qtbot.keyClicks(loaded.data.search.edit, "gene9")
    qtbot.keyClick(loaded.data.search.edit, Qt.Key.Key_Return)
    np.testing.assert_array_equal(
        loaded._layers.before.data, section.raster.draw(section.gene_lognorm("Gene9"))
    )
    assert loaded.enhance.cancel.isEnabled()
    click(qtbot, loaded.enhance.cancel)
    qtbot.waitUntil(loaded.enhance.run.isEnabled)


def test_opening_another_section_stops_the_run(loaded, square_section, load, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    load(loaded, square_section)
    assert slow.stopped.is_set()
    assert "100 spots" in loaded.data.about.text()
    assert loaded.enhance.run.isEnabled()


def test_removing_the_section_stops_its_run(loaded, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    loaded.viewer.layers.clear()
    qtbot.waitUntil(slow.stopped.is_set)
    qtbot.waitUntil(lambda: "Drop a file or folder here" in loaded.data.about.text())
    assert len(loaded.viewer.layers) == 0


def none_at_work(qtbot):
    qtbot.waitUntil(lambda: not WorkerBase._worker_set)
    return True


def test_closing_the_dock_stops_the_run(loaded, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    loaded.viewer.window.remove_dock_widget(loaded)
    assert slow.stopped.is_set()
    assert none_at_work(qtbot)


def test_closing_the_viewer_stops_the_run(loaded, qtbot, slow):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    loaded.viewer.close()
    assert slow.stopped.wait(1.0)
    assert none_at_work(qtbot)


# ---- result


def test_views_are_switched_by_their_buttons(loaded, qtbot, ready):
    run(qtbot, loaded, ready)
    layers, views = loaded._layers, loaded.bar.views
    for view in ("uncertainty", "provenance", "difference"):
        click(qtbot, views[view])
        assert getattr(layers, view).visible
        assert views[view].isChecked()
        getattr(layers, view).visible = False
        assert not views[view].isChecked()
    grid = getattr(loaded.viewer, "canvas", loaded.viewer).grid  # moved in napari 0.9
    for on in (True, False):
        click(qtbot, views["side_by_side"])
        assert grid.enabled == (layers.model.view == "side_by_side") == on


def test_a_result_is_saved_with_its_record(loaded, qtbot, ready, tmp_path, monkeypatch):
    run(qtbot, loaded, ready)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "mine"), "")
    )
    save_result(qtbot, loaded)
    ready(loaded)
    adata = ad.read_h5ad(tmp_path / "mine.h5ad")
    assert adata.n_obs == len(loaded._layers.model.enhancement.sites)
    record = json.loads((tmp_path / "mine.run.json").read_text())
    assert record["config"]["upscale"] == 2
    assert "mine.h5ad" in loaded.message.text()


@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_a_file_is_replaced_only_when_that_is_wanted(
    loaded, qtbot, ready, tmp_path, monkeypatch, answer
):
    run(qtbot, loaded, ready)
    path = tmp_path / "mine.h5ad"
    path.write_text("precious")
    asked = threading.Event()

    def question(*_):
        asked.set()
        return getattr(QMessageBox.StandardButton, answer)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(dialogs.QMessageBox, "question", question)
    save_result(qtbot, loaded)
    ready(loaded)
    assert asked.is_set()
    assert (path.read_bytes() == b"precious") == (answer == "No")


# ---- looks


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_sideways(loaded, qtbot, ready, theme):
    loaded.viewer.theme = theme
    loaded.viewer.window.resize(1280, 800)
    run(qtbot, loaded, ready)
    form = loaded.enhance.form
    click(qtbot, form.gear)
    areas = (form.popup.findChild(QScrollArea), loaded.pages.widget(0))
    for name in METHODS:
        form.method.setCurrentIndex(form.method.findData(name))
        qtbot.wait(20)
        for area in areas:
            assert area.widget().minimumSizeHint().width() <= area.viewport().width()
            assert area.widget().width() == area.viewport().width()


def test_every_control_explains_itself(loaded, qtbot, ready):
    from qtpy.QtWidgets import QAbstractButton, QComboBox, QLineEdit

    run(qtbot, loaded, ready)
    loaded.message.show_message("Something.")
    controls = [
        *loaded.findChildren(QAbstractButton),
        *loaded.findChildren(QComboBox),
        *[edit for edit in loaded.findChildren(QLineEdit) if edit.objectName() == ""],
    ]
    assert len(controls) > 15
    silent = [
        control for control in controls if not control.toolTip() or not control.accessibleName()
    ]
    silent = [s for s in silent if not isinstance(s.parent(), QLineEdit)]
    assert [(s.text(), s.toolTip(), s.accessibleName()) for s in silent] == []


def test_a_mask_of_another_shape_is_told(loaded, qtbot):
    click(qtbot, loaded.lost.new)
    loaded._layers.lost.data = np.ones((5, 5), np.uint8)
    click(qtbot, loaded.enhance.run)
    assert "must have the shape of the map" in loaded.message.text()
    assert loaded.enhance.run.isEnabled()


def test_opened_late_it_takes_in_what_is_there(make_napari_viewer, qtbot, section):
    viewer = make_napari_viewer()
    for data in FirstLook.of(section).layer_data(Frame.of(section)):
        viewer._add_layer_from_data(*data)
    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock)
    assert "150 spots" in dock.data.about.text()
    assert dock.enhance.run.isEnabled()
