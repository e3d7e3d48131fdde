"""Masks of lost regions, in every form that they come in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_stentrans.errors import MaskError, ReadError, StentransWarning
from napari_stentrans.io import painted_to_lost, read_mask
from napari_stentrans.section import Section, SectionImage

if TYPE_CHECKING:
    from pathlib import Path

PITCH = 20
ARRAY = np.array([(r, c) for r in range(8) for c in range(10) if (r, c) != (4, 5)])
XY = 30.0 + PITCH * ARRAY[:, ::-1]
SHAPE = (200, 240)  # of the full-resolution image
HOLE = np.array([30.0 + PITCH * 5, 30.0 + PITCH * 4])
BOX = (80.0, 60.0, 180.0, 120.0)  # x0, y0, x1, y1: along the borders of cells


@pytest.fixture(scope="module")
def section() -> Section:
    rng = np.random.default_rng(0)
    adata = ad.AnnData(X=rng.poisson(3.0, (len(XY), 3)).astype(np.float32) + 1)
    adata.obs_names = [f"B{i:03d}-1" for i in range(len(XY))]
    adata.obsm["spatial"] = XY
    pixels = np.zeros((SHAPE[0] // 2, SHAPE[1] // 2, 3), np.uint8)
    return Section.from_anndata(adata, images=[SectionImage("hires", lambda: pixels, 0.5)])


@pytest.fixture(scope="module")
def in_box() -> np.ndarray:
    x0, y0, x1, y1 = BOX
    x, y = XY.T
    return (x > x0) & (x < x1) & (y > y0) & (y < y1)


def box_image(scale: float = 1.0) -> np.ndarray:
    image = np.zeros([int(side * scale) for side in SHAPE], np.uint8)
    x0, y0, x1, y1 = (int(edge * scale) for edge in BOX)
    image[y0:y1, x0:x1] = 1
    return image


def check(mask, in_box: np.ndarray) -> None:
    np.testing.assert_array_equal(mask.lost, in_box)
    np.testing.assert_allclose(mask.sites, [HOLE], atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("name", ["mask.npy", "mask.tif", "mask.png"])
def test_image_in_pixels_of_the_section(
    tmp_path: Path, section: Section, in_box: np.ndarray, name: str, scale: float
) -> None:
    image = 3 * box_image(scale)
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, image.astype(bool))
    elif name.endswith("tif"):
        tifffile.imwrite(path, image.astype(np.uint16)[None])
    else:
        Image.fromarray(image).save(path)
    check(read_mask(path, section), in_box)


def test_image_on_the_raster(tmp_path: Path, section: Section, in_box: np.ndarray) -> None:
    x, y = np.moveaxis(section.raster.pixel_xy(), -1, 0)
    x0, y0, x1, y1 = BOX
    painted = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    np.save(tmp_path / "mask.npy", painted.astype(float))
    check(read_mask(tmp_path / "mask.npy", section), in_box)
    check(painted_to_lost(section, painted), in_box)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1"])
def test_colour_images(tmp_path: Path, section: Section, in_box: np.ndarray, mode: str) -> None:
    box = Image.fromarray(box_image() * 255)
    if mode in ("RGB", "P"):
        image = Image.composite(
            Image.new("RGB", box.size, (0, 200, 0)), Image.new("RGB", box.size), box
        )
        image = image.convert(mode)
    elif mode in ("RGBA", "LA"):
        # white all over, and transparent outside the box: only what can be seen is painted
        image = Image.new(mode, box.size, "white")
        image.putalpha(box)
    else:
        image = box.convert("1")
    image.save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png", section), in_box)


def test_float_mask_with_nan_outside(tmp_path: Path, section: Section, in_box: np.ndarray) -> None:
    np.save(tmp_path / "mask.npy", np.where(box_image() > 0, 1.0, np.nan))
    check(read_mask(tmp_path / "mask.npy", section), in_box)


def test_wrong_shape_names_the_shapes_that_fit(tmp_path: Path, section: Section) -> None:
    np.save(tmp_path / "mask.npy", np.ones((60, 70)))
    with pytest.raises(MaskError) as raised:
        read_mask(tmp_path / "mask.npy", section)
    said = str(raised.value)
    assert "(60, 70)" in said
    assert str(section.raster.shape) in said
    assert "(100, 120) (the image hires)" in said
    assert "at least (171, 211)" in said


def test_stack_of_images(tmp_path: Path, section: Section) -> None:
    np.save(tmp_path / "mask.npy", np.ones((5, *SHAPE)))
    with pytest.raises(MaskError, match=r"\(5, 200, 240\)"):
        read_mask(tmp_path / "mask.npy", section)


def test_no_pixels_without_pixel_positions(tmp_path: Path, section: Section) -> None:
    adata = section.adata.copy()
    adata.obsm["spatial"] = ARRAY[:, ::-1].astype(float)
    bare = Section.from_anndata(adata)
    np.save(tmp_path / "mask.npy", np.ones((500, 500)))
    with pytest.raises(MaskError, match=r"fit: \(\d+, \d+\) \(the map\)\.$"):
        read_mask(tmp_path / "mask.npy", bare)


def test_empty_mask_says_so(tmp_path: Path, section: Section) -> None:
    np.save(tmp_path / "mask.npy", np.zeros(SHAPE))
    with pytest.warns(StentransWarning, match="marks no spot"):
        mask = read_mask(tmp_path / "mask.npy", section)
    assert not mask.lost.any()
    assert mask.sites.shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.txt", "{0}\n{1}\n"),
        ("plain.csv", "{0}\n\n{1}\n"),
        ("header.csv", "Barcode,Region\n{0},fold\n{1},fold\n"),
        ("second.csv", "region,barcode\nfold,{0}\nfold,{1}\n"),
        ("unnamed.tsv", "spot\tregion\n{0}\tfold\n{1}\tfold\n"),
        ("quoted.csv", '"","lost"\n"{0}","yes"\n"{1}","yes"\n'),
        ("mark.csv", "\ufeffbarcode\n{0}\n{1}\n"),
    ],
)
def test_barcodes(tmp_path: Path, section: Section, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text.format("B003-1", "B017-1"), encoding="utf-8")
    mask = read_mask(path, section)
    assert list(np.flatnonzero(mask.lost)) == [3, 17]
    assert mask.sites.shape == (0, 2)


def test_barcodes_without_suffix(tmp_path: Path, section: Section) -> None:
    (tmp_path / "lost.csv").write_text("B003\nB017\n")
    assert list(np.flatnonzero(read_mask(tmp_path / "lost.csv", section).lost)) == [3, 17]


def test_unknown_barcodes(tmp_path: Path, section: Section) -> None:
    path = tmp_path / "lost.csv"
    path.write_text("barcode\nB003-1\nZ1-1\nZ2-1\n")
    with pytest.warns(StentransWarning, match=r"2 of 3 barcodes .* 'Z1-1'"):
        mask = read_mask(path, section)
    assert list(np.flatnonzero(mask.lost)) == [3]
    path.write_text("Z1-1\nZ2-1\n")
    with pytest.raises(MaskError, match=r"names no spot.*'B000-1'"):
        read_mask(path, section)
    path.write_text("")
    with pytest.raises(MaskError, match="names no spot"):
        read_mask(path, section)


def ring(x0: float, y0: float, x1: float, y1: float) -> list[list[float]]:
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]


POLYGON = {"type": "Polygon", "coordinates": [ring(*BOX)]}
FEATURE = {"type": "Feature", "properties": {}, "geometry": POLYGON}


@pytest.mark.parametrize(
    "content",
    [
        POLYGON,
        {"type": "MultiPolygon", "coordinates": [[ring(*BOX)]]},
        FEATURE,
        {"type": "FeatureCollection", "features": [FEATURE, {**FEATURE, "geometry": None}]},
        {"type": "GeometryCollection", "geometries": [POLYGON]},
        [FEATURE],
    ],
    ids=lambda content: content["type"] if isinstance(content, dict) else "list",
)
def test_outlines(tmp_path: Path, section: Section, in_box: np.ndarray, content: object) -> None:
    path = tmp_path / "lost.geojson"
    path.write_text(json.dumps(content))
    check(read_mask(path, section), in_box)


def test_outline_with_a_hole(tmp_path: Path, section: Section, in_box: np.ndarray) -> None:
    hole = (HOLE[0] - 30, HOLE[1] - 30, HOLE[0] + 30, HOLE[1] + 30)
    content = {"type": "Polygon", "coordinates": [ring(*BOX), ring(*hole)]}
    (tmp_path / "lost.json").write_text(json.dumps(content))
    mask = read_mask(tmp_path / "lost.json", section)
    in_hole = (np.abs(XY - HOLE) < 30).all(1)
    np.testing.assert_array_equal(mask.lost, in_box & ~in_hole)
    assert in_hole.any()
    assert mask.sites.shape == (0, 2)


def test_outline_off_the_section(tmp_path: Path, section: Section) -> None:
    content = {"type": "Polygon", "coordinates": [ring(9000, 9000, 9100, 9100)]}
    (tmp_path / "lost.geojson").write_text(json.dumps(content))
    with pytest.warns(StentransWarning, match="marks no spot"):
        read_mask(tmp_path / "lost.geojson", section)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", ReadError, "GeoJSON"),
        ('{"type": "Polygon"', ReadError, "GeoJSON"),
        ('{"kind": "Polygon"}', ReadError, "type"),
        ('{"type": "Polygon", "coordinates": [[[1, 2]]]}', ReadError, "three corners"),
        ('{"type": "Polygon", "coordinates": [[["a", "b"]]]}', ReadError, "GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', MaskError, "no polygon"),
        ("3", ReadError, "GeoJSON"),
    ],
)
def test_damaged_outlines(
    tmp_path: Path, section: Section, text: str, error: type[Exception], said: str
) -> None:
    (tmp_path / "lost.geojson").write_text(text)
    with pytest.raises(error, match=said):
        read_mask(tmp_path / "lost.geojson", section)


@pytest.mark.parametrize("name", ["mask.png", "mask.tif", "mask.npy", "mask.jpg"])
def test_damaged_images(tmp_path: Path, section: Section, name: str) -> None:
    path = tmp_path / name
    for content in (b"", b"no image at all"):
        path.write_bytes(content)
        with pytest.raises(ReadError, match=name.replace(".", r"\.")):
            read_mask(path, section)


def test_truncated_images(tmp_path: Path, section: Section) -> None:
    noise = np.random.default_rng(0).integers(0, 2, SHAPE, np.uint8)
    Image.fromarray(noise).save(tmp_path / "mask.png")
    tifffile.imwrite(tmp_path / "mask.tif", noise)
    np.save(tmp_path / "mask.npy", noise)
    for path in tmp_path.iterdir():
        whole = path.read_bytes()
        for share in (0.05, 0.5, 0.9):
            path.write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(ReadError, match="cannot be read"):
                read_mask(path, section)


def test_missing_and_unsupported(tmp_path: Path, section: Section) -> None:
    with pytest.raises(ReadError, match="is not a file"):
        read_mask(tmp_path / "mask.png", section)
    (tmp_path / "mask.docx").write_text("x")
    with pytest.raises(ReadError, match=r"expected one of .*\.geojson"):
        read_mask(tmp_path / "mask.docx", section)
    np.save(tmp_path / "mask.npy", np.array([{}], dtype=object))
    with pytest.raises(ReadError, match=r"numpy\.save"):
        read_mask(tmp_path / "mask.npy", section)
