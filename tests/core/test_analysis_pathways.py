"""Gene sets as maps, against random sets, in lists and rankings, and drawn."""

from __future__ import annotations

import sys

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from planted_sets import PLANTED, RANDOM, planted_sets, small_section

from napari_stentrans import EnhanceConfig, Section, enhance, simulate_section
from napari_stentrans.analysis import pathway_scores as scoring
from napari_stentrans.analysis.coherence import (
    in_words,
    measure_coherence,
    measure_coherence_steps,
    side_by_side,
)
from napari_stentrans.analysis.dot_plot import draw_dots, save_dots
from napari_stentrans.analysis.enrichment import over_representation, preranked
from napari_stentrans.analysis.gene_lists import read_list, read_ranking
from napari_stentrans.analysis.gene_sets import GeneSets
from napari_stentrans.analysis.maps import Maps
from napari_stentrans.analysis.pathway_scores import rank_weights, score_pathways
from napari_stentrans.errors import ConfigError, ReadError, StentransWarning, WriteError
from napari_stentrans.simulate import PROGRAMMES


@pytest.fixture(scope="module")
def section():
    return small_section()


@pytest.fixture(scope="module")
def result(section):
    return enhance(section, config=EnhanceConfig(method="kriging", upscale=2))


@pytest.fixture(scope="module")
def sets(section):
    return planted_sets(section)


def of(table, name):
    return table.set_index("set").loc[name]


# ---- scores


def aucell(values, members, m, orders, rng):
    """AUCell by its definition, the mean over random orders of equal genes."""
    scores = []
    for _ in range(orders):
        rank = np.empty(len(values), int)
        rank[np.lexsort((rng.random(len(values)), -values))] = np.arange(1, len(values) + 1)
        scores.append(np.maximum(m + 1 - rank[members], 0).sum())
    best = sum(m + 1 - r for r in range(1, min(len(members), m) + 1))
    return np.mean(scores) / best


def test_a_score_is_the_area_under_the_recovery_curve():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.poisson(0.5, (6, 40)), rng.poisson(3, (6, 10))], 1)
    values = values.astype(np.float32)
    members, m = np.array([1, 7, 30, 41, 49]), 10
    weights = rank_weights(values, m)
    np.testing.assert_allclose(weights.sum(1), m * (m + 1) / 2, rtol=1e-5)
    for row, weight in zip(values, weights, strict=True):
        expected = aucell(row, members, m, 3000, rng)
        assert weight[members].sum() / sum(range(m - 4, m + 1)) == pytest.approx(expected, abs=0.02)
    distinct = rng.permuted(np.tile(np.arange(50, dtype=np.float32), (4, 1)), axis=1)
    for row, weight in zip(distinct, rank_weights(distinct, m), strict=True):
        assert weight[members].sum() / 40 == pytest.approx(aucell(row, members, m, 1, rng))


@pytest.mark.parametrize("kind", ["measured", "enhanced"])
def test_the_map_of_a_set_follows_its_programme(section, result, sets, kind):
    found = score_pathways(section if kind == "measured" else result, sets, top=0.3)
    truth = pd.DataFrame(
        section.adata.obsm["truth_programmes"],
        index=section.adata.obs_names,
        columns=list(PROGRAMMES),
    )
    shared = found.scores.loc[section.adata.obs_names]
    for name in ("layer2", "layer3"):
        assert np.corrcoef(shared[f"planted {name}"], truth[name])[0, 1] > 0.6
    assert len(found.scores) == (500 if kind == "measured" else len(result.sites))
    assert found.scores.to_numpy().min() >= 0
    assert found.scores.to_numpy().max() <= 1
    assert list(found.table["set"]) == list(sets.sets)
    assert (found.table["found"] == PLANTED).all()


def test_blocks_do_not_show_and_no_block_is_large(section, result, sets, monkeypatch):
    for data in (section, result):
        whole = score_pathways(data, sets).scores
        monkeypatch.setattr("napari_stentrans.analysis.maps.VALUES_AT_ONCE", 600 * 33)
        shapes = [values.shape for _, values in Maps.of(data).row_blocks()]
        assert max(shapes) == (33, 600)
        assert sum(n for n, _ in shapes) == len(whole)
        np.testing.assert_allclose(score_pathways(data, sets).scores, whole, atol=1e-6)
        monkeypatch.undo()


@pytest.mark.parametrize("method", ["kriging", "linear"])
def test_rows_of_maps_are_their_columns(section, method):
    lost = np.arange(500) % 10 == 0
    config = EnhanceConfig(method=method, denoise=False, genes=tuple(section.genes[:40]))
    for data in (section, enhance(section, lost, config)):
        maps = Maps.of(data)
        columns = maps.columns(np.arange(len(maps.genes)))
        np.testing.assert_allclose(maps.rows(slice(3, 60)), columns[3:60], atol=1e-5)
    maps = Maps.of(section, lost)
    columns = maps.columns(np.arange(600))
    np.testing.assert_array_equal(maps.rows(slice(5, 70)), columns[5:70])


def test_scores_go_into_an_anndata_under_their_name(section, sets):
    adata = section.adata.copy()[::-1].copy()
    found = score_pathways(section, sets)
    found.annotate(adata)
    kept = adata.obsm[scoring.KEY]
    assert scoring.KEY == "pathway_scores"
    pd.testing.assert_frame_equal(kept, found.scores[::-1], check_names=False)


def test_a_share_that_is_none_and_sets_that_are_not_here_are_refused(section, sets):
    with pytest.raises(ConfigError, match="share above 0"):
        score_pathways(section, sets, top=0)
    with pytest.raises(ConfigError, match="No set of other has 5 genes"):
        score_pathways(section, GeneSets("other", {"A": ("BRCA1", "ATM")}))


def test_a_large_section_is_scored_in_seconds_without_a_dense_table():
    rng = np.random.default_rng(0)
    counts = sp.random(1000, 8000, 0.1, "csc", np.float32, rng)
    counts.data = np.ceil(counts.data * 5)
    at = np.indices((40, 25)).reshape(2, -1).T.astype(float)
    var = pd.DataFrame(index=[f"G{i}" for i in range(8000)])
    big = Section.from_anndata(ad.AnnData(counts, var=var, obsm={"spatial": at * 10}))
    many = {f"S{i}": tuple(rng.choice(big.genes, 40, False)) for i in range(300)}
    found = score_pathways(big, GeneSets("many", many))
    assert found.scores.shape == (1000, 300)
    assert found.top == 400
    # random sets get what is expected of chance
    chance = found.top * (found.top + 1) / 2 / 8000 * 40 / sum(range(361, 401))
    assert found.scores.to_numpy().mean() == pytest.approx(chance, rel=0.05)


@pytest.mark.parametrize("ask", [score_pathways, measure_coherence])
def test_lost_spots_take_no_part(section, result, sets, ask):
    lost = np.arange(section.n_spots) % 7 == 0
    counts = section.counts.toarray()
    counts[lost] = counts[lost][:, ::-1]  # the totals stay
    adata = section.adata.copy()
    adata.X = sp.csc_matrix(counts)
    one, other = (ask(s, sets, lost=lost) for s in (section, Section.from_anndata(adata)))
    pd.testing.assert_frame_equal(one.table, other.table)
    assert not one.table.equals(ask(section, sets).table)
    for known in (result, Maps.of(section)):
        with pytest.raises(ConfigError, match="with a section only"):
            ask(known, sets, lost=lost)


# ---- coherence


def test_a_planted_set_is_found_and_random_ones_are_not_before_and_after(section, result, sets):
    before, after = (measure_coherence(data, sets, random=400) for data in (section, result))
    assert [before.enhanced, after.enhanced] == [False, True]
    for found in (before, after):
        planted = found.table[found.table["set"].str.startswith("planted")]
        others = found.table[~found.table["set"].str.startswith("planted")]
        assert (planted["fdr"] <= 0.1).all()
        assert (planted["coherence"] > 2 * planted["expected"]).all()
        assert (others["fdr"] <= 0.05).sum() == 0
        assert 0.3 < others["pvalue"].mean() < 0.8
    both = side_by_side(before, after)
    assert len(both) == RANDOM + 2
    assert of(both, "planted layer2")["coherence_before"] == pytest.approx(
        of(before.table, "planted layer2")["coherence"]
    )
    assert "of 62 sets as measured" in in_words(before)
    assert "of 62 sets enhanced" in in_words(before, after)


def test_smoothing_alone_finds_nothing(sets):
    """Counts without any pattern, smoothed: all maps are alike, and no set is found."""
    rng = np.random.default_rng(3)
    at = np.indices((20, 20)).reshape(2, -1).T.astype(float)
    counts = rng.poisson(3, (400, 600)).astype(np.float32)
    var = pd.DataFrame(index=[f"Gene{i + 1}" for i in range(600)])
    flat = Section.from_anndata(ad.AnnData(counts, var=var, obsm={"spatial": at * 10}))
    smooth = enhance(flat, config=EnhanceConfig(method="kriging"))
    pvalues = [measure_coherence(data, sets, random=200).table["pvalue"] for data in (flat, smooth)]
    for found in pvalues:
        assert (found <= 0.05).mean() < 0.15
        assert (found <= 0.5).mean() > 0.3


def test_coherence_is_the_mean_correlation_of_the_maps(section, sets):
    found = measure_coherence(section, sets.chosen(["planted layer2"]), random=50)
    maps = np.stack([section.gene_lognorm(gene) for gene in sets.sets["planted layer2"]])
    corr = np.corrcoef(maps)
    k = len(corr)
    assert found.table["coherence"][0] == pytest.approx((corr.sum() - k) / (k * (k - 1)), abs=1e-4)
    assert found.table["genes"][0] == k


def test_a_sketch_of_many_sites_keeps_what_matters(section, sets, monkeypatch):
    whole = measure_coherence(section, sets, random=200).table
    monkeypatch.setattr("napari_stentrans.analysis.coherence.SKETCH", 256)
    short = measure_coherence(section, sets, random=200).table
    assert set(whole["set"][:2]) == set(short["set"][:2]) == {"planted layer2", "planted layer3"}


def test_random_sets_depend_on_the_seed_only_and_can_be_cancelled(section, sets):
    one, same, other = (
        measure_coherence(section, sets, random=99, seed=s).table for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same)
    assert not one["pvalue"].equals(other["pvalue"])
    assert one["pvalue"].min() >= 1 / 100
    steps = measure_coherence_steps(section, sets)
    next(steps)
    steps.close()
    with pytest.raises(ConfigError, match="1 or more"):
        measure_coherence(section, sets, random=0)


# ---- lists and rankings


@pytest.mark.filterwarnings("ignore")
def test_over_representation_is_gseapys_to_the_last_digit(section, sets):
    import gseapy

    listed = [*sets.sets["planted layer2"], *sets.sets["random 0"][:3]]
    found = over_representation(listed, sets, section)
    seen = list(section.genes[np.diff(section.counts.indptr) > 0])
    hand = gseapy.enrich(
        listed, {k: list(v) for k, v in sets.sets.items()}, background=seen, outdir=None
    ).results.set_index("Term")
    table = found.table.set_index("set")
    assert len(table) == len(hand)
    for ours, theirs in (
        ("pvalue", "P-value"),
        ("fdr", "Adjusted P-value"),
        ("odds_ratio", "Odds Ratio"),
    ):
        assert (table[ours] == hand[theirs].reindex(table.index)).all()
    assert found.table["set"][0] == "planted layer2"
    assert found.table["fdr"][0] < 1e-6
    assert table.loc["planted layer2", "members"].count("; ") == PLANTED - 1
    assert table.loc["planted layer2", "ratio"] == 1
    assert set(table.index[table["fdr"] <= 0.05]) == {"planted layer2", "random 0"}


@pytest.mark.filterwarnings("ignore")
def test_preranked_is_gseapys_to_the_last_digit(section, sets):
    import gseapy

    rng = np.random.default_rng(1)
    change = rng.normal(0, 0.5, 600) + 2 * (section.adata.var["truth_pattern"] == "layer2")
    ranking = pd.Series(np.asarray(change), index=section.genes)
    found = preranked(ranking, sets, section, seed=7, permutations=200)
    hand = gseapy.prerank(
        ranking.sort_values(ascending=False),
        {k: list(v) for k, v in sets.sets.items()},
        outdir=None, min_size=5, max_size=500, permutation_num=200, seed=7, threads=1,
    ).res2d.set_index("Term")  # fmt: skip
    table = found.table.set_index("set")
    for ours, theirs in (("score", "NES"), ("pvalue", "NOM p-val"), ("fdr", "FDR q-val")):
        assert (table[ours] == hand[theirs].astype(float).reindex(table.index)).all()
    assert found.table["set"][0] == "planted layer2"
    assert found.table["fdr"][0] <= 0.05
    adata = section.adata.copy()
    found.annotate(adata)
    assert list(adata.uns["pathways"]) == ["preranked"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_of_a_list_is_not_here_is_told_and_the_background_counts(section, sets):
    listed = ["Gene1", "Gene2", "nobody", "ENSSIM00000000003"]
    with pytest.warns(StentransWarning, match="1 gene of the list not in this section.*nobody"):
        found = over_representation(listed, sets, section)
    assert found.n_genes == 3
    few = list(section.genes[:100])
    with pytest.warns(StentransWarning, match="not in the background"):
        found = over_representation(["Gene1", "Gene500"], sets, section, background=few)
    assert (found.n_genes, found.n_background) == (1, 100)
    with pytest.raises(ConfigError, match="No gene of the list"):
        over_representation(["nobody"], sets, section)
    absent = next(g for g in section.genes if not any(g in s for s in sets.sets.values()))
    assert over_representation([absent], sets, section).table.empty


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_rankings_without_differences_or_with_doubles_are_refused(section, sets):
    with pytest.raises(ConfigError, match="different numbers"):
        preranked(dict.fromkeys(section.genes, 1.0), sets, section)
    twice = {"Gene1": 1.0, "ENSSIM00000000001": 2.0, "Gene2": 0.5}
    with pytest.raises(ConfigError, match=r"1 gene twice \(first: Gene1\)"):
        preranked(twice, sets, section)
    ranking = dict(zip(section.genes, np.linspace(-1, 1, 600), strict=True)) | {"Gene3": np.nan}
    with pytest.warns(StentransWarning, match="1 gene of the ranking without a number"):
        assert preranked(ranking, sets, section, permutations=10).n_genes == 599


@pytest.mark.parametrize("run", [over_representation, preranked])
def test_without_gseapy_the_error_says_what_to_install(section, sets, monkeypatch, run):
    monkeypatch.setitem(sys.modules, "gseapy", None)
    with pytest.raises(ConfigError, match=r'pip install "napari-stentrans\[pathways\]"'):
        run({"Gene1": 1.0}, sets, section)


@pytest.mark.parametrize(
    ("text", "genes"),
    [
        ("A\nB\n\nC", ["A", "B", "C"]),
        ("A, B;C\tA", ["A", "B", "C"]),
        ("# mine\n'A' \"B\"", ["A", "B"]),
        ("gene,pvalue\nA,0.1\nB,0.2\n", ["A", "B"]),
        ("Gene name\tx\ty\nA\t1\t2\n", ["A"]),
    ],
)
def test_lists_are_read_in_every_dress(tmp_path, text, genes):
    (tmp_path / "list.txt").write_text(text)
    assert read_list(tmp_path / "list.txt") == genes


def test_rankings_are_read_by_the_column_that_ranks(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("gene,pvalue,log2_fold_change\nA,0.1,2\nB,0.2,-1\nC,0.3,\n")
    assert read_ranking(path).to_dict() == pytest.approx(
        {"A": 2, "B": -1, "C": np.nan}, nan_ok=True
    )
    assert read_ranking(path, "pvalue")["A"] == 0.1
    with pytest.raises(ReadError, match="no column 'p'"):
        read_ranking(path, "p")
    path.write_text("A\t2\nB\t-1\n")  # .rnk
    assert read_ranking(path).to_dict() == {"A": 2, "B": -1}
    for text, said in (
        ("gene,a,b\nA,1,2\n", "does not say what to rank by.*--by"),
        ("A\nB\n", "no table"),
        ("gene,score\nA,1\nA,2\n", "twice"),
    ):
        path.write_text(text)
        with pytest.raises(ReadError, match=said):
            read_ranking(path)
    with pytest.raises(ReadError, match="cannot be read"):
        read_ranking(tmp_path / "gone.csv")


# ---- the plot


def table_of(**columns):
    return pd.DataFrame({"set": ["A", "A_LONG_NAME " * 6, "C"], **columns})


def test_dots_grow_with_what_is_sure_and_texts_stay_texts(tmp_path):
    before = table_of(fdr=[1e-6, 0.5, 0.02], score=[2.0, 0.1, -1.0])
    after = table_of(fdr=[1e-3, 0.4, 1.0], score=[3.0, 0.2, 0.0])
    figure = draw_dots({"before": before, "after": after}, "Sets")
    dots = figure.axes[0].collections[0]
    sizes = dict(zip(map(tuple, dots.get_offsets()), dots.get_sizes(), strict=True))
    assert sizes[0, 0] == max(sizes.values())
    assert sizes[0, 0] == pytest.approx(2 * sizes[1, 0], rel=0.05)
    assert min(sizes.values()) > 0  # seen, where nothing was found
    assert dots.get_clim() == (-3, 3)
    for ending in ("svg", "pdf", "png"):
        path = save_dots({"before": before}, tmp_path / f"dots.{ending}")
        assert path.stat().st_size > 1000
    assert ">A</text>" in (tmp_path / "dots.svg").read_text()
    with pytest.raises(WriteError, match="would be replaced"):
        save_dots({"before": before}, tmp_path / "dots.svg")
    with pytest.raises(WriteError, match="A dot plot is written as"):
        save_dots({"before": before}, tmp_path / "dots.jpg")


def test_a_plot_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="no gene set to draw"):
        draw_dots({"before": table_of(fdr=[1, 1, 1])[:0]})
    with pytest.raises(ConfigError, match="no column ratio"):
        draw_dots({"before": table_of(fdr=[1, 1, 1])}, size="ratio")


def test_genes_seen_in_lost_spots_alone_are_no_background():
    pytest.importorskip("gseapy")
    section = simulate_section(120, 60, seed=1, image=False)
    lost = np.arange(section.n_spots) < 60
    counts = section.counts.tolil()
    counts[np.flatnonzero(~lost), 3] = 0
    counts[0, 3] = 5
    adata = ad.AnnData(counts.tocsr(), obs=section.obs[[]], var=section.adata.var[[]])
    adata.obsm["spatial"] = section.xy
    own = Section.from_anndata(adata)
    genes = list(own.genes)
    sets = GeneSets("own", {"one": tuple(genes[:10])})
    seen = int((own.counts[~lost].getnnz(axis=0) > 0).sum())
    whole = over_representation(genes[5:9], sets, own)
    result = enhance(own, lost, EnhanceConfig(method="nearest"))
    for data in (Maps.of(own, lost), result):
        assert over_representation(genes[5:9], sets, data).n_background == seen
    assert whole.n_background > seen
