"""A method and a kind of evidence are each one room: what is added here works everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from same_numbers import assert_same_numbers
from scipy.spatial import cKDTree

from napari_stentrans import EnhanceConfig, enhance, evaluate, evidence
from napari_stentrans.cli import main
from napari_stentrans.config import ConfigError
from napari_stentrans.cost import Work, estimate
from napari_stentrans.decoders import GeneStore
from napari_stentrans.factors import lognorm
from napari_stentrans.method_table import METHODS, Method, Rates
from napari_stentrans.methods import by_factors
from napari_stentrans.methods.transformer.maps import Mapper
from napari_stentrans.progress import Progress
from napari_stentrans.run_inputs import Modelled, RunInputs
from napari_stentrans.simulate import simulate_section, true_expression

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from napari_stentrans.progress import Steps
    from napari_stentrans.section import Section


def mean_of_six(inputs: RunInputs) -> Steps[Modelled]:
    """Predict every gene as the mean of the six nearest observed spots."""
    yield Progress("averaging", 0, 1)
    section, seen = inputs.section, inputs.seen
    values = lognorm(seen.counts, seen.totals, section.median_total)[:, inputs.genes].toarray()
    near = cKDTree(seen.xy).query(inputs.targets.xy, 6)[1]
    store = GeneStore(section.genes[inputs.genes], len(inputs.targets))
    store.put(np.arange(len(inputs.genes)), values[near].mean(1))
    return Modelled(store, seen.totals[near].mean(1), {"neighbours": 6.0})


@pytest.fixture
def six(monkeypatch: pytest.MonkeyPatch) -> Method:
    method = Method("six", "The mean of six spots.", mean_of_six, Rates(0.01, 1e-5, 1e-5, 1e-8))
    monkeypatch.setitem(METHODS, "six", method)
    return method


@pytest.fixture(scope="module")
def section() -> Section:
    return simulate_section(200, 30, seed=1, image=False)


def test_a_method_is_unknown_until_it_is_in_the_table() -> None:
    with pytest.raises(ConfigError, match="must be one of transformer, kriging"):
        EnhanceConfig(method="six")


def test_a_method_of_ones_own_runs(six: Method, section: Section) -> None:
    lost = np.arange(200) < 9
    result = enhance(section, lost, EnhanceConfig(method="six"))
    near = cKDTree(section.xy[~lost]).query(section.xy[0], 6)[1]
    observed = section.gene_lognorm("Gene3")[~lost]
    assert result.gene("Gene3").mean[0] == pytest.approx(observed[near].mean(), abs=1e-5)
    assert result.record.findings == {"neighbours": 6}
    assert list(evaluate(section, "lost", ["six", "nearest"], seeds=1).scores.index) == [
        "six",
        "nearest",
    ]
    assert estimate(Work.of(section, EnhanceConfig(method="six")), 1.0).seconds < 0.1


def test_a_method_of_factors_says_how_many_suit_it(
    section: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(METHODS["kriging"], name="few", n_factors=3)
    monkeypatch.setitem(METHODS, "few", few)
    plain = EnhanceConfig(method="kriging", factors=3)
    one, other = (enhance(section, None, c) for c in (EnhanceConfig(method="few"), plain))
    assert_same_numbers(one.to_anndata().X, other.to_anndata().X)


def test_the_command_line_offers_it(
    six: Method, section: Section, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path, out = tmp_path / "section.h5ad", tmp_path / "out.h5ad"
    section.adata.write_h5ad(path)
    assert main(["enhance", str(path), "--method", "six", "-o", str(out)]) == 0
    assert ad.read_h5ad(out).n_obs == 200
    assert "six: 200 measured" in capsys.readouterr().err


class Oracle:
    """Evidence that knows one true map, and nothing in the left third."""

    name = "oracle"
    words = "a neighbour who knows"
    spoilt = False

    def __init__(self, told: np.ndarray, xy: np.ndarray) -> None:
        self.told, self.tree = told, cKDTree(xy)
        self.edge = np.quantile(xy[:, 0], 1 / 3)

    def asked(self, section: Section, config: EnhanceConfig) -> bool:
        return config.method != "linear"

    def at(
        self, section: Section, config: EnhanceConfig, sites: np.ndarray, damaged: np.ndarray
    ) -> Steps[np.ndarray]:
        yield Progress("asking the neighbour", 0, 1)
        told = self.told[self.tree.query(sites)[1]].copy()
        told[sites[:, 0] < self.edge] = np.nan
        return told

    def silence(self, section: Section) -> str:
        return ""


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch, section: Section) -> Oracle:
    truth = true_expression(section, section.genes[:8])
    shown = (truth - truth.mean(0)) / (truth.std(0) + 1e-6)
    kind = Oracle(np.asarray(shown, np.float32), section.xy)
    monkeypatch.setattr(evidence, "KINDS", [*evidence.KINDS, kind])
    return kind


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_evidence_of_ones_own_helps_where_it_speaks_and_is_named(
    oracle: Oracle, section: Section, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = np.linalg.norm(section.xy - np.median(section.xy, 0), axis=1)
    lost = lost < np.quantile(lost, 0.2)
    config = EnhanceConfig(method=method)
    result = enhance(section, lost, config)
    record = result.record
    assert record.findings["oracle_used"] == 1
    assert "A neighbour who knows predicts hidden spots" in record.evidence_in_words
    monkeypatch.setattr(evidence, "KINDS", evidence.KINDS[:-1])
    without = enhance(section, lost, config)
    assert without.record.kinds == {}
    genes = list(section.genes[:8])
    told, alone = (r.to_anndata(genes).X for r in (result, without))
    truth = true_expression(section, genes)
    speaks = lost & (section.xy[:, 0] >= oracle.edge)
    assert error(told, truth, speaks) < 0.9 * error(alone, truth, speaks)


def error(values: np.ndarray, truth: np.ndarray, at: np.ndarray) -> float:
    return float(((values[at] - truth[at]) ** 2).mean())


def test_two_kinds_speak_each_with_its_own_gate(
    oracle: Oracle, section: Section, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    noise = Oracle(rng.normal(size=(200, 8)).astype(np.float32), section.xy)
    noise.name, noise.words = "noise", "a neighbour who guesses"
    monkeypatch.setattr(evidence, "KINDS", [noise, oracle])
    record = enhance(section, np.arange(200) < 20).record
    assert record.findings["oracle_used"] == 1
    assert record.findings["noise_used"] == 0
    said = record.evidence_in_words
    assert "A neighbour who guesses was not used: it did not help" in said
    assert "A neighbour who knows predicts" in said


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_in_holes_evidence_is_doubted_by_what_cannot_be_spoilt(
    oracle: Oracle, section: Section, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Oracle(oracle.told[:, ::-1].copy(), section.xy)
    other.name, other.spoilt, other.edge = "other", True, -np.inf
    monkeypatch.setattr(evidence, "KINDS", [other, oracle])
    asked: list[int] = []

    def spy(kind: type | ModuleType, name: str, at: int) -> None:
        real = getattr(kind, name)

        def heard(*given: object, **options: object) -> object:
            asked.append(len(given[at]))
            return real(*given, **options)

        monkeypatch.setattr(kind, name, heard)

    if method == "kriging":
        spy(by_factors, "predict_with", 4)
    else:
        spy(Mapper, "maps", 5)
    middle = np.quantile(section.xy, [0.7, 0.5], 0).diagonal()  # where the oracle speaks
    hole = np.linalg.norm(section.xy - middle, axis=1)
    hole = hole < np.quantile(hole, 0.1)
    found = enhance(section, hole, EnhanceConfig(method=method)).record.findings
    assert found["other_used"] == found["oracle_used"] == 1
    after = asked[len(asked) - asked[::-1].index(2) :]  # both spoke; in the hole, the oracle alone
    assert set(after) == {1}


def test_an_evaluation_hears_it(oracle: Oracle, section: Section) -> None:
    found = evaluate(section, "lost", ["kriging"], seeds=2).pcc["kriging"]
    evidence.KINDS.remove(oracle)
    without = evaluate(section, "lost", ["kriging"], seeds=2).pcc["kriging"]
    assert found[:8].mean() > without[:8].mean() + 0.02
