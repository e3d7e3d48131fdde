from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from napari_stentrans import EnhanceConfig, Enhancement, Section, enhance, simulate_section
from napari_stentrans.intervals import Behind

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

REAL = ("A1", "B1", "B4", "C1", "C2", "G2", "MOB1", "MOB2", "visium_dg")
"""``visium_mini`` has the first 100 genes of the alphabet, which are 0 nearly everywhere."""
PLACES = ["array_row", "array_col"]
MOST_ABUNDANT, EVERY = 300, 6
"""Intervals are for a reader of the most abundant genes; every sixth of them is looked at."""


@pytest.fixture(scope="module")
def result() -> Enhancement:
    return enhance(simulate_section(100, 60, seed=2, artefacts=False, image=False))


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 68.0])
def test_a_level_is_a_share(result: Enhancement, level: float) -> None:
    with pytest.raises(ValueError, match="share above 0 and below 1"):
        result.intervals("Gene1", level)


def test_intervals_hold_the_estimate_and_grow_with_the_level(result: Enhancement) -> None:
    mean = result.gene("Gene1").mean
    narrow, wide = result.intervals("Gene1"), result.intervals("Gene1", 0.95)
    assert all(part.shape == mean.shape and part.dtype == np.float32 for part in narrow)
    assert (narrow.estimate_low <= mean).all()
    assert (mean <= narrow.estimate_high).all()
    assert (narrow.estimate_low >= 0).all()
    assert (narrow.measurement_low >= 0).all()
    assert (wide.measurement_high >= narrow.measurement_high).all()
    assert (wide.estimate_high > narrow.estimate_high).all()
    counted = narrow.measurement_low > 0
    assert counted.sum() > 20
    assert (narrow.measurement_high > narrow.estimate_high)[counted].all()
    assert (narrow.measurement_low < narrow.estimate_low)[counted].all()


def test_nothing_is_known_about_spots_that_stay_as_measured_or_without_a_std() -> None:
    section = simulate_section(100, 60, seed=2, artefacts=False, image=False)
    lost = np.arange(100) < 9
    kept = enhance(section, lost, EnhanceConfig(denoise=False)).intervals("Gene1")
    for part in kept:
        np.testing.assert_array_equal(np.isnan(part), ~lost)
    linear = enhance(section, lost, EnhanceConfig(method="linear")).intervals("Gene1")
    assert all(np.isnan(part).all() for part in linear)


@pytest.mark.parametrize(("mean", "std"), [(2.0, 0.4), (0.9, 0.7), (0.5, 0.5), (0.05, 0.25)])
def test_the_variable_behind_has_their_mean_and_spread(mean: float, std: float) -> None:
    least = np.array([0.405])
    behind = Behind.of(np.array([mean], np.float32), np.array([std], np.float32), least)
    drawn = np.random.default_rng(0).normal(behind.mean, behind.std, 400_000)
    read = np.where(drawn < least, 0, drawn)
    assert read.mean() == pytest.approx(mean, abs=0.005)
    assert read.std() == pytest.approx(std, rel=0.02)
    assert (read == 0).mean() == pytest.approx(behind.zeros[0], abs=0.005)
    for level in (0.3, 0.68, 0.95):
        low, high = behind.interval(level)
        held = ((read >= low) & (read <= high)).mean()
        assert held == pytest.approx(max(level, behind.zeros[0]), abs=0.005)


def test_intervals_never_end_where_no_count_can_be() -> None:
    mean, std = (np.linspace(*ends, 50, dtype=np.float32) for ends in ((0.01, 1.5), (0.3, 0.5)))
    low, high = Behind.of(mean, std, np.full(50, 0.405)).interval(0.68)
    assert ((high == 0) | (high >= 0.405)).all()
    assert (low >= 0).all()
    assert (low <= high).all()


# --- what they hold of measurements that a run has not seen ---


class Held(NamedTuple):
    """Shares of measurements that lie in their intervals, of 68% and of 95%."""

    narrow: float
    wide: float


def held(section: Section, masks: list[np.ndarray], method: str = "transformer") -> Held:
    """What intervals hold of the most abundant genes at hidden spots; masks (spot,) of these."""
    ranked = np.argsort(-np.asarray(section.counts.sum(0)).ravel(), kind="stable")
    names = section.genes[ranked[:MOST_ABUNDANT:EVERY]]
    inside, n = np.zeros(2), 0
    for hidden in masks:
        result = enhance(section, hidden, EnhanceConfig(method=method, image="off"))
        at = np.flatnonzero(hidden)
        for name in names:
            measured = section.gene_lognorm(name)[at]
            n += len(measured)
            for i, level in enumerate((0.68, 0.95)):
                *_, low, high = result.intervals(name, level)
                inside[i] += ((low[at] <= measured) & (measured <= high[at])).sum()
    return Held(*(inside / n))


@pytest.mark.parametrize("method", ["transformer", "kriging"])
@pytest.mark.parametrize("lattice", ["hex", "square"])
def test_measurements_of_a_simulated_section_lie_in_their_intervals(
    lattice: str, method: str
) -> None:
    section = simulate_section(400, 300, lattice=lattice, seed=5, artefacts=False, image=False)
    rng = np.random.default_rng(0)
    middle = np.linalg.norm(section.xy - section.xy.mean(0), axis=1)
    hole = middle < 4 * section.lattice.spacing
    found = held(section, [rng.random(400) < 0.3, hole], method)
    assert found.narrow == pytest.approx(0.68, abs=0.05)
    assert found.wide == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_measurements_of_real_sections_lie_in_their_intervals(
    score: ModuleType, data_dir: Path, name: str
) -> None:
    truth = score.load(name, data_dir)
    adata = ad.AnnData(
        truth.counts,
        pd.DataFrame(truth.rc.astype(int), [f"{r}x{c}" for r, c in truth.rc], PLACES),
        obsm={"spatial": truth.xy[:, ::-1] * 100},
    )
    section = Section.from_anndata(adata)
    masks = {name: ~seen for name, seen in score.protocols(truth, 4)}
    found = held(section, list(masks.values()))
    assert found.narrow == pytest.approx(0.68, abs=0.05)
    assert found.wide == pytest.approx(0.95, abs=0.02)
