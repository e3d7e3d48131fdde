"""Rankings of genes on sections whose answer is known."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from napari_stentrans import EnhanceConfig, Section, enhance
from napari_stentrans.factors import lognorm
from napari_stentrans.progress import drain
from napari_stentrans.ranking import (
    LEAST_SPOTS,
    morans_i,
    most_changed_steps,
    most_spatial_steps,
)

SIDE = 20


@pytest.fixture(scope="module")
def section() -> Section:
    """Stripes, noise, a gene of one corner, a rare gene, and 30 flat ones."""
    rng = np.random.default_rng(0)
    row, column = np.indices((SIDE, SIDE)).reshape(2, -1)
    level = np.full((SIDE**2, 34), 20.0)
    level[:, 0] = 20 * (1 + np.sin(row / 3))
    level[:, 1] = rng.permutation(level[:, 0])
    level[:, 2] = np.where((row < 4) & (column < 4), 15, 0)
    level[:, 3] = 0
    counts = rng.poisson(level).astype(np.float32)
    counts[: LEAST_SPOTS - 1, 3] = 5
    names = ["stripes", "noise", "corner", "rare", *(f"flat{i}" for i in range(30))]
    adata = ad.AnnData(sp.csc_matrix(counts))
    adata.var_names = names
    adata.obsm["spatial"] = np.column_stack([column, row]) * 100.0
    return Section.from_anndata(adata)


def test_patterns_are_ranked_above_noise(section: Section) -> None:
    ranked = drain(most_spatial_steps(section))
    assert set(ranked.index[:2]) == {"stripes", "corner"}
    assert abs(ranked["noise"]) < 0.2
    assert ranked.is_monotonic_decreasing


def test_a_single_spot_has_no_neighbours_to_be_like() -> None:
    assert list(morans_i(sp.csc_matrix([[1.0, 2.0]], dtype=np.float32), np.zeros((1, 2)))) == [0, 0]


def test_genes_seen_in_too_few_spots_are_not_ranked(section: Section) -> None:
    assert set(section.genes) - set(drain(most_spatial_steps(section)).index) == {"rare"}


def test_the_ranking_is_that_of_the_whole_matrix(section: Section) -> None:
    ranked = drain(most_spatial_steps(section))
    values = lognorm(section.counts, section.totals, section.median_total)
    whole = morans_i(values, section.xy)[section.genes.get_indexer(ranked.index)]
    assert_allclose(ranked.to_numpy(), whole, atol=1e-6)


def test_the_change_is_that_of_the_maps(section: Section) -> None:
    lost = np.zeros(section.n_spots, bool)
    lost[[50, 51, 52, 70, 71]] = True
    for denoise in (True, False):
        config = EnhanceConfig(method="kriging", upscale=1, denoise=denoise, device="cpu")
        result = enhance(section, lost, config)
        changed = drain(most_changed_steps(result))
        spots = np.ones_like(lost) if denoise else lost
        for gene in ("stripes", "flat3"):
            measured = section.gene_lognorm(gene)
            error = (result.gene(gene).mean[: section.n_spots] - measured)[spots]
            expected = np.sqrt((error**2).mean()) / measured.std()
            assert_allclose(changed[gene], expected, rtol=1e-4)
    assert changed.is_monotonic_decreasing


def test_noise_changes_more_than_a_pattern(section: Section) -> None:
    config = EnhanceConfig(method="kriging", upscale=1, denoise=True, device="cpu")
    changed = drain(most_changed_steps(enhance(section, None, config)))
    assert changed["stripes"] < changed["noise"]
    assert "rare" not in changed
    assert "corner" not in changed


def test_a_run_for_one_gene_ranks_that_gene(section: Section) -> None:
    config = EnhanceConfig(method="linear", upscale=2, genes=("corner",), device="cpu")
    lost = np.zeros(section.n_spots, bool)
    lost[21] = True
    assert list(drain(most_changed_steps(enhance(section, lost, config))).index) == ["corner"]


def test_where_no_spot_was_replaced_nothing_has_changed(section: Section) -> None:
    config = EnhanceConfig(method="kriging", upscale=2, denoise=False, device="cpu")
    assert drain(most_changed_steps(enhance(section, None, config))).empty
