"""Pages of the dock: chosen by mouse and keys, added in one file and one line, come when meant."""

from __future__ import annotations

import pytest
from gestures import LEFT, click, middle, paint, world_of
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel

from napari_stentrans.plugin import pages
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.panels.page import Page
from napari_stentrans.plugin.panels.repair.repair_page import RepairPage
from napari_stentrans.plugin.panels.result.page import ResultPage


def title(dock):
    return dock.pages.tabText(dock.pages.currentIndex())


def click_tab(qtbot, dock, name):
    bar = dock.pages.tabBar()
    at = next(i for i in range(bar.count()) if bar.tabText(i) == name)
    qtbot.mouseClick(bar, LEFT, pos=bar.tabRect(at).center())


class NeighboursPage(Page):
    """All that a stranger writes for a page of their own."""

    title = "Neighbours"
    tip = "How many spots there are"

    def __init__(self, context):
        super().__init__(context)
        self.words = QLabel()
        self.rows.addWidget(self.words)
        context.sectionsChanged.connect(self.refresh)

    def refresh(self):
        layers = self.context.layers
        self.words.setText("" if layers is None else f"{layers.model.section.n_spots} spots")


@pytest.fixture
def with_another(make_napari_viewer, qtbot, monkeypatch, section, load):
    monkeypatch.setattr(pages, "PAGES", [*pages.PAGES, NeighboursPage])  # the one line
    viewer = make_napari_viewer(show=True)
    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    load(dock, section)
    return dock


def test_a_page_is_added_in_one_file_and_one_line(with_another, qtbot, section):
    dock = with_another
    page = dock.pages.page(NeighboursPage)
    assert not page.words.isVisible()
    click_tab(qtbot, dock, "Neighbours")
    assert page.words.isVisible()
    assert page.words.text() == f"{section.n_spots} spots"
    at = dock.pages.currentIndex()
    click_tab(qtbot, dock, "Repair")
    assert not page.words.isVisible()
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    canvas = dock.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key(Qt.Key.Key_1 + at), Qt.KeyboardModifier.AltModifier)
    assert page.words.isVisible()
    assert f"Alt+{at + 1}" in dock.pages.tabToolTip(at)


def test_pages_by_mouse_and_by_keys(loaded, qtbot):
    dock = loaded
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    click_tab(qtbot, dock, "Export")
    assert title(dock) == "Export"
    bar = dock.pages.tabBar()
    bar.setFocus()
    qtbot.keyClick(bar, Qt.Key.Key_Left)
    assert title(dock) == "Result"
    qtbot.keyClick(dock.pages, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert title(dock) == "Export"
    canvas = dock.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert title(dock) == "Repair"
    assert bar.hasFocus()  # the arrows go on from there


@pytest.fixture
def quick(loaded, qtbot):
    """The dock with a method that is fast, in a window that has the keyboard."""
    loaded.enhance.form.choose_method("nearest")
    loaded.jobs.enhancing.checks = False
    loaded.window().activateWindow()
    qtbot.waitUntil(loaded.window().isActiveWindow)
    return loaded


def run_by_key(qtbot, dock):
    canvas = dock.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    n = len(dock.layers.model.runs)
    QTest.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    return lambda: len(dock.layers.model.runs) == n + 1 and dock.phase is Phase.READY


def test_the_result_comes_after_a_run_and_leaves_the_keyboard(quick, qtbot):
    dock = quick
    ended = run_by_key(qtbot, dock)
    qtbot.waitUntil(ended, timeout=60_000)
    assert title(dock) == "Result"
    assert dock.viewer.window._qt_viewer.canvas.native.hasFocus()
    assert dock.result.words.isVisible()
    click_tab(qtbot, dock, "Export")
    ended = run_by_key(qtbot, dock)  # from any page
    qtbot.waitUntil(ended, timeout=60_000)
    assert title(dock) == "Result"


def test_the_result_does_not_come_over_a_page_that_was_gone_to(quick, qtbot):
    dock = quick
    ended = run_by_key(qtbot, dock)
    click_tab(qtbot, dock, "Export")
    qtbot.waitUntil(ended, timeout=60_000)
    assert title(dock) == "Export"


def test_the_result_does_not_come_while_a_person_paints(quick, section, qtbot):
    dock = quick
    click(qtbot, dock.lost.new)
    ended = run_by_key(qtbot, dock)
    click(qtbot, dock.lost.tools["paint"])
    paint(qtbot, dock.viewer, world_of(dock.layers, middle(section)), (0, 60))
    qtbot.waitUntil(ended, timeout=60_000)
    assert title(dock) == "Repair"
    assert dock.layers.lost.mode == "paint"


def test_no_page_takes_what_a_stranger_did_not_list(loaded):
    with pytest.raises(LookupError, match=r"NeighboursPage: it is not listed in pages\.py"):
        loaded.pages.page(NeighboursPage)
    assert isinstance(loaded.pages.page(RepairPage), RepairPage)
    assert isinstance(loaded.pages.page(ResultPage), ResultPage)
