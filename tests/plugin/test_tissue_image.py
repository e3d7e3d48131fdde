"""The tissue image in the dock, by mouse and keys in a real window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from gestures import click, come_to, middle, paint, said_of_run, world_of
from qtpy.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDropEvent

from napari_stentrans import Section
from napari_stentrans.plugin.panels.repair.image_line import embeddings
from napari_stentrans.simulate import simulate_section


@pytest.fixture(scope="module")
def pictured():
    """A small section with a tissue image."""
    return simulate_section(300, 60, seed=2, artefacts=False)


@pytest.fixture
def open_pictured(dock, pictured, load, qtbot):
    load(dock, pictured)
    dock.window().activateWindow()  # the keyboard belongs to it
    qtbot.waitUntil(dock.window().isActiveWindow)
    return dock


def run(qtbot, dock, ready):
    click(qtbot, dock.enhance.run)
    ready(dock)


def take(qtbot, image, name):
    """Choose by keys what a run does with the image."""
    come_to(qtbot, image.choice)
    qtbot.keyClick(image.choice, Qt.Key.Key_Home)
    for _ in range(image.choice.findData(name)):
        qtbot.keyClick(image.choice, Qt.Key.Key_Down)
    assert image.choice.currentData() == name


def press(qtbot, dock, key):
    """Press a key with Alt on the canvas."""
    canvas = dock.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, key, Qt.KeyboardModifier.AltModifier)


def paint_middle(qtbot, dock):
    """Paint a stroke through the middle; the spots that are lost by it."""
    layers = dock._layers
    click(qtbot, dock.lost.new)
    start = world_of(layers, middle(layers.model.section))
    paint(qtbot, dock.viewer, start, (0, 150), (0, 300))
    lost = layers.paint.mask().lost
    assert lost.sum() > 2
    qtbot.waitUntil(lambda: f"({lost.sum()})" in dock.enhance.form.fill.text())
    return lost


# ---- the line


def test_the_line_is_there_only_for_sections_with_an_image(loaded, pictured, load):
    line = loaded.enhance.form.image
    assert not line.isVisible()
    load(loaded, pictured)
    assert line.choice.isVisible()
    assert line.choice.currentText() == "use"


def test_the_line_asks_only_methods_that_look_at_images(open_pictured, qtbot):
    form = open_pictured.enhance.form
    form.method.setCurrentIndex(form.method.findData("linear"))
    assert not form.image.choice.isVisible()
    form.method.setCurrentIndex(form.method.findData("kriging"))
    assert form.image.choice.isVisible()


def test_a_run_says_what_the_image_was_good_for(open_pictured, qtbot, ready):
    dock = open_pictured
    run(qtbot, dock, ready)
    record = dock._layers.model.enhancement.record
    assert record.config.image == "auto"
    assert record.evidence_in_words
    assert record.evidence_in_words in said_of_run(dock)
    take(qtbot, dock.enhance.form.image, "off")
    assert dock.enhance.form.value().image == "off"
    run(qtbot, dock, ready)
    record = dock._layers.model.enhancement.record
    assert record.config.image == "off"
    assert record.evidence_in_words == ""
    assert "tissue image" not in said_of_run(dock)


def test_painted_regions_count_as_damaged_image_when_ticked(open_pictured, qtbot, ready):
    dock = open_pictured
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    lost = paint_middle(qtbot, dock)
    assert form.image.choice.isVisible()
    run(qtbot, dock, ready)
    assert dock._layers.model.enhancement.record.image_damaged == ()
    take(qtbot, form.image, "damaged")
    run(qtbot, dock, ready)
    names = dock._layers.model.section.adata.obs_names
    assert dock._layers.model.enhancement.record.image_damaged == tuple(names[lost])
    take(qtbot, form.image, "off")
    run(qtbot, dock, ready)
    assert dock._layers.model.enhancement.record.image_damaged == ()


def test_an_embedding_can_take_the_place_of_the_image(dock, load, qtbot, ready):
    adata = simulate_section(200, 40, image=False).adata.copy()
    rng = np.random.default_rng(0)
    adata.obsm["X_pca"] = rng.normal(size=(200, 5))
    adata.obsm["uni"] = rng.normal(size=(200, 8)).astype(np.float32)
    section = Section.from_anndata(adata)
    assert embeddings(section) == ["uni"]
    load(dock, section)
    form = dock.enhance.form
    assert form.image.choice.isVisible()
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, form.gear)
    box = form.expert.boxes["features"].native
    assert box.isVisible()
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert form.value().features == "uni"
    run(qtbot, dock, ready)
    record = dock._layers.model.enhancement.record
    assert record.config.features == "uni"
    assert record.evidence_in_words in said_of_run(dock)
    form.method.setCurrentIndex(form.method.findData("linear"))
    assert form.value().features is None


# ---- what the image tells


def test_the_map_comes_goes_and_survives_deletion(open_pictured, pictured, qtbot):
    dock, layers = open_pictured, open_pictured._layers
    show, image = dock.lost.sources["map"], dock.enhance.form.image
    click(qtbot, show)
    qtbot.waitUntil(lambda: layers.image_features is not None, timeout=60_000)
    assert image.showing
    pixels = layers.image_features.data
    assert pixels.shape == (*pictured.raster.shape, 4)
    on_spots = pictured.raster.index >= 0
    assert (pixels[..., 3][~on_spots] == 0).all()
    assert (pixels[..., 3][on_spots] == 255).mean() > 0.95
    assert len(np.unique(pixels[on_spots][:, :3], axis=0)) > 100
    np.testing.assert_array_equal(layers.image_features.scale, layers.before.scale)
    np.testing.assert_array_equal(layers.image_features.translate, layers.before.translate)
    dock.viewer.layers.remove(layers.image_features)
    qtbot.waitUntil(lambda: not image.showing)
    press(qtbot, dock, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: layers.image_features is not None, timeout=60_000)
    assert dock.enhance.form.image.meaning.isVisible()
    click(qtbot, show)
    assert layers.image_features is None
    assert not image.showing
    assert not dock.enhance.form.image.meaning.isVisible()


def test_the_map_gives_way_to_a_result_and_runs_say_whether_they_used_it(
    open_pictured, qtbot, ready
):
    dock, layers = open_pictured, open_pictured._layers
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, dock.lost.sources["map"])
    qtbot.waitUntil(lambda: layers.image_features is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not form.image._runner.busy)
    run(qtbot, dock, ready)
    assert layers.after.visible
    qtbot.waitUntil(lambda: layers.now("image_features") is None)
    qtbot.waitUntil(lambda: not form.image.showing)
    take(qtbot, form.image, "off")
    run(qtbot, dock, ready)
    names = [kept.name for kept in layers.model.runs]
    assert names == ["Run 1: kriging, 2×", "Run 2: kriging, 2×, no image"]


def test_a_blank_image_is_told_in_words(dock, load, pictured, qtbot, ready):
    adata = pictured.adata.copy()
    record = next(iter(adata.uns["spatial"].values()))
    record["images"] = {k: np.full_like(v, 255) for k, v in record["images"].items()}
    layers = load(dock, Section.from_anndata(adata))
    show, image = dock.lost.sources["map"], dock.enhance.form.image
    click(qtbot, show)
    qtbot.waitUntil(lambda: "shows nothing" in dock.message.text(), timeout=60_000)
    qtbot.waitUntil(lambda: not image.showing)
    assert layers.image_features is None
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    assert form.image.choice.currentData() == "use"
    run(qtbot, dock, ready)
    assert "The tissue image was not used: it is blank" in said_of_run(dock)


# ---- the tissue below the paint


def test_the_tissue_is_seen_below_the_paint_and_maps_come_back(open_pictured, qtbot):
    dock, layers = open_pictured, open_pictured._layers
    order = list(dock.viewer.layers)
    layers.before.opacity = 0.9
    click(qtbot, dock.lost.new)
    assert dock.tissue.button.isVisible()
    seen = canvas_of(dock)
    click(qtbot, dock.tissue.button)
    assert layers.before.opacity < 0.2
    assert layers.image.visible
    assert dock.viewer.layers.index(layers.image) < dock.viewer.layers.index(layers.lost)
    assert np.abs(canvas_of(dock) - seen).mean() > 5
    assert layers.lost.mode == "paint"
    paint_middle(qtbot, dock)
    assert layers.lost.opacity > 0.5
    press(qtbot, dock, Qt.Key.Key_Y)
    assert layers.before.opacity == 0.9
    assert [layer for layer in dock.viewer.layers if layer is not layers.lost] == order


def test_what_a_person_changes_meanwhile_is_kept(open_pictured, qtbot):
    dock, layers = open_pictured, open_pictured._layers
    layers.image.visible = False
    click(qtbot, dock.tissue.button)
    assert layers.image.visible
    layers.before.opacity = 0.5
    click(qtbot, dock.tissue.button)
    assert layers.before.opacity == 0.5
    assert not layers.image.visible


def test_without_an_image_there_is_nothing_to_show(open_pictured, qtbot):
    dock, layers = open_pictured, open_pictured._layers
    click(qtbot, dock.tissue.button)
    dock.viewer.layers.remove(layers.image)
    qtbot.waitUntil(lambda: not dock.tissue.button.isVisible())
    assert layers.before.opacity == 1


def canvas_of(dock):
    """Pixels of the canvas as numbers."""
    return dock.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)


# ---- a real section with its positions and its image


@pytest.mark.filterwarnings("ignore:.*")
def test_one_drop_opens_the_table_its_positions_and_its_image(plugin, dock, data_dir, qtbot, ready):
    path = data_dir / "legacy_st" / "C2.tsv.gz"
    drop(qtbot, dock.viewer, path)
    qtbot.waitUntil(lambda: dock._layers is not None, timeout=120_000)
    ready(dock)
    layers, section = dock._layers, dock._layers.model.section
    selection = pd.read_csv(path.with_name("C2_selection.tsv"), sep="\t")
    selection.index = [f"{row.x}x{row.y}" for row in selection.itertuples()]
    at = section.adata.obs_names.get_indexer(selection.index)
    in_table = selection[at >= 0]
    assert len(in_table) > 180
    pixels = in_table[["pixel_x", "pixel_y"]].to_numpy()
    np.testing.assert_allclose(section.xy[at[at >= 0]], pixels, atol=1)
    image = PIL.Image.open(path.with_name("C2_HE.jpg"))
    assert layers.image.data.shape[:2] == image.size[::-1]
    for spot, (x, y) in zip(at[at >= 0], pixels, strict=True):
        world = world_of(layers, spot)
        np.testing.assert_allclose(layers.image.world_to_data(world), (y, x), atol=1)
        on_map = np.rint(layers.before.world_to_data(world)).astype(int)
        assert section.raster.index[tuple(on_map)] == spot
    assert dock.enhance.form.image.choice.isVisible()


def drop(qtbot, viewer, path):
    """Drop a file on the window, while its events are handled."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    target = viewer.window._qt_viewer
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    done = []
    QTimer.singleShot(0, lambda: done.append(target.dropEvent(event)))
    qtbot.waitUntil(lambda: bool(done))
