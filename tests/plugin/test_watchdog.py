"""The watchdog sees what blocks the window, and whose thread it was."""

from __future__ import annotations

import gc
import time
import weakref

import numpy as np
import pytest
from gestures import click
from napari.layers import Image
from qtpy.QtCore import QTimer
from vispy.scene.widgets import ViewBox
from watchdog import Watchdog

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.plugin.layers.collector import Collector
from napari_stentrans.simulate import simulate_section


def test_a_block_is_seen_with_the_line_that_made_it(qtbot):
    def asleep():
        time.sleep(0.3)

    with Watchdog() as dog:
        dog.during = "nap"
        QTimer.singleShot(0, asleep)
        qtbot.wait(100)
        dog.during = "rest"
    worst = dog.worst("nap")
    assert worst.seconds >= 0.3
    assert worst.cpu < worst.seconds / 2
    assert any("asleep" in line for line in worst.where)
    assert dog.worst("never").seconds == 0


def test_computing_in_the_window_counts_as_its_own(qtbot):
    def busy():
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass

    with Watchdog(longest=0.1) as dog:
        QTimer.singleShot(0, busy)
        qtbot.wait(50)
    assert dog.worst().cpu == pytest.approx(0.2, abs=0.1)


@pytest.fixture
def turns(dock):
    """Names of the layers that were added, turn of the event loop by turn."""
    added = [[]]
    beat = QTimer(dock)
    beat.setInterval(0)
    beat.timeout.connect(lambda: added.append([]))
    beat.start()
    dock.viewer.layers.events.inserted.connect(lambda event: added[-1].append(event.value.name))
    yield added
    beat.stop()


def test_layers_are_added_one_in_a_turn(dock, turns, load, ready, qtbot):
    layers = load(dock, simulate_section(150, 40))
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, dock.enhance.run)
    qtbot.waitUntil(lambda: layers.now("provenance") is not None, timeout=60_000)
    click(qtbot, dock.genes.overlay.over)
    dock.show_gene("Gene3" if layers.model.gene != "Gene3" else "Gene4")
    qtbot.waitUntil(lambda: layers.now("after").rgb and layers.now("before").rgb)
    ready(dock)
    added = [names for names in turns if names]
    assert len(added) == 7  # image, before, after, uncertainty, provenance, and two in colours
    assert all(len(names) == 1 for names in added)


def test_side_by_side_uses_the_cells_of_the_grid_again(dock, load, ready, qtbot):
    layers = load(dock, simulate_section(150, 40, image=False))
    layers.show_enhancement(enhance(layers.model.section, config=EnhanceConfig(method="nearest")))
    cells = []
    for _ in range(4):
        for on in (True, False):
            layers.model.choose_view("side_by_side" if on else "after")
            qtbot.wait(20)
        gc.collect()
        cells.append(sum(isinstance(found, ViewBox) for found in gc.get_objects()))
    assert cells[0] == cells[-1]


def test_garbage_collections_leave_alone_what_was_there_before_the_dock(dock):
    assert gc.get_freeze_count() > 100_000
    assert len(gc.get_objects()) < 100_000
    dock.shut_down()
    assert gc.get_freeze_count() == 0


def test_a_dock_whose_window_is_closed_around_it_is_let_go(dock, load, section, qtbot):
    load(dock, section)
    assert gc.get_freeze_count() > 100_000
    dock.viewer.close()  # the dock gets no event of its own
    qtbot.waitUntil(lambda: gc.get_freeze_count() == 0)


def test_a_layer_that_was_there_before_the_dock_is_let_go(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    layer = Image(np.zeros((50, 50)))
    layer.metadata["round"] = [layer]  # only a collection lets go of it
    viewer.layers.append(layer)
    gone = weakref.ref(layer)
    collector = Collector(viewer.layers, viewer.window._qt_window)
    viewer.layers.remove(layer)
    del layer
    assert gc.get_freeze_count() == 0
    qtbot.waitUntil(lambda: gc.collect() >= 0 and gone() is None)
    collector.let_go()
