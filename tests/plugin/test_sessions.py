"""Sessions by mouse: what was done comes back in another window."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from gestures import click, compare_with, middle, open_tab, paint, world_of
from qtpy.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_stentrans import session as sessions
from napari_stentrans.plugin.contributions.app import open_viewer
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.models.phase import Phase


def action(menu, words):
    return next(a for a in menu.actions() if a.text() == words)


@pytest.fixture
def worked(dock, section, tmp_path, ready, qtbot):
    """The dock with a section from a file, two regions, two runs, the first one shown."""
    path = tmp_path / "data" / "mine.h5ad"
    path.parent.mkdir()
    section.adata.write_h5ad(path)
    dock.open(path)
    ready(dock)
    layers, form = dock._layers, dock.enhance.form
    layers.paint.paint_spots(np.arange(section.n_spots) < 9)
    qtbot.wait(50)
    regions = Regions(layers.lost)
    regions.rename(1, "fold")
    layers.paint.relabel(np.where(section.raster.paint(np.arange(150) > 140), 2, layers.lost.data))
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.show_gene("Gene5")
    for _ in range(2):
        click(qtbot, dock.enhance.run)
        ready(dock)
        click(qtbot, form.double)
    first = next(iter(layers.model.runs))
    layers.model.runs.rename(first, "the fine one")
    qtbot.keyClick(dock.result.runs.list, Qt.Key.Key_Up)
    compare_with(qtbot, dock, 1)
    return dock


@pytest.fixture
def saved(worked, qtbot, ready, tmp_path, monkeypatch):
    """Path of the session of that, and what was in its layers."""
    path = tmp_path / "data" / "work"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    action(worked.data.section_menu.menu(), "Save session…").trigger()
    qtbot.waitUntil(lambda: "Saved work.stentrans" in worked.message.text())
    ready(worked)
    layers = worked._layers
    kept = {role: getattr(layers, role).data.copy() for role in ("before", "after", "lost")}
    worked.viewer.layers.clear()
    qtbot.waitUntil(lambda: "Drop a file or folder here" in worked.data.about.text())
    return path.with_name("work.stentrans"), kept


def check(dock, kept):
    layers = dock._layers
    for role, data in kept.items():
        np.testing.assert_array_equal(getattr(layers, role).data, data)
    names = dock.result.runs.list
    assert [names.item(i).text() for i in range(names.count())] == [
        "the fine one",
        "Run 2: kriging",
    ]
    assert names.currentRow() == 0
    assert dock.bar.partner.list.currentText() == "Run 2: kriging"
    assert layers.model.gene == "Gene5"
    assert Regions(layers.lost).names == {1: "fold", 2: "lost 2"}
    assert dock.enhance.form.value().method == "kriging"


def test_a_session_comes_back_as_it_was(worked, saved, qtbot, ready, monkeypatch):
    path, kept = saved
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    action(worked.data.open.menu(), "Session…").trigger()
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, kept)


def test_the_line_of_the_profile_comes_back(worked, request, qtbot, ready):
    layers = worked._layers
    open_tab(qtbot, worked, "profile")
    spot = middle(layers.model.section)
    step = 2 * layers.model.section.lattice.spacing * layers.frame.per_px
    paint(qtbot, worked.viewer, world_of(layers, spot), (0, step), (step, step))
    qtbot.waitUntil(lambda: layers.model.line is not None)
    qtbot.waitUntil(
        lambda: np.allclose(layers.model.line[0], layers.model.section.xy[spot], atol=step)
    )
    line = layers.model.line
    path, _ = request.getfixturevalue("saved")
    qtbot.waitUntil(lambda: not worked.result.profile.isVisible())
    worked.open(path)
    qtbot.waitUntil(worked.result.profile.isVisible, timeout=30_000)
    ready(worked)
    np.testing.assert_array_equal(worked._layers.model.line, line)
    assert worked.result.opens["profile"].isChecked()
    assert worked.result.profile.profile().gene == "Gene5"


def test_recent_sessions_and_sections_are_offered(worked, saved, qtbot, ready):
    recent = worked.data.open.recent
    recent.aboutToShow.emit()
    assert [a.text() for a in recent.actions()] == ["work.stentrans", "mine.h5ad"]
    recent.actions()[0].trigger()
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, saved[1])


def test_data_that_moved_are_asked_for(worked, saved, qtbot, ready, tmp_path, monkeypatch):
    path, kept = saved
    moved = (path.parent / "mine.h5ad").rename(tmp_path / "moved.h5ad")
    asked = []

    def answer(box):
        asked.append(box.text())
        box.buttons()[0].click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[0])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    worked.open(path)
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    assert "mine.h5ad any more" in asked[0]
    check(worked, kept)


def test_other_data_in_the_place_are_told(worked, saved, square_section, qtbot, ready):
    path, _ = saved
    square_section.adata.write_h5ad(path.parent / "mine.h5ad")
    worked.open(path)
    qtbot.waitUntil(worked.message.isVisible)
    assert "does not hold the data of this session" in worked.message.text()
    qtbot.waitUntil(worked.data.open.isEnabled)
    assert not worked.viewer.layers


def test_a_result_that_was_too_large_is_made_again(worked, monkeypatch, qtbot, ready, request):
    form = worked.enhance.form
    form.method.setCurrentIndex(form.method.findData("nearest"))
    click(qtbot, worked.enhance.run)
    ready(worked)
    monkeypatch.setattr(sessions, "MOST_BYTES", 10)
    path, kept = request.getfixturevalue("saved")
    worked.open(path)
    qtbot.waitUntil(lambda: worked._layers is not None and len(worked._layers.model.runs) == 3)
    ready(worked)
    assert [run.name for run in worked._layers.model.runs][2].startswith("Run 3: nearest")
    np.testing.assert_array_equal(worked._layers.after.data, kept["after"])


@pytest.fixture
def checked(worked, qtbot, ready):
    """The same, with the second run checked, a favourite, a list of genes and other colours."""
    qtbot.keyClick(worked.result.runs.list, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: worked._layers.model.quality is not None, timeout=30_000)
    worked.genes.toggle_favourite("Gene7")
    worked.genes.read_text("Gene9\nGene2\nGene4")
    worked.genes.look_button.form.colormap.setCurrentText("magma")
    qtbot.keyClick(worked.result.runs.list, Qt.Key.Key_Up)
    return worked


def test_what_a_check_found_and_lists_of_genes_come_back(checked, request, qtbot, ready):
    table = checked._layers.model.runs.of(
        list(checked._layers.model.runs)[1].enhancement
    ).quality.table
    sentence = checked.quality.words.text()
    path, _ = request.getfixturevalue("saved")
    for name in ("Gene7", "Gene1"):
        checked.genes.kept.toggle_favourite(name)
    assert checked.genes.kept.favourites == ["Gene1"]
    checked.genes.choose_list("search")
    checked.open(path)
    qtbot.waitUntil(lambda: checked._layers is not None and checked._layers.after is not None)
    ready(checked)
    assert checked.phase is Phase.READY, "nothing is being checked again"
    again = list(checked._layers.model.runs)[1].quality
    pd.testing.assert_frame_equal(again.table, table)
    assert checked.quality.words.text() == sentence
    assert checked._layers.model.quality is None, "the first run had not been checked"
    qtbot.keyClick(checked.result.runs.list, Qt.Key.Key_Down)
    assert open_tab(qtbot, checked, "table").table.rows.rowCount() == len(table)
    assert again.facts() == list(checked._layers.model.runs)[1].quality.facts()
    assert checked.genes.which() == "mine"
    assert checked.genes.list.names() == ["Gene9", "Gene2", "Gene4"]
    assert set(checked.genes.kept.favourites) == {"Gene1", "Gene7"}
    assert checked._layers.before.colormap.name == "magma"


def test_a_session_of_before_still_opens(worked, saved, qtbot, ready):
    """One without what sessions did not say at first: look, lists, what checks found."""
    path, kept = saved
    old = path.with_name("old.stentrans")
    new_facts = {"look", "favourites", "mine", "listed", "uncertainty", "line", "profiled"}
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(old, "w") as to:
        for name in file.namelist():
            if name == "session.json":
                facts = json.loads(file.read(name))
                assert new_facts <= facts.keys()
                facts = {key: value for key, value in facts.items() if key not in new_facts}
                to.writestr(name, json.dumps(facts))
            elif not name.startswith("quality"):
                to.writestr(name, file.read(name))
    worked.open(old)
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, kept)


def test_a_check_that_cannot_be_read_is_noted(checked, request, qtbot, ready):
    path, kept = request.getfixturevalue("saved")
    spoilt = path.with_name("spoilt.stentrans")
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(spoilt, "w") as to:
        for name in file.namelist():
            to.writestr(name, "{}" if name.startswith("quality") else file.read(name))
    checked.open(spoilt)
    qtbot.waitUntil(lambda: checked._layers is not None and checked._layers.after is not None)
    ready(checked)
    assert "Check the result again" in checked.message.text()
    check(checked, kept)


# ---- dropped on the window, given to the command line


def dropped(qtbot, viewer, path):
    target, mime = viewer.window._qt_viewer, QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(10, 10),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    done = []
    QTimer.singleShot(0, lambda: done.append(target.dropEvent(event)))  # as Qt calls it
    qtbot.waitUntil(lambda: bool(done))


def test_a_session_that_is_dropped_opens_in_the_dock_there_is(plugin, worked, saved, qtbot, ready):
    path, kept = saved
    dropped(qtbot, worked.viewer, path)
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, kept)


def test_a_session_that_is_dropped_opens_the_dock_where_there_is_none(
    plugin, saved, make_napari_viewer, qtbot, ready
):
    path, kept = saved
    viewer = make_napari_viewer(show=True)
    dropped(qtbot, viewer, path)
    qtbot.waitUntil(lambda: bool(viewer.layers) and bool(viewer.window.dock_widgets))
    (dock,) = (w for w in viewer.window.dock_widgets.values() if isinstance(w, StentransDock))
    qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.after is not None)
    ready(dock)
    check(dock, kept)


def test_a_dropped_session_that_is_damaged_is_told(plugin, dock, tmp_path, qtbot):
    path = tmp_path / "bad.stentrans"
    path.write_text("nonsense")
    dropped(qtbot, dock.viewer, path)
    qtbot.waitUntil(dock.message.isVisible)
    assert "is damaged" in dock.message.text()


def test_a_dropped_session_waits_for_a_run(plugin, loaded, slow, qtbot, ready, tmp_path):
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    path = tmp_path / "any.stentrans"
    path.touch()
    dropped(qtbot, loaded.viewer, path)
    qtbot.waitUntil(loaded.message.isVisible)
    assert "Wait until the run has ended" in loaded.message.text()
    assert loaded.phase.running
    click(qtbot, loaded.enhance.cancel)
    ready(loaded)


def test_the_command_line_views_a_session(saved, qtbot, ready):
    path, kept = saved
    viewer, dock = open_viewer(path)
    try:
        qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.after is not None)
        ready(dock)
        check(dock, kept)
    finally:
        dock.shut_down()
        viewer.close()


# ---- two windows


def test_windows_share_recent_files_and_favourites(
    worked, saved, make_napari_viewer, load, square_section, qtbot, ready
):
    path, kept = saved
    viewer = make_napari_viewer(show=True)
    other = StentransDock(viewer)
    viewer.window.add_dock_widget(other, name="stEnTrans", area="right")
    load(other, square_section)
    before = other._layers.before.data.copy()
    worked.open(path)
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, kept)
    np.testing.assert_array_equal(other._layers.before.data, before)
    assert other._layers.model.enhancement is None
    worked.genes.toggle_favourite("Gene5")
    other.genes.toggle_favourite("Gene6")
    assert other.genes.kept.favourites == ["Gene5", "Gene6"]
    worked.genes.choose_list("favourites")
    assert worked.genes.list.names() == ["Gene5", "Gene6"]
    other.data.open.recent.aboutToShow.emit()
    assert "work.stentrans" in [a.text() for a in other.data.open.recent.actions()]
    viewer.close()
    worked.show_gene("Gene2")
    assert worked._layers.model.gene == "Gene2"


def test_a_sample_cannot_be_saved_as_a_session(loaded):
    action(loaded.data.section_menu.menu(), "Save session…").trigger()
    assert "not read from a file" in loaded.message.text()
