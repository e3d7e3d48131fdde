"""One view at a time, and what was deleted comes back; asserted in the layers."""

from __future__ import annotations

import numpy as np
import pytest
from gestures import LEFT, click, click_run, come_to, compare_with, type_gene, use_menu
from qtpy.QtCore import Qt

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.pipeline import enhance

VIEWS = ("side_by_side", "swipe", "blink", "difference", "uncertainty", "provenance")


@pytest.fixture(scope="session")
def results(section):
    """The section enhanced with lost spots, at its own resolution and twice as fine."""
    lost = np.arange(section.n_spots) < 12
    return [
        enhance(section, lost, EnhanceConfig(method="kriging", factors=5, upscale=upscale))
        for upscale in (1, 2)
    ]


@pytest.fixture
def shown(loaded, results, qtbot):
    """The dock with two runs, of which the second is shown."""
    for result in results:
        loaded._layers.show_enhancement(result)
        loaded._layers.model.runs.add(result)
    loaded.context.resultChanged.emit()
    come_to(qtbot, loaded.result)
    qtbot.waitUntil(loaded.result.body.isVisible)
    return loaded


def visible(dock):
    """Roles of the maps that a person sees."""
    roles = ("before", "after", "uncertainty", "provenance", "difference")
    found = {role: getattr(dock._layers, role) for role in roles}
    return {role for role, layer in found.items() if layer is not None and layer.visible}


def delete_in_napari(qtbot, dock, layer):
    """Choose a layer in napari's list, and press the bin."""
    dock.viewer.layers.selection.active = layer
    bins = dock.viewer.window._qt_viewer.layerButtons.deleteButton
    qtbot.mouseClick(bins, LEFT)
    qtbot.wait(60)


# ---- the enhanced map is deleted


@pytest.mark.parametrize("way", ["run", "gene", "button"])
def test_a_deleted_enhanced_map_leaves_the_measured_one_and_comes_back(shown, results, qtbot, way):
    layers = shown._layers
    delete_in_napari(qtbot, shown, layers.after)
    assert visible(shown) == {"before"}
    assert "deleted" in shown.message.text()
    if way == "run":
        click_run(qtbot, shown, 1)
    elif way == "gene":
        type_gene(qtbot, shown, "gene17")
        assert layers.model.gene == "Gene17"
    else:
        click(qtbot, shown.message.action)
    assert visible(shown) == {"after"}
    result = results[1]
    expected = result.raster.draw(result.gene(layers.model.gene).mean)
    np.testing.assert_array_equal(layers.after.data, expected)
    assert not shown.message.isVisible()
    assert tuple(layers.before.contrast_limits) == tuple(layers.after.contrast_limits)


@pytest.mark.parametrize("view", ["side_by_side", "swipe", "difference", "uncertainty"])
def test_the_enhanced_map_is_deleted_under_a_view(shown, qtbot, view):
    click(qtbot, shown.bar.views[view])
    delete_in_napari(qtbot, shown, shown._layers.after)
    if shown.bar.views[view].isChecked():
        click(qtbot, shown.bar.views[view])
        qtbot.wait(30)
    assert visible(shown) == {"before"}
    click_run(qtbot, shown, 1)
    assert visible(shown) == {"after"}


def test_all_layers_deleted_is_no_enhanced_map_deleted(shown, qtbot):
    title = shown._layers.model.title
    shown.viewer.layers.clear()
    qtbot.wait(60)
    assert shown.message.text() == f"“{title}” was deleted with all layers."


# ---- one view


def test_one_press_shows_one_view_alone_and_the_next_brings_the_map_back(shown, qtbot):
    views = shown.bar.views
    for before in VIEWS:
        for view in [view for view in VIEWS if view != before]:
            click(qtbot, views[before])
            click(qtbot, views[view])
            assert [name for name in VIEWS if views[name].isChecked()] == [view]
            if view in ("uncertainty", "provenance"):
                assert visible(shown) == {"after", view}
            elif view == "difference":
                assert visible(shown) == {"difference"}
            click(qtbot, views[view])
            assert visible(shown) == {"after"}
            assert [name for name, made in views.items() if made.isChecked()] == ["after"]


def test_eyes_of_napari_still_show_what_a_person_wants(shown, qtbot):
    layers, views = shown._layers, shown.bar.views
    click(qtbot, views["uncertainty"])
    layers.provenance.visible = True
    assert visible(shown) == {"after", "uncertainty", "provenance"}
    assert views["uncertainty"].isChecked()
    assert views["provenance"].isChecked()


# ---- runs that are deleted


@pytest.mark.parametrize("way", ["button", "key"])
def test_a_deleted_run_comes_back(shown, results, qtbot, way):
    layers, names = shown._layers, shown.result.runs.list
    click_run(qtbot, shown, 0)
    runs = list(layers.model.runs)
    qtbot.keyClick(names, Qt.Key.Key_Delete)
    assert list(layers.model.runs) == runs[1:]
    assert layers.model.enhancement is results[1]
    assert runs[0].name in shown.message.text()
    if way == "button":
        click(qtbot, shown.message.action)
    else:
        qtbot.keyClick(names, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(layers.model.runs) == runs
    assert layers.model.enhancement is results[0]
    assert names.currentRow() == 0
    np.testing.assert_array_equal(
        layers.after.data, results[0].raster.draw(results[0].gene(layers.model.gene).mean)
    )
    assert not shown.message.isVisible()


def test_the_only_run_comes_back_too(shown, qtbot):
    use_menu(qtbot, shown, shown.result.runs.delete)
    use_menu(qtbot, shown, shown.result.runs.delete)
    assert visible(shown) == {"before"}
    click(qtbot, shown.message.action)
    assert visible(shown) == {"after"}
    assert shown.result.body.isVisible()


@pytest.mark.parametrize("row", [0, 1])
def test_the_difference_goes_on_with_what_was_measured(shown, results, qtbot, row):
    panel, layers = shown.result.runs, shown._layers
    compare_with(qtbot, shown, 1)
    click(qtbot, shown.bar.views["difference"])
    assert visible(shown) == {"difference"}
    if row == 1:
        click(qtbot, panel.delete)
    else:
        layers.model.delete_run(next(iter(layers.model.runs)))
    left = results[1 - row]
    assert layers.model.enhancement is left
    assert visible(shown) == {"difference"}
    section = layers.model.section
    at_spots = np.where(left.sites.measured, left.gene(layers.model.gene).mean, np.nan)
    change = at_spots[: section.n_spots] - section.gene_lognorm(layers.model.gene)
    np.testing.assert_allclose(layers.difference.data, section.raster.draw(change), atol=1e-6)
    click(qtbot, shown.bar.views["difference"])
    assert visible(shown) == {"after"}


# ---- what the picture shows


def test_words_and_colours_go_with_the_view(shown, qtbot):
    layers, views, key = shown._layers, shown.bar.views, shown.bar.key
    click(qtbot, views["difference"])
    assert "Enhanced minus measured" in key.words.text()
    low, high = key.bar.bars()[0].limits
    assert low == -high < 0
    click(qtbot, views["uncertainty"])
    assert key.doubt.isVisible()
    assert key.doubt.currentText() == "Uncertainty of the estimate"
    assert "standard deviation" in key.doubt.toolTip()
    bar = key.bar.bars()[0]
    assert bar.limits == tuple(layers.uncertainty.contrast_limits)
    assert bar.limits[0] == 0
    assert bar.unit == "± expression (log)"
    layers.uncertainty.contrast_limits = (0, 0.5)
    assert key.bar.bars()[0].limits == (0, 0.5)
    click(qtbot, views["provenance"])
    assert not key.bar.bars()
    layers.provenance.visible = False
    assert "enhanced map" in key.words.text()
    layers.after.visible, layers.before.visible = False, True
    assert "measured map" in key.words.text()


def test_nothing_jumps_when_the_view_changes(shown, qtbot):
    views, save = shown.bar.views, shown.result.opens["table"]
    qtbot.wait(50)
    place = save.pos()
    for view in VIEWS:
        click(qtbot, views[view])
        qtbot.wait(30)
        assert save.pos() == place, view
