"""SpatialData stores; what needs the package skips where it is not installed."""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.image_fit import decoded_images
from napari_stentrans.io import can_read, choices_of, read_section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.formats  # scripts/test-formats has the package

N = 30
XY = np.random.default_rng(0).uniform(10, 60, (N, 2))
COUNTS = np.random.default_rng(1).poisson(2.0, (N, 4)).astype(np.float32)
PIXELS = np.random.default_rng(2).integers(0, 255, (3, 64, 80), np.uint8)
QUARTER_TURN = [[0.0, -1, 100], [1, 0, 20], [0, 0, 1]]


@pytest.fixture(scope="module")
def sd() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("spatialdata", reason="extra [spatialdata] is not installed")


def table_for(sd: Any, element: str, instances: Any, counts: np.ndarray = COUNTS) -> ad.AnnData:
    obs = pd.DataFrame({"region": pd.Categorical([element] * len(counts)), "id": instances})
    obs.index = [f"spot{i}" for i in range(len(counts))]
    table = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=list("abcd")))
    return sd.models.TableModel.parse(table, element, "region", "id")


def circles(sd: Any, **systems: Any) -> Any:
    index = pd.Index([f"s{i}" for i in range(N)])
    return sd.models.ShapesModel.parse(
        XY, geometry=0, radius=2.0, index=index, transformations=systems
    )


def image(sd: Any, pixels: np.ndarray = PIXELS, **systems: Any) -> Any:
    return sd.models.Image2DModel.parse(
        pixels, dims=("c", "y", "x"), scale_factors=[2], transformations=systems
    )


def write(path: Path, sd: Any, **parts: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sd.SpatialData(**parts).write(path)
    return path


@pytest.fixture
def scaled(sd: Any, tmp_path: Path) -> Path:
    """Circles at twice their coordinates in "global", as they are in "own"; a scaled image."""
    scale = sd.transformations.Scale
    shapes = circles(
        sd, **{"global": scale([2, 2], ("x", "y")), "own": sd.transformations.Identity()}
    )
    rows = np.arange(N)[::-1]
    return write(
        tmp_path / "brain.zarr",
        sd,
        shapes={"spots": shapes},
        images={"he": image(sd, **{"global": scale([2.5, 2.5], ("x", "y"))})},
        tables={"table": table_for(sd, "spots", shapes.index[rows], COUNTS[rows])},
    )


def test_positions_and_scale_of_the_image(scaled: Path) -> None:
    assert can_read(scaled)
    section = read_section(scaled)
    np.testing.assert_allclose(section.xy, 2 * XY[::-1])
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS[::-1])
    assert (section.name, list(section.genes)) == ("brain", list("abcd"))
    (he,) = section.images
    assert (he.name, he.scale) == ("he", pytest.approx(0.4))
    np.testing.assert_array_equal(he.data, np.moveaxis(PIXELS, 0, -1))
    diameter = section.adata.uns["spatial"]["spots"]["scalefactors"]["spot_diameter_fullres"]
    assert diameter == pytest.approx(8)


def test_another_coordinate_system(scaled: Path) -> None:
    (choice,) = choices_of(scaled)
    assert (choice.key, choice.options, choice.default) == (
        "coordinates",
        ("global", "own"),
        "global",
    )
    section = read_section(scaled, {"coordinates": "own"})
    np.testing.assert_allclose(section.xy, XY[::-1])
    assert section.images == ()
    assert section.chosen == {"coordinates": "own"}


def test_a_coarser_scale_of_a_large_image(scaled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stentrans.io.spatialdata_package.MOST_PIXELS", 40)
    (he,) = read_section(scaled).images
    assert he.data.shape == (32, 40, 3)
    assert he.scale == pytest.approx(0.2)
    monkeypatch.setattr("napari_stentrans.io.spatialdata_package.MOST_PIXELS", 20)
    (he,) = read_section(scaled).images
    assert he.data.shape == (16, 20, 3)
    assert he.scale == pytest.approx(0.1)


def test_spots_follow_an_image_that_is_turned(sd: Any, tmp_path: Path) -> None:
    turn = sd.transformations.Affine(QUARTER_TURN, ("x", "y"), ("x", "y"))
    half = sd.transformations.Scale([0.5, 0.5], ("x", "y"))
    both = sd.transformations.Sequence([half, turn])
    shapes = circles(sd, **{"global": both})
    path = write(
        tmp_path / "a.zarr",
        sd,
        shapes={"spots": shapes},
        images={"he": image(sd, PIXELS[:1], **{"global": turn})},
        tables={"table": table_for(sd, "spots", shapes.index)},
    )
    section = read_section(path)
    np.testing.assert_allclose(section.xy, XY / 2)
    assert section.images[0].scale == 1
    np.testing.assert_array_equal(section.images[0].data, PIXELS[0])


def test_cells_as_labels_and_as_polygons(sd: Any, tmp_path: Path) -> None:
    from shapely import box

    labels = np.zeros((40, 60), int)
    corners = np.array([(5 + 10 * (i % 5), 4 + 12 * (i // 5)) for i in range(15)])
    for i, (x, y) in enumerate(corners):
        labels[y : y + 4, x : x + 6] = i + 1
    import geopandas as gpd

    squares = [box(x, y, x + 6, y + 4) for x, y in corners]
    polygons = sd.models.ShapesModel.parse(gpd.GeoDataFrame(geometry=squares))
    cells = sd.models.Labels2DModel.parse(labels, dims=("y", "x"))
    path = write(
        tmp_path / "a.zarr",
        sd,
        shapes={"polygons": polygons},
        labels={"cells": cells},
        tables={
            "by_label": table_for(sd, "cells", np.arange(1, 16), COUNTS[:15]),
            "by_shape": table_for(sd, "polygons", polygons.index, COUNTS[15:]),
        },
    )
    keys = {choice.key: choice.options for choice in choices_of(path)}
    assert keys == {"table": ("by_label", "by_shape"), "element": ("cells", "polygons")}
    for table, element, counts in (
        ("by_label", "cells", COUNTS[:15]),
        ("by_shape", "polygons", COUNTS[15:]),
    ):
        section = read_section(path, {"table": table, "element": element})
        np.testing.assert_allclose(section.xy, corners + np.array([3, 2]))
        np.testing.assert_array_equal(section.counts.toarray(), counts)
        assert section.name == f"a_{table}"


def test_a_table_of_two_sections(sd: Any, tmp_path: Path) -> None:
    first, second = (
        circles(sd, left=sd.transformations.Identity()),
        circles(sd, right=sd.transformations.Translation([5, 0], ("x", "y"))),
    )
    obs = pd.DataFrame({"region": pd.Categorical(["a"] * N + ["b"] * N), "id": [*first.index] * 2})
    obs.index = [str(i) for i in range(2 * N)]
    table = ad.AnnData(np.vstack([COUNTS, COUNTS + 1]), obs=obs)
    table = sd.models.TableModel.parse(table, ["a", "b"], "region", "id")
    path = write(tmp_path / "a.zarr", sd, shapes={"a": first, "b": second}, tables={"table": table})
    with pytest.warns(StentransWarning, match="cells a is read, not b"):
        np.testing.assert_array_equal(read_section(path).counts.toarray(), COUNTS)
    section = read_section(path, {"element": "b"})
    np.testing.assert_array_equal(section.counts.toarray(), COUNTS + 1)
    np.testing.assert_allclose(section.xy, XY + np.array([5, 0]))


def test_rows_without_a_shape_are_left_out(sd: Any, tmp_path: Path) -> None:
    shapes = circles(sd, **{"global": sd.transformations.Identity()})
    table = table_for(sd, "spots", shapes.index)
    path = write(tmp_path / "a.zarr", sd, shapes={"spots": shapes[:-2]}, tables={"table": table})
    with pytest.warns(StentransWarning, match="2 rows of the table name no instance"):
        assert read_section(path).n_spots == N - 2


def test_a_table_on_its_own(sd: Any, tmp_path: Path) -> None:
    table = ad.AnnData(COUNTS, obsm={"spatial": XY})
    path = write(tmp_path / "a.zarr", sd, tables={"table": sd.models.TableModel.parse(table)})
    np.testing.assert_allclose(read_section(path).xy, XY)


def test_a_store_without_a_table(sd: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.zarr", sd, images={"he": image(sd)})
    with pytest.raises(ReadError, match="without a table of counts; it has he"):
        read_section(path)


def test_a_damaged_store(scaled: Path) -> None:
    for file in (scaled / "tables" / "table" / "X" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"\0" * 7)
    with pytest.raises(ReadError, match="cannot be read"):
        read_section(scaled)


def overwrite(content: bytes, *names: str) -> Callable[[Path], None]:
    """Damage: files of these names hold ``content`` from now on."""

    def harm(image: Path) -> None:
        files = [file for name in names for file in image.rglob(name) if file.is_file()]
        assert files
        for file in files:
            file.write_bytes(content)

    return harm


def remove(*names: str) -> Callable[[Path], None]:
    """Damage: files and folders of these names, or the whole image, are gone; its folder stays."""

    def harm(image: Path) -> None:
        for name in names:
            for found in list(image.glob(name)):
                shutil.rmtree(found) if found.is_dir() else found.unlink()

    return harm


DAMAGE = {
    "metadata that is no JSON": overwrite(b"{", "zarr.json"),
    "metadata of zeros": overwrite(b"\0" * 64, "zarr.json"),
    "metadata of nothing": overwrite(b"", "zarr.json"),
    "metadata without a word": overwrite(b"{}", "zarr.json"),
    "metadata gone": remove("zarr.json"),
    "levels gone": remove("s*", "[0-9]*"),
    "metadata of levels gone": remove("*/zarr.json"),
    "all gone": remove("*"),
}


@pytest.fixture
def two_images(sd: Any, tmp_path: Path) -> Path:
    """Store whose two images lie at the same place; "a" would be shown."""
    shapes = circles(sd, **{"global": sd.transformations.Identity()})
    return write(
        tmp_path / "two.zarr",
        sd,
        shapes={"spots": shapes},
        images={"a": image(sd), "b": image(sd, PIXELS[::-1])},
        tables={"table": table_for(sd, "spots", shapes.index)},
    )


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE)
def test_the_next_whole_image_is_shown(two_images: Path, harm: Callable[[Path], None]) -> None:
    harm(two_images / "images" / "a")
    with pytest.warns(StentransWarning, match="image 'a' is left out"):
        section = read_section(two_images)
    np.testing.assert_allclose(section.xy, XY)
    (shown,) = section.images
    assert shown.name == "b"
    np.testing.assert_array_equal(shown.data, np.moveaxis(PIXELS[::-1], 0, -1))


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE)
def test_no_image_that_is_not_shown_matters(two_images: Path, harm: Callable[[Path], None]) -> None:
    harm(two_images / "images" / "b")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", StentransWarning)
        section = read_section(two_images)
    assert not [note for note in said if "'a'" in str(note.message)]
    np.testing.assert_array_equal(section.images[0].data, np.moveaxis(PIXELS, 0, -1))


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE)
def test_a_section_without_any_whole_image(two_images: Path, harm: Callable[[Path], None]) -> None:
    for name in "ab":
        harm(two_images / "images" / name)
    with (
        pytest.warns(StentransWarning, match="image 'a' is left out"),
        pytest.warns(StentransWarning, match="image 'b' is left out"),
    ):
        section = read_section(two_images)
    assert section.images == ()
    np.testing.assert_allclose(section.xy, XY)


def test_images_that_stop_the_package_do_not_stop_the_section(two_images: Path) -> None:
    overwrite(b"[]", "zarr.json")(two_images / "images" / "b")
    with (
        pytest.warns(StentransWarning, match="image 'b' is left out"),
        pytest.warns(StentransWarning, match="images are left out"),
    ):
        section = read_section(two_images)
    assert section.images == ()


def test_pixels_that_turn_out_damaged_are_left_out(two_images: Path) -> None:
    for file in (two_images / "images" / "a").rglob("c/**/*"):
        if file.is_file():
            file.write_bytes(b"\0" * 7)
    section = read_section(two_images)
    with pytest.warns(StentransWarning, match="image 'a' is left out"):
        assert list(decoded_images(section.images)) == []


def bare_store(path: Path, attributes: dict[str, Any]) -> Path:
    """Metadata of a store with one table, as zarr 3 writes it."""
    for node, content in {
        "": {"spatialdata_attrs": {"version": "0.2"}},
        "tables/table": {"region": "spots"},
        "shapes/spots": attributes,
    }.items():
        (path / node).mkdir(parents=True, exist_ok=True)
        (path / node / "zarr.json").write_text(json.dumps({"attributes": content}))
    return path


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systems = [{"type": "identity", "output": {"name": name}} for name in ("global", "b")]
    path = bare_store(tmp_path / "a.zarr", {"coordinateTransformations": systems})
    assert can_read(path)
    assert choices_of(path)[0].options == ("global", "b")
    monkeypatch.setitem(sys.modules, "spatialdata", None)
    with pytest.raises(ReadError, match=r'pip install "napari-stentrans\[spatialdata\]"'):
        read_section(path)


def test_another_zarr(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text('{"attributes": {}}')
    assert not can_read(tmp_path / "a.zarr")
    with pytest.raises(ReadError, match="it is no SpatialData store"):
        read_section(tmp_path / "a.zarr")


def test_metadata_that_is_no_json(tmp_path: Path) -> None:
    path = bare_store(tmp_path / "a.zarr", {})
    (path / "shapes" / "spots" / "zarr.json").write_text("{")
    with pytest.raises(ReadError, match="SpatialData store that is whole"):
        choices_of(path)
