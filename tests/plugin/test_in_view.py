"""What stays in view, what is scrolled to, and what a run does to the brush; by mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import LEFT, click, come_to, middle, paint, world_of
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QPushButton, QScrollArea

from napari_stentrans.method_table import METHODS
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.models.phase import Phase


@pytest.fixture
def kriging(loaded):
    """The dock with a section, set to a method that is fast."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    form.method.activated.emit(form.method.currentIndex())
    return loaded


def run(qtbot, dock, ready):
    click(qtbot, dock.enhance.run)
    ready(dock)
    qtbot.wait(50)


def seen(dock, widget):
    """Whether all of a widget lies inside the dock, not under another."""
    at = widget.mapTo(dock, QPoint(0, 0))
    inside = dock.rect().contains(widget.rect().translated(at))
    return widget.isVisible() and inside and not widget.visibleRegion().isEmpty()


# ---- the foot of the dock


@pytest.mark.parametrize("size", [(1280, 800), (853, 533)])
def test_the_run_buttons_stay_in_view_and_in_place(kriging, slow, qtbot, size):
    enhance = kriging.enhance
    kriging.viewer.window.resize(*size)
    click(qtbot, kriging.lost.new)
    qtbot.wait(100)
    bar = kriging.pages.widget(0).verticalScrollBar()
    for value in (0, bar.maximum()):
        bar.setValue(value)
        assert seen(kriging, enhance.run)

    def place():
        """Above the foot of the dock: napari's own controls may make the window higher."""
        at = enhance.run.mapTo(kriging, QPoint(0, 0))
        return at.x(), kriging.height() - at.y()

    at_first = place()
    form = enhance.form
    form.method.setCurrentIndex(form.method.findData("transformer"))
    click(qtbot, enhance.run)
    qtbot.waitUntil(slow.began.is_set, timeout=60_000)
    qtbot.waitUntil(lambda: "Preview" not in enhance.progress.words.text(), timeout=60_000)
    click(qtbot, enhance.add)
    parts = (enhance.pause, enhance.cancel, enhance.progress.bar, enhance.queue.clear_button)
    for page in kriging.pages:
        come_to(qtbot, page)
        for part in parts:
            assert seen(kriging, part), page.title
    come_to(qtbot, kriging.repair)
    assert seen(kriging, enhance.add)
    qtbot.mouseClick(enhance.queue.clear_button, LEFT)
    click(qtbot, enhance.cancel)
    qtbot.waitUntil(lambda: kriging.phase is Phase.READY)
    qtbot.wait(50)
    assert place() == at_first


def test_the_result_comes_to_the_front_and_the_focus_stays(kriging, qtbot, ready):
    search = kriging.data.search.edit
    search.setFocus()
    kriging.run()  # as a key does, with the focus where it is
    ready(kriging)
    qtbot.wait(50)
    assert kriging.result.isVisible()
    assert kriging.pages.widget(1).verticalScrollBar().value() == 0
    assert search.window().focusWidget() is search


def test_tab_comes_to_the_run_buttons_after_all_else_of_their_page(kriging, qtbot, ready):
    run(qtbot, kriging, ready)
    enhance, chain = kriging.enhance, []
    come_to(qtbot, kriging.repair)
    part = kriging.data.open
    while not chain or part is not kriging.data.open:
        if (
            part.isVisibleTo(kriging)
            and part.isEnabled()
            and part.focusPolicy() & Qt.FocusPolicy.TabFocus
        ):
            chain.append(part)
        part = part.nextInFocusChain()
    ours = [part for part in chain if kriging.isAncestorOf(part)]
    ours = [part for part in ours if not isinstance(part, QScrollArea)]
    tail = [enhance.run, *([enhance.cancel] if enhance.cancel.isVisible() else [])]  # of a check
    assert ours[-len(tail) :] == tail
    wanted = (kriging.lost.tools["paint"], kriging.lost.edit_menu, enhance.form.double)
    places = [ours.index(part) for part in (*wanted, enhance.form.gear, enhance.run)]
    assert places == sorted(places)


# ---- the brush


def test_a_run_puts_the_brush_away_and_new_marks_are_told(kriging, section, qtbot, ready):
    layers, at = kriging._layers, middle(section)
    click(qtbot, kriging.lost.new)
    paint(qtbot, kriging.viewer, world_of(layers, at), (0, 50))
    marked = layers.paint.mask().lost.copy()
    assert marked.any()
    run(qtbot, kriging, ready)
    assert layers.lost.mode == "pan_zoom"
    assert not kriging.result.unfilled.isVisible()
    paint(qtbot, kriging.viewer, world_of(layers, at) + 250, (0, 1))
    np.testing.assert_array_equal(layers.paint.mask().lost, marked)

    click(qtbot, kriging.lost.tools["paint"])
    paint(qtbot, kriging.viewer, world_of(layers, at) + 250, (0, 50))
    assert layers.paint.mask().lost.sum() > marked.sum()
    come_to(qtbot, kriging.result)
    qtbot.waitUntil(kriging.result.unfilled.isVisible)
    assert "run again" in kriging.result.unfilled.text()
    run(qtbot, kriging, ready)
    assert not kriging.result.unfilled.isVisible()


# ---- closing


@pytest.mark.parametrize(("waiting", "said"), [(0, "The run was stopped"), (1, "2 runs were")])
def test_a_run_that_closing_stopped_is_told_on_reopening(loaded, slow, qtbot, waiting, said):
    viewer = loaded.viewer
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    for _ in range(waiting):
        click(qtbot, loaded.enhance.add)
    bar = loaded.parent().titleBarWidget()
    qtbot.mouseClick(bar.findChild(QPushButton, "QTitleBarCloseButton"), LEFT)
    qtbot.wait(50)
    for message in (said, ""):
        again = StentransDock(viewer)
        viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
        assert again.message.text().startswith(message)
        assert bool(again.message.text()) == bool(message)
        viewer.window.remove_dock_widget(again)


def test_runs_that_closing_stopped_are_begun_again(kriging, slow, qtbot, ready, monkeypatch):
    viewer, layers = kriging.viewer, kriging._layers
    form = kriging.enhance.form
    form.method.setCurrentIndex(form.method.findData("transformer"))
    click(qtbot, kriging.enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    form.method.setCurrentIndex(form.method.findData("kriging"))
    form.method.activated.emit(form.method.currentIndex())
    click(qtbot, kriging.enhance.add)
    viewer.window.remove_dock_widget(kriging)
    qtbot.waitUntil(slow.stopped.is_set)
    monkeypatch.setitem(METHODS, "transformer", METHODS["kriging"])  # which is fast

    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    qtbot.waitUntil(dock.message.action.isVisible)
    assert dock.message.action.text() == "Run again"
    click(qtbot, dock.message.action)
    assert dock.phase is Phase.RUNNING
    assert not dock.message.isVisible()
    qtbot.waitUntil(lambda: len(layers.model.runs) == 2, timeout=120_000)
    ready(dock)
    methods = [run.enhancement.record.config.method for run in layers.model.runs]
    assert methods == ["transformer", "kriging"]
