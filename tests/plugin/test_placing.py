"""A picture that no file places is laid below the spots, by mouse in a real window."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from gestures import LEFT, click, paint
from napari.layers.utils.interaction_box import generate_transform_box_from_layer
from qtpy.QtCore import Qt

from napari_stentrans import with_image
from napari_stentrans.export import write_section
from napari_stentrans.simulate import simulate_section
from napari_stentrans.tissue import tissue_on_raster


@pytest.fixture(scope="module")
def whole():
    """A small section with a tissue image whose scale is known."""
    return simulate_section(300, 60, seed=2, artefacts=False)


@pytest.fixture(scope="module")
def bare(whole):
    """The same without its image."""
    return whole.with_images(())


@pytest.fixture
def picture(whole, tmp_path):
    """The image alone, in a file, smaller than it was."""
    pixels = PIL.Image.fromarray(np.asarray(whole.images[0].data)[..., :3])
    path = tmp_path / "slide.png"
    pixels.reduce(2).save(path)
    return path


@pytest.fixture
def choose(monkeypatch):
    """The person chooses this file."""

    def choose(path):
        monkeypatch.setattr(
            "napari_stentrans.plugin.panels.data.placing.ask_image", lambda parent: path
        )

    return choose


@pytest.fixture
def laying(dock, bare, load, picture, choose, qtbot):
    """A picture that is being laid below the spots."""
    load(dock, bare)
    dock.window().activateWindow()
    qtbot.waitUntil(dock.window().isActiveWindow)
    choose(picture)
    lay(qtbot, dock)
    return dock


def lay(qtbot, dock):
    """Take the first entry of the menu of the tissue image."""
    menu, layers = dock.placing.menu, dock._layers
    assert menu.menuAction() in dock.data.open.menu().actions()
    assert not dock.placing.isVisible()
    menu.popup(dock.mapToGlobal(dock.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(dock.placing.file).center())
    qtbot.waitUntil(lambda: layers.model.laid is not None, timeout=60_000)
    qtbot.waitUntil(dock.placing.use.isEnabled)


def done(qtbot, dock):
    """Wait until nothing is read or drawn any more."""
    qtbot.waitUntil(lambda: not dock.context.runner.busy, timeout=60_000)


def affine_of(dock):
    layers = dock._layers
    return layers.frame.affine_of(layers.picture)


def corners(dock):
    """World positions (y, x) of the corners of the picture, from top left round."""
    layer = dock._layers.picture
    rows, columns = dock._layers.model.laid.image.shape[:2]
    at = np.array([(0, 0), (0, columns), (rows, columns), (rows, 0)]) - 0.5
    return np.array([layer.data_to_world(corner) for corner in at])


def drag_middle(qtbot, dock):
    """Drag the picture by its middle, to the right and down; steps (y, x) of the world."""
    size = np.ptp(corners(dock), axis=0)
    steps = [(0, 0.05) * size, (0.05, 0.1) * size]
    paint(qtbot, dock.viewer, corners(dock).mean(0), *steps)
    return steps[-1]


def use(qtbot, dock):
    click(qtbot, dock.placing.use)
    qtbot.waitUntil(lambda: dock._layers.model.laid is None, timeout=60_000)
    done(qtbot, dock)
    qtbot.waitUntil(lambda: dock._layers.now("image") is not None)


def test_a_picture_is_guessed_moved_and_used(laying, whole, qtbot):
    dock, layers = laying, laying._layers
    assert layers.model.laid.path.name == "slide.png"
    assert dock.viewer.layers.selection.active is layers.picture
    assert layers.picture.mode == "transform"
    assert dock.placing.tools.mover.isChecked()
    order = [dock.viewer.layers.index(layer) for layer in (layers.picture, layers.before)]
    assert order == sorted(order)
    wanted = 2 / whole.images[0].scale
    guessed = affine_of(dock)
    spacing = whole.lattice.spacing
    np.testing.assert_allclose(guessed[:, :2], wanted * np.eye(2), atol=0.1 * wanted)
    centre = np.array(layers.model.laid.image.shape[1::-1]) / 2
    where, right = guessed[:, :2] @ centre + guessed[:, 2], wanted * centre
    assert np.abs(where - right).max() < 2 * spacing
    drag_middle(qtbot, dock)
    moved = affine_of(dock)
    np.testing.assert_allclose(moved[:, :2], guessed[:, :2])
    assert np.linalg.norm(moved[:, 2] - guessed[:, 2]) > spacing
    assert not layers.model.section.images
    assert dock.placing.words.text().endswith("It is not in use yet.")
    assert dock.placing.drop.text() == "Do not use it"
    use(qtbot, dock)
    section = layers.model.section
    assert layers.model.laid is None
    assert layers.picture is None
    image = section.images[0]
    assert image.scale == pytest.approx(1 / moved[0, 0])
    np.testing.assert_allclose(image.placed.affine, moved)
    for at in ((0, 0), (40, 25)):
        world = layers.image.data_to_world(at)
        found = moved[:, :2] @ at[::-1] + moved[:, 2]
        np.testing.assert_allclose(layers.frame.xy(world), found, atol=1e-6 * spacing)
    assert dock.viewer.layers.index(layers.image) < dock.viewer.layers.index(layers.before)
    assert layers.before.opacity == 1
    assert dock.enhance.form.image.choice.isVisible()
    assert dock.tissue.button.isVisible()


def test_it_is_dragged_turned_and_scaled_by_its_handles(laying, qtbot):
    dock, layers = laying, laying._layers
    zoom = layers.viewer.camera.zoom if not hasattr(dock.viewer, "scene") else None
    pixel = 1 / (zoom or dock.viewer.scene.camera.zoom)
    before = corners(dock)
    step = drag_middle(qtbot, dock)
    np.testing.assert_allclose(corners(dock) - before, np.tile(step, (4, 1)), atol=3 * pixel)
    # The corner at the bottom right goes out, that at the top left stays.
    before = corners(dock)
    size = np.ptp(before, axis=0)
    paint(qtbot, dock.viewer, before[2], 0.05 * size, 0.1 * size)
    after = corners(dock)
    np.testing.assert_allclose(after[0], before[0], atol=3 * pixel)
    np.testing.assert_allclose(after[2], before[2] + 0.1 * size, atol=4 * pixel)
    # The round handle above goes to the right: the picture is turned.
    rows, columns = layers.model.laid.image.shape[:2]
    middle = after.mean(0)
    handle = generate_transform_box_from_layer(layers.picture, (0, 1))[8]
    handle = np.array(layers.picture.data_to_world(handle))
    away = handle - middle
    aside = np.array([away[1], -away[0]])
    paint(qtbot, dock.viewer, handle, 0.2 * aside, 0.4 * aside)
    linear = affine_of(dock)[:, :2]
    angle = np.degrees(np.arctan2(linear[1, 0], linear[0, 0]))
    assert abs(abs(angle) - np.degrees(np.arctan(0.4))) < 3
    np.testing.assert_allclose(corners(dock).mean(0), middle, atol=3 * pixel)
    use(qtbot, dock)
    image = layers.model.section.images[0]
    assert image.placed.affine[1, 0] == pytest.approx(linear[1, 0])
    assert image.placed.original.shape == (rows, columns, 3)
    assert layers.image.data.shape == image.shape
    lies = layers.frame.affine_of(layers.image)
    np.testing.assert_allclose(lies[:, :2], np.eye(2) / image.scale)


def test_the_button_and_escape_end_moving_and_buttons_turn(laying, qtbot):
    dock, layers = laying, laying._layers
    placing = dock.placing
    canvas = dock.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert layers.picture.mode == "pan_zoom"
    assert not placing.tools.mover.isChecked()
    lies = affine_of(dock)
    drag_middle(qtbot, dock)
    np.testing.assert_array_equal(affine_of(dock), lies)
    dock.viewer.layers.selection.active = layers.before
    click(qtbot, placing.tools.mover)
    assert layers.picture.mode == "transform"
    assert dock.viewer.layers.selection.active is layers.picture
    click(qtbot, placing.tools.mover)
    assert layers.picture.mode == "pan_zoom"
    layers.picture.mode = "transform"  # by the button of napari
    assert placing.tools.mover.isChecked()
    placing.tools.mover.setFocus()
    qtbot.waitUntil(placing.tools.mover.hasFocus)
    qtbot.keyClick(placing.tools.mover, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: layers.picture.mode == "pan_zoom")
    middle = corners(dock).mean(0)
    click(qtbot, placing.tools.turn)
    turned = affine_of(dock)
    np.testing.assert_allclose(turned[:, :2], [[0, -1], [1, 0]] @ lies[:, :2], atol=1e-9)
    np.testing.assert_allclose(corners(dock).mean(0), middle)
    for _ in range(3):
        click(qtbot, placing.tools.turn)
    click(qtbot, placing.tools.mirror)
    np.testing.assert_allclose(affine_of(dock)[:, :2], [[-1, 0], [0, 1]] @ lies[:, :2], atol=1e-9)
    click(qtbot, placing.tools.mirror)
    np.testing.assert_allclose(affine_of(dock), lies, atol=1e-6)


def test_what_is_not_used_leaves_nothing_behind(laying, bare, qtbot):
    dock, layers = laying, laying._layers
    assert layers.before.opacity == 0.5
    click(qtbot, dock.placing.drop)
    assert list(dock.viewer.layers) == [layers.before]
    assert layers.before.opacity == 1
    assert layers.model.section is bare
    assert not dock.placing.isVisible()
    assert dock.placing.menu.isEnabled()
    lay(qtbot, dock)
    dock.viewer.layers.remove(layers.picture)  # by the list of layers
    assert layers.model.laid is None
    assert layers.before.opacity == 1
    assert not dock.placing.isVisible()
    assert dock.placing.menu.isEnabled()


def test_it_serves_all_that_an_image_is_for_and_can_be_moved_and_removed(
    laying, whole, qtbot, ready
):
    dock, layers = laying, laying._layers
    assert not dock.lost.sources["uncovered"].isEnabled()
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    click(qtbot, dock.enhance.run)
    ready(dock)
    assert "image_gain" not in layers.model.enhancement.record.findings
    right = with_image(
        layers.model.section, layers.model.laid.path, scale=whole.images[0].scale / 2
    )
    layers.picture.affine = layers.frame.of_affine(right.images[0].placed.affine)["affine"]
    use(qtbot, dock)
    same = tissue_on_raster(layers.model.section) == tissue_on_raster(whole)
    assert same.mean() > 0.98
    assert dock.lost.sources["uncovered"].isEnabled()
    assert len(layers.model.runs) == 1
    assert layers.model.enhancement is not None
    click(qtbot, dock.enhance.run)
    ready(dock)
    record = layers.model.enhancement.record
    assert "image_gain" in record.findings
    assert record.image_placed.path.endswith("slide.png")
    # Moved again, but left as it was; then removed.
    shown = layers.image
    click(qtbot, dock.placing.move_again)
    qtbot.waitUntil(lambda: layers.model.laid is not None, timeout=60_000)
    done(qtbot, dock)
    assert not shown.visible
    np.testing.assert_allclose(affine_of(dock), right.images[0].placed.affine)
    assert dock.placing.words.text().endswith("It is in use as it lay before.")
    assert dock.placing.drop.text() == "Leave it as it was"
    assert layers.picture.name.endswith("(being moved)")
    drag_middle(qtbot, dock)
    click(qtbot, dock.placing.drop)
    image = layers.model.section.images[0]
    np.testing.assert_allclose(image.placed.affine, right.images[0].placed.affine)
    assert layers.image is shown
    assert shown.visible
    click(qtbot, dock.placing.remove)
    qtbot.waitUntil(lambda: not layers.model.section.images, timeout=60_000)
    done(qtbot, dock)
    assert layers.image is None
    assert "removed" in dock.message.text()
    click(qtbot, dock.message.action)
    qtbot.waitUntil(lambda: bool(layers.model.section.images), timeout=60_000)
    done(qtbot, dock)
    np.testing.assert_allclose(layers.model.section.images[0].placed.affine, image.placed.affine)
    qtbot.waitUntil(lambda: layers.now("image") is not None)
    np.testing.assert_array_equal(layers.image.data, shown.data)
    click(qtbot, dock.placing.remove)
    qtbot.waitUntil(lambda: not layers.model.section.images, timeout=60_000)
    done(qtbot, dock)
    assert layers.image is None
    assert layers.model.runs
    assert not dock.placing.isVisible()
    assert dock.placing.menu.isEnabled()
    assert not form.image.isVisible()


def test_a_picture_takes_the_place_of_an_image_until_it_is_removed(
    dock, whole, load, picture, choose, qtbot
):
    layers = load(dock, whole)
    shown = layers.image
    assert not dock.placing.isVisible()
    choose(picture)
    dock.placing.file.trigger()  # in the menu of Open…
    qtbot.waitUntil(lambda: layers.model.laid is not None, timeout=60_000)
    done(qtbot, dock)
    assert not shown.visible
    use(qtbot, dock)
    assert layers.model.section.images[0].placed.instead_of == whole.images
    assert shown not in dock.viewer.layers
    click(qtbot, dock.placing.remove)
    qtbot.waitUntil(lambda: layers.model.section.images == whole.images, timeout=60_000)
    done(qtbot, dock)
    np.testing.assert_array_equal(layers.image.data, shown.data)
    assert not dock.placing.isVisible()


def test_files_that_are_no_pictures_change_nothing(dock, bare, load, choose, tmp_path, qtbot):
    assert not dock.placing.isVisible()
    assert not dock.placing.menu.isEnabled()
    layers = load(dock, bare)
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    choose(path)
    dock.placing.file.trigger()
    qtbot.waitUntil(lambda: "PNG, JPEG or TIFF" in dock.message.text(), timeout=60_000)
    done(qtbot, dock)
    assert list(dock.viewer.layers) == [layers.before]
    assert layers.model.section is bare
    choose(None)
    dock.placing.file.trigger()
    assert not dock.context.runner.busy


def test_a_picture_that_lies_elsewhere_is_told_and_stays_to_be_moved(laying, qtbot):
    dock, layers = laying, laying._layers
    away = np.array([[1.0, 0, 1e7], [0, 1, 0]])
    layers.picture.affine = layers.frame.of_affine(away)["affine"]
    click(qtbot, dock.placing.use)
    qtbot.waitUntil(lambda: "No spot lies on the picture" in dock.message.text(), timeout=60_000)
    done(qtbot, dock)
    assert layers.model.laid is not None
    assert not layers.model.section.images


def test_an_image_layer_can_be_the_picture_where_it_was_moved_to(dock, bare, whole, load, qtbot):
    layers = load(dock, bare)
    dock.placing.active.trigger()
    assert "belongs to a section already" in dock.message.text()
    pixels = np.asarray(whole.images[0].data)[..., :3]
    options = layers.frame.of_image(whole.images[0])
    mine = dock.viewer.add_image(pixels, name="mine", **options)
    assert dock.viewer.layers.selection.active is mine
    dock.placing.active.trigger()
    qtbot.waitUntil(lambda: layers.model.laid is not None, timeout=60_000)
    done(qtbot, dock)
    assert not mine.visible
    assert mine.mode == "pan_zoom"
    use(qtbot, dock)
    np.testing.assert_array_equal(tissue_on_raster(layers.model.section), tissue_on_raster(whole))
    assert layers.model.section.images[0].placed.path is None


def test_a_session_brings_the_picture_back_where_it_lay(
    dock, bare, picture, choose, tmp_path, monkeypatch, qtbot, ready
):
    source, kept = tmp_path / "bare.h5ad", tmp_path / "a.stentrans"
    write_section(bare, source)
    dock.open(source)
    qtbot.waitUntil(lambda: dock._layers is not None, timeout=60_000)
    ready(dock)
    choose(picture)
    lay(qtbot, dock)
    drag_middle(qtbot, dock)
    lies = affine_of(dock)
    use(qtbot, dock)
    keeper = "napari_stentrans.plugin.jobs.session_keeper.ask_session_target"
    monkeypatch.setattr(keeper, lambda parent, name: kept)
    dock.save_session()
    qtbot.waitUntil(kept.exists, timeout=60_000)
    done(qtbot, dock)
    for expected in ("back", "gone"):
        dock.viewer.layers.clear()
        qtbot.waitUntil(lambda: dock._layers is None)
        dock.open_session(kept)
        qtbot.waitUntil(lambda: dock._layers is not None, timeout=60_000)
        ready(dock)
        images = dock._layers.model.section.images
        if expected == "back":
            np.testing.assert_allclose(images[0].placed.affine, lies)
            found = dock._layers.frame.affine_of(dock._layers.image)
            np.testing.assert_allclose(found, lies, atol=1e-6)
            picture.unlink()
        else:
            assert images == ()
            assert "The tissue image is left out" in dock.message.text()
            assert not dock.placing.isVisible()
    assert dock.placing.menu.isEnabled()
