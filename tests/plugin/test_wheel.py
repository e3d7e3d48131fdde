"""The wheel scrolls the dock, and changes nothing on its way."""

from __future__ import annotations

import pytest
from gestures import LEFT
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QScrollArea


def roll(widget, steps=-3):
    """Turn the wheel over a widget, downwards by so many notches.

    As Qt does for a real wheel, and not for events that are sent: what ignores it leaves it to
    its parent.
    """
    while widget is not None:
        at = QPointF(widget.rect().center())
        event = QWheelEvent(
            at,
            QPointF(widget.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        if QApplication.sendEvent(widget, event) and event.isAccepted():
            return
        widget = None if widget.isWindow() else widget.parentWidget()


@pytest.fixture
def bar(loaded):
    """The scroll bar of the dock, whose window is too low for it."""
    loaded.viewer.window.resize(1000, 500)
    bar = loaded.findChild(QScrollArea).verticalScrollBar()
    assert bar.maximum() > 200
    return bar


def test_the_wheel_over_values_scrolls_the_dock(loaded, bar, qtbot):
    form, look = loaded.enhance.form, loaded.genes.look
    loaded.genes.fold.click()
    look.colormap.setFocus()
    for widget in (form.method, loaded.genes.lists, look.colormap, look.high):
        bar.setValue(0)
        before = form.value(), look.value(), loaded.genes.which()
        roll(widget)
        assert bar.value() > 0
        assert (form.value(), look.value(), loaded.genes.which()) == before


def test_the_wheel_over_genes_scrolls_them_once_they_were_clicked(loaded, bar, qtbot):
    genes = loaded.genes.list
    genes.scrollToTop()
    roll(genes.viewport())
    assert bar.value() > 0
    assert genes.verticalScrollBar().value() == 0
    bar.setValue(0)
    qtbot.mouseClick(genes.viewport(), LEFT, pos=QPoint(60, 8))
    roll(genes.viewport())
    assert bar.value() == 0
    assert genes.verticalScrollBar().value() > 0
