"""Sections dropped on napari."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import napari
import numpy as np
import pytest

from napari_stentrans.errors import ReadError
from napari_stentrans.plugin.layers import SectionLayers, adopt, find
from napari_stentrans.plugin.reader import get_reader

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section


@pytest.fixture
def h5ad(tmp_path: Path, section: Section) -> Path:
    path = tmp_path / "sample.h5ad"
    section.adata.write_h5ad(path)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A legacy table of 6 x 5 spots and two genes."""
    lines = ["\tActb\tGapdh"]
    lines += [f"{x}x{y}\t{x + y}\t{x * y}" for x in range(1, 7) for y in range(1, 6)]
    path = tmp_path / "ST1.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_becomes_a_map_that_carries_its_section(h5ad: Path, section: Section):
    for path in (h5ad, str(h5ad), [str(h5ad)]):
        assert get_reader(path) is not None
    ((data, options, kind),) = get_reader(str(h5ad))(str(h5ad))
    assert kind == "image"
    assert data.shape == section.raster.shape
    assert options["units"] == ("micrometer", "micrometer")
    tag = options["metadata"]["stentrans"]
    assert tag["role"] == "before"
    assert tag["section"].digest == section.digest
    assert options["name"] == f"{tag['gene']} measured"


def test_what_is_not_a_section_is_refused(tmp_path: Path, h5ad: Path):
    points = tmp_path / "points.csv"
    points.write_text("index,axis-0,axis-1\n0,1.5,2.5\n1,3.5,4.5\n")
    table = tmp_path / "table.tsv"
    table.write_text("name\tvalue\nfirst\t1\nsecond\t2\n")
    image = tmp_path / "image.tif"
    image.write_bytes(b"II*\0")
    weights = tmp_path / "weights.h5"
    with h5py.File(weights, "w") as file:
        file["layer"] = np.zeros(3)
    empty, zarr = tmp_path / "empty", tmp_path / "image.zarr"
    empty.mkdir()
    zarr.mkdir()
    (zarr / ".zgroup").write_text("{}")
    refused = [points, table, image, weights, empty, zarr, tmp_path / "gone.h5ad"]
    assert [path.name for path in refused if get_reader(str(path)) is not None] == []
    assert get_reader([str(h5ad), str(h5ad)]) is None


def test_a_broken_section_says_what_is_wrong_and_leaves_the_viewer(
    plugin, make_napari_viewer, h5ad: Path, tmp_path: Path
):
    viewer = make_napari_viewer()
    broken = tmp_path / "broken.h5ad"
    broken.write_bytes(h5ad.read_bytes()[:5000])
    with pytest.raises(ReadError, match=r"broken\.h5ad.*whole"):
        viewer.open(broken, plugin="napari-stentrans")
    assert len(viewer.layers) == 0


def test_dropped_section_has_the_layers_that_the_dock_makes(
    plugin, make_napari_viewer, h5ad: Path, table: Path
):
    viewer = make_napari_viewer()
    viewer.open(h5ad, plugin=None)  # as a drop does: no other plugin claims it
    assert find(viewer) == []
    adopted = adopt(viewer)
    assert find(viewer) == [adopted]
    assert adopt(viewer) is None
    gene = adopted.section.genes[7]
    adopted.show_gene(gene)
    assert [layer.name for layer in viewer.layers] == [f"{gene} measured"]
    assert adopted.add_lost().scale[0] == adopted.before.scale[0]

    own = SectionLayers(viewer, adopted.section)
    own.show_gene(gene)
    np.testing.assert_array_equal(own.before.data, adopted.before.data)
    np.testing.assert_array_equal(own.before.extent.world, adopted.before.extent.world)
    assert own.before.units == adopted.before.units
    assert own.before.contrast_limits == adopted.before.contrast_limits
    own.remove()

    viewer.open(table, plugin="napari-stentrans")
    legacy = adopt(viewer)
    assert legacy.section.n_spots == 30
    assert len(find(viewer)) == 2


def test_dropped_beside_pixels_it_lies_in_pixels(
    plugin, make_napari_viewer, h5ad: Path, section: Section
):
    viewer = make_napari_viewer()
    viewer.add_image(np.zeros((50, 60)))
    assert napari.current_viewer() is viewer
    (layer,) = viewer.open(h5ad, plugin="napari-stentrans")
    assert {str(unit) for unit in layer.units} == {"pixel"}
    assert layer.scale[0] == pytest.approx(section.raster.pixel)


def test_space_ranger_folder_with_its_image(plugin, make_napari_viewer, data_dir: Path):
    viewer = make_napari_viewer()
    layers = viewer.open(data_dir / "visium_mini", plugin="napari-stentrans")
    assert layers[0].name == "visium_mini image"
    adopted = adopt(viewer)
    assert adopted.image is layers[0]
    assert adopted.before is layers[1]
    # Visium's own numbers: spots 100 um apart, an image of 2,000 x 1,998 hires pixels.
    section = adopted.section
    world = section.xy[:, ::-1] * section.um_per_px
    distance = np.linalg.norm(world - world[0], axis=1)
    assert np.sort(distance)[1] == pytest.approx(100, rel=0.03)
    corner = adopted.image.extent.world[1] / section.um_per_px
    np.testing.assert_allclose(corner, np.array([1998, 2000]) / 0.17211704, rtol=1e-3)
