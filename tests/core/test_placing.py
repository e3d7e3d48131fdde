"""Pictures that no file places: the same image laid by hand shows the same as by a file."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import PIL.Image
import pytest
import tifffile
from same_numbers import assert_same_numbers
from scipy import ndimage

from napari_stentrans import EnhanceConfig, Section, enhance, read_section, with_image
from napari_stentrans.cli import main
from napari_stentrans.credible import components
from napari_stentrans.errors import ConfigError, ReadError, SectionError, StentransWarning
from napari_stentrans.export import save, write_section
from napari_stentrans.placing import drawing, guess, picture_of
from napari_stentrans.progress import drain
from napari_stentrans.record_facts import PlacedImage
from napari_stentrans.script import as_command, as_python
from napari_stentrans.session import read_session, write_session
from napari_stentrans.session_facts import SessionFacts
from napari_stentrans.simulate import simulate_section
from napari_stentrans.tissue import tissue_on_raster, uncovered_sites
from napari_stentrans.tissue_image import tissue_words


@pytest.fixture(scope="module")
def whole() -> Section:
    return simulate_section(300, 60, seed=2, artefacts=False)


@pytest.fixture(scope="module")
def bare(whole: Section) -> Section:
    return whole.with_images(())


@pytest.fixture(scope="module")
def pixels(whole: Section) -> np.ndarray:
    return np.asarray(whole.images[0].data)[..., :3]


def plain(scale: float, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    """Affine of a picture with a scale; its pixel (0, 0) stands at ``shift`` of the image's."""
    side = 1 / scale
    return np.array(
        [[side, 0, (shift[0] + 0.5) * side - 0.5], [0, side, (shift[1] + 0.5) * side - 0.5]]
    )


def through(outer: np.ndarray, inner: list[list[float]]) -> np.ndarray:
    return outer @ np.vstack([inner, (0, 0, 1)])


def shown(section: Section) -> np.ndarray:
    words = drain(tissue_words(section))
    assert words is not None
    return words.at(section.xy)


def same_as(section: Section, whole: Section, least: float) -> None:
    """Assert that an image shows the same tissue, and tells the same of the spots."""
    assert (tissue_on_raster(section) == tissue_on_raster(whole)).mean() > least
    told, known = components(shown(section)), components(shown(whole))
    for at in range(3):
        assert abs(np.corrcoef(told[:, at], known[:, at])[0, 1]) > least


def test_an_image_laid_by_its_known_scale_tells_just_the_same(whole, bare, pixels, tmp_path):
    path = tmp_path / "he.png"
    PIL.Image.fromarray(pixels).save(path)
    scale = whole.images[0].scale
    for laid in (
        with_image(bare, path, scale=scale),
        with_image(bare, str(path), plain(scale)),
        with_image(bare, pixels, np.vstack([plain(scale), (0, 0, 1)])),
    ):
        assert laid.images[0].scale == pytest.approx(scale)
        np.testing.assert_allclose(laid.images[0].origin, 0, atol=1e-9)
        np.testing.assert_array_equal(laid.images[0].data, pixels)
    np.testing.assert_array_equal(shown(laid), shown(whole))
    np.testing.assert_array_equal(tissue_on_raster(laid), tissue_on_raster(whole))
    np.testing.assert_array_equal(uncovered_sites(laid), uncovered_sites(whole))
    assert not bare.images


def test_a_part_of_a_slide_lies_where_it_was_cut_out(whole, bare, pixels):
    scale = whole.images[0].scale
    cut = pixels[60:, 90:]
    laid = with_image(bare, cut, plain(scale, (90, 60)))
    np.testing.assert_allclose(laid.images[0].origin, np.array([90, 60]) / scale)
    assert (tissue_on_raster(laid) == tissue_on_raster(whole)).mean() > 0.99


TURNS = {
    "turned left": (np.rot90, lambda c, r: [[0, -1, c - 1], [1, 0, 0]]),
    "upside down": (lambda p: p[::-1, ::-1], lambda c, r: [[-1, 0, c - 1], [0, -1, r - 1]]),
    "mirrored": (np.fliplr, lambda c, r: [[-1, 0, c - 1], [0, 1, 0]]),
}


@pytest.mark.parametrize("how", list(TURNS))
def test_turned_and_mirrored_pictures_are_drawn_back(whole, bare, pixels, how):
    change, back = TURNS[how]
    rows, columns = pixels.shape[:2]
    affine = through(plain(whole.images[0].scale), back(columns, rows))
    laid = with_image(bare, change(pixels), affine)
    np.testing.assert_array_equal(laid.images[0].data, pixels)
    assert (tissue_on_raster(laid) == tissue_on_raster(whole)).mean() > 0.9999


def test_a_picture_at_an_angle_is_drawn_upright(whole, bare, pixels):
    laid = at_an_angle(whole, bare, pixels)
    image = laid.images[0]
    assert image.scale == pytest.approx(whole.images[0].scale)
    assert image.origin != (0, 0)
    same_as(laid, whole, 0.95)


def at_an_angle(whole, bare, pixels):
    """The section with its picture, which was scanned at 30 degrees."""
    rows, columns = pixels.shape[:2]
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn, side = np.array([[cos, -sin], [sin, cos]]), int(1.4 * max(rows, columns))
    shift = np.array([columns, rows]) / 2 - turn @ np.full(2, side / 2)
    planes = [
        ndimage.affine_transform(
            pixels[..., i],
            turn[::-1, ::-1],
            shift[::-1],
            output_shape=(side, side),
            order=1,
            cval=pixels[0, 0, i],
        )
        for i in range(3)
    ]
    affine = through(plain(whole.images[0].scale), np.column_stack([turn, shift]).tolist())
    return with_image(bare, np.stack(planes, -1), affine)


def test_what_is_drawn_stays_small_and_is_read_from_coarser_levels(
    whole, bare, pixels, tmp_path, monkeypatch
):
    path = tmp_path / "slide.tif"
    turned = np.ascontiguousarray(np.rot90(pixels))
    with tifffile.TiffWriter(path) as tiff:
        options = {"photometric": "rgb", "tile": (128, 128)}
        tiff.write(turned, subifds=1, **options)
        half = np.asarray(PIL.Image.fromarray(turned).reduce(2))
        tiff.write(half, subfiletype=1, **options)
    monkeypatch.setattr("napari_stentrans.io.tiff.IN_MEMORY", 1000)
    monkeypatch.setattr(drawing, "MOST_PIXELS", 60_000)
    monkeypatch.setattr(drawing, "TILE", 100)
    back = TURNS["turned left"][1](pixels.shape[1], pixels.shape[0])
    laid = with_image(bare, path, through(plain(whole.images[0].scale), back))
    assert len(laid.images[0].placed.original.levels) > 1
    rows, columns = laid.images[0].shape[:2]
    assert 50_000 < rows * columns < 61_000
    assert (tissue_on_raster(laid) == tissue_on_raster(whole)).mean() > 0.98


@pytest.mark.parametrize("how", ["grey", "16 bits", "transparent"])
def test_pictures_of_other_kinds_are_drawn(whole, bare, pixels, how):
    grey = pixels.mean(2).astype(np.uint8)
    made = {
        "grey": grey,
        "16 bits": grey.astype(np.uint16) * 16,
        "transparent": np.dstack([pixels, np.full_like(grey, 255)]),
    }[how]
    affine = through(plain(whole.images[0].scale), TURNS["mirrored"][1](grey.shape[1], 0))
    laid = with_image(bare, np.fliplr(made), affine)
    wanted = pixels if how == "transparent" else made
    np.testing.assert_array_equal(laid.images[0].data, wanted)
    assert laid.images[0].data.dtype == wanted.dtype


# ---- the first guess


def test_the_tissue_is_guessed_below_the_spots(whole, bare, pixels):
    slide = np.pad(pixels, ((80, 200), (300, 40), (0, 0)), mode="edge")[::2, ::2]
    guessed = guess(bare, picture_of(slide))
    wanted = 2 / whole.images[0].scale
    np.testing.assert_allclose(guessed[:, :2], wanted * np.eye(2), atol=0.1 * wanted)
    middle = np.array(pixels.shape[1::-1]) / 2
    on_slide = np.add(middle, (300, 80)) / 2
    where = guessed[:, :2] @ on_slide + guessed[:, 2]
    assert np.abs(where - middle / whole.images[0].scale).max() < 2 * whole.lattice.spacing
    laid = with_image(bare, slide)
    assert (tissue_on_raster(laid) == tissue_on_raster(whole)).mean() > 0.85


def test_the_spots_own_pixels_are_known_again(bare, pixels):
    fullres = np.zeros((np.ceil(bare.xy.max(0)) + 200).astype(int)[::-1], np.uint8)
    np.testing.assert_array_equal(guess(bare, picture_of(fullres)), np.eye(3)[:2])


def test_a_blank_picture_is_laid_as_a_whole(bare):
    guessed = guess(bare, picture_of(np.full((80, 120, 3), 240, np.uint8)))
    corners = guessed[:, :2] @ np.array([[-0.5, -0.5], [119.5, 79.5]]).T + guessed[:, 2:]
    np.testing.assert_allclose(corners.mean(1), (bare.xy.min(0) + bare.xy.max(0)) / 2)
    assert (corners[:, 1] > corners[:, 0]).all()


# ---- what cannot be used is told


def test_what_cannot_be_used_is_told(bare, pixels, tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("no picture")
    with pytest.raises(ReadError, match="PNG, JPEG or TIFF"):
        with_image(bare, text)
    with pytest.raises(ReadError, match="cannot be read"):
        with_image(bare, tmp_path / "nothing.jpg")
    with pytest.raises(SectionError, match="too few"):
        with_image(bare, pixels[:4])
    with pytest.raises(SectionError, match="Save a single plane"):
        with_image(bare, np.zeros((9, 9, 9, 9)))
    with pytest.raises(SectionError, match="affine or scale"):
        with_image(bare, pixels, plain(1), scale=1)
    with pytest.raises(SectionError, match="scale above 0"):
        with_image(bare, pixels, scale=0)
    with pytest.raises(SectionError, match=r"shape \(2, 3\)"):
        with_image(bare, pixels, np.eye(2))
    with pytest.raises(SectionError, match="makes a line"):
        with_image(bare, pixels, [[1, 1, 0], [1, 1, 0]])
    with pytest.raises(SectionError, match="No spot lies on the picture"):
        with_image(bare, pixels, [[1, 0, -9e6], [0, 1, 0]])


# ---- files, records and sessions


def test_written_sections_keep_an_image_that_begins_elsewhere(whole, bare, pixels, tmp_path):
    laid = with_image(bare, pixels[60:, 90:], plain(whole.images[0].scale, (90, 60)))
    again = read_section(write_section(laid, tmp_path / "laid.h5ad"))
    assert again.images[0].origin == (0, 0)
    assert (tissue_on_raster(again) == tissue_on_raster(whole)).mean() > 0.99
    before = with_image(bare, np.pad(pixels, ((40, 0), (30, 0), (0, 0)), mode="edge"),
                        plain(whole.images[0].scale, (-30, -40)))  # fmt: skip
    again = read_section(write_section(before, tmp_path / "before.h5ad"))
    assert (tissue_on_raster(again) == tissue_on_raster(whole)).mean() > 0.99


def test_what_h5ad_cannot_hold_is_told(bare, pixels, tmp_path):
    adata = bare.adata.copy()
    adata.obsm["spatial"] = bare.xy - bare.xy.mean(0)
    section = Section.from_anndata(ad.AnnData(adata.X, obs=adata.obs, obsm=dict(adata.obsm)))
    laid = with_image(section, pixels)
    assert min(laid.images[0].origin) < 0
    with pytest.warns(StentransWarning, match="negative positions"):
        write_section(laid, tmp_path / "laid.h5ad")


@pytest.mark.formats
def test_spatialdata_keeps_where_the_image_begins(whole, bare, pixels, tmp_path):
    pytest.importorskip("spatialdata")
    laid = with_image(bare, pixels[60:, 90:], plain(whole.images[0].scale, (90, 60)))
    result = enhance(laid, None, EnhanceConfig(method="nearest", genes=(bare.genes[0],)))
    path = save(result, tmp_path / "laid.sdata.zarr")[0]
    from spatialdata import read_zarr
    from spatialdata.transformations import get_transformation

    (image,) = read_zarr(path).images.values()
    affine = get_transformation(image, "global").to_affine_matrix(("x", "y"), ("x", "y"))
    np.testing.assert_allclose(affine[:2, 2], np.array([90, 60]) / whole.images[0].scale)


def test_runs_are_repeated_with_the_picture(whole, bare, pixels, tmp_path):
    source, picture = tmp_path / "bare.h5ad", tmp_path / "he.png"
    write_section(bare, source)
    PIL.Image.fromarray(np.fliplr(pixels)).save(picture)
    affine = through(plain(whole.images[0].scale), TURNS["mirrored"][1](pixels.shape[1], 0))
    laid = with_image(read_section(source), picture, affine)
    result = enhance(laid, None, EnhanceConfig(method="kriging"))
    gene = str(bare.genes[0])
    record = result.record
    assert record.image_placed == PlacedImage.of(laid)
    assert "image_gain" in record.findings
    script = as_python(record).replace("enhanced.h5ad", str(tmp_path / "enhanced.h5ad"))
    found: dict = {}
    exec(script, found)
    assert_same_numbers(found["result"].gene(gene).mean, result.gene(gene).mean)
    with pytest.raises(ConfigError, match="laid below the spots"):
        as_command(record)
    saved = tmp_path / "run.json"
    saved.write_text(record.model_dump_json())
    output = tmp_path / "repeated.h5ad"
    assert main(["enhance", "--record", str(saved), "-o", str(output)]) == 0
    repeated = json.loads(ad.read_h5ad(output).uns["stentrans"]["record"])
    assert repeated["findings"] == record.findings
    of_layer = record.model_copy(
        update={"image_placed": PlacedImage(path=None, affine=record.image_placed.affine)}
    )
    with pytest.raises(ConfigError, match="layer of napari"):
        as_python(of_layer)
    saved.write_text(of_layer.model_dump_json())
    assert main(["enhance", "--record", str(saved), "-o", str(tmp_path / "b.h5ad")]) == 1


def test_sessions_find_the_picture_after_the_folder_moved(bare, pixels, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    PIL.Image.fromarray(pixels).save(folder / "he.png")
    write_section(bare, folder / "bare.h5ad")
    laid = with_image(read_section(folder / "bare.h5ad"), folder / "he.png")
    facts = SessionFacts(
        source=str(laid.source), image=PlacedImage.of(laid), digest=laid.digest, gene="Gene3"
    )
    write_session(folder / "a.stentrans", facts, None, [])
    assert read_session(folder / "a.stentrans").image == facts.image
    folder.rename(tmp_path / "elsewhere")
    moved = read_session(tmp_path / "elsewhere" / "a.stentrans").image
    assert picture_of(Path(moved.path)).shape == pixels.shape
    assert moved.affine == facts.image.affine
