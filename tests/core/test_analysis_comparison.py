"""Two regions compared: the tests are calibrated, on measured counts, and said in words."""

from __future__ import annotations

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist
from scipy.stats import false_discovery_control, mannwhitneyu

from napari_stentrans import EnhanceConfig, Section, enhance, simulate_section
from napari_stentrans.analysis import tested
from napari_stentrans.analysis.comparison import REST, compare_regions, compare_regions_steps
from napari_stentrans.analysis.patches import MOST, Patches
from napari_stentrans.analysis.spatial_noise import Spread
from napari_stentrans.analysis.volcano import draw_volcano
from napari_stentrans.analysis.wilcoxon import rank_sum
from napari_stentrans.annotation import Annotation
from napari_stentrans.errors import ConfigError, SectionError
from napari_stentrans.export import save_plot
from napari_stentrans.progress import Progress

SIDE, GENES = 24, 240


def grid(side=SIDE):
    return np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2).astype(float)


def halves(xy=None):
    xy = grid() if xy is None else xy
    return np.where(xy[:, 0] < np.median(xy[:, 0]), "left", "right")


def drawn(seed, length, *, effect=0.0, deeper=1.0, mean=0.5):
    """Section of genes with a field that is alike over a length, higher by an effect on the left.

    All other counts of a spot are those of a last gene.
    """
    rng, xy, left = np.random.default_rng(seed), grid(), halves() == "left"
    log = np.full((len(xy), GENES), np.log(mean)) + np.outer(left, np.full(GENES, effect))
    if length:
        root = np.linalg.cholesky(np.exp(-cdist(xy, xy) / length) + 1e-9 * np.eye(len(xy)))
        log += 0.6 * root @ rng.normal(size=log.shape)
    library = np.exp(rng.normal(0, 0.3, len(xy))) * np.where(left, deeper, 1.0)
    counts = rng.poisson(library[:, None] * np.exp(log) * rng.gamma(6, 1 / 6, log.shape))
    rest = np.maximum(np.rint(3000 * library) - counts.sum(1), 0)
    table = sp.csc_matrix(np.column_stack([counts, rest]).astype(np.float32))
    return Section.from_anndata(ad.AnnData(table, obsm={"spatial": xy * 50}))


def below(section, p=0.05):
    table = compare_regions(section, Annotation.of(halves()), "left", "right").table
    table = table.drop(index=str(GENES), errors="ignore")
    return (table["pvalue"] < p).mean(), (table["pvalue_wilcoxon"] < p).mean()


# ---- calibration


def test_genes_that_are_smooth_are_not_called_different():
    spatial, ranks = np.mean([below(drawn(seed, 3.0)) for seed in (0, 1, 2)], axis=0)
    assert spatial < 0.09
    assert ranks > 0.3


def test_spots_that_are_independent_are_taken_as_such():
    spatial, ranks = np.mean([below(drawn(seed, 0.0)) for seed in (0, 1)], axis=0)
    assert 0.005 < spatial < 0.08
    assert 0.02 < ranks < 0.08
    spatial, _ = below(drawn(5, 0.0, effect=np.log(1.5)))
    assert spatial > 0.8


def test_intervals_hold_a_known_difference():
    covered = []
    for seed, length, effect in ((0, 3.0, 1.0), (1, 0.0, -1.5), (2, 1.5, 0.5)):
        section = drawn(seed, length, effect=effect * np.log(2))
        table = compare_regions(section, Annotation.of(halves()), "left").table.drop(str(GENES))
        covered += list((table["low"] <= effect) & (effect <= table["high"]))
        assert abs(table["log2_fold_change"].mean() - effect) < 0.1
    assert 0.90 < np.mean(covered) < 0.985


def test_depth_makes_no_difference():
    section = drawn(4, 0.0, deeper=4.0, mean=1.0)
    annotation = Annotation.of(halves())
    table = compare_regions(section, annotation, "left", "right").table.drop(str(GENES))
    assert abs(table["log2_fold_change"].mean()) < 0.05
    assert (table["pvalue"] < 0.05).mean() < 0.09


def test_genes_that_are_the_same_everywhere_do_not_differ():
    totals = np.random.default_rng(0).integers(5, 50, SIDE**2).astype(np.float32)
    counts = sp.csc_matrix(np.outer(totals, [1, 1, 4]))
    section = Section.from_anndata(ad.AnnData(counts, obsm={"spatial": grid() * 50}))
    table = compare_regions(section, Annotation.of(halves()), "left").table
    assert len(table) == 3
    assert (table["pvalue"] > 0.5).all()


def test_inflation_is_how_far_a_difference_really_varies():
    found = {}
    for length in (0.0, 4.0):
        tables = [
            compare_regions(drawn(seed, length), Annotation.of(halves()), "left").table
            for seed in (7, 8)
        ]
        found[length] = pd.concat(tables)["inflation"].median()
    assert 0.7 < found[0.0] < 1.4
    assert found[4.0] > 2.5


# ---- Wilcoxon's test


def test_wilcoxon_is_scipys():
    rng = np.random.default_rng(0)
    values = rng.poisson(np.exp(rng.normal(0, 1.5, 60)), (300, 60)).astype(np.float32)
    values[:, :20] *= rng.random((300, 1)) < 0.5
    values[:, 20:40] *= rng.random((300, 20)).astype(np.float32)
    values[:, 59] = 0
    region = rng.integers(-1, 2, 300)
    found = rank_sum(sp.csc_matrix(values), region)
    one, other = values[region == 0], values[region == 1]
    expected = mannwhitneyu(one, other, method="asymptotic").pvalue
    np.testing.assert_allclose(found[:59], expected[:59], rtol=1e-5, atol=1e-7)
    assert found[59] == 1  # a gene that is nowhere differs nowhere


def test_wilcoxon_ranks_shares_of_library_sizes_and_equal_ones_are_ties():
    rng = np.random.default_rng(1)
    counts = rng.poisson(np.exp(rng.normal(0, 1.5, 40)), (SIDE**2, 40)) * np.arange(1, 41)
    counts = np.where(rng.random(SIDE**2)[:, None] < 0.4, 3 * counts, counts)  # 3 x / 3 n is x / n
    section = Section.from_anndata(
        ad.AnnData(sp.csc_matrix(counts.astype(np.float32)), obsm={"spatial": grid() * 50})
    )
    table = compare_regions(section, Annotation.of(halves()), "left").table
    shares = counts[:, table.index.astype(int)] / counts.sum(1, keepdims=True)
    left = np.array(halves()) == "left"
    expected = mannwhitneyu(shares[left], shares[~left], method="asymptotic").pvalue
    np.testing.assert_allclose(table["pvalue_wilcoxon"], expected, rtol=1e-6)


def test_blocks_of_genes_make_no_difference(monkeypatch):
    section, annotation = drawn(3, 4.0), Annotation.of(halves())
    whole = compare_regions(section, annotation, "left").table
    monkeypatch.setattr(tested, "VALUES_AT_ONCE", 2000)
    monkeypatch.setattr(tested, "GENES_AT_ONCE", 7)
    in_parts = compare_regions(section, annotation, "left").table
    pd.testing.assert_frame_equal(whole, in_parts.loc[whole.index], rtol=1e-4, atol=1e-4)


def test_a_width_is_where_the_tails_have_what_an_interval_leaves_out():
    rng = np.random.default_rng(0)
    std = np.exp(rng.normal(0, 1, (500, 9)))
    weights = rng.random((500, 9)) ** 3
    spread = Spread(weights / weights.sum(1, keepdims=True), std, 190)
    assert spread.pvalues(spread.half_width(0.95)) == pytest.approx(0.05, rel=0.03)


# ---- what goes into it


@pytest.fixture(scope="module")
def section():
    return simulate_section(300, 60, image=False, artefacts=False, seed=3)


@pytest.fixture(scope="module")
def annotation(section):
    return Annotation.of_obs(section, "domain")


@pytest.fixture(scope="module")
def result(section):
    lost = np.arange(section.n_spots) % 11 == 0
    config = EnhanceConfig(method="kriging", upscale=2, genes=tuple(section.genes[:30]))
    return enhance(section, lost, config)


def test_tests_are_on_measured_counts_whatever_a_run_says(section, annotation, result):
    lost = np.arange(section.n_spots) % 11 == 0
    before = compare_regions(section, annotation, "layer2", lost=lost)
    after = compare_regions(result, annotation, "layer2")
    columns = list(before.table)
    pd.testing.assert_frame_equal(after.table[columns], before.table)
    assert not before.enhanced
    assert after.enhanced
    assert before.n_one == (annotation.spots("layer2") & ~lost).sum()
    added = after.table.drop(columns=columns)
    assert list(added) == ["after_log2_fold_change", "after_low", "after_high"]
    known = added.index.isin(result.genes)
    assert added[known].notna().all(None)
    assert added[~known].isna().all(None)
    marker = after.table.loc["Gene2"]
    assert marker["after_low"] < marker["after_log2_fold_change"] < marker["after_high"]
    measured = after.table["log2_fold_change"][known]
    assert (measured > added["after_low"][known]).all()
    assert (measured < added["after_high"][known]).all()


def test_the_rest_is_all_other_measured_spots(section, annotation):
    two = Annotation.of(np.where(annotation.spots("layer2"), "layer2", "").tolist())
    rest = compare_regions(section, two, "layer2")
    named = Annotation.of(np.where(annotation.spots("layer2"), "layer2", "others").tolist())
    others = compare_regions(section, named, "layer2", "others")
    assert rest.other == REST
    assert rest.n_one + rest.n_other == section.n_spots
    pd.testing.assert_frame_equal(rest.table, others.table)
    turned = compare_regions(section, named, "others", "layer2").table.loc[rest.table.index]
    change = "log2_fold_change"
    np.testing.assert_allclose(turned[change], -rest.table[change], atol=1e-12)
    np.testing.assert_allclose(turned["pvalue"], rest.table["pvalue"], rtol=1e-4)


def test_columns_of_the_table(section, annotation):
    table = compare_regions(section, annotation, "layer2", "layer3").table
    one, other = (np.flatnonzero(annotation.spots(name)) for name in ("layer2", "layer3"))
    assert table["pvalue"].is_monotonic_increasing
    for kind in ("", "_wilcoxon"):
        expected = false_discovery_control(table[f"pvalue{kind}"])
        np.testing.assert_allclose(table[f"fdr{kind}"], expected)
    counts = section.counts[:, [section.gene_index("Gene2")]].toarray().ravel()
    rates = [counts[of].sum() / section.totals[of].sum() for of in (one, other)]
    row = table.loc["Gene2"]
    assert row["log2_fold_change"] == pytest.approx(np.log2(rates[0] / rates[1]), rel=0.02)
    assert row["mean_one"] == pytest.approx(rates[0] * section.median_total, rel=0.02)
    assert row["fraction_other"] == pytest.approx((counts[other] > 0).mean())
    assert row["low"] < row["log2_fold_change"] < row["high"]
    rare = compare_regions(section, annotation, "layer2", "layer3").n_rare
    assert rare + len(table) == len(section.genes)
    assert ((section.counts[np.append(one, other)] > 0).sum(0).A1 >= 10).sum() == len(table)


def test_equal_questions_have_equal_answers(section, annotation):
    first, again = (compare_regions(section, annotation, "layer2") for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    steps = compare_regions_steps(section, annotation, "layer2")
    assert isinstance(next(steps), Progress)
    steps.close()


def test_what_cannot_be_compared(section, annotation, result):
    def refused(error, match, *names, data=section, of=annotation, **more):
        with pytest.raises(error, match=match):
            compare_regions(data, of, *names, **more)

    refused(SectionError, "no region 'x' among 'layer1', ", "x")
    refused(SectionError, "no region 'x' among", "layer1", "x")
    refused(ConfigError, "cannot be compared with itself", "layer1", "layer1")
    refused(SectionError, "those of 1 spots", "a", of=Annotation.of(["a"]))
    refused(ConfigError, "those of the run", "layer1", data=result, lost=np.zeros(300, bool))
    few = Annotation.of(["a"] * 4 + ["b"] * 296)
    refused(ConfigError, "'a' has 4 measured spots; .* 5 or more", "a", of=few)
    whole = Annotation.of(["a"] * 300)
    refused(ConfigError, "'the rest' has 0 measured spots", "a", of=whole)
    lost = annotation.spots("layer1")
    refused(ConfigError, "'layer1' has 0 measured spots", "layer1", lost=lost)
    small = Annotation.of(["a"] * 5 + ["b"] * 5 + [""] * 290)
    thin = section.counts.copy()
    thin.data[:] = 1
    thin = thin.multiply(np.arange(60) % 7 == np.arange(300)[:, None] % 7).tocsc()
    data = Section.from_anndata(ad.AnnData(thin, obsm={"spatial": section.xy}))
    refused(
        ConfigError, "No gene is seen in 10 or more of the 10 spots", "a", "b", data=data, of=small
    )


def test_small_regions_are_compared(section):
    near = np.argsort(np.linalg.norm(section.xy - section.xy.mean(0), axis=1))
    labels = np.array(["far"] * section.n_spots, object)
    labels[near[:5]] = "near"
    table = compare_regions(section, Annotation.of(labels.tolist()), "near", "far").table
    assert table[["log2_fold_change", "low", "high", "pvalue"]].notna().all(None)
    assert table["pvalue"].between(0, 1).all()
    labels[near[10:]] = ""
    labels[near[5:10]] = "far"
    table = compare_regions(section, Annotation.of(labels.tolist()), "near", "far").table
    assert np.isfinite(table.drop(columns="inflation")).all(None)


# ---- patches


@pytest.mark.parametrize("n", [7, 150, 3000])
def test_patches_are_compact_and_of_one_region(n):
    xy = np.random.default_rng(0).uniform(0, 100, (n, 2))
    region = np.where(xy[:, 0] < 30, 0, np.where(xy[:, 0] < 90, 1, -1))
    patches = Patches.of(xy, region)
    assert len(patches) <= min(MOST + 2, n)
    members = patches.members.toarray()
    np.testing.assert_array_equal(members.sum(0), region >= 0)
    for row, of in zip(members, patches.region, strict=True):
        assert set(region[row > 0]) == {of}
    apart = [np.ptp(xy[row > 0], axis=0).max() for row in members]
    assert max(apart) < 4 * 100 / np.sqrt(len(patches))
    near = patches.correlation(20.0)
    np.testing.assert_allclose(near, near.T)
    assert (np.diag(near) <= 1 + 1e-12).all()
    assert np.linalg.eigvalsh(near).min() > -1e-9


# ---- words, AnnData, plot


def test_in_words(section, annotation):
    found = compare_regions(section, annotation, "layer2", "layer3")
    words = found.in_words()
    n = (found.table["fdr"] < 0.05).sum()
    ranks = (found.table["fdr_wilcoxon"] < 0.05).sum()
    assert f"layer2 ({found.n_one} spots) against layer3 ({found.n_other} spots)" in words
    assert f"{n} differ at an FDR of 5% by the test that allows for" in words
    assert f"{ranks} by Wilcoxon's" in words
    assert f"{found.n_rare} seen in fewer than 10 spots are left out" in words
    assert "measured counts" in words


def test_annotate_is_what_scanpy_reads(section, annotation):
    found = compare_regions(section, annotation, "layer2", "layer3")
    adata = ad.AnnData(obs=section.adata.obs.copy())
    found.annotate(adata)
    ranked = adata.uns["stentrans_regions"]
    assert ranked["params"]["reference"] == "layer3"
    assert ranked["names"].dtype.names == ("layer2",)
    table = found.table.loc[ranked["names"]["layer2"]]
    np.testing.assert_allclose(ranked["pvals"]["layer2"], table["pvalue"])
    np.testing.assert_allclose(ranked["pvals_adj"]["layer2"], table["fdr"])
    scores = ranked["scores"]["layer2"]
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_array_equal(np.sign(scores), np.sign(table["log2_fold_change"]))


def test_what_is_annotated_can_be_written(section, annotation, tmp_path):
    adata = ad.AnnData(obs=section.adata.obs[["array_row"]].copy())
    compare_regions(section, annotation, "layer2").annotate(adata)
    adata.write_h5ad(tmp_path / "a.h5ad")
    again = ad.read_h5ad(tmp_path / "a.h5ad").uns["stentrans_regions"]
    assert again["names"]["layer2"][0] == adata.uns["stentrans_regions"]["names"]["layer2"][0]


def test_names_in_a_volcano_plot_do_not_overlap(section, annotation):
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    found = compare_regions(section, annotation, "layer2", "layer3")
    figure = Figure(layout="constrained")
    axes = draw_volcano(figure, found, fdr=0.5, labels=20)
    figure.draw_without_rendering()
    texts = [text for text in axes.texts if text.get_text() in found.table.index]
    assert len(texts) > 4
    assert texts[0].get_text() == found.table.index[0]
    boxes = [Text.get_window_extent(text) for text in texts]  # without the line to its point
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    frame = axes.bbox.padded(1)
    assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)


def test_a_volcano_plot_is_text_and_the_same_again(section, annotation, tmp_path):
    found = compare_regions(section, annotation, "layer2", "layer3")
    paths = [tmp_path / name for name in ("a.svg", "b.svg", "c.pdf", "d.png")]
    for path in paths:
        save_plot(path, lambda figure: draw_volcano(figure, found))
    text = paths[0].read_text(encoding="utf-8")
    assert text == paths[1].read_text(encoding="utf-8")
    assert re.search(rf"<text[^>]*>(<[^>]*>)?{found.table.index[0]}<", text)
    assert "layer2 against layer3" in text


def test_a_volcano_plot_of_nothing(section, annotation):
    from matplotlib.figure import Figure

    labels = np.random.default_rng(0).choice(["$a_1", "b$"], section.n_spots)
    found = compare_regions(section, Annotation.of(labels.tolist()), "$a_1")
    axes = draw_volcano(Figure(), found, fdr=1e-9)
    axes.get_figure().draw_without_rendering()
    assert not axes.texts
