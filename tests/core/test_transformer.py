from __future__ import annotations

import warnings

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from same_numbers import assert_same_numbers
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from napari_stentrans import (
    EnhanceConfig,
    Enhancement,
    Section,
    enhance,
    enhance_steps,
    grid_kriging,
    simulate_section,
    true_expression,
)
from napari_stentrans import windows as windows_module
from napari_stentrans.factors import lognorm
from napari_stentrans.grid_kriging import GridKriging, Kernel
from napari_stentrans.methods.calibration import gene_noise, tune_loadings
from napari_stentrans.methods.transformer.factors import (
    EVEN_FACTORS,
    SpatialFactors,
    fit_spatial_factors,
)
from napari_stentrans.methods.transformer.holdout_check import shrunk_slope
from napari_stentrans.methods.transformer.maps import Mapper, TissueMaps
from napari_stentrans.methods.transformer.network import Network, load_network, refine
from napari_stentrans.methods.transformer.window_kriging import Window, krige
from napari_stentrans.progress import Progress, drain
from napari_stentrans.simulate import true_expression_at
from napari_stentrans.spacing import typical_spacing
from napari_stentrans.targets import Provenance
from napari_stentrans.windows import windows


def grid(n: int) -> np.ndarray:
    return np.indices((n, n)).reshape(2, -1).T.astype(float)


@pytest.fixture(scope="module")
def section() -> Section:
    return simulate_section(300, 200, seed=3, artefacts=False, image=False)


@pytest.fixture(scope="module")
def lost(section: Section) -> np.ndarray:
    middle = np.median(section.xy, axis=0)
    return np.linalg.norm(section.xy - middle, axis=1) < 3.2 * section.lattice.spacing


@pytest.fixture(scope="module")
def result(section: Section, lost: np.ndarray) -> Enhancement:
    return enhance(section, lost, EnhanceConfig(upscale=2, seed=4))


@pytest.fixture(scope="module")
def window() -> Window:
    """Two domains with a sharp border, three noisy factors, and targets between the spots."""
    rng = np.random.default_rng(0)
    xy = grid(12)
    side = np.where(xy[:, 0] + xy[:, 1] > 11, 1.0, -1.0)
    values = np.column_stack([side, np.sin(xy[:, 0] / 3), np.zeros(len(xy))])
    values += 0.6 * rng.normal(size=values.shape)
    values = (values - values.mean(0)) / values.std(0)
    share = np.array([0.6, 0.3, 0.1])
    return drain(krige(xy, values, xy + 0.5, share, np.log(share / 0.1)))


def correlation(truth: np.ndarray, found: np.ndarray) -> float:
    """Median over the genes that vary, of those that the truth says are spatial."""
    vary = truth.std(0) > 0.05
    pairs = zip(truth[:, vary].T, found[:, vary].T, strict=True)
    return float(np.median([np.corrcoef(a, b)[0, 1] for a, b in pairs]))


# --- closer to the truth ---


def test_nearer_to_the_truth_than_kriging_in_lost_and_between() -> None:
    gained: dict[str, list[float]] = {"lost": [], "between": [], "measured": []}
    for seed in range(3):
        section = simulate_section(300, 200, seed=seed, artefacts=False, image=False)
        middle = np.median(section.xy, axis=0)
        lost = np.linalg.norm(section.xy - middle, axis=1) < 3.2 * section.lattice.spacing
        genes, error = list(section.genes), {}
        for method in ("transformer", "kriging"):
            result = enhance(section, lost, EnhanceConfig(method=method, upscale=2))
            truth = true_expression_at(section, result.sites.xy, genes)
            squares = (result.decoder.columns(np.arange(len(genes)))[0] - truth) ** 2
            error[method] = {w: squares[result.provenance == w].mean() for w in gained}
        for where, gain in gained.items():
            gain.append(error["transformer"][where] / error["kriging"][where])
    assert np.mean(gained["lost"]) < 0.97
    assert np.mean(gained["between"]) < 0.97
    assert np.mean(gained["measured"]) < 0.97


def test_the_network_sees_a_sharp_border(window: Window) -> None:
    x, y = window.targets.T
    truth = np.where(x + y > 11, 1.0, -1.0)
    near = (np.abs(x + y - 11) < 3) & (np.abs(x + y - 11) > 0.1)
    refined = drain(refine(load_network(), window))[:, 0]
    errors = [((m[near] - truth[near]) ** 2).mean() for m in (refined, window.mean[:, 0])]
    assert errors[0] < 0.9 * errors[1]


# --- the network ---


def test_a_new_network_is_kriging(window: Window) -> None:
    np.testing.assert_allclose(drain(refine(Network(), window)), window.mean, atol=1e-6)


def test_neither_sign_nor_order_of_factors_matters(window: Window) -> None:
    order, sign = [2, 0, 1], np.array([-1.0, 1.0, -1.0])
    turned = drain(
        krige(
            window.xy,
            window.values[:, order] * sign,
            window.targets,
            window.share[order],
            window.prominence[order],
        )
    )
    expected = drain(refine(load_network(), window))[:, order] * sign
    np.testing.assert_allclose(drain(refine(load_network(), turned)), expected, atol=1e-3)


def test_a_spot_does_not_attend_to_itself(window: Window) -> None:
    alone = window.left_out()
    changed = window.values.copy()
    changed[40] += 5
    before = drain(refine(load_network(), alone))
    object.__setattr__(alone, "values", changed)
    after = drain(refine(load_network(), alone))
    np.testing.assert_array_equal(before[40], after[40])
    assert np.abs(before - after)[[39, 41]].max() > 1e-4


# --- kriging by evidence ---


def test_leave_one_out_is_a_fit_without_the_spot(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid_kriging, "SHARES", np.array([0.6]))  # nothing left to weigh
    kernels = [Kernel("exp", 3.0)]
    kriging = GridKriging(window.xy, window.values, kernels)
    drain(kriging.fit())
    mean, var = drain(kriging.leave_one_out())
    for i in (0, 50, 143):
        keep = np.arange(len(window.xy)) != i
        without = GridKriging(window.xy[keep], window.values[keep], kernels)
        drain(without.fit())
        expected, field = drain(without.predict(window.xy[[i]]))
        np.testing.assert_allclose(mean[i], expected[0], atol=2e-3)
        scale = (without._scale / kriging._scale)[0, 0]  # of the whole section in ``var``
        np.testing.assert_allclose(var[i] * scale, (field + without.noise)[0], rtol=2e-2)


def test_prediction_is_the_textbook_estimate(window: Window) -> None:
    kriging = GridKriging(window.xy, window.values, [Kernel("exp", 3.0)])
    drain(kriging.fit())
    mean, var = drain(kriging.predict(window.targets))
    expected, expected_var = np.zeros_like(mean), np.zeros_like(var)
    inside, cross = (np.exp(-cdist(a, window.xy) / 3) + 1 for a in (window.xy, window.targets))
    for j, share in enumerate(grid_kriging.SHARES):
        k = share * inside + (1 - share) * np.eye(len(inside))
        weight, scale = kriging._weight[0, j], kriging._scale[0, j]
        expected += weight * (share * cross @ np.linalg.solve(k, window.values))
        explained = (share * cross * np.linalg.solve(k, share * cross.T).T).sum(1)
        expected_var += weight * scale * (2 * share - explained)[:, None]
    np.testing.assert_allclose(mean, expected, atol=2e-3)
    np.testing.assert_allclose(var, expected_var, atol=2e-3)


def test_some_kernels_of_many_say_what_they_say_alone(window: Window) -> None:
    some, more = [Kernel("exp", 1.5), Kernel("exp", 6.0)], Kernel("exp", 1.5, 0.5)
    known = window.values[:, :2] / np.sqrt((window.values[:, :2] ** 2).sum(1).mean())
    both = GridKriging(window.xy, window.values, [*some, more], [known])
    alone = GridKriging(window.xy, window.values, some)
    drain(both.fit())
    drain(alone.fit())
    some_of_both, there = both.by(some), np.zeros((len(window.targets), 2))
    for one, other in zip(
        drain(some_of_both.predict(window.targets, [there])),
        drain(alone.predict(window.targets)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(some_of_both.evidence, alone.evidence, rtol=1e-6)
    np.testing.assert_allclose(some_of_both.noise, alone.noise, rtol=1e-4)
    assert (both.evidence > some_of_both.evidence).any()


# --- windows ---


def test_windows_hold_every_spot_and_share_every_site() -> None:
    units = grid(60)
    sites = np.concatenate([units + 0.5, [[-500.0, 30.0]]])
    parts = windows(units, sites)
    assert len(parts) > 5
    total, largest = np.zeros(3601), np.zeros(3601)
    for part in parts:
        total[part.sites] += part.share
        largest[part.sites] = np.maximum(largest[part.sites], part.share)
    np.testing.assert_allclose(total, 1)
    assert 0.5 < (largest > 0.999).mean() < 0.9  # near borders windows share
    assert set(np.concatenate([part.spots for part in parts])) == set(range(3600))
    assert max(len(part.spots) for part in parts) < 1200
    for part in parts:  # the nearest spots of a site are all there
        at = part.sites[part.share > 0.5][:3]
        near = np.linalg.norm(units[:, None] - sites[at], axis=2)
        for site, distance in zip(at, near.T, strict=True):
            if site < 3600:
                assert set(np.flatnonzero(distance < 3)) <= set(part.spots)


def test_shares_change_gradually() -> None:
    units = grid(60)
    walk = np.stack([np.linspace(0, 59, 2000), np.full(2000, 20.3)], 1)
    share = np.zeros((2000, len(windows(units))))
    for i, part in enumerate(windows(units, walk)):
        share[part.sites, i] = part.share
    assert ((share > 0).sum(0) > 0).sum() > 2
    assert np.abs(np.diff(share, axis=0)).max() < 0.05


def test_borders_of_windows_do_not_show() -> None:
    section = simulate_section(900, 200, seed=1, artefacts=False, image=False)
    enhanced = enhance(section, config=EnhanceConfig(upscale=2))
    between = np.flatnonzero(enhanced.sites.provenance == Provenance.BETWEEN)
    units = enhanced.sites.xy[between] / section.lattice.spacing
    own = np.empty(len(between), int)
    for i, part in enumerate(windows(section.xy / section.lattice.spacing, units)):
        own[part.sites[part.share >= 0.5]] = i
    one, other = cKDTree(units).query_pairs(0.6, output_type="ndarray").T
    across = own[one] != own[other]
    assert 100 < across.sum() < 0.2 * len(across)
    std = np.stack([enhanced.gene(gene).std[between] for gene in section.genes[:50]])
    jump = np.abs(std[:, one] - std[:, other])
    assert jump[:, across].mean() < 1.5 * jump[:, ~across].mean()


def test_many_windows_agree_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    section = simulate_section(900, 200, seed=1, artefacts=False, image=False)
    lost = np.arange(900) % 7 == 0
    assert len(windows(section.xy[~lost] / section.lattice.spacing)) == 4
    many = enhance(section, lost).to_anndata().X
    monkeypatch.setattr(windows_module, "SINGLE", 900)
    one = enhance(section, lost).to_anndata().X
    assert ((many - one) ** 2).sum() < 0.1 * ((one - one.mean(0)) ** 2).sum()
    truth = true_expression(section, list(section.genes))
    errors = [((x - truth)[lost] ** 2).sum() for x in (many, one)]
    assert errors[0] < 1.05 * errors[1]


def test_spacing_of_any_spots() -> None:
    assert typical_spacing(grid(5) * 80) == pytest.approx(80)
    assert typical_spacing(np.zeros((1, 2))) == 1
    assert typical_spacing(np.zeros((3, 2))) == 1


# --- decoding ---


def test_loadings_and_noise_are_found_from_leave_one_out_maps() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    field = rng.normal(size=(n, 2)).astype(np.float32)
    true = np.abs(rng.normal(size=(40, 2)).astype(np.float32)) * 0.3
    noise = rng.uniform(0.2, 0.5, 40)
    y = 5 + field @ true.T + rng.normal(size=(n, 40)) * noise
    values = sp.csc_matrix(y.astype(np.float32))
    start = SpatialFactors(
        field, np.zeros_like(true), y.mean(0).astype(np.float32), np.array([1.0, 0.5]),
        np.zeros(2), 2,
    )  # fmt: skip
    tuned = tune_loadings(values, start, field)
    assert np.corrcoef(tuned.loadings.ravel(), true.ravel())[0, 1] > 0.99
    exact = SpatialFactors(field, true, start.mean, start.explained, start.prominence, 2)
    maps = TissueMaps.empty(0, n, 2)
    maps.left_out[:] = field
    found = gene_noise(values, exact, maps.others)
    np.testing.assert_allclose(np.sqrt(found), noise, rtol=0.06)


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_the_spread_of_new_measurements_is_as_said(
    section: Section, lost: np.ndarray, result: Enhancement, method: str
) -> None:
    z = []
    if method != "transformer":
        result = enhance(section, lost, EnhanceConfig(method=method))
    for gene in section.genes[:200]:
        mean, std = result.gene(gene)
        spread = result.predictive_std([gene])[:, 0]
        assert (spread > std).all()
        z.append(((section.gene_lognorm(gene) - mean[: len(lost)]) / spread[: len(lost)])[lost])
    assert 0.85 < np.std(z) < 1.15


def test_rare_genes_are_decoded_too(section: Section) -> None:
    counts = section.counts.tolil()
    counts[:, 5] = 0
    counts[::40, 5] = 1  # seen in fewer than a tenth of the spots
    values = counts.tocsc()
    factors = drain(
        fit_spatial_factors(
            values, section.xy / section.lattice.spacing, 10, median_total=section.median_total
        )
    )
    y = lognorm(values, np.asarray(values.sum(1)).ravel(), section.median_total)
    assert factors.loadings[5].any()
    assert abs(factors.mean[5] - y[:, 5].mean()) < 0.05
    assert factors.scores.shape == (section.n_spots, 10 + 10 + EVEN_FACTORS)
    np.testing.assert_allclose(factors.scores.std(0), 1, rtol=1e-3)


# --- the gate ---


def test_the_gate_trusts_what_pays_on_hidden_spots() -> None:
    rng = np.random.default_rng(0)
    moved = rng.normal(size=(60, 500))

    def trust(truth: np.ndarray) -> float:
        return shrunk_slope((moved * truth).sum(1), (moved**2).sum(1))

    noise = 0.5 * rng.normal(size=moved.shape)
    assert trust(moved + noise) > 0.95
    assert trust(0.4 * moved + noise) == pytest.approx(0.4, abs=0.1)
    assert trust(noise) < 0.1
    assert trust(-moved) == 0
    assert shrunk_slope(np.zeros(4), np.zeros(4)) == 1  # nothing would be moved


def test_few_spots_leave_the_network_the_benefit_of_the_doubt() -> None:
    rng = np.random.default_rng(0)
    along, square = rng.normal(0, 1, 4), np.full(4, 0.5)
    assert shrunk_slope(along, square) > shrunk_slope(np.tile(along, 100), np.tile(square, 100))


def test_a_network_that_misleads_is_shut_out(
    section: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    misled = load_network()
    for layer in misled.layers:
        layer.gate[2].weight.zero_()
        layer.gate[2].bias.fill_(-1.0)  # away from what the neighbours say
    monkeypatch.setattr("napari_stentrans.methods.transformer.maps.load_network", lambda: misled)
    lost = np.zeros(section.n_spots, bool)
    lost[:40] = True
    result = enhance(section, lost)
    assert result.record.findings["network_trust"] < 0.1
    monkeypatch.undo()
    assert enhance(section, lost).record.findings["network_trust"] > 0.6


# --- a run ---


@pytest.mark.numerical
def test_same_seed_same_numbers_also_through_the_record(
    section: Section, result: Enhancement
) -> None:
    again = enhance(section, *result.record.inputs(section))
    assert result.record.config.method == "transformer"
    assert_same_numbers(result.to_anndata().X, again.to_anndata().X)
    assert_same_numbers(result.predictive_std(["Gene3"]), again.predictive_std(["Gene3"]))


def test_lost_regions_resemble_the_truth(
    section: Section, lost: np.ndarray, result: Enhancement
) -> None:
    genes = list(section.genes[:60])
    filled = result.to_anndata(genes).X[: len(lost)][lost]
    assert correlation(true_expression(section, genes)[lost], filled) > 0.4


def test_some_genes_are_those_of_all_genes(
    section: Section, lost: np.ndarray, result: Enhancement
) -> None:
    config = EnhanceConfig(upscale=2, seed=4, genes=("Gene7", "Gene2"))
    some = enhance(section, lost, config)
    np.testing.assert_allclose(some.gene("Gene2").mean, result.gene("Gene2").mean, atol=1e-5)
    np.testing.assert_allclose(
        some.predictive_std(["Gene7"]), result.predictive_std(["Gene7"]), rtol=1e-5
    )


def test_progress_grows_and_every_step_can_be_the_last(section: Section) -> None:
    steps = enhance_steps(section)
    seen: list[Progress] = []
    for step in steps:
        seen.append(step)
        if step.stage == "attending to the tissue" and step.done > 20:
            break
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)
    attending = [s.done for s in seen if s.stage == "attending to the tissue"]
    assert attending == sorted(attending)
    assert len(attending) > 15


def counts_section(counts: np.ndarray, xy: np.ndarray) -> Section:
    adata = ad.AnnData(sp.csr_matrix(counts.astype(np.float32)))
    adata.obs_names = [f"s{i}" for i in range(len(xy))]
    adata.var_names = [f"g{i}" for i in range(counts.shape[1])]
    adata.obsm["spatial"] = xy * 100
    return Section.from_anndata(adata)


@pytest.mark.parametrize("n_spots", [2, 3, 6, 12, 39, 60])
@pytest.mark.parametrize("n_genes", [1, 2, 30])
def test_small_sections_are_kriged(n_spots: int, n_genes: int) -> None:
    rng = np.random.default_rng(n_spots)
    xy = grid(8)[: n_spots + 1]
    section = counts_section(rng.poisson(4, (n_spots + 1, n_genes)) + 1, xy)
    lost = np.arange(n_spots + 1) == 1
    result = enhance(section, lost)
    for gene in result.genes:
        mean, std = result.gene(gene)
        assert np.isfinite(mean).all()
        assert np.isfinite(std).all()
        assert np.isfinite(result.predictive_std([gene])).all()
        assert mean.max() < 3 * section.gene_lognorm(gene).max() + 0.1


def test_a_section_where_nothing_varies() -> None:
    section = counts_section(np.full((64, 12), 3), grid(8))
    result = enhance(section, np.arange(64) == 20)
    np.testing.assert_allclose(result.gene("g4").mean, np.log1p(3), rtol=1e-4)


def test_genes_that_are_constant_or_never_seen() -> None:
    counts = np.random.default_rng(0).poisson(2, (100, 30))
    counts[:, 3], counts[:, 4] = 0, 0
    counts[7, 4] = 1
    section = counts_section(counts, grid(10))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        result = enhance(section, np.arange(100) == 20)
    assert result.gene("g3").mean.max() < 1e-6
    assert np.isfinite(result.gene("g4").mean).all()


def test_irregular_spots_and_any_hole() -> None:
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 18, (400, 2))
    pattern = np.where(xy[:, :1] > 9, 8.0, 1.0) * np.ones((1, 20))
    section = counts_section(rng.poisson(np.hstack([pattern, 4 * np.ones((400, 20))])), xy)
    hole = np.linalg.norm(xy - 9, axis=1) < 4
    result = enhance(section, hole, EnhanceConfig(upscale=2))
    filled = result.gene("g0").mean[:400]
    right = xy[:, 0] > 9
    assert filled[hole & right].mean() > filled[hole & ~right].mean() + 0.5


def test_the_network_runs_where_it_is_told(section: Section) -> None:
    method = Mapper("cpu")
    assert next(method.network.parameters()).device == torch.device("cpu")
