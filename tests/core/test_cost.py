"""The cost of a run: how it grows, and against what runs took where it was fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stentrans import cost
from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.cost import RATES, Work, calibrate, estimate, machine_speed
from napari_stentrans.methods import METHODS
from napari_stentrans.simulate import simulate_section

SMALL = Work("kriging", spots=100, sites=100, genes=40, values=1000)

MEASURED = [
    (Work("kriging", 150, 553, 40, 6_000), 0.06),
    (Work("kriging", 1500, 1500, 1000, 542_294), 0.41),
    (Work("kriging", 1500, 5851, 1000, 542_294), 0.50),
    (Work("transformer", 150, 553, 40, 6_000), 0.28),
    (Work("transformer", 1500, 1500, 1000, 542_294), 3.29),
    (Work("transformer", 1500, 5851, 1000, 542_294), 4.69),
    (Work("transformer", 600, 600, 300, 65_000, image=True), 6.0),
    (Work("transformer", 5000, 19_728, 20_000, 12_000_000), 24.0),
    (Work("published", 200, 200, 60, 8_568, epochs=2), 1.75),
    (Work("cubic", 1500, 5851, 50, 542_294), 0.33),
    (Work("linear", 1500, 5851, 50, 542_294), 0.23),
    (Work("nearest", 600, 2304, 50, 65_000), 0.07),
]
"""Seconds of one core that such runs took on the reference machine (speed 1)."""


def test_every_method_has_rates():
    assert RATES.keys() == METHODS.keys()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("what", ["spots", "sites", "genes", "values", "epochs"])
def test_more_work_never_costs_less(method, what):
    work = replace(SMALL, method=method)
    costs = [estimate(replace(work, **{what: n}), 1.0) for n in (200, 2_000, 20_000)]
    assert costs == sorted(costs)
    assert [cost.bytes for cost in costs] == sorted(cost.bytes for cost in costs)


def test_an_image_costs_more():
    work = replace(SMALL, method="transformer")
    plain, seen = estimate(work, 1.0), estimate(replace(work, image=True), 1.0)
    assert seen.seconds > plain.seconds
    assert seen.bytes > plain.bytes


@pytest.mark.parametrize(("work", "seconds"), MEASURED)
def test_the_estimate_is_within_a_factor_of_what_was_measured(work, seconds):
    assert seconds / 2.5 < estimate(work, 1.0).seconds < seconds * 2.5


def test_a_machine_of_twice_the_speed_takes_half_the_time():
    slow, fast = estimate(SMALL, 1.0), estimate(SMALL, 2.0)
    assert fast.seconds == pytest.approx(slow.seconds / 2)
    assert fast.bytes == slow.bytes


def test_the_speed_is_measured_once_and_kept():
    speed = calibrate()
    assert np.isfinite(speed)
    assert speed > 0
    assert calibrate() == machine_speed() == speed


def test_the_work_follows_the_settings():
    section = simulate_section(150, 40, image=False)
    plain = Work.of(section, EnhanceConfig())
    assert (plain.spots, plain.sites, plain.genes) == (150, 150, 40)
    assert plain.values == section.counts.nnz
    assert not plain.image
    double = Work.of(section, EnhanceConfig(upscale=2, genes=("Gene1",)), lost=10, sites=5)
    assert (double.spots, double.sites, double.genes) == (140, 620, 1)
    published = EnhanceConfig(method="published", published=PublishedConfig(epochs=3))
    assert Work.of(section, published).epochs == 3
    assert Work.of(simulate_section(150, 40), EnhanceConfig()).image
    assert not Work.of(simulate_section(150, 40), EnhanceConfig(image="off")).image


def test_speed_is_measured_also_where_the_time_for_it_is_over(monkeypatch):
    monkeypatch.setattr(cost, "_speed", [])
    monkeypatch.setattr(cost, "CALIBRATION", 0.0)
    assert calibrate() > cost.SLOWEST
