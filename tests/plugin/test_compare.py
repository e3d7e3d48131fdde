"""Before and after, compared by mouse and keys; what is checked is what the layers hold."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from gestures import click, come_to, middle, paint, world_of
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog

from napari_stentrans.annotation import Annotation
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.export.profile_files import ESTIMATE, MEASUREMENT
from napari_stentrans.pipeline import enhance
from napari_stentrans.record_facts import NeighbourFacts


@pytest.fixture(scope="session")
def result(section):
    """The section enhanced, twice as fine, with a lost region.

    As a version made it that did not know how far new measurements scatter.
    """
    lost = np.linalg.norm(section.xy - section.xy.mean(0), axis=1) < 1.5 * section.lattice.spacing
    made = enhance(section, lost, EnhanceConfig(method="kriging", factors=5, upscale=2))
    return replace(made, decoder=replace(made.decoder, measuring=None))


@pytest.fixture
def compared(loaded, result, qtbot):
    """The dock with a section and its result."""
    loaded._layers.show_enhancement(result)
    loaded.context.resultChanged.emit()
    come_to(qtbot, loaded.result.body)
    return loaded


def canvas_of(dock):
    return dock.viewer.window._qt_viewer.canvas.native


def camera_of(viewer):
    return getattr(viewer, "scene", viewer).camera  # moved in napari 0.9


def key(qtbot, dock, code, *, times=1):
    for _ in range(times):
        qtbot.keyClick(canvas_of(dock), code)
    qtbot.wait(40)


def state_of(viewer):
    """All that a view may change and has to put back."""
    camera = camera_of(viewer)
    layers = [(layer.name, layer.visible, layer.data.shape) for layer in viewer.layers]
    active = viewer.layers.selection.active
    grid = getattr(viewer, "canvas", viewer).grid
    return layers, active, grid.enabled, np.round(camera.zoom, 6), dict(viewer.keymap)


def swipe_layer(viewer):
    return next(layer for layer in viewer.layers if layer.name.startswith("swipe"))


def halves_agree(layers, margin=12):
    """Column of the handle, once the data left of it are as measured, right as enhanced."""
    shown = swipe_layer(layers.viewer)
    after = layers.after.data
    rows, columns = np.indices(after.shape).reshape(2, -1)
    world = layers.after.data_to_world((0, 0)) + np.c_[rows, columns] * layers.after.scale
    at = np.rint((world - layers.before.translate) / layers.before.scale).astype(int)
    inside = ((at >= 0) & (at < layers.before.data.shape)).all(1)
    before = np.full(len(at), np.nan, np.float32)
    before[inside] = layers.before.data[tuple(at[inside].T)]
    before = before.reshape(after.shape)
    handle = int(np.flatnonzero((np.abs(shown.data) > 1e5).all(0)).mean())
    left, right = np.s_[:, : handle - margin], np.s_[:, handle + margin :]
    np.testing.assert_array_equal(shown.data[left], before[left])
    np.testing.assert_array_equal(shown.data[right], after[right])
    return handle


def pixel(layers, position):
    """World size of one raster pixel, and world x of a column of the enhanced map."""
    return layers.after.translate[1] + position * layers.after.scale[1]


# ---- swipe


@pytest.mark.high_dpi
def test_the_handle_is_dragged_over_the_canvas(compared, qtbot):
    layers, viewer = compared._layers, compared.viewer
    before = state_of(viewer)
    click(qtbot, compared.bar.views["swipe"])
    qtbot.wait(50)
    start = halves_agree(layers)
    assert not layers.before.visible
    assert not layers.after.visible
    row = camera_of(viewer).center[-2]
    grip = np.array([row, pixel(layers, start)])
    by = 30 * layers.after.scale[1]
    paint(qtbot, viewer, grip, (0, by / 2), (0, by))
    qtbot.wait(60)
    assert halves_agree(layers) == pytest.approx(start + 30, abs=3)

    view = camera_of(viewer).center  # a drag beside the handle moves the view
    paint(qtbot, viewer, grip - np.array([0, 2 * by]), (0, by / 4), (0, by / 2))
    assert camera_of(viewer).center[-1] != pytest.approx(view[-1])
    assert halves_agree(layers) == pytest.approx(start + 30, abs=3)
    camera_of(viewer).center = view

    click(qtbot, compared.bar.views["swipe"])
    assert state_of(viewer) == before


def test_the_handle_goes_by_keys_and_by_its_slider(compared, qtbot):
    layers = compared._layers
    key(qtbot, compared, Qt.Key.Key_Left)
    qtbot.keyClick(canvas_of(compared), Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    qtbot.wait(50)
    start, columns = halves_agree(layers), layers.after.data.shape[1]
    key(qtbot, compared, Qt.Key.Key_Right, times=5)
    assert halves_agree(layers) == pytest.approx(start + 0.05 * columns, abs=4)
    key(qtbot, compared, Qt.Key.Key_Left, times=10)
    assert halves_agree(layers) == pytest.approx(start - 0.05 * columns, abs=4)
    slider = compared.bar.key.handle.slider
    assert slider.isVisible()
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    qtbot.wait(50)
    assert halves_agree(layers) == pytest.approx(start + 0.05 * columns, abs=4)
    qtbot.keyClick(canvas_of(compared), Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    assert not any(layer.name.startswith("swipe") for layer in compared.viewer.layers)
    assert not slider.isVisible()


def test_a_swipe_shows_the_gene_and_the_contrast_of_the_maps(compared, section, result, qtbot):
    layers = compared._layers
    click(qtbot, compared.bar.views["swipe"])
    search = compared.data.search.edit
    search.selectAll()
    qtbot.keyClicks(search, "gene17")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.wait(60)
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene("Gene17").mean))
    halves_agree(layers)
    swipe_layer(compared.viewer).contrast_limits = (0, 0.5)
    assert tuple(layers.before.contrast_limits) == tuple(layers.after.contrast_limits) == (0, 0.5)
    coarse = enhance(section, None, EnhanceConfig(method="kriging", factors=3))
    layers.show_enhancement(coarse)
    qtbot.wait(60)
    assert swipe_layer(compared.viewer).data.shape == coarse.raster.shape
    halves_agree(layers)


def test_a_brush_does_not_paint_while_the_handle_is_dragged(compared, qtbot):
    layers, viewer = compared._layers, compared.viewer
    click(qtbot, compared.lost.new)
    click(qtbot, compared.bar.views["swipe"])
    viewer.layers.selection.active = layers.lost
    qtbot.wait(50)
    start = halves_agree(layers)
    grip = np.array([camera_of(viewer).center[-2], pixel(layers, start)])
    by = 20 * layers.after.scale[1]
    paint(qtbot, viewer, grip, (0, by / 2), (0, by))
    qtbot.wait(50)
    assert halves_agree(layers) > start
    assert not layers.lost.data.any()
    assert viewer.layers.selection.active is layers.lost


# ---- all views


@pytest.mark.parametrize(
    ("view", "end"),
    [
        ("side_by_side", "delete before"),
        ("side_by_side", "clear"),
        ("swipe", "delete before"),
        ("swipe", "delete after"),
        ("swipe", "new section"),
        ("blink", "delete before"),
        ("blink", "delete after"),
        ("blink", "clear"),
    ],
)
def test_a_view_ends_when_its_maps_go(compared, square_section, qtbot, load, view, end):
    viewer, layers = compared.viewer, compared._layers
    click(qtbot, compared.bar.views[view])
    if end == "clear":
        viewer.layers.clear()
    elif end == "new section":
        layers.remove()
        load(compared, square_section)
    else:
        viewer.layers.remove(getattr(layers, end.split()[1]))
    qtbot.wait(50)
    assert layers.views.shown == ""
    names = [layer.name for layer in viewer.layers]
    assert not [name for name in names if "swipe" in name or "(beside)" in name]
    assert not getattr(viewer, "canvas", viewer).grid.enabled
    left = layers.after if end == "delete before" else layers.before
    if end.startswith("delete"):
        assert left.visible
        assert not compared.bar.views[view].isChecked()
    compared.show_gene("Gene5")


@pytest.mark.parametrize("view", ["side_by_side", "swipe", "blink"])
def test_a_view_bears_what_a_person_does_to_its_layers(compared, result, qtbot, view):
    viewer, layers = compared.viewer, compared._layers
    click(qtbot, compared.bar.views[view])
    layers.after.name, layers.before.name = "mine", "mine too"
    layers.provenance.visible = True
    viewer.layers.move(viewer.layers.index(layers.before), len(viewer.layers) - 1)
    viewer.layers.reverse()
    compared.show_gene("Gene9")
    qtbot.wait(50)
    np.testing.assert_array_equal(layers.after.data, result.raster.draw(result.gene("Gene9").mean))
    viewer.layers.remove(layers.uncertainty)
    click(qtbot, compared.bar.views[view])
    assert layers.views.shown == ""
    assert layers.after.visible
    assert not layers.before.visible
    assert layers.after.name == "Gene9: mine"


def test_only_one_view_at_a_time(compared, qtbot):
    viewer, layers, views = compared.viewer, compared._layers, compared.bar.views
    before = state_of(viewer)
    names = ["swipe", "blink", "side_by_side", "swipe", "difference", "blink"]
    for view in names:
        click(qtbot, views[view])
        on = [
            name
            for name in ("side_by_side", "swipe", "blink", "difference")
            if views[name].isChecked()
        ]
        assert on == [view]
    click(qtbot, views["blink"])
    layers.viewer.layers.remove(layers.difference)
    assert state_of(viewer) == before


def test_side_by_side_shares_contrast_both_ways_and_the_camera(compared, qtbot):
    layers, viewer = compared._layers, compared.viewer
    click(qtbot, compared.bar.views["side_by_side"])
    layers.before.contrast_limits = (0.1, 0.8)
    assert tuple(layers.after.contrast_limits) == (0.1, 0.8)
    layers.after.contrast_limits = (0.2, 0.9)
    assert tuple(layers.before.contrast_limits) == (0.2, 0.9)
    layers.after.colormap = "magma"
    assert layers.before.colormap.name == "magma"
    shots = []
    for _ in range(2):
        shot = viewer.screenshot(flash=False)
        shots.append(np.array_split(shot[..., :3], 2, axis=1))
        camera_of(viewer).zoom *= 1.7
        qtbot.wait(50)
    for half in (0, 1):
        assert (shots[0][half] != shots[1][half]).mean() > 0.05


def test_the_difference_is_symmetric(compared, section, result, qtbot):
    layers = compared._layers
    click(qtbot, compared.bar.views["difference"])
    low, high = layers.difference.contrast_limits
    assert low == -high < 0
    lost = result.sites.provenance[: section.n_spots] == 1
    change = result.gene(layers.model.gene).mean[: section.n_spots] - section.gene_lognorm(
        layers.model.gene
    )
    expected = section.raster.draw(np.where(lost, np.nan, change))
    np.testing.assert_allclose(layers.difference.data, expected, atol=1e-6)
    colours = layers.difference.colormap.map(np.array([0.0, 0.5, 1.0]))
    assert colours[0, 2] > colours[0, 0]
    assert colours[2, 0] > colours[2, 2]
    assert np.ptp(colours[1, :3]) < 0.01


# ---- blink


def test_a_key_that_is_held_shows_the_other_map(compared, qtbot):
    layers, canvas = compared._layers, canvas_of(compared)
    layers.uncertainty.visible = True
    before = state_of(compared.viewer)
    for widget in (canvas, compared.bar.views["swipe"]):
        qtbot.keyPress(widget, Qt.Key.Key_H)
        assert layers.before.visible
        assert not layers.after.visible
        assert not layers.uncertainty.visible
        qtbot.keyRelease(widget, Qt.Key.Key_H)
        assert state_of(compared.viewer) == before


def test_blink_changes_twice_a_second_until_it_ends(compared, qtbot):
    layers = compared._layers
    before = state_of(compared.viewer)
    click(qtbot, compared.bar.views["blink"])
    seen, began = [], time.monotonic()
    for _ in range(26):
        seen.append((layers.before.visible, layers.after.visible))
        qtbot.wait(100)
    took = time.monotonic() - began
    assert set(seen) == {(True, False), (False, True)}
    changes = sum(a != b for a, b in pairwise(seen))
    assert 2 <= changes <= 2 * took + 1
    click(qtbot, compared.bar.views["blink"])
    assert state_of(compared.viewer) == before


# ---- profile


def steady(qtbot, viewer):
    """Wait until the section fits the canvas, which a panel below it has made lower."""
    zoom = 0
    while zoom != camera_of(viewer).zoom:
        zoom = camera_of(viewer).zoom
        qtbot.wait(150)


def drawn_line(compared, qtbot, start_spot, dx):
    """Drag a line over the canvas, with the tool that the button gives; its ends (x, y) px."""
    layers = compared._layers
    click(qtbot, compared.result.opens["profile"])
    steady(qtbot, compared.viewer)
    start = world_of(layers, start_spot)
    paint(qtbot, compared.viewer, start, (0, dx / 2), (0, dx))
    qtbot.waitUntil(lambda: profile_of(compared) is not None)
    return layers.model.line


def profile_of(dock):
    """The profile that is shown, once it is that of the whole line."""
    found, line = dock.result.profile.profile(), dock._layers.model.line
    if found is None or line is None:
        return None
    length = np.linalg.norm(line[1] - line[0]) * dock._layers.frame.per_px
    return found if np.isclose(found.length, length) else None


def test_a_line_that_is_drawn_slowly_is_not_cut(compared, section, qtbot):
    spacing = section.lattice.spacing * compared._layers.frame.per_px
    click(qtbot, compared.result.opens["profile"])
    steady(qtbot, compared.viewer)
    start = world_of(compared._layers, middle(section))
    moves = [(0, dx) for dx in np.linspace(0, 4 * spacing, 21)[1:]]
    paint(qtbot, compared.viewer, start, *moves)  # half a second and more
    qtbot.waitUntil(lambda: profile_of(compared) is not None)
    assert profile_of(compared).length > 3.8 * spacing


def test_a_line_and_its_ends_are_dragged_and_other_drags_move_the_view(compared, section, qtbot):
    layers, viewer = compared._layers, compared.viewer
    click(qtbot, compared.lost.new)  # a brush that must not paint meanwhile
    qtbot.wait(50)
    unpainted = layers.lost.data.copy()
    spacing = section.lattice.spacing * layers.frame.per_px
    first = drawn_line(compared, qtbot, middle(section), 3 * spacing)
    world = layers.frame.world_yx
    center = camera_of(viewer).center
    layers.lost.mode = "paint"

    def drag(start, by):
        before = layers.model.line
        paint(qtbot, viewer, start, np.divide(by, 2), by)
        return (layers.model.line - before) * layers.frame.per_px

    one = 1.01 / camera_of(viewer).zoom  # a pixel of the screen
    moved = drag(world(first[1]), (spacing, 0))
    np.testing.assert_allclose(moved, [(0, 0), (0, spacing)], atol=one)
    moved = drag(world(layers.model.line.mean(0)), (0, spacing))
    np.testing.assert_allclose(moved, [(spacing, 0), (spacing, 0)], atol=one)
    np.testing.assert_array_equal(layers.lost.data, unpainted)
    assert camera_of(viewer).center == center
    layers.lost.mode = "pan_zoom"
    moved = drag(world(layers.model.line[0]) - (3 * spacing, 0), (0, spacing))
    assert not moved.any()
    assert camera_of(viewer).center != center


def test_a_new_line_takes_the_place_of_the_last_but_a_click_does_not(compared, section, qtbot):
    layers = compared._layers
    spacing = section.lattice.spacing * layers.frame.per_px
    first = drawn_line(compared, qtbot, middle(section), 3 * spacing)
    click(qtbot, compared.result.profile.again)
    paint(qtbot, compared.viewer, layers.frame.world_yx(first[0]) + spacing)  # no drag
    np.testing.assert_array_equal(layers.model.line, first)
    start = layers.frame.world_yx(first[0])
    paint(qtbot, compared.viewer, start, (spacing, 0), (2 * spacing, 0))
    assert np.ptp(layers.model.line[:, 0]) * layers.frame.per_px < 0.1 * spacing, (
        "it runs downwards"
    )


def test_a_line_waits_while_another_section_is_shown(
    compared, section, square_section, load, qtbot
):
    layers = compared._layers
    spacing = section.lattice.spacing * layers.frame.per_px
    line = drawn_line(compared, qtbot, middle(section), 3 * spacing)
    load(compared, square_section)
    assert "profile line" not in compared.viewer.layers
    assert not compared.result.profile.isVisible()
    compared.data.sections.setCurrentIndex(0)
    compared.context.choose(layers)
    qtbot.waitUntil(compared.result.profile.isVisible)
    assert "profile line" in compared.viewer.layers
    np.testing.assert_array_equal(layers.model.line, line)
    assert compared.result.opens["profile"].isChecked()


@pytest.mark.high_dpi
def test_a_profile_along_a_drawn_line(compared, section, result, qtbot, tmp_path, monkeypatch):
    layers, panel = compared._layers, compared.result.profile
    before = list(compared.viewer.layers)
    spacing = section.lattice.spacing * layers.frame.per_px
    ends = drawn_line(compared, qtbot, middle(section), 3.5 * spacing)
    samples = ends[0] + np.linspace(0, 1, 400)[:, None] * (ends[1] - ends[0])
    row, column = section.raster.pixel_of(samples).T
    spots = section.raster.index[row, column]
    spots = spots[np.append(True, np.diff(spots) != 0)]
    drawn = panel.plot.drawn()
    lost = result.sites.provenance[: section.n_spots] == 1
    values = section.gene_lognorm(layers.model.gene)
    np.testing.assert_allclose(drawn["measured"][1], values[spots[~lost[spots]]], rtol=1e-5)
    np.testing.assert_allclose(drawn["lost"][1], values[spots[lost[spots]]], rtol=1e-5)
    assert len(drawn["lost"][1]) > 0
    x, y = drawn["enhanced"]
    assert set(np.round(y, 4)) <= set(np.round(result.gene(layers.model.gene).mean, 4))
    assert 0 < x.min() < x.max() < 3.6 * spacing
    assert f"{len(spots):,} spots" in panel.words.text()

    compared.show_gene("Gene9")
    values = section.gene_lognorm("Gene9")
    qtbot.waitUntil(lambda: "Gene9" in panel.words.text())
    np.testing.assert_allclose(
        panel.plot.drawn()["measured"][1], values[spots[~lost[spots]]], rtol=1e-5
    )
    start = layers.frame.world_yx(layers.model.line.mean(0))
    paint(qtbot, compared.viewer, start, (1.5 * spacing, 0), (3 * spacing, 0))
    qtbot.waitUntil(lambda: len(panel.plot.drawn()["lost"][1]) == 0)

    for name in ("p.csv", "p.png"):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, p=path, **__: (str(p), ""))
        click(qtbot, panel.save)
        qtbot.waitUntil(path.exists)
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text("utf-8").splitlines()))
    shown = panel.plot.drawn()["measured"]
    table = [
        (float(r["distance_um"]), float(r["value"]))
        for r in rows
        if r["map"] == "measured" and r["provenance"] == "measured"
    ]
    np.testing.assert_allclose(table, np.transpose(shown), rtol=1e-4)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    qtbot.waitUntil(lambda: "Saved p.png" in panel.words.text())

    click(qtbot, compared.result.opens["profile"])
    assert list(compared.viewer.layers) == before
    assert not panel.isVisible()


@pytest.fixture(scope="session")
def sure(section):
    """A result that knows how far new measurements scatter."""
    lost = np.linalg.norm(section.xy - section.xy.mean(0), axis=1) < 1.5 * section.lattice.spacing
    return enhance(section, lost, EnhanceConfig(upscale=2))


def test_the_profile_draws_where_a_new_measurement_would_lie(
    compared, section, sure, qtbot, tmp_path, monkeypatch
):
    """Measured points have noise of their own: the band of the estimate is none for them."""
    layers, panel = compared._layers, compared.result.profile
    spacing = section.lattice.spacing * layers.frame.per_px
    drawn_line(compared, qtbot, middle(section), 3.5 * spacing)
    assert list(panel.plot.drawn_bands()) == [ESTIMATE], "no other is known"
    assert MEASUREMENT.replace(" ", "&nbsp;") not in panel.plot.key.text()
    layers.show_enhancement(sure)
    qtbot.waitUntil(lambda: len(panel.plot.drawn_bands()) == 2)
    bands, known = panel.plot.drawn_bands(), sure.intervals(layers.model.gene)
    for says, low, high in ((ESTIMATE, *known[:2]), (MEASUREMENT, *known[2:])):
        at, *edges = bands[says]
        sites = profile_of(compared).sites.site
        np.testing.assert_array_equal(at, profile_of(compared).sites.distance)
        np.testing.assert_array_equal(edges, [low[sites], high[sites]])
        assert says.replace(" ", "&nbsp;") in panel.plot.key.text()
    wide, narrow = ((bands[of][2] - bands[of][1]).mean() for of in (MEASUREMENT, ESTIMATE))
    assert wide > 1.5 * narrow

    path = tmp_path / "p.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    click(qtbot, panel.save)
    qtbot.waitUntil(path.exists)
    rows = [r for r in csv.DictReader(path.read_text("utf-8").splitlines()) if r["site"]]
    of_map = [row for row in rows if row["map"] == "enhanced"]
    assert next(row["measurement_high"] for row in rows if row["map"] == "measured") == ""
    for name in known._fields:
        table = [float(row[name]) for row in of_map]
        expected = getattr(known, name)[profile_of(compared).sites.site]
        np.testing.assert_allclose(table, expected, rtol=1e-4, atol=1e-6)


def test_the_map_of_uncertainty_is_that_of_the_estimate_or_of_a_new_measurement(
    compared, section, sure, result, qtbot
):
    layers, choice = compared._layers, compared.bar.key.doubt
    layers.show_enhancement(sure)
    click(qtbot, compared.bar.views["uncertainty"])
    qtbot.waitUntil(choice.isVisible)
    shown = layers.uncertainty
    std = sure.gene(layers.model.gene).std
    np.testing.assert_array_equal(shown.data, sure.raster.draw(std))
    assert choice.currentText() == "Uncertainty of the estimate"
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    for gene in (layers.model.gene, "Gene7"):
        compared.show_gene(gene)
        wide = sure.predictive_std([gene])[:, 0]
        np.testing.assert_array_equal(shown.data, sure.raster.draw(wide))
        assert shown.contrast_limits[1] == pytest.approx(np.quantile(wide, 0.995), rel=1e-5)
    layers.show_enhancement(result)  # which does not know it
    np.testing.assert_array_equal(shown.data, result.raster.draw(result.gene("Gene7").std))
    assert choice.currentText() == "Uncertainty of the estimate"
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    assert choice.currentText() == "Uncertainty of the estimate"
    assert "does not know" in choice.toolTip()
    layers.show_enhancement(sure)
    assert choice.currentText() == "Uncertainty of a new measurement"
    click(qtbot, compared.bar.views["uncertainty"])
    assert not choice.isVisible()


def test_the_map_of_uncertainty_is_bright_after_a_preview_that_was_less_sure(
    compared, result, sure, qtbot
):
    layers = compared._layers
    less = replace(result.decoder, std=5 * result.decoder.std)
    layers.model.show_preview(replace(result, decoder=less), "transformer")
    dim = layers.uncertainty.contrast_limits
    layers.show_enhancement(sure)
    std = sure.gene(layers.model.gene).std
    assert layers.uncertainty.contrast_limits[1] == pytest.approx(np.quantile(std, 0.995), rel=1e-5)
    assert layers.uncertainty.contrast_limits[1] < 0.5 * dim[1]
    bright = np.median(std) / layers.uncertainty.contrast_limits[1]
    assert bright > 0.3, "half of the map is not nearly black"
    layers.uncertainty.contrast_limits = (0, 3.0)  # by hand
    layers.show_enhancement(result)
    assert layers.uncertainty.contrast_limits[1] == 3.0


def test_hovering_tells_where_a_new_measurement_would_lie(compared, section, sure):
    layers = compared._layers
    layers.show_enhancement(sure)
    low, high = sure.intervals(layers.model.gene)[2:]
    world = layers.frame.world_yx(section.xy)
    _, said = layers.probe.at(world[3])
    assert f" (new measurement {low[3]:.2f} to {high[3]:.2f})" in said
    layers.model.set_look(replace(layers.model.maps.look, scale="linear"))
    counts = [sure.expected_counts(end[:, None])[3, 0] for end in (low, high)]
    _, said = layers.probe.at(world[3])
    assert f" (new measurement {counts[0]:.2f} to {counts[1]:.2f})" in said


def test_a_deleted_line_ends_the_profile(compared, section, qtbot):
    spacing = section.lattice.spacing * compared._layers.frame.per_px
    drawn_line(compared, qtbot, middle(section), 3 * spacing)
    line = compared.viewer.layers["profile line"]
    line.name = "mine"
    compared.viewer.layers.remove(line)
    qtbot.waitUntil(lambda: not compared.result.profile.isVisible())
    assert not compared.result.opens["profile"].isChecked()
    click(qtbot, compared.result.opens["profile"])
    qtbot.waitUntil(lambda: profile_of(compared) is not None)  # along the same line


# ---- probe


@pytest.mark.high_dpi
def test_hovering_tells_what_is_known_of_a_place(compared, section, result, qtbot):
    layers, viewer = compared._layers, compared.viewer
    gene, canvas = layers.model.gene, canvas_of(compared)
    mean, std = result.gene(gene)
    measured = section.gene_lognorm(gene)

    def hover(site):
        at = layers.frame.world_yx(result.sites.xy[site]) - camera_of(viewer).center[-2:]
        y, x = at * camera_of(viewer).zoom + np.array([canvas.height(), canvas.width()]) / 2
        qtbot.mouseMove(canvas, QPoint(int(x), int(y)))
        name = result.sites.names[site]
        qtbot.wait(20)
        viewer.update_status_from_cursor()  # napari does it in a thread, which tests switch off
        name = name if site < section.n_spots else "site"
        assert f" · {name} at x " in viewer.status["coordinates"]
        return viewer.status["coordinates"]

    spot = 3
    x = section.xy[spot, 0] * section.um_per_px
    said = hover(spot)
    assert f"x {x:,.0f}" in said
    assert f"{gene}: measured {measured[spot]:.2f}" in said
    assert f"enhanced {mean[spot]:.2f} ± {std[spot]:.2f}" in said
    assert said.startswith(f"{gene}: ")  # the value, then the place
    assert ", measured spot · " in said
    lost = middle(section)
    assert "lost, filled · " in hover(lost)
    between = int(np.flatnonzero(result.sites.provenance == 3)[20])
    viewer.layers.selection.active = layers.provenance
    said = hover(between)
    assert "between spots · " in said
    assert "measured" not in said
    viewer.layers.remove(layers.after)
    assert "measured" in hover(spot)
    layers.model.lay_over([gene])
    layers.model.show_gene("Gene7")
    said = hover(spot)
    assert f"{gene}: measured {measured[spot]:.2f}" in said
    assert f"; Gene7: measured {section.gene_lognorm('Gene7')[spot]:.2f}" in said


def test_the_name_of_a_lost_region_is_said_and_nothing_where_there_is_none(compared, section):
    layers = compared._layers
    layers.paint.paint_spots(np.arange(section.n_spots) == 3)
    lost, world = layers.lost, layers.frame.world_yx(section.xy)
    assert lost.get_status(world[3], world=True)["coordinates"].count("region: lost") == 1
    said = lost.get_status(world[50], world=True)
    corner = lost.get_status(world.min(0) - 9999, world=True)
    assert "Properties" not in f"{said}{corner}"


def test_the_named_region_under_the_cursor_is_said_by_every_layer(compared, section):
    layers = compared._layers
    names = np.where(np.arange(section.n_spots) % 2, "tumour", "")
    layers.annotate(Annotation.of(names.tolist()))
    world = layers.frame.world_yx(section.xy)
    for layer in (layers.before, layers.after, layers.regions):
        said = layer.get_status(world[3], world=True)["coordinates"]
        assert said.count("named region: tumour") == 1
        assert "region" not in layer.get_status(world[4], world=True)["coordinates"]


def test_outside_the_tissue_napari_speaks_for_itself(compared, section):
    layers = compared._layers
    corner = layers.frame.world_yx(section.xy.min(0) - 3 * section.lattice.spacing)
    layer = layers.after
    assert layers.probe.at(corner) == ("", "")
    own = type(layer).get_status(layer, corner, world=True)
    assert layer.get_status(corner, world=True) == own
    compared.viewer.layers.remove(layer)
    inside = layers.frame.world_yx(section.xy[0])
    assert layer.get_status(inside, world=True) == type(layer).get_status(layer, inside, world=True)


# ---- what lies over both maps


def test_lost_regions_and_the_line_lie_over_both_maps(compared, section, qtbot):
    layers, viewer = compared._layers, compared.viewer
    before = list(viewer.layers)
    click(qtbot, compared.lost.new)
    layers.paint.paint_spots(np.arange(section.n_spots) < 12)
    spacing = section.lattice.spacing * layers.frame.per_px
    drawn_line(compared, qtbot, middle(section), 3 * spacing)
    layers.lost.contour = 3  # as after a run
    click(qtbot, compared.bar.views["side_by_side"])

    def cells():
        stride = viewer.canvas.grid.stride if hasattr(viewer, "canvas") else viewer.grid.stride
        shown = list(viewer.layers)
        return [[x for x in shown[i * stride : (i + 1) * stride] if x.visible] for i in (0, 1)]

    (left, *over), (right, *over_too) = cells()
    assert (left, right) == (layers.before, layers.after)
    assert over_too == [layers.lost, layers.store.line]
    assert [type(layer) for layer in over] == [type(layer) for layer in over_too]
    paint_layer, line = over
    assert paint_layer.contour == 3
    layers.paint.paint_spots(np.arange(section.n_spots) > 140)
    np.testing.assert_array_equal(paint_layer.data, layers.lost.data)
    layers.lost.contour = 2
    assert paint_layer.contour == 2
    layers.lost.data = np.zeros_like(layers.lost.data)
    assert not paint_layer.data.any()
    before_drag, zoom = layers.model.line, camera_of(viewer).zoom
    to_the_right = (0, canvas_of(compared).width() / 4 / zoom)
    place = layers.frame.world_yx(layers.model.line.mean(0)) + to_the_right
    paint(qtbot, viewer, place, (10 / zoom, 0), (20 / zoom, 0))
    assert (layers.model.line[:, 1] > before_drag[:, 1]).all(), (
        "the line was moved in the right cell"
    )
    np.testing.assert_array_equal(line.data, layers.store.line.data)
    click(qtbot, compared.result.opens["profile"])
    assert layers.model.view == "side_by_side", "a profile goes with any view"
    assert len(cells()[0]) == len(cells()[1]) == 2
    click(qtbot, compared.bar.views["side_by_side"])
    assert list(viewer.layers) == [*before, layers.lost]


@pytest.mark.parametrize("names", [["G3"], ["G1", "G3"]])
def test_the_status_bar_says_what_is_borrowed_from_neighbours(loaded, result, section, names):
    lost, share = middle(section), np.zeros(len(result.sites), np.float32)
    share[lost] = 0.42
    facts = {"source": None, "digest": "", "alignment": "", "lies": "", "speaks_in_holes": 1.0}
    beside = tuple(NeighbourFacts(name=name, **facts) for name in names)
    record = result.record.model_copy(update={"neighbours": beside})
    loaded._layers.show_enhancement(replace(result, borrowed=share, record=record))
    layers, whom = loaded._layers, "G3" if len(names) == 1 else "neighbouring sections"

    def said(site):
        at = layers.frame.world_yx(result.sites.xy[site])
        return loaded.viewer.layers[-1].get_status(at, world=True)["coordinates"]

    assert f", lost, filled, borrowed from {whom}: 42% · " in said(lost)
    assert "borrowed" not in said(3)  # a measured spot
    layers.show_enhancement(result)
    assert "borrowed" not in said(lost)
