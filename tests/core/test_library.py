"""What results and sections carry for scanpy and squidpy; scripts/test-formats draws with them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pytest

from napari_stentrans import (
    EnhanceConfig,
    Enhancement,
    Section,
    SectionImage,
    enhance,
    read_section,
    simulate_section,
)
from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.export import save, write_section
from napari_stentrans.placing import with_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TWICE = EnhanceConfig(method="nearest", upscale=2)


def bare(lattice: Any = "hex", n: int = 120) -> Section:
    """Section without an image and without scale factors."""
    made = simulate_section(n, 20, seed=4, lattice=lattice, image=False).adata
    return Section.from_anndata(ad.AnnData(made.X, made.obs, made.var, obsm=dict(made.obsm)))


def dotted(xy: NDArray[np.float64], scale: float, origin: tuple[float, float]) -> NDArray[np.uint8]:
    """White picture with a black square at each position, in its own frame."""
    at = np.rint((xy - origin) * scale).astype(int)
    columns, rows = at.max(0) + 60
    pixels = np.full((rows, columns, 3), 255, np.uint8)
    apart = np.sort(np.linalg.norm(at - at[0], axis=1))[1]
    half = max(int(0.12 * apart), 2)  # a place that is wrong by more is found out
    for column, row in at:
        pixels[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1] = 0
    return pixels


def library(adata: ad.AnnData) -> dict[str, Any]:
    (record,) = adata.uns["spatial"].values()
    return record


def darkness(record: dict[str, Any], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of black at positions, as a plot has them: the image begins at the position (0, 0)."""
    pixels, scale = record["images"]["hires"], record["scalefactors"]["tissue_hires_scalef"]
    column, row = np.rint(xy * scale).astype(int).T
    inside = (row >= 0) & (column >= 0) & (row < pixels.shape[0]) & (column < pixels.shape[1])
    assert inside.all()
    return 1 - pixels[row, column].mean(1) / 255


@pytest.mark.parametrize(
    ("scale", "origin"),
    [
        (0.3, (0.0, 0.0)),
        (3.7, (0.0, 0.0)),  # larger than what is written
        (0.5, (400.0, 150.0)),
        (0.5, (-300.0, -120.0)),
        (2.9, (-300.0, 520.0)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_spots_fall_on_their_place(
    tmp_path: Path, scale: float, origin: tuple[float, float], turned: bool
) -> None:
    section = bare()
    xy = section.xy
    low = np.maximum(origin, 0)
    moved = section.adata.copy()
    moved.obsm["spatial"] = xy = (xy - xy.min(0)) * 0.4 + low + 60
    section = Section.from_anndata(moved)
    pixels = dotted(xy, scale, origin)
    if turned:  # the same picture, a quarter turned, is laid as it was
        rows = pixels.shape[0]
        affine = [
            [0, 1 / scale, origin[0]],
            [-1 / scale, 0, origin[1] + (rows - 1) / scale],
        ]
        section = with_image(section, np.rot90(pixels, -1).copy(), affine)
    else:
        section = section.with_images([SectionImage("H&E", lambda: pixels, scale, origin)])
    result = enhance(section, config=TWICE)
    save(result, tmp_path / "r.h5ad")
    save(result, tmp_path / "r.zarr", overwrite=True)
    write_section(section, tmp_path / "s.h5ad")
    paths = (tmp_path / "r.h5ad", tmp_path / "s.h5ad")
    written = [*map(ad.read_h5ad, paths), ad.read_zarr(tmp_path / "r.zarr"), result.to_anndata()]
    for adata in written:
        record = library(adata)
        assert max(record["images"]["hires"].shape) <= 2000
        assert record["images"]["hires"].dtype == np.uint8
        assert darkness(record, np.asarray(adata.obsm["spatial"])[: section.n_spots]).min() > 0.5
        between = (xy[0] + xy[np.argsort(np.linalg.norm(xy - xy[0], axis=1))[1]]) / 2
        assert darkness(record, between[None])[0] < 0.5


@pytest.mark.parametrize("lattice", ["hex", "square"])
def test_sites_are_as_wide_as_their_distance_allows(lattice: Any) -> None:
    known = simulate_section(120, 20, seed=4, lattice=lattice)
    width = library(known.adata)["scalefactors"]["spot_diameter_fullres"]
    for section, expected in ((known, width), (bare(lattice), bare(lattice).lattice.spacing)):
        for upscale in (1, 2):
            result = enhance(section, config=TWICE.model_copy(update={"upscale": upscale}))
            factors = library(result.to_anndata())["scalefactors"]
            assert factors["spot_diameter_fullres"] == pytest.approx(expected / upscale)


def test_cells_are_as_wide_as_they_are_apart() -> None:
    made = bare().adata
    made.obsm["spatial"] = np.random.default_rng(0).uniform(-400, 900, (made.n_obs, 2))
    section = Section.from_anndata(made[:, :].copy())
    assert section.lattice.kind == "irregular"
    factors = library(enhance(section, config=TWICE).to_anndata())["scalefactors"]
    assert factors["spot_diameter_fullres"] == pytest.approx(section.lattice.spacing / 2)


@pytest.mark.parametrize("lattice", ["hex", "square"])
def test_without_an_image_there_is_a_sheet_that_is_none(tmp_path: Path, lattice: Any) -> None:
    section = bare(lattice)
    result = enhance(section, config=TWICE)
    save(result, tmp_path / "r.h5ad")
    write_section(section, tmp_path / "s.h5ad")
    for name in ("r.h5ad", "s.h5ad"):
        adata = ad.read_h5ad(tmp_path / name)
        sheet = library(adata)["images"]["hires"]
        assert (sheet == 255).all()
        scale = library(adata)["scalefactors"]["tissue_hires_scalef"]
        assert (np.asarray(adata.obsm["spatial"]).max(0) * scale < sheet.shape[1::-1]).all()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StentransWarning)  # one of them is a result
            assert Section.from_anndata(adata).images == ()
    back = read_section(tmp_path / "s.h5ad")
    assert back.images == ()
    assert back.um_per_px is None  # what is drawn says nothing about micrometres
    assert back.digest == section.digest


@pytest.mark.parametrize("most", [900, 30])
def test_fluorescence_can_be_seen(most: int) -> None:
    kind = np.uint16 if most > 255 else np.uint8
    pixels = np.zeros((200, 300), kind)
    pixels[50:100, 60:90] = most
    section = bare().with_images([SectionImage("DAPI", lambda: pixels, 0.05)])
    hires = library(enhance(section, config=TWICE).to_anndata())["images"]["hires"]
    assert hires.shape == (200, 300, 3)
    assert hires[75, 75].tolist() == [255] * 3
    assert hires[10, 10].tolist() == [0] * 3


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (np.full((9, 9, 3), 0.5, np.float32), 127),
        (np.full((9, 9), 200, np.uint8), 200),
        (np.full((9, 9, 4), (0, 0, 0, 0), np.uint8), 255),  # wholly transparent
        (np.full((9, 9), True), 255),
    ],
)
def test_colours_of_any_kind_become_bytes(pixels: NDArray[Any], expected: int) -> None:
    section = bare().with_images([SectionImage("H&E", lambda: pixels, 0.001)])
    hires = library(enhance(section, config=TWICE).to_anndata())["images"]["hires"]
    assert hires.shape == (9, 9, 3)
    assert (hires == expected).all()


def unreadable() -> NDArray[Any]:
    raise ReadError("cut off")


def test_an_image_that_cannot_be_read_takes_no_result_with_it(tmp_path: Path) -> None:
    green = np.full((80, 90, 3), (0, 200, 0), np.uint8)
    broken = SectionImage("hires", unreadable, 0.2)
    section = bare().with_images([broken, SectionImage("other", lambda: green, 0.1)])
    result = enhance(section, config=TWICE)
    with pytest.warns(StentransWarning, match="'hires' is left out: cut off"):
        save(result, tmp_path / "r.h5ad")
    record = library(ad.read_h5ad(tmp_path / "r.h5ad"))
    np.testing.assert_array_equal(record["images"]["hires"], green)
    assert record["scalefactors"]["tissue_hires_scalef"] == pytest.approx(0.1)


def test_images_are_read_only_where_they_are_written(tmp_path: Path) -> None:
    section = bare().with_images([SectionImage("hires", unreadable, 0.2)])
    result = enhance(section, config=TWICE)
    assert library(result.to_anndata(images=False))["images"] == {}  # else the test gets a warning
    for name in ("r.csv", "r.ome.tif"):
        save(result, tmp_path / name, overwrite=True)


def test_hires_and_lowres_are_those_of_the_run() -> None:
    fine, middle, low = (np.full((n, n, 3), n % 251, np.uint8) for n in (3000, 1000, 300))
    names, scales = ("fullres", "hires", "lowres"), (1.0, 1 / 3, 0.1)
    images = [
        SectionImage(name, lambda pixels=pixels: pixels, scale)
        for name, pixels, scale in zip(names, (fine, middle, low), scales, strict=True)
    ]
    record = library(enhance(bare().with_images(images), config=TWICE).to_anndata())
    np.testing.assert_array_equal(record["images"]["hires"], middle)
    np.testing.assert_array_equal(record["images"]["lowres"], low)
    factors = record["scalefactors"]
    assert factors["tissue_hires_scalef"] == pytest.approx(1 / 3)
    assert factors["tissue_lowres_scalef"] == pytest.approx(0.1)


def test_provenance_has_no_categories_that_are_not_there() -> None:
    section = bare()
    lost = np.arange(section.n_spots) < 5

    def found(result: Enhancement) -> list[str]:
        return list(result.to_anndata(images=False).obs["provenance"].cat.categories)

    once = EnhanceConfig(method="nearest", upscale=1)
    assert found(enhance(section, config=once)) == ["measured"]
    assert found(enhance(section, lost, once)) == ["measured", "lost"]
    assert found(enhance(section, lost, TWICE)) == ["measured", "lost", "between"]
