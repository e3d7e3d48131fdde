"""Lost regions by mouse and keys: names, edits, what is found, undo, and what is too large."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from gestures import LEFT, click, middle, paint, said_of_run, world_of
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLineEdit

from napari_stentrans.io import read_mask
from napari_stentrans.plugin.layers.frame import Frame
from napari_stentrans.plugin.panels.region_list import BIN, EYE, NAME, PAINTED
from napari_stentrans.section import Section
from napari_stentrans.simulate import simulate_section


@pytest.fixture
def panel(loaded, qtbot):
    """The panel in a window that the keyboard belongs to."""
    loaded.window().activateWindow()
    qtbot.waitUntil(loaded.window().isActiveWindow)
    return loaded.lost


def tap(qtbot, tool):
    """Click a small tool."""
    assert tool.isEnabled()
    qtbot.mouseClick(tool, LEFT, pos=QPoint(8, 8))


def tap_region(qtbot, panel, label, column=NAME):
    """Click a column of a region in the list."""
    row = panel.regions.rows[label]
    at = panel.regions.visualRect(panel.regions.indexFromItem(row, column)).center()
    qtbot.mouseClick(panel.regions.viewport(), LEFT, pos=at)


def name_line(qtbot, panel):
    """The line in which a name is being typed."""
    qtbot.waitUntil(lambda: panel.regions.findChild(QLineEdit) is not None)
    return panel.regions.findChild(QLineEdit)


def brush(qtbot, dock, spot, *moves):
    """Paint around a spot, by steps in spacings."""
    layers = dock._layers
    step = layers.model.section.lattice.spacing * Frame.of(layers.model.section).per_px
    paint(qtbot, dock.viewer, world_of(layers, spot), *(np.array(moves or [(0, 1)]) * step))


def lost(dock, label=None):
    """(spot,) True where a spot is painted, with a label if given."""
    data = np.asarray(dock._layers.lost.data)
    return dock._layers.model.section.raster.lost(data == label if label else data != 0)


def names(dock):
    """Names by label, as they are saved and shown in the status bar."""
    features = dock._layers.lost.features
    return dict(zip(features["index"], features["region"], strict=True))


def press(qtbot, dock, key):
    """Press a key with Alt on the canvas."""
    canvas = dock.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, key, Qt.KeyboardModifier.AltModifier)


def ctrl_z(qtbot, dock, redo=False):
    canvas = dock.viewer.window._qt_viewer.canvas.native
    modifier = Qt.KeyboardModifier.ControlModifier
    if redo:
        modifier |= Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(canvas, Qt.Key.Key_Z, modifier)


def ring(section, spots, distance=1.2):
    """(spot,) True up to a distance, in spacings, from some spots."""
    units = section.xy / section.lattice.spacing
    return (np.linalg.norm(units[:, None] - units[spots][None], axis=2) < distance).any(1)


# ---- names


def test_regions_are_painted_named_and_saved(loaded, panel, section, qtbot, tmp_path, plugin):
    click(qtbot, panel.new)
    brush(qtbot, loaded, middle(section))
    click(qtbot, panel.new)
    name = name_line(qtbot, panel)
    qtbot.waitUntil(name.hasFocus)
    assert name.text() == "fold"
    qtbot.keyClicks(name, "smear of ink")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    apart = np.linalg.norm(section.xy - section.xy[middle(section)], axis=1)
    far = int(np.abs(apart - 3 * section.lattice.spacing).argmin())
    brush(qtbot, loaded, far)
    assert names(loaded) == {1: "lost", 2: "smear of ink"}
    assert lost(loaded, 1)[middle(section)]
    assert lost(loaded, 2)[far]
    n = int(lost(loaded, 2).sum())
    qtbot.waitUntil(lambda: panel.regions.rows[2].text(PAINTED).startswith(str(n)))
    position = world_of(loaded._layers, far)
    assert "region: smear of ink" in loaded._layers.lost.get_status(position, world=True)["value"]
    loaded.viewer.layers.selection = {loaded._layers.lost}
    loaded.viewer.layers.save(str(tmp_path / "lost.csv"), selected=True)
    table = pd.read_csv(tmp_path / "lost.csv", index_col=0)
    assert set(table["region"]) == {"lost", "smear of ink"}
    assert table.loc[section.adata.obs_names[far], "region"] == "smear of ink"
    np.testing.assert_array_equal(read_mask(tmp_path / "lost.csv", section).lost, lost(loaded))


def test_the_status_bar_names_no_region_where_none_is_painted(loaded, panel, section, qtbot):
    click(qtbot, panel.new)
    position = world_of(loaded._layers, middle(section))
    said = loaded._layers.lost.get_status(position, world=True)["value"]
    assert said.startswith(f"{loaded._layers.model.gene}: measured")


def test_one_spot_is_no_spots(loaded, panel, section, qtbot):
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) == middle(section))
    qtbot.waitUntil(lambda: panel.words.text() == "1 spot lost.")
    assert loaded.enhance.run.text().startswith("Fill 1 spot, 2×")


@pytest.mark.high_dpi
def test_the_brush_paints_the_chosen_region(loaded, panel, section, qtbot):
    click(qtbot, panel.new)
    click(qtbot, panel.new)
    tap_region(qtbot, panel, 1)
    brush(qtbot, loaded, middle(section))
    assert lost(loaded, 1)[middle(section)]
    press(qtbot, loaded, Qt.Key.Key_Period)
    brush(qtbot, loaded, middle(section))
    assert lost(loaded, 2)[middle(section)]
    assert not lost(loaded, 1)[middle(section)]


def test_a_preset_is_chosen_from_the_list(loaded, panel, qtbot):
    click(qtbot, panel.new)
    qtbot.keyClick(panel.regions, Qt.Key.Key_F2)
    name = name_line(qtbot, panel)
    for _ in range(2):
        qtbot.keyClick(name.parentWidget(), Qt.Key.Key_Down)
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert names(loaded) == {1: "bubble"}


def test_a_deleted_region_comes_back_with_its_name(loaded, panel, section, qtbot):
    click(qtbot, panel.new)
    brush(qtbot, loaded, middle(section))
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) < 5)
    painted = np.array(loaded._layers.lost.data)
    tap_region(qtbot, panel, 1, BIN)
    assert not loaded._layers.lost.data.any()
    qtbot.waitUntil(lambda: list(panel.regions.rows) == [2])
    tap(qtbot, panel.steps["undo"])
    np.testing.assert_array_equal(loaded._layers.lost.data, painted)
    assert names(loaded) == {1: "lost", 2: "fold"}
    assert set(panel.regions.rows) == {1, 2}


def test_a_hidden_region_is_not_seen_but_counts(loaded, panel, section, qtbot):
    click(qtbot, panel.new)
    brush(qtbot, loaded, middle(section))
    tap_region(qtbot, panel, 1, EYE)
    assert loaded._layers.lost.get_color(1)[3] == 0
    assert loaded._layers.paint.mask().lost[middle(section)]
    tap_region(qtbot, panel, 1, EYE)
    assert loaded._layers.lost.get_color(1)[3] == 1


# ---- edits


def test_grow_and_shrink_by_one_spot_and_undo(loaded, panel, section, qtbot):
    seed = np.arange(section.n_spots) == middle(section)
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots(seed)
    click(qtbot, panel.edits["grow"])
    np.testing.assert_array_equal(lost(loaded), ring(section, seed))
    assert lost(loaded).sum() == 7
    press(qtbot, loaded, Qt.Key.Key_Equal)
    assert lost(loaded).sum() == 19
    click(qtbot, panel.edits["shrink"])
    np.testing.assert_array_equal(lost(loaded), ring(section, seed))
    for n in (19, 7, 1, 0):
        ctrl_z(qtbot, loaded)
        assert lost(loaded).sum() == n
    ctrl_z(qtbot, loaded, redo=True)
    np.testing.assert_array_equal(lost(loaded), seed)


def test_growing_keeps_other_regions_and_does_not_leave_the_spots(loaded, panel, section, qtbot):
    corner = int(section.xy.sum(1).argmin())
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) == corner)
    click(qtbot, panel.new)
    labels = np.array(loaded._layers.lost.data)
    neighbours = ring(section, [corner]) & (np.arange(section.n_spots) != corner)
    labels[section.raster.paint(neighbours)] = 2
    loaded._layers.paint.relabel(labels)
    tap_region(qtbot, panel, 1)
    for _ in range(2):
        click(qtbot, panel.edits["grow"])
    np.testing.assert_array_equal(loaded._layers.lost.data == 2, labels == 2)
    assert len(loaded._layers.paint.mask().sites) == 0


def test_invert_swaps_a_region_with_what_is_free(loaded, panel, section, qtbot):
    some = np.arange(section.n_spots) < 30
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots(some)
    click(qtbot, panel.edits["invert"])
    np.testing.assert_array_equal(lost(loaded), ~some)
    ctrl_z(qtbot, loaded)
    np.testing.assert_array_equal(lost(loaded), some)
    click(qtbot, panel.edits["clear"])
    assert not loaded._layers.lost.data.any()
    tap(qtbot, panel.steps["undo"])
    np.testing.assert_array_equal(lost(loaded), some)


def test_fill_closes_an_outline(loaded, panel, section, qtbot):
    units = (section.xy - section.xy[middle(section)]) / section.lattice.spacing
    distance = np.linalg.norm(units, axis=1)
    click(qtbot, panel.new)
    loaded._layers.paint.paint_spots((distance > 1.5) & (distance < 2.1))
    tap(qtbot, panel.tools["fill"])
    paint(qtbot, loaded.viewer, world_of(loaded._layers, middle(section)))
    np.testing.assert_array_equal(lost(loaded), distance < 2.1)


# ---- what is found


@pytest.mark.high_dpi
def test_shapes_are_painted_where_they_are_drawn(loaded, panel, section, qtbot):
    frame, spacing = Frame.of(section), section.lattice.spacing
    centre = section.xy[middle(section)]
    box = centre + spacing * 2.2 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    line = section.xy[[int(section.xy[:, 0].argmin()), int(section.xy[:, 0].argmax())]]
    click(qtbot, panel.sources["shapes"])
    assert "Shapes layer" in panel.words.text()
    units = loaded._layers.before.units  # as napari's own button gives them
    shapes = loaded.viewer.add_shapes(scale=(2, 2), translate=(5, 5), units=units)
    shapes.add_ellipses((frame.world_yx(box) - 5) / 2)
    shapes.add_lines((frame.world_yx(line) - 5) / 2, edge_width=0.2 * spacing * frame.per_px)
    click(qtbot, panel.sources["shapes"])
    found = lost(loaded)
    distance = np.linalg.norm(section.xy - centre, axis=1) / spacing
    assert found[distance < 1.7].all()
    along = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    across = np.abs((section.xy - line[0]) @ [-along[1], along[0]]) / spacing
    assert not found[(distance > 2.7) & (across > 0.8)].any()
    assert loaded._layers.lost.data[tuple(section.raster.pixel_of(line).T)].all()
    assert f"{int(found.sum())} spots lost" in panel.words.text()
    ctrl_z(qtbot, loaded)
    assert not loaded._layers.lost.data.any()


@pytest.fixture(scope="module")
def poor_section():
    """A section of which three spots are empty."""
    section = simulate_section(200, 40, image=False, artefacts=False)
    section.counts.data[np.isin(section.counts.indices, [5, 50, 150])] = 0
    section.counts.eliminate_zeros()
    return section


@pytest.fixture
def poor(dock, load, poor_section):
    load(dock, poor_section)
    return dock


def test_low_counts_are_previewed_and_painted_when_wanted(poor, qtbot):
    panel, layers = poor.lost, poor._layers
    totals, raster = layers.model.section.totals, layers.model.section.raster
    click(qtbot, panel.sources["low_counts"])
    box = panel.finder
    assert layers.lost is None
    np.testing.assert_array_equal(
        layers.proposal.data[..., 3] > 0, raster.paint(totals < box.counts.value())
    )
    assert {5, 50, 150} <= set(np.flatnonzero(raster.lost(layers.proposal.data[..., 3])))
    for _ in range(30):
        qtbot.keyClick(box.slider, Qt.Key.Key_Right)
    low = totals < box.counts.value()
    assert low.sum() > 3
    np.testing.assert_array_equal(raster.lost(layers.proposal.data[..., 3]), low)
    assert f"{int(low.sum()):,} spots have fewer" in box.words.text()
    qtbot.keyClick(box.slider, Qt.Key.Key_Escape)
    assert layers.proposal is None
    assert layers.lost is None
    click(qtbot, panel.sources["low_counts"])
    box.counts.setFocus()
    box.counts.selectAll()
    qtbot.keyClicks(box.counts, str(int(np.median(totals))))
    qtbot.keyClick(box.counts, Qt.Key.Key_Return)
    click(qtbot, box.apply)
    np.testing.assert_array_equal(lost(poor), totals < int(np.median(totals)))
    assert layers.proposal is None
    assert not box.isVisible()
    ctrl_z(qtbot, poor)
    assert not layers.lost.data.any()


def test_a_proposal_that_a_person_deletes_is_dropped(poor, qtbot):
    click(qtbot, poor.lost.sources["low_counts"])
    poor.viewer.layers.remove(poor._layers.proposal)
    qtbot.waitUntil(lambda: not poor.lost.finder.isVisible())
    click(qtbot, poor.lost.sources["low_counts"])
    poor.viewer.layers.clear()
    qtbot.waitUntil(lambda: not poor.lost.finder.isVisible())


@pytest.fixture(scope="module")
def bitten():
    """A section with its image, of which the spots of a disc were not captured."""
    whole = simulate_section(300, 40, artefacts=False)
    units = (whole.xy - whole.xy.mean(0)) / whole.lattice.spacing
    gone = np.linalg.norm(units, axis=1) < 2.2
    adata = ad.AnnData(
        whole.counts[~gone],
        whole.adata.obs[~gone],
        whole.adata.var,
        uns={"spatial": whole.adata.uns["spatial"]},
        obsm={"spatial": whole.xy[~gone]},
    )
    return Section.from_anndata(adata), whole.xy[gone]


def test_tissue_without_spots_is_found_in_the_image(dock, load, qtbot, bitten):
    section, gone = bitten
    layers, panel = load(dock, section), dock.lost
    click(qtbot, panel.new)
    click(qtbot, panel.sources["uncovered"])
    qtbot.waitUntil(panel.finder.isVisible)
    assert layers.proposal is not None
    click(qtbot, panel.finder.apply)
    mask = layers.paint.mask()
    assert not mask.lost.any()
    distance = np.linalg.norm(mask.sites[:, None] - gone[None], axis=2)
    assert (distance.min(0) < 0.1 * section.lattice.spacing).all()
    assert names(dock) == {1: "lost", 2: "not captured"}
    assert not (layers.lost.data == 1).any()
    ctrl_z(qtbot, dock)
    assert not layers.lost.data.any()


def test_without_an_image_it_cannot_be_pressed_and_says_so(loaded, panel, qtbot):
    find = panel.sources["uncovered"]
    assert not find.isEnabled()
    press(qtbot, loaded, Qt.Key.Key_T)
    assert loaded._layers.proposal is None
    assert "has no image" in find.toolTip()


def test_holes_are_found_without_an_image(dock, load, qtbot, bitten):
    section, gone = bitten
    layers, panel = load(dock, replace(section, images=())), dock.lost
    click(qtbot, panel.sources["holes"])
    assert f"{len(gone)} sites inside it have no spot" in panel.finder.words.text()
    assert layers.lost is None
    assert layers.proposal is not None
    click(qtbot, panel.finder.apply)
    mask = layers.paint.mask()
    assert not mask.lost.any()
    assert len(mask.sites) == len(gone)
    distance = np.linalg.norm(mask.sites[:, None] - gone[None], axis=2)
    assert (distance.min(0) < 0.1 * section.lattice.spacing).all()
    assert "not captured" in names(dock).values()


def test_without_holes_it_says_so(loaded, panel, qtbot):
    click(qtbot, panel.sources["holes"])
    assert "No site inside" in panel.words.text()
    assert loaded._layers.proposal is None


def test_what_has_nothing_to_work_on_cannot_be_pressed(loaded, panel, qtbot):
    tools = (*panel.tools.values(), *panel.steps.values(), panel.new)
    for made in panel.edits.values():
        assert not made.isEnabled()
        assert "no lost region yet: paint one" in made.toolTip()
    click(qtbot, panel.new)
    for made in (*tools, *panel.edits.values()):
        assert made.isEnabled()
        assert "lost region yet" not in made.toolTip()
    tap_region(qtbot, panel, 1, BIN)
    qtbot.waitUntil(lambda: not panel.edits["grow"].isEnabled())
    assert not any(made.isEnabled() for made in panel.edits.values())
    loaded._layers.paint.paint_spots(np.ones(loaded._layers.model.section.n_spots, bool))
    qtbot.waitUntil(panel.warning.isVisible)
    assert "nothing is left" in panel.warning.text()
    loaded.viewer.layers.clear()
    qtbot.waitUntil(lambda: not panel.tools["paint"].isEnabled())
    assert not any(made.isEnabled() for made in (*tools, *panel.sources.values()))


def test_another_section_ends_what_is_proposed(poor, load, section, qtbot):
    click(qtbot, poor.lost.sources["low_counts"])
    first = poor._layers
    load(poor, section)
    assert first.proposal is None
    assert not poor.lost.finder.isVisible()


# ---- what is too large


def test_a_region_that_is_too_large_is_told_and_marked(loaded, panel, section, qtbot, ready):
    click(qtbot, panel.new)
    qtbot.keyClick(panel.regions, Qt.Key.Key_F2)
    name = name_line(qtbot, panel)
    qtbot.keyClicks(name, "big bubble")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    loaded._layers.paint.paint_spots(np.arange(section.n_spots) == middle(section))
    click(qtbot, panel.edits["grow"])
    assert not panel.warning.isVisible()
    for _ in range(3):
        click(qtbot, panel.edits["grow"])
    gone = lost(loaded)
    nearest = np.linalg.norm(section.xy[:, None] - section.xy[~gone][None], axis=2).min(1)
    far = nearest > 3 * section.lattice.spacing
    assert 0 < far.sum() < gone.sum()
    assert panel.warning.isVisible()
    assert "“big bubble” reaches too far" in panel.warning.text()
    assert f"{far.sum()} of {gone.sum()} sites" in panel.warning.text()
    kriging = loaded.enhance.form.method
    kriging.setCurrentIndex(kriging.findData("kriging"))
    click(qtbot, loaded.enhance.form.double)
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    result, layer = loaded._layers.model.enhancement, loaded._layers.provenance
    np.testing.assert_array_equal(result.extrapolated, far)
    row, column = result.raster.pixel_of(section.xy).T
    shown = pd.Series(layer.features["value"].to_list(), index=layer.features["index"])
    expected = np.where(far, "extrapolated", np.where(gone, "lost", "measured"))
    np.testing.assert_array_equal(shown[layer.data[row, column]].to_numpy(), expected)
    assert set(result.provenance) == {"measured", "lost"}
    legend = loaded.result.legend.text().replace("&nbsp;", " ")
    assert f"of these extrapolated {far.sum()}" in legend
    before = f"{far.sum()} of {gone.sum()} sites lie more than 3 spots"
    assert before in panel.warning.text()
    assert before in said_of_run(loaded), "one count, one meaning"
    obs = result.to_anndata([loaded._layers.model.gene]).obs
    np.testing.assert_array_equal(obs["extrapolated"], far)
    np.testing.assert_allclose(
        obs["distance_to_measured"], nearest / section.lattice.spacing, atol=1e-3
    )
    click(qtbot, loaded.enhance.form.double)
    click(qtbot, loaded.enhance.run)
    ready(loaded)
    result = loaded._layers.model.enhancement
    every = result.extrapolated.sum()
    said = said_of_run(loaded)
    assert f"{far.sum()} of {gone.sum()} sites and {every - far.sum()} between them" in said
    assert f"({every} in all)" in said
    assert f"of these extrapolated {every}" in loaded.result.legend.text().replace("&nbsp;", " ")


def test_spots_without_counts_are_counted_before_as_after_a_run(dock, load, qtbot, ready):
    section = simulate_section(200, 40, image=False, artefacts=False)
    apart = np.linalg.norm(section.xy - section.xy.mean(0), axis=1) / section.lattice.spacing
    section.counts.data[np.isin(section.counts.indices, np.flatnonzero(apart < 2))] = 0
    section.counts.eliminate_zeros()
    layers = load(dock, section)
    click(qtbot, dock.lost.new)
    layers.paint.paint_spots((apart >= 2) & (apart < 4))
    qtbot.waitUntil(dock.lost.warning.isVisible)
    kriging = dock.enhance.form.method
    kriging.setCurrentIndex(kriging.findData("kriging"))
    click(qtbot, dock.enhance.form.double)
    click(qtbot, dock.enhance.run)
    ready(dock)
    n = int((apart < 4).sum())
    said = f"{layers.model.enhancement.extrapolated.sum()} of {n} sites lie more than 3 spots"
    assert said in dock.lost.warning.text()
    assert said in said_of_run(dock)


# ---- looks


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_at_360_pixels(poor, qtbot, theme):
    poor.viewer.theme = theme
    poor.viewer.window.resize(1280, 800)
    click(qtbot, poor.lost.new)
    click(qtbot, poor.lost.new)
    poor._layers.paint.paint_spots(np.ones(poor._layers.model.section.n_spots, bool))
    click(qtbot, poor.lost.sources["low_counts"])
    qtbot.wait(100)
    panel = poor.lost
    assert panel.minimumSizeHint().width() <= 344
    for made in (panel.find_menu, panel.edit_menu):
        needed = made.fontMetrics().horizontalAdvance(made.text())
        assert needed <= made.width() - 4, made.text()
