"""File > Open Sample."""

from __future__ import annotations

import pytest

from napari_stentrans.plugin.layers import adopt


@pytest.mark.parametrize(
    ("key", "lattice", "n_spots", "n_genes"),
    [("hex", "hex", 2000, 1500), ("square", "square", 900, 1000)],
)
def test_samples_open_and_can_be_worked_on(
    plugin, make_napari_viewer, key, lattice, n_spots, n_genes
):
    viewer = make_napari_viewer()
    viewer.open_sample("napari-stentrans", key)
    layers = adopt(viewer)
    assert (layers.section.lattice.kind, layers.section.n_spots) == (lattice, n_spots)
    assert len(layers.section.genes) == n_genes
    assert layers.image.rgb
    assert [str(unit) for unit in layers.image.units] == ["micrometer"] * 2
    low, high = layers.image.extent.world
    inside = (layers.section.xy[:, ::-1] * layers.section.um_per_px > low).all()
    assert inside
    assert (layers.section.xy[:, ::-1] * layers.section.um_per_px < high).all()
    layers.show_gene("Gene3")
    assert layers.before.name == "Gene3 measured"
