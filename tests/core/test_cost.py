"""The cost of a run: how it grows, and against what a run takes."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from napari_stentrans import cost
from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.cost import Work, calibrate, estimate, machine_speed
from napari_stentrans.method_table import METHODS
from napari_stentrans.pipeline import enhance
from napari_stentrans.simulate import simulate_section

SMALL = Work("kriging", spots=100, sites=100, genes=40, values=1000)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("what", ["spots", "sites", "genes", "values", "passes"])
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


@pytest.mark.parametrize("method", ["transformer", "kriging", "linear"])
def test_the_estimate_is_of_the_order_of_what_a_run_takes(method):
    """Processor time of a real run, so that other programs at work matter little."""
    section = simulate_section(600, 300, image=False)
    config = EnhanceConfig(method=method, upscale=2)
    calibrate()
    enhance(section, None, config)  # the first one also loads the network
    began = time.process_time()
    enhance(section, None, config)
    taken = time.process_time() - began
    expected = estimate(Work.of(section, config)).seconds
    assert taken / 6 < expected < taken * 6


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
    assert Work.of(section, published).passes == 3
    assert Work.of(simulate_section(150, 40), EnhanceConfig()).image
    assert not Work.of(simulate_section(150, 40), EnhanceConfig(image="off")).image


def test_speed_is_measured_also_where_the_time_for_it_is_over(monkeypatch):
    monkeypatch.setattr(cost, "_speed", [])
    monkeypatch.setattr(cost, "CALIBRATION", 0.0)
    assert calibrate() > cost.SLOWEST
