"""The wheel scrolls the dock, and changes nothing on its way."""

from __future__ import annotations

import pytest
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
    form = loaded.enhance.form
    bar.setValue(0)
    before = form.value()
    roll(form.method)
    assert bar.value() > 0
    assert form.value() == before


def test_the_wheel_over_values_of_what_opens_below_the_bar_changes_none(loaded, qtbot):
    genes, look = loaded.genes, loaded.genes.look
    genes.look_button.click()
    before = look.value(), genes.which()
    for widget in (look.colormap, look.high):
        roll(widget)
    genes.down.click()
    roll(genes.lists)
    assert (look.value(), genes.which()) == before


def test_the_wheel_over_genes_scrolls_them(loaded, qtbot):
    genes = loaded.genes.list
    loaded.genes.down.click()
    genes.scrollToTop()
    roll(genes.viewport())
    assert genes.verticalScrollBar().value() > 0
