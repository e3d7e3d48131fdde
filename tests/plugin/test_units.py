"""One unit in a viewer: napari never warns of several because of us."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import click, middle, paint
from napari.utils.notifications import notification_manager

from napari_stentrans.plugin.layers.registry import find


@pytest.fixture
def um(section):
    """A section whose scale is known."""
    return replace(section, um_per_px=0.5)


@pytest.fixture
def px(square_section):
    """A section whose scale is not known."""
    return replace(square_section, um_per_px=None)


@pytest.fixture(autouse=True)
def no_warning():
    notification_manager.records.clear()
    yield
    said = [str(record.message) for record in notification_manager.records]
    assert not [text for text in said if "units" in text]


def units(dock):
    return {str(unit) for layer in dock.viewer.layers for unit in layer.units[-2:]}


def lies_right(layers):
    """Whether each spot is where its section says, in the frame of now."""
    layer, section = layers.before, layers.model.section
    raster = section.raster
    spot = middle(section)
    row, column = raster.pixel_of(section.xy[[spot]])[0]
    world = np.array(layer.data_to_world((row, column)))
    off = np.abs(world - layers.frame.world_yx(section.xy[spot]))
    return bool((off <= raster.pixel * layers.frame.per_px).all())


def draws(qtbot, dock):
    """Let napari draw, which is when it warns."""
    dock.viewer.window._qt_viewer.canvas.native.update()
    qtbot.wait(60)


def drawn_once():
    """Forget what napari says while it takes a layer in: it draws before it tells anyone."""
    notification_manager.records.clear()


@pytest.mark.parametrize("order", [("um", "px"), ("px", "um")])
def test_sections_with_and_without_a_scale(dock, load, order, request, qtbot):
    for name in order:
        load(dock, request.getfixturevalue(name))
        draws(qtbot, dock)
    assert units(dock) == {"pixel"}
    assert all(lies_right(layers) for layers in find(dock.viewer))


@pytest.mark.parametrize("unit", ["pixel", "micrometer", "millimeter"])
@pytest.mark.parametrize("kind", ["um", "px"])
@pytest.mark.parametrize("first", [True, False])
def test_beside_a_layer_of_a_persons_own(dock, load, unit, kind, first, request, qtbot):
    def add():
        dock.viewer.add_image(np.ones((9, 9)), name="mine", units=(unit, unit))
        drawn_once()
        draws(qtbot, dock)

    if first:
        add()
    layers = load(dock, request.getfixturevalue(kind))
    draws(qtbot, dock)
    if not first:
        add()
    assert (units(dock) == {"pixel"}) == (unit == "pixel")
    assert lies_right(layers)
    assert list(map(str, dock.viewer.layers["mine"].units)) == [unit, unit], "it is theirs"


def test_all_that_is_shown_follows_and_goes_on(dock, load, um, qtbot, ready):
    layers = load(dock, um)
    form = dock.enhance.form
    form.method.setCurrentIndex(form.method.findData("kriging"))
    dock.jobs.enhancing.checks = False
    click(qtbot, dock.lost.new)
    click(qtbot, dock.enhance.run)
    ready(dock)
    layers.store.deferred.finish()
    click(qtbot, dock.result.opens["profile"])
    camera = getattr(dock.viewer, "scene", dock.viewer).camera
    dock.viewer.add_image(np.ones((9, 9)), units=("pixel", "pixel"))
    drawn_once()
    draws(qtbot, dock)
    assert units(dock) == {"pixel"}
    assert len(layers.present) == 5
    spacing = um.raster.pixel
    for layer in layers.present:
        if layer.data.shape == layers.before.data.shape:
            np.testing.assert_allclose(layer.scale[-2:], spacing)
    np.testing.assert_allclose(camera.center[-2:], um.xy.mean(0)[::-1], rtol=0.05)
    click(qtbot, dock.result.opens["profile"])
    click(qtbot, dock.lost.new)
    paint(qtbot, dock.viewer, um.xy[middle(um), ::-1], (0, 3))
    assert layers.paint.mask().lost[middle(um)]
    hover = layers.before.get_status(um.xy[middle(um), ::-1], world=True)
    assert um.adata.obs_names[middle(um)] in str(hover) or layers.model.gene in str(hover)
    dock.show_gene("Gene5")
    np.testing.assert_allclose(layers.after.scale[-2:], layers.model.enhancement.raster.pixel)


def test_a_persons_own_mixture_is_theirs(dock, load, um, qtbot):
    """Nothing of ours changes where their own layers have two units."""
    layers = load(dock, um)
    dock.viewer.add_image(np.ones((9, 9)), units=("micrometer", "micrometer"))
    dock.viewer.add_image(np.ones((9, 9)), units=("pixel", "pixel"))
    drawn_once()
    draws(qtbot, dock)
    notification_manager.records.clear()  # napari says so, and is right
    assert lies_right(layers)
