"""No text of the panels of results is cut off, with long names, in both themes, at any scale."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from gestures import click, middle, open_tab, paint, world_of
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.plugin.models.phase import Phase
from napari_stentrans.plugin.widgets.plot import SIDES

LONG = EnhanceConfig(
    upscale=2, denoise=False, seed=123456, factors=12, neighbours=64, image="off", device="cpu"
)


def cut(panel):
    """Texts of a panel that do not fit where they stand."""
    found = []
    for label in panel.findChildren(QLabel):
        if not label.isVisible() or not label.text():
            continue
        needed = label.sizeHint()
        if label.wordWrap():
            words = label.heightForWidth(label.width())
            longest = max(label.fontMetrics().horizontalAdvance(w) for w in plain(label).split())
            fits = words <= label.height() and longest <= label.width()
        else:
            fits = needed.width() <= label.width() and needed.height() <= label.height()
        found += [label.text()] * (not fits)
    for button in panel.findChildren(QPushButton):
        needed = button.fontMetrics().horizontalAdvance(button.text())
        if button.isVisible() and needed > button.width() - 4:
            found.append(button.text())
    return found


def plain(label):
    """Text of a label without tags, or nothing: rich text wraps by itself."""
    rich = label.textFormat() == Qt.TextFormat.RichText
    return "-" if rich else label.text()


def cut_axes(plot):
    """Labels of the axes of a plot that are longer than the axis."""
    found = []
    for side in SIDES:
        axis = plot.plot.getAxis(side)
        long = axis.height() if side == "left" else axis.width()
        if axis.label.boundingRect().width() > long:
            found.append(axis.labelText)
    return found


@pytest.mark.high_dpi
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_in_the_panels_of_results(loaded, section, qtbot, theme):
    dock, layers = loaded, loaded._layers
    dock.viewer.theme = theme
    dock.viewer.window.resize(1280, 800)
    layers.paint.paint_spots(np.arange(section.n_spots) < 12)
    for config in (LONG.model_copy(update={"method": "kriging"}), LONG):
        dock.enhance.form.setValue(config)
        click(qtbot, dock.enhance.run)
        qtbot.waitUntil(lambda: dock.phase is Phase.READY, timeout=120_000)
    layers.model.compare_with(next(iter(layers.model.runs)).enhancement)
    click(qtbot, dock.result.opens["profile"])
    step = 2 * section.lattice.spacing * layers.frame.per_px
    paint(qtbot, dock.viewer, world_of(layers, middle(section)), (0, step / 2), (0, step))
    panels = (dock.result, dock.result.profile)
    qtbot.waitUntil(lambda: dock.result.profile.plot is not None)
    for view in ("", "side_by_side", "difference", "uncertainty", "provenance"):
        if view:
            click(qtbot, dock.bar.views[view])
        qtbot.wait(50)
        with suppress(qtbot.TimeoutError):  # the layout takes a few turns
            qtbot.waitUntil(lambda: not any(map(cut, panels)), timeout=3000)
        assert [text for panel in panels for text in cut(panel)] == [], view
    click(qtbot, dock.result.more)
    assert cut_axes(dock.result.profile.plot) == cut(dock.result) == []
    open_tab(qtbot, dock, "scatter")
    qtbot.wait(50)
    assert cut_axes(dock.result.scatter.plot) == cut(dock.result.scatter) == []
    names = dock.result.runs.list
    wrap = Qt.TextFlag.TextWordWrap
    for at in range(names.count()):
        place, text = names.visualItemRect(names.item(at)), names.item(at).text()
        assert "seed" in text
        needed = names.fontMetrics().boundingRect(0, 0, place.width() - 8, 0, wrap, text)
        assert needed.height() <= place.height()
        assert place.width() <= names.viewport().width()
