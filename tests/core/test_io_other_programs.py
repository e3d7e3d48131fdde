"""Files that scanpy, squidpy and spatialdata-io write open here; see scripts/test-formats."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from small_files import XY, cosmx, merscope, spaceranger

from napari_stentrans.io import read_section

if TYPE_CHECKING:
    from pathlib import Path

    from napari_stentrans.section import Section

pytestmark = pytest.mark.formats


def load(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason="extra [formats] is not installed")


def same(section: Section, expected: Section, scale: float = 1.0) -> None:
    """Same spots, genes, counts and positions, in any order of spots."""
    assert list(section.genes) == list(expected.genes)
    order = section.adata.obs_names.get_indexer(expected.adata.obs_names)
    assert (order >= 0).all()
    assert len(order) == section.n_spots
    np.testing.assert_array_equal(section.counts[order].toarray(), expected.counts.toarray())
    np.testing.assert_allclose(section.xy[order], expected.xy * scale, atol=0.5)


@pytest.mark.filterwarnings("ignore")
def test_visium_by_scanpy(tmp_path: Path) -> None:
    scanpy = load("scanpy")
    folder = spaceranger(tmp_path / "brain")
    scanpy.read_visium(folder, library_id="brain").write_h5ad(tmp_path / "brain.h5ad")
    section, expected = read_section(tmp_path / "brain.h5ad"), read_section(folder)
    same(section, expected)
    assert section.lattice.kind == "hex"
    assert section.um_per_px == pytest.approx(expected.um_per_px)
    assert [im.scale for im in section.images] == [im.scale for im in expected.images]
    assert section.images[0].data.shape == (150, 150, 3)


@pytest.mark.filterwarnings("ignore")
def test_visium_by_squidpy(tmp_path: Path) -> None:
    squidpy = load("squidpy")
    folder = spaceranger(tmp_path / "brain")
    squidpy.read.visium(folder, library_id="brain").write_h5ad(tmp_path / "brain.h5ad")
    same(read_section(tmp_path / "brain.h5ad"), read_section(folder))


@pytest.mark.filterwarnings("ignore")
def test_merscope_by_squidpy(tmp_path: Path) -> None:
    squidpy = load("squidpy")
    folder = merscope(tmp_path / "slice")
    adata = squidpy.read.vizgen(
        folder, counts_file="cell_by_gene.csv", meta_file="cell_metadata.csv"
    )
    adata.write_h5ad(tmp_path / "slice.h5ad")
    section = read_section(tmp_path / "slice.h5ad")
    same(section, read_section(folder))
    assert section.lattice.kind == "irregular"


@pytest.mark.filterwarnings("ignore")
def test_visium_by_spatialdata_io(tmp_path: Path) -> None:
    reader = load("spatialdata_io")
    folder = spaceranger(tmp_path / "brain")
    reader.visium(folder, dataset_id="brain").write(tmp_path / "brain.zarr")
    section, expected = read_section(tmp_path / "brain.zarr"), read_section(folder)
    same(section, expected)
    assert section.lattice.kind == "hex"
    assert section.um_per_px == pytest.approx(expected.um_per_px)
    (image,) = section.images
    assert image.name == "brain_hires_image"
    assert image.scale == pytest.approx(0.5)
    np.testing.assert_array_equal(image.data, expected.images[0].data)


@pytest.mark.filterwarnings("ignore")
def test_cosmx_by_squidpy(tmp_path: Path) -> None:
    """Its positions are those in each field of view, so each field is a section."""
    squidpy = load("squidpy")
    folder = cosmx(tmp_path / "flat")
    table = pd.read_csv(folder / "Lung5_metadata_file.csv.gz")
    table[["CenterX_local_px", "CenterY_local_px"]] = XY
    table.to_csv(folder / "Lung5_metadata_file.csv", index=False)
    (folder / "Lung5_metadata_file.csv.gz").unlink()
    adata = squidpy.read.nanostring(
        folder, counts_file="Lung5_exprMat_file.csv", meta_file="Lung5_metadata_file.csv"
    )
    adata.write_h5ad(tmp_path / "lung.h5ad")
    half = len(XY) // 2
    for field, xy in {"1": XY[:half], "2": XY[half:]}.items():
        section = read_section(tmp_path / "lung.h5ad", {"section": field})
        np.testing.assert_allclose(section.xy, xy)
