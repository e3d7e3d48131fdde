"""Lost regions to files and back."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_stentrans import Section, simulate_section
from napari_stentrans.errors import MaskError, StentransWarning, WriteError
from napari_stentrans.export import save_mask
from napari_stentrans.io import LostMask, painted_to_lost, read_mask

if TYPE_CHECKING:
    from pathlib import Path

FULL = ("m.geojson", "m.tif", "m.png", "m.npy")
"""Formats that hold places without a spot too."""


@cache
def sections() -> dict[str, Section]:
    """A section of each kind of lattice."""
    rng = np.random.default_rng(4)
    scattered = ad.AnnData(
        np.ones((90, 3), np.float32), obsm={"spatial": rng.uniform(0, 900, (90, 2))}
    )
    return {
        "hex": simulate_section(150, 20, image=False),
        "square": simulate_section(100, 20, lattice="square", image=False),
        "irregular": Section.from_anndata(scattered),
    }


def same(mask: LostMask, other: LostMask) -> None:
    np.testing.assert_array_equal(mask.lost, other.lost)
    order, other_order = (np.lexsort(np.round(m.sites, 3).T) for m in (mask, other))
    np.testing.assert_allclose(mask.sites[order], other.sites[other_order], atol=1e-6)


def blob(section: Section, y: float, x: float, radius: float) -> np.ndarray:
    """(row, column) labels: a disc with a hole, places given as shares of the raster."""
    rows, columns = np.indices(section.raster.shape)
    away = np.hypot(rows - y * section.raster.shape[0], columns - x * section.raster.shape[1])
    size = radius * min(section.raster.shape)
    return ((away < size) & (away > 0.3 * size)).astype(np.uint8)


@pytest.mark.parametrize("name", [*FULL, "m.csv"])
@pytest.mark.parametrize("kind", ["hex", "square", "irregular"])
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_spots_come_back_as_they_were(
    tmp_path: Path, kind: str, name: str, data: st.DataObject
) -> None:
    section = sections()[kind]
    n = section.n_spots
    chosen = data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=n))
    lost = np.isin(np.arange(n), list(chosen))
    save_mask(section, lost, tmp_path / name, overwrite=True)
    same(read_mask(tmp_path / name, section), LostMask(lost, np.empty((0, 2))))


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("kind", ["hex", "square", "irregular"])
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.tuples(st.floats(0, 1), st.floats(0, 1)), radius=st.floats(0.15, 0.6))
def test_what_was_painted_comes_back_beyond_the_spots_too(
    tmp_path: Path, kind: str, name: str, place: tuple[float, float], radius: float
) -> None:
    section = sections()[kind]
    painted = blob(section, *place, radius)
    mask = painted_to_lost(section, painted)
    save_mask(section, painted, tmp_path / name, overwrite=True)
    same(read_mask(tmp_path / name, section), mask)
    save_mask(section, mask, tmp_path / name, overwrite=True)  # from spots and sites alone
    same(read_mask(tmp_path / name, section), mask)


def test_a_list_of_barcodes_says_what_it_leaves_out(tmp_path: Path) -> None:
    section = sections()["hex"]
    painted = blob(section, 0, 0.5, 0.7)
    mask = painted_to_lost(section, painted)
    assert len(mask.sites)
    with pytest.warns(StentransWarning, match=rf"{len(mask.sites)} of .* without a spot are not"):
        save_mask(section, painted, tmp_path / "m.csv")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.csv", section).lost, mask.lost)


def test_named_regions(tmp_path: Path) -> None:
    section = sections()["hex"]
    labels = np.zeros(section.n_spots, int)
    labels[20:30], labels[80:95] = 1, 300
    names = {1: "fold", 300: "bubble, tear"}
    for name in ("m.geojson", "m.csv", "m.tif", "m.npy", "m.png"):
        save_mask(section, labels, tmp_path / name, names=names)
        np.testing.assert_array_equal(read_mask(tmp_path / name, section).lost, labels > 0)
    table = pd.read_csv(tmp_path / "m.csv").set_index("barcode")["region"]
    assert table.to_dict() == {
        barcode: names[label]
        for barcode, label in zip(section.adata.obs_names, labels, strict=True)
        if label
    }
    content = json.loads((tmp_path / "m.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    found = [feature["properties"]["classification"] for feature in content["features"]]
    assert [c["name"] for c in found] == ["fold", "bubble, tear"]
    assert all(len(c["color"]) == 3 for c in found)
    assert {f["properties"]["objectType"] for f in content["features"]} == {"annotation"}
    spots = section.raster.pixel_of(section.xy)
    images = (
        tifffile.imread(tmp_path / "m.tif"),
        np.load(tmp_path / "m.npy"),
        np.asarray(Image.open(tmp_path / "m.png")),
    )
    for image in images:
        np.testing.assert_array_equal(image[tuple(spots.T)], labels)


def test_outlines_lie_where_the_spots_are_and_turn_as_geojson_wants(tmp_path: Path) -> None:
    section = sections()["square"]
    save_mask(section, blob(section, 0.5, 0.5, 0.4), tmp_path / "m.geojson")
    (feature,) = json.loads((tmp_path / "m.geojson").read_text())["features"]
    (rings,) = feature["geometry"]["coordinates"]
    assert len(rings) == 2  # the disc and its hole
    middle = section.raster.pixel_xy().reshape(-1, 2).mean(0)
    for ring, sign in zip(rings, (1, -1), strict=True):
        x, y = np.array(ring).T
        assert ring[0] == ring[-1]
        assert np.sign((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) == sign
        np.testing.assert_allclose([x.mean(), y.mean()], middle, atol=section.lattice.spacing)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (np.zeros(150, bool), "Nothing is marked"),
        (np.ones(149, bool), r"one label per spot, \(150,\)"),
        (np.full(150, -1), "down to -1"),
        (np.full(150, 0.5), "got float64"),
    ],
)
def test_masks_that_cannot_be(tmp_path: Path, lost: np.ndarray, message: str) -> None:
    with pytest.raises(MaskError, match=message):
        save_mask(sections()["hex"], lost, tmp_path / "m.tif")
    assert not list(tmp_path.iterdir())


def test_spots_too_crowded_for_the_map_go_into_a_list_only(tmp_path: Path) -> None:
    xy = np.array([(0.0, 0), (0, 1e-4), (0, 2e-4), (50, 50), (50, 51), (500, 500)])
    section = Section.from_anndata(ad.AnnData(np.ones((6, 2), int), obsm={"spatial": xy}))
    hidden = np.bincount(section.raster.index[section.raster.index >= 0], minlength=6) == 0
    assert hidden.any()
    with pytest.raises(WriteError, match=r"cannot hold this mask: \d of 6 spots"):
        save_mask(section, hidden, tmp_path / "m.tif")
    assert not list(tmp_path.iterdir())
    save_mask(section, hidden, tmp_path / "m.csv")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.csv", section).lost, hidden)


def test_nothing_is_replaced_without_asking(tmp_path: Path) -> None:
    section, path = sections()["hex"], tmp_path / "m.csv"
    path.write_text("mine")
    lost = np.arange(150) < 9
    with pytest.raises(WriteError, match="would be replaced"):
        save_mask(section, lost, path)
    assert path.read_text() == "mine"
    with pytest.raises(WriteError, match=r"A mask is written as \.geojson or"):
        save_mask(section, lost, tmp_path / "m.doc")
    save_mask(section, lost, path, overwrite=True)
    assert read_mask(path, section).lost.sum() == 9


@pytest.mark.parametrize("name", [*FULL, "m.csv"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    section, path = sections()["hex"], tmp_path / name
    before = np.arange(150) % 50 == 0
    save_mask(section, before, path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(WriteError, match="could not be written"):
            save_mask(section, np.arange(150) % 2 == 0, path, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == [path]
    np.testing.assert_array_equal(read_mask(path, section).lost, before)
