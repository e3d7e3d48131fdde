"""Images are optional: one that cannot be read is left out, and spots beside it are counted."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import tifffile
from PIL import Image
from small_files import annotated, spaceranger, xenium

from napari_stentrans.cli import main
from napari_stentrans.config import EnhanceConfig
from napari_stentrans.errors import StentransWarning
from napari_stentrans.image_fit import spots_on_images
from napari_stentrans.io import read_section
from napari_stentrans.pipeline import enhance
from napari_stentrans.placing import with_image
from napari_stentrans.section import Section, SectionImage
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path

HIRES, LOWRES = "spatial/tissue_hires_image.png", "spatial/tissue_lowres_image.png"
SCALES = "spatial/scalefactors_json.json"


def cut(path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (150, 150, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("../../elsewhere/he.png")


def of_other_kind(path: Path) -> None:
    path.write_text("<html>not here</html>\n" * 40)


BROKEN = {
    "dead link": (dead_link, "a link to a file that is not there"),
    "text of a link": (lambda p: p.write_text("../raw/he_hires.png"), "a link that was copied"),
    "pointer": (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\n"), "Git LFS"),
    "cut off": (cut, "damaged or cut off"),
    "empty": (lambda p: p.write_bytes(b""), "the file is empty"),
    "page": (of_other_kind, "no PNG, JPEG or TIFF"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_next_whole_image_is_taken(tmp_path: Path, how: str) -> None:
    folder = spaceranger(tmp_path / "brain")
    breaks, words = BROKEN[how]
    breaks(folder / HIRES)
    with pytest.warns(StentransWarning, match=f"tissue_hires_image.png is left out: .*{words}"):
        section = read_section(folder)
    assert [image.name for image in section.images] == ["lowres"]
    assert section.images[0].data.shape == (30, 30, 3)
    breaks(folder / LOWRES)
    with (
        pytest.warns(StentransWarning, match=r"tissue_hires_image.png is left out"),
        pytest.warns(StentransWarning, match=r"tissue_lowres_image.png is left out"),
    ):
        assert read_section(folder).images == ()


@pytest.mark.parametrize("kind", ["tiled.tif", "strips.tif", "plain.jpg"])
def test_cut_off_full_resolution(tmp_path: Path, kind: str) -> None:
    folder = spaceranger(tmp_path / "brain")
    pixels = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    path = folder / "spatial" / f"fullres_{kind}"
    if kind == "plain.jpg":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels, tile=(64, 64) if "tiled" in kind else None)
    assert read_section(folder).images[0].name == "fullres"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(StentransWarning, match=f"{path.name} is left out"):
        assert [image.name for image in read_section(folder).images] == ["hires", "lowres"]


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"tissue_hires', "\x00\x01", "null"])
def test_scale_factors_are_optional(tmp_path: Path, text: str) -> None:
    folder = spaceranger(tmp_path / "brain")
    (folder / SCALES).write_text(text)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", StentransWarning)
        section = read_section(folder)
    assert section.images == ()
    notes = " ".join(str(warning.message) for warning in found)
    assert "Scales are not known" in notes
    assert notes.count("does not give its scale") == 2


def test_found_late() -> None:
    """A file that is cut off in its compressed pixels is found when these are wanted."""

    def fails(*_: object) -> np.ndarray:
        raise OSError("broken data stream")

    small = simulate_section(n_spots=60, n_genes=30)
    pixels = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    scale = 390 / small.xy.max()
    bad = SectionImage("hires", fails, scale * 2, header=(800, 800))
    good = SectionImage("lowres", partial(np.asarray, pixels), scale)
    config = EnhanceConfig(method="kriging", genes=tuple(small.genes[:2]), image="auto")
    with pytest.warns(StentransWarning, match="'hires' is left out: it cannot be read: broken"):
        found = enhance(small.with_images((bad, good)), config=config)
    assert {"image_used", "image_blank"} & found.record.findings.keys()
    with pytest.warns(StentransWarning, match="'hires' is left out"):
        found = enhance(small.with_images((bad,)), config=config)
    assert "cannot be read" in found.record.evidence_in_words


class TestSpotsBeside:
    """Spots that do not lie on the image are counted and said."""

    @staticmethod
    def crop(folder: Path, share: float) -> Path:
        for name in (HIRES, LOWRES):
            with Image.open(folder / name) as image:
                side = round(image.width * share)
                part = image.crop((0, 0, side, side))
            part.save(folder / name)
        return folder

    def test_none(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = self.crop(spaceranger(tmp_path / "brain"), 0.3)
        with pytest.warns(StentransWarning, match="0 of 40 spots lie on the images hires, lowres"):
            section = read_section(folder)
        config = EnhanceConfig(method="kriging", genes=("Actb",))
        words = enhance(section, config=config).record.evidence_in_words
        assert words == "The tissue image was not used: no spot lies on it, or it cannot be read."
        assert main(["info", str(folder)]) == 0
        assert "0 of 40" in capsys.readouterr().out
        assert main(["info", str(folder), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["spots_on_image"] == 0

    def test_some(self, tmp_path: Path) -> None:
        folder = self.crop(spaceranger(tmp_path / "brain"), 0.6)
        with pytest.warns(StentransWarning, match=r"\d+ of 40 spots lie on the image"):
            section = read_section(folder)
        inside = (section.xy <= 180).all(1).sum()
        assert spots_on_images(section) == inside
        assert 0 < inside < 40

    @pytest.mark.parametrize(
        ("change", "hint"),
        [
            (lambda f: f.update(tissue_hires_scalef=0.1, tissue_lowres_scalef=0.5), "scale of"),
            (lambda f: f.update(tissue_hires_scalef=5.0, tissue_lowres_scalef=5.0), "scale of 1"),
        ],
    )
    def test_explained(self, tmp_path: Path, change: object, hint: str) -> None:
        folder = spaceranger(tmp_path / "brain")
        for name, side in ((HIRES, 300), (LOWRES, 60)):
            Image.new("RGB", (side, side), (200, 150, 180)).save(folder / name)
        factors = json.loads((folder / SCALES).read_text())
        change(factors)
        (folder / SCALES).write_text(json.dumps(factors))
        with pytest.warns(StentransWarning, match=f"They would lie on it .*{hint}"):
            read_section(folder)

    def test_image_that_fits_comes_first(self, tmp_path: Path) -> None:
        folder = spaceranger(tmp_path / "brain")
        Image.new("RGB", (20, 20)).save(folder / HIRES)
        with pytest.warns(StentransWarning, match="0 of 40 spots lie on the image hires"):
            section = read_section(folder)
        assert [image.name for image in section.images] == ["lowres", "hires"]

    def test_laid_picture(self, tmp_path: Path) -> None:
        section = replace(read_section(spaceranger(tmp_path / "brain")), images=())
        with pytest.warns(StentransWarning, match=r"\d+ of 40 spots lie on the image"):
            with_image(section, np.full((160, 160, 3), 200, np.uint8), scale=1.0)

    def test_all(self, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
        section = read_section(spaceranger(tmp_path / "brain"))
        assert spots_on_images(section) == 40
        assert not [w for w in recwarn if issubclass(w.category, StentransWarning)]


XENIUM = {
    "image cut off": ("morphology_focus.ome.tif", lambda data: data[: len(data) // 2]),
    "image empty": ("morphology_focus.ome.tif", lambda _: b""),
    "image of text": ("morphology_focus.ome.tif", lambda _: b"../morphology.ome.tif"),
    "record cut off": ("experiment.xenium", lambda data: data[:4]),
    "record of a list": ("experiment.xenium", lambda _: b"[1]"),
}


@pytest.mark.parametrize("how", XENIUM)
def test_xenium_without_its_image(tmp_path: Path, how: str) -> None:
    folder = xenium(tmp_path / "brain", ".csv")
    (folder / "experiment.xenium").write_text('{"pixel_size": 2.0}')
    pixels = np.random.default_rng(0).integers(0, 999, (300, 300), np.uint16)
    tifffile.imwrite(folder / "morphology_focus.ome.tif", pixels)
    whole = read_section(folder)
    assert [image.name for image in whole.images] == ["morphology"]
    name, change = XENIUM[how]
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    with pytest.warns(StentransWarning, match="morphology image is left out"):
        section = read_section(folder)
    assert section.images == ()
    np.testing.assert_allclose(section.xy, whole.xy * 2)  # micrometres again
    assert section.um_per_px == 1.0


@pytest.mark.parametrize("images", [None, 3, {"hires": 7}, {"hires": np.array(["x"])}, {}])
@pytest.mark.parametrize("factors", [None, "none", {"tissue_hires_scalef": "big"}])
def test_library_of_other_content(tmp_path: Path, images: object, factors: object) -> None:
    adata = ad.read_h5ad(annotated(tmp_path / "a.h5ad"))
    record = {"images": images, "scalefactors": factors}
    adata.uns["spatial"] = {"slide": {k: v for k, v in record.items() if v is not None}}
    adata.write_h5ad(tmp_path / "a.h5ad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StentransWarning)
        assert read_section(tmp_path / "a.h5ad").images == ()
        assert Section.from_anndata(adata).n_spots == 40
