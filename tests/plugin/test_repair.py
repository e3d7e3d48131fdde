"""The page Repair by mouse and keys: tools at once, menus, words of Run, and what fits."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click, middle, paint, world_of
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabBar,
)

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.plugin.actions import ACTIONS
from napari_stentrans.plugin.panels.repair.run_button import tasks
from napari_stentrans.simulate import simulate_section

TO_PRESS = (
    QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QAbstractItemView, QTabBar,
)  # fmt: skip
MOST = 21
"""Controls that are seen at once on Repair, with the head of the dock and the tabs."""


@pytest.fixture(scope="module")
def pictured():
    """A small section with a tissue image."""
    return simulate_section(300, 60, seed=2, artefacts=False)


@pytest.fixture
def repair(dock, pictured, load, qtbot):
    """The page, at the size of a laptop, with a section that has an image."""
    dock.viewer.window.resize(1280, 800)
    load(dock, pictured)
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    return dock


def words(button):
    """What a button says, in one line."""
    return " ".join(button.text().split())


def names(dock):
    features = dock.layers.lost.features
    return dict(zip(features["index"], features["region"], strict=True))


# ---- tools at once


def test_the_first_stroke_makes_the_first_region(repair, pictured, qtbot):
    dock = repair
    assert dock.layers.lost is None
    click(qtbot, dock.lost.tools["paint"])
    assert dock.lost.tools["paint"].isChecked()
    spot = middle(pictured)
    paint(qtbot, dock.viewer, world_of(dock.layers, spot), (0, 60))
    assert dock.layers.paint.mask().lost[spot]
    assert names(dock) == {1: "lost"}
    qtbot.waitUntil(lambda: list(dock.lost.regions.rows) == [1])
    n = int(dock.layers.paint.mask().lost.sum())
    qtbot.waitUntil(lambda: dock.lost.regions.rows[1].text(1) == f"{n}")
    click(qtbot, dock.lost.steps["undo"])
    assert not dock.layers.paint.mask().lost.any()


def test_every_tool_can_begin(repair, qtbot):
    dock = repair
    for mode, tool in dock.lost.tools.items():
        click(qtbot, tool)
        assert dock.layers.lost.mode == mode
        dock.viewer.layers.remove(dock.layers.lost)
        qtbot.waitUntil(lambda: not dock.lost.painting)


def test_a_name_that_is_given_up_by_escape_stays_as_it_was(repair, qtbot):
    dock = repair
    click(qtbot, dock.lost.new)
    qtbot.keyClick(dock.lost.regions, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: dock.lost.regions.findChild(QLineEdit) is not None)
    line = dock.lost.regions.findChild(QLineEdit)
    qtbot.keyClicks(line, "smear")
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    qtbot.wait(50)
    assert names(dock) == {1: "lost"}
    assert dock.lost.regions.rows[1].text(0) == "lost"


def test_regions_are_chosen_hidden_and_deleted_by_keys(repair, pictured, qtbot):
    dock, regions = repair, repair.lost.regions
    click(qtbot, dock.lost.new)
    dock.layers.paint.paint_spots(np.arange(pictured.n_spots) < 5)
    click(qtbot, dock.lost.new)
    qtbot.keyClick(regions.findChild(QLineEdit), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: set(regions.rows) == {1, 2})
    regions.setFocus()
    qtbot.keyClick(regions, Qt.Key.Key_Up)
    assert dock.layers.lost.selected_label == 1
    qtbot.keyClick(regions, Qt.Key.Key_Space)
    assert dock.layers.lost.get_color(1)[3] == 0
    qtbot.keyClick(regions, Qt.Key.Key_Delete)
    assert names(dock) == {2: "fold"}
    assert not dock.layers.lost.data.any()


# ---- menus


def test_the_menus_by_keys_and_by_mouse(repair, pictured, qtbot):
    dock = repair
    menu = dock.lost.edit_menu.menu()
    dock.layers.paint.paint_spots(np.arange(pictured.n_spots) == middle(pictured))
    qtbot.waitUntil(lambda: dock.lost.edits["grow"].isEnabled())
    menu.popup(dock.mapToGlobal(dock.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(menu, key)
    assert dock.layers.paint.mask().lost.sum() == 7
    click(qtbot, dock.lost.edits["grow"])
    assert dock.layers.paint.mask().lost.sum() == 19
    click(qtbot, dock.lost.edits["shrink"])
    assert dock.layers.paint.mask().lost.sum() == 7


def test_a_menu_says_of_each_why_it_cannot_be_done(loaded, qtbot):
    menu = loaded.lost.find_menu.menu()
    menu.aboutToShow.emit()
    off = {action.text(): action.toolTip() for action in menu.actions() if not action.isEnabled()}
    assert set(off) == {"Not covered…", "What the image tells"}
    assert all("no image" in tip for tip in off.values())


def test_all_that_the_table_can_do_asks_the_dock_whether_it_may(dock, loaded):
    for name, action in ACTIONS.items():
        assert action.words
        if action.do is None:
            continue
        assert isinstance(action.when(dock), bool), name
        made = dock.context.actions[name]
        assert isinstance(made, QAction)
        assert made.toolTip().startswith(action.tip)
        assert action.keys in made.toolTip()


# ---- what Run says


def test_run_says_what_it_will_do(repair, pictured, qtbot):
    dock, run = repair, repair.enhance.run
    assert words(run).startswith("Double the resolution, denoise, with image: ")
    dock.layers.paint.paint_spots(np.arange(pictured.n_spots) < 17)
    qtbot.waitUntil(lambda: words(run).startswith("Fill 17 spots, 2×, denoise, with image: "))
    click(qtbot, dock.enhance.form.denoise)
    assert words(run).startswith("Fill 17 spots, 2×, with image: ")
    choice = dock.enhance.form.image.choice
    qtbot.keyClick(choice, Qt.Key.Key_End)
    assert choice.currentData() == "off"
    assert words(run).startswith("Fill 17 spots, 2×: ")
    click(qtbot, dock.enhance.form.double)
    assert words(run).startswith("Fill 17 spots: ")
    assert words(run).endswith(" s")
    qtbot.keyClick(dock.enhance.form.fill, Qt.Key.Key_Space)
    assert words(run) == "Run"
    assert not run.isEnabled()
    assert "nothing to do" in dock.enhance.refusal.text()
    for text in run.text().split("\n"):
        assert run.fontMetrics().horizontalAdvance(text) < run.width()


@pytest.mark.parametrize(
    ("upscale", "denoise", "lost", "image", "said"),
    [
        (1, False, (1, 0), False, "Fill 1 spot"),
        (1, True, (1234, 56), True, "Fill 1,234 spots and 56 sites, denoise, with image"),
        (2, False, (0, 3), False, "Fill 3 sites, 2×"),
        (2, True, (0, 0), False, "Double the resolution, denoise"),
    ],
)
def test_tasks_in_words(upscale, denoise, lost, image, said):
    config = EnhanceConfig(upscale=upscale, denoise=denoise)
    assert tasks(config, *lost, image=image) == said


def test_pause_and_cancel_are_there_only_while_something_runs(loaded, slow, qtbot):
    enhance = loaded.enhance
    assert not enhance.pause.isVisible()
    assert not enhance.cancel.isVisible()
    click(qtbot, enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    loaded.pages.setCurrentIndex(2)  # from any page
    qtbot.waitUntil(enhance.cancel.isVisible)
    assert enhance.pause.isVisible()
    assert not enhance.run.isVisible()
    click(qtbot, enhance.cancel)
    qtbot.waitUntil(lambda: not enhance.cancel.isVisible())
    assert not enhance.pause.isVisible()


# ---- what fits


def three_regions(qtbot, dock, section):
    labels = np.zeros(section.raster.shape, np.uint8)
    for label in (1, 2, 3):
        click(qtbot, dock.lost.new)
        spots = np.arange(section.n_spots) // 10 == 3 * label
        labels[section.raster.paint(spots)] = label
    dock.layers.paint.relabel(labels)
    for line in dock.lost.regions.findChildren(QLineEdit):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(dock.lost.regions.rows) == 3)
    qtbot.wait(300)


def test_few_controls_are_seen_at_once(repair, pictured, qtbot):
    three_regions(qtbot, repair, pictured)
    seen = [
        widget.accessibleName() or type(widget).__name__
        for kind in TO_PRESS
        for widget in repair.findChildren(kind)
        if widget.isVisible() and widget.isEnabled()
    ]
    assert len(seen) <= MOST, ", ".join(seen)
    assert {"brush", "undo", "redo", "new region", "find damage", "edit"} <= set(seen)


@pytest.mark.high_dpi
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_pages_fit_without_scrolling(repair, pictured, qtbot, theme):
    dock = repair
    dock.viewer.theme = theme
    three_regions(qtbot, dock, pictured)
    for at, page in enumerate(dock.pages):
        if page.title in ("Repair", "Export"):
            dock.pages.setCurrentIndex(at)
            qtbot.wait(100)
            assert dock.pages.widget(at).verticalScrollBar().maximum() == 0, page.title
            assert page.minimumSizeHint().width() <= dock.pages.widget(at).viewport().width()


def test_expert_settings_open_beside_and_close(repair, qtbot):
    form = repair.enhance.form
    click(qtbot, form.gear)
    qtbot.waitUntil(form.popup.isVisible)
    assert form.method.isVisible()
    assert form.expert.boxes["seed"].native.isVisible()
    qtbot.keyClick(form.popup, Qt.Key.Key_Escape)
    assert not form.popup.isVisible()
