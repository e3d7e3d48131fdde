"""A picture that no file places is laid below the spots, by mouse in a real window."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from gestures import LEFT, click, paint

from napari_stentrans.simulate import simulate_section


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
        monkeypatch.setattr("napari_stentrans.plugin.placing.ask_image", lambda parent: path)

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
    """Take the first entry of the menu of the button."""
    menu, layers = dock.placing.menu, dock._layers
    assert dock.placing.add.isVisible()
    assert dock.placing.add.menu() is menu
    menu.popup(dock.mapToGlobal(dock.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(dock.placing.file).center())
    qtbot.waitUntil(lambda: layers.laid is not None, timeout=60_000)
    qtbot.waitUntil(dock.placing.use.isEnabled)


def affine_of(dock):
    layers = dock._layers
    return layers.frame.affine_of(layers.picture)


def use(qtbot, dock):
    click(qtbot, dock.placing.use)
    qtbot.waitUntil(lambda: dock._layers.now("image") is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not dock._runner.busy)


def test_a_picture_is_guessed_moved_and_used(laying, whole, qtbot):
    dock, layers = laying, laying._layers
    assert layers.laid.path.name == "slide.png"
    assert dock.viewer.layers.selection.active is layers.picture
    assert layers.picture.mode == "transform"
    assert dock.placing.mover.isChecked()
    order = [dock.viewer.layers.index(layer) for layer in (layers.picture, layers.before)]
    assert order == sorted(order)
    wanted = 2 / whole.images[0].scale
    guessed = affine_of(dock)
    spacing = whole.lattice.spacing
    np.testing.assert_allclose(guessed[:, :2], wanted * np.eye(2), atol=0.1 * wanted)
    centre = np.array(layers.laid.image.shape[1::-1]) / 2
    where, right = guessed[:, :2] @ centre + guessed[:, 2], wanted * centre
    assert np.abs(where - right).max() < 2 * spacing
    # A drag of its middle moves it.
    start = layers.frame.world_yx(where)
    paint(qtbot, dock.viewer, start, (0, 100), (120, 240))
    moved = affine_of(dock)
    per_px = layers.frame.per_px
    np.testing.assert_allclose(moved[:, :2], guessed[:, :2])
    pixel = 2 / dock.viewer.scene.camera.zoom / per_px if hasattr(dock.viewer, "scene") else 40
    np.testing.assert_allclose(
        moved[:, 2] - guessed[:, 2], (240 / per_px, 120 / per_px), atol=pixel
    )
    assert not layers.section.images
    use(qtbot, dock)
    section = layers.section
    assert layers.laid is None
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
    assert dock.enhance.form.image.use.isVisible()
    assert dock.tissue.button.isVisible()
