"""Work that is not saved: marked, asked about when the window closes, kept against a crash."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click, export_shown, middle, paint, save_result, world_of
from qtpy.QtCore import QEvent
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QMessageBox

from napari_stentrans.errors import ReadError
from napari_stentrans.export import write_section
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs.autosave import LOCK, Shelf, data_folder
from napari_stentrans.plugin.layers.regions import Regions
from napari_stentrans.plugin.layers.registry import find
from napari_stentrans.plugin.models.unsaved import MARK
from napari_stentrans.session import read_session


@pytest.fixture
def opened(dock, section, tmp_path, ready):
    """The dock with a section from a file."""
    path = tmp_path / "data" / "A1.h5ad"
    path.parent.mkdir()
    write_section(section, path)
    dock.open(path)
    ready(dock)
    return dock


def paint_some(qtbot, dock):
    layers = dock._layers
    click(qtbot, dock.lost.new)
    paint(qtbot, dock.viewer, world_of(layers, middle(layers.model.section)), (0, 3))
    qtbot.waitUntil(lambda: dock.data.section_menu.text() == "Section " + MARK)


def run(qtbot, dock, ready):
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.jobs.enhancing.checks = False
    click(qtbot, dock.enhance.run)
    ready(dock)


def save_session(dock, path, monkeypatch, qtbot):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    dock.data.section_menu.save.trigger()
    qtbot.waitUntil(lambda: f"Saved {path.name}" in dock.message.text())


def marked(dock):
    signs = {MARK in text for text in (dock.data.section_menu.text(), dock.data.about.text())}
    assert len(signs) == 1
    return signs.pop()


# ---- the mark


def test_what_is_not_saved_is_marked_until_it_is(opened, qtbot, ready, tmp_path, monkeypatch):
    dock = opened
    assert not marked(dock)
    paint_some(qtbot, dock)
    assert marked(dock)
    assert "lost regions" in dock.data.section_menu.toolTip()
    run(qtbot, dock, ready)
    assert dock.export.save.text().endswith(MARK)
    assert "1 run, lost regions" in dock.data.section_menu.toolTip()
    save_session(dock, tmp_path / "work.stentrans", monkeypatch, qtbot)
    assert not marked(dock)
    assert MARK not in dock.export.save.text()
    Regions(dock._layers.lost).rename(1, "fold")
    qtbot.waitUntil(lambda: marked(dock))


def test_a_run_that_was_exported_is_saved(opened, qtbot, ready, tmp_path, monkeypatch):
    run(qtbot, opened, ready)
    assert marked(opened)
    path = tmp_path / "result.h5ad"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    save_result(qtbot, opened)
    qtbot.waitUntil(lambda: "Saved result.h5ad" in opened.message.text(), timeout=30_000)
    assert not marked(opened)


def test_lost_regions_that_were_exported_are_saved(opened, qtbot, ready, tmp_path, monkeypatch):
    paint_some(qtbot, opened)
    path = tmp_path / "lost.geojson"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    opened.save("lost")
    click(qtbot, export_shown(qtbot, opened).save)
    qtbot.waitUntil(lambda: "Saved lost.geojson" in opened.message.text())
    assert not marked(opened)


def test_paint_that_is_undone_is_no_work(opened, qtbot):
    paint_some(qtbot, opened)
    opened._layers.lost.undo()
    qtbot.waitUntil(lambda: not marked(opened))


# ---- closing the window


class Asked:
    """Answers the question with a button, and counts it."""

    def __init__(self, monkeypatch):
        self.answer, self.texts = "Cancel", []
        monkeypatch.setattr(QMessageBox, "exec", self._exec)
        monkeypatch.setattr(QMessageBox, "clickedButton", self._clicked)

    def _exec(self, *_):
        box = next(w for w in QApplication.allWidgets() if isinstance(w, QMessageBox))
        self.box = box
        self.texts.append(box.text())

    def _clicked(self, *_):
        return next(b for b in self.box.buttons() if b.text().replace("&", "") == self.answer)


@pytest.fixture
def asked(monkeypatch):
    return Asked(monkeypatch)


def closes(dock, kind=QCloseEvent):
    """Close the window as a person does; whether it would go."""
    event = kind()
    QApplication.sendEvent(dock.viewer.window._qt_window, event)
    return event.isAccepted()


def test_closing_asks_only_about_work_that_is_not_saved(opened, asked, qtbot):
    paint_some(qtbot, opened)
    assert not closes(opened)
    assert asked.texts == ["This is not saved yet:\nA1: lost regions"]
    opened._layers.lost.undo()
    assert closes(opened)
    assert len(asked.texts) == 1


def test_work_that_is_not_wanted_is_closed(opened, asked, qtbot):
    paint_some(qtbot, opened)
    asked.answer = "Close without saving"
    assert closes(opened)
    assert len(asked.texts) == 1


def test_the_cross_of_the_window_asks_once(opened, asked, qtbot, monkeypatch):
    """Qt says that the window system closes it; napari must not ask again."""
    paint_some(qtbot, opened)
    asked.answer = "Close without saving"

    class Cross(QCloseEvent):
        def spontaneous(self):
            return True

    closed = []
    with monkeypatch.context() as patch:  # holds the window no longer than this
        patch.setattr(opened.viewer.window._qt_window, "close", lambda: closed.append(1))
        event = Cross()
        assert opened.jobs.keeping.safe.eventFilter(opened.viewer.window._qt_window, event)
        assert not event.isAccepted()
        qtbot.waitUntil(lambda: bool(closed))
    assert closes(opened)
    assert len(asked.texts) == 1


def test_the_question_saves_and_then_closes(opened, asked, qtbot, tmp_path, monkeypatch):
    paint_some(qtbot, opened)
    asked.answer = "Save…"
    path, closed = tmp_path / "work.stentrans", []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    with monkeypatch.context() as patch:
        patch.setattr(opened.viewer.window._qt_window, "close", lambda: closed.append(1))
        assert not closes(opened)
        qtbot.waitUntil(lambda: bool(closed))
    assert read_session(path).lost.any()
    assert closes(opened)
    assert len(asked.texts) == 1


def test_it_is_asked_also_when_the_dock_is_closed(opened, asked, qtbot):
    paint_some(qtbot, opened)
    opened.viewer.window.remove_dock_widget(opened)
    assert not closes(opened)
    assert len(asked.texts) == 1


def test_a_script_that_closes_a_viewer_is_not_asked(opened, asked, qtbot):
    paint_some(qtbot, opened)
    opened.viewer.close()
    assert not asked.texts


# ---- kept against a crash


def kept_files():
    return sorted(data_folder().glob("*/*.stentrans"))


def autosave(qtbot, dock):
    dock.jobs.keeping.safe.autosave()
    qtbot.waitUntil(lambda: dock.jobs.keeping.safe._job is None)


def crash():
    """Leave what a crash leaves: the files, and a lock that nobody holds."""
    (own,) = {path.parent for path in kept_files()}
    crashed = own.rename(own.with_name("crashed"))
    (crashed / LOCK).unlink()


@pytest.fixture
def other(make_napari_viewer, qtbot):
    """Open a dock in another window, as the next start would."""

    def open_other():
        viewer = make_napari_viewer(show=True)
        dock = StentransDock(viewer)
        viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
        qtbot.wait(50)
        return dock

    return open_other


def test_work_is_kept_after_a_run_and_gone_when_saved(opened, qtbot, ready, tmp_path, monkeypatch):
    opened.jobs.keeping.safe._soon.setInterval(0)
    assert not kept_files()
    run(qtbot, opened, ready)
    qtbot.waitUntil(lambda: len(kept_files()) == 1, timeout=20_000)
    qtbot.waitUntil(lambda: opened.jobs.keeping.safe._job is None)
    save_session(opened, tmp_path / "work.stentrans", monkeypatch, qtbot)
    assert not kept_files()


def test_what_a_crash_left_is_offered_and_comes_back(opened, other, qtbot, ready, asked):
    paint_some(qtbot, opened)
    run(qtbot, opened, ready)
    autosave(qtbot, opened)
    crash()
    lost = opened._layers.lost.data.copy()
    dock = other()
    qtbot.waitUntil(dock.message.action.isVisible)
    assert dock.message.text().startswith("Work on A1 of ")
    assert (dock.message.action.text(), dock.message.other.text()) == ("Open it", "Delete")
    click(qtbot, dock.message.action)
    qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.after is not None)
    ready(dock)
    np.testing.assert_array_equal(dock._layers.lost.data, lost)
    assert marked(dock), "it is still not saved"
    assert dock._layers.model.title == "A1"
    asked.answer = "Close without saving"
    assert closes(dock)
    assert not kept_files()


def test_what_a_crash_left_can_be_deleted(opened, other, qtbot):
    paint_some(qtbot, opened)
    autosave(qtbot, opened)
    crash()
    dock = other()
    qtbot.waitUntil(dock.message.other.isVisible)
    click(qtbot, dock.message.other)
    assert not dock.message.isVisible()
    assert not list((data_folder() / "crashed").glob("*.stentrans"))


def test_windows_that_live_are_not_offered(opened, other, qtbot):
    paint_some(qtbot, opened)
    autosave(qtbot, opened)
    dock = other()
    qtbot.wait(50)
    assert not dock.message.isVisible()


def test_a_section_from_no_file_is_kept_with_its_data(loaded, section, other, qtbot, ready):
    paint_some(qtbot, loaded)
    autosave(qtbot, loaded)
    crash()
    dock = other()
    qtbot.waitUntil(dock.message.action.isVisible)
    click(qtbot, dock.message.action)
    qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.lost is not None)
    ready(dock)
    assert dock._layers.model.section.digest == section.digest
    assert dock._layers.model.section.source is None
    np.testing.assert_array_equal(dock._layers.lost.data, loaded._layers.lost.data)


def test_sections_that_were_deleted_by_mistake_are_offered(opened, other, qtbot):
    """Nobody was asked about them, so that closing the window does not delete what is kept."""
    paint_some(qtbot, opened)
    autosave(qtbot, opened)
    opened.viewer.layers.clear()
    assert closes(opened)
    dock = other()
    qtbot.waitUntil(dock.message.action.isVisible)
    assert dock.message.text().startswith("Work on A1 of ")


def test_nothing_is_kept_where_a_person_does_not_want_it(opened, qtbot):
    paint_some(qtbot, opened)
    opened.jobs.keeping.safe.on = False
    autosave(qtbot, opened)
    assert not kept_files()


def test_a_folder_that_cannot_be_written_is_told_once(opened, qtbot):
    data_folder().parent.mkdir(parents=True, exist_ok=True)
    data_folder().write_text("a file in its place")
    paint_some(qtbot, opened)
    for _ in range(2):
        autosave(qtbot, opened)
    assert opened.message.text().count("cannot be kept against a crash") == 1


def test_what_was_written_halfway_is_no_offer(qtbot, other):
    folder = data_folder() / "crashed"
    folder.mkdir(parents=True)
    (folder / "half.stentrans").write_bytes(b"PK")
    with pytest.raises(ReadError):
        read_session(folder / "half.stentrans")
    dock = other()
    qtbot.wait(50)
    assert not dock.message.isVisible()
    assert not kept_files()


def test_only_the_latest_are_left(tmp_path):
    for at in range(14):
        folder = tmp_path / f"w{at}"
        folder.mkdir()
        (folder / f"{at}.stentrans").touch()
    shelf = Shelf(tmp_path)
    assert len(shelf.left()) == 10
    assert len(list(tmp_path.glob("*/*.stentrans"))) == 10
    shelf.let_go()


def test_a_dock_that_was_closed_leaves_the_section_and_its_work(opened, qtbot):
    paint_some(qtbot, opened)
    viewer, layers = opened.viewer, opened._layers
    viewer.window.remove_dock_widget(opened)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    again = StentransDock(viewer)
    viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
    assert find(viewer) == [layers]
    assert marked(again)
