"""Domains: planted ones come back, the large one whole, outliers in none of their own."""

from __future__ import annotations

from functools import cache

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stentrans import EnhanceConfig, Section, enhance
from napari_stentrans.analysis.agreement import adjusted_rand, found_again
from napari_stentrans.analysis.clusters import Tree, by_size
from napari_stentrans.analysis.domains import find_domains, find_domains_steps, grouped
from napari_stentrans.errors import ConfigError, SectionError

SIDE, GENES = 20, 120
ROW, COLUMN = np.indices((SIDE, SIDE)).reshape(2, -1)
PLANTED = np.select([(ROW < 5) & (COLUMN < 10), ROW >= 15, COLUMN >= 16], [1, 2, 3], 0)
"""One large domain of 230 spots and three small ones."""


def planted_section(seed: int = 0, strength: float = 4.0, *, gradient: float = 0.0) -> Section:
    """Domains with 20 genes each; a gradient runs through all, and so through the large one."""
    rng = np.random.default_rng(seed)
    level = np.full((SIDE**2, GENES), 2.0)
    for domain in range(4):
        level[np.ix_(domain == PLANTED, np.arange(20 * domain, 20 * domain + 20))] *= strength
    level[:, 80:100] *= np.exp(gradient * (COLUMN / SIDE - 0.5))[:, None]
    level *= rng.lognormal(0, 0.3, (SIDE**2, 1))
    return section_of(rng.poisson(level))


def section_of(counts: np.ndarray) -> Section:
    adata = ad.AnnData(sp.csc_matrix(counts.astype(np.float32)))
    adata.obs_names = [f"{r}x{c}" for r, c in zip(ROW, COLUMN, strict=True)]
    adata.var_names = [f"g{i}" for i in range(counts.shape[1])]
    adata.obsm["spatial"] = np.column_stack([COLUMN, ROW]) * 100.0
    return Section.from_anndata(adata)


@cache
def section() -> Section:
    return planted_section(gradient=1.5)


@cache
def found():
    return find_domains(section())


def test_planted_domains_are_found_and_their_number() -> None:
    assert len(found().names) == 4
    assert adjusted_rand(found().labels, PLANTED) > 0.97
    table = found().stability
    assert table["n"][table["chosen"]].tolist() == [4]
    assert table["agreement"][table["chosen"]].item() > 0.9


def test_a_large_domain_with_a_gradient_is_not_split() -> None:
    """K-means would rather split the large domain than keep the small ones apart."""
    of_large = found().labels[PLANTED == 0]
    assert (of_large == 0).mean() > 0.98  # the largest is named first
    assert found().names == ("Domain 1", "Domain 2", "Domain 3", "Domain 4")
    assert list(found().sizes.values()) == sorted(found().sizes.values(), reverse=True)


def test_outliers_are_no_domains() -> None:
    counts = section().counts.toarray()
    odd = [3, 205, 388]
    counts[odd] = np.random.default_rng(0).poisson(3, (3, GENES)) * np.array([[1], [40], [80]])
    labels = find_domains(section_of(counts), 4).labels
    rest = np.setdiff1d(np.arange(SIDE**2), odd)
    assert adjusted_rand(labels[rest], PLANTED[rest]) > 0.9
    assert np.bincount(labels).min() >= 0.02 * SIDE**2


def test_the_same_seed_gives_the_same_labels() -> None:
    again = find_domains(section())
    assert (again.labels == found().labels).all()
    assert (again.latent == found().latent).all()


def test_lost_spots_have_the_domain_of_their_surroundings() -> None:
    lost = (abs(ROW - 17) < 2) & (abs(COLUMN - 10) < 2)
    result = enhance(section(), lost, EnhanceConfig(method="kriging", upscale=2))
    labels = find_domains(result, 4)
    of_spots = labels.labels[: SIDE**2]
    around = (ROW >= 15) & ~lost
    main = np.bincount(of_spots[around]).argmax()
    assert (of_spots[lost] == main).all()
    assert adjusted_rand(of_spots, PLANTED) > 0.9
    assert len(labels.labels) > 3 * SIDE**2  # places between spots, too
    assert len(labels.annotation().codes) == SIDE**2


def test_domains_become_regions_and_columns() -> None:
    annotation = found().annotation()
    assert annotation.counts == found().sizes
    adata = section().adata.copy()[5:50].copy()
    found().annotate(adata)
    assert adata.obs["domain"].tolist() == [found().names[i] for i in found().labels[5:50]]
    assert adata.obsm["X_stentrans"].dtype == np.float32
    assert adata.obsm["X_stentrans"].shape[0] == 45
    assert adata.uns["stentrans_domains"]["n"].tolist() == found().stability["n"].tolist()
    adata.obs_names = [f"other{i}" for i in range(45)]
    with pytest.raises(SectionError, match="None of the 45 rows"):
        found().annotate(adata)


def test_spots_without_counts_have_no_domain() -> None:
    counts = section().counts.toarray()
    counts[7] = 0
    result = find_domains(section_of(counts), 4)
    assert result.annotation().codes[7] == -1
    assert len(result.labels) == SIDE**2 - 1


def test_lost_spots_of_a_section_take_no_part() -> None:
    lost = (abs(ROW - 17) < 2) & (abs(COLUMN - 10) < 2)
    counts = section().counts.toarray()
    counts[lost] = counts[lost][:, ::-1]  # the totals stay
    of_one, of_other = (find_domains(s, lost=lost) for s in (section(), section_of(counts)))
    assert (of_one.labels == of_other.labels).all()
    assert of_one.stability.equals(of_other.stability)
    assert len(of_one.labels) == (~lost).sum()
    assert (of_one.annotation().codes[lost] == -1).all()
    with pytest.raises(ConfigError, match="400 spots"):
        find_domains(section(), lost=lost[:9])
    with pytest.raises(ConfigError, match="Lost spots are those of the run"):
        find_domains(enhance(section(), lost, EnhanceConfig(method="kriging")), lost=lost)


@pytest.mark.parametrize("n", [1, 0, -3, 2.5, True, "4", 61])
def test_a_number_that_is_not_possible(n: object) -> None:
    with pytest.raises(ConfigError, match="number of domains must be a whole number from 2 to 60"):
        find_domains(section(), n)


@pytest.mark.parametrize("weight", [-1.0, 11.0, float("nan")])
def test_a_weight_that_is_not_possible(weight: float) -> None:
    with pytest.raises(ConfigError, match="spatial_weight must be from 0"):
        find_domains(section(), 3, spatial_weight=weight)


def test_positions_make_the_latent_follow_the_tissue() -> None:
    def followed(latent: np.ndarray) -> float:
        one, other = np.random.default_rng(0).integers(SIDE**2, size=(2, 3000))
        apart = np.linalg.norm(section().xy[one] - section().xy[other], axis=1)
        return np.corrcoef(apart, np.linalg.norm(latent[one] - latent[other], axis=1))[0, 1]

    near = find_domains(section(), 4, spatial_weight=0.5).latent
    assert followed(near) > followed(found().latent) + 0.1


def test_closing_cancels() -> None:
    steps = find_domains_steps(section())
    for _ in range(30):
        next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_a_section_where_nothing_varies_is_one_domain() -> None:
    assert len(find_domains(section_of(np.full((SIDE**2, 30), 3.0)), 2).labels) == SIDE**2


def test_twenty_thousand_sites_go_through_micro_clusters() -> None:
    rng = np.random.default_rng(0)
    planted = rng.choice(4, 20_000, p=[0.7, 0.15, 0.1, 0.05])
    latent = rng.normal(0, 1, (20_000, 6)) + 6 * np.eye(4, 6)[planted]
    tree = Tree.of(latent)
    assert 1000 < len(tree.merged) <= 2000
    assert adjusted_rand(tree.cut(4, 400), planted) > 0.98
    xy = np.indices((200, 100)).reshape(2, -1).T * 1.0
    assert adjusted_rand(grouped(latent.astype(np.float32), xy, [4])[0], planted) > 0.9


def test_average_linkage_is_that_of_scipy() -> None:
    from scipy.cluster.hierarchy import fcluster, linkage

    points = np.random.default_rng(3).normal(size=(150, 5))
    for n in (2, 3, 7, 20):
        theirs = fcluster(linkage(points, "average"), n, "maxclust")
        assert adjusted_rand(Tree.of(points).cut(n), theirs) == 1


def test_small_clusters_are_merged_with_the_nearest() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 0.1, (30, 2)), rng.normal(3, 0.1, (30, 2)), [[9, 9]]])
    cut = by_size(Tree.of(points).cut(2, 5))
    assert np.bincount(cut).tolist() == [31, 30]
    assert cut[-1] == cut[40]


def test_agreement() -> None:
    one = [0, 0, 0, 1, 1, 2]
    assert adjusted_rand(one, ["b", "b", "b", "a", "a", "c"]) == 1
    assert adjusted_rand([0, 0, 1, 1], [0, 0, 1, 2]) == pytest.approx(4 / 7)
    rng = np.random.default_rng(0)
    chance = [adjusted_rand(rng.integers(3, size=90), rng.integers(3, size=90)) for _ in range(50)]
    assert abs(np.mean(chance)) < 0.01
    assert found_again([0, 0, 1, 1, -1], [5, 5, 5, 1, 1]).tolist() == pytest.approx([2 / 3, 1 / 3])


def test_small_clusters_do_not_count_however_the_tree_is_cut() -> None:
    """As many merges as leave enough large clusters: counted anew after each of them."""
    points = np.random.default_rng(1).normal(size=(200, 2))
    tree = Tree.of(points)
    for n, least in ((2, 10), (3, 20), (6, 8)):
        for merges in range(200 - n, -1, -1):
            codes = tree._components(merges)
            if (np.bincount(codes) >= least).sum() >= n:
                break
        large = np.bincount(codes) >= least
        assert adjusted_rand(tree.cut(n, least)[large[codes]], codes[large[codes]]) == 1
        assert len(np.unique(tree.cut(n, least))) == n


def test_it_holds_to_one_thread_and_gives_them_back() -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        steps = find_domains_steps(section(), 4)
        next(steps)
        assert torch.get_num_threads() == 1
        steps.close()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
