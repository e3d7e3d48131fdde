"""Everything by keys: the list of keys, keys that do what it says, and Tab for the rest."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click, come_to, export_shown
from napari.settings import get_settings
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QRadioButton,
    QShortcut,
    QWidget,
)

from napari_stentrans.plugin.actions import ACTIONS, GROUPS, groups, keys_of
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.cheat_sheet import CheatSheet

TO_PRESS = (QAbstractButton, QComboBox, QLineEdit, QAbstractItemView, QAbstractSpinBox)


def press(dock, action, on=None):
    """Press the keys of an action while the canvas has the focus."""
    canvas = on or dock.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    keys = QKeySequence(keys_of(action))[0]
    QTest.keyClick(canvas, keys.key(), keys.keyboardModifiers())


@pytest.fixture
def active(loaded, qtbot):
    """The dock in a window that has the focus."""
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    loaded.window().activateWindow()
    qtbot.waitUntil(loaded.window().isActiveWindow)
    return loaded


def names(dock):
    return [run.name for run in dock._layers.model.runs]


# ---- the table


def test_no_key_is_there_twice_and_none_is_naparis(dock):
    from napari._app_model import get_app_model

    ours = [QKeySequence(keys).toString() for keys in map(keys_of, ACTIONS)]
    assert len(set(ours)) == len(ours)
    bound = [key for keys in get_settings().shortcuts.shortcuts.values() for key in keys]
    bound += [rule.keybinding for rule in get_app_model().keybindings]
    theirs = {QKeySequence(str(key)).toString() for key in bound}
    assert len(theirs) > 50
    taken_on_purpose = {"Left", "Right"}  # while a swipe is on
    perhaps = {"Alt+T"}  # napari's only while it is being debugged
    assert set(ours) & theirs <= taken_on_purpose | perhaps
    menus = dock.window().menuBar().actions()
    mnemonics = {f"Alt+{menu.text().partition('&')[2][:1]}" for menu in menus}
    assert not set(ours) & mnemonics


def test_every_action_has_a_heading():
    begins = {begin for all_of_them in GROUPS.values() for begin in all_of_them}
    assert {name.partition(".")[0] for name in ACTIONS} == begins
    listed = {key for keys in groups().values() for key in keys}
    assert listed >= set(map(keys_of, ACTIONS))


def test_every_key_of_the_table_is_bound_in_the_dock(active):
    parts = (active, active.bar)
    bound = {made.key().toString() for part in parts for made in part.findChildren(QShortcut)}
    bound |= {action.shortcut().toString() for action in active.actions()}
    keys = {QKeySequence(keys).toString() for keys in map(keys_of, ACTIONS)}
    elsewhere = {"Left", "Right"}  # bound to the canvas while a swipe is on
    held = {"H"}
    assert keys - bound == elsewhere | held


# ---- the list


def test_f1_shows_all_keys_and_escape_hides_them(active, qtbot):
    press(active, "help.keys")
    sheet = active.findChild(CheatSheet)
    qtbot.waitUntil(sheet.isVisible)
    said = {label.text() for label in sheet.findChildren(QLabel)}
    assert said >= {action.words for action in ACTIONS.values()}
    assert said >= {"Alt+O", "F1", "[ and ]"}
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    press(active, "help.keys")
    assert sheet.isVisible()
    qtbot.keyClick(sheet, Qt.Key.Key_F1)
    assert not sheet.isVisible()


def test_a_button_at_the_top_shows_all_keys(active, qtbot):
    click(qtbot, active.corner.menu().actions()[0])
    assert active.findChild(CheatSheet).isVisible()


# ---- runs by keys


def test_a_run_is_made_repeated_renamed_and_deleted_by_keys(active, qtbot, ready):
    press(active, "run.start")
    qtbot.waitUntil(lambda: len(active._layers.model.runs) == 1, timeout=60_000)
    ready(active)
    click(qtbot, active.enhance.form.double)
    press(active, "run.start")
    qtbot.waitUntil(lambda: len(active._layers.model.runs) == 2, timeout=60_000)
    ready(active)
    first, second = (run.enhancement for run in active._layers.model.runs)
    press(active, "runs.previous")
    assert active._layers.model.enhancement is first
    press(active, "runs.next")
    assert active._layers.model.enhancement is second
    press(active, "runs.rename")
    edit = active.result.runs.list.findChild(QLineEdit)
    edit.selectAll()
    qtbot.keyClicks(edit, "mine")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: active.result.runs.list.findChild(QLineEdit) is None)
    assert names(active) == ["Run 1: kriging, 2×", "mine"]
    press(active, "runs.delete")
    assert names(active) == ["Run 1: kriging, 2×"]


def test_a_run_is_held_and_cancelled_by_keys(active, slow, qtbot, ready):
    form = active.enhance.form
    form.method.setCurrentIndex(form.method.findData("transformer"))
    press(active, "run.start")
    qtbot.waitUntil(slow.began.is_set, timeout=60_000)
    press(active, "run.start")
    assert active.enhance.queue.words.text() == "1 waiting"
    press(active, "run.pause")
    qtbot.waitUntil(lambda: active.phase is Phase.PAUSED)
    press(active, "run.pause")
    qtbot.waitUntil(lambda: active.phase is Phase.RUNNING)
    active.enhance.queue.clear()
    press(active, "run.cancel")
    qtbot.waitUntil(slow.stopped.is_set)
    ready(active)
    assert names(active) == []


def test_copy_check_and_save_by_keys(active, qtbot, ready, tmp_path, monkeypatch, section):
    path = tmp_path / "a.h5ad"
    section.adata.write_h5ad(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    press(active, "data.open")
    qtbot.waitUntil(lambda: active._layers.model.section.source == path, timeout=60_000)
    ready(active)
    press(active, "run.start")
    qtbot.waitUntil(lambda: len(active._layers.model.runs) == 1, timeout=60_000)
    ready(active)
    press(active, "runs.python")
    assert "read_section" in QApplication.clipboard().text()
    press(active, "runs.command")
    assert QApplication.clipboard().text().startswith("stentrans enhance ")
    qtbot.waitUntil(lambda: active._layers.model.quality is not None, timeout=30_000)
    assert not active.result.scores.table.isVisible()
    press(active, "quality.check")
    assert active.result.scores.table.isVisible()
    press(active, "save.figure")
    page = export_shown(qtbot, active)
    assert page.what == "figure"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "f.svg"), "")
    )
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Saved f.svg in" in active.message.text())
    ready(active)
    active.window().activateWindow()
    qtbot.waitUntil(active.window().isActiveWindow)
    press(active, "session.save")
    qtbot.waitUntil(lambda: "Saved f.svg.stentrans" in active.message.text())
    ready(active)
    active.window().activateWindow()
    press(active, "save.anything")
    assert export_shown(qtbot, active).what == "figure"


# ---- Tab


def test_tab_reaches_everything_that_can_be_pressed(active, qtbot, ready):
    dock = active
    dock._layers.paint.paint_spots(np.arange(dock._layers.model.section.n_spots) < 9)
    click(qtbot, dock.enhance.run)
    ready(dock)
    qtbot.waitUntil(lambda: dock._layers.model.quality is not None, timeout=30_000)
    click(qtbot, dock.genes.look_button)
    for page in dock.pages:
        come_to(qtbot, page)
        qtbot.wait(100)
        reached, wanted = by_tab(dock), to_press(dock)
        assert len(wanted) > 3
        assert unreached(wanted, reached) == [], page.title
    click(qtbot, dock.enhance.form.gear)
    popup = dock.enhance.form.popup
    qtbot.waitUntil(popup.isActiveWindow)
    assert unreached(to_press(popup), by_tab(popup, dock.enhance.form.method)) == []


def by_tab(dock, begin=None):
    """What the key Tab comes to, until it comes round."""
    (begin or dock.data.open).setFocus()
    reached = []
    while (widget := QApplication.focusWidget()) not in reached:
        reached.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    return reached


def to_press(window):
    """What is seen in a window, or a part of one, and can be pressed."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if isinstance(widget, TO_PRESS) and widget.isVisibleTo(window) and widget.isEnabled()
    ]


def unreached(wanted, reached):
    """Names of what Tab does not come to."""

    def is_reached(widget):
        if isinstance(widget, QRadioButton):  # arrows go on from the one that is chosen
            widget = widget.group().checkedButton()
        return any(widget is other or widget.isAncestorOf(other) for other in reached) or (
            widget.parentWidget() in reached  # the line inside a box
        )

    return [w.accessibleName() or type(w).__name__ for w in wanted if not is_reached(w)]


# ---- two windows


def test_keys_act_in_their_own_window_only(active, make_napari_viewer, load, qtbot, section):
    from napari_stentrans.plugin.dock import StentransDock

    viewer = make_napari_viewer(show=True)
    other = StentransDock(viewer)
    viewer.window.add_dock_widget(other, name="stEnTrans", area="right")
    load(other, section)
    for here, there in ((other, active), (active, other)):
        here.window().activateWindow()
        qtbot.waitUntil(here.window().isActiveWindow)
        genes = here._layers.model.gene, there._layers.model.gene
        press(here, "genes.next")
        assert here._layers.model.gene != genes[0]
        assert there._layers.model.gene == genes[1]
        press(here, "compare.profile", on=here)
        press(here, "help.keys")
        assert here.findChild(CheatSheet).isVisible()
        sheet = there.findChild(CheatSheet)
        assert sheet is None or not sheet.isVisible()
        qtbot.keyClick(here.findChild(CheatSheet), Qt.Key.Key_Escape)
