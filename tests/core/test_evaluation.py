from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from PIL import Image
from same_numbers import assert_same_numbers

from napari_stentrans import (
    EnhanceConfig,
    Section,
    enhance,
    evaluate,
    evaluate_steps,
)
from napari_stentrans.decoders import GeneStore
from napari_stentrans.errors import ConfigError, GeneNotFound, SectionError, WriteError
from napari_stentrans.evaluation.box_plot import draw_boxes
from napari_stentrans.evaluation.protocols import halves, make_trial
from napari_stentrans.methods.base import Prediction, Values
from napari_stentrans.methods.interpolation import Nearest
from napari_stentrans.progress import Progress, Steps
from napari_stentrans.ranking import morans_i

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray


SIDE, GENES, PATTERNED = 24, 40, 20


@pytest.fixture(scope="module")
def shares() -> np.ndarray:
    """(spot, gene) true share of the transcripts: half of the genes follow the tissue."""
    row, column = np.indices((SIDE, SIDE)).reshape(2, -1)
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, PATTERNED)
    wave = np.cos(np.outer(row, np.cos(angle)) / 4 + np.outer(column, np.sin(angle)) / 4 + angle)
    level = np.exp(np.hstack([0.8 * wave, np.zeros((SIDE**2, GENES - PATTERNED))]))
    return level / level.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def section(shares: np.ndarray) -> Section:
    rng = np.random.default_rng(1)
    totals = rng.lognormal(np.log(120), 0.4, len(shares))
    counts = rng.poisson(totals[:, None] * shares)
    return section_of(counts)


def section_of(counts: np.ndarray) -> Section:
    xy = np.indices((SIDE, SIDE)).reshape(2, -1).T[:, ::-1] * 100.0
    adata = ad.AnnData(sp.csr_matrix(counts.astype(np.float32)), obsm={"spatial": xy})
    adata.var_names = [f"g{i}" for i in range(GENES)]
    adata.obs_names = [f"s{i}" for i in range(len(xy))]
    return Section.from_anndata(adata, name="planted")


def plant(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., np.ndarray]) -> None:
    """Let the method ``nearest`` know the answer at any spot.

    ``answer`` gets the indices of the seen spots and of the sites, and gives (site, gene).
    """

    def fit(self: Nearest, xy: NDArray[np.float64], values: Values) -> Steps[None]:
        self.seen = indices(xy)
        yield Progress("fitting", 1, 1)

    def predict(
        self: Nearest, xy: NDArray[np.float64], columns: NDArray[np.intp] | slice
    ) -> Steps[Prediction]:
        yield Progress("predicting", 1, 1)
        return Prediction(answer(self.seen, indices(xy))[:, columns].astype(np.float32), None)

    monkeypatch.setattr(Nearest, "fit", fit)
    monkeypatch.setattr(Nearest, "predict", predict)


def indices(xy: np.ndarray) -> np.ndarray:
    at = np.rint(xy / 100).astype(int)
    return at[:, 1] * SIDE + at[:, 0]


def lognorm(section: Section, seen: np.ndarray, sites: np.ndarray) -> np.ndarray:
    scale = np.median(section.totals[seen]) / section.totals[sites]
    return np.log1p(section.counts[sites].toarray() * scale[:, None])


@pytest.mark.parametrize("protocol", ["upsample", "lost"])
def test_who_knows_the_answer_scores_one(
    section: Section, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda seen, sites: lognorm(section, seen, sites))
    result = evaluate(section, protocol, ["nearest"], seeds=2)
    np.testing.assert_allclose(result.pcc["nearest"], 1, atol=1e-5)
    assert result.scores.loc["nearest", "nmse_median"] == pytest.approx(0, abs=1e-9)
    assert set(result.runs["seed"]) == {0, 1}


@pytest.mark.parametrize("protocol", ["upsample", "lost"])
def test_who_guesses_scores_nothing(
    section: Section, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    plant(monkeypatch, lambda seen, sites: lognorm(section, seen, rng.permutation(sites)))
    scores = evaluate(section, protocol, ["nearest"], seeds=2).scores.loc["nearest"]
    assert abs(scores["pcc_svg_median"]) < 0.08
    assert abs(scores["of_ceiling_svg"]) < 0.15


@pytest.mark.parametrize(("protocol", "reached"), [("upsample", 1), ("lost", 0.92), ("denoise", 1)])
def test_the_truth_without_noise_reaches_the_ceiling(
    section: Section,
    shares: np.ndarray,
    protocol: str,
    reached: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch, lambda seen, sites: np.log1p(120 * shares[sites]))
    result = evaluate(section, protocol, ["nearest"], seeds=3)
    patterned = result.genes.index[:PATTERNED]
    share = (result.pcc["nearest"] / result.genes["ceiling"])[patterned]
    assert result.genes.loc[patterned, "ceiling"].median() < 0.9
    assert share.median() == pytest.approx(reached, abs=0.07)  # a region varies less


@pytest.mark.parametrize("protocol", ["upsample", "lost"])
def test_hidden_spots_do_not_enter_what_a_method_gets(section: Section, protocol: str) -> None:
    trial = make_trial(section, protocol, 3)
    hidden = np.isin(np.arange(section.n_spots), indices(trial.sites))
    counts = section.counts.toarray()
    counts[hidden] = np.random.default_rng(9).poisson(40, counts[hidden].shape)
    other = make_trial(section_of(counts), protocol, 3)
    assert (trial.measured != other.measured).nnz > 0
    np.testing.assert_array_equal(trial.sites, other.sites)
    one, two = (
        enhance(t.section, None, EnhanceConfig(method="kriging"), t.sites) for t in (trial, other)
    )
    for name in ("g0", "g30"):
        np.testing.assert_array_equal(one.gene(name).mean, two.gene(name).mean)


def test_protocols_hide_what_they_say(section: Section) -> None:
    assert len(make_trial(section, "upsample", 0).sites) == SIDE**2 * 3 // 4
    lost = make_trial(section, "lost", 0)
    assert 0.12 * SIDE**2 <= len(lost.sites) < 0.2 * SIDE**2
    assert lost.section.n_spots + len(lost.sites) == section.n_spots
    assert lost.section.lattice is section.lattice
    split = make_trial(section, "denoise", 0)
    assert len(split.sites) == 0
    assert split.section.n_spots == split.measured.shape[0] == section.n_spots
    assert split.section.totals.sum() == pytest.approx(section.totals.sum() / 2, rel=0.05)


def test_halves_add_up_and_their_noise_is_independent() -> None:
    counts = sp.csc_matrix(np.full((2000, 3), 10, np.float32))
    one, two = halves(counts, np.random.default_rng(0))
    np.testing.assert_array_equal((one + two).toarray(), counts.toarray())
    poisson = sp.csc_matrix(np.random.default_rng(1).poisson(10, (20000, 1)).astype(np.float32))
    one, two = halves(poisson, np.random.default_rng(0))
    assert abs(np.corrcoef(one.toarray()[:, 0], two.toarray()[:, 0])[0, 1]) < 0.03


def test_morans_i_tells_patterns_from_noise(section: Section, shares: np.ndarray) -> None:
    noise = np.random.default_rng(0).random((SIDE**2, 1))
    values = sp.csc_matrix(np.hstack([shares[:, :1], noise]))
    smooth, rough = morans_i(values, section.xy)
    assert smooth > 0.8
    assert abs(rough) < 0.1


def test_scores_are_those_of_the_scoring_program(section: Section, score: ModuleType) -> None:
    rc = np.indices((SIDE, SIDE)).reshape(2, -1).T
    truth = score.Truth("planted", "square", rc, section.counts.toarray(), section.genes.to_numpy())
    trial = make_trial(section, "lost", 1)
    observed = ~np.isin(np.arange(section.n_spots), indices(trial.sites))
    enhanced = enhance(trial.section, None, EnhanceConfig(method="linear"), trial.sites)
    predicted = np.zeros((section.n_spots, GENES), np.float32)
    predicted[~observed] = enhanced.to_anndata().X[trial.rows]
    ours = evaluate(section, "lost", ["linear"], seeds=2).runs.set_index("seed").loc[1]
    theirs = score.score(truth, observed, predicted)
    assert ours["pcc_mean"] == pytest.approx(theirs["pcc_mean"], abs=2e-3)
    assert ours["nmse_median"] == pytest.approx(theirs["nmse_median"], rel=0.02)
    assert ours["of_ceiling_svg"] == pytest.approx(theirs["of_ceiling_svg"], rel=0.25)


@pytest.mark.parametrize(("claimed", "spread"), [(0.5, 1.0), (1.0, 0.5), (np.nan, None)])
def test_uncertainty_is_held_against_the_errors(
    section: Section, claimed: float, spread: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)

    def answer(seen: np.ndarray, sites: np.ndarray) -> np.ndarray:
        return 3 + lognorm(section, seen, sites) + rng.normal(0, 0.5, (len(sites), GENES))

    def noise(self: GeneStore, at: np.ndarray) -> np.ndarray:
        return np.full_like(stored(self, at)[0], 0.8 * claimed)

    def columns(self: GeneStore, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, _ = stored(self, at)
        return mean, np.full_like(mean, 0.6 * claimed)

    stored = GeneStore.columns

    plant(monkeypatch, answer)
    monkeypatch.setattr(GeneStore, "noise", noise)
    monkeypatch.setattr(GeneStore, "columns", columns)
    found = evaluate(section, "upsample", ["nearest"], seeds=1).scores.loc["nearest", "z_spread"]
    assert np.isnan(found) if spread is None else found == pytest.approx(spread, rel=0.03)


def test_denoising_beats_the_raw_half_and_same_seeds_give_same_numbers(section: Section) -> None:
    before = section.digest
    first, second = (evaluate(section, "denoise", ["kriging"], seeds=2) for _ in range(2))
    assert list(first.scores.index) == ["kriging", "raw half"]
    assert first.scores["pcc_svg_median"]["kriging"] > first.scores["pcc_svg_median"]["raw half"]
    assert_same_numbers(first.pcc, second.pcc)
    assert Section.from_anndata(section.adata).digest == before


def test_settings_by_label_and_chosen_genes(section: Section) -> None:
    settings = {"few": EnhanceConfig(factors=2), "many": EnhanceConfig(factors=12)}
    result = evaluate(section, "upsample", settings, seeds=1, genes=["g3", "g1", "g35"])
    assert list(result.pcc.columns) == ["few", "many"]
    assert list(result.pcc.index) == ["g1", "g3", "g35"]
    assert (result.pcc["few"] != result.pcc["many"]).any()


def test_spots_without_counts_are_in_neither_part(section: Section) -> None:
    counts = section.counts.toarray()
    counts[::10] = 0
    trial = make_trial(section_of(counts), "upsample", 0)
    used = trial.section.n_spots + len(trial.sites)
    assert used == (counts.sum(1) > 0).sum()


def test_progress_says_whose_turn_it_is(section: Section) -> None:
    stages = [
        step.stage for step in evaluate_steps(section, "lost", ["linear", "nearest"], seeds=2)
    ]
    turns = list(dict.fromkeys(stage.split(":")[0] for stage in stages[1:]))
    assert turns == ["linear, 1 of 2", "nearest, 1 of 2", "linear, 2 of 2", "nearest, 2 of 2"]


def test_report(section: Section, tmp_path: Path) -> None:
    result = evaluate(section, "lost", ["kriging", "linear"], seeds=1)
    assert "40 genes" in result.table()
    assert f"{result.scores.loc['linear', 'pcc_median']:.3f}" in result.table()
    facts = json.loads(result.to_json())
    assert facts["genes"]["g1"]["pcc kriging"] == pytest.approx(
        result.pcc.loc["g1", "kriging"], abs=1e-4
    )
    assert facts["scores"]["linear"]["pcc_mean"] == pytest.approx(
        result.scores.loc["linear", "pcc_mean"], abs=1e-4
    )
    path = result.box_plot(tmp_path / "boxes.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert len(image.getcolors(1 << 20)) > 4
    with pytest.raises(WriteError, match="would be replaced"):
        result.box_plot(path)
    with pytest.raises(WriteError, match=r"\.png"):
        result.box_plot(tmp_path / "boxes.gif")
    assert [p.name for p in tmp_path.iterdir()] == ["boxes.png"]


def test_boxes_show_quartiles_medians_and_the_ceiling() -> None:
    values = {"linear": np.linspace(-0.4, 0.6, 101), "mean": np.linspace(0, 0.05, 101)}
    (axes,) = draw_boxes(values, "a title", "a label", 0.9).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["linear", "mean"]
    first = axes.patches[0].get_path().vertices[:, 1]
    assert (first.min(), first.max()) == pytest.approx((-0.15, 0.35))
    words = [text.get_text() for text in axes.texts]
    assert words == ["median 0.10", "median 0.03", "ceiling that the noise sets"]
    low, high = axes.get_ylim()
    assert low < -0.35
    assert high > 0.9
    assert draw_boxes({"mean": np.full(9, 0.01)}, "", "").axes[0].get_ylim() == (0.0, 0.1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"protocol": "guess"}, ConfigError, "upsample, lost, denoise"),
        ({"methods": ["magic"]}, ConfigError, "method"),
        ({"methods": []}, ConfigError, "At least one"),
        ({"seeds": 0}, ConfigError, "At least one"),
        ({"genes": ["nope"]}, GeneNotFound, "nope"),
    ],
)
def test_what_cannot_be_evaluated_says_why(
    section: Section, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate(section, **arguments)


def test_too_small_a_section_says_so(section: Section) -> None:
    tiny = Section.from_anndata(section.adata[:4].copy())
    for protocol in ("lost", "upsample"):
        with pytest.raises(SectionError, match="larger section"):
            evaluate(tiny, protocol, ["nearest"], genes=["g1"])
