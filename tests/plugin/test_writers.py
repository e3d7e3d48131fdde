"""File > Save of the layers of a section."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import WriteError
from napari_stentrans.io import read_mask
from napari_stentrans.pipeline import enhance
from napari_stentrans.plugin.layers.section_layers import SectionLayers

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = EnhanceConfig(method="kriging", upscale=2, factors=4)


@pytest.fixture(scope="module")
def result(section):
    """A result of the small section."""
    return enhance(section, np.arange(section.n_spots) % 9 == 0, CONFIG)


@pytest.fixture
def shown(plugin, make_napari_viewer, section, result):
    """The section and its result in a viewer, some spots painted."""
    layers = SectionLayers(make_napari_viewer(), section)
    layers.paint.paint_spots(np.arange(section.n_spots) < 12)
    layers.show_enhancement(result)
    return layers


def save(layers, path: Path, *roles: str) -> list[str]:
    """Select the layers of some roles and save them, as File > Save Selected Layers does."""
    layers.viewer.layers.selection = {getattr(layers, role) for role in roles}
    return layers.viewer.layers.save(str(path), selected=True)


@pytest.mark.parametrize("roles", [("after",), ("uncertainty",), ("after", "before", "lost")])
def test_an_enhanced_map_is_saved_as_the_whole_result(shown, result, tmp_path: Path, roles):
    written = save(shown, tmp_path / "out.h5ad", *roles)
    assert written == [str(tmp_path / "out.h5ad"), str(tmp_path / "out.run.json")]
    back = ad.read_h5ad(tmp_path / "out.h5ad")
    np.testing.assert_array_equal(back.X, result.to_anndata().X)


def test_all_layers_at_once(shown, result, tmp_path: Path):
    shown.viewer.layers.save(str(tmp_path / "all.h5ad"))
    assert ad.read_h5ad(tmp_path / "all.h5ad").n_obs == len(result.sites)


def test_maps_and_tables_hold_the_gene_that_is_shown(shown, section, result, tmp_path: Path):
    gene = section.genes[7]
    shown.model.show_gene(gene)
    save(shown, tmp_path / "map.ome.tif", "after")
    with tifffile.TiffFile(tmp_path / "map.ome.tif") as tiff:
        assert f'Name="{gene}"' in tiff.ome_metadata
        np.testing.assert_array_equal(
            tiff.asarray().squeeze(), result.raster.draw(result.gene(gene).mean)
        )
    save(shown, tmp_path / "table.csv", "after")
    table = pd.read_csv(tmp_path / "table.csv")
    np.testing.assert_allclose(table[f"{gene} mean"], result.gene(gene).mean, rtol=1e-5)


def test_a_measured_map_is_saved_as_the_section(shown, section, tmp_path: Path):
    assert save(shown, tmp_path / "in.h5ad", "before") == [str(tmp_path / "in.h5ad")]
    back = ad.read_h5ad(tmp_path / "in.h5ad")
    assert (section.counts != back.X).nnz == 0
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


@pytest.mark.parametrize("name", ["lost.geojson", "lost.csv", "lost.tif"])
def test_paint_is_read_back_as_it_was(shown, section, tmp_path: Path, name: str):
    painted = shown.paint.mask()
    assert painted.lost.sum() == 12
    assert save(shown, tmp_path / name, "lost") == [str(tmp_path / name)]
    np.testing.assert_array_equal(read_mask(tmp_path / name, section).lost, painted.lost)


def test_labels_have_the_names_that_a_person_gave_them(shown, tmp_path: Path):
    data = np.array(shown.lost.data)
    data[data > 0] = 2
    shown.lost.data = data
    shown.lost.features = pd.DataFrame({"index": [1, 2], "region": ["lost", "bubble"]})
    save(shown, tmp_path / "lost.csv", "lost")
    assert set(pd.read_csv(tmp_path / "lost.csv")["region"]) == {"bubble"}


def test_what_stands_there_is_replaced_only_where_napari_has_asked(shown, tmp_path: Path):
    record = tmp_path / "out.run.json"
    record.write_text("of another result")
    with pytest.raises(WriteError, match=r"out\.run\.json would be replaced"):
        save(shown, tmp_path / "out.h5ad", "after")
    assert record.read_text() == "of another result"
    record.unlink()
    for _ in range(2):
        assert len(save(shown, tmp_path / "out.h5ad", "after")) == 2


def test_layers_that_are_not_ours(plugin, make_napari_viewer, tmp_path: Path):
    viewer = make_napari_viewer()
    pixels = np.arange(600, dtype=np.uint16).reshape(20, 30)
    viewer.add_image(pixels)
    viewer.layers.save(str(tmp_path / "photo.ome.tif"))
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "photo.ome.tif"), pixels)
    with pytest.raises(WriteError, match="show no section"):
        viewer.layers.save(str(tmp_path / "photo.h5ad"))
    with pytest.raises(WriteError, match="no result to write"):
        viewer.layers.save(str(tmp_path / "photo.csv"))
    viewer.layers.clear()
    viewer.add_labels((pixels > 300).astype(int), name="cells")
    with pytest.raises(WriteError, match="'cells' does not hold lost regions"):
        viewer.layers.save(str(tmp_path / "cells.geojson"))
    assert [path.name for path in tmp_path.iterdir()] == ["photo.ome.tif"]


def test_what_cannot_be_saved_says_why(
    plugin, make_napari_viewer, section, square_section, tmp_path: Path
):
    viewer = make_napari_viewer()
    first = SectionLayers(viewer, section)
    first.add_lost()
    with pytest.raises(WriteError, match="Nothing is marked"):
        save(first, tmp_path / "lost.geojson", "lost")
    with pytest.raises(WriteError, match=r"no result to write to map\.csv"):
        save(first, tmp_path / "map.csv", "before")
    SectionLayers(viewer, square_section)
    with pytest.raises(WriteError, match="several sections"):
        viewer.layers.save(str(tmp_path / "all.h5ad"))
    assert list(tmp_path.iterdir()) == []
