"""The image of a section is that of its own library of uns["spatial"], or none."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from napari_stentrans.errors import StentransWarning
from napari_stentrans.io import read_section
from napari_stentrans.section import Section

if TYPE_CHECKING:
    from pathlib import Path

XY = np.array([(10.0 * x + 5, 10.0 * y + 5) for x in range(8) for y in range(7)])


def sample(value: str, **obs: object) -> ad.AnnData:
    counts = np.random.default_rng(0).poisson(3.0, (len(XY), 3)).astype(np.float32)
    names = [f"{value}_{i}" for i in range(len(XY))]
    frame = pd.DataFrame({"sample": value, **obs}, index=names)
    return ad.AnnData(sp.csr_matrix(counts), frame, obsm={"spatial": XY.copy()})


def library(grey: int, side: int = 100) -> dict:
    pixels = np.full((side, side, 3), grey, np.uint8)
    factors = {"tissue_hires_scalef": 1.0, "spot_diameter_fullres": 5.5}
    return {"images": {"hires": pixels}, "scalefactors": factors}


def table(samples: list[str], libraries: list[str], sides: list[int] | None = None) -> ad.AnnData:
    """Stacked samples; the image of the first library has grey 10, of the next 20, ..."""
    adata = ad.concat([sample(name) for name in samples])
    sides = sides or [100] * len(libraries)
    adata.uns["spatial"] = {
        name: library(10 * (at + 1), side)
        for at, (name, side) in enumerate(zip(libraries, sides, strict=True))
    }
    return adata


def save(adata: ad.AnnData, folder: Path) -> Path:
    adata.write_h5ad(folder / "brain.h5ad")
    return folder / "brain.h5ad"


NAMES = {
    "within": (["C6", "C7"], ["V1_C6_A", "V1_C7_B"]),
    "case": (["ctrl", "Ko"], ["CTRL", "KO"]),
    "longer": (["mouse_ctrl_1", "mouse_ko_1"], ["ctrl", "ko"]),
    "numbers": (["1", "2"], ["sample1", "sample2"]),
    "with zeros": (["1", "10"], ["slide_01", "slide_10"]),
    "decimal": (["1.0", "2.0"], ["1", "2"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_that_are_alike(tmp_path: Path, case: str) -> None:
    samples, libraries = NAMES[case]
    path = save(table(samples, libraries), tmp_path)
    for at, name in enumerate(samples):
        with pytest.warns(StentransWarning, match=f"library '{libraries[at]}' .* by its name"):
            section = read_section(path, {"section": name})
        assert [image.data.mean() for image in section.images] == [10 * (at + 1)]


@pytest.mark.parametrize("case", NAMES)
def test_one_sample_and_the_libraries_of_all(tmp_path: Path, case: str) -> None:
    samples, libraries = NAMES[case]
    adata = table(samples, libraries)
    one = adata[adata.obs["sample"] == samples[1]].copy()
    with pytest.warns(StentransWarning, match=f"library '{libraries[1]}'"):
        section = read_section(save(one, tmp_path))
    assert [image.data.mean() for image in section.images] == [20]
    with pytest.warns(StentransWarning, match=f"library '{libraries[1]}'"):
        direct = Section.from_anndata(one)
    assert [image.data.mean() for image in direct.images] == [20]


def test_another_column_names_the_library(tmp_path: Path) -> None:
    adata = table(["C6", "C7"], ["one", "two"])
    adata.obs["where"] = np.repeat(["two", "one"], len(XY))
    section = read_section(save(adata, tmp_path), {"section": "two"})
    assert [image.data.mean() for image in section.images] == [20]
    adata.obs["cut"] = np.repeat(["a", "b"], len(XY))
    one = adata[adata.obs["cut"] == "a"].copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error", StentransWarning)
        section = read_section(save(one, tmp_path))
    assert [image.data.mean() for image in section.images] == [20]


@pytest.mark.parametrize("libraries", [["x", "y"], ["slide_1", "slide_10"], ["both_C6_C7"]])
def test_names_that_tell_nothing(tmp_path: Path, libraries: list[str]) -> None:
    path = save(table(["C6", "C7"], libraries), tmp_path)
    with pytest.warns(StentransWarning, match="no image is taken"):
        section = read_section(path, {"section": "C7"})
    assert section.images == ()


def test_library_of_another_section_only(tmp_path: Path) -> None:
    path = save(table(["C6", "C7"], ["V1_C6_A"]), tmp_path)
    with pytest.warns(StentransWarning, match="no image is taken"):
        assert read_section(path, {"section": "C7"}).images == ()
    with pytest.warns(StentransWarning, match="V1_C6_A"):
        assert len(read_section(path, {"section": "C6"}).images) == 1


def test_the_only_image_that_the_spots_lie_on(tmp_path: Path) -> None:
    path = save(table(["C6", "C7"], ["x", "y"], [30, 100]), tmp_path)
    with pytest.warns(StentransWarning, match="library 'y' .* on whose image they lie"):
        section = read_section(path, {"section": "C7"})
    assert [image.data.mean() for image in section.images] == [20]


def test_one_library_under_another_name_is_said(tmp_path: Path) -> None:
    with pytest.warns(StentransWarning, match=r"library 'V1_C6_A' .*obs says 'C7'"):
        assert len(read_section(save(table(["C7"], ["V1_C6_A"]), tmp_path)).images) == 1


def test_regions_of_one_slide_share_its_image(tmp_path: Path) -> None:
    adata = table(["left", "right"], ["slide"])
    adata.obsm["spatial"][len(XY) :, 0] += 200
    adata.uns["spatial"]["slide"] = library(50, 400)
    path = save(adata, tmp_path)
    for name in ("left", "right"):
        with pytest.warns(StentransWarning, match=f"library 'slide' .*obs says '{name}'"):
            section = read_section(path, {"section": name})
        assert [image.data.mean() for image in section.images] == [50]
