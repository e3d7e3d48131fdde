from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_stentrans import (
    EnhanceConfig,
    Enhancement,
    RunRecord,
    Section,
    SectionImage,
    enhance,
    read_section,
    simulate_section,
)
from napari_stentrans.errors import GeneNotFound, ReadError, StentransWarning, WriteError
from napari_stentrans.export import (
    check_target,
    record_path,
    save,
    save_steps,
    write_h5ad,
    write_section,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("out.h5ad", "out.zarr", "out.ome.tif", "out.csv", "out.csv.gz")
CONFIG = EnhanceConfig(method="kriging", upscale=2, factors=5)


@pytest.fixture(scope="module")
def result() -> Enhancement:
    section = simulate_section(200, 300, seed=2)
    return enhance(section, np.arange(200) % 9 == 0, CONFIG)


def read(path: Path) -> ad.AnnData:
    return ad.read_zarr(path) if path.suffix == ".zarr" else ad.read_h5ad(path)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["out.h5ad", "out.zarr"])
def test_the_file_holds_what_to_anndata_gives(
    result: Enhancement, tmp_path: Path, name: str
) -> None:
    written = save(result, tmp_path / name)
    assert left(tmp_path) == sorted([name, "out.run.json"])
    assert written == [tmp_path / name, tmp_path / "out.run.json"]
    back, made = read(tmp_path / name), result.to_anndata()
    np.testing.assert_array_equal(back.X, made.X)
    for layer in ("counts", "std"):
        np.testing.assert_array_equal(back.layers[layer], made.layers[layer])
    pd.testing.assert_frame_equal(back.obs, made.obs)
    pd.testing.assert_frame_equal(back.var, made.var)
    np.testing.assert_array_equal(back.obsm["spatial"], made.obsm["spatial"])
    record = RunRecord.model_validate_json(back.uns["stentrans"]["record"])
    assert record == result.record == RunRecord.read(tmp_path / "out.run.json")
    said = back.uns["stentrans"]["note"]
    for words in ("estimates, not counts", "not for differential tests", "measured counts"):
        assert words in said


@pytest.mark.filterwarnings("ignore:.*are a result of this program")
def test_results_of_before_do_not_say_what_they_are_and_are_read(
    result: Enhancement, tmp_path: Path
) -> None:
    adata = result.to_anndata(["Gene9", "Gene2"])
    del adata.uns["stentrans"]["note"]
    adata.write_h5ad(tmp_path / "old.h5ad")
    section = read_section(tmp_path / "old.h5ad")
    assert list(section.genes) == ["Gene9", "Gene2"]
    assert list(section.adata.uns["stentrans"]) == ["record"]


@pytest.mark.parametrize("name", ["two.h5ad", "two.zarr"])
def test_some_genes_only(result: Enhancement, tmp_path: Path, name: str) -> None:
    save(result, tmp_path / name, genes=["Gene9", "Gene2", "Gene9"])
    back = read(tmp_path / name)
    assert list(back.var_names) == ["Gene9", "Gene2"]
    np.testing.assert_allclose(back.X[:, 0], result.gene("Gene9").mean, atol=1e-5)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
def test_a_table_of_genes(result: Enhancement, tmp_path: Path, name: str) -> None:
    save(result, tmp_path / name, genes=["Gene9", "Gene2"])
    table = pd.read_csv(tmp_path / name, index_col="site")
    assert list(table) == [
        *("x", "y", "provenance"),
        *("Gene9 mean", "Gene9 std", "Gene9 measurement std"),
        *("Gene2 mean", "Gene2 std", "Gene2 measurement std"),
    ]
    assert list(table.index) == list(result.sites.names)
    assert list(table["provenance"]) == list(result.provenance)
    np.testing.assert_allclose(table[["x", "y"]], result.sites.xy, rtol=1e-9)
    for gene in ("Gene9", "Gene2"):
        mean, std = result.gene(gene)
        np.testing.assert_allclose(table[f"{gene} mean"], mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(table[f"{gene} std"], std, rtol=1e-5)


@pytest.mark.parametrize("std", [False, True])
def test_maps_of_genes(result: Enhancement, tmp_path: Path, std: bool) -> None:
    save(result, tmp_path / "maps.ome.tif", genes=["Gene9", "Gene2"], std=std)
    with tifffile.TiffFile(tmp_path / "maps.ome.tif") as tiff:
        (series,) = tiff.series
        assert tiff.is_ome
        assert series.axes == "CYX"
        maps, ome = series.asarray(), tifffile.xml2dict(tiff.ome_metadata)["OME"]
    pixels = ome["Image"]["Pixels"]
    names = [channel["Name"] for channel in pixels["Channel"]]
    assert names == (
        ["Gene9", "Gene9 (std)", "Gene2", "Gene2 (std)"] if std else ["Gene9", "Gene2"]
    )
    drawn = [result.raster.draw(v) for g in ("Gene9", "Gene2") for v in result.gene(g)[: 1 + std]]
    np.testing.assert_array_equal(maps, np.stack(drawn))
    um = result.section.um_per_px
    for axis in (0, 1):
        name = "XY"[axis]
        assert pixels[f"PhysicalSize{name}"] == pytest.approx(result.raster.pixel * um)
        assert pixels[f"PhysicalSize{name}Unit"] == "µm"
        position = pixels["Plane"][0][f"Position{name}"]
        assert position == pytest.approx(result.raster.origin[axis] * um)


def test_large_maps_have_a_pyramid_and_units_of_pixels_where_no_other_is_known(
    tmp_path: Path,
) -> None:
    rows, columns = np.indices((190, 20))
    xy = 10.0 * np.column_stack([columns.ravel(), rows.ravel()])
    counts = np.random.default_rng(0).poisson(3, (len(xy), 3))
    adata = ad.AnnData(counts, var=pd.DataFrame(index=["Aéß", "B&<", "C"]), obsm={"spatial": xy})
    result = enhance(Section.from_anndata(adata), config=EnhanceConfig(method="nearest"))
    save(result, tmp_path / "maps.ome.tiff", genes=["Aéß", "B&<"])
    with tifffile.TiffFile(tmp_path / "maps.ome.tiff") as tiff:
        series = tiff.series[0]
        assert [level.shape for level in series.levels] == [
            (2, *result.raster.shape),
            (2, *(side // 2 for side in result.raster.shape)),
            (2, *(side // 4 for side in result.raster.shape)),
        ]
        levels = [level.asarray()[0] for level in series.levels]
        pixels = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
    assert [channel["Name"] for channel in pixels["Channel"]] == ["Aéß", "B&<"]
    assert pixels["PhysicalSizeXUnit"] == "pixel"
    assert pixels["PhysicalSizeX"] == pytest.approx(result.raster.pixel)
    for fine, coarse in pairwise(levels):  # NaN takes no part in means
        rows, columns = coarse.shape
        blocks = fine[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
        means = np.ma.masked_invalid(blocks).mean(axis=(1, 3)).filled(np.nan)
        np.testing.assert_allclose(coarse, means, rtol=1e-6)


def test_nothing_is_replaced_without_asking(result: Enhancement, tmp_path: Path) -> None:
    (tmp_path / "out.run.json").write_text("mine")
    with pytest.raises(WriteError, match=r"out\.run\.json would be replaced"):
        save(result, tmp_path / "out.h5ad")
    assert (tmp_path / "out.run.json").read_text() == "mine"
    save(result, tmp_path / "out.h5ad", overwrite=True)
    assert read(tmp_path / "out.h5ad").n_vars == 300


def test_a_store_takes_the_place_of_a_store_only(result: Enhancement, tmp_path: Path) -> None:
    path = tmp_path / "out.zarr"
    save(result, path)
    with pytest.raises(WriteError, match=r"out\.zarr and .*out\.run\.json would be replaced|zarr"):
        save(result, path)
    save(result, path, genes=["Gene2"], overwrite=True)
    assert read(path).n_vars == 1
    photos = tmp_path / "photos.zarr"
    photos.mkdir()
    (photos / "me.jpg").write_text("dear")
    with pytest.raises(WriteError, match="is a folder and no zarr store"):
        save(result, photos, overwrite=True)
    assert left(photos) == ["me.jpg"]
    file = tmp_path / "file.zarr"
    file.write_text("mine")
    with pytest.raises(WriteError, match="is a file, and a zarr store is a folder"):
        save(result, file, overwrite=True)
    folder = tmp_path / "folder.h5ad"
    folder.mkdir()
    with pytest.raises(WriteError, match="is a folder"):
        save(result, folder, overwrite=True)
    assert left(tmp_path) == ["file.zarr", "folder.h5ad", "out.run.json", "out.zarr", "photos.zarr"]


def test_several_formats_of_one_result_share_the_record(
    result: Enhancement, tmp_path: Path
) -> None:
    for name in NAMES:
        save(result, tmp_path / name, genes=["Gene2"])
    assert left(tmp_path) == sorted([*NAMES, "out.run.json"])
    assert {record_path(tmp_path / name) for name in NAMES} == {tmp_path / "out.run.json"}


@pytest.mark.parametrize("name", NAMES)
def test_a_cancelled_export_leaves_no_file(result: Enhancement, tmp_path: Path, name: str) -> None:
    steps = save_steps(result, tmp_path / name, genes=["Gene2", "Gene5"])
    step = next(steps)
    assert step.total
    assert list(tmp_path.iterdir())
    steps.close()
    assert left(tmp_path) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow beyond 1 kB."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_what_was_there(
    result: Enhancement, tmp_path: Path, name: str, overwrite: bool
) -> None:
    genes = [f"Gene{i}" for i in range(1, 101)]
    before = []
    if overwrite:
        save(result, tmp_path / name, genes=["Gene2"])
        before = [name, "out.run.json"]
    with pytest.raises(WriteError, match="could not be written"), full_disk():
        save(result, tmp_path / name, genes=genes, overwrite=True)
    assert left(tmp_path) == sorted(before)
    if overwrite and name in ("out.h5ad", "out.zarr"):
        assert list(read(tmp_path / name).var_names) == ["Gene2"]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_may_not_be_written_to(
    result: Enhancement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.mkdir", refuse)
    with pytest.raises(WriteError, match="may not be written to"):
        save(result, tmp_path / name, genes=["Gene2"])
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.txt", r"written as \.h5ad or \.zarr or"),
        ("out.tif", r"written as \.h5ad"),
        (".h5ad", "written as"),
        ("missing/out.h5ad", "does not exist"),
        ("out.csv", r"300 genes; \.csv files are for 256 at most"),
        ("out.ome.tif", r"300 genes; \.ome\.tif files are for 256 at most"),
    ],
)
def test_places_that_cannot_be(
    result: Enhancement, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(WriteError, match=message):
        save(result, tmp_path / name)
    assert left(tmp_path) == []


def test_choices_that_cannot_be(result: Enhancement, tmp_path: Path) -> None:
    with pytest.raises(GeneNotFound):
        save(result, tmp_path / "out.zarr", genes=["Nope"])
    with pytest.raises(WriteError, match="No gene was chosen"):
        save(result, tmp_path / "out.zarr", genes=[])
    with pytest.raises(WriteError, match="format must be one of h5ad"):
        save(result, tmp_path / "out.zarr", format="xls")
    assert left(tmp_path) == []


def test_spatialdata_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_stentrans.export.find_spec", lambda _: None)
    with pytest.raises(WriteError, match=r"needs the package spatialdata.*\[spatialdata\]"):
        check_target(tmp_path / "out.sdata.zarr", overwrite=False)
    with pytest.raises(WriteError, match="needs the package spatialdata"):
        check_target(tmp_path / "out.zarr", overwrite=False, format="spatialdata")


@pytest.mark.formats
def test_a_spatialdata_store(result: Enhancement, tmp_path: Path) -> None:
    spatialdata = pytest.importorskip("spatialdata", exc_type=ImportError)
    path = tmp_path / "out.sdata.zarr"
    save(result, path)
    assert left(tmp_path) == ["out.run.json", "out.sdata.zarr"]
    data, made = spatialdata.read_zarr(path), result.to_anndata()
    table, circles = data["table"], data["sites"]
    np.testing.assert_array_equal(table.X, made.X)
    np.testing.assert_array_equal(table.layers["counts"], made.layers["counts"])
    np.testing.assert_array_equal(table.obs["site"], circles.index)
    centres = np.column_stack([circles.geometry.x, circles.geometry.y])
    np.testing.assert_allclose(centres, result.sites.xy)
    assert set(data.coordinate_systems) == {"global", "micrometers"}
    image = result.section.images[0]
    to_um = spatialdata.transformations.get_transformation(data[image.name], "micrometers")
    matrix = to_um.to_affine_matrix(("x", "y"), ("x", "y"))
    assert matrix[0, 0] == pytest.approx(result.section.um_per_px / image.scale)
    steps = save_steps(result, tmp_path / "again.sdata.zarr")
    next(steps)
    steps.close()
    assert left(tmp_path) == ["out.run.json", "out.sdata.zarr"]


@pytest.mark.formats
@pytest.mark.parametrize("name", ["out.h5ad", "out.sdata.zarr"])
def test_a_result_opens_as_a_section(result: Enhancement, tmp_path: Path, name: str) -> None:
    if "sdata" in name:
        pytest.importorskip("spatialdata", exc_type=ImportError)
    large = np.zeros((900, 900, 3), np.uint8)
    section = replace(result.section, images=(SectionImage("H & E", lambda: large, 0.25),))
    save(replace(result, section=section), tmp_path / name)
    with pytest.warns(StentransWarning, match="result of this program"):
        back = read_section(tmp_path / name)
    assert list(back.adata.obs_names) == list(result.sites.names)
    assert list(back.genes) == list(result.genes)
    np.testing.assert_allclose(back.xy, result.sites.xy)
    assert back.lattice.kind == section.lattice.kind
    assert back.lattice.spacing == pytest.approx(section.lattice.spacing / 2)
    assert back.um_per_px == pytest.approx(section.um_per_px)
    if "sdata" in name:
        (image,) = back.images
        assert (image.name, image.scale, image.shape) == ("H_E", 0.25, large.shape)


def test_a_record_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read"):
        RunRecord.read(tmp_path / "none.json")
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(ReadError, match="not a run record"):
        RunRecord.read(tmp_path / "x.json")


WORDS = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=8
)


@st.composite
def made_sections(draw: st.DrawFn, lowest: int = 0) -> Section:
    """Small sections: any names and counts, spots missing, on a turned and stretched lattice."""
    rows, columns = draw(st.integers(4, 6)), draw(st.integers(4, 6))
    r, c = (a.ravel() for a in np.indices((rows, columns)))
    hexagonal = draw(st.booleans())
    rc = np.column_stack([r, 2 * c + r % 2] if hexagonal else [r, c])
    size, turn = draw(st.floats(0.5, 300)), draw(st.floats(-0.4, 0.4))
    step = np.array([(0, 3**0.5 / 2), (0.5, 0)] if hexagonal else [(0.0, 1), (1, 0)])
    rotation = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
    kept = np.sort(draw(st.permutations(range(len(rc))))[: len(rc) - draw(st.integers(0, 4))])
    xy = (rc @ (size * step @ rotation) + draw(st.integers(0, 5000)))[kept]
    n_genes = draw(st.integers(1, 4))
    numbers = st.integers(lowest, 2**20)
    counts = np.array(
        draw(st.lists(numbers, min_size=len(kept) * n_genes, max_size=len(kept) * n_genes))
    ).reshape(len(kept), n_genes)
    counts[0, 0] += 1
    spots = draw(st.lists(WORDS, min_size=len(kept), max_size=len(kept), unique=True))
    genes = draw(st.lists(WORDS, min_size=n_genes, max_size=n_genes, unique=True))
    obs = pd.DataFrame(rc[kept], index=spots, columns=["array_row", "array_col"])
    return Section.from_anndata(
        ad.AnnData(sp.csr_matrix(counts), obs, pd.DataFrame(index=genes), obsm={"spatial": xy})
    )


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(section=made_sections())
def test_a_section_comes_back_as_it_was(tmp_path: Path, section: Section) -> None:
    path = write_h5ad(section.adata, tmp_path / "section.h5ad", overwrite=True)
    back = read_section(path)
    assert back.digest == section.digest  # counts, names and positions
    assert back.lattice.kind == section.lattice.kind
    assert back.lattice.parity == section.lattice.parity
    np.testing.assert_allclose(back.lattice.basis, section.lattice.basis, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(
        back.adata.obs[["array_row", "array_col"]], section.adata.obs[["array_row", "array_col"]]
    )
    np.testing.assert_array_equal(back.raster.index, section.raster.index)


@pytest.mark.filterwarnings("ignore:.*lie on the image")  # of any size and scale
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    section=made_sections(),
    name=WORDS,
    um=st.none() | st.floats(0.01, 200),
    sides=st.sampled_from([(7, 9, 3), (40, 30), (2001, 3, 4), (30, 5000, 3)]),
    scale=st.floats(0.01, 4),
)
def test_scales_and_image_come_back_too(
    tmp_path: Path,
    section: Section,
    name: str,
    um: float | None,
    sides: tuple[int, ...],
    scale: float,
) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, sides, np.uint8)
    image = SectionImage("H&E", lambda: pixels, scale)
    section = replace(section, images=(image,), um_per_px=um, name=name)
    back = read_section(write_section(section, tmp_path / "section.h5ad", overwrite=True))
    assert back.digest == section.digest
    assert back.um_per_px == um
    (small,) = back.images
    assert max(small.shape) <= 2000
    if max(sides) <= 2000:
        assert small.scale == scale
        colours = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
        np.testing.assert_array_equal(small.data, colours)
    else:  # the same place on the section
        sizes = np.array(small.shape[:2]) / small.scale, np.array(sides[:2]) / scale
        assert (sizes[0] - sizes[1] >= -1e-6 / scale).all()
        assert (sizes[0] - sizes[1] < 1 / small.scale).all()


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(section=made_sections(lowest=1))
def test_results_of_any_section_come_back_in_every_format(tmp_path: Path, section: Section) -> None:
    result = enhance(section, config=EnhanceConfig(method="nearest"))
    made = result.to_anndata()
    for name in NAMES:
        save(result, tmp_path / name, overwrite=True)
        if name.startswith("out.csv"):
            table = pd.read_csv(
                tmp_path / name, index_col="site", keep_default_na=False, na_values={}
            )
            assert [str(n) for n in table.index] == list(made.obs_names)
            means = table[[f"{gene} mean" for gene in made.var_names]]
            np.testing.assert_allclose(means.astype(float), made.X, rtol=1e-5)
        elif name == "out.ome.tif":
            maps = tifffile.imread(tmp_path / name).reshape(-1, *result.raster.shape)
            for values, gene in zip(maps, result.genes, strict=True):
                np.testing.assert_array_equal(values, result.raster.draw(result.gene(gene).mean))
        else:
            back = read(tmp_path / name)
            assert list(back.obs_names) == list(made.obs_names)
            assert list(back.var_names) == list(made.var_names)
            np.testing.assert_array_equal(back.X, made.X)
            np.testing.assert_array_equal(back.obsm["spatial"], made.obsm["spatial"])
