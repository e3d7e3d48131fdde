"""Simulated sections: realistic counts, a truth that is known everywhere, a picture that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_stentrans.errors import ConfigError, GeneNotFound, SectionError
from napari_stentrans.section import Section
from napari_stentrans.simulate import (
    PROGRAMMES,
    simulate_section,
    true_expression,
    true_expression_at,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MARKERS = [f"Gene{i}" for i in range(1, len(PROGRAMMES) + 1)]


@pytest.fixture(scope="module")
def section() -> Section:
    """The default kind of section: hex, with artefacts and a picture."""
    return simulate_section(1500, 600, seed=1)


@pytest.fixture(scope="module")
def deep() -> Section:
    """Hardly any noise, no artefacts."""
    return simulate_section(800, 300, seed=2, depth=200_000, artefacts=False, image=False)


def _clean(section: Section) -> NDArray[np.bool_]:
    return np.asarray(section.adata.obs["artefact"] == "none")


def _of_artefact(section: Section, kind: str) -> NDArray[np.bool_]:
    return np.asarray(section.adata.obs["artefact"] == kind)


@pytest.mark.parametrize("lattice", ["hex", "square"])
@pytest.mark.parametrize(("n_spots", "n_genes"), [(50, 5), (51, 17), (777, 40), (4000, 6)])
def test_has_what_was_asked_for(lattice: str, n_spots: int, n_genes: int) -> None:
    section = simulate_section(n_spots, n_genes, lattice=lattice, image=False)
    assert section.counts.shape == (n_spots, n_genes)
    assert list(section.genes[:2]) == ["Gene1", "Gene2"]
    assert section.lattice.kind == lattice
    assert (section.adata.obs["artefact"].value_counts() > 0).all()
    assert section.xy.min() > 2 * section.lattice.spacing


@pytest.mark.parametrize(("lattice", "pitch"), [("hex", 100), ("square", 200)])
def test_lattice_and_scale(lattice: str, pitch: float) -> None:
    section = simulate_section(400, 10, lattice=lattice, image=False)
    assert section.um_per_px is not None
    assert section.lattice.spacing * section.um_per_px == pytest.approx(pitch)
    rc = section.adata.obs[["array_row", "array_col"]].to_numpy()
    np.testing.assert_allclose(section.lattice.xy(rc), section.xy, atol=1e-6)
    if lattice == "hex":
        assert (rc.sum(1) % 2 == 0).all()
    found = Section.from_anndata(
        ad.AnnData(section.counts, obsm={"spatial": section.xy}), um_per_px=1.0
    )
    assert found.lattice.kind == lattice


def test_names_are_unique_and_look_like_those_of_space_ranger(section: Section) -> None:
    names = section.adata.obs_names
    assert names.is_unique
    assert names.str.fullmatch("[ACGT]{16}-1").all()
    assert section.adata.var["gene_ids"].iloc[0] == "ENSSIM00000000001"
    assert section.adata.var["gene_ids"].is_unique
    assert (section.adata.obs["in_tissue"] == 1).all()


def test_the_same_arguments_give_the_same_section(section: Section) -> None:
    again = simulate_section(1500, 600, seed=1)
    assert again.digest == section.digest
    np.testing.assert_array_equal(again.images[0].data, section.images[0].data)
    assert simulate_section(1500, 600, seed=3, image=False).digest != section.digest


def test_counts_are_whole_and_overdispersed(section: Section) -> None:
    values = section.counts.data
    assert (values == np.rint(values)).all()
    assert values.min() >= 1
    zeros = 1 - section.counts.nnz / np.prod(section.counts.shape)
    assert 0.4 < zeros < 0.9
    # Flat genes: the Poisson variance is the mean; theirs is larger, from library and shape.
    flat = (section.adata.var["truth_pattern"] == "none").to_numpy()
    counts = section.counts[np.flatnonzero(_clean(section))][:, flat].toarray()
    counts = counts[:, counts.mean(0) > 2]
    assert counts.shape[1] > 5
    assert np.median(counts.var(0) / counts.mean(0)) > 1.5


def test_variance_is_that_of_the_negative_binomial(deep: Section) -> None:
    flat = np.flatnonzero(deep.adata.var["truth_pattern"] == "none")
    expected = np.expm1(true_expression(deep, list(deep.genes[flat]))) / deep.median_total
    excess = deep.counts[:, flat].toarray() / deep.totals[:, None] / expected
    # At this depth the Poisson part is small: var(count / mean) is about 1 / shape.
    shape = deep.adata.var["truth_shape"].to_numpy()[flat]
    assert np.median(excess.var(0) * shape) == pytest.approx(1, abs=0.15)


def test_library_sizes_are_lognormal_and_partly_spatial(section: Section) -> None:
    clean = _clean(section)
    totals = section.totals
    assert np.median(totals[clean]) == pytest.approx(6500 * (600 / 20_000) ** 0.5, rel=0.1)
    log = np.log(totals[clean])
    assert 0.3 < log.std() < 0.7
    _, near = cKDTree(section.xy[clean]).query(section.xy[clean], 2)
    assert 0.15 < np.corrcoef(log, log[near[:, 1]])[0, 1] < 0.85


def test_depth_is_the_median_library() -> None:
    section = simulate_section(500, 50, depth=3000, artefacts=False, image=False)
    assert section.median_total == pytest.approx(3000, rel=0.08)


def test_true_expression_is_what_deep_counts_approach(deep: Section) -> None:
    truth = true_expression(deep, MARKERS)
    seen = np.column_stack([deep.gene_lognorm(gene) for gene in MARKERS])
    pairs = zip(truth.T, seen.T, strict=True)
    agreement = np.array([np.corrcoef(true, observed)[0, 1] for true, observed in pairs])
    assert agreement.min() > 0.6
    assert np.median(agreement) > 0.85
    everything = np.expm1(true_expression(deep, list(deep.genes))).sum(1)
    np.testing.assert_allclose(everything, deep.median_total, rtol=1e-3)


def test_counts_are_right_on_average(deep: Section) -> None:
    expected = np.expm1(true_expression(deep, list(deep.genes))).sum(0) / deep.median_total
    share = np.asarray((deep.counts.multiply(1 / deep.totals[:, None])).sum(0)).ravel()
    seen = expected > 0.05
    np.testing.assert_allclose(share[seen], expected[seen], rtol=0.15)


def test_few_genes_are_strongly_spatial(deep: Section) -> None:
    pattern = deep.adata.var["truth_pattern"]
    assert 0.4 < (pattern == "none").mean() < 0.75
    spread = true_expression(deep, list(deep.genes)).std(0)
    assert (spread > 0.5).mean() < 0.3
    assert spread[: len(PROGRAMMES)].min() > 0.2


def test_borders_are_sharp_and_gradients_are_smooth(deep: Section) -> None:
    truth = true_expression(deep, MARKERS)
    pairs = deep.lattice.neighbours(deep.xy)
    domain = deep.adata.obs["domain"].cat.codes.to_numpy()
    one, other = domain[pairs].T
    across = np.flatnonzero((one == 0) ^ (other == 0))  # layer1, which Gene1 marks
    step = np.abs(np.diff(truth[pairs, 0], axis=1)).ravel()
    assert len(across) > 20
    assert step[across].min() > 1.5
    assert step[one == other].max() < 0.3
    along = np.abs(np.diff(truth[pairs, PROGRAMMES.index("along")], axis=1)).ravel()
    assert along.max() < 0.5 * np.ptp(truth[:, PROGRAMMES.index("along")])


def test_truth_anywhere_equals_truth_at_the_spots(section: Section) -> None:
    at_spots = true_expression_at(section, section.xy, MARKERS)
    np.testing.assert_allclose(at_spots, true_expression(section, MARKERS), rtol=1e-5, atol=1e-6)
    between = true_expression_at(section, section.lattice.between(section.xy), ["Gene1", "Gene12"])
    assert between.shape == (len(section.lattice.between(section.xy)), 2)
    assert np.isfinite(between).all()
    by_id = true_expression_at(section, section.xy[:3], ["ENSSIM00000000001"])
    np.testing.assert_array_equal(by_id[:, 0], at_spots[:3, 0])


def test_truth_follows_a_section_that_was_cut(section: Section) -> None:
    part = Section.from_anndata(section.adata[10:300, ::2])
    inside = true_expression(part, list(part.genes))
    np.testing.assert_allclose(np.expm1(inside).sum(1), part.median_total, rtol=1e-3)
    with pytest.raises(GeneNotFound, match="Gene2"):
        true_expression(part, ["Gene2"])


def test_a_bubble_hides_and_a_fold_doubles(section: Section) -> None:
    clean = np.median(section.totals[_clean(section)])
    assert np.median(section.totals[_of_artefact(section, "bubble")]) < 0.08 * clean
    assert np.median(section.totals[_of_artefact(section, "fold")]) > 1.3 * clean
    untouched = simulate_section(1500, 600, seed=1, artefacts=False, image=False)
    assert _clean(untouched).all()
    np.testing.assert_array_equal(
        true_expression(untouched, ["Gene3"]) > 2, true_expression(section, ["Gene3"]) > 2
    )


def test_counts_in_a_fold_are_not_those_of_the_place() -> None:
    section = simulate_section(3000, 300, seed=1, depth=200_000, image=False)
    seen = np.column_stack([section.gene_lognorm(gene) for gene in MARKERS[:10]])
    off = np.abs(seen - true_expression(section, MARKERS[:10])).mean(1)
    assert off[_of_artefact(section, "fold")].mean() > 1.5 * off[_clean(section)].mean()


def test_the_picture_lies_on_the_spots(section: Section) -> None:
    (image,) = section.images
    assert image.name == "hires"
    assert image.scale < 1
    assert image.data.dtype == np.uint8
    assert 1000 <= max(image.data.shape) <= 2000
    column, row = np.rint(section.xy * image.scale).astype(int).T
    light = image.data.mean(2)
    saturation = np.ptp(image.data.astype(float), axis=2)
    pixels = np.argwhere(light >= 0)[::7]
    far = cKDTree(np.column_stack([row, column])).query(pixels)[0]
    background = tuple(pixels[far > 1.6 * section.lattice.spacing * image.scale].T)
    clean, bubble, fold = (_of_artefact(section, kind) for kind in ("none", "bubble", "fold"))
    assert np.percentile(light[background], 2) > 215
    assert np.percentile(light[row[clean], column[clean]], 90) < 215
    assert np.median(saturation[row[clean], column[clean]]) > 40 + np.median(saturation[background])
    assert np.median(light[row[bubble], column[bubble]]) > 200
    tissue = np.median(light[row[clean], column[clean]])
    assert np.median(light[row[fold], column[fold]]) < tissue - 25


def test_the_picture_tells_domains_apart(section: Section) -> None:
    (image,) = section.images
    column, row = np.rint(section.xy * image.scale).astype(int).T
    reach = 4
    red = [
        image.data[r - reach : r + reach, c - reach : c + reach, 0].mean()
        for r, c in zip(row, column, strict=True)
    ]
    redness = np.array(red)[_clean(section)]
    domain = section.adata.obs["domain"].to_numpy()[_clean(section)]
    assert redness[domain == "layer2"].mean() < redness[domain == "layer1"].mean() - 20
    assert redness[domain == "arc"].mean() < redness[domain == "layer3"].mean() - 20


def test_survives_h5ad(section: Section, tmp_path: Path) -> None:
    section.adata.write_h5ad(tmp_path / "section.h5ad")
    again = Section.from_anndata(ad.read_h5ad(tmp_path / "section.h5ad"))
    assert again.digest == section.digest
    assert again.um_per_px == pytest.approx(section.um_per_px)
    np.testing.assert_array_equal(again.images[0].data, section.images[0].data)
    assert again.images[0].scale == section.images[0].scale
    assert list(again.adata.obs["domain"]) == list(section.adata.obs["domain"])
    sites = section.xy[:50] + 30
    np.testing.assert_array_equal(
        true_expression_at(again, sites, MARKERS), true_expression_at(section, sites, MARKERS)
    )


def test_sections_keep_what_they_came_with_and_leave_the_original_alone() -> None:
    original = simulate_section(60, 8, image=False).adata
    original.obsm["extra"] = np.arange(120.0).reshape(60, 2)
    original.uns["note"] = {"deep": {"er": 1}}
    loadings = original.varm["truth_loadings"].copy()
    made = Section.from_anndata(original).adata
    np.testing.assert_array_equal(made.varm["truth_loadings"], loadings)
    np.testing.assert_array_equal(made.obsm["extra"], original.obsm["extra"])
    made.uns["note"]["deep"]["er"] = 2
    made.obsm["extra"][:] = -1
    made.varm["truth_loadings"][:] = -1
    assert original.uns["note"]["deep"]["er"] == 1
    assert original.obsm["extra"].min() == 0
    np.testing.assert_array_equal(original.varm["truth_loadings"], loadings)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_spots": 49}, "50 spots"),
        ({"n_genes": 4}, "5 genes"),
        ({"lattice": "triangle"}, "triangle"),
        ({"depth": 0}, "depth"),
        ({"depth": float("nan")}, "depth"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refuses_what_cannot_be(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        simulate_section(**wrong)


def test_other_sections_have_no_truth(section: Section) -> None:
    bare = Section.from_anndata(ad.AnnData(section.counts, obsm={"spatial": section.xy}))
    with pytest.raises(SectionError, match="simulated"):
        true_expression(bare, ["0"])
    with pytest.raises(SectionError, match="simulated"):
        true_expression_at(bare, section.xy, ["0"])
