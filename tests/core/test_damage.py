"""Damage is found where it is, and nowhere else."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from PIL import Image, ImageDraw

from napari_stentrans import find_damage, read_section, simulate_section
from napari_stentrans.section import Section, SectionImage

PENS = {"blue": (30, 60, 190), "green": (20, 120, 70), "black": (15, 15, 20)}


@pytest.fixture(scope="module", params=["hex", "square"])
def spoilt(request):
    """A section with a fold and a bubble."""
    return simulate_section(400, 200, lattice=request.param, seed=1)


@pytest.fixture(scope="module")
def whole():
    """A section without damage."""
    return simulate_section(400, 200, seed=1, artefacts=False)


def remade(section, counts, images=()):
    """The section with other counts (spot, gene)."""
    adata = ad.AnnData(
        sp.csr_matrix(counts, dtype=np.float32),
        obs=section.adata.obs[["array_row", "array_col"]],
        var=section.adata.var[[]],
        obsm={"spatial": section.xy},
    )
    return Section.from_anndata(adata, images=images, name="remade")


def disc(section, n=14):
    """The spots nearest to the middle."""
    away = np.linalg.norm(section.xy - section.xy.mean(0), axis=1)
    return away <= np.sort(away)[n - 1]


def test_bubble_and_fold_are_found_and_hardly_anything_else(spoilt):
    found = find_damage(spoilt)
    true = spoilt.adata.obs["artefact"].to_numpy()
    assert found.spots[true == "bubble"].mean() > 0.9
    assert found.spots[true == "fold"].mean() > 0.25
    assert (found.spots & (true == "none")).sum() <= 2
    assert set(found.counts()) <= {"few counts", "bubble", "fold"}
    assert f"{int(found.spots.sum())} spots look lost" in found.in_words()


def test_without_an_image_the_bubble_is_found_by_its_counts(spoilt):
    found = find_damage(spoilt, image=False)
    bubble = (spoilt.adata.obs["artefact"] == "bubble").to_numpy()
    assert found.spots[bubble].mean() > 0.9
    assert not found.spots[~bubble].any()
    assert not found.image.any()


def test_whole_tissue_is_left_alone(whole):
    found = find_damage(whole)
    assert not found
    assert found.in_words() == ""


def test_tissue_that_is_poor_in_counts_is_no_damage(whole):
    """White matter: six times fewer counts, or fewer still but with genes of its own."""
    poor = disc(whole, 40)
    rng = np.random.default_rng(0)
    counts = whole.counts.toarray().astype(int)
    counts[poor] = rng.binomial(counts[poor], 1 / 6)
    assert not find_damage(remade(whole, counts)).spots.any()
    counts = whole.counts.toarray().astype(int)
    counts[poor] = rng.binomial(counts[poor][:, rng.permutation(counts.shape[1])], 1 / 12)
    assert not find_damage(remade(whole, counts)).spots.any()


def test_spots_that_kept_a_thirtieth_of_their_counts_are_damage(whole):
    lost = disc(whole)
    counts = whole.counts.toarray().astype(int)
    counts[lost] = np.random.default_rng(0).binomial(counts[lost], 1 / 30)
    found = find_damage(remade(whole, counts))
    np.testing.assert_array_equal(found.spots, lost)
    assert found.counts() == {"few counts": 14}
    assert found.in_words() == "14 spots look lost (hardly any counts)"


def test_a_patch_without_counts_and_a_single_dead_spot_are_told_apart(whole):
    lost, dead = disc(whole, 7), int(np.linalg.norm(whole.xy, axis=1).argmax())
    counts = whole.counts.toarray()
    counts[lost] = 0
    counts[dead] = 0
    counts[dead, 3] = 1
    found = find_damage(remade(whole, counts))
    assert found.counts() == {"no counts": 7, "few counts": 1}
    assert found.reasons[dead] == "few counts"
    assert found.in_words() == "8 spots look lost (no counts 7, hardly any counts 1)"


def test_a_panel_that_counts_little_is_not_judged():
    """Where spots hold a few counts each, few of them say nothing."""
    section = simulate_section(400, 30, seed=1, depth=20, artefacts=False, image=False)
    counts = section.counts.toarray()
    counts[disc(section)] *= np.random.default_rng(0).random((14, 30)) < 0.2
    assert not find_damage(remade(section, counts)).spots.any()


@pytest.mark.parametrize("colour", PENS)
def test_ink_over_the_tissue_is_found(whole, colour):
    image = whole.images[0]
    drawn = Image.fromarray(image.data.copy())
    middle, spacing = whole.xy.mean(0) * image.scale, whole.lattice.spacing * image.scale
    ends = [tuple(middle + side * np.array([3, 1]) * spacing) for side in (-1, 1)]
    ImageDraw.Draw(drawn).line(ends, fill=PENS[colour], width=int(1.5 * spacing))
    pixels = np.asarray(drawn)
    found = find_damage(whole.with_images([SectionImage("pen", lambda: pixels, image.scale)]))
    assert set(found.counts()) == {"pen"}
    assert 5 <= found.spots.sum() <= 20
    away = np.abs((whole.xy - whole.xy.mean(0)) @ [-1, 3]) / np.hypot(1, 3)
    assert (away[found.spots] < 1.5 * whole.lattice.spacing).all()


def test_an_image_in_other_colours_is_not_taken_for_ink(whole):
    """A blue stain, fluorescence, shades of grey, or nothing at all."""
    image = whole.images[0]
    pixels = image.data
    blue = pixels.copy()
    blue[..., 0] = pixels[..., 1] // 2
    grey = pixels.mean(2).astype(np.uint8)
    for other in (blue, 255 - pixels, grey, np.zeros_like(pixels), np.full_like(pixels, 240)):
        section = whole.with_images([SectionImage("x", lambda other=other: other, image.scale)])
        assert not find_damage(section).spots.any()


def test_holes_are_sites_and_those_on_bare_glass_are_not(whole):
    hole = disc(whole, 5)
    image = whole.images[0]
    adata = whole.adata[~hole].copy()
    without = Section.from_anndata(adata, images=())
    found = find_damage(without)
    assert len(found.sites) == 5
    assert not found.spots.any()
    assert found.in_words() == "5 places inside have no spot"
    assert len(find_damage(Section.from_anndata(adata, images=whole.images)).sites) == 5
    pixels = image.data.copy()
    y, x = np.indices(pixels.shape[:2]) / image.scale
    middle = whole.xy[hole].mean(0)
    near = np.hypot(x - middle[0], y - middle[1]) < 2.5 * whole.lattice.spacing
    pixels[near] = pixels[:3, :3].reshape(-1, 3).mean(0)
    vessel = Section.from_anndata(
        adata, images=[SectionImage("hires", lambda: pixels, image.scale)]
    )
    assert not len(find_damage(vessel).sites)


def test_what_is_painted_is_taken_off(spoilt):
    found = find_damage(spoilt)
    left = found.without(found.spots)
    assert not left.spots.any()
    half = found.spots & (np.arange(spoilt.n_spots) % 2 == 0)
    assert int(found.without(half).spots.sum()) == int((found.spots & ~half).sum())


REAL = [
    *(f"legacy_st/{name}.tsv.gz" for name in ("A1", "B1", "C1", "C2", "C3", "G1", "G2", "G3")),
    "mouse_olfactory_bulb/MOB1.tsv.gz",
    "visium_mini",
    "visium_dg/visium_DG_expr.txt.gz",
    "serial_breast/slice1.csv.gz",
    "reference/visium_hippocampus/spots_counts.csv",
]


@pytest.mark.parametrize("name", REAL)
@pytest.mark.filterwarnings("ignore")
def test_real_tissue_is_left_alone_but_for_dead_spots(data_dir, name):
    """Spots of one to a hundred counts among spots of thousands are dead; nothing else is."""
    section = read_section(data_dir / name)
    small = all(np.prod(image.shape[:2]) < 20e6 for image in section.images)
    found = find_damage(section, image=small)
    assert set(found.counts()) <= {"few counts", "no counts"}
    assert found.spots.sum() <= 2
    assert (section.totals[found.spots] < 0.02 * section.median_total).all()
