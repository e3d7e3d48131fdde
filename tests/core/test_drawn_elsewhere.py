"""scanpy, squidpy and spatialdata-plot draw what is written here; see scripts/test-formats."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anndata as ad
import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_stentrans import (
    EnhanceConfig,
    Section,
    SectionImage,
    enhance,
    read_section,
    simulate_section,
)
from napari_stentrans.cli import main
from napari_stentrans.errors import ReadError, StentransWarning
from napari_stentrans.export import save, write_section
from napari_stentrans.placing import with_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_stentrans import Enhancement

pytestmark = [pytest.mark.formats, pytest.mark.filterwarnings("ignore")]

TWICE = EnhanceConfig(method="nearest", upscale=2)
GENE = "Gene2"
KINDS = ("hex", "square", "cells", "no image", "laid", "negative")


def load(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason="extra [formats] is not installed")


def section_of(kind: str) -> Section:
    """Small section with tissue in its image, or without one."""
    lattice: Any = "square" if kind == "square" else "hex"
    section = simulate_section(150, 12, seed=3, lattice=lattice)
    adata = section.adata.copy()
    if kind == "cells":
        adata.obs = adata.obs[[]]
        adata.obsm["spatial"] += np.random.default_rng(0).normal(0, 60, (adata.n_obs, 2))
    if kind in ("no image", "negative"):
        del adata.uns["spatial"]
    if kind == "negative":
        adata.obsm["spatial"] -= adata.obsm["spatial"].mean(0)
    if kind in ("cells", "no image", "negative"):
        return Section.from_anndata(adata)
    if kind == "laid":  # the same picture, turned, lies where it lay
        picture, scale = section.images[0].data, section.images[0].scale
        n = picture.shape[0]
        affine = [[0, 1 / scale, 0], [-1 / scale, 0, (n - 1) / scale]]
        return with_image(section, np.rot90(picture, -1).copy(), affine)
    return section


@pytest.fixture(scope="module")
def results() -> dict[str, Enhancement]:
    found = {}
    for kind in KINDS:
        section = section_of(kind)
        found[kind] = enhance(section, np.arange(section.n_spots) % 10 == 0, TWICE)
    return found


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Figure that a test draws; it is kept in the folder that STENTRANS_PICTURES names."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    if folder := os.environ.get("STENTRANS_PICTURES"):
        name = request.node.name.replace("/", "_").replace(" ", "_")
        plt.savefig(Path(folder) / f"{name}.png", dpi=80)
    plt.close("all")


def written(result: Enhancement, folder: Path, ending: str) -> ad.AnnData:
    save(result, folder / f"r{ending}")
    return ad.read_zarr(folder / "r.zarr") if ending == ".zarr" else ad.read_h5ad(folder / "r.h5ad")


def check_drawn(plt: Any, adata: ad.AnnData) -> None:
    """Every site is a circle, at its place on the image and as large as it should be, in view."""
    plt.gcf().canvas.draw()
    axes = plt.gcf().axes[0]
    (record,) = adata.uns["spatial"].values()
    factors = record["scalefactors"]
    scale = factors["tissue_hires_scalef"]
    (picture,), (circles,) = axes.images, axes.collections
    assert picture.get_array().shape[:2] == record["images"]["hires"].shape[:2]
    boxes = np.array([path.get_extents().bounds for path in circles.get_paths()])
    centres, places = boxes[:, :2] + boxes[:, 2:] / 2, np.asarray(adata.obsm["spatial"]) * scale
    assert len(centres) == len(places)
    away, _ = cKDTree(centres).query(places)  # they are drawn in an order of their own
    assert away.max() < 1e-3
    np.testing.assert_allclose(boxes[:, 2], factors["spot_diameter_fullres"] * scale, rtol=1e-3)
    for at, limits in zip(centres.T, (axes.get_xlim(), axes.get_ylim()), strict=True):
        assert min(limits) - 1 <= at.min()
        assert at.max() <= max(limits) + 1


def on_tissue(adata: ad.AnnData) -> float:
    """Share of the measured spots that lie on a pixel that is not of the background."""
    (record,) = adata.uns["spatial"].values()
    pixels = np.asarray(record["images"]["hires"], float)
    column, row = (
        np.rint(adata.obsm["spatial"] * record["scalefactors"]["tissue_hires_scalef"]).astype(int).T
    )
    background = np.median(np.concatenate([pixels[0], pixels[:, 0]]), axis=0)
    beside = np.abs(pixels[row, column] - background).max(1) > 15
    return float(beside[np.asarray(adata.obs["provenance"] != "between")].mean())


@pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
@pytest.mark.parametrize("kind", KINDS)
def test_scanpy_draws_a_result(
    results: dict[str, Enhancement], figure: Any, tmp_path: Path, kind: str, ending: str
) -> None:
    scanpy = load("scanpy")
    adata = written(results[kind], tmp_path, ending)
    scanpy.pl.spatial(adata, color=GENE, show=False)
    check_drawn(figure, adata)
    for options in ({"img_key": None}, {"bw": True}, {"library_id": "enhanced"}):
        scanpy.pl.spatial(adata, color="provenance", show=False, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_squidpy_draws_a_result(
    results: dict[str, Enhancement], figure: Any, tmp_path: Path, kind: str
) -> None:
    squidpy = load("squidpy")
    adata = written(results[kind], tmp_path, ".h5ad")
    for options in ({"img": False}, {"shape": None}, {"library_id": "enhanced"}):
        squidpy.pl.spatial_scatter(adata, color="provenance", **options)
        figure.close("all")
    squidpy.pl.spatial_scatter(adata, color=GENE)
    if kind != "negative":  # squidpy shows what lies on the image, and no image lies there
        check_drawn(figure, adata)


@pytest.mark.parametrize("kind", ["hex", "square", "laid"])
def test_spots_lie_on_the_tissue(
    results: dict[str, Enhancement], tmp_path: Path, kind: str
) -> None:
    assert on_tissue(written(results[kind], tmp_path, ".h5ad")) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_scanpy_compares_by_provenance(
    results: dict[str, Enhancement], tmp_path: Path, kind: str
) -> None:
    scanpy = load("scanpy")
    adata = written(results[kind], tmp_path, ".h5ad")
    scanpy.tl.rank_genes_groups(adata, "provenance")
    assert set(adata.uns["rank_genes_groups"]["names"].dtype.names) == {
        "measured",
        "lost",
        "between",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_spatialdata_plot_draws_a_result(
    results: dict[str, Enhancement], figure: Any, tmp_path: Path, kind: str
) -> None:
    spatialdata = load("spatialdata")
    load("spatialdata_plot")
    save(results[kind], tmp_path / "r.sdata.zarr")
    data = spatialdata.read_zarr(tmp_path / "r.sdata.zarr")
    drawn = data
    if data.images:
        drawn = drawn.pl.render_images(next(iter(data.images)))
    axes = figure.figure().add_subplot()
    drawn.pl.render_shapes("sites", color=GENE, table_name="table").pl.show(
        ax=axes, coordinate_systems="global"
    )
    assert len(axes.collections) == 1
    low, high = sorted(axes.get_xlim())
    x = results[kind].sites.xy[:, 0]
    assert (x >= low).all()
    assert (x <= high).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_is_read_back(results: dict[str, Enhancement], tmp_path: Path, kind: str) -> None:
    load("spatialdata")
    result = results[kind]
    save(result, tmp_path / "r.sdata.zarr")
    back = read_section(tmp_path / "r.sdata.zarr")
    assert list(back.adata.obs_names) == list(result.sites.names)
    assert list(back.genes) == list(result.genes)
    counts = result.to_anndata(images=False).layers["counts"]
    np.testing.assert_allclose(back.counts.toarray(), counts, rtol=1e-5)
    um = result.section.um_per_px
    if um is None:
        assert back.um_per_px is None
    else:  # positions follow an image that does not begin with them: sizes stay
        sizes = np.ptp(back.xy, axis=0) * back.um_per_px
        np.testing.assert_allclose(sizes, np.ptp(result.sites.xy, axis=0) * um, rtol=1e-6)
    assert len(back.images) == min(len(result.section.images), 1)
    for image, written in zip(back.images, result.section.images, strict=False):
        np.testing.assert_array_equal(image.data, written.data)
        on_image = (back.xy - image.origin) * image.scale
        expected = (result.sites.xy - written.origin) * written.scale
        np.testing.assert_allclose(on_image, expected, atol=1e-3)


def test_a_store_goes_without_an_image_that_cannot_be_read(
    results: dict[str, Enhancement], tmp_path: Path
) -> None:
    spatialdata = load("spatialdata")

    def unreadable() -> Any:
        raise ReadError("cut off")

    result = results["hex"]
    images = (SectionImage("hires", unreadable, 0.2), *result.section.images)
    with pytest.warns(StentransWarning, match="'hires' is left out: cut off"):
        save(result.of_section(result.section.with_images(images)), tmp_path / "r.sdata.zarr")
    assert len(spatialdata.read_zarr(tmp_path / "r.sdata.zarr").images) == 1


@pytest.mark.parametrize("made_by", ["write_section", "simulate"])
def test_sections_are_drawn(figure: Any, tmp_path: Path, made_by: str) -> None:
    scanpy, squidpy = load("scanpy"), load("squidpy")
    path = tmp_path / "s.h5ad"
    if made_by == "simulate":
        assert main(["simulate", "-o", str(path), "--spots", "150", "--genes", "12"]) == 0
    else:
        write_section(section_of("laid"), path)
    adata = ad.read_h5ad(path)
    squidpy.pl.spatial_scatter(adata, color=GENE)
    scanpy.pl.spatial(adata, color=GENE, show=False)
    check_drawn(figure, adata)


def test_the_examples_of_the_documentation(
    results: dict[str, Enhancement],
    figure: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("scanpy", "squidpy", "spatialdata", "spatialdata_plot"):
        load(name)
    save(results["hex"], tmp_path / "enhanced.h5ad")
    save(results["hex"], tmp_path / "enhanced.sdata.zarr", overwrite=True)
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "save.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.S | re.M)
    assert len(blocks) == 2
    for code in blocks:
        exec(compile(code, "docs/save.md", "exec"), {})
