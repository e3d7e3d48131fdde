"""Spatially variable genes: the null holds, patterns are found, depth is none."""

import itertools

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stentrans import EnhanceConfig, Section, simulate_section
from napari_stentrans.analysis.hidden_spots import (
    find_spatial_genes_after,
    find_spatial_genes_after_steps,
)
from napari_stentrans.analysis.kernels import Kernels
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.multiple import combined, false_discovery_rates
from napari_stentrans.analysis.permutation import Invariants, moments, product_pvalues
from napari_stentrans.analysis.residuals import Covariates, count_residuals, standardised
from napari_stentrans.analysis.spatial_genes import find_spatial_genes, find_spatial_genes_steps
from napari_stentrans.errors import ConfigError
from napari_stentrans.pipeline import enhance
from napari_stentrans.progress import drain
from napari_stentrans.ranking import morans_i

KRIGING = EnhanceConfig(method="kriging", factors=8)


def section_of(counts: np.ndarray, xy: np.ndarray) -> Section:
    adata = ad.AnnData(sp.csc_matrix(counts.astype(np.float32)), obsm={"spatial": xy})
    adata.var_names = [f"g{i}" for i in range(counts.shape[1])]
    adata.obs_names = [f"s{i}" for i in range(len(counts))]
    return Section.from_anndata(adata)


def square(side: int) -> np.ndarray:
    return 100.0 * np.indices((side, side)).reshape(2, -1).T[:, ::-1]


def null_counts(
    rng: np.random.Generator, totals: np.ndarray, n_genes: int, low: float = 0.05
) -> np.ndarray:
    """Overdispersed counts whose expectation is the same share of every library."""
    share = np.exp(rng.uniform(np.log(low), np.log(20), n_genes))
    expected = np.outer(totals / totals.mean(), share)
    return rng.poisson(expected * rng.gamma(6, 1 / 6, expected.shape))


@pytest.fixture(scope="module")
def planted() -> Section:
    """A square of 18 x 18 spots: depth rises along x; genes g0 to g2 have patterns."""
    rng, xy = np.random.default_rng(3), square(18)
    u, v = xy.T / xy.max()
    totals = np.exp(1.5 * u + 0.3 * rng.standard_normal(len(xy)))
    counts = null_counts(rng, totals, 300)
    patterns = [np.exp(2 * v), 1 + 4 * (np.hypot(u - 0.5, v - 0.5) < 0.2), 1 + (v > 0.5)]
    for gene, pattern in enumerate(patterns):
        counts[:, gene] = rng.poisson(2 * pattern * totals / totals.mean())
    return section_of(counts, xy)


@pytest.mark.parametrize("n", [6, 7])
def test_moments_are_those_of_all_permutations(n: int) -> None:
    rng = np.random.default_rng(n)
    centring = np.eye(n) - 1 / n
    half = centring @ rng.standard_normal((n, 3)) ** 3
    kernel = half @ half.T
    kernel -= np.trace(kernel) / (n - 1) * centring
    d, square_of = np.diag(kernel), kernel @ kernel
    invariants = Invariants(
        *map(
            np.asarray,
            (
                np.trace(square_of),
                np.trace(square_of @ kernel),
                (d**2).sum(),
                (d**3).sum(),
                (kernel**3).sum(),
                d @ np.diag(square_of),
                d @ kernel @ d,
            ),
        )
    )
    z = rng.standard_normal(n) ** 2
    z = (z - z.mean()) / z.std()
    dealt = z[np.array(list(itertools.permutations(range(n))))]
    every = np.einsum("pi,ij,pj->p", dealt, kernel, dealt, optimize=True)
    sd, skew = moments(invariants, Invariants.of_values(z[:, None]), n)
    assert every.mean() == pytest.approx(0, abs=1e-9 * every.std())
    assert sd[0] == pytest.approx(every.std())
    assert skew[0] == pytest.approx((every**3).mean() / every.std() ** 3)


def test_kernels_are_gaussians_and_their_invariants_exact() -> None:
    rng = np.random.default_rng(0)
    units = square(15) / 100
    covariates = Covariates.of_depth(rng.uniform(100, 900, len(units)))
    kernels = Kernels.of(units, covariates)
    assert kernels.ranges == (1.0, 2.0, 4.0)
    n, far = len(units), ((units[:, None] - units) ** 2).sum(2)
    free = np.eye(n) - covariates.basis @ covariates.basis.T
    z = standardised(rng.standard_normal((n, 4)).astype(np.float32), covariates)
    found = kernels.statistics(z)
    for i, length in enumerate(kernels.ranges):
        null = kernels.invariants(i, seed=0)
        scale = kernels._windows[i].power(2).sum(0).mean()
        kernel = scale * np.exp(-far / 2 / length**2)
        kernel = free @ kernel @ free
        kernel -= np.trace(kernel) / np.trace(free) * free
        expected = np.einsum("ng,nm,mg->g", z, kernel, z)
        assert found[i] == pytest.approx(expected, abs=0.06 * np.sqrt(null.t2))
        assert float(null.t2) == pytest.approx((kernel**2).sum(), rel=0.05)
        assert float(null.t3) == pytest.approx(np.trace(kernel @ kernel @ kernel), rel=0.08)


def test_nothing_is_found_where_counts_follow_depth_only() -> None:
    rng, xy = np.random.default_rng(1), square(18)
    totals = np.exp(1.5 * xy[:, 0] / xy.max() + 0.3 * rng.standard_normal(len(xy)))
    found = find_spatial_genes(section_of(null_counts(rng, totals, 4000), xy), min_spots=15)
    p = found.table["pvalue"].to_numpy()
    assert len(p) > 3000
    # bounds: six standard deviations of a binomial, around a third more than was asked for
    for level in (0.1, 0.01, 0.001):
        most = 1.33 * level * len(p)
        assert (p < level).sum() < most + 6 * np.sqrt(most)
    assert (p < 0.1).mean() > 0.05
    assert (p < 1e-6).sum() == 0
    assert len(found.called()) <= 2


def test_planted_patterns_are_found_and_depth_is_not(planted: Section) -> None:
    found = find_spatial_genes(planted)
    called = found.called()
    assert {"g0", "g1", "g2"} <= set(called)
    assert len(called) <= 6
    table = found.table
    assert table["pvalue"].is_monotonic_increasing
    assert table.loc["g1", "range"] <= 4
    assert (
        table["n_spots"] == np.diff(planted.counts.indptr)[planted.genes.get_indexer(table.index)]
    ).all()
    lognorm = np.log1p(planted.counts.toarray() / planted.totals[:, None] * planted.median_total)
    at = planted.genes.get_indexer(table.index)
    expected = morans_i(sp.csc_matrix(lognorm.astype(np.float32)), planted.xy)[at]
    assert table["morans_i"].to_numpy() == pytest.approx(expected, abs=1e-4)
    words = found.in_words()
    assert f"{len(called)} of {len(table)} genes" in words
    assert "5%" in words
    assert "324 spots" in words


def test_permuted_spots_have_no_patterns(planted: Section) -> None:
    order = np.random.default_rng(0).permutation(planted.n_spots)
    mixed = section_of(planted.counts[order].toarray(), planted.xy)
    assert len(find_spatial_genes(mixed).called()) <= 1


@pytest.mark.parametrize("kept", ["every eighth", "one in a hundred", "a line"])
def test_spots_far_apart_make_no_patterns(kept: str) -> None:
    """Kernels shorter than the distance of spots say nothing, and must not say it loudly."""
    rng, xy = np.random.default_rng(7), square(80)
    here = {
        "every eighth": (np.rint(xy / 100) % 8 == 0).all(1),
        "one in a hundred": rng.random(len(xy)) < 0.01,
        "a line": xy[:, 0] == 400,
    }[kept]
    counts = null_counts(rng, np.exp(0.3 * rng.standard_normal(len(xy))), 300)
    found = find_spatial_genes(section_of(counts, xy), ~here, min_spots=5)
    assert (found.table["pvalue"] < 0.1).mean() < 0.25
    assert found.table["pvalue"].min() > 1e-6


def test_lost_spots_are_not_looked_at(planted: Section) -> None:
    lost = planted.xy[:, 1] > 900
    counts = planted.counts.toarray()
    counts[lost, :] = np.random.default_rng(0).permutation(counts[lost], axis=0)
    counts[lost, 5] = 50 * (planted.xy[lost, 0] > 900)
    other = section_of(counts, planted.xy)
    one, two = find_spatial_genes(planted, lost), find_spatial_genes(other, lost)
    assert one.n_sites == (~lost).sum()
    assert one.table["pvalue"].to_numpy() == pytest.approx(
        two.table["pvalue"].reindex(one.table.index).to_numpy()
    )
    assert "g5" in find_spatial_genes(other).called()
    assert "g5" not in two.called()


def test_annotate_puts_the_table_into_var(planted: Section) -> None:
    found = find_spatial_genes(planted, min_spots=100)
    adata = planted.adata.copy()
    found.annotate(adata)
    assert adata.var.loc["g0", "spatial_fdr"] < 0.05
    untested = adata.var_names.difference(found.table.index)
    assert len(untested)
    assert adata.var.loc[untested, "spatial_pvalue"].isna().all()
    assert adata.var["spatial_range"].notna().sum() == len(found.table)


def test_steps_say_how_far_they_are_and_can_be_stopped(planted: Section) -> None:
    steps = find_spatial_genes_steps(planted)
    assert next(steps).fraction < 1
    steps.close()
    assert drain(find_spatial_genes_steps(planted)).called()


@pytest.mark.parametrize("change", ["lost", "few", "rare", "run", "twice"])
def test_bad_input_is_one_clear_error(planted: Section, change: str) -> None:
    lost = np.arange(planted.n_spots) > 10
    bad = {
        "lost": (lambda: find_spatial_genes(planted, lost[:5]), "324 spots"),
        "few": (lambda: find_spatial_genes(planted, lost), "needs 20 spots .* found 11"),
        "rare": (lambda: find_spatial_genes(planted, min_spots=1000), "Lower min_spots"),
        "run": (
            lambda: find_spatial_genes(Maps.of(enhance(planted, config=KRIGING))),
            "measured counts",
        ),
        "twice": (lambda: find_spatial_genes(Maps.of(planted), ~lost), "already"),
    }
    call, message = bad[change]
    with pytest.raises(ConfigError, match=message):
        call()


def test_a_run_must_not_be_asked_with_too_little(planted: Section) -> None:
    lost = np.arange(planted.n_spots) > 40
    with pytest.raises(ConfigError, match="60 of them"):
        find_spatial_genes_after(planted, lost)
    with pytest.raises(ConfigError, match="once or more"):
        find_spatial_genes_after(planted, splits=0)
    with pytest.raises(ConfigError, match="3 or more"):
        find_spatial_genes(planted, min_spots=0)


def test_sums_of_products_have_the_chances_of_all_permutations() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.exponential(size=(2, 7, 1))
    x, y = ((v - v.mean()) / v.std() for v in (x, y))
    dealt = x[np.array(list(itertools.permutations(range(7)))), 0] @ y[:, 0]
    expected = (dealt >= (x * y).sum() - 1e-9).mean()
    assert product_pvalues(x, y)[0] == pytest.approx(expected, abs=0.06)
    assert product_pvalues(np.zeros((7, 1)), y)[0] == pytest.approx(0.5, abs=0.2)


def test_after_finds_patterns_and_holds_its_null(planted: Section) -> None:
    found = find_spatial_genes_after(planted, config=KRIGING)
    assert {"g0", "g1", "g2"} <= set(found.called())
    table = found.table
    assert table.loc["g0", "pvalue_hidden"] < 1e-6
    rest = table.drop(["g0", "g1", "g2"])
    assert len(found.called()) <= 6
    for column in ("pvalue_hidden", "pvalue"):
        assert 0.01 < (rest[column] < 0.1).mean() < 0.22
    before = find_spatial_genes(planted)
    assert (table["pvalue_before"] == before.table["pvalue"].reindex(table.index)).all()
    assert f"{len(before.called())} of" in found.in_words()
    assert f"and {len(found.called())} when" in found.in_words()


def test_after_sees_hidden_counts_only_to_compare() -> None:
    """Counts of co-expressed genes that lie anywhere: runs denoise them, and foretell nothing."""
    rng, xy = np.random.default_rng(5), square(14)
    kind = rng.standard_normal((len(xy), 2))
    loading = rng.standard_normal((2, 200))
    counts = rng.poisson(3 * np.exp(0.7 * kind @ loading - 0.5))
    found = find_spatial_genes_after(section_of(counts, xy), config=KRIGING)
    assert (found.table["pvalue_hidden"] < 1e-4).sum() == 0
    assert len(found.called()) <= 1


def test_after_leaves_lost_spots_out_of_runs(planted: Section) -> None:
    lost = planted.xy[:, 1] > 1200
    counts = planted.counts.toarray()
    counts[lost] = counts[lost][::-1]
    steps = find_spatial_genes_after_steps(planted, lost, KRIGING)
    one, two = drain(steps), find_spatial_genes_after(section_of(counts, planted.xy), lost, KRIGING)
    same = two.table.reindex(one.table.index)
    assert one.table["pvalue_hidden"].to_numpy() == pytest.approx(same["pvalue_hidden"].to_numpy())


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    p = np.array([0.01, 0.04, np.nan, 0.03, 0.005])
    assert false_discovery_rates(p) == pytest.approx([0.02, 0.04, np.nan, 0.04, 0.02], nan_ok=True)
    assert len(false_discovery_rates([])) == 0


def test_combined_is_between_the_best_and_the_best_times_all() -> None:
    for best in (1e-200, 1e-12, 1e-3):
        p = combined([[best], [0.5], [1.0]])[0]
        assert best < p < 3.5 * best
    assert combined([[0.2], [0.2]])[0] == pytest.approx(0.2)


def test_residuals_of_null_counts_have_one_spread_at_all_depths() -> None:
    rng = np.random.default_rng(6)
    totals = np.repeat([300.0, 3000.0], 400)
    z = count_residuals(null_counts(rng, totals, 60, 2.0).astype(np.float32), totals)
    low, high = z[:400].var(0).mean(), z[400:].var(0).mean()
    assert 0.75 < low / high < 1.33


def test_simulated_markers_come_first() -> None:
    section = simulate_section(300, 400, seed=2, image=False, artefacts=False)
    found = find_spatial_genes(section)
    flat = section.adata.var["truth_pattern"] == "none"
    called = found.called()
    assert len(called) > 15
    assert flat[called].mean() < 0.2
