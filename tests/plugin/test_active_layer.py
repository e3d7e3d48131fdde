"""Layers that are in napari become sections: by menu, in a real window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gestures import click

from napari_stentrans.plugin.jobs import layer_planes
from napari_stentrans.plugin.layers.registry import find

UM = {"units": ("micrometer",) * 2}


@pytest.fixture
def stack():
    """(gene, y, x) counts of 5 genes on 12 x 16 pixels: tissue with a hole, in an empty frame."""
    counts = np.random.default_rng(0).integers(1, 9, (5, 12, 16)).astype(np.uint16)
    counts[:, [0, -1]] = 0
    counts[:, :, [0, -1]] = 0
    counts[:, 5, 7] = 0
    return counts


@pytest.fixture
def use(dock, ready, qtbot):
    """Choose Open > Use active layer, and wait."""

    def use():
        actions = dock.data.open.menu().actions()
        action = next(action for action in actions if action.text() == "Use active layer")
        qtbot.waitUntil(action.isEnabled)
        action.trigger()
        ready(dock)
        return dock._layers.model.section

    return use


def refusal(dock, qtbot):
    """Choose Open > Use active layer, and return what is said against it."""
    before = list(dock.viewer.layers)
    dock.use_active_layer()
    qtbot.waitUntil(lambda: bool(dock.message.text()))
    qtbot.waitUntil(dock.data.open.isEnabled)
    assert list(dock.viewer.layers) == before
    return dock.message.text()


def test_a_stack_becomes_a_section_where_it_lies(dock, stack, use, qtbot, ready):
    image = dock.viewer.add_image(
        stack, scale=(1, 20, 20), translate=(0, 100, 300), units=("pixel", *UM["units"])
    )
    section = use()
    assert section.lattice.kind == "square"
    assert section.lattice.spacing == pytest.approx(20)
    assert section.um_per_px == 1
    assert list(section.genes) == [f"Gene{i + 1}" for i in range(5)]
    assert section.n_spots == 10 * 14  # the hole is tissue, the frame is not
    rc = section.adata.obs[["array_row", "array_col"]].to_numpy()
    np.testing.assert_array_equal(section.gene_counts("Gene3"), stack[2][tuple(rc.T)])
    np.testing.assert_allclose(section.xy[:, 0], 300 + 20 * rc[:, 1])
    np.testing.assert_allclose(section.xy[:, 1], 100 + 20 * rc[:, 0])
    assert "first axis" in dock.message.text()
    assert "Gene1" in dock.message.text()

    layers = find(dock.viewer)[0]
    spot = section.adata.obs_names.get_loc("4x9")
    at = layers.before.world_to_data(image.data_to_world((0, 4, 9))[1:])
    assert section.raster.index[tuple(np.rint(at).astype(int))] == spot

    layers.paint.paint_spots(np.arange(140) == spot)
    dock.enhance.form.method.setCurrentIndex(dock.enhance.form.method.findData("kriging"))
    click(qtbot, dock.enhance.run)
    ready(dock)
    assert np.isfinite(layers.model.enhancement.gene("Gene3").mean).all()


def test_names_in_the_metadata_are_taken_and_tell_the_axis(dock, stack, use):
    genes = ["Actb", "Gapdh", "Malat1", "Xist", "Sox2"]
    dock.viewer.add_image(np.moveaxis(stack, 0, -1), metadata={"channel_names": genes})
    section = use()
    assert list(section.genes) == genes
    assert section.n_spots == 140
    assert section.um_per_px is None
    assert "last axis" in dock.message.text()
    assert "no names" not in dock.message.text()


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((33, 78, 128), 0), ((78, 128, 33), 2), ((500, 64, 60), 0), ((3, 100, 120), 0)],
)
def test_the_axis_of_genes_is_told_by_shape(shape, axis):
    from napari.layers import Image

    with pytest.warns(match=f"{'first' if axis == 0 else 'last'} axis .* by its shape"):
        planes = layer_planes.planes_of([Image(np.ones(shape), rgb=False)])
    assert planes.axis == axis
    assert len(planes.genes) == shape[axis]


def test_a_label_of_the_axis_is_believed():
    from napari.layers import Image

    image = Image(np.ones((100, 100, 90)), rgb=False, axis_labels=("y", "x", "c"))
    with pytest.warns(match="last axis .* by its label"):
        assert layer_planes.planes_of([image]).axis == 2


def test_a_split_stack_becomes_one_section(dock, stack, use):
    layers = dock.viewer.add_image(stack, channel_axis=0, name=[f"g{i}" for i in range(5)], **UM)
    dock.viewer.layers.selection = set(layers)
    dock.viewer.layers.selection.active = layers[1]
    dock.viewer.layers.selection = set(layers)
    section = use()
    assert list(section.genes) == [f"g{i}" for i in range(5)]
    assert section.n_spots == 140


def test_nan_is_outside(dock, stack, use):
    stack = stack.astype(np.float32)
    stack[0, 3, 3] = np.nan
    dock.viewer.add_image(stack)
    section = use()
    assert section.n_spots == 139
    assert "3x3" not in section.adata.obs_names


def test_many_pixels_are_binned_and_it_is_said(dock, stack, use, monkeypatch):
    monkeypatch.setattr(layer_planes, "MOST_SPOTS", 60)
    dock.viewer.add_image(stack, scale=(1, 2, 2))
    section = use()
    assert section.n_spots == 6 * 8
    assert section.lattice.spacing == pytest.approx(4)
    assert section.counts.sum() == stack.sum()
    assert section.xy.min() == pytest.approx(1)  # the middle of two pixels that are 2 apart
    assert "2 x 2 pixels were summed" in dock.message.text()


def test_fractions_are_noted(dock, stack, use):
    dock.viewer.add_image(stack / 7)
    use()
    assert "found fractions" in dock.message.text()


def test_points_with_features_become_a_section(dock, use):
    rng = np.random.default_rng(1)
    yx = rng.uniform(0, 100, (60, 2))
    features = pd.DataFrame(rng.integers(1, 20, (60, 3)), columns=["A", "B", "C"])
    features["type"] = "cell"
    dock.viewer.add_points(
        yx, features=features, scale=(2, 2), translate=(10, 20), name="cells", **UM
    )
    section = use()
    assert section.name == "cells"
    assert list(section.genes) == ["A", "B", "C"]
    np.testing.assert_allclose(section.xy[:, ::-1], 2 * yx + (10, 20))
    np.testing.assert_array_equal(section.gene_counts("B"), features["B"])
    assert section.um_per_px == 1
    assert section.lattice.kind == "irregular"
    assert "type" in dock.message.text()


def test_what_cannot_be_a_section_is_refused_in_words(dock, qtbot, loaded, stack):
    dock.viewer.layers.selection.clear()
    assert "No layer is selected" in refusal(dock, qtbot)
    dock.viewer.layers.selection.active = dock.viewer.layers[0]
    assert "belongs to the section" in refusal(dock, qtbot)
    dock.viewer.add_labels(np.ones((5, 5), int), name="cells")
    assert "'cells' is a Labels layer" in refusal(dock, qtbot)
    dock.viewer.add_points(np.ones((4, 2)), name="spots")
    assert "no numeric features" in refusal(dock, qtbot)
    dock.viewer.add_image(np.ones((20, 20, 3), np.uint8), rgb=True, name="H&E")
    assert "'H&E' is a colour picture" in refusal(dock, qtbot)
    dock.viewer.add_image(np.ones((20, 20)), name="flat")
    assert "must be a stack of genes" in refusal(dock, qtbot)
    dock.viewer.add_image(np.zeros((4, 20, 20)), name="empty")
    assert "zero or NaN" in refusal(dock, qtbot)
    dock.viewer.add_image(-stack.astype(float), name="negative")
    assert "must not be negative" in refusal(dock, qtbot)
