"""Tissue in the image, and what of it no spot covers."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pytest

from napari_stentrans.errors import SectionError
from napari_stentrans.section import Section, SectionImage
from napari_stentrans.simulate import simulate_section
from napari_stentrans.tissue import tissue_on_raster, uncovered_sites


def without(section: Section, gone) -> Section:
    """The section as if some spots had not been captured."""
    adata = ad.AnnData(
        section.counts[~gone],
        section.adata.obs[~gone],
        section.adata.var,
        uns={"spatial": section.adata.uns["spatial"]},
        obsm={"spatial": section.xy[~gone]},
    )
    return Section.from_anndata(adata)


@pytest.fixture(scope="module", params=["hex", "square"])
def whole(request):
    return simulate_section(300, 30, lattice=request.param, artefacts=False)


def test_spots_that_were_not_captured_are_found(whole):
    units = (whole.xy - whole.xy.mean(0)) / whole.lattice.spacing
    gone = np.linalg.norm(units, axis=1) < 2.6
    section = without(whole, gone)
    sites = uncovered_sites(section)
    apart = np.linalg.norm(sites[:, None] - whole.xy[None], axis=2) / whole.lattice.spacing
    assert (apart[:, gone].min(0) < 0.05).all()
    assert apart[:, ~gone].min() > 0.9
    at_rim = apart.min(1) > 0.5
    assert at_rim.sum() < 0.1 * whole.n_spots  # the organ reaches a little beyond its spots


def test_most_spots_lie_on_tissue_and_the_glass_does_not(whole):
    tissue = tissue_on_raster(whole)
    on_spots = whole.raster.index >= 0
    assert tissue[on_spots].mean() > 0.9
    corners = tissue[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert not corners.any()


@pytest.mark.parametrize("how", ["grey", "dark field", "four channels", "16 bits"])
def test_images_of_other_kinds(whole, how):
    pixels = np.asarray(whole.images[0].data)
    grey = pixels[..., :3].mean(2).astype(np.uint8)
    made = {
        "grey": grey,
        "dark field": 255 - grey,
        "four channels": np.dstack([pixels[..., :3], np.full_like(grey, 255)]),
        "16 bits": pixels[..., :3].astype(np.uint16) * 200,
    }[how]
    image = SectionImage("other", lambda: made, whole.images[0].scale)
    same = tissue_on_raster(replace(whole, images=(image,))) == tissue_on_raster(whole)
    assert same.mean() > 0.9


def test_specks_apart_from_the_spots_are_no_tissue(whole):
    pixels = np.array(whole.images[0].data)
    pixels[:12, :12, :3] = (160, 60, 120)
    image = SectionImage("dusty", lambda: pixels, whole.images[0].scale)
    dusty = uncovered_sites(replace(whole, images=(image,)))
    np.testing.assert_array_equal(dusty, uncovered_sites(whole))


def test_without_an_image_or_contrast_it_is_told(whole):
    with pytest.raises(SectionError, match="no image"):
        uncovered_sites(replace(whole, images=()))
    seen = whole.images[0]
    blank = SectionImage("blank", lambda: np.full(seen.shape, 240, np.uint8), seen.scale)
    with pytest.raises(SectionError, match="does not stand out"):
        uncovered_sites(replace(whole, images=(blank,)))
