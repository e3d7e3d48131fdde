"""Neighbouring sections in the dock, by mouse and keys in a real window."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pytest
from gestures import LEFT, click, come_to, drop, paint
from matplotlib.colors import to_rgba
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_stentrans import Section
from napari_stentrans.alignment import by_hand, from_landmarks
from napari_stentrans.export import write_section
from napari_stentrans.export.colours import BORROWED_COLOUR
from napari_stentrans.plugin.layers.neighbour_layers import RIM_COLOUR
from napari_stentrans.plugin.models.beside import NOT_LAID, RIM
from napari_stentrans.rounding import difference
from napari_stentrans.simulate import lies_on_first, simulate_serial


@pytest.fixture(scope="module")
def pair():
    """Two serial sections, of which the first has a fold."""
    return simulate_serial(350, 250, seed=3, image=False)


@pytest.fixture(scope="module")
def lies(pair):
    """How the next section lies on the first, from places that are known."""
    _, other = pair
    return from_landmarks(lies_on_first(other, other.xy), other.xy)


@pytest.fixture(scope="module")
def files(pair, tmp_path_factory):
    """Both in files."""
    folder = tmp_path_factory.mktemp("serial")
    paths = folder / "one.h5ad", folder / "next.h5ad"
    for section, path in zip(pair, paths, strict=True):
        write_section(section, path)
    return paths


@pytest.fixture
def choose(monkeypatch):
    """The person chooses these files."""

    def choose(*paths):
        name = "napari_stentrans.plugin.widgets.dialogs.ask_neighbours"
        monkeypatch.setattr(name, lambda parent: list(paths))

    return choose


@pytest.fixture
def first(dock, files, qtbot, ready):
    """The dock with the section that has a fold."""
    dock.open(files[0])
    qtbot.waitUntil(lambda: dock._layers is not None)
    ready(dock)
    return dock


def fold_out(qtbot, dock):
    panel = dock.neighbours
    come_to(qtbot, panel.fold)
    if not panel.fold.isChecked():
        click(qtbot, panel.fold)
    assert panel.add_button.isVisible()
    return panel


def pick(qtbot, dock, text):
    """Choose a line of the menu of the button that adds a neighbour, by mouse."""
    panel = fold_out(qtbot, dock)
    menu = panel.add_button.menu()
    menu.popup(dock.mapToGlobal(dock.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    (action,) = [made for made in menu.actions() if made.text().startswith(text)]
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not menu.isVisible())


def laid(qtbot, dock, n=1):
    """Wait until so many neighbours are there and none is at work; the last of them."""
    there = dock._layers.model.neighbours
    qtbot.waitUntil(lambda: len(there) == n and not dock.neighbours.laying.doing)
    qtbot.wait(50)
    qtbot.waitUntil(lambda: not dock.neighbours.laying.doing)
    drawn = dock.neighbours._drawn
    qtbot.waitUntil(lambda: all(drawn.layer(one) for one in there if one.shown))
    return list(there)[-1]


@pytest.fixture
def beside(first, files, choose, qtbot):
    """The same with the next section beside it."""
    choose(files[1])
    pick(qtbot, first, "Files")
    laid(qtbot, first)
    return first


def error(one, lies, spacing):
    """Mean distance from where it truly lies, in spacings."""
    xy = one.given.section.xy
    away = np.linalg.norm(one.lies.onto(xy) - lies.onto(xy), axis=1)
    return float(away.mean() / spacing)


def test_a_file_is_added_laid_and_shown(beside, pair, lies, qtbot):
    dock = beside
    one = laid(qtbot, dock)
    section, other = pair
    assert one.lay.alignment.found
    assert error(one, lies, section.lattice.spacing) < 1.5
    (row,) = dock.neighbours.rows
    assert row.name.text() == "next.h5ad"
    assert row.words.isVisible()
    assert row.words.text().startswith("agrees ")
    assert abs(one.lies.turn - lies.turn) < 4
    assert f"turned by {one.lies.turn:.0f}°" in row.words.text()
    assert "(1)" in dock.neighbours.fold.text()
    layer = dock.neighbours._drawn.layer(one)
    assert layer.visible
    assert dock.viewer.layers[-1] is layer
    # A spot is drawn where it lies, in the colour of the gene that is shown.
    at = other.n_spots // 2
    (y, x) = np.argwhere(one.lay.pixels == at).mean(0)
    world = dock._layers.frame.xy(layer.data_to_world((y, x)))
    away = np.linalg.norm(world - one.lies.onto(other.xy[[at]])[0])
    assert away < 0.5 * section.lattice.spacing
    assert (np.asarray(layer.data)[one.lay.pixels == RIM] == RIM_COLOUR).all()
    before = np.array(layer.data)
    gene = "Gene4" if dock._layers.model.gene != "Gene4" else "Gene2"
    dock.show_gene(gene)
    qtbot.waitUntil(lambda: not np.array_equal(layer.data, before))


def test_an_eye_and_a_slider_say_how_much_of_it_is_seen(beside, qtbot):
    dock = beside
    one, panel = laid(qtbot, dock), dock.neighbours
    layer, (row,) = panel._drawn.layer(one), panel.rows
    click(qtbot, row.eye)
    qtbot.waitUntil(lambda: not layer.visible)
    assert not panel.opacity.isVisible()
    click(qtbot, row.eye)
    qtbot.waitUntil(lambda: layer.visible)
    panel.opacity.setValue(30)
    assert layer.opacity == pytest.approx(0.3)
    whole = np.array(layer.data)
    panel.swipe.setValue(50)
    qtbot.waitUntil(lambda: not np.array_equal(layer.data, whole))
    seen, xy = np.asarray(layer.data)[..., 3] > 0, dock._layers.model.section.xy
    middle = (xy[:, 0].min() + xy[:, 0].max()) / 2
    cells = np.argwhere(whole[..., 3] > 0)
    x = dock._layers.frame.xy(np.array([layer.data_to_world(cell) for cell in cells]))[:, 0]
    np.testing.assert_array_equal(seen[tuple(cells.T)], x >= middle)
    panel.swipe.setValue(0)
    qtbot.waitUntil(lambda: np.array_equal(layer.data, whole))
    layer.visible = False  # in napari's list
    qtbot.waitUntil(lambda: not one.shown)
    dock.viewer.layers.remove(layer)
    assert len(panel.rows) == 1
    click(qtbot, row.eye)
    qtbot.waitUntil(lambda: panel._drawn.layer(one) is not None)
    assert panel._drawn.layer(one) is not layer


def test_a_section_that_is_open_is_added_from_the_menu(first, files, qtbot, ready):
    dock, layers = first, first._layers
    dock.open(files[1])
    qtbot.waitUntil(lambda: dock._layers is not layers)
    ready(dock)
    other = dock._layers
    dock.context.choose(layers)
    pick(qtbot, dock, other.model.title)
    one = laid(qtbot, dock)
    assert one.given.section is other.model.section
    assert one.lay.alignment.found
    drawn = dock.neighbours._drawn.layer(one)
    dock.context.choose(other)
    assert drawn not in dock.viewer.layers
    assert not dock.neighbours.rows
    pick(qtbot, dock, layers.model.title)
    laid(qtbot, dock)
    dock.context.choose(layers)
    qtbot.waitUntil(lambda: dock.neighbours._drawn.layer(one) is not None)


def test_one_that_does_not_agree_says_so(first, pair, load, qtbot):
    dock, layers = first, first._layers
    adata = pair[1].adata.copy()
    adata.var_names = adata.var_names[np.random.default_rng(0).permutation(adata.n_vars)]
    load(dock, Section.from_anndata(adata, name="wrong"))
    dock.context.choose(layers)
    pick(qtbot, dock, "wrong")
    one = laid(qtbot, dock)
    assert not one.lay.alignment.found
    (row,) = dock.neighbours.rows
    assert row.words.text().startswith("⚠ does not agree")
    assert "will not use it" in row.words.text()


def test_what_cannot_be_a_neighbour_is_refused_in_words(beside, files, choose, tmp_path, qtbot):
    dock = beside
    for path, said in ((files[0], "is the section itself"), (files[1], "given twice")):
        choose(path)
        pick(qtbot, dock, "Files")
        qtbot.waitUntil(lambda said=said: said in dock.message.text())
    path = tmp_path / "notes.pdf"
    path.write_text("no section")
    choose(path)
    pick(qtbot, dock, "Files")
    qtbot.waitUntil(lambda: "cannot be opened" in dock.message.text())
    assert len(dock._layers.model.neighbours) == 1


def test_removing_can_be_undone(beside, qtbot):
    dock = beside
    one, panel = laid(qtbot, dock), dock.neighbours
    layer = panel._drawn.layer(one)
    click(qtbot, panel.rows[0].bin)
    qtbot.waitUntil(lambda: layer not in dock.viewer.layers)
    assert not panel.rows
    assert "was removed" in dock.message.text()
    click(qtbot, dock.message.action)
    assert panel.rows[0].of is one
    assert panel.rows[0].words.text() != NOT_LAID


def test_laying_can_be_cancelled_and_a_run_finds_it_then(first, files, choose, qtbot, ready):
    dock = first
    choose(files[1])
    pick(qtbot, dock, "Files")
    panel = dock.neighbours
    qtbot.waitUntil(lambda: panel.laying.doing.startswith("Laying") and panel.cancel.isVisible())
    click(qtbot, panel.cancel)
    one = laid(qtbot, dock)
    assert one.lay.alignment is None
    assert panel.rows[0].words.text() == NOT_LAID
    run(qtbot, dock, ready)
    (fact,) = dock._layers.model.enhancement.record.neighbours
    assert '"found": true' in fact.alignment


def run(qtbot, dock, ready):
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.jobs.enhancing.checks = False
    click(qtbot, dock.enhance.run)
    ready(dock)


def test_a_run_takes_neighbours_along_as_they_lie(beside, pair, qtbot, ready):
    dock = beside
    one, layers = laid(qtbot, dock), dock._layers
    fold = (layers.model.section.adata.obs["artefact"] == "fold").to_numpy()
    layers.paint.paint_spots(fold)
    run(qtbot, dock, ready)
    assert "with 1 neighbour" in dock.enhance.run.text().replace("\n", " ")
    result = layers.model.enhancement
    (fact,) = result.record.neighbours
    assert fact.alignment == one.lay.alignment.to_json()
    assert fact.source.endswith("next.h5ad")
    assert result.record.findings["neighbour1_used"] == 1
    assert result.borrowed.max() > 0.2
    assert result.record.neighbours_in_words in dock.quality.beside.text()
    assert not one.shown, "it would hide the result"
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("linear"))
    assert "does not use neighbouring sections" in dock.neighbours.words.text()


def test_the_python_that_is_copied_repeats_the_run(beside, qtbot, ready, tmp_path, monkeypatch):
    dock, layers = beside, beside._layers
    one = laid(qtbot, dock)
    layers.paint.paint_spots((layers.model.section.adata.obs["artefact"] == "fold").to_numpy())
    layers.model.neighbours.move(one, by_hand(one.lies.matrix))
    run(qtbot, dock, ready)
    result = layers.model.enhancement
    assert result.record.neighbours[0].alignment == one.lay.alignment.to_json()
    dock.result.runs.as_python.trigger()
    monkeypatch.chdir(tmp_path)
    exec(QApplication.clipboard().text(), {})
    again = ad.read_h5ad(tmp_path / "enhanced.h5ad")
    assert not difference(again[:, "Gene3"].X.ravel(), result.gene("Gene3").mean).any()
    np.testing.assert_allclose(again.obs["borrowed"], result.borrowed, atol=1e-3)


def test_what_rests_mostly_on_a_neighbour_has_its_own_colour(beside, qtbot, ready):
    dock, layers = beside, beside._layers
    laid(qtbot, dock)
    fold = (layers.model.section.adata.obs["artefact"] == "fold").to_numpy()
    layers.paint.paint_spots(fold)
    run(qtbot, dock, ready)
    result = layers.model.enhancement
    share = np.where(fold, 0.8, 0.0)
    share = np.pad(share, (0, len(result.sites) - len(share))).astype(np.float32)
    result = replace(result, borrowed=share)
    layers.model.show_run(layers.model.runs.add(result, "borrowed"))
    dock.context.resultChanged.emit()
    click(qtbot, dock.bar.views["provenance"])
    layer = layers.provenance
    (label,) = np.unique(np.asarray(layer.data)[result.raster.paint(share > 0)])
    names = dict(zip(layer.features["index"], layer.features["value"], strict=True))
    assert names[int(label)] == "borrowed"
    np.testing.assert_allclose(
        layer.get_color(int(label))[:3], to_rgba(BORROWED_COLOUR)[:3], atol=0.01
    )
    said = f"of these mostly from a neighbour {int(fold.sum())}"
    assert said in dock.result.legend.text().replace("&nbsp;", " ")


def test_a_file_dropped_with_shift_becomes_a_neighbour(first, files, qtbot):
    dock = first
    held = Qt.KeyboardModifier.ShiftModifier
    assert drop(dock.viewer.window._qt_viewer, files[1], modifiers=held)
    assert laid(qtbot, dock).name == "next.h5ad"
    assert len(dock.context.sections) == 1


# ---- laid by hand


@pytest.fixture
def laying(beside, qtbot):
    """The same while the neighbour is laid by hand."""
    dock = beside
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    click(qtbot, dock.neighbours.rows[0].lay)
    tools = dock.neighbours.tools
    qtbot.waitUntil(tools.isVisible)
    return dock


def drag(qtbot, dock, by):
    """Drag the neighbour by its middle, by part of its size; how far it went, in pixels."""
    one, tools = laid(qtbot, dock), dock.neighbours.tools
    layer = dock.neighbours._drawn.layer(one)
    assert layer.mode == "transform"
    middle = np.array(layer.data_to_world(np.array(layer.data.shape[:2]) / 2))
    before, step = one.lies, by * np.ptp(one.given.section.xy, axis=0).max()
    world = step * dock._layers.frame.per_px
    paint(qtbot, dock.viewer, middle, (0, world / 2), (0, world))
    qtbot.waitUntil(lambda: one.lies is not before)
    assert tools.undo.isEnabled()
    return before, step


def test_it_is_moved_turned_mirrored_and_laid_back(laying, qtbot):
    dock = laying
    one, tools = laid(qtbot, dock), dock.neighbours.tools
    assert not tools.undo.isEnabled() or len(one.before) == 1
    found, row = one.lay, dock.neighbours.rows[0]
    click(qtbot, tools.moving.mover)
    before, step = drag(qtbot, dock, 0.1)
    xy = one.given.section.xy
    np.testing.assert_allclose(
        (one.lies.onto(xy) - before.matrix[:2, 2] - xy @ before.matrix[:2, :2].T).mean(0),
        (step, 0),
        atol=0.05 * abs(step),
    )
    assert one.lies.by == "hand"
    assert row.words.text().startswith("laid by hand")
    click(qtbot, tools.moving.mover)
    middle = (xy.min(0) + xy.max(0)) / 2
    where = one.lies.onto(middle)
    click(qtbot, tools.moving.turn)
    np.testing.assert_allclose(one.lies.onto(middle), where, atol=1e-6 * abs(where).max())
    turned = one.lies.turn
    click(qtbot, tools.moving.mirror)
    assert one.lies.mirrored
    assert "mirrored" in row.words.text()
    layer = dock.neighbours._drawn.layer(one)
    qtbot.wait(50)
    drawn = dock._layers.frame.affine_of(layer)
    assert np.linalg.det(drawn[:, :2]) < 0
    click(qtbot, tools.undo)
    assert one.lies.turn == pytest.approx(turned)
    click(qtbot, tools.undo)
    click(qtbot, tools.undo)
    assert one.lay is found
    assert row.words.text().startswith("agrees")


def test_refine_finds_the_place_again_and_says_how_well_it_agrees(laying, lies, pair, qtbot):
    dock = laying
    one, tools = laid(qtbot, dock), dock.neighbours.tools
    click(qtbot, tools.moving.mover)
    drag(qtbot, dock, 0.04)
    spacing = pair[0].lattice.spacing
    off = error(one, lies, spacing)
    click(qtbot, tools.refine)
    qtbot.waitUntil(lambda: dock.neighbours.laying.doing.startswith("Laying"))
    laid(qtbot, dock)
    qtbot.waitUntil(lambda: one.lies.by == "expression")
    assert error(one, lies, spacing) < min(off, 1.5)
    assert dock.neighbours.rows[0].words.text().startswith("agrees")
    click(qtbot, dock.neighbours.rows[0].lay)
    assert not tools.isVisible()
    assert dock.viewer.layers.selection.active is dock._layers.before


def test_landmarks_lay_it_by_pairs_of_places(laying, lies, pair, qtbot):
    dock = laying
    section, other = pair
    one, tools, layers = laid(qtbot, dock), dock.neighbours.tools, dock._layers
    click(qtbot, tools.mark)
    assert not tools.use.isEnabled()
    marks = tools.landmarks
    assert dock.viewer.layers.selection.active is marks.layer
    assert str(marks.layer.mode) == "add"
    there = other.xy[[20, 180, 330]]
    for at in there:
        for xy in (lies.onto(at), one.lies.onto(at) + marks.aside):
            paint(qtbot, dock.viewer, layers.frame.world_yx(xy))
    assert len(marks.layer.data) == 6
    assert list(marks.layer.features["pair"]) == [1, 1, 2, 2, 3, 3]
    click(qtbot, tools.use)
    assert error(one, lies, section.lattice.spacing) < 0.7
    assert one.lies.by == "hand"
    assert marks.layer not in dock.viewer.layers
    layer = dock.neighbours._drawn.layer(one)
    qtbot.wait(50)
    (y, x) = np.argwhere(one.lay.pixels == 180).mean(0)
    world = layers.frame.xy(layer.data_to_world((y, x)))
    assert np.linalg.norm(world - lies.onto(other.xy[180])) < section.lattice.spacing


# ---- kept


def test_a_session_brings_neighbours_back_as_they_lay(beside, tmp_path, monkeypatch, qtbot, ready):
    dock = beside
    one, kept = laid(qtbot, dock), tmp_path / "a.stentrans"
    assert "neighbouring sections" in dock._layers.model.unsaved.parts
    name = "napari_stentrans.plugin.jobs.session_keeper.ask_session_target"
    monkeypatch.setattr(name, lambda *_: kept)
    dock.save_session()
    qtbot.waitUntil(kept.exists)
    ready(dock)
    assert "neighbouring sections" not in dock._layers.model.unsaved.parts
    lies, first = one.lies, dock._layers
    dock.open_session(kept)
    qtbot.waitUntil(lambda: dock._layers is not first)
    ready(dock)
    again = laid(qtbot, dock)
    assert again is not one
    assert again.lies.to_json() == lies.to_json()
    assert again.given.section.source == one.given.section.source
    assert dock.neighbours.body.isVisible() or dock.neighbours.fold.isChecked()
    assert not again.shown
    assert dock._layers.model.unsaved.parts == []
