"""The check of a result: what it hides, what it sums up, and what of it is written down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans import EnhanceConfig, enhance
from napari_stentrans.errors import SectionError, WriteError
from napari_stentrans.evaluation import evaluate
from napari_stentrans.evaluation.protocols import subset
from napari_stentrans.evaluation.quality import is_cheap, quality_steps
from napari_stentrans.evaluation.scores import pearson
from napari_stentrans.evaluation.verdict import Verdict, noise, verdicts
from napari_stentrans.method_table import METHODS
from napari_stentrans.progress import drain
from napari_stentrans.record import RunRecord
from napari_stentrans.simulate import simulate_section


@pytest.fixture(scope="module")
def section():
    return simulate_section(300, 40, image=False)


@pytest.fixture(scope="module")
def lost(section):
    return np.linalg.norm(section.xy - section.xy.mean(0), axis=1).argsort().argsort() < 40


@pytest.fixture(scope="module")
def result(section, lost):
    return enhance(section, lost, EnhanceConfig(method="kriging", upscale=2))


@pytest.fixture(scope="module")
def quality(section, result):
    return drain(quality_steps(section, result.record))


def test_lost_spots_are_neither_seen_nor_scored(section, lost, result, quality):
    spoilt = simulate_section(300, 40, image=False)
    counts = spoilt.adata.X.tolil()
    counts[np.flatnonzero(lost)] = 1000
    spoilt.adata.X = counts.tocsc()
    record = RunRecord.of(spoilt, result.record.config, lost, np.empty((0, 2)), 1.0)
    again = drain(quality_steps(spoilt, record))
    pd.testing.assert_frame_equal(again.table, quality.table)


def test_it_is_the_evaluation_of_the_run_s_own_settings(section, lost, quality):
    methods = {name: EnhanceConfig(method=name) for name in ("kriging", "linear")}
    expected = evaluate(subset(section, ~lost), "lost", methods, seeds=1)
    assert_same_numbers(quality.table["correlation"], expected.pcc["kriging"])
    assert_same_numbers(quality.table["linear"], expected.pcc["linear"])
    gain = expected.pcc["kriging"] - expected.pcc["linear"]
    np.testing.assert_array_equal(quality.table["gain"], gain)
    assert quality.hidden == expected.runs["sites"].iloc[0]
    assert quality.typical("linear") == expected.scores.loc["linear", "pcc_svg_median"]


def test_the_record_keeps_the_figures_and_repeats_the_same_run(section, result, quality, tmp_path):
    record = result.record.model_copy(update={"quality": quality.facts()})
    path = tmp_path / "a.run.json"
    path.write_text(record.model_dump_json())
    read = RunRecord.read(path)
    assert read == record
    assert read.quality["methods"].keys() == {"kriging", "linear"}
    assert read.quality["spots_hidden"] == quality.hidden
    for ours, theirs in zip(read.inputs(section), result.record.inputs(section), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_record_from_before_there_were_checks_is_read(result, tmp_path):
    path = tmp_path / "a.run.json"
    path.write_text(result.record.model_dump_json(exclude={"quality"}))
    assert RunRecord.read(path).quality is None


def test_linear_is_compared_with_nearest(section):
    config = EnhanceConfig(method="linear", genes=("Gene1", "Gene2"))
    record = RunRecord.of(section, config, np.zeros(300, bool), np.empty((0, 2)), 1.0)
    quality = drain(quality_steps(section, record))
    assert list(quality.table) == ["correlation", "nearest", "gain"]
    assert list(quality.table.index) == ["Gene1", "Gene2"]


def test_all_methods_but_the_published_one_are_cheap_to_check():
    assert {name for name in METHODS if is_cheap(EnhanceConfig(method=name))} == {*METHODS} - {
        "published"
    }


def test_a_gain_within_the_noise_is_not_better():
    # standard error over 401 spots at r = 0.5: 0.75 / 20 = 0.0375
    ours = [0.50, 0.50, 0.50, 0.19, 0.10, 0.30, 0.21, -0.02]
    plain = [0.45, 0.47, 0.60, 0.05, 0.15, 0.29, 0.10, 0.27]
    better, hardly, no_better = Verdict.BETTER, Verdict.HARDLY_PREDICTABLE, Verdict.NO_BETTER
    expected = [better, no_better, no_better, hardly, hardly, no_better, better, hardly]
    assert verdicts(ours, plain, 401).tolist() == expected
    assert verdicts(0.50, 0.47, 10_001) == better  # many spots, little noise
    assert noise(0.5, 401) == pytest.approx(0.0375)


def test_the_noise_is_that_of_drawn_correlations():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 200, 4000))
    drawn = pearson(0.6 * a + 0.8 * b, a)
    assert drawn.std() == pytest.approx(float(noise(0.6, 200)), rel=0.05)


def test_the_verdict_of_a_gene_is_that_of_the_table(quality):
    assert len(set(quality.verdicts)) > 1
    for gene, found in zip(quality.table.index, quality.verdicts, strict=True):
        assert quality.verdict(gene) == found


def test_another_section_is_refused(quality, result):
    with pytest.raises(SectionError, match="Give the same data"):
        drain(quality_steps(simulate_section(60, 30, image=False), result.record))


def test_the_table_is_written_and_not_over_another(quality, tmp_path):
    path = quality.save_table(tmp_path / "scores.csv")
    read = pd.read_csv(path, index_col="gene")
    np.testing.assert_allclose(read, quality.table, atol=1e-4)
    with pytest.raises(WriteError, match="would be replaced"):
        quality.save_table(path)
    with pytest.raises(WriteError, match="csv"):
        quality.save_table(tmp_path / "scores.xlsx")
