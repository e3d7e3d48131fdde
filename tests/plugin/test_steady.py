"""Buttons stay where they are while lines above them come and go."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import LEFT, click, export_page
from qtpy.QtCore import QPoint, Qt


def place(widget):
    return widget.mapToGlobal(QPoint(0, 0))


def places(*widgets):
    return [place(widget) for widget in widgets]


def settled(qtbot, *widgets):
    """Places of widgets, once the layout moves them no more."""
    seen = [None]

    def still():
        last, seen[0] = seen[0], places(*widgets)
        return seen[0] == last

    qtbot.wait(100)
    qtbot.waitUntil(still)
    return seen[0]


def choose(form, method):
    assert form.method.findData(method) >= 0, method
    form.method.setCurrentIndex(form.method.findData(method))
    form.method.activated.emit(form.method.currentIndex())


def test_words_below_the_list_of_genes_move_nothing(loaded, qtbot):
    loaded.viewer.window.resize(1280, 800)
    click(qtbot, loaded.bar.fold)  # so that the bar has room for all
    panel = loaded.genes
    below = (panel.overlay.over, panel.look_button, loaded.lost.new)
    before = settled(qtbot, *below)
    panel.search.edit.selectAll()
    qtbot.keyClicks(panel.search.edit, "Gnee17")
    qtbot.keyClick(panel.search.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.words.isVisible)
    assert panel.words.text().startswith("No Gnee17 here")
    qtbot.waitUntil(lambda: places(*below) == before)
    for which in ("mine", "spatial", "favourites", "search"):
        panel.choose_list(which)
        assert panel.lists.currentData() == which
        assert settled(qtbot, *below) == before, which
        assert panel.words.geometry().bottom() <= panel.words.parentWidget().height()
    click(qtbot, panel.overlay.over)
    assert panel.overlay.over.toolTip().startswith("Choose another gene")
    for now, then in zip(settled(qtbot, *below), before, strict=True):
        assert abs(now.y() - then.y()) <= 2  # Qt makes the button anew for its text


def test_the_gene_shown_stays_in_view_when_its_list_gives_room(loaded, qtbot):
    panel = loaded.genes
    listed = panel.list
    last = listed.genes.name(listed.genes.rowCount() - 1)
    loaded.show_gene(last)
    click(qtbot, panel.down)
    panel.popup.say("Two lines of words. " * 5)
    qtbot.waitUntil(panel.words.isVisible)
    assert listed.current() == last
    marked = listed.currentIndex()
    qtbot.waitUntil(lambda: listed.viewport().rect().contains(listed.visualRect(marked)))


def test_views_stay_where_they_are_when_the_result_takes_the_place_of_its_preview(
    loaded, qtbot, ready, slow
):
    form, result = loaded.enhance.form, loaded.result
    choose(form, "kriging")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: loaded._layers.model.quality is not None, timeout=60_000)
    ready(loaded)
    choose(form, "transformer")
    views = list(loaded.bar.views.values())
    before = settled(qtbot, *views)
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: "Preview" in result.words.text(), timeout=60_000)
    qtbot.waitUntil(lambda: loaded.enhance.progress.curve is not None, timeout=60_000)
    qtbot.waitUntil(loaded.enhance.progress.curve.isVisible)
    qtbot.waitUntil(lambda: places(*views) == before)
    click(qtbot, loaded.enhance.cancel)
    ready(loaded)
    assert "Preview" not in result.words.text()
    qtbot.waitUntil(lambda: places(*views) == before)


def test_save_stays_where_it_is_when_there_is_something_to_be_saved(loaded, qtbot):
    page = export_page(qtbot, loaded)
    save, section = page.save, loaded.data.section_menu
    kept = (save, section)
    before = [(place(one), one.width()) for one in kept if settled(qtbot, *kept)]
    loaded.context.unsavedChanged.emit(["regions"])
    assert save.text().endswith("●")
    assert section.text().endswith("●")
    assert [(place(one), one.width()) for one in kept if settled(qtbot, *kept)] == before


@pytest.mark.parametrize("painted", [False, True])
def test_save_stays_where_it_is_whatever_is_saved(loaded, qtbot, ready, painted):
    if painted:
        loaded._layers.paint.paint_spots(np.arange(loaded._layers.model.section.n_spots) < 9)
    choose(loaded.enhance.form, "kriging")
    click(qtbot, loaded.enhance.run)
    qtbot.waitUntil(lambda: loaded._layers.model.quality is not None)
    ready(loaded)
    page = export_page(qtbot, loaded)
    kept = (page.save, *page.kinds.values())
    before = settled(qtbot, *kept)
    for made in page.kinds.values():
        if made.isEnabled():
            qtbot.mouseClick(made, LEFT, pos=QPoint(8, made.height() // 2))
            qtbot.wait(20)
            for at in range(page.which.count()):
                page.which.setCurrentIndex(at)
                assert settled(qtbot, *kept) == before, made.text()
