"""The bar above the canvas by mouse and keys; what is checked is what is seen, and the layers."""

from __future__ import annotations

import gc
import weakref
from contextlib import suppress

import numpy as np
import pytest
from gestures import LEFT, click, type_gene
from qtpy.compat import isalive
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QCloseEvent, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QDockWidget

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.bar import Bar
from napari_stentrans.plugin.dock import StentransDock
from napari_stentrans.plugin.layers.deferred import Walk
from napari_stentrans.simulate import simulate_section

ESC = Qt.Key.Key_Escape
CHOICES = (
    "before", "after", "side_by_side", "swipe", "blink", "difference", "uncertainty", "provenance",
)  # fmt: skip


@pytest.fixture(scope="session")
def result(section):
    lost = np.arange(section.n_spots) < 12
    return enhance(section, lost, EnhanceConfig(method="kriging", factors=5, upscale=2))


@pytest.fixture
def shown(loaded, result, qtbot):
    """The dock with a result."""
    loaded._layers.show_enhancement(result)
    loaded._layers.model.runs.add(result)
    loaded.context.resultChanged.emit()
    qtbot.wait(30)
    return loaded


def napari_docks(dock):
    window = dock.window()
    return [window.findChild(QDockWidget, name) for name in ("layer controls", "layer list")]


def on(dock):
    return [name for name, made in dock.bar.views.items() if made.isChecked()]


def drawn(dock):
    """What is painted of the many genes."""
    return {tile.gene: tile.image() for tile in dock.bar.many.tiles if tile.isVisible()}


def all_drawn(qtbot, dock):
    qtbot.waitUntil(lambda: bool(drawn(dock)) and all(drawn(dock).values()))
    return drawn(dock)


# ---- the bar comes and goes with the dock


def test_the_bar_is_above_the_canvas_and_leaves_nothing_when_the_dock_is_closed(loaded, qtbot):
    window = loaded.window()
    canvas = loaded.viewer.window._qt_viewer.canvas.native
    bar, popup = weakref.ref(loaded.bar), weakref.ref(loaded.genes.popup)
    edges = [w.mapToGlobal(QPoint(0, 0)) for w in (loaded.bar, canvas, loaded)]
    assert edges[0].y() < edges[1].y()
    assert edges[2].y() <= edges[0].y() + 40, "the dock is as high as the window"
    assert loaded.bar.width() <= canvas.width() + 12
    corners = [window.corner(corner) for corner in Qt.Corner]
    click(qtbot, loaded.bar.fold)
    assert not any(dock.isVisible() for dock in napari_docks(loaded))
    docks = napari_docks(loaded)
    loaded.viewer.window.remove_dock_widget(loaded)
    qtbot.waitUntil(lambda: all(dock.isVisible() for dock in docks))
    qtbot.wait(50)
    assert not window.findChildren(Bar)
    assert [window.corner(corner) for corner in Qt.Corner] != corners
    assert not [name for name in loaded.viewer.window.dock_widgets if "stEnTrans" in name]
    top = canvas.mapTo(window, QPoint(0, 0)).y()
    assert top < 60, "the canvas has the room of the bar"
    assert bar() is None or not isalive(bar())
    assert popup() is None or not isalive(popup())


@pytest.mark.parametrize("view", ["side_by_side", "swipe", "blink"])
def test_a_view_ends_with_the_dock(shown, qtbot, view):
    viewer, layers = shown.viewer, shown._layers
    before = list(viewer.layers)
    click(qtbot, shown.bar.views[view])
    viewer.window.remove_dock_widget(shown)
    qtbot.wait(30)
    assert list(viewer.layers) == before
    assert layers.views.shown == ""
    assert layers.after.visible


def test_a_second_dock_has_its_bar_again(dock, qtbot):
    viewer = dock.viewer
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(50)
    again = StentransDock(viewer)
    viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
    qtbot.waitUntil(again.bar.isVisible)
    assert len([bar for bar in again.window().findChildren(Bar) if bar.isVisible()]) == 1


# ---- folding napari's docks


def test_napari_s_docks_are_folded_away_and_that_is_remembered(loaded, qtbot):
    loaded.viewer.window.resize(1280, 800)
    canvas = loaded.viewer.window._qt_viewer.canvas.native
    click(qtbot, loaded.bar.fold)
    assert not any(dock.isVisible() for dock in napari_docks(loaded))
    qtbot.waitUntil(lambda: canvas.width() >= 0.6 * 1280)
    viewer = loaded.viewer
    viewer.window.remove_dock_widget(loaded)
    qtbot.wait(30)
    again = StentransDock(viewer)
    viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
    assert not any(dock.isVisible() for dock in napari_docks(again))
    assert again.bar.fold.isChecked()
    click(qtbot, again.bar.fold)
    assert all(dock.isVisible() for dock in napari_docks(again))
    assert not again.bar.fold.isChecked()


def test_what_a_person_has_hidden_in_napari_stays_hidden(dock, qtbot):
    viewer, docks = dock.viewer, napari_docks(dock)
    viewer.window.remove_dock_widget(dock)
    docks[0].hide()
    again = StentransDock(viewer)
    viewer.window.add_dock_widget(again, name="stEnTrans", area="right")
    qtbot.wait(30)
    assert [part.isHidden() for part in docks] == [True, False]
    click(qtbot, again.bar.fold)
    assert all(part.isHidden() for part in docks)
    viewer.window.remove_dock_widget(again)
    qtbot.wait(30)
    assert [part.isHidden() for part in docks] == [True, False]
    docks[0].show()


def test_the_button_follows_what_is_done_in_napari_s_menu(loaded, qtbot):
    click(qtbot, loaded.bar.fold)
    napari_docks(loaded)[1].toggleViewAction().trigger()
    assert not loaded.bar.fold.isChecked()
    assert napari_docks(loaded)[1].isVisible()


def test_napari_s_docks_are_back_when_it_saves_its_window(loaded, qtbot):
    click(qtbot, loaded.bar.fold)
    window, docks = loaded.window(), napari_docks(loaded)
    loaded.bar._docks.eventFilter(window, QCloseEvent())
    assert not any(dock.isHidden() for dock in docks)
    qtbot.waitUntil(lambda: all(dock.isHidden() for dock in docks))  # a person did not close it


# ---- one choice of the view


def test_one_view_is_chosen_at_a_time_by_mouse(shown, qtbot):
    layers = shown._layers
    assert on(shown) == ["after"]
    for view in CHOICES:
        if view != "after":
            click(qtbot, shown.bar.views[view])
            assert on(shown) == [view]
    click(qtbot, shown.bar.views["before"])
    assert (layers.before.visible, layers.after.visible) == (True, False)
    click(qtbot, shown.bar.views["after"])
    assert on(shown) == ["after"]
    assert (layers.before.visible, layers.after.visible) == (False, True)


@pytest.mark.parametrize(
    ("keys", "view"),
    [("Shift+S", "side_by_side"), ("Shift+W", "swipe"), ("Shift+D", "difference"),
     ("Shift+U", "uncertainty"), ("Shift+O", "provenance"), ("Shift+B", "blink")],
)  # fmt: skip
def test_keys_choose_and_end_a_view_also_from_the_bar(shown, qtbot, keys, view):
    shown.window().activateWindow()
    canvas = shown.viewer.window._qt_viewer.canvas.native
    for widget in (canvas, shown.bar.views["before"], shown.bar.tissue.slider):
        widget.setFocus()
        QTest.keySequence(widget, QKeySequence(keys))
        qtbot.waitUntil(lambda: on(shown) == [view])
        QTest.keySequence(widget, QKeySequence(keys))
        qtbot.waitUntil(lambda: on(shown) == ["after"])


def test_arrow_keys_and_space_choose_a_view(shown, qtbot):
    views = shown.bar.views
    shown.window().activateWindow()
    views["before"].setFocus()
    qtbot.waitUntil(views["before"].hasFocus)
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert views["side_by_side"].hasFocus()
    QTest.keyClick(views["side_by_side"], Qt.Key.Key_Space)
    assert on(shown) == ["side_by_side"]


def test_what_cannot_be_chosen_says_why(dock, load, section, qtbot):
    views = dock.bar.views
    assert not any(made.isEnabled() for made in views.values())
    assert "Open a section first" in views["before"].toolTip()
    load(dock, section)
    assert [name for name, made in views.items() if made.isEnabled()] == ["before"]
    assert on(dock) == ["before"]
    for name in CHOICES[1:]:
        assert "press Run first" in views[name].toolTip()


def test_the_choice_follows_the_eyes_of_napari(shown, qtbot):
    layers = shown._layers
    layers.before.visible, layers.after.visible = True, False
    assert on(shown) == ["before"]
    layers.uncertainty.visible = True
    assert on(shown) == ["uncertainty"]
    layers.uncertainty.visible, layers.after.visible = False, True
    assert on(shown) == ["after"]


@pytest.mark.parametrize("view", ["side_by_side", "blink", "difference", "provenance"])
def test_words_over_the_canvas_are_one_line(shown, qtbot, view):
    shown.window().resize(1280, 800)
    key = shown.bar.key
    click(qtbot, shown.bar.views[view])
    assert key.isVisible()
    assert key.words.text() or key.legend.text()
    qtbot.waitUntil(lambda: key.height() < 2 * key.fontMetrics().lineSpacing())


def test_words_over_the_canvas_only_where_the_choice_does_not_say_it(shown, qtbot):
    key = shown.bar.key
    shown.window().resize(1280, 800)
    assert key.isHidden()
    click(qtbot, shown.bar.views["provenance"])
    assert key.legend.isVisible()
    assert "measured" in key.legend.text()
    click(qtbot, shown.bar.views["swipe"])
    assert key.handle.isVisible()
    assert not key.legend.isVisible()
    click(qtbot, shown.bar.views["uncertainty"])
    assert key.doubt.isVisible()
    assert key.doubt.sizeHint().width() <= key.width() < key.parentWidget().width()
    assert key.height() <= key.doubt.sizeHint().height() + 8
    click(qtbot, shown.bar.views["uncertainty"])
    assert key.isHidden()


# ---- genes


def test_the_list_opens_below_the_field_and_closes_by_itself(loaded, qtbot):
    genes, canvas = loaded.genes, loaded.viewer.window._qt_viewer.canvas.native
    loaded.window().activateWindow()
    assert not genes.popup.isVisible()
    qtbot.mouseClick(genes.search.edit, LEFT)
    assert genes.popup.isVisible()
    below = genes.popup.mapToGlobal(QPoint(0, 0)).y()
    assert below >= genes.search.edit.mapToGlobal(QPoint(0, genes.search.edit.height())).y()
    qtbot.keyClick(genes.search.edit, ESC)
    qtbot.keyClick(genes.search.edit, ESC)
    assert not genes.popup.isVisible()
    QTest.keySequence(canvas, QKeySequence("/"))
    qtbot.keyClicks(genes.search.edit, "gene17")
    assert genes.popup.isVisible()
    qtbot.keyClick(genes.search.edit, Qt.Key.Key_Return)
    assert not genes.popup.isVisible()
    assert loaded._layers.model.gene == "Gene17"
    click(qtbot, genes.down)
    assert genes.popup.isVisible()
    at = genes.list.visualRect(genes.list.genes.index(genes.list.genes.row("Gene17"))).center()
    qtbot.mouseClick(genes.list.viewport(), LEFT, pos=at)
    assert genes.popup.isVisible(), "other genes of the list can be looked at"
    click(qtbot, loaded.lost.new)
    assert not genes.popup.isVisible()


def test_the_look_opens_below_its_button_and_changes_the_map(loaded, qtbot):
    genes = loaded.genes
    click(qtbot, genes.look_button)
    assert genes.look_button.form.isVisible()
    assert genes.look_button.isChecked()
    look = genes.look_button.form.colormap
    qtbot.keyClick(look, Qt.Key.Key_Down)
    assert loaded._layers.before.colormap.name == "magma"
    assert loaded.bar.key.bar.bars()[0].colours[-1, 0] > 0.9
    click(qtbot, genes.look_button)
    assert not genes.look_button.form.isVisible()


# ---- many genes


def test_many_genes_are_shown_each_in_its_own_contrast_before_and_after(shown, result, qtbot):
    layers, section = shown._layers, shown._layers.model.section
    shown.show_gene("Gene1")
    shown.genes.choose_list("search")
    click(qtbot, shown.genes.many)
    assert shown.bar.many.isVisible()
    assert shown.bar.many.size() == shown.bar.many.parentWidget().size()
    after = all_drawn(qtbot, shown)
    names = [name for name in shown.genes.list.names() if name in section.genes]
    assert list(after) == names[:9]
    colormap = layers.after.colormap
    for gene in ("Gene1", names[4]):
        low, high = layers.model.maps.limits("before", gene)
        assert high == pytest.approx(np.percentile(section.gene_lognorm(gene), 99.5), rel=1e-5)
        expected = _pixels(result.raster, result.gene(gene).mean, (low, high), colormap)
        np.testing.assert_array_equal(_of(after[gene]), expected)
    click(qtbot, shown.bar.views["before"])
    qtbot.waitUntil(lambda: "measured" in shown.bar.many.words.text())
    expected = _pixels(
        section.raster,
        section.gene_lognorm("Gene1"),
        layers.model.maps.limits("before", "Gene1"),
        colormap,
    )
    qtbot.waitUntil(lambda: np.array_equal(_of(drawn(shown)["Gene1"]), expected))
    tile = shown.bar.many.tiles[4]
    click(qtbot, tile)
    assert not shown.bar.many.isVisible()
    assert layers.model.gene == names[4]
    assert on(shown) == ["before"]


def test_a_gene_that_was_found_by_typing_leaves_the_list_whole(shown, qtbot):
    whole = shown.genes.list.names()
    type_gene(qtbot, shown, "Gene17")
    assert shown._layers.model.gene == "Gene17"
    assert shown.genes.list.names() == whole
    click(qtbot, shown.genes.many)
    assert len(all_drawn(qtbot, shown)) == 9


def _of(image):
    rows, columns = image.height(), image.width()
    bits = image.constBits()
    bits.setsize(rows * columns * 4)
    return np.frombuffer(bits, np.uint8).reshape(rows, columns, 4).copy()


def _pixels(raster, values, limits, colormap):
    """Colours of a map, pixel by pixel, as napari would draw them."""
    low, high = limits
    drawn = raster.draw(values)
    colours = 255 * colormap.map(np.clip((np.nan_to_num(drawn) - low) / (high - low), 0, 1).ravel())
    colours = np.rint(colours).reshape(*drawn.shape, 4).astype(np.uint8)
    colours[np.isnan(drawn)] = 0
    return colours


def test_many_genes_are_of_the_list_and_go_on_by_pages(shown, qtbot):
    shown.context.app.lists.restore(["Gene3", "Gene5", "Gene8", "Gene9"], None, "favourites")
    click(qtbot, shown.genes.many)
    assert list(all_drawn(qtbot, shown)) == ["Gene3", "Gene5", "Gene8", "Gene9"]
    assert not shown.bar.many.later.isEnabled()
    QTest.keyClick(QApplication.focusWidget() or shown.bar.many.tiles[0], ESC)
    assert not shown.bar.many.isVisible()
    assert not shown.genes.many.isChecked()
    shown.genes.choose_list("search")
    shown.show_gene("Gene1")
    click(qtbot, shown.genes.many)
    first = list(all_drawn(qtbot, shown))
    click(qtbot, shown.bar.many.later)
    qtbot.waitUntil(lambda: first[0] not in drawn(shown))
    second = list(all_drawn(qtbot, shown))
    assert len(second) == 9
    assert not set(first) & set(second)
    click(qtbot, shown.bar.many.close_button)
    assert not shown.bar.many.isVisible()


def test_another_view_and_another_section_put_many_genes_away(shown, square_section, load, qtbot):
    click(qtbot, shown.genes.many)
    click(qtbot, shown.bar.views["swipe"])
    assert not shown.bar.many.isVisible()
    assert on(shown) == ["swipe"]
    click(qtbot, shown.genes.many)
    assert on(shown) == ["after"]
    assert shown.bar.many.isVisible()
    load(shown, square_section)
    assert not shown.bar.many.isVisible()


def test_each_gene_is_drawn_in_a_turn_of_its_own(shown, qtbot, monkeypatch):
    turns, made = [0], []
    on_turn, drawn_by = Walk._on_turn, shown._layers.model.maps.values
    monkeypatch.setattr(Walk, "_on_turn", lambda self: (turns.append(1), on_turn(self))[1])
    monkeypatch.setattr(
        shown._layers.model.maps,
        "values",
        lambda *args: (made.append(len(turns)), drawn_by(*args))[1],
    )
    click(qtbot, shown.genes.many)
    all_drawn(qtbot, shown)
    assert len(set(made)) == len(made) == 9


# ---- the tissue image


def test_the_slider_shows_as_much_of_the_tissue_as_it_says(dock, load, qtbot):
    layers = load(dock, simulate_section(150, 40))
    slider = dock.tissue.slider
    qtbot.waitUntil(slider.isVisible)
    layers.before.opacity = 0.8
    slider.setFocus()
    for _ in range(3):
        qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    assert layers.before.opacity == pytest.approx(0.8 * 0.7)
    assert dock.tissue.button.isChecked()
    dock.genes.overlay.over.click()
    dock.show_gene("Gene3")
    qtbot.waitUntil(lambda: layers.before.rgb)
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    assert layers.before.opacity == pytest.approx(0.8 * 0.6), "it fades what took its place"
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert layers.before.opacity == pytest.approx(0.8)
    assert not dock.tissue.button.isChecked()


# ---- nothing is cut off


@pytest.mark.high_dpi
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("folded", [True, False])
def test_nothing_of_the_bar_is_cut(shown, result, qtbot, theme, folded):
    shown.viewer.theme = theme
    shown.viewer.window.resize(1280, 800)

    if folded:
        click(qtbot, shown.bar.fold)
    qtbot.wait(100)
    bar = shown.bar
    with suppress(qtbot.TimeoutError):
        qtbot.waitUntil(lambda: not _cut(bar), timeout=2000)
    assert _cut(bar) == []
    parts = [part for part, _ in bar._parts if part.isVisible()]
    for at, part in enumerate(parts):
        assert QRect(QPoint(0, 0), bar.size()).contains(part.geometry())
        assert not any(part.geometry().intersects(other.geometry()) for other in parts[:at])
    assert bar.height() <= (70 if folded else 100) * bar.fontMetrics().height() / 15


def _cut(bar):
    found = []
    for made in bar.findChildren(QAbstractButton):
        needed = made.fontMetrics().horizontalAdvance(made.text())
        if made.isVisible() and made.text() and needed > made.width() - 2:
            found.append(made.text())
    return found


def test_the_bar_leaves_no_more_behind_each_time(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    left = []
    for _ in range(3):
        dock = StentransDock(viewer)
        viewer.window.add_dock_widget(dock, name="stEnTrans", area="right")
        qtbot.wait(20)
        viewer.window.remove_dock_widget(dock)
        del dock
        qtbot.wait(20)
        gc.collect()
        left.append(len(viewer.window._qt_window.findChildren(QDockWidget)))
    assert left[0] == left[1] == left[2]
