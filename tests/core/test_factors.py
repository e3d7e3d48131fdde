from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from same_numbers import assert_same_numbers

from napari_stentrans import svd
from napari_stentrans.factors import fit_factors, lognorm
from napari_stentrans.progress import drain
from napari_stentrans.svd import Products, Standardised, truncated_svd


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """(spot, gene) counts of four programmes with their own genes."""
    rng = np.random.default_rng(0)
    programmes = rng.gamma(0.5, 1, (300, 4))
    loadings = rng.gamma(0.3, 1, (4, 200))
    return rng.poisson(3 * programmes @ loadings + 0.2).astype(np.float32)


def dense_lognorm(counts: np.ndarray) -> np.ndarray:
    total = counts.sum(1, keepdims=True)
    return np.log1p(counts / total * np.median(total))


def test_lognorm_is_that_of_the_scores(counts: np.ndarray) -> None:
    totals = counts.sum(1)
    sparse = lognorm(sp.csc_matrix(counts), totals.astype(float), float(np.median(totals)))
    np.testing.assert_allclose(sparse.toarray(), dense_lognorm(counts), atol=1e-5)


def test_factors_are_the_svd_of_the_standardised_genes(counts: np.ndarray) -> None:
    factors = drain(fit_factors(sp.csc_matrix(counts), 4))
    y = dense_lognorm(counts)
    seen = (counts > 0).mean(0) > 0.1
    z = (y[:, seen] - y[:, seen].mean(0)) / y[:, seen].std(0)
    left, singular, _ = np.linalg.svd(z, full_matrices=False)
    overlap = np.linalg.svd(left[:, :4].T @ factors.scores / np.sqrt(len(y)))[1]
    assert overlap.min() > 0.999
    np.testing.assert_allclose(factors.explained, singular[:4] ** 2 / z.size, rtol=1e-3)


@pytest.mark.parametrize("from_genes", [False, True])
def test_singular_values_and_vectors_are_those_of_the_dense_matrix(from_genes: bool) -> None:
    rng = np.random.default_rng(2)
    values = sp.random(60, 40, 0.4, "csc", np.float32, rng, rng.random)
    weight = rng.uniform(0.5, 1.5, 60)
    z = Standardised(Products(values), weight)
    dense = z.dense(np.arange(60), slice(None))
    np.testing.assert_allclose(weight @ dense, 0, atol=1e-4)
    np.testing.assert_allclose(weight @ dense**2 / weight.sum(), 1, rtol=1e-4)
    found = drain(
        truncated_svd(z.dot, z.tdot, (60, 40), 40, 0, from_genes=from_genes, oversampling=0)
    )
    np.testing.assert_allclose(found.left * found.singular @ found.right, dense, atol=1e-4)
    expected = np.linalg.svd(dense.astype(float), compute_uv=False)
    np.testing.assert_allclose(found.singular, expected[: len(found.singular)], rtol=1e-4)


def test_genes_come_back_when_there_are_as_many_factors_as_spots() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(5, (30, 25)).astype(np.float32)
    factors = drain(fit_factors(sp.csc_matrix(counts), 30))
    np.testing.assert_allclose(
        factors.decode(factors.scores, slice(None)), dense_lognorm(counts), atol=2e-3
    )


@pytest.mark.numerical
def test_same_seed_same_numbers_and_spread_adds_up(counts: np.ndarray) -> None:
    one, two = (drain(fit_factors(sp.csc_matrix(counts), 6, seed=3)) for _ in range(2))
    assert_same_numbers(one.scores, two.scores)
    std = np.full((5, 6), 0.5, np.float32)
    expected = 0.5 * np.sqrt((one.loadings[:7] ** 2).sum(1))
    np.testing.assert_allclose(one.decode_std(std, np.arange(7))[0], expected, rtol=1e-5)


def test_a_section_where_nothing_varies_has_flat_factors() -> None:
    factors = drain(fit_factors(sp.csc_matrix(np.full((8, 5), 2.0, np.float32)), 3))
    decoded = factors.decode(factors.scores, slice(None))
    np.testing.assert_allclose(decoded, np.log1p(2.0), rtol=1e-5)


def test_factors_of_the_most_often_seen_genes_have_loadings_of_all() -> None:
    counts = np.random.default_rng(0).poisson(np.linspace(0.5, 5, 40), (60, 40))
    counts[:, :30] *= np.random.default_rng(1).random((60, 30)) < 0.5  # seen in fewer spots
    counts = sp.csc_matrix(counts.astype(np.float32))
    some = drain(fit_factors(counts, 3, most=10))
    seen = np.argsort(-counts.getnnz(0), kind="stable")[:10]
    share = (some.loadings**2).sum(1) / np.maximum(lognorm_variance(counts), 1e-9)
    assert share[seen].mean() > 2 * np.delete(share, seen).mean()
    assert some.loadings.shape == (40, 3)


def lognorm_variance(counts: sp.csc_matrix) -> np.ndarray:
    totals = np.asarray(counts.sum(1), float).ravel()
    return lognorm(counts, totals, float(np.median(totals))).toarray().var(0)


def test_moments_by_blocks_of_genes_are_those_of_all(counts, monkeypatch) -> None:
    values, weight = sp.csc_matrix(np.log1p(counts)), np.random.default_rng(0).random(len(counts))
    whole = Standardised(Products(values), weight)
    monkeypatch.setattr(svd, "VALUES_AT_ONCE", 7 * len(counts))
    in_parts = Standardised(Products(values), weight)
    np.testing.assert_array_equal(in_parts.mean, whole.mean)
    np.testing.assert_array_equal(in_parts.sd, whole.sd)
    expected = np.average(np.log1p(counts), axis=0, weights=weight)
    np.testing.assert_allclose(whole.mean, expected, rtol=1e-5)
