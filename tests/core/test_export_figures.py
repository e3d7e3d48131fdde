"""Figures of genes before and after."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_stentrans import EnhanceConfig, Enhancement, Section, enhance, simulate_section
from napari_stentrans.errors import GeneNotFound, WriteError
from napari_stentrans.export import save_figure
from napari_stentrans.export.colours import LOST_COLOUR, PROVENANCE_COLOURS
from napari_stentrans.export.figures import NEW_MEASUREMENT, UNCERTAINTY
from napari_stentrans.export.panels import GREY

if TYPE_CHECKING:
    from pathlib import Path

NEAREST = EnhanceConfig(method="nearest", upscale=2)


@pytest.fixture(scope="module")
def section() -> Section:
    return simulate_section(150, 40, seed=2)


@pytest.fixture(scope="module")
def result(section: Section) -> Enhancement:
    return enhance(section, np.arange(150) % 6 == 0, NEAREST)


def texts(path: Path) -> list[str]:
    tags = ET.parse(path).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(tag.itertext()) for tag in tags]


def share(path: Path, colour: str) -> float:
    """Share of the pixels of a PNG that have a colour."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    return float((pixels == list(bytes.fromhex(colour[1:]))).all(axis=2).mean())


def test_what_is_written_in_it(result: Enhancement, tmp_path: Path) -> None:
    save_figure(result, ["Gene2", "Gene7"], tmp_path / "f.svg", std=True, provenance=True)
    found = texts(tmp_path / "f.svg")
    assert {"measured", "enhanced", UNCERTAINTY, "where values come from"} <= set(found)
    assert [t for t in found if t.startswith("Gene")] == ["Gene2", "Gene7"]
    assert found.count("log-normalised") == 2
    assert found.count("nearest does not know it") == 2
    assert sum(t.endswith(("µm", " mm")) for t in found) == 2
    assert {"lost", "between"} <= set(found)
    assert any("nearest" in t and "25 lost" in t for t in found)


def frames(path: Path) -> list[np.ndarray]:
    """Corners (left, top, right, bottom) of the lines around each map."""
    found = []
    for group in ET.parse(path).iter("{http://www.w3.org/2000/svg}g"):
        lines = [
            np.array(re.findall(r"-?[\d.]+", line.get("d", "")), float).reshape(-1, 2)
            for line in group.findall("{*}g/{*}path")
            if "stroke-width: 0.5;" in line.get("style", "")
        ]
        if group.get("id", "").startswith("axes_") and len(lines) == 4:
            ends = np.concatenate(lines)
            found.append(np.concatenate([ends.min(0), ends.max(0)]))
    return found


def test_all_maps_of_a_row_have_the_same_frame(result: Enhancement, tmp_path: Path) -> None:
    save_figure(result, ["Gene2"], tmp_path / "f.svg", std=True, provenance=True)
    found = frames(tmp_path / "f.svg")
    assert len(found) == 4
    for left, top, right, bottom in found:
        assert [top, bottom] == pytest.approx(found[0][[1, 3]], abs=0.01)
        assert right - left == pytest.approx(found[0][2] - found[0][0], abs=0.01)


def test_uncertainty_has_a_colour_bar_of_its_own(section: Section, tmp_path: Path) -> None:
    made = enhance(section, config=EnhanceConfig(method="kriging", factors=3))
    older = replace(made, decoder=replace(made.decoder, measuring=None))
    save_figure(older, ["Gene2"], tmp_path / "f.svg", std=True)
    found = texts(tmp_path / "f.svg")
    assert found.count("standard deviation, log-normalised") == found.count(UNCERTAINTY) == 1
    assert NEW_MEASUREMENT not in found, "earlier versions did not know it"
    save_figure(made, ["Gene2", "Gene7"], tmp_path / "g.svg", std=True)
    found = texts(tmp_path / "g.svg")
    assert found.count("standard deviation, log-normalised") == 4
    assert found.count(UNCERTAINTY) == found.count(NEW_MEASUREMENT) == 1


def test_the_same_figure_is_the_same_file(result: Enhancement, tmp_path: Path) -> None:
    for ending, head in ((".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")):
        files = [tmp_path / f"{name}{ending}" for name in "ab"]
        for file in files:
            save_figure(result, ["Gene2"], file, dpi=50)
        first, second = (file.read_bytes() for file in files)
        assert first.startswith(head)
        assert first == second


def test_lost_spots_are_grey_and_hatched(section: Section, tmp_path: Path) -> None:
    shares = []
    for name, lost in (("none", np.zeros(150, bool)), ("some", np.arange(150) < 75)):
        path = tmp_path / f"{name}.png"
        save_figure(enhance(section, lost, NEAREST), ["Gene2"], path, dpi=100)
        shares.append(share(path, GREY))
    assert shares[0] < 0.001
    assert 0.02 < shares[1] < 0.25


def test_lost_spots_are_outlined_in_the_enhanced_map(section: Section, tmp_path: Path) -> None:
    for name, lost in (("none", np.zeros(150, bool)), ("some", np.arange(150) < 75)):
        save_figure(enhance(section, lost, NEAREST), ["Gene2"], tmp_path / f"{name}.svg")
    drawn = [(tmp_path / f"{name}.svg").read_text("utf-8") for name in ("none", "some")]
    assert [f"stroke: {LOST_COLOUR}" in text for text in drawn] == [False, True]


def test_provenance_in_its_colours_and_the_image_underneath(
    result: Enhancement, tmp_path: Path
) -> None:
    plain, more, image = (tmp_path / f"{name}.png" for name in ("plain", "more", "image"))
    save_figure(result, ["Gene2"], plain, dpi=100)
    save_figure(result, ["Gene2"], more, provenance=True, dpi=100)
    save_figure(result, ["Gene2"], image, image=True, dpi=100)
    for label in ("measured", "lost", "between"):
        outline = share(plain, PROVENANCE_COLOURS[label])
        assert outline < (0.01 if label == "lost" else 1e-4)
        assert share(more, PROVENANCE_COLOURS[label]) > outline + 0.005
    assert share(image, "#ffffff") < share(plain, "#ffffff") - 0.1


def test_any_names_and_no_known_scale(tmp_path: Path) -> None:
    rows, columns = np.indices((8, 8))
    xy = 10.0 * np.column_stack([columns.ravel(), rows.ravel()])
    counts = np.random.default_rng(0).poisson(3, (64, 3)) + 1
    genes = ["$x_$", "遺伝子", "<b>&"]
    adata = ad.AnnData(counts, var=pd.DataFrame(index=genes), obsm={"spatial": xy})
    adata.uns["spatial"] = {"a $ b $": {}}
    result = enhance(Section.from_anndata(adata), config=NEAREST)
    save_figure(result, genes, tmp_path / "f.svg")
    found = texts(tmp_path / "f.svg")
    assert set(genes) <= set(found)
    assert "20 px" in found
    assert any(text.startswith("a $ b $: nearest") for text in found)


def test_figures_that_cannot_be(
    result: Enhancement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WriteError, match=r"A figure is written as \.png or"):
        save_figure(result, ["Gene2"], tmp_path / "f.jpg")
    with pytest.raises(WriteError, match="1 to 20 genes, got 21"):
        save_figure(result, [f"Gene{i}" for i in range(1, 22)], tmp_path / "f.png")
    with pytest.raises(WriteError, match="1 to 20 genes, got 0"):
        save_figure(result, [], tmp_path / "f.png")
    with pytest.raises(GeneNotFound):
        save_figure(result, ["Nope"], tmp_path / "f.png")
    (tmp_path / "f.png").write_text("mine")
    with pytest.raises(WriteError, match="would be replaced"):
        save_figure(result, ["Gene2"], tmp_path / "f.png")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    with pytest.raises(WriteError, match=r"could not be written.*No space left"):
        save_figure(result, ["Gene2"], tmp_path / "f.png", overwrite=True)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("f.png", "mine")]
