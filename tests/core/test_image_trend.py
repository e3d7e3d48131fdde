"""The tissue image under kriging, damaged images, and what is said about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans import EnhanceConfig, Section, enhance, evaluate
from napari_stentrans.cli import main
from napari_stentrans.errors import MaskError
from napari_stentrans.export import write_h5ad
from napari_stentrans.methods.base import Prediction
from napari_stentrans.methods.doubt import doubted
from napari_stentrans.methods.holdout import FEWEST
from napari_stentrans.methods.trend import Trend
from napari_stentrans.record import RunRecord
from napari_stentrans.simulate import simulate_section

if TYPE_CHECKING:
    from pathlib import Path

KRIGING = EnhanceConfig(method="kriging")


@pytest.fixture(scope="module")
def section() -> Section:
    """A section whose obsm holds what its tissue is ("told") and what has nothing to do with it."""
    adata = simulate_section(300, 100, seed=4, artefacts=False).adata.copy()
    rng = np.random.default_rng(1)
    truth = np.asarray(adata.obsm["truth_programmes"])
    adata.obsm["told"] = (truth + 0.05 * truth.std() * rng.normal(size=truth.shape)).astype("f4")
    adata.obsm["noise"] = rng.normal(size=(300, 12)).astype("f4")
    return Section.from_anndata(adata)


@pytest.fixture(scope="module")
def middle(section: Section) -> np.ndarray:
    away = np.linalg.norm(section.xy - np.median(section.xy, axis=0), axis=1)
    return away < 3 * section.lattice.spacing


def test_a_trend_finds_linear_columns_and_leaves_noise_alone() -> None:
    rng = np.random.default_rng(0)
    shown = rng.normal(size=(400, 6)).astype(np.float32)
    shown -= shown.mean(0)
    weights = rng.normal(size=(6, 1))
    columns = np.hstack([3 + shown @ weights, rng.normal(size=(400, 1))]).astype(np.float32)
    trend, there = Trend.of(shown, columns), rng.normal(size=(50, 6)).astype(np.float32)
    np.testing.assert_allclose(trend.at(there)[:, :1], 3 + there @ weights, atol=0.1)
    assert trend.at(there)[:, 1].std() < 0.25
    nothing = np.zeros((1, 6), np.float32)
    np.testing.assert_allclose(trend.at(nothing)[0], columns.mean(0), atol=1e-5)
    assert (trend.variance(nothing) == 0).all()


def test_leave_one_out_errors_are_those_of_leaving_out() -> None:
    rng = np.random.default_rng(2)
    shown = rng.normal(size=(30, 3)).astype(np.float32)
    shown -= shown.mean(0)
    column = (shown[:, :1] + rng.normal(size=(30, 1))).astype(np.float32)
    trend = Trend.of(shown, column)
    powers = np.linalg.svd(shown.astype(float))[1] ** 2
    chosen = min(
        (0.01, 0.1, 1.0, 10.0, 100.0),
        key=lambda p: np.mean([_left_out(shown, column, i, p * powers.mean()) for i in range(30)]),
    )
    gram = shown.T @ shown + chosen * powers.mean() * np.eye(3)
    np.testing.assert_allclose(
        trend.weights, np.linalg.solve(gram, shown.T @ (column - column.mean())), rtol=1e-3
    )


def _left_out(shown: np.ndarray, column: np.ndarray, i: int, penalty: float) -> float:
    x, y = np.delete(shown, i, 0), np.delete(column, i)
    middle = x.mean(0)
    gram = (x - middle).T @ (x - middle) + penalty * np.eye(3)
    weights = np.linalg.solve(gram, (x - middle).T @ (y - y.mean()))
    return float((column[i, 0] - y.mean() - (shown[i] - middle) @ weights) ** 2)


def test_kriging_uses_what_helps_and_says_so(section: Section, middle: np.ndarray) -> None:
    config = KRIGING.model_copy(update={"features": "told"})
    result, plain = (
        enhance(section, middle, c) for c in (config, config.model_copy(update={"image": "off"}))
    )
    findings = result.record.findings
    assert findings["features_used"] == 1
    assert findings["features_gain"] > 0.05
    gain = findings["correlation_with_features"] / findings["correlation_without_features"] - 1
    assert gain == pytest.approx(findings["features_gain"], abs=0.02)
    assert findings["features_hidden"] >= FEWEST
    assert "better here (mean correlation 0." in result.record.evidence_in_words
    assert plain.record.findings == {}
    assert plain.record.evidence_in_words == ""
    assert _hit(section, result, middle) > _hit(section, plain, middle) + 0.03
    assert (result.gene("Gene3").std > 0).all()


def _hit(section: Section, result: object, lost: np.ndarray) -> float:
    genes = list(section.genes[:40])
    mean = result.to_anndata(genes).X[: section.n_spots][lost]  # type: ignore[attr-defined]
    measured = np.column_stack([section.gene_lognorm(gene) for gene in genes])[lost]
    return float(np.mean([np.corrcoef(m, t)[0, 1] for m, t in zip(mean.T, measured.T, strict=True)
                          if t.std() > 0.1]))  # fmt: skip


def test_kriging_leaves_out_what_misleads(section: Section, middle: np.ndarray) -> None:
    config = KRIGING.model_copy(update={"features": "noise"})
    result = enhance(section, middle, config)
    plain = enhance(section, middle, config.model_copy(update={"image": "off"}))
    assert result.record.findings["features_used"] == 0
    assert "not used: it did not help" in result.record.evidence_in_words
    assert_same_numbers(result.gene("Gene3").mean, plain.gene("Gene3").mean)


@pytest.mark.parametrize("features", [None, "told"])
def test_nothing_is_read_where_the_image_is_damaged(
    section: Section, middle: np.ndarray, features: str | None
) -> None:
    """What lies in the damaged region has no influence on the result."""
    config = KRIGING.model_copy(update={"features": features, "upscale": 2})
    result = enhance(section, middle, config, None, middle)
    assert result.record.image_damaged == tuple(section.adata.obs_names[middle])
    if features is not None:
        other = section.adata.copy()
        other.obsm["told"][middle] = 1e6
        again = enhance(Section.from_anndata(other), middle, config, None, middle)
        assert_same_numbers(result.gene("Gene3").mean, again.gene("Gene3").mean)
        undamaged = enhance(section, middle, config)
        assert np.abs(undamaged.gene("Gene3").mean - result.gene("Gene3").mean).max() > 1e-3
    record = RunRecord.model_validate_json(result.record.model_dump_json())
    replayed = enhance(section, *record.inputs(section))
    assert_same_numbers(result.gene("Gene3").mean, replayed.gene("Gene3").mean)


def test_older_records_know_of_no_damage(section: Section) -> None:
    record = enhance(section, None, EnhanceConfig(method="nearest", genes=("Gene3",))).record
    facts = json.loads(record.model_dump_json())
    del facts["image_damaged"]
    *_, damaged = RunRecord.model_validate(facts).inputs(section)
    assert not damaged.any()


def test_a_mask_of_damage_must_fit(section: Section) -> None:
    with pytest.raises(MaskError, match="image_damaged must have one value per spot"):
        enhance(section, None, KRIGING, None, np.zeros(3, bool))


def test_an_embedding_is_known_at_hidden_spots_in_evaluations(section: Section) -> None:
    told = KRIGING.model_copy(update={"features": "told"})
    methods = {"with": told, "without": told.model_copy(update={"image": "off"})}
    genes = list(section.genes[:30])
    scores = evaluate(section, "lost", methods, seeds=2, genes=genes).scores["pcc_mean"]
    assert scores["with"] > 1.3 * scores["without"]
    left_out = {"plain": KRIGING.model_copy(update={"image": "off"})}  # spots are taken out
    plain = evaluate(section, "lost", left_out, seeds=2, genes=genes).scores["pcc_mean"]
    assert scores["without"] == pytest.approx(plain["plain"], abs=1e-6)


def test_the_command_line(
    section: Section, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample, out, mask = tmp_path / "s.h5ad", tmp_path / "out.h5ad", tmp_path / "damaged.csv"
    write_h5ad(section.adata, sample)
    names = list(section.adata.obs_names[:9])
    mask.write_text("barcode\n" + "\n".join(names) + "\n")
    command = ["enhance", str(sample), "--method", "kriging", "-o", str(out)]
    command += ["--features", "told", "--image-damaged", str(mask)]
    assert main(command) == 0
    assert "Your own description of the spots predicts hidden spots" in capsys.readouterr().err
    record = RunRecord.read(tmp_path / "out.run.json")
    assert record.config.features == "told"
    assert sorted(record.image_damaged) == sorted(names)
    repeat = ["enhance", "--record", str(tmp_path / "out.run.json"), "-o", str(tmp_path / "2.h5ad")]
    assert main([*repeat, "--image-damaged", str(mask)]) == 1
    assert "leave out --image-damaged" in capsys.readouterr().err
    assert main([*command[:5], str(tmp_path / "3.h5ad"), "--image", "off"]) == 0
    assert "tissue image" not in capsys.readouterr().err
    both = ["evaluate", str(sample), "--method", "kriging", "nearest", "--seeds", "1"]
    assert main([*both, "--features", "told", "--image", "both"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "  " in line]
    assert [row for row in rows if row.startswith("kriging, no image")]
    assert not [row for row in rows if row.startswith("nearest, no image")]


def words(record: RunRecord, **findings: float) -> str:
    """What is said of findings about the image, where it was used."""
    facts = {"image_used": 1.0, **findings}
    return record.model_copy(update={"findings": facts}).evidence_in_words


@pytest.fixture(scope="module")
def record(section: Section) -> RunRecord:
    return enhance(section, None, EnhanceConfig(method="nearest", genes=("Gene3",))).record


def test_a_gain_is_said_with_the_correlations_that_it_is_of(record: RunRecord) -> None:
    enough = {"image_gain": 0.123, "image_hidden": 180.0}
    correlations = {"correlation_without_image": 0.3, "correlation_with_image": 0.337}
    assert words(record, **enough, **correlations) == (
        "The tissue image predicts hidden spots 12% better here "
        "(mean correlation 0.30 without it, 0.34 with it)."
    )


@pytest.mark.parametrize(("hidden", "without"), [(180, 0.02), (180, 0.0), (180, -0.05), (20, 0.2)])
def test_no_percentage_is_given_of_a_correlation_that_may_be_chance(
    record: RunRecord, hidden: float, without: float
) -> None:
    facts = {"image_gain": 2.36, "image_hidden": hidden, "correlation_without_image": without}
    said = words(record, **facts, correlation_with_image=0.27)
    assert "%" not in said
    assert f"mean correlation {without:.2f} without it, 0.27 with it" in said


def test_records_of_older_versions_say_no_percentage_of_almost_nothing(record: RunRecord) -> None:
    assert words(record, image_gain=0.12) == (
        "The tissue image predicts hidden spots 12% better here."
    )
    assert words(record, image_gain=2.36) == "The tissue image predicts hidden spots better here."


@pytest.mark.parametrize("method", ["kriging", "transformer"])
def test_an_image_is_not_judged_on_too_few_spots(section: Section, method: str) -> None:
    few = Section.from_anndata(section.adata[:22].copy())
    config = EnhanceConfig(method=method, features="told")
    result = enhance(few, None, config)
    plain = enhance(few, None, config.model_copy(update={"image": "off"}))
    assert result.record.findings["features_used"] == 0
    assert "features_gain" not in result.record.findings
    assert "too few spots to tell whether it helps (6 could be hidden" in (
        result.record.evidence_in_words
    )
    assert_same_numbers(result.to_anndata().X, plain.to_anndata().X)
    enough = Section.from_anndata(section.adata[:70].copy())
    assert "features_gain" in enhance(enough, None, config).record.findings


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_where_evidence_and_the_spots_around_disagree_the_deviation_grows(
    section: Section, middle: np.ndarray, method: str
) -> None:
    adata = section.adata.copy()
    told = np.asarray(adata.obsm["told"])
    away = ((told - told[middle].mean(0)) ** 2).sum(1)
    wrong = told.copy()
    wrong[middle] = told[np.argmax(np.where(middle, 0, away))]  # like tissue that is elsewhere
    adata.obsm["wrong"] = wrong
    std, mean = {}, {}
    for key in ("told", "wrong"):
        config = EnhanceConfig(method=method, features=key)
        result = enhance(Section.from_anndata(adata), middle, config)
        assert result.record.findings["features_used"] == 1
        maps = [result.gene(name) for name in result.genes]
        std[key] = np.array([gene.std[: section.n_spots] for gene in maps])
        mean[key] = np.array([gene.mean[: section.n_spots] for gene in maps])
    moved = ((mean["wrong"] - mean["told"])[:, middle] ** 2).mean(1)
    most = np.argsort(-moved)[:20]
    grown, usual = (np.sqrt((std[k][most][:, middle] ** 2).mean()) for k in ("wrong", "told"))
    assert grown > 1.3 * usual
    assert grown > 0.3 * np.sqrt(moved[most].mean())
    np.testing.assert_allclose(std["wrong"][:, ~middle], std["told"][:, ~middle], rtol=0.25)


def test_a_move_that_evidence_explains_leaves_the_deviation_as_it_is() -> None:
    mean, ones = np.zeros((3, 8), np.float32), np.ones((3, 8), np.float32)
    with_it, alone_std = Prediction(mean, 0.6 * ones), ones
    near = doubted(with_it, Prediction(0.5 * ones, alone_std))
    np.testing.assert_allclose(near, with_it.std)
    far = doubted(with_it, Prediction(10 * ones, alone_std))
    np.testing.assert_allclose(far, 10, rtol=0.01)
