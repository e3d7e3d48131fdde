"""Patterns: planted groups of genes come back; noise and rare genes have none."""

from __future__ import annotations

from functools import cache

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp

from napari_stentrans import EnhanceConfig, Section, enhance
from napari_stentrans.analysis.agreement import adjusted_rand
from napari_stentrans.analysis.patterns import Patterns, find_patterns, find_patterns_steps
from napari_stentrans.errors import ConfigError, GeneNotFound

SIDE = 18
ROW, COLUMN = np.indices((SIDE, SIDE)).reshape(2, -1)
SHAPES = np.stack([ROW / SIDE, np.cos(COLUMN / 2.5), np.hypot(ROW - 4, COLUMN - 12) < 5], 1)
GROUPS = np.repeat([0, 1, 2, -1, -2, -3], [30, 20, 12, 30, 10, 1])
"""Three planted patterns, noise, genes that are hardly ever seen, and what keeps totals even."""


@cache
def section() -> Section:
    rng = np.random.default_rng(0)
    level = np.full((SIDE**2, len(GROUPS)), 3.0)
    for group, shape in enumerate(SHAPES.T):
        level[:, group == GROUPS] *= np.exp(1.5 * (shape - shape.mean()))[:, None]
    level[:, GROUPS == -2] = 0.01
    level[:, -1] = 1500 - level[:, :-1].sum(1)
    adata = ad.AnnData(sp.csc_matrix(rng.poisson(level).astype(np.float32)))
    adata.var_names = [f"g{i}" for i in range(len(GROUPS))]
    adata.obsm["spatial"] = np.column_stack([COLUMN, ROW]) * 100.0
    return Section.from_anndata(adata)


@cache
def found() -> Patterns:
    return find_patterns(section())


def planted(members) -> np.ndarray:
    return GROUPS[members["gene"].str[1:].astype(int)]


def test_planted_groups_of_genes_come_back() -> None:
    members = found().members
    of = planted(members)
    spatial = of >= 0
    assert spatial.sum() == 62
    assert adjusted_rand(members["pattern"][spatial], of[spatial]) == 1
    assert found().summary["genes"].is_monotonic_decreasing


def test_their_number_is_chosen() -> None:
    table = found().stability
    assert table["n"][table["chosen"]].tolist() == [3]
    assert found().names == ("Pattern 1", "Pattern 2", "Pattern 3")
    assert find_patterns(section(), 2).stability["agreement"].isna().all()
    assert len(find_patterns(section(), 2).names) == 2


def test_maps_of_patterns_are_those_planted() -> None:
    for i, shape in enumerate(SHAPES.T):
        assert np.corrcoef(found().values[:, i], shape)[0, 1] > 0.9
    assert np.allclose(found().values.std(0), 1, atol=1e-3)
    assert (found().summary["reproducibility"] > 0.9).all()


def test_noise_and_rare_genes_are_left_out_and_counted() -> None:
    assert found().left_out["too rare"] == 10
    noise = (planted(found().members) == -1).sum()
    assert found().left_out["not repeated"] in (30 - noise, 31 - noise)
    assert noise <= 4


def test_members_say_how_like_they_are() -> None:
    members = found().members
    assert members.groupby("pattern")["correlation"].is_monotonic_decreasing.all()
    assert found().genes("Pattern 2") == members["gene"][members["pattern"] == "Pattern 2"].tolist()
    top = found().summary["top_genes"][0].split(", ")
    assert top == found().genes("Pattern 1")[:5]
    with pytest.raises(ConfigError, match="no 'Pattern 9' among Pattern 1"):
        found().genes("Pattern 9")


def test_where_a_pattern_is_high_is_a_region() -> None:
    region = found().annotation("Pattern 3")
    inside = SHAPES[:, 2].astype(bool)
    assert region.names == ("Pattern 3",)
    both = (region.spots("Pattern 3") & inside).sum()
    assert both / (region.spots("Pattern 3") | inside).sum() > 0.8


def test_annotate() -> None:
    adata = section().adata.copy()
    found().annotate(adata)
    assert np.allclose(adata.obs["pattern_1"], found().values[:, 0])
    assert adata.var["pattern"].value_counts().tolist() == found().summary["genes"].tolist()
    assert adata.var["pattern"].isna().sum() == sum(found().left_out.values())


def test_a_result_has_patterns_at_all_its_sites() -> None:
    result = enhance(section(), None, EnhanceConfig(method="kriging", upscale=2))
    of_result = find_patterns(result, 3)
    assert len(of_result.values) == len(result.sites)
    members = of_result.members
    spatial = planted(members) >= 0
    assert adjusted_rand(members["pattern"][spatial], planted(members)[spatial]) > 0.95
    assert len(of_result.annotation("Pattern 1").codes) == SIDE**2


def test_lost_spots_take_no_part() -> None:
    lost = (ROW > 12) & (COLUMN > 12)
    counts = section().counts.toarray()
    counts[lost] = counts[lost][:, ::-1]  # the totals stay
    adata = section().adata.copy()
    adata.X = sp.csc_matrix(counts)
    one, other = (find_patterns(s, lost=lost) for s in (section(), Section.from_anndata(adata)))
    assert one.members.equals(other.members)
    assert (one.values == other.values).all()
    assert len(one.values) == (~lost).sum()
    assert (one.annotation("Pattern 1").codes[lost] == -1).all()


def test_the_same_seed_gives_the_same_patterns() -> None:
    again = find_patterns(section())
    assert again.members.equals(found().members)
    assert (again.values == found().values).all()


def test_only_the_genes_asked_for() -> None:
    some = [f"g{i}" for i in range(20, 62)]
    assert set(find_patterns(section(), 3, genes=some).members["gene"]) <= set(some)


def test_what_is_not_possible() -> None:
    with pytest.raises(ConfigError, match="number of patterns must be a whole number from 2"):
        find_patterns(section(), 1)
    with pytest.raises(ConfigError, match=r"5 patterns need 10 genes or more .* found 4"):
        find_patterns(section(), 5, genes=["g0", "g1", "g31", "g32"])
    with pytest.raises(
        ConfigError, match=r"2 patterns need 4 genes .* found 0 .*10 genes too rare"
    ):
        find_patterns(section(), genes=[f"g{i}" for i in range(92, 102)])
    with pytest.raises(GeneNotFound):
        find_patterns(section(), genes=["nothing"])
    of_some = enhance(section(), None, EnhanceConfig(method="kriging", genes=("g0", "g1")))
    with pytest.raises(GeneNotFound, match="'g5' is not among the genes of this result"):
        find_patterns(of_some, genes=["g5"])


def test_closing_cancels() -> None:
    steps = find_patterns_steps(section())
    for _ in range(30):
        next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)
