"""Alignment: a neighbouring section found again after a known transform."""

from __future__ import annotations

from functools import cache

import anndata as ad
import numpy as np
import pytest

from napari_stentrans import alignment
from napari_stentrans.alignment import (
    Alignment,
    align,
    by_hand,
    common_genes,
    from_landmarks,
    joint_factors,
)
from napari_stentrans.alignment.polish import Affine, changed, slope_of_numbers
from napari_stentrans.alignment.stains import stains_at
from napari_stentrans.errors import SectionError
from napari_stentrans.progress import drain
from napari_stentrans.section import Section, SectionImage
from napari_stentrans.simulate import simulate_section


@cache
def tissue() -> Section:
    return simulate_section(500, 150, seed=3, artefacts=False, image=False)


def halves(section: Section, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    counts = section.counts.toarray()
    first = np.random.default_rng(seed).binomial(counts.astype(int), 0.5)
    return first, counts - first


def section_of(counts: np.ndarray, xy: np.ndarray, genes: object) -> Section:
    adata = ad.AnnData(counts.astype(np.float32), obsm={"spatial": xy})
    adata.var_names = list(genes)
    adata.obs_names = [f"s{i}" for i in range(len(xy))]
    return Section.from_anndata(adata)


def moved_pair(matrix: np.ndarray, keep: np.ndarray | None = None) -> tuple[Section, Section]:
    """Two measurements of one tissue; the second lies elsewhere, where the matrix brings it."""
    whole = tissue()
    first, second = halves(whole)
    there = by_hand(matrix).onto(whole.xy)
    kept = np.ones(len(there), bool) if keep is None else keep
    return (
        section_of(first, whole.xy, whole.genes),
        section_of(second[kept], there[kept], whole.genes),
    )


def rigid(degrees: float, *, mirror: bool = False) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    matrix[:2, :2] = np.array([[c, -s], [s, c]]) @ np.diag([-1 if mirror else 1, 1])
    matrix[:2, 2] = 3000, -1000
    return matrix


def off(alignment: Alignment, matrix: np.ndarray, section: Section) -> float:
    """Median distance, in spacings, from where places of the section are to where they are said."""
    said = alignment.onto(by_hand(matrix).onto(section.xy))
    return float(np.median(np.linalg.norm(said - section.xy, axis=1)) / section.lattice.spacing)


@pytest.mark.parametrize(("degrees", "mirror"), [(130, False), (-55, True)])
def test_finds_a_turned_and_mirrored_section(degrees: float, mirror: bool) -> None:
    matrix = rigid(degrees, mirror=mirror)
    section, neighbour = moved_pair(matrix)
    found = align(section, neighbour)
    assert off(found, matrix, section) < 0.5
    assert found.mirrored is mirror
    assert found.agreement > 0.4
    assert found.by == "expression"
    assert np.allclose(found.back(found.onto(neighbour.xy)), neighbour.xy)


def test_finds_a_part_of_which_spots_were_lost_whatever_they_hold() -> None:
    """60% of the tissue, stretched by 10%; what is lost in either says nothing."""
    whole, matrix = tissue(), rigid(-20)
    matrix[:2, :2] = matrix[:2, :2] @ np.diag([1.1, 1.0])
    keep = whole.xy[:, 0] <= np.quantile(whole.xy[:, 0], 0.6)
    section, neighbour = moved_pair(matrix, keep)
    lost = np.linalg.norm(whole.xy - whole.xy[200], axis=1) < 3 * whole.lattice.spacing
    theirs = np.arange(neighbour.n_spots) % 7 == 0
    found = align(section, neighbour, lost=lost, neighbour_lost=theirs)
    assert off(found, matrix, section) < 0.5
    assert found.found
    shuffled = (spoilt(section, lost), spoilt(neighbour, theirs))
    again = align(*shuffled, lost=lost, neighbour_lost=theirs)
    assert np.array_equal(again.matrix, found.matrix)
    assert again.agreement == found.agreement


def spoilt(section: Section, spots: np.ndarray) -> Section:
    """The same with other counts at some spots, of the same median library size elsewhere."""
    counts = section.counts.toarray()
    counts[spots] = counts[spots][:, ::-1] + 5
    return section_of(counts, section.xy, section.genes)


def test_says_that_no_lay_of_a_stranger_stands_out() -> None:
    section, neighbour = moved_pair(rigid(40))
    counts = neighbour.counts.toarray()
    mixed = np.random.default_rng(0).permutation(len(counts))
    found = align(section, section_of(counts[mixed], neighbour.xy, neighbour.genes))
    assert not found.found
    assert found.agreement < 0.3
    assert found.in_words().startswith("does not agree")


def test_a_start_is_refined_nearby() -> None:
    matrix = rigid(25)
    section, neighbour = moved_pair(matrix)
    begun = np.linalg.inv(rigid(31))
    begun[:2, 2] += 60, -50
    begun = by_hand(begun)
    assert off(begun, matrix, section) > 1
    found = align(section, neighbour, start=begun)
    assert off(found, matrix, section) < 0.5
    assert found.found
    wrong = align(section, neighbour, start=by_hand(np.linalg.inv(rigid(205))))
    assert abs(np.cos(np.radians(wrong.turn + 205))) > 0.8  # it stays where a person put it
    assert wrong.agreement < found.agreement - 0.2


@pytest.mark.parametrize("p", [np.zeros(6), np.array([0.4, -0.3, 0.5, 0.2, 1, -2])])
def test_the_slope_of_a_score_is_that_of_its_differences(p: np.ndarray) -> None:
    """Of a score that is linear in the inverse map, as that of any is to first order."""
    rng = np.random.default_rng(0)
    start = Affine(np.eye(2) + 0.3 * rng.normal(size=(2, 2)), rng.normal(size=2))
    turning, moving = rng.normal(size=(2, 2)), rng.normal(size=2)

    def score(q: np.ndarray) -> float:
        affine = changed(start, q, 3.0)
        inverse = np.linalg.inv(affine.linear)
        return float((inverse * turning).sum() - inverse @ affine.shift @ moving)

    by_difference = [(score(p + h) - score(p - h)) / 2e-5 for h in 1e-5 * np.eye(6)]
    assert np.allclose(slope_of_numbers(start, p, 3.0, turning, moving), by_difference, atol=1e-6)


def test_bends_where_hidden_spots_say_that_it_pays() -> None:
    whole = tissue()
    first, second = halves(whole)
    part = (whole.xy - whole.xy.min(0)) / np.ptp(whole.xy, axis=0)
    wave = np.sin(2 * np.pi * part[:, ::-1]) * 1.5 * whole.lattice.spacing
    there = whole.xy + wave
    section = section_of(first, whole.xy, whole.genes)
    found = align(section, section_of(second, there, whole.genes))
    affine = by_hand(found.matrix)

    def apart(alignment: Alignment) -> float:
        return float(np.median(np.linalg.norm(alignment.onto(there) - whole.xy, axis=1)))

    assert found.field is not None
    assert apart(found) < 0.7 * apart(affine)
    assert np.allclose(found.back(found.onto(there)), there, atol=0.02 * whole.lattice.spacing)
    again = Alignment.from_json(found.to_json())
    assert np.allclose(again.onto(there), found.onto(there))
    assert "bent" in found.in_words()


def test_scale_and_gene_names_may_differ() -> None:
    """Ten times the pixels, other genes besides, ids in place of some names."""
    matrix = rigid(70)
    matrix[:2, :2] *= 10
    section, neighbour = moved_pair(matrix)
    names = [*neighbour.genes[:120], *(f"Other{i}" for i in range(30))]
    found = align(section, section_of(neighbour.counts.toarray(), neighbour.xy, names))
    assert off(found, matrix, section) < 0.5
    here, there = common_genes(section, neighbour)
    assert len(here) == len(there) == 150


def test_factors_of_a_neighbour_are_known_where_it_reaches() -> None:
    section, neighbour = moved_pair(np.eye(3), tissue().xy[:, 0] < np.median(tissue().xy[:, 0]))
    seen = np.ones(section.n_spots, bool)
    steps = joint_factors(section, neighbour, seen, np.ones(neighbour.n_spots, bool))
    joint = drain(steps)
    there = joint.neighbour.at(section.xy)
    far = section.xy[:, 0] > np.median(section.xy[:, 0]) + 2 * section.lattice.spacing
    assert np.isnan(there[far]).all()
    near = section.xy[:, 0] < np.median(section.xy[:, 0])
    best = int(joint.weights.argmax())
    assert np.corrcoef(there[near, best], joint.section.scores[near, best])[0, 1] > 0.6
    assert np.allclose(joint.own.of(section, seen), joint.section.scores, atol=1e-3)


def test_lost_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SectionError, match="each of the 500 spots"):
        align(tissue(), tissue(), lost=np.zeros(3, bool))
    with pytest.raises(SectionError, match="at least 20 are needed"):
        align(tissue(), tissue(), neighbour_lost=np.arange(500) > 10)


def test_landmarks_and_json() -> None:
    matrix = rigid(30)
    at = np.array([(0, 0), (100, 10), (40, 90.0)])
    for n in (2, 3):
        found = from_landmarks(by_hand(matrix).onto(at[:n]), at[:n])
        assert np.allclose(found.matrix, matrix)
    again = Alignment.from_json(found.to_json())
    assert np.array_equal(again.matrix, found.matrix)
    assert again.by == "hand"
    with pytest.raises(SectionError, match="one line"):
        from_landmarks(at, np.array([(0, 0), (1, 1), (2, 2)]))
    with pytest.raises(SectionError, match="two or more"):
        from_landmarks(at[:1], at[:1])


def test_too_few_genes_in_common_are_told() -> None:
    whole = tissue()
    other = section_of(whole.counts.toarray(), whole.xy, [f"X{i}" for i in range(150)])
    with pytest.raises(SectionError, match="0 genes in common; at least 50"):
        align(whole, other)


def mirrored_with_image(section, depth, seed=0):
    """The section and its image, both turned over, with so much of its counts."""
    adata, (image,) = section.adata.copy(), section.images
    pixels = image.data[:, ::-1].copy()
    wide = pixels.shape[1] / image.scale
    counts = adata.X.copy()
    counts.data = np.random.default_rng(seed).binomial(counts.data.astype(int), depth).astype(float)
    counts.eliminate_zeros()
    adata.X = counts
    adata.obsm["spatial"] = np.column_stack([wide - section.xy[:, 0], section.xy[:, 1]])
    turned = SectionImage("turned over", lambda: pixels, image.scale)
    back = np.array([[-1, 0, wide], [0, 1, 0], [0, 0, 1.0]])
    return Section.from_anndata(adata, images=[turned], name="turned over"), back


def test_images_tell_where_few_counts_do_not(monkeypatch):
    section = simulate_section(400, 300, seed=5, artefacts=False)
    other, truth = mirrored_with_image(section, 0.02)
    found = align(section, other)
    monkeypatch.setattr(alignment, "stains_at", lambda *_: None)
    by_counts = align(section, other)
    far = [off(one, truth, section) for one in (found, by_counts)]
    assert found.by == "image"
    assert by_counts.by == "expression"
    assert far[0] < 0.5 * far[1] < 0.5
    assert found.agreement >= by_counts.agreement


def test_an_image_of_one_section_alone_changes_nothing():
    section = simulate_section(400, 300, seed=5, artefacts=False)
    other, _ = mirrored_with_image(section, 0.5)
    assert stains_at(section, section.xy).shape == (section.n_spots, 3)
    assert stains_at(section.with_images(()), section.xy) is None
    plain = align(section, other.with_images(()))
    assert plain.by == "expression"
    np.testing.assert_allclose(plain.matrix, align(section.with_images(()), other).matrix)
