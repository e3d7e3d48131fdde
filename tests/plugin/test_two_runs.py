"""Two runs compared with each other by every view, by mouse and keys; asserted in the layers."""

from __future__ import annotations

import csv

import anndata as ad
import numpy as np
import pytest
from gestures import (
    LEFT,
    click,
    click_run,
    come_to,
    compare_with,
    middle,
    open_tab,
    paint,
    type_gene,
    use_menu,
    world_of,
)
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QLineEdit

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.contributions.writers import write_section

GENES = ["Gene3", "Gene4", "Gene5"]
FINE, COARSE, FEW = range(3)

FIRST, SECOND = "1: kriging, 2×, 5 factors", "2: kriging, 3 factors"
"""Names of the two runs, by what differs."""


@pytest.fixture(scope="session")
def results(section):
    """The section enhanced twice as fine, at its own resolution, and only in some genes."""
    lost = np.arange(section.n_spots) < 12
    configs = (
        EnhanceConfig(method="kriging", factors=5, upscale=2),
        EnhanceConfig(method="kriging", factors=3, upscale=1),
        EnhanceConfig(method="linear", upscale=1, genes=GENES),
    )
    return [enhance(section, lost, config) for config in configs]


@pytest.fixture
def two(loaded, results, qtbot):
    """The dock with two runs, of which the second and coarser one is shown."""
    for result in results[:2]:
        loaded._layers.show_enhancement(result)
        loaded._layers.model.runs.add(result)
    loaded.context.resultChanged.emit()
    qtbot.waitUntil(loaded.bar.partner.list.isVisible)
    return loaded


def canvas_of(dock):
    return dock.viewer.window._qt_viewer.canvas.native


def drawn(result, gene):
    return result.raster.draw(result.gene(gene).mean)


def maps_seen(dock):
    """Names of the layers of expression that a person sees."""
    return {
        layer.name
        for layer in dock.viewer.layers
        if layer.visible and layer._type_string == "image" and not layer.rgb
    }


def settled(dock):
    """Whether nothing is left of the run that was compared with."""
    names = [layer.name for layer in dock.viewer.layers]
    return not any("Run" in name for name in names)


# ---- the choice


def test_there_is_a_choice_as_soon_as_there_are_two_runs(loaded, results, qtbot):
    names = loaded.bar.partner.list
    for n, result in enumerate(results, start=1):
        loaded._layers.show_enhancement(result)
        loaded._layers.model.runs.add(result)
        loaded.context.resultChanged.emit()
        come_to(qtbot, loaded.result)
        qtbot.waitUntil(loaded.result.runs.list.isVisible)
        assert names.isVisible() == (n > 1)
    offered = [names.itemText(at) for at in range(names.count())]
    assert offered == ["measured", *(run.name for run in list(loaded._layers.model.runs)[:2])]
    assert names.accessibleName() == "compare with"
    click_run(qtbot, loaded, FINE)
    assert names.itemText(1) == "Run 2: kriging, 3 factors"
    for _ in range(2):
        use_menu(qtbot, loaded, loaded.result.runs.delete)
    assert not names.isVisible()


def test_the_choice_is_made_with_the_mouse_and_opened_by_its_key(two, results, qtbot):
    two.window().activateWindow()
    qtbot.waitUntil(two.window().isActiveWindow)
    layers, names = two._layers, two.bar.partner.list
    limits = tuple(layers.before.contrast_limits)
    qtbot.keyClick(
        canvas_of(two),
        Qt.Key.Key_M,
        Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    popup = names.view()
    qtbot.waitUntil(popup.isVisible)
    at = popup.visualRect(names.model().index(1, 0)).center()
    qtbot.mouseMove(popup.viewport(), at)
    qtbot.mouseClick(popup.viewport(), LEFT, pos=at)
    qtbot.waitUntil(lambda: layers.model.maps.against is results[FINE])
    np.testing.assert_array_equal(layers.before.data, drawn(results[FINE], layers.model.gene))
    assert tuple(layers.before.contrast_limits) == limits
    assert maps_seen(two) == {f"{layers.model.gene} in Run 2"}


# ---- the views


def test_side_by_side_shows_both_runs_in_the_same_colours(two, results, qtbot):
    layers = two._layers
    compare_with(qtbot, two, 1)
    click(qtbot, two.bar.views["side_by_side"])
    assert maps_seen(two) == {f"{layers.model.gene} in Run {n}" for n in (1, 2)}
    assert two.bar.key.words.text() == f"Run {FIRST} | Run {SECOND}"
    grid = getattr(two.viewer, "canvas", two.viewer).grid
    assert grid.enabled
    order = [layer for layer in two.viewer.layers if layer.visible]
    assert order.index(layers.before) < order.index(layers.after)
    layers.after.contrast_limits = (0.1, 0.8)
    assert tuple(layers.before.contrast_limits) == (0.1, 0.8)
    layers.before.colormap = "magma"
    assert layers.after.colormap.name == "magma"
    type_gene(qtbot, two, "gene4")
    np.testing.assert_array_equal(layers.before.data, drawn(results[FINE], "Gene4"))
    np.testing.assert_array_equal(layers.after.data, drawn(results[COARSE], "Gene4"))
    assert tuple(layers.before.contrast_limits) == tuple(layers.after.contrast_limits)
    click(qtbot, two.bar.views["side_by_side"])
    assert maps_seen(two) == {"Gene4 in Run 2"}
    compare_with(qtbot, two, 0)
    qtbot.waitUntil(lambda: settled(two))
    assert layers.after.name == "Gene4 enhanced"
    np.testing.assert_array_equal(
        layers.before.data,
        layers.model.section.raster.draw(layers.model.section.gene_lognorm("Gene4")),
    )


def sides_of_swipe(dock, margin=12):
    """Parts of the swipe left and right of its handle, and the same parts of the finer map."""
    shown = next(layer for layer in dock.viewer.layers if layer.name.startswith("swipe"))
    handle = int(np.flatnonzero((np.abs(shown.data) > 1e5).all(0)).mean())
    return shown, np.s_[:, : handle - margin], np.s_[:, handle + margin :]


@pytest.mark.parametrize("fine", ["left", "right"])
def test_a_swipe_keeps_the_detail_of_the_finer_run_on_either_side(two, results, qtbot, fine):
    layers = two._layers
    if fine == "right":
        click_run(qtbot, two, FINE)
    compare_with(qtbot, two, 1)
    qtbot.keyClick(canvas_of(two), Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    qtbot.wait(60)
    shown, left, right = sides_of_swipe(two)
    names = [f"Run {FIRST}", f"Run {SECOND}"][:: 1 if fine == "left" else -1]
    assert shown.name == f"swipe: {' | '.join(name[:5] for name in names)}"
    handle = two.bar.key.handle
    assert [handle.left.text(), handle.right.text()] == [name[:5] for name in names]
    whole = drawn(results[FINE], layers.model.gene)
    part = left if fine == "left" else right
    np.testing.assert_array_equal(shown.data[part], whole[part])
    other = shown.data[right if fine == "left" else left]
    coarse = drawn(results[COARSE], layers.model.gene)
    assert np.isin(other[np.isfinite(other)], coarse).all()
    assert np.isfinite(other).any()
    click_run(qtbot, two, FINE if fine == "left" else COARSE)  # both change places
    np.testing.assert_array_equal(
        layers.before.data, drawn(results[fine == "left"], layers.model.gene)
    )
    qtbot.wait(60)
    shown, left, right = sides_of_swipe(two)
    part = right if fine == "left" else left
    np.testing.assert_array_equal(shown.data[part], whole[part])
    assert shown.name == f"swipe: {' | '.join(name[:5] for name in names[::-1])}"


def test_blink_and_hold_change_between_both_runs(two, qtbot):
    layers, key = two._layers, two.bar.key
    compare_with(qtbot, two, 1)
    first, second = (f"{layers.model.gene} in Run {n}" for n in (1, 2))
    qtbot.keyPress(canvas_of(two), Qt.Key.Key_H)
    assert maps_seen(two) == {first}
    assert key.words.text() == "Run 1: kriging, 2×, 5 factors."
    qtbot.keyRelease(canvas_of(two), Qt.Key.Key_H)
    assert maps_seen(two) == {second}
    click(qtbot, two.bar.views["blink"])
    seen = set()

    def both():
        seen.add((*maps_seen(two), key.words.text()))
        return len(seen) > 1

    qtbot.waitUntil(both)
    now = "In turn, now: Run"
    assert seen == {(first, f"{now} {FIRST}"), (second, f"{now} {SECOND}")}
    click(qtbot, two.bar.views["blink"])
    assert maps_seen(two) == {second}


@pytest.mark.parametrize("view", ["side_by_side", "swipe", "blink", "difference"])
def test_a_view_goes_on_with_what_is_chosen(two, results, qtbot, view):
    layers, made = two._layers, two.bar.views[view]
    click(qtbot, made)
    for row in (1, 0, 1):
        compare_with(qtbot, two, row)
        qtbot.waitUntil(made.isChecked)
        name = f"{layers.model.gene} in Run 1"
        qtbot.waitUntil(lambda name=name, row=row: (name in two.viewer.layers) == bool(row))
        if view == "swipe":
            sides = "Run 1 | Run 2" if row else "measured | enhanced"
            assert maps_seen(two) == {f"swipe: {sides}"}
        elif view == "difference":
            n = layers.model.section.n_spots
            other = results[FINE].gene(layers.model.gene).mean[:n]
            other = other if row else layers.model.section.gene_lognorm(layers.model.gene)
            change = results[COARSE].gene(layers.model.gene).mean - other
            if not row:
                change[~results[COARSE].sites.measured] = np.nan
            expected = layers.model.section.raster.draw(change)
            np.testing.assert_allclose(layers.difference.data, expected, atol=1e-6)
            assert two.bar.key.words.text().startswith(
                "Run 2 minus Run 1" if row else "Enhanced minus measured"
            )
    click(qtbot, made)
    assert maps_seen(two) == {f"{layers.model.gene} in Run 2"}


def test_genes_laid_over_each_other_are_compared_too(two, qtbot):
    layers = two._layers
    compare_with(qtbot, two, 1)
    click(qtbot, two.bar.views["side_by_side"])
    layers.model.lay_over([layers.model.gene])
    two.show_gene("Gene4")
    qtbot.waitUntil(lambda: layers.model.view == "side_by_side" and layers.now("before").rgb)
    assert layers.before.data.shape[:2] == results_shape(two, FINE)
    assert layers.before.visible
    layers.model.lay_over([])
    qtbot.waitUntil(lambda: layers.model.view == "side_by_side" and not layers.now("before").rgb)
    assert tuple(layers.before.contrast_limits) == tuple(layers.after.contrast_limits)


def results_shape(dock, row):
    return list(dock._layers.model.runs)[row].enhancement.raster.shape


# ---- profile and probe


def test_the_profile_shows_both_runs(two, section, results, qtbot, tmp_path, monkeypatch):
    layers, panel = two._layers, two.result.profile
    compare_with(qtbot, two, 1)
    spacing = section.lattice.spacing * layers.frame.per_px
    open_tab(qtbot, two, "profile")
    moves = (0, 1.5 * spacing), (0, 3 * spacing)
    paint(qtbot, two.viewer, world_of(layers, middle(section)), *moves)
    qtbot.waitUntil(lambda: panel.plot is not None and len(panel.plot.drawn()["other"][1]) > 0)
    for row, name in ((FINE, "other"), (COARSE, "enhanced")):
        values = panel.plot.drawn()[name][1]
        known = results[row].gene(layers.model.gene).mean
        assert set(np.round(values, 4)) <= set(np.round(known, 4))
    assert "Run&nbsp;1" in panel.plot.key.text()
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(tmp_path / "p.csv"), "")
    )
    click(qtbot, panel.save)
    qtbot.waitUntil((tmp_path / "p.csv").exists)
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text("utf-8").splitlines()))
    assert {row["map"] for row in rows} == {"measured", "Run 1", "Run 2"}
    compare_with(qtbot, two, 0)
    qtbot.waitUntil(lambda: len(panel.plot.drawn()["other"][1]) == 0)
    assert "Run" not in panel.plot.key.text()


def test_the_status_bar_says_both_values(two, results, section, qtbot):
    layers = two._layers
    compare_with(qtbot, two, 1)
    world = layers.frame.world_yx(section.xy)
    for spot in (3, 40):
        _, said = layers.probe.at(world[spot])
        for row in (FINE, COARSE):
            mean, std = results[row].gene(layers.model.gene)
            assert f"Run {row + 1} {mean[spot]:.2f} ± {std[spot]:.2f}" in said
        assert said.startswith(f"{layers.model.gene}: measured ")
    click_run(qtbot, two, FINE)
    sites = results[FINE].sites
    between = int(np.flatnonzero(sites.provenance == 3)[20])
    _, said = layers.probe.at(layers.frame.world_yx(sites.xy[between]))
    assert "Run 1 " in said
    assert "Run 2 " not in said  # it has no value at that place


# ---- runs that come, go and are renamed


def test_a_run_without_the_gene_is_blank_and_said_so(two, results, qtbot):
    layers = two._layers
    layers.model.runs.add(results[FEW])
    two.show_gene("Gene3")
    compare_with(qtbot, two, 2)
    click(qtbot, two.bar.views["side_by_side"])
    np.testing.assert_array_equal(layers.before.data, drawn(results[FEW], "Gene3"))
    assert "blank" not in two.result.words.text()
    type_gene(qtbot, two, "gene17")
    assert np.isnan(layers.before.data).all()
    assert "Gene17 was not part of Run 3: its map is blank." in two.result.words.text()
    np.testing.assert_array_equal(layers.after.data, drawn(results[COARSE], "Gene17"))


def test_a_run_is_renamed_while_it_is_compared_with(two, qtbot):
    layers, names = two._layers, two.result.runs.list
    compare_with(qtbot, two, 1)
    click(qtbot, two.bar.views["swipe"])
    layers.model.runs.rename(next(iter(layers.model.runs)), "the fine one")
    assert two.bar.partner.list.currentText() == "the fine one"
    qtbot.keyClick(names, Qt.Key.Key_F2)
    edit = names.findChild(QLineEdit)
    edit.selectAll()
    qtbot.keyClicks(edit, "mine")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names.findChild(QLineEdit) is None)
    assert layers.before.name == f"{layers.model.gene} in the fine one"
    assert layers.after.name == f"{layers.model.gene} in mine"
    assert maps_seen(two) == {"swipe: the fine one | mine"}
    assert two.bar.key.handle.left.text() == "the fine one"


@pytest.mark.parametrize("view", ["side_by_side", "swipe", "blink", "difference"])
def test_a_run_is_deleted_under_a_view_and_comes_back(two, results, section, qtbot, view):
    layers, names, made = two._layers, two.result.runs.list, two.bar.views[view]
    compare_with(qtbot, two, 1)
    click(qtbot, made)
    qtbot.keyClick(names, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: settled(two))
    assert layers.model.enhancement is results[FINE]
    assert made.isChecked()  # it goes on with the measured map
    measured = section.gene_lognorm(layers.model.gene)
    np.testing.assert_array_equal(layers.before.data, section.raster.draw(measured))
    np.testing.assert_array_equal(layers.after.data, drawn(results[FINE], layers.model.gene))
    if view == "difference":
        assert two.bar.key.words.text().startswith("Enhanced minus measured")
    qtbot.keyClick(names, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert layers.model.enhancement is results[COARSE]
    assert two.bar.partner.list.currentText() == "Run 1: kriging, 2×, 5 factors"
    np.testing.assert_array_equal(layers.before.data, drawn(results[FINE], layers.model.gene))
    qtbot.wait(60)
    click(qtbot, made)
    assert maps_seen(two) == {f"{layers.model.gene} in Run 2"}


@pytest.mark.parametrize("view", ["swipe", "side_by_side", "difference"])
def test_the_map_that_is_shown_is_deleted_in_napari(two, section, qtbot, view):
    layers = two._layers
    compare_with(qtbot, two, 1)
    click(qtbot, two.bar.views[view])
    two.viewer.layers.selection.active = layers.after
    bins = two.viewer.window._qt_viewer.layerButtons.deleteButton
    qtbot.mouseClick(bins, LEFT)
    qtbot.waitUntil(lambda: settled(two) and layers.views.shown == "")
    qtbot.waitUntil(lambda: two.bar.partner.list.currentText() == "measured")
    if view == "difference":
        assert two.bar.key.words.text().startswith("Enhanced minus measured")
        click(qtbot, two.bar.views[view])
    assert maps_seen(two) == {f"{layers.model.gene} measured"}
    measured = section.gene_lognorm(layers.model.gene)
    np.testing.assert_array_equal(layers.before.data, section.raster.draw(measured))
    click_run(qtbot, two, COARSE)
    assert maps_seen(two) == {f"{layers.model.gene} enhanced"}


def test_the_map_of_a_run_is_saved_as_that_run(two, results, qtbot, tmp_path):
    layers = two._layers
    compare_with(qtbot, two, 1)
    for role, row in (("before", FINE), ("after", COARSE)):
        path = tmp_path / f"{role}.h5ad"
        write_section(str(path), [getattr(layers, role).as_layer_data_tuple()])
        assert ad.read_h5ad(path).n_obs == len(results[row].sites)
    compare_with(qtbot, two, 0)
    write_section(str(tmp_path / "m.h5ad"), [layers.before.as_layer_data_tuple()])
    assert ad.read_h5ad(tmp_path / "m.h5ad").n_obs == layers.model.section.n_spots


def test_another_section_and_back(two, square_section, load, qtbot):
    layers = two._layers
    compare_with(qtbot, two, 1)
    click(qtbot, two.bar.views["blink"])
    load(two, square_section)
    assert not two.bar.partner.list.isVisible()
    assert not any(layer.visible for layer in layers.present)
    two.context.choose(two.context.sections[0])
    qtbot.waitUntil(two.bar.partner.list.isVisible)
    assert two.bar.partner.list.currentText() == "Run 1: kriging, 2×, 5 factors"
    assert maps_seen(two) == {f"{layers.model.title} · {layers.model.gene} in Run 2"}
    two.viewer.layers.clear()
    qtbot.wait(60)
    assert not len(two.viewer.layers)
