"""Files and folders that are dropped while the dock is open."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from gestures import click, drop
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QFileDialog

from napari_stentrans.export import write_section
from napari_stentrans.plugin.jobs.sessions import facts_of
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.session import write_session


@pytest.fixture
def h5ad(section, tmp_path):
    """The small section in a file."""
    path = tmp_path / "mine.h5ad"
    write_section(section, path)
    return path


def canvas(dock):
    return dock.viewer.window._qt_viewer


@pytest.mark.parametrize("where", [canvas, lambda dock: dock])
def test_a_section_is_opened_where_it_is_dropped(dock, section, h5ad, qtbot, where):
    assert "Drop a file or folder here" in dock.data.about.text()
    assert drop(where(dock), h5ad)
    qtbot.waitUntil(lambda: dock._layers is not None, timeout=20_000)
    assert dock._layers.model.section.n_spots == section.n_spots
    assert dock._layers.model.origin.path == h5ad


def test_a_session_is_opened_where_it_is_dropped(dock, h5ad, qtbot, ready, tmp_path):
    dock.open(h5ad)
    ready(dock)
    dock.show_gene("Gene7")
    app = dock.context.app
    facts = facts_of(app.current, app, app.settings.value())
    facts = facts.model_copy(update={"digest": dock._layers.model.section.digest})
    path = write_session(tmp_path / "mine.stentrans", facts, None, [])
    first = dock._layers
    first.remove()
    qtbot.waitUntil(lambda: dock._layers is None)
    drop(canvas(dock), path)
    qtbot.waitUntil(lambda: dock._layers is not None and dock._layers.model.gene == "Gene7")


def test_what_is_no_section_is_left_to_napari(dock, tmp_path, qtbot, plugin):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.ones((8, 9), np.uint8))
    get_settings().plugins.extension2reader = {"*.tif": "napari"}
    drop(canvas(dock), path)
    qtbot.waitUntil(lambda: len(dock.viewer.layers) == 1)
    assert dock.viewer.layers[0].data.shape == (8, 9)


def photo(tmp_path):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.ones((8, 9), np.uint8))
    return path


def stack(tmp_path):
    folder = tmp_path / "stack"
    folder.mkdir()
    for z in range(2):
        tifffile.imwrite(folder / f"{z}.tif", np.ones((8, 9), np.uint8))
    return folder


def points(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("index,axis-0,axis-1\n0,1.0,2.0\n1,3.0,4.0\n")
    return path


@pytest.mark.parametrize("made", [photo, stack, points])
def test_what_napari_can_read_is_left_to_it(loaded, tmp_path, qtbot, plugin, made):
    get_settings().plugins.extension2reader = {"*.tif": "napari", "*.csv": "napari"}
    get_settings().plugins.extension2reader |= {f"{tmp_path / 'stack'}/": "napari"}
    n = len(loaded.viewer.layers)
    drop(canvas(loaded), made(tmp_path))
    qtbot.waitUntil(lambda: len(loaded.viewer.layers) == n + 1)
    assert not loaded.message.isVisible()


def test_a_picture_that_is_dropped_on_the_dock_is_laid_below_the_spots(loaded, tmp_path, qtbot):
    pixels = np.full((60, 60, 3), 250, np.uint8)
    pixels[10:50, 10:50] = 150
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, pixels)
    drop(loaded, path)
    qtbot.waitUntil(lambda: loaded._layers.model.laid is not None, timeout=60_000)
    assert loaded._layers.model.laid.path == path
    assert loaded._layers.picture.mode == "transform"
    qtbot.waitUntil(loaded.placing.use.isEnabled)
    assert not loaded.message.isVisible()


def test_a_picture_that_is_dropped_on_an_empty_dock_is_refused(dock, tmp_path):
    drop(dock, photo(tmp_path))
    assert dock.message.text().startswith("'photo.tif' cannot be opened: ")


def notes(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("Nothing")
    return path


def empty_folder(tmp_path):
    path = tmp_path / "nothing"
    path.mkdir()
    return path


@pytest.mark.parametrize("where", [canvas, lambda dock: dock])
@pytest.mark.parametrize("made", [notes, empty_folder])
def test_what_nobody_can_read_is_told_in_the_dock(
    loaded, slow, tmp_path, qtbot, plugin, made, where
):
    notification_manager.records.clear()
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set, timeout=60_000)
    path = made(tmp_path)
    assert drop(where(loaded), path)
    qtbot.waitUntil(loaded.message.isVisible)
    assert loaded.message.text().startswith(f"'{path.name}' cannot be opened: ")
    assert ".h5ad" in loaded.message.text()
    assert not notification_manager.records
    assert loaded.phase is Phase.RUNNING  # it goes on


def test_a_dock_that_is_hidden_or_closed_takes_no_drops(dock, h5ad, qtbot):
    taken = []
    dock._drops._open = taken.append
    drop(dock, h5ad)
    assert taken == [h5ad]
    dock.hide()
    drop(dock, h5ad)
    dock.show()
    dock._drops.let_go()
    drop(dock, h5ad)
    assert taken == [h5ad]


def test_dialogs_begin_where_the_last_one_ended(dock, h5ad, qtbot, ready, tmp_path, monkeypatch):
    begun = []

    def ask(parent, title, start, *_, **__):
        begun.append(start)
        return (str(answers.pop(0)), "")

    answers = [h5ad, tmp_path / "elsewhere" / "kept", "", ""]
    answers[1].parent.mkdir()
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, ask)
    dock.data.fileWanted.emit()
    ready(dock)
    dock.save_session()
    ready(dock)
    dock.save_session()
    dock.data.fileWanted.emit()
    folders = [str(tmp_path), str(tmp_path / "elsewhere"), str(tmp_path / "elsewhere")]
    assert begun[0] == ""
    for start, folder in zip(begun[1:], folders, strict=True):
        assert start.startswith(folder)
    assert begun[2].endswith(".stentrans")


def test_an_error_is_told_once(dock, tmp_path, qtbot):
    notification_manager.records.clear()
    missing = tmp_path / "gone.h5ad"
    dock.open(missing)
    qtbot.waitUntil(dock.message.isVisible)
    assert "gone.h5ad" in dock.message.text()
    assert not notification_manager.records
    dock.hide()
    dock.open(missing)
    qtbot.waitUntil(lambda: bool(notification_manager.records))
    assert "gone.h5ad" in str(notification_manager.records[-1].message)


def test_a_message_moves_nothing_that_is_pressed(loaded, qtbot):
    run = loaded.lost.new
    before = run.mapToGlobal(QPoint(0, 0))
    loaded.message.show_message("Something is wrong. Mend it. " * 6)
    qtbot.waitUntil(lambda: loaded.message.height() > 30)
    assert run.mapToGlobal(QPoint(0, 0)) == before
