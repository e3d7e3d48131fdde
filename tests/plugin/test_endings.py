"""Closing, and deleting all layers, in the middle of anything: nothing breaks or goes on."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from gestures import LEFT, click, middle, paint, world_of
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QPushButton
from superqt.utils._qthreading import WorkerBase

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.jobs.loading import look_steps
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def result(section):
    """The section enhanced, with a lost region."""
    lost = np.arange(section.n_spots) < 9
    return enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))


def canvas(dock):
    return dock.viewer.window._qt_viewer.canvas.native


def reading(dock, section, qtbot):
    def slow_steps():
        for i in range(200):
            yield Progress("reading", i, 200)
            time.sleep(0.02)
        return (yield from look_steps(section))

    dock.jobs.loads.load(slow_steps, "Reading")
    assert dock.phase is Phase.LOADING


def painting(dock, section, qtbot):
    """The button of the mouse is down."""
    click(qtbot, dock.lost.new)
    at = canvas(dock).rect().center()
    qtbot.mouseMove(canvas(dock), at)
    qtbot.mousePress(canvas(dock), LEFT, pos=at)
    qtbot.wait(30)


def low_counts(dock, section, qtbot):
    click(qtbot, dock.lost.sources["low_counts"])
    qtbot.waitUntil(lambda: dock._layers.proposal is not None)


def ranking(dock, section, qtbot):
    lists = dock.genes.lists
    qtbot.keyClick(lists, Qt.Key.Key_Home)
    for _ in range(lists.findText("Most spatial")):
        qtbot.keyClick(lists, Qt.Key.Key_Down)
    assert lists.currentText() == "Most spatial"


def running(dock, section, qtbot):
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(lambda: dock.phase is Phase.RUNNING)


def paused(dock, section, qtbot):
    running(dock, section, qtbot)
    click(qtbot, dock.enhance.pause)
    qtbot.waitUntil(lambda: dock.phase is Phase.PAUSED)


def queued(dock, section, qtbot):
    running(dock, section, qtbot)
    click(qtbot, dock.enhance.add)
    assert len(dock.enhance.queue) == 1


def checking(dock, section, qtbot):
    click(qtbot, dock.quality.check)
    assert dock.phase is Phase.CHECKING


def looking(view):
    def moment(dock, section, qtbot):
        click(qtbot, dock.bar.views[view])
        qtbot.wait(50)

    moment.__name__ = view
    return moment


def dragging_the_swipe(dock, section, qtbot):
    looking("swipe")(dock, section, qtbot)
    at = canvas(dock).rect().center()
    qtbot.mouseMove(canvas(dock), at)
    qtbot.mousePress(canvas(dock), LEFT, pos=at)
    qtbot.wait(30)


def holding(dock, section, qtbot):
    qtbot.keyPress(canvas(dock), Qt.Key.Key_H)
    qtbot.wait(30)


def profile(dock, section, qtbot):
    click(qtbot, dock.result.opens["profile"])
    paint(qtbot, dock.viewer, world_of(dock._layers, middle(section)), (100, 100), (200, 150))


EARLY: list[Callable] = [reading, painting, low_counts, ranking]
SLOW: list[Callable] = [running, paused, queued]
LATE: list[Callable] = [
    checking,
    *map(looking, ("side_by_side", "blink")),
    dragging_the_swipe,
    holding,
    profile,
]


@pytest.fixture(params=[*EARLY, *SLOW, *LATE], ids=lambda moment: moment.__name__)
def busy(request, dock, section, load, result, qtbot):
    """The dock in the middle of something."""
    load(dock, section)
    if request.param in SLOW:
        request.getfixturevalue("slow")
    elif request.param in LATE:
        dock._layers.show_enhancement(result)
        dock._layers.model.runs.add(result, "")
        dock.context.resultChanged.emit()
    request.param(dock, section, qtbot)
    return dock


def nothing_at_work(qtbot):
    """Wait until all threads have ended, less long than any would take by itself."""
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=3000)
    QApplication.processEvents()
    gc.collect()


def kriged(dock, section, load, qtbot, ready):
    """Open the section in a dock and run it."""
    load(dock, section)
    form = dock.enhance.form
    form.setValue(EnhanceConfig(method="nearest", upscale=2))
    click(qtbot, dock.enhance.run)
    ready(dock)
    return dock._layers.model.enhancement


def test_the_dock_is_closed(busy, section, load, qtbot, ready, monkeypatch):
    viewer = busy.viewer
    bar = busy.parent().titleBarWidget()
    close = bar.findChild(QPushButton, "QTitleBarCloseButton")
    qtbot.mouseClick(close, LEFT)
    nothing_at_work(qtbot)
    monkeypatch.undo()  # methods are no longer slow
    kept = [layer.name for layer in viewer.layers if layer.visible]
    assert kept
    again = StentransDock(viewer)
    viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
    assert kriged(again, section, load, qtbot, ready).raster.shape[0] > section.raster.shape[0]


def test_all_layers_are_deleted(busy, section, load, qtbot, ready, monkeypatch):
    viewer = busy.viewer
    view = viewer.window._qt_viewer.layers
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    viewer.layers.remove_selected()
    assert len(viewer.layers) == 0
    if busy.phase is not Phase.LOADING:
        nothing_at_work(qtbot)
        qtbot.waitUntil(lambda: busy.phase is Phase.EMPTY)
    assert not getattr(viewer, "canvas", viewer).grid.enabled  # moved in napari 0.9
    monkeypatch.undo()
    assert kriged(busy, section, load, qtbot, ready).raster.shape[0] > section.raster.shape[0]


def test_the_window_is_closed(busy, qtbot):
    busy.viewer.close()
    nothing_at_work(qtbot)
