"""What a person does with the mouse, and where."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QAction, QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QMenu

from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.panels.page import Pages

LEFT = Qt.MouseButton.LeftButton


def click(qtbot, button, pos=None):
    """Press a button on the page that it is on, or choose an action in the menu that it is in."""
    assert button.isEnabled(), f"{button.text()} cannot be pressed"
    if isinstance(button, QAction):
        choose(qtbot, button)
        return
    come_to(qtbot, button)
    qtbot.waitUntil(lambda: button.isEnabled() and not button.size().isEmpty())  # just shown
    qtbot.mouseClick(button, LEFT, pos=pos or QPoint())


def come_to(qtbot, widget):
    """Bring the page of a widget to the front by its tab, where it is on one."""
    for pages in widget.window().findChildren(Pages):
        for at, page in enumerate(pages):
            on = page.isAncestorOf(widget) or (page.foot and page.foot.isAncestorOf(widget))
            if on and pages.currentIndex() != at:
                tabs = pages.tabBar()
                qtbot.mouseClick(tabs, LEFT, pos=tabs.tabRect(at).center())
                qtbot.wait(20)


def choose(qtbot, action):
    """Choose an action in its menu by mouse."""
    menu = next(of for of in action.associatedObjects() if isinstance(of, QMenu))
    menu.popup(QPoint(40, 40))
    qtbot.waitUntil(menu.isVisible)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not menu.isVisible())


def compare_with(qtbot, dock, row):
    """Choose by keys what the run that is shown is compared with: 0 is the measured map."""
    names = dock.bar.partner.list
    assert names.isVisible()
    qtbot.keyClick(names, Qt.Key.Key_Home)
    for _ in range(row):
        qtbot.keyClick(names, Qt.Key.Key_Down)
    assert names.currentIndex() == row
    qtbot.wait(60)


def save_result(qtbot, dock):
    """Bring the page of exports to front by its key, and press Save… there."""
    click(qtbot, export_page(qtbot, dock).save)


def export_page(qtbot, dock):
    """The page that asks what to save, by its key."""
    dock.window().activateWindow()
    qtbot.waitUntil(dock.isActiveWindow)
    qtbot.keyClick(dock, Qt.Key.Key_E, Qt.KeyboardModifier.AltModifier)
    return export_shown(qtbot, dock)


def export_shown(qtbot, dock):
    """The page that asks what to save, which was brought to front."""
    qtbot.waitUntil(dock.export.isVisible)
    qtbot.waitUntil(lambda: dock.export.isAncestorOf(dock.window().focusWidget() or dock))
    return dock.export


def choose_kind(qtbot, page, what):
    """Press the radio button of a thing to be saved, where its mark is."""
    made = page.kinds[what]
    come_to(qtbot, made)
    qtbot.mouseClick(made, LEFT, pos=QPoint(8, made.height() // 2))
    assert page.what == what


def open_tab(qtbot, dock, name):
    """Open a tab of the wide panel by its button, unless it is open: "table", "scatter", …"""
    made = dock.result.opens[name]
    if not made.isChecked():
        click(qtbot, made)
    qtbot.waitUntil(dock.result.tabs[name].isVisible)
    return dock.result.tabs[name]


def use_menu(qtbot, dock, action):
    """Choose what can be done with the run shown from the menu of its button, by mouse."""
    runs = dock.result.runs
    come_to(qtbot, runs)
    runs.menu.popup(runs.more.mapToGlobal(runs.more.rect().bottomLeft()))
    qtbot.waitUntil(runs.menu.isVisible)
    assert action.isEnabled()
    qtbot.mouseClick(runs.menu, LEFT, pos=runs.menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not runs.menu.isVisible())


def said_of_run(dock):
    """All that the page of results says of the run shown."""
    page = dock.result
    return "\n".join(part.text() for part in (page.words, page.unfilled, page.notes))


def paint(qtbot, viewer, start, *moves):
    """Drag the mouse over the canvas, from a world position (y, x) by steps away from it."""
    canvas = viewer.window._qt_viewer.canvas.native
    camera = getattr(viewer, "scene", viewer).camera  # moved in napari 0.9
    size = np.array([canvas.height(), canvas.width()])
    at = (start + np.array([(0, 0), *moves]) - camera.center[-2:]) * camera.zoom + size / 2
    points = [QPoint(int(x), int(y)) for y, x in at]
    qtbot.mouseMove(canvas, points[0])
    qtbot.wait(30)
    qtbot.mousePress(canvas, LEFT, pos=points[0])
    for point in points[1:]:
        qtbot.wait(30)
        qtbot.mouseMove(canvas, point)
    qtbot.wait(30)
    qtbot.mouseRelease(canvas, LEFT, pos=points[-1])
    qtbot.wait(30)


def world_of(layers, spot):
    return Frame.of(layers.model.section).world_yx(layers.model.section.xy[spot])


def middle(section):
    """Spot nearest to the middle of the section."""
    return int(np.linalg.norm(section.xy - section.xy.mean(0), axis=1).argmin())


def click_run(qtbot, dock, row):
    """Click a run in the list."""
    names = dock.result.runs.list
    at = names.visualItemRect(names.item(row)).center()
    qtbot.mouseClick(names.viewport(), LEFT, pos=QPoint(20, at.y()))
    qtbot.wait(60)


def type_gene(qtbot, dock, name):
    """Type a gene into the search in place of what is there, and press Enter."""
    edit = dock.data.search.edit
    edit.selectAll()
    qtbot.keyClicks(edit, name)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.wait(60)


def drop(widget, *paths, modifiers=Qt.KeyboardModifier.NoModifier):
    """Drag files over a widget and let go; whether the drag was accepted."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    held = (Qt.DropAction.CopyAction, data, LEFT, modifiers)
    entered = QDragEnterEvent(QPoint(20, 20), *held)
    QApplication.sendEvent(widget, entered)
    if entered.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(20, 20), *held))
    return entered.isAccepted()
