"""The light for the gene shown, the rows of runs, and the panel below the canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import LEFT, click, come_to, middle, open_tab, paint, use_menu, world_of
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QLineEdit, QPushButton

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.evaluation.quality import quality_steps
from napari_stentrans.evaluation.verdict import Verdict
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.models.trust import OF_VERDICT, Trust
from napari_stentrans.plugin.panels.result.run_rows import DETAILS
from napari_stentrans.progress import drain


@pytest.fixture(scope="module")
def result(section):
    """The section enhanced, with a lost region."""
    lost = np.arange(section.n_spots) < 9
    return enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))


@pytest.fixture(scope="module")
def quality(section, result):
    """What a check of it finds."""
    return drain(quality_steps(section, result.record))


@pytest.fixture
def unchecked(loaded, result):
    """The dock with a result."""
    loaded._layers.model.show_run(loaded._layers.model.runs.add(result))
    loaded.context.resultChanged.emit()
    return loaded


@pytest.fixture
def checked(unchecked, quality):
    """The dock with a result that was checked."""
    next(iter(unchecked._layers.model.runs)).quality = quality
    unchecked.context.resultChanged.emit()
    return unchecked


def below(dock):
    """The docks of the window below the canvas."""
    window = dock.window()
    docks = window.findChildren(QDockWidget)
    area = Qt.DockWidgetArea.BottomDockWidgetArea
    return [one for one in docks if one.isVisible() and window.dockWidgetArea(one) == area]


# ---- the light


def test_the_light_has_a_sign_a_word_and_a_reason_for_each_state(checked, quality, qtbot):
    panel, seen = checked.quality, {}
    for gene in quality.table.index:
        checked.show_gene(gene)
        verdict = quality.verdict(gene)
        assert panel.trust is OF_VERDICT[verdict]
        assert panel.trust.value in panel.light.text()
        assert panel.of_gene.text().startswith(f"{gene}: ")
        assert ("better than" in panel.of_gene.text()) == (
            verdict is not Verdict.HARDLY_PREDICTABLE
        )
        seen[panel.trust] = panel.light.text()
    assert {*seen} == {Trust.TRUST, Trust.CARE, Trust.DO_NOT}
    signs = [text.split("</span>")[0][-1] for text in seen.values()]
    assert len({*signs}) == 3, "never by colour alone"
    assert not panel.check.isVisible()
    click(qtbot, panel.why)
    qtbot.waitUntil(lambda: any(w.inherits("QWhatsThat") for w in QApplication.topLevelWidgets()))
    said = next(w for w in QApplication.topLevelWidgets() if w.inherits("QWhatsThat"))
    said.close()


def test_without_a_result_there_is_no_light(loaded, qtbot):
    come_to(qtbot, loaded.result.nothing)
    assert loaded.result.nothing.isVisible()
    assert not loaded.quality.isVisible()
    assert not loaded.result.line.isVisible()


def test_a_result_that_is_not_checked_has_a_grey_light_and_a_button(unchecked, qtbot, ready):
    panel, page = unchecked.quality, unchecked.result
    assert panel.trust is Trust.UNKNOWN
    assert "Not checked yet" in panel.light.text()
    assert not page.opens["table"].isEnabled()
    assert "Check first" in page.opens["table"].toolTip()
    click(qtbot, panel.check)
    assert unchecked.phase is Phase.CHECKING
    qtbot.waitUntil(lambda: unchecked._layers.model.quality is not None, timeout=30_000)
    ready(unchecked)
    assert panel.trust is not Trust.UNKNOWN
    assert not panel.check.isVisible()
    assert page.opens["table"].isEnabled()


# ---- the rows


def test_rows_say_what_differs_how_good_and_how_long(checked, result, quality, qtbot):
    runs = checked.result.runs
    other = replace(result, record=result.record.model_copy(update={"seconds": 7.25}))
    checked._layers.model.runs.add(other, "mine")
    rows = [runs.list.item(row).data(DETAILS) for row in range(2)]
    typical = quality.typical(quality.method)
    assert f"correlation {typical:.2f} · {result.record.seconds:.1f} s" in rows[0]
    assert rows[1] == "kriging, 2× · not checked · 7.2 s"


def test_runs_that_are_to_come_are_rows_that_cannot_be_shown(loaded, slow, qtbot, ready):
    runs, enhance = loaded.result.runs, loaded.enhance
    click(qtbot, enhance.run)
    qtbot.waitUntil(slow.began.is_set)
    enhance.form.method.setCurrentIndex(enhance.form.method.findData("kriging"))
    click(qtbot, enhance.add)
    click(qtbot, enhance.form.double)
    click(qtbot, enhance.add)
    said = [(runs.list.item(row).text(), runs.list.item(row).data(DETAILS)) for row in range(3)]
    assert said == [
        ("transformer, 2×", "being made now"),
        ("kriging, 2×", "waits, the next"),
        ("kriging", "waits, number 2"),
    ]
    shown = loaded._layers.model.enhancement
    qtbot.mouseClick(runs.list.viewport(), LEFT, pos=QPoint(20, 10))
    assert runs.list.currentRow() == -1
    assert loaded._layers.model.enhancement is shown
    qtbot.mouseClick(enhance.queue.clear_button, LEFT)
    click(qtbot, enhance.cancel)
    ready(loaded)
    qtbot.waitUntil(lambda: runs.list.count() == 0)


def test_the_menu_renames_deletes_and_takes_back(checked, result, qtbot):
    runs, layers = checked.result.runs, checked._layers
    layers.model.runs.add(result.of_section(layers.model.section), "other")
    checked.window().activateWindow()
    qtbot.waitUntil(checked.isActiveWindow)
    assert not runs.undo.isEnabled()
    use_menu(qtbot, checked, runs.renaming)
    edit = runs.list.findChild(QLineEdit)
    edit.selectAll()
    qtbot.keyClicks(edit, "the best")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [run.name for run in layers.model.runs] == ["the best", "other"])
    use_menu(qtbot, checked, runs.delete)
    assert [run.name for run in layers.model.runs] == ["other"]
    use_menu(qtbot, checked, runs.undo)
    assert [run.name for run in layers.model.runs] == ["the best", "other"]
    at = runs.list.visualItemRect(runs.list.item(0)).center()
    runs.list.customContextMenuRequested.emit(at)
    qtbot.waitUntil(runs.menu.isVisible)
    runs.menu.close()


# ---- the panel


def test_the_panel_opens_below_the_canvas_and_leaves_the_dock_its_height(checked, qtbot):
    dock, canvas = checked, checked.viewer.window._qt_viewer.canvas.native
    high = dock.height()
    assert below(dock) == []
    for name in ("scatter", "table", "profile"):
        open_tab(qtbot, dock, name)
        assert [made.isChecked() for made in dock.result.opens.values()].count(True) == 1
    assert len(below(dock)) == 1
    qtbot.wait(50)
    assert dock.height() == high
    top = dock.wide.mapToGlobal(QPoint(0, 0)).y()
    assert top >= canvas.mapToGlobal(QPoint(0, canvas.height())).y()
    assert abs(dock.wide.width() - canvas.width()) < 60


def by_its_cross(dock, qtbot):
    close = below(dock)[0].titleBarWidget().findChild(QPushButton, "QTitleBarCloseButton")
    qtbot.mouseClick(close, LEFT)


def by_its_eye(dock, qtbot):
    hide = below(dock)[0].titleBarWidget().findChild(QPushButton, "QTitleBarHideButton")
    qtbot.mouseClick(hide, LEFT)


def by_escape(dock, qtbot):
    qtbot.waitUntil(lambda: dock.wide.isAncestorOf(QApplication.focusWidget() or dock))
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)


def by_the_button(dock, qtbot):
    click(qtbot, next(made for made in dock.result.opens.values() if made.isChecked()))


@pytest.mark.parametrize("name", ["table", "scatter", "profile"])
@pytest.mark.parametrize("shut", [by_its_cross, by_its_eye, by_escape, by_the_button])
def test_the_panel_closes_and_opens_again(checked, qtbot, shut, name):
    checked.window().activateWindow()
    qtbot.waitUntil(checked.isActiveWindow)
    for _ in range(2):
        open_tab(qtbot, checked, name)
        shut(checked, qtbot)
        qtbot.waitUntil(lambda: not below(checked))
        assert not any(made.isChecked() for made in checked.result.opens.values())
        assert "profile line" not in checked.viewer.layers, "the line goes with its plot"


def test_the_panel_goes_with_the_dock_and_with_the_section(checked, square_section, load, qtbot):
    open_tab(qtbot, checked, "scatter")
    load(checked, square_section)
    tab = checked.result.scatter
    assert tab.nothing.isVisible()
    assert not tab.inside.isVisible()
    viewer, window = checked.viewer, checked.window()
    viewer.window.remove_dock_widget(checked)
    qtbot.waitUntil(lambda: "stEnTrans: plots and table" not in viewer.window.dock_widgets)
    assert window.corner(Qt.Corner.BottomRightCorner) == Qt.DockWidgetArea.BottomDockWidgetArea


def test_a_line_stays_while_another_tab_is_looked_at(checked, section, qtbot):
    layers, page = checked._layers, checked.result
    open_tab(qtbot, checked, "profile")
    step = 2 * section.lattice.spacing * layers.frame.per_px
    paint(qtbot, checked.viewer, world_of(layers, middle(section)), (0, step / 2), (0, step))
    qtbot.waitUntil(lambda: page.profile.profile() is not None)
    tabs = checked.wide.tabs
    for name in ("table", "profile"):
        at = tabs.tabBar().tabRect(tabs.indexOf(page.tabs[name])).center()
        qtbot.mouseClick(tabs.tabBar(), LEFT, pos=at)
        assert page.opens[name].isChecked()
        assert "profile line" in checked.viewer.layers
    assert page.profile.plot.isVisible()
