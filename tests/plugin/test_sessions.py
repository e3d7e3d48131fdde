"""Sessions by mouse: what was done comes back in another window."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_stentrans import session as sessions
from napari_stentrans.plugin.regions import Regions


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
    layers.paint_spots(np.arange(section.n_spots) < 9)
    qtbot.wait(50)
    regions = Regions(layers.lost)
    regions.rename(1, "fold")
    layers.relabel(np.where(section.raster.paint(np.arange(150) > 140), 2, layers.lost.data))
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.show_gene("Gene5")
    for _ in range(2):
        click(qtbot, dock.enhance.run)
        ready(dock)
        click(qtbot, form.double)
    first = next(iter(layers.runs))
    layers.runs.rename(first, "the fine one")
    qtbot.keyClick(dock.result.runs.list, Qt.Key.Key_Up)
    return dock


@pytest.fixture
def saved(worked, qtbot, ready, tmp_path, monkeypatch):
    """Path of the session of that, and what was in its layers."""
    path = tmp_path / "data" / "work"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    action(worked.data.session.menu(), "Save session…").trigger()
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
    assert layers.gene == "Gene5"
    assert Regions(layers.lost).names == {1: "fold", 2: "lost 2"}
    assert dock.enhance.form.value().method == "kriging"


def test_a_session_comes_back_as_it_was(worked, saved, qtbot, ready, monkeypatch):
    path, kept = saved
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    action(worked.data.session.menu(), "Open session…").trigger()
    qtbot.waitUntil(lambda: worked._layers is not None and worked._layers.after is not None)
    ready(worked)
    check(worked, kept)


def test_recent_sessions_and_sections_are_offered(worked, saved, qtbot, ready):
    recent = worked.data.session.recent
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
    qtbot.waitUntil(lambda: worked._layers is not None and len(worked._layers.runs) == 3)
    ready(worked)
    assert [run.name for run in worked._layers.runs][2].startswith("Run 3: nearest")
    np.testing.assert_array_equal(worked._layers.after.data, kept["after"])


def test_a_sample_cannot_be_saved_as_a_session(loaded):
    action(loaded.data.session.menu(), "Save session…").trigger()
    assert "not read from a file" in loaded.message.text()
