"""Images: large ones stay in their file, several channels become colours, damage is said."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_stentrans.errors import ReadError
from napari_stentrans.io import images, tiff
from napari_stentrans.io.images import image_size, lazy_image, read_pixels
from napari_stentrans.io.levels import reduced

if TYPE_CHECKING:
    from pathlib import Path

ROWS, COLUMNS = 301, 423
PIECES: list[Any] = [
    np.s_[:],
    np.s_[10:20, 30:90],
    np.s_[250:, 400:, :2],
    np.s_[::3, 5:300:7],
    np.s_[-1],
    np.s_[17, 29],
    np.s_[..., 1],
    np.s_[40:30],
    np.s_[10, ..., 1],
]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small images are large ones, so that the tests are fast."""
    monkeypatch.setattr(tiff, "IN_MEMORY", 1000)
    monkeypatch.setattr("napari_stentrans.io.levels.SMALLEST_LEVEL", 60)
    monkeypatch.setattr("napari_stentrans.io.levels.OVERVIEW", 10_000)


def picture(*shape: int, dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """Smooth colours with a little noise: no two places are alike."""
    rows, columns = np.indices(shape[:2])
    colours = [(rows / 2 + 20 * c + columns / (3 + c)) % 250 for c in range(shape[2])]
    noise = np.random.default_rng(seed).integers(0, 5, shape)
    return (np.stack(colours, axis=-1) + noise).astype(dtype)


def encoded(pixels: np.ndarray, tile: tuple[int, int], **options: Any) -> list[bytes]:
    """Tiles of an image as JPEG files."""
    found = []
    for top in range(0, pixels.shape[0], tile[0]):
        for left in range(0, pixels.shape[1], tile[1]):
            part = np.zeros((*tile, 3), np.uint8)
            cut = pixels[top : top + tile[0], left : left + tile[1]]
            part[: cut.shape[0], : cut.shape[1]] = cut
            file = io.BytesIO()
            Image.fromarray(part).save(file, "JPEG", quality=95, **options)
            found.append(file.getvalue())
    return found


def write(path: Path, kind: str) -> np.ndarray:
    """Write a TIFF of some kind; the pixels that are to be seen."""
    pixels = picture(ROWS, COLUMNS, 3)
    if kind == "plain":
        tifffile.imwrite(path, pixels, photometric="rgb")
    elif kind == "big endian":
        tifffile.imwrite(path, pixels, photometric="rgb", byteorder=">")
    elif kind == "big endian tiles":
        tifffile.imwrite(path, pixels.astype(">u2") * 257, photometric="rgb", byteorder=">",
                         tile=(64, 96), compression="zlib")  # fmt: skip
    elif kind == "planes of one strip":
        tifffile.imwrite(path, np.moveaxis(pixels, -1, 0), photometric="rgb",
                         planarconfig="separate")  # fmt: skip
    elif kind == "tiles":
        tifffile.imwrite(path, pixels, photometric="rgb", tile=(64, 96), compression="zlib")
    elif kind == "predictor":
        tifffile.imwrite(path, pixels, photometric="rgb", tile=(64, 96), compression="zlib",
                         predictor=True)  # fmt: skip
    elif kind in ("zstd", "webp", "jpeg2000"):
        lossless = (
            {} if kind == "zstd" else {"compressionargs": {"level": -1 if kind == "webp" else 0}}
        )
        tifffile.imwrite(
            path, pixels, photometric="rgb", tile=(64, 96), compression=kind, **lossless
        )
    elif kind == "planes":
        tifffile.imwrite(path, np.moveaxis(pixels, -1, 0), photometric="rgb",
                         planarconfig="separate", tile=(64, 96), compression="zlib")  # fmt: skip
    elif kind == "lzw strips":
        Image.fromarray(pixels).save(path, "TIFF", compression="tiff_lzw", tiffinfo={278: 40})
    elif kind == "jpeg tiles":
        tiles = encoded(pixels, (64, 96), subsampling=0)
        tifffile.imwrite(path, iter(tiles), shape=pixels.shape, dtype=np.uint8, tile=(64, 96),
                         photometric="rgb", compression="zlib")  # fmt: skip
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags[259].overwrite(7)  # JPEG, which tifffile does not write alone
            file.pages[0].tags[262].overwrite(6)
    elif kind == "sixteen bits":
        pixels16 = pixels.astype(np.uint16) * 257
        tifffile.imwrite(path, pixels16, photometric="rgb", tile=(64, 96), compression="zlib")
    return pixels


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "big endian",
        "big endian tiles",
        "planes of one strip",
        "tiles",
        "predictor",
        "zstd",
        "webp",
        "jpeg2000",
        "planes",
        "lzw strips",
        "jpeg tiles",
        "sixteen bits",
    ],
)
def test_pieces_of_large_tiffs(tmp_path: Path, kind: str) -> None:
    pixels = write(tmp_path / "big image.tif", kind)
    image = lazy_image(tmp_path / "big image.tif", "fullres")
    finest = image.levels[0]
    assert not isinstance(finest, np.ndarray)
    assert (finest.shape, finest.dtype, finest.ndim) == (pixels.shape, np.uint8, 3)
    assert image.shape == pixels.shape
    for outside in (np.s_[ROWS], np.s_[-ROWS - 1], np.s_[3, COLUMNS]):
        with pytest.raises(IndexError, match="out of range"):
            _ = finest[outside]
    within = 20 if "jpeg" in kind else 0
    for piece in PIECES:
        shown, wanted = finest[piece], pixels[piece]
        assert shown.shape == wanted.shape
        np.testing.assert_allclose(shown.astype(int), wanted.astype(int), atol=within)
    np.testing.assert_allclose(image.data.astype(int), pixels.astype(int), atol=within)
    sizes = [level.shape[:2] for level in image.levels]
    assert sizes[1:] == [(76, 106), (38, 53)]
    means = pixels[:300, :420].reshape(75, 4, 105, 4, 3).mean((1, 3))
    np.testing.assert_allclose(image.levels[1][:75, :105], means, atol=within + 1)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("how", ["ome", "pages"])
def test_levels_of_the_file_are_taken(tmp_path: Path, how: str) -> None:
    pixels = picture(ROWS, COLUMNS, 3)
    half, quarter = pixels[::2, ::2], pixels[::4, ::4]
    path = tmp_path / ("slide.ome.tif" if how == "ome" else "slide.tif")
    options: dict[str, Any] = {"photometric": "rgb", "tile": (64, 64), "compression": "zlib"}
    with tifffile.TiffWriter(path, ome=how == "ome") as file:
        if how == "ome":
            file.write(pixels, subifds=2, metadata={"axes": "YXS"}, **options)
            file.write(half, subfiletype=1, **options)
            file.write(quarter, subfiletype=1, **options)
        else:
            for level in (pixels, half, quarter):
                file.write(level, metadata=None, **options)
    levels = lazy_image(path, "fullres").levels
    assert [lv.shape[0] for lv in levels] == [ROWS, 151, 76, 38]
    for level, wanted in zip(levels, (pixels, half, quarter), strict=False):
        np.testing.assert_array_equal(level[:], wanted)
    np.testing.assert_array_equal(levels[3], reduced(quarter, 2))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("channels", [2, 3, 5])
def test_channels_become_colours(
    tmp_path: Path, channels: int, large: bool, request: pytest.FixtureRequest
) -> None:
    if large:
        request.getfixturevalue("small_limits")
    stack = np.moveaxis(picture(ROWS, COLUMNS, channels, dtype="uint16"), -1, 0) * 100
    path = tmp_path / "if.ome.tif"
    tifffile.imwrite(path, stack, metadata={"axes": "CYX"}, tile=(64, 64), compression="zlib")
    image = lazy_image(path, "fullres")
    assert image.shape == (ROWS, COLUMNS, 3)
    assert image.data.dtype == np.uint8
    assert len(image.levels) == (3 if large else 1)
    for channel in range(min(channels, 3)):
        shown = image.data[..., channel].ravel().astype(float)
        assert np.corrcoef(shown, stack[channel].ravel())[0, 1] > 0.99
        assert shown.min() == 0
        assert shown.max() == 255
    if channels == 2:
        assert not image.data[..., 2].any()
    everything = read_pixels(path)
    np.testing.assert_array_equal(everything, np.moveaxis(stack, 0, -1) if channels == 3 else stack)


def test_three_channels_of_bytes_keep_their_colours(tmp_path: Path) -> None:
    pixels = picture(ROWS, COLUMNS, 3) // 2
    path = tmp_path / "he.ome.tif"
    tifffile.imwrite(path, np.moveaxis(pixels, -1, 0), metadata={"axes": "CYX"},
                     photometric="minisblack")  # fmt: skip
    np.testing.assert_array_equal(lazy_image(path, "fullres").data, pixels)


@pytest.mark.usefixtures("small_limits")
def test_grey_keeps_its_numbers(tmp_path: Path) -> None:
    pixels = picture(ROWS, COLUMNS, 1, dtype="uint16")[..., 0] * 100
    tifffile.imwrite(tmp_path / "grey.tif", pixels, tile=(32, 32), compression="zlib")
    image = lazy_image(tmp_path / "grey.tif", "fullres")
    assert image.levels[0].dtype == np.uint16
    np.testing.assert_array_equal(image.data, pixels)
    np.testing.assert_array_equal(image.levels[1], pixels[::4, ::4])


def test_small_tiffs_are_read_as_they_are(tmp_path: Path) -> None:
    pixels = picture(40, 50, 3, dtype="uint16")
    tifffile.imwrite(tmp_path / "small.tif", pixels, photometric="rgb")
    (level,) = lazy_image(tmp_path / "small.tif", "hires").levels
    assert level.dtype == np.uint16
    np.testing.assert_array_equal(level, pixels)


@pytest.mark.parametrize(
    ("axes", "shape"), [("ZYX", (4, 30, 40)), ("TCYX", (4, 2, 30, 40)), ("CYXS", (4, 30, 40, 3))]
)
def test_stacks_are_refused(tmp_path: Path, axes: str, shape: tuple[int, ...]) -> None:
    kind = "rgb" if axes == "CYXS" else "minisblack"
    tifffile.imwrite(tmp_path / "z.ome.tif", np.ones(shape, np.uint8), photometric=kind,
                     metadata={"axes": axes})  # fmt: skip
    with pytest.raises(ReadError, match=r"z\.ome\.tif' .*stack of images"):
        _ = lazy_image(tmp_path / "z.ome.tif", "fullres").levels


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("kind", ["plain", "tiles", "lzw strips", "jpeg tiles"])
@pytest.mark.parametrize("share", [0.0, 0.0005, 0.2, 0.5, 0.95])
def test_truncated_tiffs(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / "cut.tif"
    write(path, kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReadError, match=r"cut\.tif' cannot be read"):
        _ = lazy_image(path, "fullres").data


@pytest.mark.usefixtures("small_limits")
def test_garbage_in_a_tile(tmp_path: Path) -> None:
    path = tmp_path / "bad.tif"
    write(path, "jpeg tiles")
    with tifffile.TiffFile(path) as file:
        start, length = file.pages[0].dataoffsets[8], file.pages[0].databytecounts[8]
    whole = bytearray(path.read_bytes())
    whole[start : start + length] = b"\x77" * length
    path.write_bytes(whole)
    with pytest.raises(ReadError, match=r"bad\.tif' cannot be read: Not a JPEG"):
        _ = lazy_image(path, "fullres").levels


@pytest.mark.usefixtures("small_limits")
def test_strips_that_do_not_fit_into_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = picture(ROWS, COLUMNS, 3)
    tifffile.imwrite(tmp_path / "strip.tif", pixels, photometric="rgb", compression="zlib",
                     rowsperstrip=ROWS)  # fmt: skip
    np.testing.assert_array_equal(lazy_image(tmp_path / "strip.tif", "fullres").data, pixels)
    monkeypatch.setattr(tiff, "LARGEST_SEGMENT", pixels.nbytes - 1)
    with pytest.raises(ReadError, match="save it with tiles"):
        _ = lazy_image(tmp_path / "strip.tif", "fullres").levels


@pytest.mark.parametrize(("limit", "factor"), [(ROWS * COLUMNS, 1), (40_000, 2), (2_000, 8)])
def test_large_jpegs_are_decoded_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, factor: int
) -> None:
    pixels = picture(ROWS, COLUMNS, 3)
    Image.fromarray(pixels).save(tmp_path / "slide.jpg", quality=95)
    monkeypatch.setattr(images, "MOST_PIXELS", limit)
    image = lazy_image(tmp_path / "slide.jpg", "fullres", 0.5)
    assert image.scale == 0.5 / factor
    assert image.shape == (-(-ROWS // factor), -(-COLUMNS // factor), 3)
    wanted = reduced(pixels, factor)
    assert np.corrcoef(image.data.ravel(), wanted.ravel())[0, 1] > 0.95


def test_large_pngs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(picture(ROWS, COLUMNS, 3)).save(tmp_path / "slide.png")
    monkeypatch.setattr(images, "MOST_PIXELS", 10_000)
    with pytest.raises(ReadError, match=r"423 x 301 pixels do not fit into memory.*TIFF"):
        _ = lazy_image(tmp_path / "slide.png", "fullres").data


def test_twenty_thousand_pixels_square(tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    size = 20_000
    tifffile.imwrite(path, shape=(size, size), dtype=np.uint8, photometric="minisblack")
    mapped = tifffile.memmap(path)
    mapped[5000:5100, 15_000:15_100] = 200
    mapped.flush()
    del mapped
    image = lazy_image(path, "fullres")
    assert image_size(path) == image.shape == (size, size)
    assert not isinstance(image.levels[0], np.ndarray)
    in_memory = [level for level in image.levels if isinstance(level, np.ndarray)]
    assert sum(level.nbytes for level in in_memory) < 50_000_000
    assert max(image.levels[-1].shape) <= 1024
    assert image.levels[0][5050, 15_050] == 200
    for level in in_memory:
        rows, columns = (np.array([5050, 15_050]) * level.shape / size).astype(int)
        assert level[rows, columns] > 100
