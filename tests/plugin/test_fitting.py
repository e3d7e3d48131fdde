"""How a section fills the canvas, when docks come and go, and when a person has moved the view."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import click
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.napari_compat import MARGIN


def camera(viewer):
    return getattr(viewer, "scene", viewer).camera  # the viewer's, before 0.9


def filled(viewer, layers, cells=1):
    """Part of the canvas (y, x), or of one of its cells, that the spots take, if none is cut."""
    canvas = viewer.window._qt_viewer.canvas.native
    size = np.array([canvas.height(), canvas.width() / cells])
    at = layers.frame.world_yx(layers.model.section.xy) - camera(viewer).center[-2:]
    assert (np.abs(at * camera(viewer).zoom) < size / 2).all()
    return np.ptp(at, axis=0) * camera(viewer).zoom / size


def is_fitted(viewer, layers, cells=1):
    """Whether the spots, and half a cell around them, reach to the margin."""
    size = 1 + layers.model.section.lattice.spacing / extent(layers)
    with_cells = filled(viewer, layers, cells) * size
    return with_cells.max() == pytest.approx(1 - MARGIN, abs=0.02)


def extent(layers):
    return np.ptp(layers.model.section.xy, axis=0)[::-1]


def wheel(canvas):
    middle = QPointF(canvas.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(canvas.mapToGlobal(middle.toPoint())),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_a_section_fills_the_canvas_and_its_cell_of_the_grid(loaded, qtbot, ready):
    viewer, layers = loaded.viewer, loaded._layers
    qtbot.waitUntil(lambda: is_fitted(viewer, layers))
    form = loaded.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    form.method.activated.emit(form.method.currentIndex())
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    click(qtbot, loaded.bar.views["side_by_side"])
    assert layers.model.view == "side_by_side"
    qtbot.waitUntil(lambda: is_fitted(viewer, layers, cells=2))
    click(qtbot, loaded.bar.views["side_by_side"])
    qtbot.waitUntil(lambda: is_fitted(viewer, layers))


def test_a_dock_that_is_opened_again_covers_nothing_of_the_section(loaded, qtbot):
    viewer, layers = loaded.viewer, loaded._layers
    canvas = viewer.window._qt_viewer.canvas.native
    narrow = canvas.width()
    viewer.window.remove_dock_widget(loaded)
    qtbot.waitUntil(lambda: canvas.width() > narrow + 100)
    viewer.reset_view()
    dock = StentransDock(viewer)
    viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
    qtbot.waitUntil(lambda: dock._layers is layers and canvas.width() < narrow + 100)
    qtbot.waitUntil(lambda: is_fitted(viewer, layers))


def test_the_view_is_fitted_anew_until_a_person_moves_it(loaded, qtbot):
    viewer, layers = loaded.viewer, loaded._layers
    canvas = viewer.window._qt_viewer.canvas.native
    at_first, small = camera(viewer).zoom, canvas.width()
    viewer.window.resize(1200, 700)
    qtbot.waitUntil(lambda: camera(viewer).zoom > at_first)
    qtbot.waitUntil(lambda: is_fitted(viewer, layers))
    fitted = camera(viewer).zoom
    wheel(canvas)
    qtbot.waitUntil(lambda: camera(viewer).zoom > fitted)
    chosen = camera(viewer).zoom
    viewer.window.resize(1000, 700)
    qtbot.waitUntil(lambda: canvas.width() < small + 20)
    qtbot.wait(100)
    assert camera(viewer).zoom == chosen
